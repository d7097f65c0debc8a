//! Who listens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use chappe_protocol::Filter;
use chappe_store::{Record, Seq};
use chappe_subscriptions::{Index, MatchScratch, Token};
use parking_lot::{Mutex, RwLock};

use crate::counts::Counts;
use crate::inbox::Call;
use crate::pace::Pace;
use crate::{Inbox, Live};

/// All live subscriptions, and how far they have been told.
///
/// They are dealt over shards, all of one connection to the same: so several threads can tell the events of a commit,
/// each to another shard, and every connection still hears them in one order.
pub(crate) struct Audience {
    shards: Box<[Shard]>,
    /// Of the subscriptions there have been.
    numbers: AtomicU64,
    /// The last commit whose events are visible to queries.
    committed: AtomicU64,
    counts: Arc<Counts>,
    /// The memory of those who tell ephemeral events: there are never more than threads.
    idle: Mutex<Vec<Teller>>,
}

/// The subscriptions of some of the connections.
#[derive(Default)]
struct Shard {
    index: RwLock<Index<Arc<Inbox>>>,
    /// Connections of it that are held back. One that has looked meanwhile, and got something more since, is there twice.
    held: Mutex<Vec<Arc<Inbox>>>,
}

/// The memory of a thread that tells.
#[derive(Default)]
pub(crate) struct Teller {
    scratch: MatchScratch,
    /// Called when a shard has been told all: a task that wakes for the first of its events has to wake again for the next.
    wakers: Vec<Waker>,
}

impl Audience {
    /// Nobody yet, in so many shards, and a store whose last commit is this.
    pub(crate) fn new(shards: usize, committed: Seq, counts: Arc<Counts>) -> Self {
        Self {
            shards: (0..shards.max(1)).map(|_| Shard::default()).collect(),
            numbers: AtomicU64::new(0),
            committed: AtomicU64::new(committed.0),
            counts,
            idle: Mutex::default(),
        }
    }

    /// How many shards there are, one at least.
    pub(crate) const fn shards(&self) -> usize {
        self.shards.len()
    }

    /// Adds a subscription. The tokens of a connection ascend.
    pub(crate) fn add(&self, filters: Arc<[Filter]>, inbox: &Arc<Inbox>) -> Token {
        let shards = self.shards.len() as u64;
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let shard = inbox.shard(number) % shards;
        // So that the token tells where to find it.
        let token = Token(number * shards + shard);
        if let Some(shard) = self.shard_of(token) {
            shard.index.write().insert(token, filters, Arc::clone(inbox));
        }
        token
    }

    pub(crate) fn remove(&self, token: Token) {
        if let Some(shard) = self.shard_of(token) {
            shard.index.write().remove(token);
        }
    }

    fn shard_of(&self, token: Token) -> Option<&Shard> {
        self.shards.get(usize::try_from(token.0 % self.shards.len() as u64).ok()?)
    }

    /// How many subscriptions there are.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.index.read().len()).sum()
    }

    /// The last commit that queries can see.
    pub(crate) fn committed(&self) -> Seq {
        Seq(self.committed.load(Ordering::Acquire))
    }

    /// Queries can see everything up to this commit. Called before the commit's events are told.
    pub(crate) fn advance_to(&self, seq: Seq) {
        self.committed.store(seq.0, Ordering::Release);
    }

    /// Puts an ephemeral event into the inbox of everyone who listens for it. Says whether there was anyone.
    pub(crate) fn tell(&self, record: &Record) -> bool {
        let begun_at = self.counts.stopwatch.read();
        let mut teller = self.idle.lock().pop().unwrap_or_default();
        let told = [(None, record.clone())];
        let tell = |shard| self.tell_shard(shard, &told, Pace::AtOnce, &mut teller);
        let heard = (0..self.shards.len()).map(tell).sum::<usize>();
        self.idle.lock().push(teller);
        self.counts.matching.observe(self.counts.stopwatch.read().since(begun_at));
        heard > 0
    }

    /// Puts events, in this order, into the inboxes of one shard's connections. Each of those is woken once, by the pace: at
    /// the end, or when [all are let go](Self::let_go). Says to how many subscriptions it told something.
    ///
    /// The lock is taken for each event anew, so that nobody who subscribes has to wait for a whole commit.
    pub(crate) fn tell_shard(
        &self,
        shard: usize,
        events: &[(Option<Seq>, Record)],
        pace: Pace,
        teller: &mut Teller,
    ) -> usize {
        let Some(Shard { index, held }) = self.shards.get(shard) else { return 0 };
        if index.read().is_empty() {
            return 0;
        }
        let told_at = self.counts.stopwatch.read();
        let Teller { scratch, wakers } = teller;
        let mut heard = 0;
        for (seq, record) in events {
            let head = record.view().head();
            index.read().for_each_match(&head, scratch, |token, inbox| {
                heard += 1;
                match inbox.put_live(Live { token, seq: *seq, record: record.clone(), told_at }, pace) {
                    Call::None => {}
                    Call::Now(waker) => wakers.push(waker),
                    Call::Later => held.lock().push(Arc::clone(inbox)),
                }
            });
        }
        wakers.drain(..).for_each(Waker::wake);
        self.counts.matches.add(0, heard as u64);
        heard
    }

    /// Wakes those of one shard's connections that were held back.
    pub(crate) fn let_go(&self, shard: usize) {
        let Some(Shard { held, .. }) = self.shards.get(shard) else { return };
        held.lock().drain(..).filter_map(|inbox| inbox.signal_held()).for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests;
