//! The nouns of Nostr: what every other room speaks of.
//!
//! [`Event`] is an event as its author made it, [`EventHead`] the part of it that filters, routes and rules look at,
//! [`Tags`] its tags, [`Filter`] a question, [`Refusal`] a no in NIP-01's words.
//!
//! This crate knows no JSON, no I/O and no clock: time is a value ([`Timestamp`]) that the caller brings.
//! Having an [`Event`] proves nothing about it. That its id and signature are right is what
//! `chappe_validation::Verified` says.
//!
//! The one decision: an event is a borrowed view, and its tags are one packed run of bytes ([`Tags`]) instead of a
//! list of lists of strings. Reading a tag costs a walk, and in return an event of any shape is made, kept and matched
//! without an allocation for each string; the store keeps the same bytes on disk.
//!
//! Start with [`Event`], then [`Filter::matches`].

mod event;
mod filter;
mod ids;
mod kind;
mod refusal;
mod subscription;
mod tags;
mod timestamp;

pub use event::{Address, Event, EventHead};
pub use filter::{Filter, TagFilter, TagMode};
pub use ids::{EventId, HexError, PublicKey, Signature};
pub use kind::{Kind, KindClass};
pub use refusal::{Prefix, Refusal};
pub use subscription::{SubscriptionId, SubscriptionIdError};
pub use tags::{Tag, TagStrings, Tags, TagsWriter};
pub use timestamp::Timestamp;
