use chappe_protocol::{EventId, Kind, PublicKey, Timestamp};
use chappe_store::{Options, StateChange, Store};
use tempfile::TempDir;

use super::{Edit, State, StateError};
use crate::packed::{Name, Place};
use crate::values::{
    AuditEntry, Block, Invite, KindRule, Member, MemberRole, Note, Origin, Report, ReportStanding, Reported,
};

const KEY: PublicKey = PublicKey::from_bytes([1; 32]);
const ID: EventId = EventId::from_bytes([2; 32]);

fn note() -> Note {
    Note { by: PublicKey::from_bytes([3; 32]), at: Timestamp(0x0102), reason: "spam".into() }
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// One of each, with the bytes that docs/management.md draws: what was written once has to be read for ever.
#[expect(clippy::too_many_lines, reason = "a table")]
fn golden() -> Vec<(Edit, Vec<u8>, Vec<u8>)> {
    let (key, id, by) = ("01".repeat(32), "02".repeat(32), "03".repeat(32));
    let a_note = format!("{by} 0201000000000000 0400 7370616d");
    let entry = |edit, table: &str, rest: &str, value: String| {
        let key = [format!("management/{table}/").as_bytes(), &hex(rest)].concat();
        (edit, key, hex(&format!("01 {value}")))
    };
    let text = |text: &str| -> String { text.bytes().map(|byte| format!("{byte:02x}")).collect() };
    let block = Block { note: note(), until: Some(Timestamp(5)) };
    let member = Member { joined_at: Timestamp(5), roles: vec!["ab".into()] };
    let role = MemberRole { label: "k".into(), description: String::new(), color: Some(37), order: Some(1) };
    let invite = Invite {
        by: note().by,
        made_at: Timestamp(5),
        uses_left: 2,
        expires_at: None,
        origin: Origin::Requested,
    };
    let report = Report {
        first_at: Timestamp(5),
        reason: "spam".into(),
        reporters: vec![KEY],
        standing: ReportStanding::Settled,
    };
    let audit = AuditEntry { at: Timestamp(5), by: note().by, method: "ab".into(), params: "[]".into() };
    let five = "0500000000000000";
    vec![
        entry(Edit::BannedKey(KEY, Some(note())), "banned_key", &key, a_note.clone()),
        entry(Edit::AllowedKey(KEY, Some(note())), "allowed_key", &key, a_note.clone()),
        entry(Edit::TrustedKey(KEY, Some(note())), "trusted_key", &key, a_note.clone()),
        entry(Edit::BlacklistedKey(KEY, Some(note())), "blacklisted_key", &key, a_note.clone()),
        entry(Edit::Moderator(KEY, Some(note())), "moderator", &key, a_note.clone()),
        entry(Edit::BannedEvent(ID, Some(note())), "banned_event", &id, a_note.clone()),
        entry(
            Edit::BlockedAddress("192.0.2.1".parse().unwrap(), Some(block)),
            "blocked_address",
            &text("192.0.2.1"),
            format!("{a_note} 01 {five}"),
        ),
        entry(Edit::KindDecided(Kind(0x0102), Some(KindRule::Allowed)), "kind", "0102", "01".into()),
        entry(Edit::Membership(KEY, Some(member)), "member", &key, format!("{five} 0100 0200 6162")),
        entry(
            Edit::RoleDefined(Name("king".into()), Some(role)),
            "role",
            &text("king"),
            "0100 6b 0000 01 2500 01 0100000000000000".into(),
        ),
        entry(
            Edit::Invited(Name("code".into()), Some(invite)),
            "invite",
            &text("code"),
            format!("{by} {five} 02000000 00 01"),
        ),
        entry(
            Edit::Reporting(Reported::Event(ID), Some(report)),
            "report",
            &format!("65 {id}"),
            format!("{five} 0400 7370616d 0100 {key} 01"),
        ),
        entry(
            Edit::Identified(Name("name".into()), Some("x".into())),
            "identity",
            &text("name"),
            "0100 78".into(),
        ),
        entry(
            Edit::Audited(Place(0x0102), Some(audit)),
            "audit",
            "0000000000000102",
            format!("{five} {by} 0200 6162 0200 5b5d"),
        ),
        entry(Edit::Counted(Name("invites".into()), Some(5)), "counter", &text("invites"), five.into()),
    ]
}

#[test]
fn entries_lie_as_drawn() {
    for (edit, key, value) in golden() {
        assert_eq!(edit.key(), key, "{edit:?}");
        assert_eq!(edit.value().unwrap(), value, "{edit:?}");
        assert_eq!(Edit::decode(&key, &value), Some(edit));
    }
}

#[test]
fn the_names_of_the_lists_are_all_different() {
    let mut names: Vec<_> = golden().into_iter().map(|(_, key, _)| key).collect();
    names.sort();
    // No table's keys begin as another's do, so what one reads is never another's.
    for pair in names.windows(2) {
        assert!(!pair[1].starts_with(&pair[0]));
    }
}

#[test]
fn a_restart_keeps_everything() {
    let dir = TempDir::new().unwrap();
    let open = || Store::open(dir.path(), &options()).unwrap();
    let edits: Vec<_> = golden().into_iter().map(|(edit, _, _)| edit).collect();
    let mut state = State::default();
    state.change(&open(), edits).unwrap();
    assert_eq!(State::load(&open()).unwrap(), state);
    assert_eq!(state.banned_keys.get(&KEY), Some(&note()));
    state.change(&open(), vec![Edit::BannedKey(KEY, None)]).unwrap();
    assert!(state.banned_keys.is_empty());
    assert_eq!(State::load(&open()).unwrap(), state);
}

#[test]
fn an_entry_that_cannot_be_read_is_not_passed_over() {
    let bad: [(&[u8], &[u8]); 4] = [
        (b"management/banned_key/too short", &[1, 0]),
        (b"management/from_the_future/x", &[1]),
        (b"management/kind/\x00\x01", &[2, 1]),
        (b"management/kind/\x00\x01", &[1, 1, 1]),
    ];
    for (key, value) in bad {
        let dir = TempDir::new().unwrap();
        let store = Store::open(dir.path(), &options()).unwrap();
        store.change_state(&[StateChange { key, value: Some(value) }]).unwrap();
        assert!(matches!(State::load(&store), Err(StateError::Unreadable(_))), "{key:?}");
    }
}

#[test]
fn what_others_keep_is_not_touched() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path(), &options()).unwrap();
    store.change_state(&[StateChange { key: b"manager", value: Some(b"x") }]).unwrap();
    assert_eq!(State::load(&store).unwrap(), State::default());
}

#[test]
fn a_full_list_takes_no_more_and_still_changes() {
    let mut state = State::default();
    let role = |number: u64| Name(format!("role{number}"));
    let put = |number| {
        let role_of =
            MemberRole { label: String::new(), description: String::new(), color: None, order: None };
        Edit::RoleDefined(role(number), Some(role_of))
    };
    (0..100).for_each(|number| state.apply(put(number)));
    let full = state.check_room(&[put(100)]).unwrap_err();
    assert_eq!((full.list, full.entries_max), ("role", 100));
    assert_eq!(state.check_room(&[put(99)]), Ok(()), "it is there already");
    assert_eq!(
        state.check_room(&[Edit::RoleDefined(role(5), None), put(100)]),
        Ok(()),
        "one goes, one comes"
    );
    assert!(full.to_string().contains("100 entries"));
}

fn options() -> Options {
    Options { map_bytes: 1 << 26, map_reserve_bytes: 1 << 20, readers_max: 16, ..Options::default() }
}
