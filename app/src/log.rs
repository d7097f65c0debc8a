//! The log: lines on standard error, and their history in memory for those who run the relay.
//!
//! Each line is formatted once. It goes into the history of the whole log and into that of its [`Component`], then to
//! standard error. A history is a ring of bytes: who reads it slowly misses lines, is told how many bytes, and holds up
//! nobody who logs. What plugins and scripts write to their standard error goes into a history of each besides
//! ([`Journals`]).
//!
//! The one decision: the log belongs to the process, as standard error and tracing's subscriber do, and is handed to
//! the relay that serves it. Relays that share a process, in tests, are each given one that nothing is written to
//! ([`Log::unattached`]). The histories of scripts belong to their relay.
//!
//! Start with [`Log::install`], then [`History`].

mod component;
mod history;
mod journal;
mod writer;

use std::fmt;
use std::io::IsTerminal;
use std::sync::Arc;

use chappe_protocol::PublicKey;
use parking_lot::Mutex;
use tracing::Subscriber;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

pub(crate) use component::Component;
pub(crate) use history::{History, Part, Reader};
pub(crate) use journal::{Journal, Journals};

use crate::config::{self, LogFormat};
use writer::Tee;

/// The log of a process. A clone is the same log.
#[derive(Clone)]
pub struct Log(Arc<Shared>);

struct Shared {
    histories: Histories,
    /// What is logged now, in the words of whoever said so.
    filter: Mutex<String>,
    /// None for a log that nothing is written to.
    handle: Option<reload::Handle<EnvFilter, Registry>>,
}

/// What lines are kept in.
#[derive(Debug, Clone)]
struct Histories {
    whole: History,
    parts: [History; Component::ALL.len()],
}

/// Why another filter is not in force.
#[derive(Debug)]
pub(crate) enum FilterError {
    /// It cannot be read.
    Unreadable(ParseError),
    /// Nothing is written to this log.
    Unattached,
}

impl Log {
    /// Makes this the log of the whole process, panics included.
    ///
    /// Where there is one already it stays, and what this returns is [unattached](Self::unattached).
    #[must_use]
    pub fn install(log: &config::Log) -> Self {
        let (subscriber, installed) = Self::subscriber(log, std::io::stderr().is_terminal());
        if subscriber.try_init().is_err() {
            return Self::unattached(log);
        }
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            let text = panic.payload_as_str().unwrap_or("no message");
            // A panic is not about the log.
            tracing::error!(target: "chappe_app::panic", place, text, "a task panicked");
        }));
        installed
    }

    /// A log that nothing is written to, for a relay that is not alone in its process.
    #[must_use]
    pub fn unattached(log: &config::Log) -> Self {
        Self::new(log, Histories::new(log.history_bytes), None)
    }

    /// The log, and what writes to it.
    fn subscriber(log: &config::Log, is_terminal: bool) -> (impl Subscriber + Send + Sync, Self) {
        let (filter, handle) = reload::Layer::new(filter(log));
        let histories = Histories::new(log.history_bytes);
        let lines = tracing_subscriber::fmt::layer();
        let lines = match log.format {
            LogFormat::Text => {
                lines.with_ansi(is_terminal).with_writer(Tee::new(&histories, is_terminal)).boxed()
            }
            LogFormat::Json => {
                lines.json().flatten_event(true).with_writer(Tee::new(&histories, false)).boxed()
            }
        };
        let subscriber = tracing_subscriber::registry().with(filter).with(lines);
        (subscriber, Self::new(log, histories, Some(handle)))
    }

    fn new(
        log: &config::Log,
        histories: Histories,
        handle: Option<reload::Handle<EnvFilter, Registry>>,
    ) -> Self {
        Self(Arc::new(Shared { histories, filter: Mutex::new(log.filter.clone()), handle }))
    }

    /// Everything that was logged.
    pub(crate) fn whole(&self) -> &History {
        &self.0.histories.whole
    }

    /// What was logged of one part of the relay.
    pub(crate) fn of(&self, component: Component) -> &History {
        self.0.histories.of(component)
    }

    /// What is logged now: a level, or levels by module.
    pub(crate) fn filter(&self) -> String {
        self.0.filter.lock().clone()
    }

    /// Logs something else from now on, until the process ends, and first who wanted it so. The syntax is that of
    /// `log.filter`.
    ///
    /// # Errors
    ///
    /// When the text cannot be read, or nothing is written to this log. What was logged before still is then.
    pub(crate) fn set_filter(&self, text: &str, by: PublicKey) -> Result<(), FilterError> {
        let parsed: EnvFilter = text.parse().map_err(FilterError::Unreadable)?;
        let handle = self.0.handle.as_ref().ok_or(FilterError::Unattached)?;
        // Held while the other is put in force, so that the text is always that of the filter.
        let mut filter = self.0.filter.lock();
        tracing::warn!(%by, before = &**filter, after = text, "the log's filter is changed");
        handle.reload(parsed).map_err(|_| FilterError::Unattached)?;
        text.clone_into(&mut filter);
        Ok(())
    }
}

/// The configuration was checked; a filter that cannot be read would still rather log too much than nothing.
fn filter(log: &config::Log) -> EnvFilter {
    log.filter.parse().unwrap_or_else(|_| EnvFilter::new("info"))
}

impl Histories {
    fn new(bytes_max: usize) -> Self {
        Self { whole: History::new(bytes_max), parts: Component::ALL.map(|_| History::new(bytes_max)) }
    }

    fn of(&self, component: Component) -> &History {
        let [connections, store, management, plugins, process] = &self.parts;
        match component {
            Component::Connections => connections,
            Component::Store => store,
            Component::Management => management,
            Component::Plugins => plugins,
            Component::Process => process,
        }
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(
                f,
                "this is no filter: {error}; a filter is a level (error, warn, info, debug, trace, off), or \
                 levels by module: info,chappe_app=debug"
            ),
            Self::Unattached => {
                f.write_str("this relay shares its process with others and has no log of its own")
            }
        }
    }
}

impl std::error::Error for FilterError {}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("filter", &self.filter()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
