//! The policy file: read at the start, read again, and replaced from afar (kind 12345).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use chappe_authorization::{Access, Shadow};
use chappe_policy::Policy;
use chappe_protocol::{EventId, Kind, Prefix, Refusal, Timestamp};
use chappe_validation::Verified;

use crate::management::Management;
use crate::membership::{Answer, check_fresh, not_now};
use crate::policy_files::{self, PolicyFileError, PolicyFiles, PolicyText};

/// How many mistakes or narrowed limits an answer names.
const NAMED_MAX: usize = 3;

/// The texts in force, and where they come from.
#[derive(Debug)]
pub(crate) struct PolicyDesk {
    pub(crate) files: PolicyFiles,
    text: Option<String>,
    shadow_text: Option<String>,
    /// The last update from afar: an older one does not undo it.
    updated_by: Option<(Timestamp, EventId)>,
}

/// What was read.
pub(crate) struct ReadPolicies {
    pub(crate) policy: Option<Arc<Policy>>,
    pub(crate) shadow: Option<Arc<Shadow>>,
}

impl PolicyDesk {
    /// Reads both files.
    ///
    /// # Errors
    ///
    /// The first [`PolicyFileError`]: a relay does not start with half a policy.
    pub(crate) fn open(files: PolicyFiles) -> Result<(Self, ReadPolicies), PolicyFileError> {
        let read = |path: &Option<_>| path.as_deref().map(policy_files::read).transpose();
        let (main, shadow) = (read(&files.file)?, read(&files.shadow)?);
        let mut desk = Self { files, text: None, shadow_text: None, updated_by: None };
        let policy = main.map(|PolicyText { policy, text }| {
            desk.text = Some(text);
            Arc::new(policy)
        });
        let shadow = shadow.map(|PolicyText { policy, text }| {
            desk.shadow_text = Some(text);
            Arc::new(Shadow::new(policy))
        });
        Ok((desk, ReadPolicies { policy, shadow }))
    }
}

impl Management {
    /// The text of the policy file in force; none when no file is configured.
    #[must_use]
    pub fn policy_text(&self) -> Option<String> {
        self.lock_policy().text.clone()
    }

    /// The text of the shadow policy; none when there is none.
    #[must_use]
    pub fn shadow_text(&self) -> Option<String> {
        self.lock_policy().shadow_text.clone()
    }

    /// Whether there is a policy file, so that kind 12345 means something here.
    #[must_use]
    pub fn takes_policy_updates(&self) -> bool {
        self.lock_policy().files.file.is_some()
    }

    /// Whether a policy file had a fault when it was last read, so that what it said before is still in force.
    #[must_use]
    pub fn is_policy_stale(&self) -> bool {
        self.policy_is_stale.load(Ordering::Relaxed)
    }

    /// Reads the policy file and its shadow again, and puts in force what has changed. Open connections are judged by it
    /// from the next event on.
    ///
    /// # Errors
    ///
    /// [`PolicyFileError`], told to the log too. Of a file with a fault the old content stays in force; a fault in one
    /// file does not keep the other from being used.
    pub fn reload_policy(&self, now: Timestamp) -> Result<(), PolicyFileError> {
        let mut desk = self.lock_policy();
        let read = |path: &Option<_>| path.as_deref().map(policy_files::read).transpose();
        let (main, shadow) = (read(&desk.files.file), read(&desk.files.shadow));
        let main = main.map(|main| {
            if let Some(PolicyText { policy, text }) =
                main.filter(|main| desk.text.as_ref() != Some(&main.text))
            {
                self.use_policy(Arc::new(policy), now);
                desk.text = Some(text);
                tracing::info!("the policy file was read again");
            }
        });
        let shadow = shadow.map(|shadow| {
            let is_new = |shadow: &PolicyText| desk.shadow_text.as_ref() != Some(&shadow.text);
            if let Some(PolicyText { policy, text }) = shadow.filter(is_new) {
                self.use_shadow(Some(Arc::new(Shadow::new(policy))), now);
                desk.shadow_text = Some(text);
                tracing::info!("the shadow policy was read again");
            }
        });
        let read = main.and(shadow);
        self.policy_is_stale.store(read.is_err(), Ordering::Relaxed);
        read.inspect_err(|error| tracing::error!(%error, "the old policy stays in force"))
    }

    /// Puts the content of a kind 12345 in the place of the policy file: of owners any policy, of policy admins one that
    /// takes nothing away. It is on disk and in force when this returns.
    ///
    /// # Errors
    ///
    /// The refusal to send.
    pub fn update_policy(&self, verified: &Verified<'_>, now: Timestamp) -> Answer {
        let event = verified.event();
        let head = event.head;
        if head.kind != Kind::POLICY_UPDATE {
            return Err(Refusal::new(Prefix::Invalid, "the request is of another kind"));
        }
        check_fresh(&head, now)?;
        // In the order in which all changes lock: the lists, then the policy.
        let mut state = self.lock_state();
        let mut desk = self.lock_policy();
        let Some(path) = desk.files.file.clone() else {
            return Err(Refusal::new(Prefix::Restricted, "this relay has no policy file"));
        };
        let access = self.live().load_full();
        let is_owner = access.owners().contains(&head.pubkey);
        if access.is_banned(&head.pubkey) || !(is_owner || access.policy().admins().contains(&head.pubkey)) {
            return Err(Refusal::new(
                Prefix::Restricted,
                "only owners and policy admins may change the policy",
            ));
        }
        match desk.updated_by {
            Some((_, id)) if id == head.id => return Ok("duplicate: this policy is in force".into()),
            Some((at, _)) if head.created_at < at => {
                return Err(Refusal::new(Prefix::Duplicate, "a newer policy is in force"));
            }
            Some(_) | None => {}
        }
        let policy =
            Policy::parse(event.content).map_err(|faults| Refusal::new(Prefix::Invalid, named(&faults)))?;
        if !is_owner {
            access.policy().check_extension(&policy).map_err(|narrowed| {
                let text = format!("policy admins may only add: {}", named(&narrowed));
                Refusal::new(Prefix::Restricted, text)
            })?;
        }
        check_scripts(&access, &policy)?;
        let params = format!("[\"{}\"]", head.id);
        let mut edits = Vec::new();
        self.audit(&state, &mut edits, (head.pubkey, "policy update", &params), now);
        self.change(&mut state, edits, now).map_err(|error| not_now(&error))?;
        policy_files::replace(&path, event.content).map_err(|error| {
            tracing::error!(%error, "could not replace the policy file");
            Refusal::new(Prefix::Error, "the relay could not write its policy file, try again later")
        })?;
        self.use_policy(Arc::new(policy), now);
        desk.text = Some(event.content.to_owned());
        desk.updated_by = Some((head.created_at, head.id));
        tracing::info!(by = %head.pubkey, "the policy file was replaced");
        Ok("".into())
    }

    fn use_policy(&self, policy: Arc<Policy>, now: Timestamp) {
        let mut parts = self.lock_parts();
        parts.access = parts.access.clone().with_policy(policy);
        parts.following.walk_again();
        // Whom the new policy goes by is known before it is in force.
        self.refresh_follows(&mut parts, now);
    }

    fn use_shadow(&self, shadow: Option<Arc<Shadow>>, now: Timestamp) {
        let mut parts = self.lock_parts();
        parts.access = parts.access.clone().with_shadow(shadow);
        self.refresh_follows(&mut parts, now);
    }
}

/// A script is a command line on the relay's machine. Whoever has an owner's key is not at that machine by that, so no
/// event names one that the operator did not.
fn check_scripts(access: &Access, policy: &Policy) -> Result<(), Refusal> {
    let known = |script: &str| access.policy().scripts().any(|other| other == script);
    if policy.scripts().all(known) {
        Ok(())
    } else {
        Err(Refusal::new(
            Prefix::Restricted,
            "a new script can only be named in the file on the relay's machine",
        ))
    }
}

/// The first few, for an answer.
fn named<T: std::fmt::Display>(faults: &[T]) -> String {
    let mut text = faults.iter().take(NAMED_MAX).map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let more = faults.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    text
}

#[cfg(test)]
mod tests;
