//! The policy file: who may write what, and who may read what, in the operator's words.
//!
//! [`Policy::parse`] reads the file, with a [`Fault`] for each mistake; [`Policy::may_write`] and [`Policy::may_read`]
//! answer by a [`Decision`] that names the station which decided: the kind lists, the global rule, the kind's rule, or
//! the default policy, in this order. A [`Denial`] is what the client reads, an [`Explanation`] what the operator
//! reads. docs/policy.md is the operator's page.
//!
//! ```
//! use chappe_policy::{Follows, Policy, Submission};
//! use chappe_testkit::{EventBuilder, Keys};
//! use chappe_protocol::Timestamp;
//!
//! let policy = Policy::parse(r#"{ "rules": { "1": { "content_limit": 5 } } }"#).unwrap();
//! let (alice, now) = (Keys::from_seed(1), Timestamp(1_700_000_000));
//! let event = EventBuilder::new(1).content("too long").sign(&alice);
//! let (head, submitters) = (event.head(), [alice.public()]);
//! let submission = Submission { head: &head, content_bytes: 8, event_bytes: 300, submitters: &submitters, now };
//! let denial = policy.may_write(&submission, &Follows::default()).denial().unwrap();
//! assert_eq!(denial.to_string(), "content is longer than 5 bytes (rule for kind 1)");
//! ```
//!
//! It knows no file system, no clock and no store: the caller brings the text, the time and the follow lists. It knows
//! nothing of modes, bans and levels either; `chappe_authorization` asks those first.
//!
//! The one decision: a file is compiled once into sorted keys, linear-time regexes and bounds, and whatever is in doubt
//! in it is a fault instead of a guess. The price is that a file with one unknown field is not used at all.
//!
//! Start with [`Policy`], then `evaluate.rs`, then `parse.rs`.

mod decision;
mod denial;
mod duration;
mod evaluate;
mod explain;
mod extension;
mod fault;
mod follows;
mod json;
mod key_set;
mod parse;
mod policy;
mod policy_test;
mod read;
mod rule;
mod witness;
mod write;

pub use decision::{Decision, Direction, Field, Rate, Readable, Station, Submission, Verdict};
pub use denial::Denial;
pub use explain::{Explanation, Step};
pub use extension::Narrowed;
pub use fault::{Fault, Warning};
pub use follows::Follows;
pub use key_set::KeySet;
pub use policy::Policy;
pub use policy_test::{PolicyTest, TestFailure};
pub use witness::Mark;
