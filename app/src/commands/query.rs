//! `chappe query`.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::time::Instant;

use chappe_protocol::{Filter, Timestamp};
use chappe_store::{ExplainedWay, Explanation, Plan, Progress, Query, QueryBounds, Role, Step, Store, query};

use super::export::{self, ExportError};
use crate::Clock;
use crate::config::Config;

/// How much is read from the store at a time.
const STEP: Step = Step { events_max: 1024, scans_max: 16 * 1024 };

/// What is wanted of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// The events, a line each.
    Events,
    /// How they were found, and what it took.
    Explanation,
}

/// Answers a filter from the store, as a relay would answer somebody who may see everything, on standard output.
///
/// Whoever reads it may close it early: that is not an error.
///
/// # Errors
///
/// [`ExportError`].
pub fn run(config: &Config, filter: Filter, plan: Option<Plan>, output: Output) -> Result<(), ExportError> {
    let store = export::open(config)?;
    let mut out = BufWriter::new(io::stdout().lock());
    match answer(&store, (filter, plan), Clock::system().now(), output, &mut out) {
        Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

fn answer(
    store: &Store,
    (filter, plan): (Filter, Option<Plan>),
    now: Timestamp,
    output: Output,
    out: &mut impl Write,
) -> Result<(), ExportError> {
    let newest = store.last_seq().map_err(ExportError::Store)?;
    let query = query(vec![filter], QueryBounds::unlimited(newest));
    let mut query = if let Some(plan) = plan { query.by(plan) } else { query };
    let (begun_at, mut room) = (Instant::now(), Vec::new());
    loop {
        let mut written = Ok(());
        let progress = query.advance(store, now, STEP, &mut |_| true, &mut |record| {
            if output == Output::Events {
                written = export::write_line(out, &record, &mut room);
            }
            if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        written?;
        if let Progress::Done(_) = progress.map_err(ExportError::Store)? {
            break;
        }
    }
    let microseconds = begun_at.elapsed().as_micros();
    if output == Output::Explanation {
        write_explanation(&query, microseconds, out).map_err(ExportError::Write)?;
    }
    out.flush().map_err(ExportError::Write)
}

fn write_explanation(query: &Query, microseconds: u128, out: &mut impl Write) -> io::Result<()> {
    let Explanation { parts, cost } = query.explain();
    if parts.is_empty() {
        writeln!(out, "nothing can match this filter, or its limit is 0")?;
    }
    for way in parts.iter().flat_map(|part| &part.ways) {
        writeln!(out, "{}", Way(*way))?;
    }
    writeln!(out, "index entries looked up     {}", cost.look_ups)?;
    writeln!(out, "index entries passed over   {}", cost.skipped)?;
    writeln!(out, "records read                {}", cost.records)?;
    writeln!(out, "events found                {}", cost.events)?;
    writeln!(out, "microseconds                {microseconds}")
}

/// A line about a way.
struct Way(ExplainedWay);

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ExplainedWay { plan, ranges, estimate, role } = self.0;
        let role = match role {
            Role::Chosen => "taken",
            Role::Left => "left, it cost too much",
            Role::Retreat => "held ready",
            Role::Idle => "not taken",
        };
        write!(f, "by {:<9} {ranges:>6} ranges", plan.to_string())?;
        match estimate {
            Some(entries) => write!(f, "  about {entries:>8} entries")?,
            None => write!(f, "  {:>22}", "not estimated")?,
        }
        write!(f, "  {role}")
    }
}

#[cfg(test)]
mod tests;
