//! One connection's whole conversation, without a socket and without a clock.
//!
//! A [`Session`] is fed with what the client says ([`Session::receive`]) and with time, and hands out what to answer
//! ([`Session::outbox`]). It carries an event through the stations: decode, verify, authorize, route, process; keeps
//! the answers in the order of the requests; streams stored events as fast as they are taken and then live ones. It is
//! the only place that writes OK, CLOSED and NOTICE.
//!
//! What it counts on the way ([`Counts`] for all, an [`Account`](chappe_processing::Account) for each) decides nothing. It does not know how frames are
//! read, when to ping, or how long a client may be silent: `app` does. It never waits and never sleeps: whatever cannot be
//! done yet is kept, bounded, until [`Session::advance`] is called again.
//!
//! The one decision: requests of a connection are answered strictly one after the other, except that events may be on
//! their way to the disk together. So a REQ sees the events sent before it, and a client that pipelines gets its
//! answers in order. The price is that a slow query delays what the same connection asks next; CLOSE cuts it short.
//!
//! Start with [`Session::receive`] and `publish.rs`, the way of an event; then `subscribe.rs`, the way of a REQ.

mod backlog;
mod compressor;
mod counts;
mod hyperloglog;
mod open;
mod outbox;
mod own;
mod publish;
mod replies;
mod services;
mod session;
mod slow;
mod stored;
mod subscribe;
mod waiting;
mod workspace;

pub use compressor::{Compressor, Remembered};
pub use counts::{Accepted, Counts, Limit, Message, Request, Sent, Snapshot};
pub use outbox::Outbox;
pub use services::{AuthChallenge, Limits, Services};
pub use session::{Activity, Closing, Session};
pub use workspace::Workspaces;
