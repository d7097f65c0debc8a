//! Events on disk, in LMDB.
//!
//! [`Store::write`] takes a batch of [`Record`]s, decides each of them (duplicate, older version, deleted) and commits
//! them in one durable transaction. [`query()`] and [`Query::advance`] hand stored events out, newest first, a bounded
//! step at a time. Replaceable versions, deletions (NIP-09), vanishing (NIP-62) and expiry (NIP-40) are kept here,
//! because they can only be decided under the write lock.
//!
//! This crate knows no JSON, no signatures, no sockets and no clock: a record brings its wire form along, and time is
//! a value. It has no threads either: one caller at a time writes, any number read.
//!
//! The one decision: every index key ends in the same forty bytes, the event's position (newest
//! first, then by id). So any mix of filters is one merge of sorted streams in the exact order of NIP-01, and a query
//! between two steps is a handful of keys instead of an open transaction. The price is that an event costs five
//! index entries and one or two more for each distinct tag, and the id is written in full in every one of them.
//!
//! The layouts are drawn in docs/storage.md. Start with `write.rs`, then `query/merge.rs`.

mod audit;
mod builder;
mod compact;
mod compression;
mod deletion;
mod env;
mod error;
mod hint;
mod indexes;
mod keys;
mod lock;
mod marks;
mod migrate;
mod oldest;
mod open_error;
mod query;
mod reader;
mod record;
mod remove;
mod repair;
mod restore;
mod rewrite;
mod room;
mod state;
mod store;
mod sweep;
mod tables;
mod training;
mod write;
mod young;

pub use audit::{Audit, Fault};
pub use builder::{BuildError, Builder};
pub use compression::{Compression, Compressor, Saved};
pub use env::{Options, YOUNG_BYTES_BOUND};
pub use error::{Error, Space};
pub use marks::Mark;
pub use migrate::Migrated;
pub use oldest::{Spot, Walked};
pub use open_error::OpenError;
pub use query::{
    Ask, Completeness, Cost, ExplainedPart, ExplainedWay, Explanation, Plan, Progress, Query, QueryBounds,
    QueryCounts, Role, Step, count, query,
};
pub use reader::{Reader, TableSize};
pub use record::{Record, RecordView};
pub use remove::Return;
pub use repair::{Found, Lost, Out, OutReason, Repair};
pub use rewrite::Rewritten;
pub use room::Disk;
pub use state::{StateChange, StateEntry};
pub use store::{Seq, Store, Usage};
pub use training::{Trained, Training};
pub use write::{Placement, Write, Written};

#[cfg(test)]
mod tests;
