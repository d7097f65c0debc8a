//! What is done now and then, whatever else happens.

use chappe_authorization::Meters;
use chappe_protocol::Timestamp;
use chappe_store::{StateChange, Store};

use crate::management::Management;
use crate::state::Edit;

/// Where the meters' counters are kept in the store's state.
const METERS_KEY: &[u8] = b"meters";
/// How often they are kept; a second longer for each 100,000 bytes of them.
const METERS_EVERY_SECONDS: u64 = 10;
/// How often what has expired is taken off the lists. It counts no longer from the second it expires.
const CLEAR_EVERY_SECONDS: u64 = 60;
/// How often the log says what the shadow policy would have done, at most.
const TELL_SHADOW_EVERY_SECONDS: u64 = 60;
/// How long expired and used up invites are kept, so that who comes too late is told so.
const INVITE_KEPT_SECONDS: u64 = 7 * 86_400;

/// When things are done again, and whether there is anything to do.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    clear_at: Option<Timestamp>,
    meters_at: Option<Timestamp>,
    meters_kept: Vec<u8>,
    shadow_at: Option<Timestamp>,
    /// How often the shadow policy had differed when that was last told.
    shadow_told: u64,
}

impl Management {
    /// What is to be done now and then: call it about once a second, on a thread that may wait. Takes reports in, clears
    /// what has expired, keeps the counters, says who the members are, and measures social distances, which can take
    /// some seconds.
    pub fn tick(&self, now: Timestamp) {
        self.take_reports(now);
        self.clear_expired(now);
        self.keep_meters(now);
        self.tell_shadow(now);
        {
            let state = self.lock_state();
            self.lock_announcer().tell_roster(self.keys(), &state, now);
        }
        self.tick_following(now);
    }

    /// Keeps what only [`Self::tick`] would have kept. Call it when nothing more comes in.
    pub fn stop(&self, now: Timestamp) {
        self.take_reports(now);
        self.lock_schedule().meters_at = None;
        self.keep_meters(now);
    }

    fn clear_expired(&self, now: Timestamp) {
        {
            let mut schedule = self.lock_schedule();
            if schedule.clear_at.is_some_and(|at| now < at) {
                return;
            }
            schedule.clear_at = Some(now.plus_seconds(CLEAR_EVERY_SECONDS));
        }
        let mut state = self.lock_state();
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
        let mut schedule = self.lock_schedule();
        if schedule.meters_at.is_some_and(|at| now < at) {
            return;
        }
        let counted = self.meters().snapshot(now);
        let bytes = u64::try_from(counted.len()).unwrap_or(u64::MAX);
        schedule.meters_at = Some(now.plus_seconds(METERS_EVERY_SECONDS + bytes / 100_000));
        if counted == schedule.meters_kept {
            return;
        }
        match self.store().change_state(&[StateChange { key: METERS_KEY, value: Some(&counted) }]) {
            Ok(()) => schedule.meters_kept = counted,
            Err(error) => tracing::error!(%error, "could not keep the counters"),
        }
    }

    /// Says in the log how the shadow policy differs, when it does and no more than once a minute.
    fn tell_shadow(&self, now: Timestamp) {
        let mut schedule = self.lock_schedule();
        if schedule.shadow_at.is_some_and(|at| now < at) {
            return;
        }
        let Some(shadow) = self.live().load().shadow().cloned() else { return };
        let (writes, reads) = (shadow.writes(), shadow.reads());
        let differed = [writes, reads].map(|counts| counts.only_policy_denies + counts.only_shadow_denies);
        let differed = differed.iter().sum();
        if std::mem::replace(&mut schedule.shadow_told, differed) == differed {
            return;
        }
        schedule.shadow_at = Some(now.plus_seconds(TELL_SHADOW_EVERY_SECONDS));
        tracing::info!(
            writes_only_it_denies = writes.only_shadow_denies,
            writes_only_the_policy_denies = writes.only_policy_denies,
            writes_agreed = writes.agreed,
            reads_only_it_denies = reads.only_shadow_denies,
            reads_only_the_policy_denies = reads.only_policy_denies,
            reads_agreed = reads.agreed,
            "the shadow policy differs from the one in force"
        );
    }
}

/// Counters that cannot be read begin anew: they are worth less than a relay that starts.
pub(crate) fn restore(
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
