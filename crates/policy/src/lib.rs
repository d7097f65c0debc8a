//! The policy file: who may write what, and who may read what, in the operator's words.
//!
//! [`Policy::parse`] reads the file, with a [`Fault`] for each mistake; [`Policy::may_write`] and [`Policy::may_read`]
//! answer by a [`Decision`] that names the station which decided: the kind lists, the global rule, the kind's rule, or
//! the default policy, in this order. docs/policy.md is the operator's page.
//!
//! It knows no file system, no clock and no store: the caller brings the text, the time and the follow lists. It knows
//! nothing of modes, bans and levels either; `chappe_authorization` asks those first.
//!
//! The one decision: a file is compiled once into sorted keys, linear-time regexes and bounds, and whatever is in doubt
//! in it is a fault instead of a guess. The price is that a file with one unknown field is not used at all.
//!
//! Start with [`Policy`], then `decision.rs`.

mod decision;
mod fault;
mod follows;
mod key_set;
mod policy;

pub use decision::{Decision, Denial, Field, Rate, Readable, Station, Submission, Verdict};
pub use fault::Fault;
pub use follows::Follows;
pub use key_set::KeySet;
pub use policy::Policy;
