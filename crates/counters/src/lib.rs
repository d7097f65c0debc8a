//! Counts and durations that cost nanoseconds to keep, for whoever wants to know how the relay is doing.
//!
//! A crate that does something keeps [`Counters`] and [`Histogram`]s beside it, and hands out their sums. Durations come
//! from a [`Stopwatch`] that is given to it, which stands still in tests: no crate below `app` reads a clock.
//!
//! It does not know what is counted, under which name it is shown, or to whom: `app` does.
//!
//! The one decision: counting takes no lock and no memory, and threads do not share what they write. Each writes to one
//! of 16 parts that lie in cache lines of their own, and whoever asks adds them up. The price is a KiB or two for each
//! set of counters, and sums in which one count may be seen a moment before another that was made earlier.
//!
//! Of some things [`Spans`] keep more: each stage by itself, for traces. They take a lock, and are off by default.
//!
//! Start with [`Counters`].

mod counters;
mod histogram;
mod parts;
mod spans;
mod stopwatch;
mod tally;

pub use counters::Counters;
pub use histogram::{BOUNDS, Histogram, Sums};
pub use spans::{Span, Spans};
pub use stopwatch::{Reading, Stopwatch};
pub use tally::Tally;
