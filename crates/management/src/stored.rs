//! Reading stored events: one by its id, or somebody's of a few kinds.

use std::ops::ControlFlow;

use chappe_policy::KeySet;
use chappe_protocol::{EventId, Filter, Kind, PublicKey, Timestamp};
use chappe_store::{Error, Progress, QueryBounds, RecordView, Seq, Step, Store, query};

/// What is to be known of an event that somebody wants to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) id: EventId,
    pub(crate) author: PublicKey,
    pub(crate) kind: Kind,
}

/// Finds the event, expired ones included: they are on disk until they are swept.
///
/// # Errors
///
/// [`Error::Engine`], [`Error::Corrupt`].
pub(crate) fn find(store: &Store, id: EventId) -> Result<Option<Found>, Error> {
    let mut found = None;
    let filter = Filter { ids: Some(vec![id]), ..Filter::default() };
    read(store, filter, Timestamp(0), |record| {
        let head = record.head();
        found = Some(Found { id, author: head.pubkey, kind: head.kind });
    })?;
    Ok(found)
}

/// Calls for each stored event of this author and these kinds, newest first.
///
/// # Errors
///
/// [`Error::Engine`], [`Error::Corrupt`].
pub(crate) fn for_each(
    store: &Store,
    author: PublicKey,
    kinds: &[Kind],
    now: Timestamp,
    each: impl FnMut(&RecordView<'_>),
) -> Result<(), Error> {
    let filter = Filter { authors: Some(vec![author]), kinds: Some(kinds.to_vec()), ..Filter::default() };
    read(store, filter, now, each)
}

fn read(
    store: &Store,
    mut filter: Filter,
    now: Timestamp,
    mut each: impl FnMut(&RecordView<'_>),
) -> Result<(), Error> {
    const STEP: Step = Step { events_max: 1_000, scans_max: 10_000 };
    filter.normalize();
    let mut query = query(vec![filter], QueryBounds::unlimited(Seq(u64::MAX)));
    let mut take = |record: RecordView<'_>| {
        each(&record);
        ControlFlow::Continue(())
    };
    while let Progress::More = query.advance(store, now, STEP, &mut |_| true, &mut take)? {}
    Ok(())
}

/// Whom somebody follows, as the store has it (NIP-02).
#[derive(Debug, Clone, Default)]
pub(crate) struct FollowList {
    pub(crate) keys: KeySet,
    /// When the list stops counting (NIP-40).
    pub(crate) expires_at: Option<Timestamp>,
}

impl FollowList {
    /// Reads it; without one, nobody is followed. `p` tags that name no key are passed over.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`], [`Error::Corrupt`].
    pub(crate) fn read(store: &Store, author: PublicKey, now: Timestamp) -> Result<Self, Error> {
        let mut list = Self::default();
        for_each(store, author, &[Kind::FOLLOWS], now, |record| {
            let named = record.head().tags.values_of(b"p");
            list.keys = named.filter_map(|value| PublicKey::from_hex(value).ok()).collect();
            list.expires_at = record.expiration();
        })?;
        Ok(list)
    }
}
