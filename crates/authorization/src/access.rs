//! Everything that decides, as one unchanging whole, and its exchange for the next one.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use chappe_policy::{Follows, KeySet, Policy};
use chappe_protocol::{EventHead, PublicKey, Timestamp};

use crate::{Distances, Mode, Peer, RelayUrl, Settings, Shadow, Standing};

/// A snapshot of all that a decision depends on, but for the counters of [`crate::Meters`].
///
/// A decision looks at one snapshot from its beginning to its end, so none is a mixture of two policies. Cloning costs
/// a few reference counts; [`Self::default`] is an open relay without policy file and lists.
#[derive(Debug, Clone)]
pub struct Access {
    settings: Arc<Settings>,
    policy: Arc<Policy>,
    shadow: Option<Arc<Shadow>>,
    standing: Arc<Standing>,
    follows: Arc<Follows>,
    distances: Arc<Distances>,
    /// Those of the settings and of the policy file.
    owners: Arc<KeySet>,
    /// Owners and admins.
    roots: Arc<KeySet>,
}

impl Default for Access {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl Access {
    /// By these settings, with no policy file and with empty lists.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let access = Self {
            settings: Arc::new(settings),
            policy: Arc::new(Policy::permissive()),
            shadow: None,
            standing: Arc::default(),
            follows: Arc::default(),
            distances: Arc::default(),
            owners: Arc::default(),
            roots: Arc::default(),
        };
        access.with_roots()
    }

    /// With other settings.
    #[must_use]
    pub fn with_settings(self, settings: Arc<Settings>) -> Self {
        Self { settings, ..self }.with_roots()
    }

    /// With another policy file.
    #[must_use]
    pub fn with_policy(self, policy: Arc<Policy>) -> Self {
        Self { policy, ..self }.with_roots()
    }

    /// With another policy to compare with, or none. Hand the same [`Shadow`] on to keep its counts.
    #[must_use]
    pub fn with_shadow(self, shadow: Option<Arc<Shadow>>) -> Self {
        Self { shadow, ..self }
    }

    /// With other lists.
    #[must_use]
    pub fn with_standing(self, standing: Arc<Standing>) -> Self {
        Self { standing, ..self }
    }

    /// With other follow lists: those of [`Self::follow_roots`].
    #[must_use]
    pub fn with_follows(self, follows: Arc<Follows>) -> Self {
        Self { follows, ..self }
    }

    /// With other distances, for [`crate::Mode::Social`].
    #[must_use]
    pub fn with_distances(self, distances: Arc<Distances>) -> Self {
        Self { distances, ..self }
    }

    fn with_roots(self) -> Self {
        let named = self.settings.owners.iter().chain(self.policy.owners().iter());
        let owners: KeySet = named.copied().collect();
        let roots = owners.iter().chain(self.settings.admins.iter()).copied().collect();
        Self { owners: Arc::new(owners), roots: Arc::new(roots), ..self }
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// The policy file in force, or one that allows everything.
    #[must_use]
    pub const fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// The policy that is compared with the one in force, if any.
    #[must_use]
    pub const fn shadow(&self) -> Option<&Arc<Shadow>> {
        self.shadow.as_ref()
    }

    /// The lists.
    #[must_use]
    pub const fn standing(&self) -> &Arc<Standing> {
        &self.standing
    }

    /// The follow lists.
    #[must_use]
    pub const fn follows(&self) -> &Arc<Follows> {
        &self.follows
    }

    /// The distances.
    #[must_use]
    pub const fn distances(&self) -> &Arc<Distances> {
        &self.distances
    }

    /// The owners of the configuration and of the policy file.
    #[must_use]
    pub fn owners(&self) -> &KeySet {
        &self.owners
    }

    /// Owners and admins: where the hops of [`Mode::Social`] are counted from.
    #[must_use]
    pub fn roots(&self) -> &KeySet {
        &self.roots
    }

    /// Whose follow lists (kind 3) [`Self::with_follows`] needs: those of the admins in mode follows, and those that
    /// the policy and its shadow name. Each once.
    #[must_use]
    pub fn follow_roots(&self) -> KeySet {
        let by_mode = matches!(self.settings.mode, Mode::Follows(_)).then_some(&self.settings.admins);
        let shadow = self.shadow.as_ref().map(|shadow| shadow.policy());
        let policies = [Some(&*self.policy), shadow].into_iter().flatten();
        by_mode
            .into_iter()
            .flat_map(|admins| admins.iter().copied())
            .chain(policies.flat_map(|policy| policy.follow_roots()))
            .collect()
    }

    /// Whether connections from this address are kept out now.
    #[must_use]
    pub fn is_blocked(&self, address: IpAddr, now: Timestamp) -> bool {
        self.standing.blocked_addresses.contains(address, now)
    }

    /// Whether what this key does is refused and what it wrote hidden. An owner cannot be banned.
    #[must_use]
    pub fn is_banned(&self, key: &PublicKey) -> bool {
        self.standing.banned_keys.contains(key) && !self.owners.contains(key)
    }

    /// Whether the mode is curating and this key is on its blacklist. An owner has no place there.
    pub(crate) fn is_blacklisted(&self, key: &PublicKey) -> bool {
        matches!(self.settings.mode, Mode::Curating(_))
            && self.standing.blacklisted_keys.contains(key)
            && !self.owners.contains(key)
    }

    /// Whether the event is hidden from all but those who moderate, because it or its author is banned or blacklisted.
    #[must_use]
    pub fn is_hidden(&self, head: &EventHead<'_>) -> bool {
        self.is_banned(&head.pubkey)
            || self.standing.banned_events.contains(&head.id)
            || self.is_blacklisted(&head.pubkey)
    }

    /// Whether this address, as a tag holds it, is one of the relay's own. `peer` is who wrote the tag, if anybody.
    pub(crate) fn is_own_url(&self, peer: Option<&Peer>, tag_value: &[u8]) -> bool {
        let url = str::from_utf8(tag_value).ok().and_then(|text| RelayUrl::parse(text).ok());
        url.is_some_and(|url| self.has_url(peer.and_then(|peer| peer.host.as_ref()), &url))
    }

    /// Whether this is one of the relay's own addresses, or leads to `host` where it has none.
    pub(crate) fn has_url(&self, host: Option<&RelayUrl>, url: &RelayUrl) -> bool {
        if self.settings.own_urls.is_empty() {
            host.is_some_and(|host| host.is_same_but_for_scheme(url))
        } else {
            self.settings.own_urls.contains(url)
        }
    }
}

/// The snapshot in force, for all who decide. Clones share it.
#[derive(Debug, Clone)]
pub struct LiveAccess(Arc<ArcSwap<Access>>);

/// A loan of the snapshot that was in force when [`LiveAccess::load`] was called. Use it for one decision, or a run
/// of some, and give it back: it is cheap as long as a thread holds few of them.
#[derive(Debug)]
pub struct Snapshot(Guard<Arc<Access>>);

impl LiveAccess {
    /// With this one in force.
    #[must_use]
    pub fn new(access: Access) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(access)))
    }

    /// The one in force. Neither waits nor allocates.
    #[must_use]
    pub fn load(&self) -> Snapshot {
        Snapshot(self.0.load())
    }

    /// The one in force, to keep.
    #[must_use]
    pub fn load_full(&self) -> Arc<Access> {
        self.0.load_full()
    }

    /// Puts another one in force, at once and for all.
    pub fn replace(&self, access: Access) {
        self.0.store(Arc::new(access));
    }
}

impl Default for LiveAccess {
    fn default() -> Self {
        Self::new(Access::default())
    }
}

impl Deref for Snapshot {
    type Target = Access;

    fn deref(&self) -> &Access {
        &self.0
    }
}

#[cfg(test)]
mod tests;
