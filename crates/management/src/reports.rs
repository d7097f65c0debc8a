//! From reports (NIP-56) to the moderation queue.

use std::ops::ControlFlow;

use chappe_codec::{Scratch, decode_event};
use chappe_protocol::{EventId, PublicKey, Tag, Timestamp};
use chappe_store::RecordView;

use crate::management::Management;
use crate::state::{Edit, REPORTERS_MAX, State};
use crate::values::{Report, ReportStanding, Reported};

/// How many reports wait until the next tick takes them in. Beyond that they are stored like any event and nothing else.
const WAITING_MAX: usize = 1_000;
/// How many things one report can be about.
const TARGETS_MAX: usize = 8;
/// The longest word for what is wrong, in bytes; NIP-56 has words of up to 13.
const REASON_BYTES_MAX: usize = 64;
/// How many entries are kept that one key alone has reported: nobody fills the queue by themselves.
const ALONE_MAX: usize = 100;
/// How many entries the queue has. In a full one the least and longest ago reported gives way.
const ENTRIES_MAX: usize = 10_000;

/// What has been reported since the last tick.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    reports: Vec<Reporting>,
    /// How many were too many.
    passed_over: u64,
}

/// What somebody has reported.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reporting {
    by: PublicKey,
    at: Timestamp,
    targets: Vec<(Reported, String)>,
}

impl Management {
    /// Puts a report aside until the next [`Self::tick`]: the writer's thread must not wait for a change.
    pub(crate) fn note_report(&self, record: &RecordView<'_>, now: Timestamp) {
        // The record's own tags lack the third string, which says what is wrong.
        let (mut scratch, mut room) = (Scratch::default(), Vec::new());
        let Ok(json) = record.json(&mut room) else { return };
        let Ok(event) = decode_event(json, &mut scratch) else { return };
        let targets = targets(event.head.tags.iter());
        if targets.is_empty() {
            return;
        }
        let mut waiting = self.lock_reports();
        if waiting.reports.len() < WAITING_MAX {
            waiting.reports.push(Reporting { by: event.head.pubkey, at: now, targets });
        } else {
            waiting.passed_over = waiting.passed_over.saturating_add(1);
        }
    }

    /// Takes the reports that wait into the queue.
    pub(crate) fn take_reports(&self, now: Timestamp) {
        let Waiting { reports, passed_over } = std::mem::take(&mut *self.lock_reports());
        if passed_over > 0 {
            tracing::warn!(passed_over, "more reports came than the moderation queue takes in at a time");
        }
        if reports.is_empty() {
            return;
        }
        let mut state = self.lock_state();
        for Reporting { by, at, targets } in reports {
            let mut edits = Vec::new();
            for (reported, reason) in targets {
                if self.is_here(&reported) {
                    state.add_report(&mut edits, reported, reason, by, at);
                }
            }
            if let Err(error) = self.change(&mut state, edits, now) {
                tracing::error!(%error, "could not keep a report");
            }
        }
    }

    /// Only what is here can be moderated; keys are not looked up.
    pub(crate) fn is_here(&self, reported: &Reported) -> bool {
        match reported {
            Reported::Event(id) => self.store().contains(id).unwrap_or(false),
            Reported::Key(_) => true,
        }
    }
}

impl State {
    fn add_report(
        &self,
        edits: &mut Vec<Edit>,
        reported: Reported,
        reason: String,
        by: PublicKey,
        at: Timestamp,
    ) {
        let is_banned = match &reported {
            Reported::Event(id) => self.banned_events.contains_key(id),
            Reported::Key(key) => self.banned_keys.contains_key(key),
        };
        if is_banned {
            return;
        }
        if let Some(known) = self.reports.get(&reported) {
            if known.reporters.len() < REPORTERS_MAX && !known.reporters.contains(&by) {
                let mut report = known.clone();
                report.reporters.push(by);
                edits.push(Edit::Reporting(reported, Some(report)));
            }
            return;
        }
        let alone = self.reports.values().filter(|report| report.reporters == [by]).count();
        if alone.saturating_add(edits.len()) >= ALONE_MAX {
            return;
        }
        if self.reports.len().saturating_add(edits.len()) >= ENTRIES_MAX {
            edits.extend(self.least_reported().map(|reported| Edit::Reporting(reported, None)));
        }
        let report = Report { first_at: at, reason, reporters: vec![by], standing: ReportStanding::Open };
        edits.push(Edit::Reporting(reported, Some(report)));
    }

    /// A settled one, or the one with the fewest reporters, or the oldest of these.
    fn least_reported(&self) -> Option<Reported> {
        let weight = |(_, report): &(&Reported, &Report)| {
            (report.standing == ReportStanding::Open, report.reporters.len(), report.first_at)
        };
        self.reports.iter().min_by_key(weight).map(|(reported, _)| *reported)
    }
}

/// NIP-56: a report of an event names it in an `e` tag, and its author in a `p` tag beside it. Without an `e` tag it is
/// the key that is reported.
fn targets<'a>(tags: impl Iterator<Item = Tag<'a>> + Clone) -> Vec<(Reported, String)> {
    let events = named(tags.clone(), b"e", |value| EventId::from_hex(value).ok().map(Reported::Event));
    if events.is_empty() {
        named(tags, b"p", |value| PublicKey::from_hex(value).ok().map(Reported::Key))
    } else {
        events
    }
}

fn named<'a>(
    tags: impl Iterator<Item = Tag<'a>>,
    name: &[u8],
    read: impl Fn(&[u8]) -> Option<Reported>,
) -> Vec<(Reported, String)> {
    let mut found: Vec<(Reported, String)> = Vec::new();
    let _: ControlFlow<()> = tags.filter(|tag| tag.name() == name).try_for_each(|tag| {
        if found.len() >= TARGETS_MAX {
            return ControlFlow::Break(());
        }
        if let Some(reported) = tag.value().and_then(&read)
            && found.iter().all(|(known, _)| *known != reported)
        {
            found.push((reported, reason(tag)));
        }
        ControlFlow::Continue(())
    });
    found
}

fn reason(tag: Tag<'_>) -> String {
    let word = tag.strings().nth(2).and_then(|word| str::from_utf8(word).ok());
    word.filter(|word| word.len() <= REASON_BYTES_MAX).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
