//! The tests that a policy file brings with it.

use std::fmt;
use std::net::IpAddr;

use chappe_protocol::{EventHead, EventId, Kind, PublicKey, Tags, Timestamp};

use crate::{Direction, Explanation, Follows, Policy, Submission, Verdict};

/// When the tests of a file take place: the second 1,700,000,000.
const NOW: Timestamp = Timestamp(1_700_000_000);

/// Bytes of an event's JSON but for `created_at`, kind, tags and content, in the form that the relay sends.
const FRAME_BYTES: usize =
    r#"{"id":"","pubkey":"","created_at":,"kind":,"tags":,"content":"","sig":""}"#.len() + 64 + 64 + 128;

/// One entry of a file's `tests`: a question and the expected answer.
#[derive(Debug, Clone)]
pub struct PolicyTest {
    pub(crate) line: u32,
    pub(crate) name: String,
    pub(crate) question: Question,
    /// Empty: nobody has signed in.
    pub(crate) viewers: Vec<PublicKey>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) follows: Follows,
    pub(crate) expect: Verdict,
    pub(crate) rule: Option<String>,
}

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) enum Question {
    /// May the event be written, or be read?
    Event(Direction, TrialEvent),
    /// Can any event of these kinds be read? All kinds, when none are named.
    Filter(Option<Box<[Kind]>>),
}

/// The parts of an event that a policy looks at.
#[derive(Debug, Clone)]
pub(crate) struct TrialEvent {
    pub(crate) kind: Kind,
    pub(crate) pubkey: PublicKey,
    pub(crate) created_at: Timestamp,
    pub(crate) packed_tags: Vec<u8>,
    /// Of the tags and the content, as JSON.
    pub(crate) json_bytes: usize,
    pub(crate) content_bytes: usize,
}

impl TrialEvent {
    /// The time of the tests, so many seconds later or, when negative, earlier.
    pub(crate) const fn time(offset_seconds: i64) -> Timestamp {
        Timestamp(NOW.0.saturating_add_signed(offset_seconds))
    }

    fn head(&self) -> EventHead<'_> {
        EventHead {
            id: EventId::from_bytes([0; 32]),
            pubkey: self.pubkey,
            created_at: self.created_at,
            kind: self.kind,
            tags: Tags::from_packed(&self.packed_tags),
        }
    }

    fn bytes(&self) -> usize {
        let digits = self.created_at.to_string().len() + self.kind.to_string().len();
        FRAME_BYTES + digits + self.json_bytes
    }
}

impl PolicyTest {
    /// What the file calls it; empty when it has no name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The line on which it begins, from 1.
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.line
    }

    /// From where the question comes. No field of a policy asks for it.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Asks the policy.
    ///
    /// # Errors
    ///
    /// The other answer, or an answer by another rule than the test names, with how it came about.
    pub fn run(&self, policy: &Policy) -> Result<(), Box<TestFailure>> {
        let explanation = self.ask(policy);
        let path = explanation.path();
        let decided_there = self.rule.as_ref().is_none_or(|rule| {
            path.strip_prefix(rule.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        if explanation.verdict() == self.expect && decided_there {
            return Ok(());
        }
        let (name, expect, rule) = (self.name.clone(), self.expect, self.rule.clone());
        Err(Box::new(TestFailure { line: self.line, name, expect, rule, explanation }))
    }

    fn ask(&self, policy: &Policy) -> Explanation {
        match &self.question {
            Question::Event(Direction::Read, event) => {
                policy.explain_read(&event.head(), &self.viewers, &self.follows)
            }
            Question::Event(Direction::Write, event) => {
                let author = [event.pubkey];
                let submission = Submission {
                    head: &event.head(),
                    content_bytes: event.content_bytes,
                    event_bytes: event.bytes(),
                    submitters: if self.viewers.is_empty() { &author } else { &self.viewers },
                    now: NOW,
                };
                policy.explain_write(&submission, &self.follows)
            }
            Question::Filter(None) => self.ask_kinds(policy, (0..=u16::MAX).map(Kind)),
            Question::Filter(Some(kinds)) => self.ask_kinds(policy, kinds.iter().copied()),
        }
    }

    /// The first yes, or else the first no.
    fn ask_kinds(&self, policy: &Policy, mut kinds: impl Iterator<Item = Kind> + Clone) -> Explanation {
        let readable =
            |kind: &Kind| policy.may_read_kind(*kind, &self.viewers, &self.follows) == crate::Readable::Maybe;
        let kind = kinds.clone().find(readable).or(kinds.next()).unwrap_or(Kind(0));
        policy.explain_read_kind(kind, &self.viewers, &self.follows)
    }
}

/// A test of a policy file that did not come out as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestFailure {
    /// The line on which the test begins, from 1.
    pub line: u32,
    /// The test's name.
    pub name: String,
    /// What it expects.
    pub expect: Verdict,
    /// The rule it expects to decide.
    pub rule: Option<String>,
    /// What happened.
    pub explanation: Explanation,
}

impl fmt::Display for TestFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, name, expect, rule, explanation } = self;
        write!(f, "test {name:?} (line {line}) expects {expect}")?;
        if let Some(rule) = rule {
            write!(f, " by {rule}")?;
        }
        write!(f, ", but:\n{explanation}")
    }
}

impl std::error::Error for TestFailure {}
