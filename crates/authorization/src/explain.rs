//! Decisions told step by step, for operators. The steps come from the decisions themselves.

use std::fmt;

use chappe_protocol::{Event, EventHead, Filter, Refusal, TagMode, Timestamp};

use crate::asking::ask;
use crate::judge::{Proposal, judge};
use crate::meters::Charge;
use crate::visibility::look;
use crate::{Access, Meters, Peer, Source, Viewer, narrow};

/// How a decision was come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What was asked, in the order of the decision; the last one that is there is the last one that was asked.
    pub steps: Vec<String>,
    /// Allowed, or what a client would be told and by which step. An event that may not be seen is passed over in
    /// silence: then the words are for the operator alone.
    pub verdict: Result<(), Refusal>,
}

impl Explanation {
    /// Whether the answer is yes.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        self.verdict.is_ok()
    }
}

impl fmt::Display for Explanation {
    /// A line for each step, and one for the verdict.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.steps.iter().enumerate() {
            writeln!(f, "{}. {step}", number.saturating_add(1))?;
        }
        match &self.verdict {
            Ok(()) => f.write_str("allowed"),
            Err(refusal) => write!(f, "denied: {refusal}"),
        }
    }
}

impl Access {
    /// Why an event may or may not be written by this peer. That its id and signature are right is not looked at.
    /// Counts nothing; `event_bytes` is the length of its JSON.
    #[must_use]
    pub fn explain_write(
        &self,
        meters: &Meters,
        event: &Event<'_>,
        event_bytes: usize,
        peer: &Peer,
        now: Timestamp,
    ) -> Explanation {
        let mut steps = Vec::new();
        let content_bytes = event.content.len();
        let proposal =
            Proposal { head: &event.head, content_bytes, event_bytes, source: Source::Client(peer), now };
        let verdict = judge(self, meters, Charge::Look, &proposal, &mut steps);
        Explanation { steps, verdict: verdict.map(drop).map_err(Refusal::from) }
    }

    /// Why an event is or is not shown to this viewer.
    #[must_use]
    pub fn explain_read(&self, head: &EventHead<'_>, viewer: &Viewer) -> Explanation {
        let mut steps = Vec::new();
        let verdict = look(self, viewer, head, &mut steps);
        Explanation { steps, verdict: verdict.map_err(Refusal::from) }
    }

    /// Why a filter is or is not answered to this viewer, and where the answer is looked for.
    #[must_use]
    pub fn explain_filter(&self, filter: &Filter, viewer: &Viewer) -> Explanation {
        let mut steps = Vec::new();
        let verdict = ask(self, viewer, std::slice::from_ref(filter), &mut steps);
        if verdict.is_ok() {
            match narrow(self, viewer, filter).as_slice() {
                [] => steps.push("narrowing: the filter is answered as it is".to_owned()),
                parts => {
                    steps.extend(parts.iter().map(|part| format!("narrowing: looks at {}", outline(part))));
                }
            }
        }
        Explanation { steps, verdict: verdict.map_err(Refusal::from) }
    }
}

/// A filter in a few words: which kinds, and how many values of all else.
fn outline(filter: &Filter) -> String {
    if filter.is_never() {
        return "nothing".to_owned();
    }
    let kinds = filter.kinds.as_ref().map(|kinds| {
        let numbers: Vec<_> = kinds.iter().map(ToString::to_string).collect();
        format!("kinds {}", numbers.join(" "))
    });
    let ids = filter.ids.as_ref().map(|ids| format!("{} id(s)", ids.len()));
    let authors = filter.authors.as_ref().map(|authors| format!("{} author(s)", authors.len()));
    let tags = filter.tags.iter().map(|tag| {
        let sign = match tag.mode {
            TagMode::Any => '#',
            TagMode::All => '&',
        };
        format!("{} value(s) of {sign}{}", tag.values.len(), char::from(tag.letter))
    });
    let parts: Vec<_> = [ids, kinds, authors].into_iter().flatten().chain(tags).collect();
    if parts.is_empty() { "everything".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests;
