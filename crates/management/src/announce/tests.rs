use chappe_authorization::Mode;
use serde_json::{Value, json};

use super::{ROSTER_BYTES_MAX, roster};
use crate::testing::{NOW, TestDesk, TestOwn, person, relay_keys};
use crate::values::Member;

fn hex(number: u64) -> String {
    person(number).hex()
}

fn kinds(events: &[TestOwn]) -> Vec<u16> {
    events.iter().map(|event| event.kind).collect()
}

/// The tags of the last roster among these.
fn last_roster(events: &[TestOwn]) -> Value {
    events.iter().rfind(|event| event.kind == 13534).map_or(Value::Null, TestOwn::tags)
}

#[test]
fn coming_and_going_is_told_and_the_roster_follows() {
    let desk = TestDesk::new(Mode::Members);
    assert_eq!(desk.publish(), [], "nothing to tell of nobody");
    desk.done("addmember", json!([hex(1)]));
    let told = desk.publish();
    assert_eq!(kinds(&told), [8000, 13534]);
    assert_eq!(told[0].tags(), json!([["-"], ["p", hex(1)]]));
    assert_eq!(told[1].tags(), json!([["-"], ["member", hex(1)]]));
    assert!(told.iter().all(|event| event.author == relay_keys().public()));
    // In the same second a second roster would not replace the first, so it waits.
    desk.done("addmember", json!([hex(2)]));
    desk.done("removemember", json!([hex(1)]));
    assert_eq!(kinds(&desk.publish()), [8000, 8001]);
    desk.desk.tick(NOW.plus_seconds(1));
    let told = desk.publish();
    assert_eq!(last_roster(&told), json!([["-"], ["member", hex(2)]]));
    desk.desk.tick(NOW.plus_seconds(2));
    assert_eq!(desk.publish(), [], "told once");
}

#[test]
fn the_roster_names_roles_and_leaves_out_who_is_banned() {
    let desk = TestDesk::new(Mode::Members);
    desk.done("createrole", json!(["28b7e50f"]));
    desk.done("addmember", json!([hex(1)]));
    desk.done("addmember", json!([hex(2)]));
    desk.done("assignrole", json!([hex(1), "28b7e50f"]));
    desk.done("banpubkey", json!([hex(2)]));
    desk.publish();
    desk.desk.tick(NOW.plus_seconds(1));
    assert_eq!(last_roster(&desk.publish()), json!([["-"], ["member", hex(1), "28b7e50f"]]));
    desk.done("unbanpubkey", json!([hex(2)]));
    desk.desk.tick(NOW.plus_seconds(2));
    let told = desk.publish();
    assert_eq!(kinds(&told), [13534], "a ban is no leaving");
    assert_eq!(told[0].tags.len(), 3);
}

#[test]
fn roles_are_told_changed_and_deleted() {
    let desk = TestDesk::new(Mode::Members);
    desk.done("createrole", json!(["28b7e50f", "king", "ruler of the relay", 37, 1]));
    let told = desk.publish();
    assert_eq!(kinds(&told), [33534]);
    assert_eq!(
        told[0].tags(),
        json!([
            ["-"],
            ["d", "28b7e50f"],
            ["label", "king"],
            ["description", "ruler of the relay"],
            ["color", "37"],
            ["order", "1"],
        ])
    );
    // Within the same second: each one replaces the one before, or it would not have been stored.
    desk.done("editrole", json!(["28b7e50f", "queen"]));
    assert_eq!(desk.publish()[0].tags(), json!([["-"], ["d", "28b7e50f"], ["label", "queen"]]));
    desk.done("deleterole", json!(["28b7e50f"]));
    let told = desk.publish();
    let address = format!("33534:{}:28b7e50f", relay_keys().public());
    assert_eq!(kinds(&told), [5]);
    assert_eq!(told[0].tags(), json!([["-"], ["a", address], ["k", "33534"]]));
    desk.done("createrole", json!(["28b7e50f", "again"]));
    assert_eq!(kinds(&desk.publish()), [33534], "it is not taken for the deleted one");
}

#[test]
fn a_deleted_role_is_taken_from_its_holders() {
    let desk = TestDesk::new(Mode::Members);
    desk.done("createrole", json!(["king"]));
    desk.done("addmember", json!([hex(1)]));
    desk.done("assignrole", json!([hex(1), "king"]));
    desk.done("assignrole", json!([hex(1), "king"]));
    assert_eq!(desk.done("listmembers", json!([]))[0]["roles"], json!(["king"]), "each once");
    let standing = desk.desk.live().load().standing().clone();
    assert_eq!(standing.members.roles(&person(1).public()), ["king".into()]);
    desk.done("deleterole", json!(["king"]));
    assert_eq!(desk.done("listmembers", json!([]))[0]["roles"], json!([]));
    desk.done("createrole", json!(["king"]));
    desk.done("assignrole", json!([hex(1), "king"]));
    desk.done("unassignrole", json!([hex(1), "king"]));
    assert_eq!(desk.done("listmembers", json!([]))[0]["roles"], json!([]));
}

#[test]
fn what_was_not_told_before_a_restart_is_told_after_it() {
    let desk = TestDesk::new(Mode::Members);
    desk.done("createrole", json!(["stays"]));
    desk.done("createrole", json!(["goes"]));
    desk.done("createrole", json!(["changes"]));
    desk.done("addmember", json!([hex(1)]));
    desk.publish();
    let desk = desk.reopened();
    desk.desk.tick(NOW);
    assert_eq!(desk.publish(), [], "all was told");
    desk.done("deleterole", json!(["goes"]));
    desk.done("editrole", json!(["changes", "label"]));
    desk.done("createrole", json!(["comes"]));
    desk.done("removemember", json!([hex(1)]));
    // A crash: what waited to be published is lost.
    drop(desk.desk.take_events());
    let desk = desk.reopened();
    desk.desk.tick(NOW.plus_seconds(1));
    let told = desk.publish();
    let mut told_kinds = kinds(&told);
    told_kinds.sort_unstable();
    assert_eq!(told_kinds, [5, 13534, 33534, 33534]);
    assert_eq!(last_roster(&told), json!([["-"]]));
    let desk = desk.reopened();
    desk.desk.tick(NOW.plus_seconds(2));
    assert_eq!(desk.publish(), []);
}

#[test]
fn a_long_roster_names_those_who_have_been_here_longest() {
    let desk = TestDesk::new(Mode::Members);
    let mut state = desk.desk.lock_state();
    for number in 0..5_000_u64 {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.reverse_bits().to_be_bytes());
        let member = Member { joined_at: NOW.plus_seconds(number), roles: Vec::new() };
        state.members.insert(chappe_protocol::PublicKey::from_bytes(key), member);
    }
    let named = TestOwn::read(&roster(&relay_keys(), &state, NOW));
    assert_eq!(named.tags.len(), 1 + 4_000);
    assert_eq!(named.tags[1][1], "0".repeat(64));
    for member in state.members.values_mut() {
        member.roles = (0..20).map(|number| format!("{number:064}")).collect();
    }
    let own = roster(&relay_keys(), &state, NOW);
    let named = TestOwn::read(&own).tags.len();
    assert!(own.json().len() < ROSTER_BYTES_MAX + 1_000 && (200..4_000).contains(&named), "{named}");
}
