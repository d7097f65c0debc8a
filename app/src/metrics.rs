//! Metrics for whoever watches the relay, and the addresses where they are to be had.
//!
//! Whatever does something counts it where it happens: `session` and `processing` in theirs, the sockets in [`Traffic`].
//! Here the counts get their names, when somebody asks. docs/metrics.md lists them; an end-to-end test holds the two
//! equal, and Prometheus's own linter reads what is written.
//!
//! Start with [`text`], then [`listener`].

mod buffers;
mod compression;
mod connections;
mod events;
mod listener;
mod page;
mod plugins;
mod process;
mod queries;
mod retention;
mod stages;
mod store;
mod summary;
mod traffic;

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, prometheus_text};
use prometheus_client::registry::Registry;

use self::page::Page;
use crate::relay::Shared;

pub(crate) use listener::listen;
pub(crate) use summary::summary;
pub(crate) use traffic::{Ending, Traffic};

/// The media type of [`text`].
const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// All metrics, as they are now. Asks the store and the system, which may take some milliseconds.
fn text(shared: &Arc<Shared>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape(Arc::clone(shared))));
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = prometheus_text::encode(&mut text, &registry);
    text
}

/// One look at everything.
struct Scrape(Arc<Shared>);

impl fmt::Debug for Scrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scrape")
    }
}

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Self(shared) = self;
        let mut page = Page::new(encoder);
        let session = shared.services.counts.snapshot();
        let processing = shared.services.processor.snapshot();
        connections::write(&mut page, shared)?;
        events::write(&mut page, &session)?;
        compression::write(&mut page, shared)?;
        stages::write(&mut page, &session, &processing)?;
        queries::write(&mut page, &shared.services.store.query_counts())?;
        store::write(&mut page, shared)?;
        retention::write(&mut page, shared)?;
        plugins::write(&mut page, &shared.plugins.tallies())?;
        buffers::write(&mut page, &shared.services.buffers.snapshot())?;
        process::write(&mut page, shared)
    }
}
