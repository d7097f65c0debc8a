use chappe_protocol::Kind;
use serde_json::json;

use super::*;
use crate::{EventBuilder, Keys};

const NOW: u64 = 1_700_000_000;
const OWNER: u64 = 1;
const ADMIN: u64 = 2;
const MODERATOR: u64 = 3;
const LISTED: u64 = 4;
const STRANGER: u64 = 5;
const BANNED: u64 = 6;

fn hex(seed: u64) -> String {
    Keys::from_seed(seed).hex()
}

fn keys(seeds: &[u64]) -> Vec<String> {
    seeds.iter().map(|&seed| hex(seed)).collect()
}

fn access() -> Access {
    Access {
        owners: keys(&[OWNER]),
        admins: keys(&[ADMIN]),
        moderators: keys(&[MODERATOR]),
        private_kinds: vec![4, 1059],
        exempt_kinds: vec![24_133],
        banned_keys: keys(&[BANNED]),
        allowed_keys: keys(&[LISTED]),
        members: keys(&[LISTED]),
        follows: HashMap::from([(hex(ADMIN), keys(&[LISTED])), (hex(LISTED), keys(&[STRANGER]))]),
        ..Access::default()
    }
}

fn event(kind: u16, author: u64) -> TestEvent {
    EventBuilder::new(kind).created_at(NOW).sign(&Keys::from_seed(author))
}

fn against(access: &Access, event: &TestEvent, signed_in: &[u64]) -> Vec<Reason> {
    access.reasons_against(event, &keys(signed_in), NOW)
}

#[test]
fn modes_have_lists_of_writers() {
    for mode in [Mode::Open, Mode::Curating, Mode::Social] {
        let access = Access { mode, ..access() };
        assert_eq!(against(&access, &event(1, STRANGER), &[]), []);
    }
    for mode in [Mode::Follows, Mode::Managed, Mode::Members] {
        let access = Access { mode, ..access() };
        for author in [OWNER, ADMIN, MODERATOR, LISTED] {
            assert_eq!(against(&access, &event(1, author), &[]), [], "{mode:?} {author}");
            assert_eq!(against(&access, &event(1, author), &[author, STRANGER]), [], "{mode:?} {author}");
            assert_eq!(against(&access, &event(1, STRANGER), &[author]), [], "{mode:?} {author}");
            // Whose author has signed in is brought by its author, whoever else has.
            assert_eq!(against(&access, &event(1, STRANGER), &[STRANGER, author]), [Reason::Mode]);
        }
        assert_eq!(against(&access, &event(1, STRANGER), &[]), [Reason::Mode]);
        // What a listed key wrote is brought by a stranger.
        assert_eq!(against(&access, &event(1, LISTED), &[STRANGER]), [Reason::Mode]);
        assert_eq!(against(&access, &event(24_133, STRANGER), &[]), []);
    }
}

#[test]
fn gates_ask_for_a_key() {
    let gate = Access { auth_write: true, ..access() };
    assert_eq!(against(&gate, &event(1, OWNER), &[]), [Reason::AuthWrite]);
    assert_eq!(against(&gate, &event(1, OWNER), &[STRANGER]), []);
    assert_eq!(against(&gate, &event(24_133, STRANGER), &[]), []);
    let own = Access { own_events_only: true, ..access() };
    assert_eq!(against(&own, &event(1, LISTED), &[]), [Reason::NotOwn]);
    assert_eq!(against(&own, &event(1, LISTED), &[STRANGER]), [Reason::NotOwn]);
    assert_eq!(against(&own, &event(1, LISTED), &[STRANGER, LISTED]), []);
    let protected = EventBuilder::new(1).tag(&["-"]).sign(&Keys::from_seed(LISTED));
    assert_eq!(against(&access(), &protected, &[OWNER]), [Reason::Protected]);
    assert_eq!(against(&access(), &protected, &[LISTED]), []);
}

#[test]
fn bans_bind_authors_bringers_and_events() {
    let mut access = access();
    assert_eq!(against(&access, &event(1, BANNED), &[OWNER]), [Reason::Banned]);
    assert_eq!(against(&access, &event(1, STRANGER), &[STRANGER, BANNED]), [Reason::Banned]);
    assert_eq!(against(&access, &event(24_133, BANNED), &[]), [Reason::Banned]);
    access.banned_events.push(event(1, STRANGER).id().to_string());
    assert_eq!(against(&access, &event(1, STRANGER), &[]), [Reason::Banned]);
    for hidden in [event(1, STRANGER), event(1, BANNED)] {
        for staff in [OWNER, ADMIN, MODERATOR] {
            assert!(access.can_see(&keys(&[staff]), &hidden));
        }
        for other in [&[LISTED][..], &[], &[BANNED]] {
            assert!(!access.can_see(&keys(other), &hidden));
        }
    }
    assert!(!access.can_see(&keys(&[BANNED]), &event(1, LISTED)));
}

#[test]
fn the_blacklist_is_for_curating_and_binds_writers_alone() {
    let listed = Access { blacklisted_keys: keys(&[STRANGER]), ..access() };
    assert_eq!(against(&listed, &event(1, STRANGER), &[]), []);
    let curated = Access { mode: Mode::Curating, ..listed };
    assert_eq!(against(&curated, &event(1, STRANGER), &[LISTED]), [Reason::Banned]);
    assert_eq!(against(&curated, &event(1, LISTED), &[STRANGER]), [Reason::Banned]);
    assert!(!curated.can_see(&keys(&[LISTED]), &event(1, STRANGER)));
    assert!(curated.can_see(&keys(&[MODERATOR]), &event(1, STRANGER)));
    assert!(curated.can_see(&keys(&[STRANGER]), &event(1, LISTED)));
}

#[test]
fn private_kinds_are_private_to_owners_too() {
    let wrap = EventBuilder::new(1059).tag(&["p", &hex(LISTED)]).sign(&Keys::from_seed(STRANGER));
    for (viewer, sees) in [
        (&[OWNER][..], false),
        (&[LISTED], true),
        (&[STRANGER], true),
        (&[OWNER, LISTED], true),
        (&[], false),
    ] {
        assert_eq!(access().can_see(&keys(viewer), &wrap), sees, "{viewer:?}");
    }
}

#[test]
fn a_policy_binds_all_but_owners() {
    let policy = json!({ "owners": [hex(STRANGER)], "default_policy": "deny" });
    let access = Access { policy: Some(policy), ..access() };
    for owner in [OWNER, STRANGER] {
        assert_eq!(against(&access, &event(1, owner), &[]), []);
        assert!(access.can_see(&keys(&[owner]), &event(1, LISTED)));
    }
    for other in [ADMIN, MODERATOR, LISTED] {
        assert!(matches!(against(&access, &event(1, other), &[])[..], [Reason::Policy(_)]));
        assert!(!access.can_see(&keys(&[other]), &event(1, LISTED)));
    }
}

#[test]
fn a_policy_judges_the_author_alone_where_the_author_brings_it() {
    let rule = json!({ "write_allow": [hex(LISTED)], "write_deny": [hex(ADMIN)] });
    let access = Access { policy: Some(json!({ "rules": { "1": rule } })), ..access() };
    assert_eq!(against(&access, &event(1, LISTED), &[LISTED, ADMIN]), []);
    assert!(!against(&access, &event(1, STRANGER), &[STRANGER, LISTED]).is_empty());
    assert_eq!(against(&access, &event(1, STRANGER), &[LISTED]), []);
    assert!(!against(&access, &event(1, STRANGER), &[LISTED, ADMIN]).is_empty());
    // No policy binds an owner.
    assert_eq!(against(&access, &event(1, STRANGER), &[OWNER]), []);
    assert!(!against(&access, &event(1, STRANGER), &[STRANGER, OWNER]).is_empty());
}

#[test]
fn a_question_is_closed_by_a_gate_or_for_want_of_an_answer() {
    let kinds = |kinds: &[u16]| Filter {
        kinds: Some(kinds.iter().map(|&kind| Kind(kind)).collect()),
        ..Filter::default()
    };
    let world = [event(1, STRANGER), event(4, STRANGER)];
    let open = access();
    assert_eq!(open.answers(&[], &[Filter::default()], &world), Answered::Yes);
    assert_eq!(open.answers(&[], &[kinds(&[4])], &world), Answered::Perhaps);
    assert_eq!(open.answers(&keys(&[STRANGER]), &[kinds(&[4])], &world), Answered::Yes);
    assert_eq!(open.answers(&keys(&[BANNED]), &[kinds(&[1])], &world), Answered::Closed("blocked: "));
    let gate = Access { auth_read: true, ..access() };
    assert_eq!(gate.answers(&[], &[Filter::default()], &world), Answered::Closed("auth-required: "));
    assert_eq!(gate.answers(&[], &[kinds(&[1]), kinds(&[24_133])], &world), Answered::Perhaps);
    assert_eq!(gate.answers(&[], &[kinds(&[24_133])], &[event(24_133, STRANGER)]), Answered::Yes);
    assert_eq!(gate.answers(&keys(&[LISTED]), &[kinds(&[1])], &world), Answered::Yes);
    // A question about nothing at all is no secret.
    assert_eq!(gate.answers(&[], &[kinds(&[])], &world), Answered::Perhaps);
    assert!(gate.can_see(&[], &event(24_133, STRANGER)) && !gate.can_see(&[], &event(1, STRANGER)));
}
