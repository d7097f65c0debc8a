//! The last station: a [`Permit`](chappe_authorization::Permit) and a [`Route`](chappe_routing::Route) become an
//! [`Outcome`].
//!
//! [`Processor::process`] turns a permitted event into a record and queues it for the writer thread. That thread takes
//! whatever has queued, has the store commit it once (group commit), and only then tells: every subscriber that an event
//! matches, through their [`Inbox`]es, and then its publisher. Ephemeral events skip the queue. An event that external
//! checks have to pass waits for them as an [`Awaiting`], outside the queue, and joins it when they let it.
//!
//! It knows no JSON beyond asking `codec` to write it, no socket and no clock: each event brings the time at which it
//! was received, and how long something took is read from a stopwatch that is given to it ([`Hooks`]). The writer has another one, which
//! says when those who listen to a burst have waited long enough. Who may see an event is asked by the session that sends it, not here.
//!
//! The one decision: nothing here waits. A full queue says so ([`Processor::reserve`]) and wakes the asker when there
//! is room; a subscriber that does not keep up loses its connection, not its neighbours' time. The price is that a
//! session has to be able to stop and come back.
//!
//! Start with [`Processor::process`], then the writer thread in `writer.rs` and how it tells subscribers in `herald.rs` (when they are woken: `pace.rs`); [`Hooks`] is who is called on the way.

mod account;
mod audience;
mod awaiting;
mod counts;
mod herald;
mod hooks;
mod inbox;
mod keeping;
mod outcome;
mod pace;
mod processor;
mod queue;
mod rejection;
mod writer;

pub use account::{Account, Costs, Spent};
pub use awaiting::Awaiting;
pub use counts::Snapshot;
pub use hooks::{AfterSave, Checker, Hooks};
pub use inbox::{Dismissal, Ending, Inbox, Live, Ticket};
pub use keeping::{placement, record};
pub use outcome::{Failure, Outcome};
pub use processor::{Processor, Submitted};
pub use queue::{Evicted, Room};
pub use rejection::Rejection;
