//! A commit's events on their way to all who listen, by as many threads as it pays to call.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::JoinHandle;

use chappe_store::{Record, Seq};
use parking_lot::{Condvar, Mutex, RwLock};

use crate::audience::{Audience, Teller};
use crate::pace::Pace;

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
    /// Written only while nobody is at work.
    commit: RwLock<Commit>,
    claims: Mutex<Claims>,
    called: Condvar,
    finished: Condvar,
}

/// What is told in one round.
struct Commit {
    /// In order.
    events: Vec<(Option<Seq>, Record)>,
    pace: Pace,
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
        let Commit { events, pace } = &*self.commit.read();
        let heard = self.audience.tell_shard(claim.shard, events, *pace, teller);
        if *pace == Pace::AtOnce {
            self.audience.let_go(claim.shard);
        }
        heard
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
            commit: RwLock::new(Commit { events: Vec::new(), pace: Pace::AtOnce }),
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
    ///
    /// [At once](Pace::AtOnce) goes for those as well who are held back. They are [let go](Self::let_go) with the herald at the
    /// latest.
    pub(crate) fn tell(&mut self, events: impl Iterator<Item = (Seq, Record)>, pace: Pace) {
        let Self { round, teller, .. } = self;
        let mut commit = round.commit.write();
        commit.events.extend(events.map(|(seq, record)| (Some(seq), record)));
        commit.pace = pace;
        let is_empty = commit.events.is_empty();
        drop(commit);
        if is_empty {
            if pace == Pace::AtOnce {
                self.let_go();
            }
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
        round.commit.write().events.clear();
        if broken {
            // As if it had happened here: nobody may go on as if all had been told.
            resume_unwind(Box::new("a thread that tells subscribers panicked"));
        }
    }

    /// Wakes whoever is held back.
    pub(crate) fn let_go(&self) {
        let audience = &self.round.audience;
        (0..audience.shards()).for_each(|shard| audience.let_go(shard));
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
        self.let_go();
    }
}

#[cfg(test)]
mod tests;
