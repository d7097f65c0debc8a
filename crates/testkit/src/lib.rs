//! For tests only: keys and events from a seed, and a naive oracle to compare the relay with.
//!
//! [`Keys`] sign, [`EventBuilder`] makes a [`TestEvent`] (right, or wrong in one chosen way), [`Corpus`] is a world of
//! realistic ones, [`random_filter`] asks about it, and [`naive`] answers by plain loops. The same seed gives the same
//! bytes on every machine, so a failing test is repeated by the seed that it printed.
//!
//! [`allocations`] counts what a hot path must not do.
//!
//! The one decision: it does not know how the relay does any of this. Ids and JSON come from serde_json instead of
//! `chappe_codec`, and [`naive`] compares owned strings instead of calling `Filter::matches`: an oracle that shares code
//! with what it judges agrees with its faults. The price is that NIP-01 is written down twice.
//!
//! Start with [`EventBuilder`], then [`Corpus::plain`] and [`naive::query`].

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot make its input has to stop, and all input here is our own"
)]

mod allocations;
mod builder;
mod corpus;
mod event;
mod filters;
mod keys;
pub mod naive;
mod rng;

pub use allocations::{CountingAllocator, allocations, allocations_so_far};
pub use builder::{EventBuilder, auth_event, http_auth_event};
pub use corpus::Corpus;
pub use event::TestEvent;
pub use filters::{filter_json, random_filter, random_filters, req_message};
pub use keys::Keys;
pub use rng::Rng;
