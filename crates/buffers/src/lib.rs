//! Bounded memory: byte buffers that are used again, and a ring that remembers the last bytes of a stream.
//!
//! A [`Pool`] lends empty byte buffers as [`Buffer`] guards, which come back by `Drop`. Whoever builds a frame takes one,
//! appends, hands the bytes on and lets go. It has three tiers: what this thread gave back last, what all threads gave
//! back, the allocator. A [`Ring`] keeps the newest bytes that were written to it, under offsets that only grow, so that
//! a reader who comes back later goes on where it was or learns how much it missed.
//!
//! This crate knows nothing of events, frames, logs or sockets, and of no runtime: [`Ring::wait_beyond`] is a plain future,
//! and the time at which an idle pool shrinks is when somebody calls [`Pool::tick`].
//!
//! The one decision: the bytes that lie idle have a ceiling that holds at every moment ([`Bounds::kept_bytes_max`]),
//! although a thread that finds a buffer in its own cache takes no lock and no atomic read-modify-write. Both go together
//! because each thread is granted a fixed part of the ceiling when it first comes. The price is that what a sleeping
//! thread holds comes back only when it wakes, and that a thread which comes when half the ceiling is granted has no
//! cache.
//!
//! Start with [`Pool::take_for`], then `pool/cache.rs`; for the ring with [`Ring::read_from`].

mod pool;
mod ring;
mod sync;

pub use pool::{Bounds, Buffer, Class, ClassSnapshot, Pool, Snapshot, Thresholds, Warning};
pub use ring::{News, Piece, Ring, Wait};
