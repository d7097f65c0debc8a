//! Who else is called on an event's way.

use std::fmt;

use chappe_counters::{Spans, Stopwatch};
use chappe_store::RecordView;

use crate::Awaiting;

/// Called in the writer thread for each event that is stored: after its commit, before anyone is told of it. So what
/// follows from an event (whom an admin follows, who is a member) is in force for everyone who has heard of it.
///
/// Not called for duplicates, for ephemeral events, or for what an event takes away. It may read and write the store,
/// where the whole batch is visible; nothing is written while it runs, so it must wait for nothing else. Its panic is
/// logged and changes nothing: the event is stored, its publisher hears so, and the writer goes on.
pub type AfterSave = Box<dyn Fn(&RecordView<'_>) + Send + Sync>;

/// Takes an event that has to pass external checks, and decides about it now or later, on any thread. Called on the
/// publisher's task, so it must not wait.
///
/// It bounds what waits with it: a queue of its own, beyond which it decides at once. Nothing else bounds that.
pub type Checker = Box<dyn Fn(Awaiting) + Send + Sync>;

/// What a [`Processor`](crate::Processor) is started with. By default nothing follows from a stored event, and every
/// check fails: an event that somebody should have looked at is not let through because nobody is there.
pub struct Hooks {
    /// Sees what is stored.
    pub after_save: AfterSave,
    /// Asks the external checks.
    pub checker: Checker,
    /// Tells how long the stages of an event's way take; by default nothing takes any time.
    pub stopwatch: Stopwatch,
    /// Takes note of single events' stages; by default of none.
    pub spans: Spans,
}

impl Default for Hooks {
    fn default() -> Self {
        Self {
            after_save: Box::new(|_| ()),
            checker: Box::new(drop),
            stopwatch: Stopwatch::standing(),
            spans: Spans::default(),
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hooks")
    }
}
