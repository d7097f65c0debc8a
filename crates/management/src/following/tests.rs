use std::time::Duration;

use chappe_authorization::{Delay, Level, Mode, Social, Strangers};
use chappe_protocol::Timestamp;
use chappe_testkit::{EventBuilder, Keys};
use serde_json::json;

use crate::Terms;
use crate::testing::{NOW, TestDesk, admin, follow_list, owner, person, settings};

fn follows() -> Mode {
    Mode::Follows(Strangers::Refuse)
}

/// Mode social, as far as the distances go.
fn social(depth_max: u8) -> Mode {
    let delay = Delay { step: Duration::ZERO, max: Duration::ZERO };
    Mode::Social(Social { depth_max, delay })
}

fn writes(desk: &TestDesk, keys: &Keys) -> bool {
    desk.desk.live().load().level_of(&keys.public()) >= Level::Write
}

fn hops(desk: &TestDesk, keys: &Keys) -> Option<u8> {
    desk.desk.live().load().distances().hops(&keys.public())
}

#[test]
fn an_admins_list_grants_and_revokes_at_once() {
    let desk = TestDesk::new(follows());
    assert!(!writes(&desk, &person(1)));
    desk.save(follow_list(&[&person(1), &person(2)], 10), &admin());
    assert!(writes(&desk, &person(1)) && writes(&desk, &person(2)));
    desk.save(follow_list(&[&person(2), &person(3)], 11), &admin());
    assert!(!writes(&desk, &person(1)), "unfollowed");
    assert!(writes(&desk, &person(2)) && writes(&desk, &person(3)));
    desk.save(follow_list(&[&person(1)], 10), &owner());
    assert!(!writes(&desk, &person(1)), "an owner is no admin by that");
    let desk = desk.reopened();
    let may: Vec<_> = (1..=3).map(|number| writes(&desk, &person(number))).collect();
    assert_eq!(may, [false, true, true], "after a restart");
}

#[test]
fn others_and_other_kinds_change_nothing() {
    let desk = TestDesk::new(follows());
    desk.save(follow_list(&[&person(1)], 10), &admin());
    let before = desk.desk.live().load_full();
    desk.save(follow_list(&[&person(3)], 10), &person(1));
    desk.save(EventBuilder::new(0).created_at(11), &admin());
    desk.save(EventBuilder::new(10002).created_at(11).tag(&["p", &person(3).hex()]), &admin());
    desk.save(EventBuilder::new(5).created_at(11).tag(&["k", "1"]), &person(1));
    assert!(std::sync::Arc::ptr_eq(&before, &desk.desk.live().load_full()), "nothing was computed");
    assert!(!writes(&desk, &person(3)));
}

#[test]
fn a_deleted_list_grants_nothing() {
    let desk = TestDesk::new(follows());
    let list = follow_list(&[&person(1)], 10);
    let id = list.clone().sign(&admin()).id();
    desk.save(list, &admin());
    assert!(writes(&desk, &person(1)));
    desk.save(EventBuilder::new(5).created_at(11).tag(&["e", &id.to_string()]), &admin());
    assert!(!writes(&desk, &person(1)), "by id");
    desk.save(follow_list(&[&person(1)], 20), &admin());
    let address = format!("3:{}:", admin().hex());
    desk.save(EventBuilder::new(5).created_at(21).tag(&["a", &address]), &admin());
    assert!(!writes(&desk, &person(1)), "by address");
    desk.save(follow_list(&[&person(1)], 30), &admin());
    assert!(writes(&desk, &person(1)));
    desk.save(EventBuilder::new(62).created_at(31).tag(&["relay", "ALL_RELAYS"]), &admin());
    assert!(!writes(&desk, &person(1)), "vanished");
}

#[test]
fn a_list_that_expires_grants_until_then() {
    let desk = TestDesk::new(follows());
    let until = NOW.plus_seconds(60);
    desk.save(follow_list(&[&person(1)], 10).tag(&["expiration", &until.to_string()]), &admin());
    desk.desk.tick(until.minus_seconds(1));
    assert!(writes(&desk, &person(1)));
    desk.desk.tick(until);
    assert!(!writes(&desk, &person(1)));
}

#[test]
fn names_that_are_no_keys_are_passed_over() {
    let desk = TestDesk::new(follows());
    let list = follow_list(&[&person(1)], 10).tag(&["p"]).tag(&["p", "npub1"]).tag(&["p", ""]);
    desk.save(list, &admin());
    assert!(writes(&desk, &person(1)));
}

#[test]
fn a_new_configuration_brings_its_own_lists() {
    let desk = TestDesk::new(Mode::Open);
    desk.save(follow_list(&[&person(1)], 10), &admin());
    desk.save(follow_list(&[&person(2)], 10), &person(9));
    desk.desk.reconfigure(settings(follows()), Terms::default(), NOW);
    assert!(writes(&desk, &person(1)) && !writes(&desk, &person(2)));
    let admins = [person(9).public()].into_iter().collect();
    let changed = chappe_authorization::Settings { admins, ..settings(follows()) };
    desk.desk.reconfigure(changed, Terms::default(), NOW);
    assert!(!writes(&desk, &person(1)) && writes(&desk, &person(2)));
}

#[test]
fn distances_are_counted_from_owners_and_admins() {
    let desk = TestDesk::new(social(2));
    desk.save(follow_list(&[&person(1)], 10), &admin());
    desk.save(follow_list(&[&person(2), &admin()], 10), &person(1));
    desk.save(follow_list(&[&person(3)], 10), &person(2));
    desk.desk.tick(NOW);
    assert_eq!(hops(&desk, &admin()), Some(0));
    assert_eq!(hops(&desk, &person(1)), Some(1));
    assert_eq!(hops(&desk, &person(2)), Some(2));
    assert_eq!(hops(&desk, &person(3)), None, "too far");
    let desk = desk.reopened();
    desk.desk.tick(NOW);
    assert_eq!(hops(&desk, &person(2)), Some(2), "after a restart");
}

#[test]
fn distances_are_computed_again_at_once_for_an_admin_and_later_for_others() {
    let desk = TestDesk::new(social(2));
    desk.save(follow_list(&[&person(1)], 10), &admin());
    desk.desk.tick(NOW);
    desk.save(follow_list(&[&person(1), &person(5)], 11), &admin());
    desk.desk.tick(NOW.plus_seconds(1));
    assert_eq!(hops(&desk, &person(5)), Some(1));
    desk.save(follow_list(&[&person(2)], 10), &person(1));
    let after = |seconds| Timestamp(NOW.0 + 1 + seconds);
    desk.desk.tick(after(299));
    assert_eq!(hops(&desk, &person(2)), None);
    desk.desk.tick(after(300));
    assert_eq!(hops(&desk, &person(2)), Some(2));
    // Somebody at the edge or beyond it changes nothing that counts.
    let before = desk.desk.live().load_full();
    desk.save(follow_list(&[&person(3)], 10), &person(2));
    desk.save(follow_list(&[&person(3)], 10), &person(8));
    desk.desk.tick(after(1_000));
    assert!(std::sync::Arc::ptr_eq(&before, &desk.desk.live().load_full()));
}

#[test]
fn other_modes_measure_no_distances() {
    let desk = TestDesk::new(Mode::Open);
    desk.save(follow_list(&[&person(1)], 10), &admin());
    desk.desk.tick(NOW);
    assert_eq!(hops(&desk, &person(1)), None);
    desk.desk.reconfigure(settings(social(1)), Terms::default(), NOW);
    desk.desk.tick(NOW);
    assert_eq!(hops(&desk, &person(1)), Some(1));
    desk.done("banpubkey", json!([person(1).hex()]));
    assert_eq!(hops(&desk, &person(1)), Some(1), "a change of the lists keeps them");
}
