//! A call of the management API (NIP-86), from its name to its answer.

use std::ops::Bound;

use chappe_authorization::Role;
use chappe_protocol::{PublicKey, Timestamp};
use serde_json::Value;

use crate::call_error::word;
use crate::management::Management;
use crate::methods::{Effect, METHODS, method};
use crate::params::{Page, Params};
use crate::state::{Edit, State};
use crate::stored::Found;
use crate::values::Note;
use crate::{CallError, Surroundings, Terms};

/// One call at work: what it may look at, and the changes it wants.
pub(crate) struct Act<'a> {
    pub(crate) desk: &'a Management,
    pub(crate) state: &'a State,
    pub(crate) terms: Terms,
    pub(crate) caller: PublicKey,
    pub(crate) role: Role,
    pub(crate) params: Params<'a>,
    pub(crate) now: Timestamp,
    pub(crate) around: &'a dyn Surroundings,
    pub(crate) edits: Vec<Edit>,
    /// An event that goes with them.
    pub(crate) removal: Option<Found>,
}

impl Management {
    /// Does what the method says, for the key that signed the call. `around` is asked by those methods that
    /// are about the process.
    ///
    /// What it changed is on disk and in force when this returns; it waits for the writer's turn, so it is not for a
    /// thread that must not wait. Events that tell of it are then in [`Self::take_events`].
    ///
    /// # Errors
    ///
    /// [`CallError`]; nothing was changed then.
    pub fn call(
        &self,
        caller: PublicKey,
        name: &str,
        params: &Value,
        now: Timestamp,
        around: &dyn Surroundings,
    ) -> Result<Value, CallError> {
        let mut state = self.lock_state();
        let role = self.role(&caller).ok_or(CallError::Stranger)?;
        let method = method(name).ok_or(CallError::UnknownMethod)?;
        if role < method.role {
            return Err(CallError::RoleTooLow { needs: method.role });
        }
        let mut act = Act {
            desk: self,
            state: &state,
            terms: self.terms(),
            caller,
            role,
            params: Params::new(params)?,
            now,
            around,
            edits: Vec::new(),
            removal: None,
        };
        let answer = (method.run)(&mut act)?;
        if method.effect == Effect::Changes {
            let (mut edits, removal) = (act.edits, act.removal);
            self.audit(&state, &mut edits, (caller, name, &params.to_string()), now);
            state.check_room(&edits)?;
            match removal {
                None => self.change(&mut state, edits, now)?,
                Some(event) => self.remove(&mut state, edits, event, now)?,
            }
            // Parameters can hold an invite's code, and logs are read by others than the audit log.
            tracing::info!(by = %caller, method = name, "managed");
        }
        Ok(answer)
    }

    /// The names of all methods, in the order of docs/management.md.
    pub fn methods() -> impl Iterator<Item = (&'static str, Role)> {
        METHODS.iter().map(|method| (method.name, method.role))
    }
}

impl<'a> Act<'a> {
    /// The caller's mark on an entry.
    pub(crate) const fn note(&self, reason: String) -> Note {
        Note { by: self.caller, at: self.now, reason }
    }

    /// The page asked for by the parameter at this place.
    pub(crate) fn page(&self, place: usize) -> Result<Page<'a>, CallError> {
        self.params.page(place, self.terms.page_max)
    }

    /// Nobody shuts out who stands as high as they do, themselves included.
    pub(crate) fn must_outrank(&self, key: &PublicKey) -> Result<(), CallError> {
        match self.desk.role(key) {
            Some(role) if role >= self.role => {
                let text = format!("this key's role is {}, and yours is {}", word(role), word(self.role));
                Err(CallError::Refused(text))
            }
            Some(_) | None => Ok(()),
        }
    }

    pub(crate) fn is_members_mode(&self) -> bool {
        self.desk.is_members_mode()
    }

    /// A code for an invite that nobody can guess, another each time.
    pub(crate) fn new_code(&mut self) -> String {
        let (code, edit) = self.desk.new_code(self.state);
        self.edits.push(edit);
        code
    }
}

/// The answer of methods that have nothing else to say.
#[expect(clippy::unnecessary_wraps, reason = "the last word of methods, which can fail")]
pub(crate) const fn done() -> Result<Value, CallError> {
    Ok(Value::Bool(true))
}

/// Everything behind the last entry of the page before, for `BTreeMap::range`.
pub(crate) fn after<K>(last: Option<K>) -> (Bound<K>, Bound<K>) {
    (last.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded)
}
