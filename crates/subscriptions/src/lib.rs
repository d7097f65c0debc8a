//! Live filters: which subscriptions an event matches.
//!
//! [`Index`] is an inverted index. Each filter is filed under its most selective condition: its ids, else the values of
//! one of its tags, else its authors, else its kinds, else under nothing ("rest"). An event looks up its own id, tag
//! values, author and kind, and meets only filters that share one of them, so matching costs what it matches and not
//! how many subscribers there are.
//!
//! This crate knows no connections, queues or JSON. What is delivered to whom, and whether that viewer may see the
//! event, is the business of whoever owns the payloads.
//!
//! The one decision: every list of filed filters knows where each of its members stands, and every member knows its
//! place. That is 16 bytes for each filed value, and in return a subscription of 10,000 authors is withdrawn in 10,000
//! steps, however many others follow the same authors.
//!
//! How much is filed is bounded by the caller: subscriptions a connection, filters a REQ, values a message.
//!
//! Start with [`Index::for_each_match`], then `place.rs` for where a filter is filed.

mod entries;
mod index;
mod lists;
mod place;
mod scratch;

pub use index::{Index, Token};
pub use scratch::MatchScratch;
