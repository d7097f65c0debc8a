//! Whose follow lists count, and how far everybody is away.

use std::collections::BTreeMap;
use std::sync::Arc;

use chappe_authorization::{Access, Distances, Mode};
use chappe_policy::Follows;
use chappe_protocol::{Kind, PublicKey, Timestamp};
use chappe_store::{Error, Store};

use crate::management::{Management, Parts};
use crate::stored::FollowList;

/// How many keys the distances know. Those further away count as strangers.
const KEYS_MAX: usize = 500_000;
/// How many follow lists one walk reads: some seconds of reading.
const LISTS_MAX: usize = 100_000;
/// Distances are computed again this long after the last time, when somebody on the way has a new list. A change of an
/// owner's or admin's own list does not wait for it.
const DISTANCES_EVERY_SECONDS: u64 = 300;

/// The follow lists that are in use.
#[derive(Debug, Default)]
pub(crate) struct Following {
    lists: BTreeMap<PublicKey, FollowList>,
    distances: Due,
    walked_at: Option<Timestamp>,
}

/// When the distances are to be computed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Due {
    No,
    /// When the last time is long enough ago.
    Later,
    #[default]
    Now,
}

impl Following {
    /// Reads the lists that are needed now and were not before, and drops those that no longer are.
    ///
    /// # Errors
    ///
    /// When the store cannot be read: the lists are then as they were.
    pub(crate) fn refresh(
        &mut self,
        store: &Store,
        access: &Access,
        now: Timestamp,
    ) -> Result<Arc<Follows>, Error> {
        let mut lists = BTreeMap::new();
        for &root in access.follow_roots().iter() {
            let known = self.lists.get(&root).cloned();
            let list = known.map_or_else(|| FollowList::read(store, root, now), Ok)?;
            lists.insert(root, list);
        }
        self.lists = lists;
        Ok(self.compiled())
    }

    fn compiled(&self) -> Arc<Follows> {
        Arc::new(Follows::new(self.lists.iter().map(|(&root, list)| (root, list.keys.clone()))))
    }

    /// Forgets one list, so that it is read again. False when it is not in use.
    fn forget(&mut self, root: &PublicKey) -> bool {
        self.lists.remove(root).is_some()
    }

    /// Forgets the lists that have expired (NIP-40). Says whether a list is missing: for that, or because it could not
    /// be read.
    fn forget_expired(&mut self, access: &Access, now: Timestamp) -> bool {
        self.lists.retain(|_, list| list.expires_at.is_none_or(|at| now < at));
        access.follow_roots().iter().any(|root| !self.lists.contains_key(root))
    }

    /// The distances are wanted again, because owners, admins or the mode changed.
    pub(crate) fn walk_again(&mut self) {
        self.distances = Due::Now;
    }
}

impl Management {
    /// Takes note of a stored event: somebody's follow list, what may have taken one away, or a report.
    ///
    /// For the writer's thread, after the commit and before the OKs: costs a look at the kind for nearly all events, and
    /// some reads for the others. It never writes, and never waits for somebody who does.
    pub fn after_save(&self, record: &chappe_store::RecordView<'_>, now: Timestamp) {
        let head = record.head();
        match head.kind {
            // A deletion or a vanishing may have taken away the list.
            Kind::FOLLOWS | Kind::DELETION | Kind::VANISH => self.note_follows(&head.pubkey, now),
            Kind::REPORT => self.note_report(record, now),
            Kind(_) => {}
        }
    }

    /// Takes note that somebody has another follow list, or none any more.
    pub(crate) fn note_follows(&self, author: &PublicKey, now: Timestamp) {
        let mut parts = self.lock_parts();
        if let Some(social) = parts.social() {
            let hops = parts.access.distances().hops(author);
            if parts.access.roots().contains(author) {
                parts.following.distances = Due::Now;
            } else if hops.is_some_and(|hops| hops < social) {
                parts.following.distances = parts.following.distances.max(Due::Later);
            }
        }
        if parts.following.forget(author) {
            self.refresh_follows(&mut parts, now);
        }
    }

    /// Puts the parts in force with the follow lists that they need. When one cannot be read the old ones stay: told to the
    /// log, and tried again at the next tick.
    pub(crate) fn refresh_follows(&self, parts: &mut Parts, now: Timestamp) {
        match parts.following.refresh(self.store(), &parts.access, now) {
            Ok(follows) => parts.access = parts.access.clone().with_follows(follows),
            Err(error) => tracing::error!(%error, "could not read follow lists"),
        }
        self.put_in_force(parts);
    }

    /// Lists that have expired, and distances that are due.
    pub(crate) fn tick_following(&self, now: Timestamp) {
        let mut guard = self.lock_parts();
        let parts = &mut *guard;
        if parts.following.forget_expired(&parts.access, now) {
            self.refresh_follows(parts, now);
        }
        let following = &mut parts.following;
        let is_due = match following.distances {
            Due::No => false,
            Due::Later => {
                following.walked_at.is_none_or(|at| now >= at.plus_seconds(DISTANCES_EVERY_SECONDS))
            }
            Due::Now => true,
        };
        let Some(depth_max) = parts.social().filter(|_| is_due) else { return };
        parts.following.distances = Due::No;
        parts.following.walked_at = Some(now);
        let roots = parts.access.roots().clone();
        // The walk takes seconds, and the writer's thread must not wait for it.
        drop(guard);
        let mut lists = 0;
        let walked = Distances::walk(&roots, depth_max, KEYS_MAX, |key| {
            lists += 1;
            if lists > LISTS_MAX {
                return Ok(Vec::new());
            }
            FollowList::read(self.store(), *key, now).map(|list| list.keys.iter().copied().collect())
        });
        let mut parts = self.lock_parts();
        match walked {
            Ok(distances) => {
                tracing::debug!(keys = distances.len(), "computed social distances");
                parts.access = parts.access.clone().with_distances(Arc::new(distances));
                self.put_in_force(&parts);
            }
            Err(error) => {
                parts.following.distances = parts.following.distances.max(Due::Later);
                tracing::error!(%error, "could not compute social distances");
            }
        }
    }
}

impl Parts {
    /// How many hops mode `social` looks, when that is the mode.
    fn social(&self) -> Option<u8> {
        if let Mode::Social(social) = &self.access.settings().mode { Some(social.depth_max) } else { None }
    }
}

#[cfg(test)]
mod tests;
