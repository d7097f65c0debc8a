//! Who listens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chappe_protocol::Filter;
use chappe_store::{Record, Seq};
use chappe_subscriptions::{Index, MatchScratch, Token};
use parking_lot::RwLock;

use crate::{Inbox, Live};

/// All live subscriptions, and how far they have been told.
pub(crate) struct Audience {
    index: RwLock<Index<Arc<Inbox>>>,
    /// The last commit whose events are visible to queries.
    committed: AtomicU64,
}

impl Audience {
    /// Nobody yet, and a store whose last commit is this.
    pub(crate) fn new(committed: Seq) -> Self {
        Self { index: RwLock::new(Index::new()), committed: AtomicU64::new(committed.0) }
    }

    pub(crate) fn add(&self, token: Token, filters: Arc<[Filter]>, inbox: Arc<Inbox>) {
        self.index.write().insert(token, filters, inbox);
    }

    pub(crate) fn remove(&self, token: Token) {
        self.index.write().remove(token);
    }

    /// How many subscriptions there are.
    pub(crate) fn len(&self) -> usize {
        self.index.read().len()
    }

    /// The last commit that queries can see.
    pub(crate) fn committed(&self) -> Seq {
        Seq(self.committed.load(Ordering::Acquire))
    }

    /// Queries can see everything up to this commit. Called before the commit's events are told.
    pub(crate) fn advance_to(&self, seq: Seq) {
        self.committed.store(seq.0, Ordering::Release);
    }

    /// Puts the event into the inbox of everyone who listens for it. Says whether there was anyone.
    pub(crate) fn tell(&self, seq: Option<Seq>, record: &Record, scratch: &mut MatchScratch) -> bool {
        let mut heard = false;
        let mut wakers = Vec::new();
        let head = record.view().head();
        self.index.read().for_each_match(&head, scratch, |token, inbox| {
            heard = true;
            wakers.extend(inbox.put_live(Live { token, seq, record: record.clone() }));
        });
        wakers.into_iter().for_each(std::task::Waker::wake);
        heard
    }
}
