//! The desk that keeps everything which changes while the relay runs.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chappe_authorization::{Access, LiveAccess, Meters, Mode, Role, Settings};
use chappe_protocol::{Kind, PublicKey, Timestamp};
use chappe_store::Store;
use parking_lot::{Mutex, MutexGuard};

use crate::announce::{Announcer, news};
use crate::following::Following;
use crate::packed::Place;
use crate::reports::Waiting;
use crate::state::{AUDIT_ENTRIES_MAX, AUDIT_PARAMS_BYTES_MAX, Edit, State};
use crate::stored::Found;
use crate::update::{PolicyDesk, ReadPolicies};
use crate::upkeep::{Schedule, restore};
use crate::values::AuditEntry;
use crate::{Identity, OwnEvent, PolicyFileError, PolicyFiles, RelayKeys, StateError, Terms};

/// Everything that changes while the relay runs. Share it by `Arc`.
///
/// Its locks are taken in the order of the fields. The first is held while a change waits for the writer's turn; the
/// writer's own thread, in [`Self::after_save`], takes only those behind it, which are never held for long.
pub struct Management {
    store: Arc<Store>,
    keys: RelayKeys,
    live: LiveAccess,
    meters: Arc<Meters>,
    state: Mutex<State>,
    policy: Mutex<PolicyDesk>,
    parts: Mutex<Parts>,
    terms: Mutex<Terms>,
    identity: Mutex<Identity>,
    reports: Mutex<Waiting>,
    announcer: Mutex<Announcer>,
    schedule: Mutex<Schedule>,
    /// Whether a policy file could not be used when it was last read.
    pub(crate) policy_is_stale: AtomicBool,
}

/// What the access in force is made of.
pub(crate) struct Parts {
    /// As the configuration has them; those in force also hold the moderators of the lists.
    pub(crate) settings: Settings,
    pub(crate) access: Access,
    pub(crate) following: Following,
}

/// Why the relay cannot start.
#[derive(Debug)]
pub enum OpenError {
    /// The lists cannot be read.
    State(StateError),
    /// A policy file is bad: one that says nothing clear must not be taken for one that allows.
    Policy(PolicyFileError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State(error) => error.fmt(f),
            Self::Policy(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::State(error) => Some(error),
            Self::Policy(error) => Some(error),
        }
    }
}

impl From<chappe_store::Error> for OpenError {
    fn from(error: chappe_store::Error) -> Self {
        Self::State(error.into())
    }
}

impl Management {
    /// Reads the lists, the policy files and the follow lists, and puts them in force.
    ///
    /// `settings` are the configuration's; the relay's own key is put into them.
    ///
    /// # Errors
    ///
    /// [`OpenError`], with a text for the operator.
    pub fn open(
        store: Arc<Store>,
        settings: Settings,
        terms: Terms,
        files: PolicyFiles,
        keys: RelayKeys,
        now: Timestamp,
    ) -> Result<Self, OpenError> {
        let state = State::load(&store).map_err(OpenError::State)?;
        let (desk, ReadPolicies { policy, shadow }) = PolicyDesk::open(files).map_err(OpenError::Policy)?;
        let mut access = Access::new(effective(&settings, &state, &keys));
        if let Some(policy) = policy {
            access = access.with_policy(policy);
        }
        access = access.with_shadow(shadow).with_standing(Arc::new(state.standing()));
        let mut following = Following::default();
        access = {
            let follows = following.refresh(&store, &access, now)?;
            access.with_follows(follows)
        };
        let meters = Arc::new(Meters::new());
        restore(&meters, &store, settings.rates.entries_max, now)?;
        Ok(Self {
            announcer: Mutex::new(Announcer::resume(&keys, &store, &state, now)?),
            live: LiveAccess::new(access.clone()),
            identity: Mutex::new(Identity::of(&state)),
            parts: Mutex::new(Parts { settings, access, following }),
            policy: Mutex::new(desk),
            terms: Mutex::new(terms),
            reports: Mutex::default(),
            schedule: Mutex::default(),
            policy_is_stale: AtomicBool::new(false),
            state: Mutex::new(state),
            store,
            keys,
            meters,
        })
    }

    /// What is in force, for all who decide.
    #[must_use]
    pub const fn live(&self) -> &LiveAccess {
        &self.live
    }

    /// The counters, for all who count.
    #[must_use]
    pub const fn meters(&self) -> &Arc<Meters> {
        &self.meters
    }

    /// The relay's own key pair.
    #[must_use]
    pub const fn keys(&self) -> &RelayKeys {
        &self.keys
    }

    /// What the relay calls itself where that was changed.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.identity.lock().clone()
    }

    /// The role of a key here. Whoever holds the relay's own key is at its machine, and so an owner.
    #[must_use]
    pub fn role(&self, key: &PublicKey) -> Option<Role> {
        if *key == self.keys.public() { Some(Role::Owner) } else { self.live.load().role(key) }
    }

    /// Puts another configuration in force. Open connections are judged by it from the next event on.
    pub fn reconfigure(&self, settings: Settings, terms: Terms, now: Timestamp) {
        let state = self.state.lock();
        let mut parts = self.parts.lock();
        *self.terms.lock() = terms;
        let effective = Arc::new(effective(&settings, &state, &self.keys));
        parts.settings = settings;
        parts.access = parts.access.clone().with_settings(effective);
        parts.following.walk_again();
        self.refresh_follows(&mut parts, now);
    }

    /// Events of the relay's own that are to be published, oldest first: verified, authorized with
    /// `Source::Relay` and processed as any event. Ask after each [`Self::call`], [`Self::join`], [`Self::leave`] and
    /// [`Self::tick`], and once after [`Self::open`].
    #[must_use]
    pub fn take_events(&self) -> Vec<OwnEvent> {
        self.announcer.lock().take()
    }

    /// Makes changes: on disk, in memory, in force, in this order. Then has them told to the world.
    ///
    /// # Errors
    ///
    /// As [`Store::change_state`]; nothing was changed then.
    pub(crate) fn change(
        &self,
        state: &mut State,
        edits: Vec<Edit>,
        now: Timestamp,
    ) -> Result<(), chappe_store::Error> {
        let changes_access = edits.iter().any(Edit::changes_access);
        // What is news depends on what was before.
        let news = news(state, &edits);
        state.change(&self.store, edits)?;
        if changes_access {
            // Before the lock that the writer's thread may want: this takes some milliseconds when the lists are long.
            let standing = Arc::new(state.standing());
            let mut parts = self.parts.lock();
            let settings = Arc::new(effective(&parts.settings, state, &self.keys));
            let access = parts.access.clone().with_standing(standing);
            parts.access = access.with_settings(settings);
            self.put_in_force(&parts);
        }
        *self.identity.lock() = Identity::of(state);
        let mut announcer = self.announcer.lock();
        announcer.tell(&self.keys, news, now);
        announcer.tell_roster(&self.keys, state, now);
        Ok(())
    }

    /// Removes an event, and makes changes that nobody is to be told of with it: all on disk together. What the event said
    /// of people is no longer in force when this returns.
    ///
    /// # Errors
    ///
    /// As [`Store::remove_and_change`]; nothing was removed or changed then.
    pub(crate) fn remove(
        &self,
        state: &mut State,
        edits: Vec<Edit>,
        event: Found,
        now: Timestamp,
    ) -> Result<(), chappe_store::Error> {
        state.change_and_remove(&self.store, edits, event.id)?;
        if event.kind == Kind::FOLLOWS {
            self.note_follows(&event.author, now);
        }
        Ok(())
    }

    /// Adds an entry to the audit log, in the place of the oldest one when it is full.
    pub(crate) fn audit(
        &self,
        state: &State,
        edits: &mut Vec<Edit>,
        (by, method, params): (PublicKey, &str, &str),
        now: Timestamp,
    ) {
        let next = state.audit.last_key_value().map_or(0, |(place, _)| place.0.saturating_add(1));
        let excess = (state.audit.len() + 1).saturating_sub(AUDIT_ENTRIES_MAX);
        edits.extend(state.audit.keys().take(excess).map(|&place| Edit::Audited(place, None)));
        let mut params = params.to_owned();
        params.truncate(params.floor_char_boundary(AUDIT_PARAMS_BYTES_MAX));
        let entry = AuditEntry { at: now, by, method: method.to_owned(), params };
        edits.push(Edit::Audited(Place(next), Some(entry)));
    }

    pub(crate) fn put_in_force(&self, parts: &Parts) {
        self.live.replace(parts.access.clone());
    }

    pub(crate) const fn store(&self) -> &Arc<Store> {
        &self.store
    }

    pub(crate) fn terms(&self) -> Terms {
        self.terms.lock().clone()
    }

    pub(crate) fn is_members_mode(&self) -> bool {
        matches!(self.live.load().settings().mode, Mode::Members)
    }

    pub(crate) fn lock_state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    pub(crate) fn lock_policy(&self) -> MutexGuard<'_, PolicyDesk> {
        self.policy.lock()
    }

    pub(crate) fn lock_parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock()
    }

    pub(crate) fn lock_announcer(&self) -> MutexGuard<'_, Announcer> {
        self.announcer.lock()
    }

    pub(crate) fn lock_schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock()
    }

    pub(crate) fn lock_reports(&self) -> MutexGuard<'_, Waiting> {
        self.reports.lock()
    }
}

impl fmt::Debug for Management {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Management").field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// The settings in force: the configuration's, with the moderators of the lists and the relay's own key.
fn effective(settings: &Settings, state: &State, keys: &RelayKeys) -> Settings {
    let moderators = settings.moderators.iter().chain(state.moderators.keys()).copied().collect();
    Settings { moderators, relay_key: Some(keys.public()), ..settings.clone() }
}

#[cfg(test)]
mod tests;
