//! The index: filing, withdrawing, matching.

use std::collections::HashMap;
use std::sync::Arc;

use chappe_protocol::{EventHead, EventId, Filter, Kind, PublicKey};
use foldhash::fast::RandomState;

use crate::entries::{Entries, Entry};
use crate::lists::{List, Lists, Posting, is_sparse, small};
use crate::place::{KindSet, Place};
use crate::scratch::MatchScratch;

/// The caller's number for one subscription, unique in an [`Index`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// Subscriptions by what they listen for. `T` is handed to whoever matches: a queue, a connection.
#[derive(Debug)]
pub struct Index<T> {
    subscriptions: HashMap<Token, Subscription, RandomState>,
    entries: Entries<T>,
    ids: Lists<EventId>,
    /// By letter, then by value: an event's tags that nobody asks for are not even hashed.
    tags: HashMap<u8, Lists<Box<[u8]>>, RandomState>,
    authors: Lists<PublicKey>,
    kinds: Lists<Kind>,
    rest: List,
}

/// What is needed to withdraw a subscription.
#[derive(Debug)]
struct Subscription {
    filters: Arc<[Filter]>,
    /// The slots of those filters that can match at all, in order.
    slots: Box<[u32]>,
}

impl<T> Index<T> {
    /// An index of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            subscriptions: HashMap::default(),
            entries: Entries::new(),
            ids: Lists::default(),
            tags: HashMap::default(),
            authors: Lists::default(),
            kinds: Lists::default(),
            rest: List::default(),
        }
    }

    /// How many subscriptions there are, those that can match nothing included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.subscriptions.len()
    }

    /// Whether nobody listens.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.subscriptions.is_empty()
    }

    /// Withdraws a subscription. False when there is none of this token.
    ///
    /// Costs a few steps for each value under which its filters were filed.
    pub fn remove(&mut self, token: Token) -> bool {
        let Some(subscription) = self.subscriptions.remove(&token) else {
            return false;
        };
        if is_sparse(self.subscriptions.len(), self.subscriptions.capacity()) {
            self.subscriptions.shrink_to(2 * self.subscriptions.len());
        }
        let places = subscription.filters.iter().filter_map(Place::of);
        for (place, &slot) in places.zip(&subscription.slots) {
            self.withdraw(place, slot);
            self.entries.remove(slot);
        }
        true
    }

    /// Visits each subscription that has a filter which matches the event, once, in no order.
    ///
    /// Costs a lookup for each indexed tag of the event and a check for each filter that shares its most selective
    /// condition with the event. `limit` is none of a live filter's business (NIP-01).
    pub fn for_each_match(
        &self,
        event: &EventHead<'_>,
        scratch: &mut MatchScratch,
        mut visit: impl FnMut(Token, &T),
    ) {
        scratch.begin(self.entries.slots());
        let direct = [
            self.ids.get(&event.id),
            self.authors.get(&event.pubkey),
            self.kinds.get(&event.kind),
            Some(&self.rest),
        ];
        for list in direct.into_iter().flatten() {
            self.walk(list, event, scratch, &mut visit);
        }
        if self.tags.is_empty() {
            return;
        }
        for (letter, value) in event.tags.indexed() {
            let list = self.tags.get(&letter).and_then(|lists| lists.get(value));
            if let Some(list) = list.filter(|list| scratch.walk(list)) {
                self.walk(list, event, scratch, &mut visit);
            }
        }
    }

    fn walk(
        &self,
        list: &List,
        event: &EventHead<'_>,
        scratch: &mut MatchScratch,
        visit: &mut impl FnMut(Token, &T),
    ) {
        for posting in list.as_slice() {
            if !posting.kinds.may_have(event.kind) || !scratch.check(posting.slot) {
                continue;
            }
            let Some(entry) = self.entries.get(posting.slot) else {
                continue;
            };
            if !scratch.is_visited(entry.first) && entry.left.matches(event) {
                scratch.visit(entry.first);
                visit(entry.token, &entry.payload);
            }
        }
    }

    /// Takes a filter out of every list in which it stands.
    fn withdraw(&mut self, place: Place<'_>, slot: u32) {
        match place {
            Place::Ids(ids) => {
                withdraw_each(&mut self.entries, slot, ids, |id, at| self.ids.withdraw(id, at));
            }
            Place::Tag { letter, values, .. } => {
                let Some(lists) = self.tags.get_mut(&letter) else {
                    return;
                };
                withdraw_each(&mut self.entries, slot, values, |value, at| lists.withdraw(&**value, at));
                if lists.is_empty() {
                    // The map itself stays: it has at most 52 letters.
                    self.tags.remove(&letter);
                }
            }
            Place::Authors(authors) => {
                withdraw_each(&mut self.entries, slot, authors, |author, at| {
                    self.authors.withdraw(author, at)
                });
            }
            Place::Kinds(kinds) => {
                withdraw_each(&mut self.entries, slot, kinds, |kind, at| self.kinds.withdraw(kind, at));
            }
            Place::Rest => withdraw_each(&mut self.entries, slot, &[()], |(), at| self.rest.withdraw(at)),
        }
    }

    /// Puts a filter into the list of each of its values, and says where it stands in each.
    fn file(&mut self, place: Place<'_>, slot: u32, kinds: KindSet) -> Box<[u32]> {
        let posting = |value: usize| Posting { slot, value: small(value), kinds };
        match place {
            Place::Ids(ids) => {
                ids.iter().enumerate().map(|(value, &id)| self.ids.push(id, posting(value))).collect()
            }
            Place::Tag { letter, values, .. } => {
                let lists = self.tags.entry(letter).or_default();
                let values = values.iter().enumerate();
                values.map(|(value, bytes)| lists.push(bytes.clone(), posting(value))).collect()
            }
            Place::Authors(authors) => {
                let authors = authors.iter().enumerate();
                authors.map(|(value, &author)| self.authors.push(author, posting(value))).collect()
            }
            Place::Kinds(kinds) => {
                kinds.iter().enumerate().map(|(value, &kind)| self.kinds.push(kind, posting(value))).collect()
            }
            Place::Rest => [self.rest.push(posting(0))].into(),
        }
    }
}

impl<T: Clone> Index<T> {
    /// Files a subscription, in place of the one that had the token before. Its filters must be normalized.
    ///
    /// Costs a few steps for each value under which the filters are filed. A filter that no event can match is not filed.
    pub fn insert(&mut self, token: Token, filters: Arc<[Filter]>, payload: T) {
        self.remove(token);
        let mut slots = Vec::with_capacity(filters.len());
        for (filter, place) in filters.iter().filter_map(|filter| Some((filter, Place::of(filter)?))) {
            let slot = self.entries.reserve();
            slots.push(slot);
            let entry = Entry {
                token,
                payload: payload.clone(),
                first: slots.first().copied().unwrap_or(slot),
                left: place.left_of(filter),
                standings: self.file(place, slot, KindSet::of(filter)),
            };
            self.entries.put(slot, entry);
        }
        self.subscriptions.insert(token, Subscription { filters, slots: slots.into() });
    }
}

/// Takes a filter out of the list of each value, and tells whoever moved to its standing there.
fn withdraw_each<T, V>(
    entries: &mut Entries<T>,
    slot: u32,
    values: &[V],
    mut withdraw: impl FnMut(&V, u32) -> Option<Posting>,
) {
    for (number, value) in values.iter().enumerate() {
        // Read anew each time: a filter in a list twice would have moved itself.
        let standing = entries.get(slot).and_then(|entry| entry.standings.get(number).copied());
        let Some(standing) = standing else { continue };
        if let Some(moved) = withdraw(value, standing) {
            entries.moved(moved.slot, moved.value, standing);
        }
    }
}

impl<T> Default for Index<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
