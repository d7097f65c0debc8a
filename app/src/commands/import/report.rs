//! What became of the events of an import.

use std::collections::BTreeMap;
use std::fmt;

use chappe_protocol::Refusal;

use crate::figures::grouped;

/// How many numbers of lines or rows are told for each reason.
const EXAMPLES_MAX: usize = 5;

/// What events come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Form {
    #[default]
    Lines,
    /// Of a database.
    Rows,
}

impl Form {
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Lines => "line",
            Self::Rows => "row",
        }
    }
}

/// Counts of lines or rows; each that is not empty is in exactly one of them. What was removed is counted beside.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) form: Form,
    /// Lines read, empty ones included, or rows.
    pub(super) lines: u64,
    /// The number of the one that was read last.
    number: u64,
    /// Rows that the other relay did not show any more.
    pub(super) hidden: u64,
    /// On disk now.
    pub(super) stored: u64,
    /// On disk before, or earlier in the same input.
    pub(super) duplicates: u64,
    /// A newer version was there.
    pub(super) superseded: u64,
    /// Deleted by their authors.
    pub(super) deleted: u64,
    /// Of kinds that are never stored.
    pub(super) ephemeral: u64,
    /// Of which no more was taken because the store failed.
    pub(super) uncommitted: u64,
    /// What was stored, now or before, and had to make room.
    pub(super) evicted: u64,
    /// The same, older than its rule keeps any.
    pub(super) too_old: u64,
    refused: BTreeMap<String, Refused>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Refused {
    count: u64,
    /// The first ones: lines are counted from 1, rows by their number in the database.
    lines: Vec<u64>,
}

impl Report {
    pub(super) fn of(form: Form) -> Self {
        Self { form, ..Self::default() }
    }

    /// Counts the next line as read.
    pub(super) const fn count_line(&mut self) {
        self.count_row(self.lines + 1);
    }

    /// Counts the row of this number as read.
    pub(super) const fn count_row(&mut self, number: u64) {
        self.lines += 1;
        self.number = number;
    }

    /// Counts what was read last as refused.
    pub(super) fn refuse(&mut self, refusal: &Refusal) {
        let refused = self.refused.entry(refusal.to_string()).or_default();
        refused.count += 1;
        if refused.lines.len() < EXAMPLES_MAX {
            refused.lines.push(self.number);
        }
    }

    /// For who watches.
    pub(super) fn brief(&self) -> String {
        let brief = format!("{} {}s, {} stored", grouped(self.lines), self.form.noun(), grouped(self.stored));
        let removed = self.evicted + self.too_old;
        if removed == 0 { brief } else { format!("{brief}, {} removed for room", grouped(removed)) }
    }

    /// How many lines were refused, over all reasons.
    pub(super) fn refused(&self) -> u64 {
        self.refused.values().map(|refused| refused.count).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = self.form.noun();
        let read = format!("{noun}s read");
        let counts = [
            (read.as_str(), self.lines),
            ("stored", self.stored),
            ("duplicates", self.duplicates),
            ("superseded by newer ones", self.superseded),
            ("deleted by their authors", self.deleted),
            ("hidden there, not taken", self.hidden),
            ("ephemeral, never stored", self.ephemeral),
            ("not committed", self.uncommitted),
            ("removed to make room below store.bytes_max", self.evicted),
            ("removed because they were too old", self.too_old),
            ("refused", self.refused()),
        ];
        for (index, (name, count)) in counts.iter().enumerate() {
            // What was read and stored is always told, the rest when there is any.
            if index < 2 || *count > 0 {
                writeln!(f, "{count:>10}  {name}")?;
            }
        }
        for (reason, refused) in &self.refused {
            let lines: Vec<_> = refused.lines.iter().map(u64::to_string).collect();
            let more = if refused.count > refused.lines.len() as u64 { ", ..." } else { "" };
            writeln!(f, "{:>10}    {reason} ({noun} {}{more})", refused.count, lines.join(", "))?;
        }
        Ok(())
    }
}
