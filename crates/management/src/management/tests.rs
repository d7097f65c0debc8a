use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use chappe_authorization::{Curating, Denied, Mode, Peer, Source, Viewer, authorize, can_see};
use chappe_protocol::Timestamp;
use chappe_testkit::{EventBuilder, Keys};
use serde_json::json;

use crate::testing::{NOW, TestDesk, moderator, person, settings, verified};

fn may_write(desk: &TestDesk, by: &Keys) -> bool {
    let event = EventBuilder::new(1).sign(by);
    let (peer, access) = (Peer::default(), desk.desk.live().load());
    authorize(&access, desk.desk.meters(), verified(&event), Source::Client(&peer), 300, NOW).is_ok()
}

#[test]
fn what_was_changed_is_in_force_at_once() {
    let desk = TestDesk::new(Mode::Managed);
    assert!(!may_write(&desk, &person(1)));
    desk.done("allowpubkey", json!([person(1).hex()]));
    assert!(may_write(&desk, &person(1)));
    desk.done("unallowpubkey", json!([person(1).hex()]));
    assert!(!may_write(&desk, &person(1)));
    let desk = TestDesk::new(Mode::Open);
    assert!(may_write(&desk, &person(1)));
    desk.done("disallowkind", json!([1]));
    assert!(!may_write(&desk, &person(1)));
    desk.done("allowkind", json!([1]));
    desk.done("banpubkey", json!([person(1).hex()]));
    assert!(!may_write(&desk, &person(1)));
    let event = EventBuilder::new(1).sign(&person(1));
    let sees = |viewer: &Viewer| can_see(&desk.desk.live().load(), viewer, &event.head());
    assert!(!sees(&Viewer::anonymous()), "hidden");
    assert!(sees(&crate::testing::signed_in(&[&moderator()])));
    desk.done("unbanpubkey", json!([person(1).hex()]));
    desk.done("banevent", json!([event.id().to_string()]));
    assert!(!sees(&Viewer::anonymous()) && !may_write(&desk, &person(1)));
    desk.done("allowevent", json!([event.id().to_string()]));
    assert!(sees(&Viewer::anonymous()) && may_write(&desk, &person(1)));
}

#[test]
fn what_was_loaded_before_stays_as_it_was() {
    let desk = TestDesk::new(Mode::Open);
    let before = desk.desk.live().load_full();
    desk.done("banpubkey", json!([person(1).hex()]));
    assert!(!before.is_banned(&person(1).public()), "a decision looks at one snapshot");
    assert!(desk.desk.live().load().is_banned(&person(1).public()));
}

#[test]
fn daily_counts_and_growing_bans_outlive_a_restart() {
    let mode = Mode::Curating(Curating { events_per_address_a_day: 2, ..Curating::default() });
    let peer = Peer { address: Some(IpAddr::from([192, 0, 2, 1])), ..Peer::default() };
    let publish = |desk: &TestDesk| {
        let event = EventBuilder::new(1).sign(&person(1));
        let access = desk.desk.live().load();
        authorize(&access, desk.desk.meters(), verified(&event), Source::Client(&peer), 300, NOW).map(|_| ())
    };
    let desk = TestDesk::new(mode);
    publish(&desk).unwrap();
    let desk = desk.reopened();
    publish(&desk).unwrap();
    let suspended = publish(&desk).unwrap_err();
    assert!(matches!(suspended, Denied::AddressSuspended { .. }), "{suspended:?}");
    let desk = desk.reopened();
    assert_eq!(publish(&desk).unwrap_err(), suspended);
}

#[test]
fn counters_are_kept_every_ten_seconds() {
    let desk = TestDesk::new(Mode::Curating(Curating::default()));
    let kept = || desk.store.state(b"meters").unwrap();
    desk.desk.tick(NOW);
    assert!(may_write(&desk, &person(1)));
    desk.desk.tick(NOW.plus_seconds(9));
    let before = kept();
    desk.desk.tick(NOW.plus_seconds(10));
    assert_ne!(before, kept());
    assert_eq!(kept().len(), 1);
}

#[test]
fn counters_that_cannot_be_read_do_not_keep_the_relay_from_starting() {
    let desk = TestDesk::new(Mode::Open);
    let change = chappe_store::StateChange { key: b"meters", value: Some(b"\xffnonsense") };
    desk.store.change_state(&[change]).unwrap();
    let TestDesk { desk, store, .. } = &desk;
    assert!(store.state(b"meters").is_ok());
    let keys = crate::testing::relay_keys();
    let files = crate::PolicyFiles::default();
    let terms = crate::Terms::default();
    crate::Management::open(store.clone(), settings(Mode::Open), terms, files, keys, NOW).unwrap();
    drop(desk.take_events());
}

#[test]
fn the_relays_key_and_the_lists_are_in_the_settings_in_force() {
    let desk = TestDesk::new(Mode::Open);
    desk.done("addmoderator", json!([person(1).hex()]));
    let in_force = desk.desk.live().load().settings().clone();
    assert_eq!(in_force.relay_key, Some(desk.desk.keys().public()));
    let both = [person(1).public(), moderator().public()].into_iter().collect();
    assert_eq!(in_force.moderators, both);
    desk.desk.reconfigure(settings(Mode::Managed), crate::Terms::default(), NOW);
    let in_force = desk.desk.live().load().settings().clone();
    assert_eq!((&in_force.mode, &in_force.moderators), (&Mode::Managed, &both));
}

#[test]
fn the_audit_log_keeps_the_newest() {
    let desk = TestDesk::new(Mode::Open);
    let mut state = desk.desk.lock_state();
    for number in 0..10_005_u64 {
        let mut edits = Vec::new();
        desk.desk.audit(&state, &mut edits, (person(1).public(), "method", "[]"), Timestamp(number));
        if number < 10_000 {
            // All at once is what a test can wait for.
            for edit in edits {
                if let crate::state::Edit::Audited(place, Some(entry)) = edit {
                    state.audit.insert(place, entry);
                }
            }
        } else {
            state.change(&desk.store, edits).unwrap();
        }
    }
    assert_eq!(state.audit.len(), 10_000);
    let (first, last) = (state.audit.first_key_value().unwrap(), state.audit.last_key_value().unwrap());
    assert_eq!((first.1.at, last.1.at), (Timestamp(5), Timestamp(10_004)));
}

#[test]
fn long_parameters_are_cut_in_the_log() {
    let desk = TestDesk::new(Mode::Open);
    desk.done("changerelaydescription", json!(["é".repeat(2_000)]));
    let log = desk.done("listauditlog", json!([]));
    let params = log[0]["params"].as_str().unwrap();
    assert!(params.len() <= 1_024 && params.starts_with("[\"éé"), "{}", params.len());
}

#[test]
fn a_full_store_changes_nothing() {
    let desk = TestDesk::new(Mode::Open);
    let filler = vec![0; 1 << 20];
    for number in 0..1_000_u32 {
        let key = format!("filler {number}");
        let change = chappe_store::StateChange { key: key.as_bytes(), value: Some(&filler) };
        if desk.store.change_state(&[change]).is_err() {
            break;
        }
    }
    let small = vec![0; 1 << 12];
    for number in 0..10_000_u32 {
        let key = format!("small filler {number}");
        let change = chappe_store::StateChange { key: key.as_bytes(), value: Some(&small) };
        if desk.store.change_state(&[change]).is_err() {
            break;
        }
    }
    let error = (0..1_000)
        .find_map(|number| desk.call(&moderator(), "banpubkey", json!([person(number).hex()])).err())
        .expect("the store is full");
    assert!(matches!(error, crate::CallError::Store(_)), "{error}");
    let in_memory = desk.desk.lock_state().clone();
    assert_eq!(crate::state::State::load(&desk.store).unwrap(), in_memory);
}

/// A change waits for the writer; the writer's thread, in `after_save`, never waits for a change.
#[test]
fn the_writer_and_those_who_change_do_not_wait_for_each_other() {
    let desk = TestDesk::new(Mode::Follows(chappe_authorization::Strangers::Refuse));
    let finished = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..100 {
                let list = crate::testing::follow_list(&[&person(number)], 10 + number);
                desk.save(list, &crate::testing::admin());
                desk.save(
                    EventBuilder::new(1984).created_at(number).tag(&["p", &person(1).hex()]),
                    &person(number),
                );
            }
            finished.store(true, Ordering::Relaxed);
        });
        scope.spawn(|| {
            for _ in 0..100_000 {
                if finished.load(Ordering::Relaxed) {
                    break;
                }
                desk.done("banpubkey", json!([person(500).hex()]));
                desk.desk.tick(NOW);
                desk.done("unbanpubkey", json!([person(500).hex()]));
            }
        });
    });
    assert!(may_write(&desk, &person(99)) && !may_write(&desk, &person(98)));
}
