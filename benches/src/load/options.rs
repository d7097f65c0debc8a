//! The command line.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;

use chappe_benches::Plan;
use clap::{Args, Parser, Subcommand};

use crate::client::{Offer, Target};
use crate::failure::Failure;
use crate::shapes::Shape;

/// Puts a Nostr relay under load and checks its answers.
///
/// Ends with 0 when all answers were right, 1 when some were wrong, 2 when the run could not be finished.
#[derive(Debug, Parser)]
#[command(name = "load", version)]
pub(crate) struct Options {
    /// The relay's process id, on this machine: adds its processor time and memory to the report
    #[arg(long, global = true)]
    pub(crate) pid: Option<u32>,
    /// Print the report as one line of JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Offer the relay to take compressed messages (permessage-deflate)
    #[arg(long, global = true)]
    compress: bool,
    /// Threads of this generator; one leaves the other cores to the relay
    #[arg(long, global = true, default_value = "1")]
    pub(crate) threads: NonZeroUsize,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a corpus of events as JSON lines, to publish and to ask about
    Generate(Generate),
    /// Publish events, with a window of them in flight on each connection, and fetch them back
    Publish(Publish),
    /// Ask for stored events, as clients do; the relay must hold the corpus and nothing else
    Req(Req),
    /// Publish new notes to subscribers who wait for them
    Fanout(Fanout),
    /// Hold connections with a subscription each, on which nothing happens
    Idle(Idle),
}

impl Options {
    /// Has the target know what is to be offered to it.
    pub(crate) fn prepared(mut self) -> Self {
        let target = match &mut self.command {
            Command::Generate(_) => return self,
            Command::Publish(task) => &mut task.url,
            Command::Req(task) => &mut task.url,
            Command::Fanout(task) => &mut task.url,
            Command::Idle(task) => &mut task.url,
        };
        target.offer = if self.compress { Offer::Deflate } else { Offer::Nothing };
        self
    }
}

/// Which events.
#[derive(Debug, Args)]
pub(crate) struct Source {
    /// A file of events, one JSON object a line, instead of a corpus made anew
    #[arg(long)]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) corpus: CorpusArgs,
}

/// A corpus. The same numbers make the same events.
#[derive(Debug, Args)]
pub(crate) struct CorpusArgs {
    /// Where chance starts
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many events
    #[arg(long, default_value_t = 40_000)]
    events: usize,
    /// How many people write them
    #[arg(long, default_value = "2000")]
    authors: NonZeroUsize,
    /// The created_at of the newest event; the others fill the 30 days before
    #[arg(long, default_value_t = 1_760_000_000)]
    newest: u64,
}

impl CorpusArgs {
    pub(crate) fn plan(&self) -> Plan {
        Plan { seed: self.seed, events: self.events, authors: self.authors.get(), newest: self.newest }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// Where to write them; `-` is standard output
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) corpus: CorpusArgs,
    /// Write the last events, the newest, to this file instead: what a relay that holds the others is given next
    #[arg(long)]
    pub(crate) tail: Option<PathBuf>,
    /// How many go to that file
    #[arg(long, default_value_t = 40_000, requires = "tail")]
    pub(crate) tail_events: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// The relay, such as ws://127.0.0.1:7447
    pub(crate) url: Target,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Connections, which share the events
    #[arg(long, default_value = "8")]
    pub(crate) connections: NonZeroUsize,
    /// Events sent on each connection before their OK has come
    #[arg(long, default_value = "64")]
    pub(crate) window: NonZeroUsize,
    /// How many of the accepted events to fetch back at the end
    #[arg(long, default_value_t = 1_000)]
    pub(crate) verify: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Req {
    /// The relay, such as ws://127.0.0.1:7447
    pub(crate) url: Target,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Connections, each with one request at a time
    #[arg(long, default_value = "4")]
    pub(crate) connections: NonZeroUsize,
    /// Requests in each phase
    #[arg(long, default_value_t = 4_000)]
    pub(crate) requests: usize,
    /// What to ask for, a phase each
    #[arg(long, value_delimiter = ',', default_value = "mix")]
    pub(crate) shapes: Vec<Shape>,
    /// How many different questions of each shape
    #[arg(long, default_value = "64")]
    pub(crate) questions: NonZeroUsize,
}

#[derive(Debug, Args)]
pub(crate) struct Fanout {
    /// The relay, such as ws://127.0.0.1:7447
    pub(crate) url: Target,
    /// Connections that wait, with a subscription each
    #[arg(long, default_value = "500")]
    pub(crate) subscribers: NonZeroUsize,
    /// Whom each of them follows; `all` is the firehose
    #[arg(long, default_value = "200")]
    pub(crate) follows: Follows,
    /// How many people write
    #[arg(long, default_value = "2000")]
    pub(crate) authors: NonZeroUsize,
    /// How many notes to publish
    #[arg(long, default_value = "1000")]
    pub(crate) notes: NonZeroU32,
    /// Notes a second, or `burst`: 64 in flight
    #[arg(long, default_value = "30")]
    pub(crate) rate: Rate,
    /// Where chance starts; by default elsewhere each time, because a relay does not deliver a note twice
    #[arg(long)]
    pub(crate) seed: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Idle {
    /// The relay, such as ws://127.0.0.1:7447
    pub(crate) url: Target,
    /// Connections, with a subscription each
    #[arg(long, default_value = "1000")]
    pub(crate) connections: NonZeroUsize,
    /// How many authors each subscription names
    #[arg(long, default_value = "1")]
    pub(crate) authors: NonZeroUsize,
    /// How long to hold them
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
}

/// How fast notes are published.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rate {
    PerSecond(NonZeroU32),
    Burst,
}

/// Whose notes a subscriber waits for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Follows {
    Authors(NonZeroUsize),
    All,
}

impl FromStr for Rate {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        if text == "burst" {
            return Ok(Self::Burst);
        }
        text.parse().map(Self::PerSecond).map_err(|_| Failure::new("a number above 0, or `burst`"))
    }
}

impl FromStr for Follows {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        if text == "all" {
            return Ok(Self::All);
        }
        text.parse().map(Self::Authors).map_err(|_| Failure::new("a number above 0, or `all`"))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound_and_understood() {
        Options::command().debug_assert();
        let read = |line: &str| Options::try_parse_from(line.split(' '));
        assert!(read("load publish ws://127.0.0.1:7447 --pid 7 --json --events 5").is_ok());
        assert!(read("load req ws://localhost --shapes mix,home").is_ok());
        assert!(read("load generate - --tail live.jsonl").is_ok());
        assert!(read("load fanout ws://[::1]:80/ --rate burst --follows all").is_ok());
        for wrong in
            ["load fanout ws://localhost --rate 0", "load idle http://localhost", "load idle wss://localhost"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
