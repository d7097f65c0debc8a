use chappe_authorization::{Level, Mode, Strangers};
use chappe_testkit::{EventBuilder, Keys};
use serde_json::{Value, json};

use crate::CallError;
use crate::testing::{NOW, TestDesk, admin, follow_list, moderator, owner, person};

fn delete(desk: &TestDesk, by: &Keys, builder: &EventBuilder, author: &Keys) -> Result<Value, CallError> {
    desk.call(by, "deleteevent", json!([builder.clone().sign(author).id().to_string(), "because"]))
}

fn stored(desk: &TestDesk) -> u64 {
    desk.store.usage().unwrap().events
}

#[test]
fn what_is_deleted_is_gone_and_the_audit_log_tells_of_it_once() {
    let desk = TestDesk::new(Mode::Open);
    let (bad, good) = (EventBuilder::new(1).content("bad"), EventBuilder::new(1).content("good"));
    desk.save(bad.clone(), &person(1));
    desk.save(good, &person(1));
    assert_eq!(delete(&desk, &admin(), &bad, &person(1)).unwrap(), json!(true));
    assert_eq!(stored(&desk), 1);
    // What is not there cannot be deleted, and there is nothing to tell of it.
    let again = delete(&desk, &admin(), &bad, &person(1)).unwrap_err();
    assert_eq!(again.to_string(), "this event is not stored here");
    let desk = desk.reopened();
    assert_eq!(stored(&desk), 1);
    let log = desk.done("listauditlog", json!([]));
    let methods: Vec<_> = log.as_array().unwrap().iter().map(|entry| &entry["method"]).collect();
    assert_eq!(methods, ["deleteevent"]);
    assert_eq!(log[0]["pubkey"], admin().hex());
    // No mark is left.
    desk.save(bad, &person(1));
}

#[test]
fn one_that_has_expired_and_is_not_swept_yet_is_deleted_too() {
    let desk = TestDesk::new(Mode::Open);
    let expired = EventBuilder::new(1).tag(&["expiration", &NOW.minus_seconds(9).to_string()]);
    desk.save(expired.clone(), &person(1));
    delete(&desk, &admin(), &expired, &person(1)).unwrap();
    assert_eq!(stored(&desk), 0);
}

#[test]
fn who_stands_as_high_keeps_their_events() {
    let desk = TestDesk::new(Mode::Open);
    let rows = [
        (admin(), owner(), false),
        (owner(), owner(), true),
        (admin(), admin(), true),
        (owner(), admin(), true),
        (admin(), moderator(), true),
        (admin(), person(1), true),
    ];
    for (row, (by, author, may)) in rows.into_iter().enumerate() {
        let (note, before) = (EventBuilder::new(1).content(row.to_string()), stored(&desk));
        desk.save(note.clone(), &author);
        let answer = delete(&desk, &by, &note, &author);
        if may {
            answer.unwrap();
            assert_eq!(stored(&desk), before);
        } else {
            assert!(matches!(answer, Err(CallError::Refused(_))), "{answer:?}");
            assert_eq!(stored(&desk), before + 1);
        }
    }
}

#[test]
fn reports_about_it_leave_the_queue_and_later_ones_come_into_it() {
    let desk = TestDesk::new(Mode::Open);
    let note = EventBuilder::new(1).content("bad");
    let id = note.clone().sign(&person(1)).id().to_string();
    let waiting = || desk.done("listeventsneedingmoderation", json!([])).as_array().unwrap().len();
    for reporter in [2, 3] {
        desk.save(note.clone(), &person(1));
        desk.save(EventBuilder::new(1984).tag(&["e", &id, "spam"]), &person(reporter));
        desk.desk.tick(NOW);
        assert_eq!(waiting(), 1);
        delete(&desk, &admin(), &note, &person(1)).unwrap();
        assert_eq!(waiting(), 0);
    }
}

#[test]
fn a_follow_list_grants_nothing_any_more() {
    let desk = TestDesk::new(Mode::Follows(Strangers::Refuse));
    let writes = || desk.desk.live().load().level_of(&person(1).public()) >= Level::Write;
    let list = follow_list(&[&person(1)], 10);
    desk.save(list.clone(), &admin());
    assert!(writes());
    delete(&desk, &owner(), &list, &admin()).unwrap();
    assert!(!writes());
}
