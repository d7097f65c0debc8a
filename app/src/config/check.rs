//! Values that are out of range or do not go together.

mod access;
mod acme;
mod listen;
mod network;
mod retention;
mod traces;

use std::fmt;
use std::ops::RangeInclusive;

use chappe_authorization::RelayUrl;
use chappe_codec::FILTERS_MAX;
use chappe_store::YOUNG_BYTES_BOUND;
use tracing_subscriber::EnvFilter;

use super::Config;

/// A value that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The knob, as `section.key`.
    pub key: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.reason)
    }
}

/// Room in a message around its longest tag value: the rest of the smallest event that could hold it.
const MESSAGE_OVERHEAD_BYTES: usize = 1024;

/// A message must at least be able to hold a small event and a REQ.
const MESSAGE_BYTES_LEAST: usize = 4096;

/// Less is no history, and more is for a file.
const HISTORY_BYTES: RangeInclusive<usize> = 10 * 1024..=1024 * 1024;

impl Config {
    /// Everything that is impossible about it; nothing for a configuration that can be used.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults(Vec::new());
        self.check_texts(&mut faults);
        self.check_least(&mut faults);
        self.check_pairs(&mut faults);
        listen::check(self, &mut faults);
        acme::check(&self.tls, &mut faults);
        access::check(self, &mut faults);
        network::check(self, &mut faults);
        retention::check(self, &mut faults);
        traces::check(&self.traces, &mut faults);
        faults.0
    }

    fn check_texts(&self, faults: &mut Faults) {
        for url in &self.relay.urls {
            if let Err(error) = RelayUrl::parse(url) {
                faults.0.push(Fault { key: "relay.urls", reason: format!("{url:?}: {error}") });
            }
        }
        if let Err(error) = self.log.filter.parse::<EnvFilter>() {
            faults.0.push(Fault { key: "log.filter", reason: error.to_string() });
        }
        faults.unless(HISTORY_BYTES.contains(&self.log.history_bytes), "log.history_bytes", || {
            let (least, most) = (HISTORY_BYTES.start(), HISTORY_BYTES.end());
            format!("{} is not between {least} and {most}", self.log.history_bytes)
        });
    }

    fn check_least(&self, faults: &mut Faults) {
        let Self { limits, timeouts, store, .. } = self;
        let at_least_one = [
            ("limits.connections_max", limits.connections_max as u64),
            ("limits.subscriptions_max", limits.subscriptions_max as u64),
            ("limits.filters_max", limits.filters_max as u64),
            ("limits.limit_default", limits.limit_default),
            ("limits.limit_max", limits.limit_max),
            ("limits.events_in_flight_max", limits.events_in_flight_max as u64),
            ("timeouts.header_seconds", timeouts.header_seconds),
            ("timeouts.ping_seconds", timeouts.ping_seconds),
            ("timeouts.write_seconds", timeouts.write_seconds),
            ("timeouts.shutdown_seconds", timeouts.shutdown_seconds),
            ("store.map_reserve_bytes", store.map_reserve_bytes as u64),
        ];
        for (key, value) in at_least_one {
            faults.unless(value > 0, key, nothing_through);
        }
        let percent = self.buffers.hit_percent_min;
        faults.unless(percent <= 100, "buffers.hit_percent_min", || format!("{percent} of a hundred"));
    }

    fn check_pairs(&self, faults: &mut Faults) {
        let Self { limits, timeouts, store, .. } = self;
        faults.unless(limits.limit_default <= limits.limit_max, "limits.limit_default", || {
            format!("{} is more than limits.limit_max, {}", limits.limit_default, limits.limit_max)
        });
        faults.unless(limits.filters_max <= FILTERS_MAX, "limits.filters_max", || {
            format!("{} is more than is ever read of one message, {FILTERS_MAX}", limits.filters_max)
        });
        faults.unless(store.map_reserve_bytes < store.map_bytes, "store.map_reserve_bytes", || {
            format!("{} leaves nothing of store.map_bytes, {}", store.map_reserve_bytes, store.map_bytes)
        });
        faults.unless(store.young_bytes_max <= YOUNG_BYTES_BOUND, "store.young_bytes_max", || {
            format!("{} is more than can be used, {YOUNG_BYTES_BOUND}", store.young_bytes_max)
        });
        faults.unless(timeouts.ping_seconds < timeouts.idle_seconds, "timeouts.ping_seconds", || {
            format!(
                "{} is not less than timeouts.idle_seconds, {}",
                timeouts.ping_seconds, timeouts.idle_seconds
            )
        });
        let message = limits.message_bytes_max;
        let tag_value = usize::try_from(limits.tag_value_bytes_max).unwrap_or(usize::MAX);
        let needed = tag_value.saturating_add(MESSAGE_OVERHEAD_BYTES).max(MESSAGE_BYTES_LEAST);
        faults.unless(message >= needed, "limits.message_bytes_max", || {
            format!("{message} cannot hold limits.tag_value_bytes_max, {tag_value}; the least is {needed}")
        });
        for (key, bytes) in [
            ("limits.subscription_bytes_max", limits.subscription_bytes_max),
            ("limits.live_backlog_bytes_max", limits.live_backlog_bytes_max),
            ("limits.write_queue_bytes_max", limits.write_queue_bytes_max),
        ] {
            faults.unless(bytes >= message, key, || {
                format!("{bytes} cannot hold one message of limits.message_bytes_max, {message}")
            });
        }
    }
}

fn nothing_through() -> String {
    "0 would let nothing through; the least is 1".to_owned()
}

struct Faults(Vec<Fault>);

impl Faults {
    fn unless(&mut self, holds: bool, key: &'static str, reason: impl FnOnce() -> String) {
        if !holds {
            self.0.push(Fault { key, reason: reason() });
        }
    }
}
