//! A commit's events on their way to all who listen, by as many threads as it pays to call.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::JoinHandle;

use chappe_store::{Record, Seq};
use parking_lot::{Condvar, Mutex, RwLock};

use crate::audience::{Audience, Teller};

/// From so many deliveries on the helpers are called for the shards that are left: waking one takes as long as some
/// hundred deliveries.
const HELP_FROM: usize = 256;

/// Tells the events of each commit, shard by shard, in the thread that calls it. Where there is much to tell, its helpers
/// take some of the shards.
///
/// Nobody waits for a helper that has not begun: the shards it does not take are told by the caller.
pub(crate) struct Herald {
    round: Arc<Round>,
    teller: Teller,
    helpers: Vec<JoinHandle<()>>,
}

/// What the caller and the helpers share.
struct Round {
    audience: Arc<Audience>,
    /// The commit's events, in order. Written only while nobody is at work.
    events: RwLock<Vec<(Option<Seq>, Record)>>,
    claims: Mutex<Claims>,
    called: Condvar,
    finished: Condvar,
}

struct Claims {
    /// The first shard that nobody has taken.
    next: usize,
    at_work: usize,
    /// A helper has died of a panic, and somebody may have missed something.
    broken: bool,
    stopping: bool,
}

/// A shard that is being told.
struct Claim<'a> {
    round: &'a Round,
    shard: usize,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut claims = self.round.claims.lock();
        claims.at_work -= 1;
        claims.broken |= std::thread::panicking();
        let is_last = claims.at_work == 0;
        drop(claims);
        if is_last {
            self.round.finished.notify_one();
        }
    }
}

impl Claims {
    fn claim<'a>(&mut self, round: &'a Round) -> Option<Claim<'a>> {
        let shard = self.next;
        (shard < round.audience.shards()).then(|| {
            self.next += 1;
            self.at_work += 1;
            Claim { round, shard }
        })
    }
}

impl Round {
    fn tell(&self, claim: &Claim<'_>, teller: &mut Teller) -> usize {
        self.audience.tell_shard(claim.shard, &self.events.read(), teller)
    }

    fn help(&self) {
        let mut teller = Teller::default();
        let mut claims = self.claims.lock();
        while !claims.stopping {
            let Some(claim) = claims.claim(self) else {
                self.called.wait(&mut claims);
                continue;
            };
            drop(claims);
            self.tell(&claim, &mut teller);
            drop(claim);
            claims = self.claims.lock();
        }
    }
}

impl Herald {
    /// Starts so many helpers.
    ///
    /// # Errors
    ///
    /// When the system has no thread left.
    pub(crate) fn start(audience: Arc<Audience>, helpers: usize) -> std::io::Result<Self> {
        let claims = Claims { next: audience.shards(), at_work: 0, broken: false, stopping: false };
        let round = Arc::new(Round {
            audience,
            events: RwLock::default(),
            claims: Mutex::new(claims),
            called: Condvar::new(),
            finished: Condvar::new(),
        });
        let mut herald = Self { round, teller: Teller::default(), helpers: Vec::new() };
        for number in 0..helpers {
            let round = Arc::clone(&herald.round);
            let thread = std::thread::Builder::new().name(format!("teller-{number}"));
            herald.helpers.push(thread.spawn(move || round.help())?);
        }
        Ok(herald)
    }

    /// Puts the events of a commit, in order, into the inboxes of all who listen for them. Returns when all are told.
    pub(crate) fn tell(&mut self, events: impl Iterator<Item = (Seq, Record)>) {
        let Self { round, teller, .. } = self;
        let mut told = round.events.write();
        told.extend(events.map(|(seq, record)| (Some(seq), record)));
        let is_empty = told.is_empty();
        drop(told);
        if is_empty {
            return;
        }
        let mut heard = 0;
        let mut called = false;
        let mut claims = round.claims.lock();
        claims.next = 0;
        while let Some(claim) = claims.claim(round) {
            drop(claims);
            heard += round.tell(&claim, teller);
            drop(claim);
            if heard >= HELP_FROM && !std::mem::replace(&mut called, true) {
                round.called.notify_all();
            }
            claims = round.claims.lock();
        }
        while claims.at_work > 0 {
            round.finished.wait(&mut claims);
        }
        let broken = claims.broken;
        drop(claims);
        round.events.write().clear();
        if broken {
            // As if it had happened here: nobody may go on as if all had been told.
            resume_unwind(Box::new("a thread that tells subscribers panicked"));
        }
    }
}

impl Drop for Herald {
    fn drop(&mut self) {
        self.round.claims.lock().stopping = true;
        self.round.called.notify_all();
        for helper in self.helpers.drain(..) {
            // One that panicked has said so.
            let _ = helper.join();
        }
    }
}

#[cfg(test)]
mod tests;
