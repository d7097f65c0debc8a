//! Bounded memory: byte buffers that are used again.
//!
//! A [`Pool`] keeps a few empty buffers at hand and lends them as [`Buffer`] guards, which come back by `Drop`. Whoever
//! builds a frame takes one, appends, hands the bytes on and lets go.
//!
//! This crate knows nothing of events, frames or sockets. It allocates no more than a `Vec` would: an empty pool makes
//! a new buffer, and a full one frees what comes back.
//!
//! The one decision: what is kept is bounded in number and in capacity, so the pool's memory has a ceiling that can be
//! stated ([`Bounds::kept_bytes_max`]) and one giant message does not stay for ever. The price is a short lock for
//! each take and return.
//!
//! Start with [`Pool::take`].

mod pool;

pub use pool::{Bounds, Buffer, Counts, Pool};
