//! What the benchmarks counted when a person last agreed to it.
//!
//! It is committed, so that a rise is noticed by whoever causes it and explained in the same commit.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::counts::{Counts, Surroundings};
use crate::command::Failure;

/// Below the top of the checkout.
pub(super) const PATH: &str = "benches/baseline.json";

/// A count may rise by so much: addresses and hash seeds that differ from build to build stay well below.
const RISE_PERCENT_MAX: f64 = 5.0;

/// Counts, and where they were taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Baseline {
    pub(super) surroundings: Surroundings,
    pub(super) instructions: Counts,
}

/// Whether a run was to count all benchmarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coverage {
    All,
    Some,
}

/// Two baselines beside each other.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comparison {
    rows: Vec<Row>,
    /// Why a rise may be nobody's fault.
    differences: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    name: String,
    change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    Counted { before: u64, now: u64 },
    New { now: u64 },
    Gone { before: u64 },
}

impl Coverage {
    /// By the arguments for the benchmark binaries: a bare word filters by name.
    pub(super) fn of(arguments: &[String]) -> Self {
        if arguments.iter().any(|argument| !argument.starts_with('-')) { Self::Some } else { Self::All }
    }
}

impl Baseline {
    /// The committed one; where there is none yet, one that knows no benchmark.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).map_err(|why| Failure::new(format!("{}: {why}", path.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Self { surroundings: Surroundings(BTreeMap::new()), instructions: Counts::new() })
            }
            Err(error) => Err(Failure::io(path.display())(error)),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let object = |name: &str| {
            value.get(name).and_then(Value::as_object).ok_or_else(|| format!("no object `{name}`"))
        };
        let surroundings = object("surroundings")?.iter().map(|(name, value)| {
            let text = value.as_str().ok_or_else(|| format!("`{name}` is not a text"))?;
            Ok((name.clone(), text.to_owned()))
        });
        let instructions = object("instructions")?.iter().map(|(name, value)| {
            let count = value.as_u64().ok_or_else(|| format!("`{name}` is not a count"))?;
            Ok((name.clone(), count))
        });
        Ok(Self {
            surroundings: Surroundings(surroundings.collect::<Result<_, String>>()?),
            instructions: instructions.collect::<Result<_, String>>()?,
        })
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        let value = json!({ "surroundings": self.surroundings.0, "instructions": self.instructions });
        fs::write(path, format!("{value:#}\n")).map_err(Failure::io(path.display()))
    }

    /// This one with what was counted now in place of what was counted before.
    ///
    /// # Errors
    ///
    /// When only some were counted, and elsewhere: a baseline comes from one place.
    pub(super) fn with(mut self, now: Self, coverage: Coverage) -> Result<Self, Failure> {
        match coverage {
            Coverage::All => Ok(now),
            Coverage::Some if self.surroundings == now.surroundings => {
                self.instructions.extend(now.instructions);
                Ok(self)
            }
            Coverage::Some => {
                Err(Failure::new("the baseline was counted elsewhere; accept all of them, not some"))
            }
        }
    }
}

/// Sets the counts of now beside those of before.
pub(super) fn compare(before: &Baseline, now: &Baseline, coverage: Coverage) -> Comparison {
    let counted = now.instructions.iter().map(|(name, &now)| {
        let before = before.instructions.get(name);
        let change = before.map_or(Change::New { now }, |&before| Change::Counted { before, now });
        Row { name: name.clone(), change }
    });
    let missing = before.instructions.iter().filter(|(name, _)| !now.instructions.contains_key(*name));
    let gone = missing.map(|(name, &before)| Row { name: name.clone(), change: Change::Gone { before } });
    let gone = gone.filter(|_| coverage == Coverage::All);
    let mut rows: Vec<Row> = counted.chain(gone).collect();
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    Comparison { rows, differences: before.surroundings.differences(&now.surroundings) }
}

impl Change {
    fn ratio(self) -> Option<f64> {
        match self {
            Self::Counted { before, now } => Some(now as f64 / before.max(1) as f64),
            Self::New { .. } | Self::Gone { .. } => None,
        }
    }

    fn has_risen(self) -> bool {
        self.ratio().is_some_and(|ratio| ratio > 1.0 + RISE_PERCENT_MAX / 100.0)
    }
}

impl Comparison {
    /// Fails on a rise, unless it was counted elsewhere: then the rise is only told.
    pub(super) fn judge(&self) -> Result<(), Failure> {
        let risen = self.rows.iter().filter(|row| row.change.has_risen()).count();
        if risen == 0 {
            return Ok(());
        }
        let text =
            format!("{risen} of {} take over {RISE_PERCENT_MAX} % more than the baseline", self.rows.len());
        if !self.differences.is_empty() {
            eprintln!("\nwarning: {text}; it was counted elsewhere, so this may be no change of yours");
            return Ok(());
        }
        Err(Failure::new(format!(
            "{text}. Where the gain is worth it: `cargo xtask bench --accept`, commit {PATH} with the change, and \
             explain the rise in that commit"
        )))
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
        writeln!(f, "{:width$}  {:>12}  {:>12}  ratio", "instructions", "baseline", "now")?;
        for Row { name, change } in &self.rows {
            write!(f, "{name:width$}  ")?;
            match *change {
                Change::Counted { before, now } => {
                    let ratio = change.ratio().unwrap_or_default();
                    let mark = if change.has_risen() { "  RISEN" } else { "" };
                    writeln!(f, "{before:>12}  {now:>12}  {ratio:.3}{mark}")?;
                }
                Change::New { now } => writeln!(f, "{:>12}  {now:>12}  new: --accept takes it in", "-")?,
                Change::Gone { before } => {
                    writeln!(f, "{before:>12}  {:>12}  gone: --accept drops it", "-")?;
                }
            }
        }
        for difference in &self.differences {
            writeln!(f, "counted elsewhere: {difference}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
