//! The desk that keeps everything which changes while the relay runs.

use std::fmt;
use std::sync::Arc;

use chappe_authorization::{Access, LiveAccess, Meters, Mode, Role, Settings};
use chappe_protocol::{PublicKey, Timestamp};
use chappe_store::{StateChange, Store};
use parking_lot::{Mutex, MutexGuard};

use crate::announce::{Announcer, news};
use crate::following::Following;
use crate::methods::{DESCRIPTION, ICON, NAME};
use crate::packed::{Name, Place};
use crate::reports::Waiting;
use crate::state::{AUDIT_ENTRIES_MAX, AUDIT_PARAMS_BYTES_MAX, Edit, State};
use crate::update::{PolicyDesk, ReadPolicies};
use crate::values::AuditEntry;
use crate::{OwnEvent, PolicyFileError, PolicyFiles, RelayKeys, StateError};

/// Where the meters' counters are kept in the store's state.
const METERS_KEY: &[u8] = b"meters";
/// How often they are kept; a second longer for each 100,000 bytes of them.
const METERS_EVERY_SECONDS: u64 = 10;
/// How often what has expired is taken off the lists. It counts no longer from the second it expires.
const CLEAR_EVERY_SECONDS: u64 = 60;
/// How long expired and used up invites are kept, so that who comes too late is told so.
const INVITE_KEPT_SECONDS: u64 = 7 * 86_400;

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
}

/// What the access in force is made of.
pub(crate) struct Parts {
    /// As the configuration has them; those in force also hold the moderators of the lists.
    pub(crate) settings: Settings,
    pub(crate) access: Access,
    pub(crate) following: Following,
}

/// The operator's words on invites and pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// How many days an invite is open unless it says otherwise; 0: for ever.
    pub invite_days: u32,
    /// How often an invite can be used unless it says otherwise.
    pub invite_uses: u32,
    /// Who gets an invite by asking for kind 28935.
    pub invites_by: InvitesBy,
    /// The most entries of a list in one answer.
    pub page_max: usize,
    /// What the relay calls itself when it welcomes somebody.
    pub relay_url: Option<String>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            invite_days: 7,
            invite_uses: 1,
            invites_by: InvitesBy::Members,
            page_max: 500,
            relay_url: None,
        }
    }
}

/// Who gets an invite by asking for kind 28935.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InvitesBy {
    /// Every member, and all who manage.
    #[default]
    Members,
    /// Owners, admins and moderators.
    Admins,
}

/// What the relay calls itself where that was changed by the management API; else the configuration has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The name in the NIP-11 document.
    pub name: Option<String>,
    /// The description there.
    pub description: Option<String>,
    /// The address of the icon there.
    pub icon: Option<String>,
}

/// When things are done again, and whether there is anything to do.
#[derive(Debug, Default)]
struct Schedule {
    clear_at: Option<Timestamp>,
    meters_at: Option<Timestamp>,
    meters_kept: Vec<u8>,
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

    /// What is to be done now and then: call it about once a second, on a thread that may wait. Takes reports in, clears
    /// what has expired, keeps the counters, says who the members are, and measures social distances, which can take
    /// some seconds.
    pub fn tick(&self, now: Timestamp) {
        self.take_reports(now);
        self.clear_expired(now);
        self.keep_meters(now);
        {
            let state = self.state.lock();
            self.announcer.lock().tell_roster(&self.keys, &state, now);
        }
        self.tick_following(now);
    }

    /// Keeps what only [`Self::tick`] would have kept. Call it when nothing more comes in.
    pub fn stop(&self, now: Timestamp) {
        self.take_reports(now);
        self.schedule.lock().meters_at = None;
        self.keep_meters(now);
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
            let mut parts = self.parts.lock();
            let settings = Arc::new(effective(&parts.settings, state, &self.keys));
            let access = parts.access.clone().with_standing(Arc::new(state.standing()));
            parts.access = access.with_settings(settings);
            self.put_in_force(&parts);
        }
        *self.identity.lock() = Identity::of(state);
        let mut announcer = self.announcer.lock();
        announcer.tell(&self.keys, news, now);
        announcer.tell_roster(&self.keys, state, now);
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

    fn clear_expired(&self, now: Timestamp) {
        {
            let mut schedule = self.schedule.lock();
            if schedule.clear_at.is_some_and(|at| now < at) {
                return;
            }
            schedule.clear_at = Some(now.plus_seconds(CLEAR_EVERY_SECONDS));
        }
        let mut state = self.state.lock();
        let addresses = state.blocked_addresses.iter();
        let addresses = addresses.filter(|(_, block)| block.until.is_some_and(|until| until <= now));
        let addresses = addresses.map(|(&range, _)| Edit::BlockedAddress(range, None));
        let invites = state.invites.iter().filter(|(_, invite)| {
            invite.expires_at.is_some_and(|at| at.plus_seconds(INVITE_KEPT_SECONDS) <= now)
        });
        let invites = invites.map(|(code, _)| Edit::Invited(code.clone(), None));
        let edits: Vec<Edit> = addresses.chain(invites).collect();
        if !edits.is_empty()
            && let Err(error) = self.change(&mut state, edits, now)
        {
            tracing::error!(%error, "could not clear what has expired");
        }
    }

    fn keep_meters(&self, now: Timestamp) {
        let mut schedule = self.schedule.lock();
        if schedule.meters_at.is_some_and(|at| now < at) {
            return;
        }
        let counted = self.meters.snapshot(now);
        let bytes = u64::try_from(counted.len()).unwrap_or(u64::MAX);
        schedule.meters_at = Some(now.plus_seconds(METERS_EVERY_SECONDS + bytes / 100_000));
        if counted == schedule.meters_kept {
            return;
        }
        match self.store.change_state(&[StateChange { key: METERS_KEY, value: Some(&counted) }]) {
            Ok(()) => schedule.meters_kept = counted,
            Err(error) => tracing::error!(%error, "could not keep the counters"),
        }
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

    pub(crate) fn lock_reports(&self) -> MutexGuard<'_, Waiting> {
        self.reports.lock()
    }
}

impl Identity {
    fn of(state: &State) -> Self {
        let text = |what: &str| state.identity.get(&Name(what.to_owned())).cloned();
        Self { name: text(NAME), description: text(DESCRIPTION), icon: text(ICON) }
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

/// Counters that cannot be read begin anew: they are worth less than a relay that starts.
fn restore(
    meters: &Meters,
    store: &Store,
    entries_max: usize,
    now: Timestamp,
) -> Result<(), chappe_store::Error> {
    for (key, counted) in store.state(METERS_KEY)? {
        if *key == *METERS_KEY
            && let Err(error) = meters.restore(&counted, entries_max, now)
        {
            tracing::warn!(%error, "the counters of the last run are not used");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
