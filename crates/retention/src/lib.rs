//! What is kept, and what goes first when room is wanted.
//!
//! A [`Plan`] is the operator's rules and a ceiling. [`Plan::fate`] says what they mean for one event: how old it may
//! become, and when its turn is to make room. A [`Keeper`] walks the store from its oldest event and chooses, a bounded
//! step at a time, what has to go; whoever owns the writing removes it. [`Plan::check_age`] refuses what would have to go at
//! once, and a [`Survey`] tells without touching anything.
//!
//! It removes nothing itself, and knows no clock, no thread and no file: time is a value, and so are the lists
//! ([`Access`](chappe_authorization::Access)).
//!
//! The one decision: within its turn the oldest goes first, by what events say of their time and not by when they came: a history that
//! somebody brings along, or an import that begins with the newest, would else go in the wrong order. The price is that
//! an old event which comes late makes the keeper look again at what it had passed.
//!
//! Start with `plan.rs`, then `keeper.rs`.

mod group;
mod keeper;
mod plan;
mod survey;
mod tally;

pub use group::{Group, group_of};
pub use keeper::{Eviction, Keeper, State, Step};
pub use plan::{Fate, HASTE_MAX, Order, Plan, Rule, TooOld};
pub use survey::{Row, Survey, Turn};
pub use tally::{Cause, Evicted, Tally};
