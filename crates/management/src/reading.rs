//! Who may do what, as a command finds it that judges what is stored: beside the relay, or in its place.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use chappe_authorization::{Access, Settings};
use chappe_policy::{Follows, KeySet};
use chappe_protocol::{Kind, PublicKey, Timestamp};
use chappe_store::{Error, Mark, Reader, Seq, Store};

use crate::following::Following;
use crate::management::OpenError;
use crate::policy_files::PolicyFiles;
use crate::state::State;
use crate::update::{PolicyDesk, ReadPolicies};

/// The lists, the policy file and the follow lists that count, as of now. Moderators are added to those of the settings;
/// distances are not measured. Reads all events when follow lists count.
///
/// # Errors
///
/// [`OpenError`] when the lists, the policy file or the store cannot be read.
pub fn read_access(
    reader: &Reader,
    settings: Settings,
    files: PolicyFiles,
    now: Timestamp,
) -> Result<Access, OpenError> {
    let mut entries = Vec::new();
    reader.marks(&mut |mark| {
        if let Mark::State(key, value) = mark {
            entries.push((key.into(), value.into()));
        }
        ControlFlow::Continue(())
    })?;
    let state = State::of(entries).map_err(OpenError::State)?;
    let access = compile(&state, settings, files)?;
    let follows = follows(reader, &access.follow_roots(), now)?;
    Ok(access.with_follows(Arc::new(follows)))
}

/// The same of a store that is open to be written, without reading all events.
///
/// # Errors
///
/// As [`read_access`].
pub fn store_access(
    store: &Store,
    settings: Settings,
    files: PolicyFiles,
    now: Timestamp,
) -> Result<Access, OpenError> {
    let state = State::load(store).map_err(OpenError::State)?;
    let access = compile(&state, settings, files)?;
    let follows = Following::default().refresh(store, &access, now)?;
    Ok(access.with_follows(follows))
}

/// All but the follow lists.
fn compile(state: &State, settings: Settings, files: PolicyFiles) -> Result<Access, OpenError> {
    let (_, ReadPolicies { policy, .. }) = PolicyDesk::open(files).map_err(OpenError::Policy)?;
    let moderators = settings.moderators.iter().chain(state.moderators.keys()).copied().collect();
    let mut access = Access::new(Settings { moderators, ..settings });
    if let Some(policy) = policy {
        access = access.with_policy(policy);
    }
    Ok(access.with_standing(Arc::new(state.standing())))
}

fn follows(reader: &Reader, roots: &KeySet, now: Timestamp) -> Result<Follows, Error> {
    let mut lists: BTreeMap<PublicKey, KeySet> = BTreeMap::new();
    if roots.is_empty() {
        return Ok(Follows::default());
    }
    reader.records(Seq(0), &mut |_, record| {
        let Some(record) = record else { return ControlFlow::Continue(()) };
        let head = record.head();
        let counts = record.expiration().is_none_or(|at| now < at);
        // The store has one of each author.
        if head.kind == Kind::FOLLOWS && roots.contains(&head.pubkey) && counts {
            let named = head.tags.values_of(b"p");
            let keys = named.filter_map(|value| PublicKey::from_hex(value).ok()).collect();
            lists.insert(head.pubkey, keys);
        }
        ControlFlow::Continue(())
    })?;
    Ok(Follows::new(lists.into_iter()))
}
