//! What is done to each relay, and which figures of the load generator's report count.

use std::num::NonZeroUsize;
use std::path::Path;

/// One run of the load generator, in the order of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(super) enum Step {
    /// Publish the corpus on 8 connections with 64 events in flight each
    Ingest,
    /// Ask for a mix of everything
    Mix,
    /// Ask for home timelines
    Home,
    /// Ask for the global feed
    Global,
    /// Ask for replies by #e
    Thread,
    /// Ask for events by id
    Ids,
    /// Deliver 30 notes a second to home timelines
    Live,
    /// Deliver notes to home timelines as fast as they go
    Burst,
    /// Deliver all notes to everybody
    Firehose,
    /// Hold connections with a subscription each, on a relay just started
    Idle,
    /// Publish one event after the other
    One,
    /// Publish one event after the other on two connections at once
    Two,
}

/// How much of it.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Sizes {
    /// Events of the corpus
    #[arg(long, default_value = "40000", value_name = "N")]
    events: NonZeroUsize,
    /// Requests of each REQ step
    #[arg(long, default_value = "4000", value_name = "N")]
    requests: NonZeroUsize,
    /// Connections of the idle step
    #[arg(long, default_value = "5000", value_name = "N")]
    connections: NonZeroUsize,
    /// A step that takes longer is given up
    #[arg(long, default_value_t = 300, value_name = "N")]
    step_seconds_max: u64,
}

/// A figure of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Figure {
    /// How a reader knows it.
    pub(super) title: &'static str,
    pub(super) unit: &'static str,
    pub(super) step: Step,
    /// Its name in the load generator's report.
    pub(super) name: &'static str,
    pub(super) better: Better,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Better {
    Less,
    More,
}

const CPU: &str = "relay CPU";

const fn less(title: &'static str, unit: &'static str, step: Step, name: &'static str) -> Figure {
    Figure { title, unit, step, name, better: Better::Less }
}

const fn more(title: &'static str, unit: &'static str, step: Step, name: &'static str) -> Figure {
    Figure { title, unit, step, name, better: Better::More }
}

/// The rows of the table.
pub(super) const FIGURES: [Figure; 20] = [
    more("ingest", "events/s", Step::Ingest, "rate"),
    less("ingest, CPU", "us/event", Step::Ingest, CPU),
    less("ingest, OK p99", "ms", Step::Ingest, "p99"),
    less("one publisher, OK p50", "ms", Step::One, "p50"),
    less("two publishers, OK p50", "ms", Step::Two, "p50"),
    more("REQ mix", "req/s", Step::Mix, "rate"),
    less("REQ mix, CPU", "us/req", Step::Mix, CPU),
    less("REQ mix, p99", "ms", Step::Mix, "p99"),
    less("home timeline, CPU", "us/req", Step::Home, CPU),
    less("global feed, CPU", "us/req", Step::Global, CPU),
    less("thread, CPU", "us/req", Step::Thread, CPU),
    less("20 ids, CPU", "us/req", Step::Ids, CPU),
    less("live, p50", "ms", Step::Live, "p50"),
    less("live, p99", "ms", Step::Live, "p99"),
    more("live burst", "deliveries/s", Step::Burst, "rate"),
    less("live burst, CPU", "us/delivery", Step::Burst, CPU),
    more("firehose", "deliveries/s", Step::Firehose, "rate"),
    less("firehose, CPU", "us/delivery", Step::Firehose, CPU),
    less("idle connection", "kB", Step::Idle, "memory"),
    more("idle, opening", "connections/s", Step::Idle, "rate"),
];

impl Sizes {
    pub(super) const fn events(&self) -> NonZeroUsize {
        self.events
    }

    pub(super) const fn step_seconds_max(&self) -> u64 {
        self.step_seconds_max
    }

    /// What a relay and the generator need, with room for the relay's own files.
    pub(super) const fn open_files(&self) -> usize {
        self.connections.get().saturating_add(2_000)
    }
}

impl Step {
    pub(super) const ALL: [Self; 12] = [
        Self::Ingest,
        Self::Mix,
        Self::Home,
        Self::Global,
        Self::Thread,
        Self::Ids,
        Self::Live,
        Self::Burst,
        Self::Firehose,
        Self::Idle,
        Self::One,
        Self::Two,
    ];

    /// As on the command line.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Mix => "mix",
            Self::Home => "home",
            Self::Global => "global",
            Self::Thread => "thread",
            Self::Ids => "ids",
            Self::Live => "live",
            Self::Burst => "burst",
            Self::Firehose => "firehose",
            Self::Idle => "idle",
            Self::One => "one",
            Self::Two => "two",
        }
    }

    /// Whether its right answers are those of a relay that holds the corpus.
    pub(super) const fn needs_corpus(self) -> bool {
        matches!(self, Self::Mix | Self::Home | Self::Global | Self::Thread | Self::Ids)
    }

    /// Whether it wants a relay just started: memory that was used before is used again and hides what a connection
    /// takes.
    pub(super) const fn wants_fresh_relay(self) -> bool {
        matches!(self, Self::Idle | Self::One | Self::Two)
    }

    /// The load generator's arguments, the address left out.
    pub(super) fn arguments(self, corpus: &Path, sizes: &Sizes) -> Vec<String> {
        let corpus = corpus.to_string_lossy();
        let requests = sizes.requests.to_string();
        let connections = sizes.connections.to_string();
        let ask = |shape| vec!["req", "--file", &corpus, "--shapes", shape, "--requests", &requests];
        let burst = |who: &[_]| [&["fanout", "--rate", "burst", "--notes", "5000"], who].concat();
        // Other events than the corpus, and different ones: a relay takes an event once.
        let one_by_one = |seed, connections| {
            let publish = ["publish", "--seed", seed, "--events", "500", "--verify", "100"];
            [publish.as_slice(), &["--connections", connections, "--window", "1"]].concat()
        };
        let words = match self {
            Self::Ingest => vec!["publish", "--file", &corpus, "--connections", "8", "--window", "64"],
            Self::Mix | Self::Home | Self::Global | Self::Thread | Self::Ids => ask(self.name()),
            Self::Live => vec!["fanout", "--subscribers", "500", "--rate", "30", "--notes", "300"],
            Self::Burst => burst(&["--subscribers", "500"]),
            Self::Firehose => burst(&["--subscribers", "100", "--follows", "all"]),
            Self::Idle => vec!["idle", "--connections", &connections],
            Self::One => one_by_one("21", "1"),
            Self::Two => one_by_one("22", "2"),
        };
        words.into_iter().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests;
