use chappe_authorization::{Mode, Viewer};
use chappe_protocol::{Kind, Prefix, Timestamp};
use chappe_testkit::{EventBuilder, Keys};
use serde_json::json;

use crate::testing::{NOW, TestDesk, TestOwn, admin, moderator, owner, person, signed_in, verified};
use crate::{InvitesBy, Terms};

fn request(claim: &str) -> EventBuilder {
    EventBuilder::new(28934).tag(&["-"]).tag(&["claim", claim])
}

fn desk() -> TestDesk {
    let desk = TestDesk::new(Mode::Members);
    desk.done("createinvite", json!([{"code": "good code", "uses": 2}]));
    desk
}

#[track_caller]
fn refused(answer: crate::Answer, text: &str) {
    let refusal = answer.expect_err(text);
    assert_eq!(refusal.to_string(), text);
}

fn is_member(desk: &TestDesk, keys: &Keys) -> bool {
    desk.desk.live().load().standing().members.contains(&keys.public())
}

#[test]
fn a_good_claim_makes_a_member_for_good() {
    let desk = desk();
    let answer = desk.join(request("good code"), &person(1)).unwrap();
    assert_eq!(answer, "info: welcome to wss://relay.example.com!");
    assert!(is_member(&desk, &person(1)));
    let answer = desk.join(request("good code"), &person(1)).unwrap();
    assert_eq!(answer, "duplicate: you are already a member of this relay");
    let desk = desk.reopened();
    assert!(is_member(&desk, &person(1)));
    let uses = desk.done("listinvites", json!([]))[0]["uses"].clone();
    assert_eq!(uses, 1, "the duplicate took none");
}

#[test]
fn a_claim_lets_in_as_many_as_it_says() {
    let desk = desk();
    for number in 1..=2 {
        desk.join(request("good code"), &person(number)).unwrap();
    }
    refused(desk.join(request("good code"), &person(3)), "restricted: that invite code is used up");
    assert!(!is_member(&desk, &person(3)));
}

#[test]
fn claims_that_are_not_good_are_told_apart() {
    let desk = desk();
    let late = NOW.plus_seconds(7 * 86_400);
    let at = |at: Timestamp| request("good code").created_at(at.0);
    refused(desk.join_at(at(late), &person(1), late), "restricted: that invite code is expired");
    desk.join_at(at(late.minus_seconds(1)), &person(2), late.minus_seconds(1)).unwrap();
    refused(desk.join(request("bad code"), &person(1)), "restricted: that is an invalid invite code");
    refused(desk.join(request(""), &person(1)), "restricted: to join takes an invite code, in a claim tag");
    refused(
        desk.join(EventBuilder::new(28934).tag(&["-"]), &person(1)),
        "restricted: to join takes an invite code, in a claim tag",
    );
    refused(desk.join(request(&"x".repeat(101)), &person(1)), "restricted: that is an invalid invite code");
    desk.done("revokeinvite", json!(["good code"]));
    refused(desk.join(request("good code"), &person(1)), "restricted: that is an invalid invite code");
}

#[test]
fn expired_claims_are_told_so_for_a_week() {
    let desk = desk();
    let week = 7 * 86_400;
    let just_before = NOW.plus_seconds(2 * week - 1);
    desk.desk.tick(just_before);
    let request = |at: Timestamp| request("good code").created_at(at.0);
    refused(
        desk.join_at(request(just_before), &person(1), just_before),
        "restricted: that invite code is expired",
    );
    let after = NOW.plus_seconds(2 * week + 60);
    desk.desk.tick(after);
    refused(desk.join_at(request(after), &person(1), after), "restricted: that is an invalid invite code");
}

#[test]
fn requests_hold_for_ten_minutes() {
    let desk = desk();
    let text = "invalid: created_at has to lie within 600 seconds of the relay's clock";
    refused(desk.join(request("good code").created_at(NOW.0 - 601), &person(1)), text);
    refused(desk.join(request("good code").created_at(NOW.0 + 601), &person(1)), text);
    desk.join(request("good code").created_at(NOW.0 - 600), &person(1)).unwrap();
    desk.join(request("good code").created_at(NOW.0 + 600), &person(2)).unwrap();
}

#[test]
fn a_protected_request_comes_from_its_author_alone() {
    let desk = desk();
    let event = request("good code").sign(&person(1));
    let join = |viewer: Viewer| desk.desk.join(&verified(&event), &viewer, NOW);
    assert_eq!(join(Viewer::anonymous()).unwrap_err().prefix, Prefix::AuthRequired);
    assert_eq!(join(signed_in(&[&person(2)])).unwrap_err().prefix, Prefix::Restricted);
    join(signed_in(&[&person(2), &person(1)])).unwrap();
    let open = EventBuilder::new(28934).tag(&["claim", "good code"]).sign(&person(3));
    desk.desk.join(&verified(&open), &Viewer::anonymous(), NOW).unwrap();
}

#[test]
fn banned_keys_and_other_kinds_do_not_join() {
    let desk = desk();
    desk.done("banpubkey", json!([person(1).hex()]));
    refused(desk.join(request("good code"), &person(1)), "blocked: this key is banned from this relay");
    let other = EventBuilder::new(28936).tag(&["claim", "good code"]);
    refused(desk.join(other, &person(2)), "invalid: the request is of another kind");
}

#[test]
fn who_leaves_is_gone_at_once() {
    let desk = desk();
    desk.join(request("good code"), &person(1)).unwrap();
    let leave = |builder: EventBuilder, by: &Keys| {
        let event = builder.sign(by);
        desk.desk.leave(&verified(&event), &signed_in(&[by]), NOW)
    };
    let request = || EventBuilder::new(28936).tag(&["-"]);
    refused(leave(EventBuilder::new(28936), &person(1)), "invalid: a request to leave has the tag [\"-\"]");
    refused(
        leave(request().created_at(NOW.0 - 601), &person(1)),
        "invalid: created_at has to lie within 600 seconds of the relay's clock",
    );
    let event = request().sign(&person(1));
    let by_others = desk.desk.leave(&verified(&event), &signed_in(&[&person(2)]), NOW);
    assert_eq!(by_others.unwrap_err().prefix, Prefix::Restricted);
    assert!(is_member(&desk, &person(1)));
    assert_eq!(leave(request(), &person(1)).unwrap(), "info: you are no longer a member of this relay");
    assert!(!is_member(&desk, &person(1)));
    assert_eq!(leave(request(), &person(1)).unwrap(), "duplicate: you are not a member of this relay");
    assert!(!is_member(&desk.reopened(), &person(1)));
}

#[test]
fn comings_and_goings_are_in_the_audit_log_without_the_code() {
    let desk = desk();
    desk.join(request("good code"), &person(1)).unwrap();
    let log = desk.done("listauditlog", json!([{"limit": 1}]));
    assert_eq!((&log[0]["method"], &log[0]["pubkey"]), (&json!("join"), &json!(person(1).hex())));
    assert_eq!(log[0]["params"], "[\"good...\"]");
}

#[test]
fn members_get_a_claim_by_asking() {
    let desk = desk();
    desk.join(request("good code"), &person(1)).unwrap();
    let own = desk.desk.invite_for(&signed_in(&[&person(1)]), NOW).unwrap();
    let invite = TestOwn::read(&own);
    assert_eq!((own.kind(), invite.author), (Kind(28935), desk.desk.keys().public()));
    assert_eq!(invite.tags[0], ["-"]);
    assert_eq!(invite.tags[1][0], "claim");
    desk.join(request(&invite.tags[1][1]), &person(2)).unwrap();
    refused(desk.join(request(&invite.tags[1][1]), &person(3)), "restricted: that invite code is used up");
}

#[test]
fn who_asks_for_many_claims_gets_the_same_ones_again() {
    let desk = desk();
    desk.join(request("good code"), &person(1)).unwrap();
    let mut codes: Vec<String> = (0..25)
        .map(|_| desk.desk.invite_for(&signed_in(&[&person(1)]), NOW).unwrap())
        .map(|own| TestOwn::read(&own).tags[1][1].clone())
        .collect();
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 10);
    desk.join(request(&codes[0]), &person(2)).unwrap();
    let next = TestOwn::read(&desk.desk.invite_for(&signed_in(&[&person(1)]), NOW).unwrap());
    assert!(!codes.contains(&next.tags[1][1]), "one was used, so there is room for one");
}

#[test]
fn claims_are_for_those_who_may_invite() {
    let desk = desk();
    desk.join(request("good code"), &person(1)).unwrap();
    let prefix =
        |viewer: Viewer| desk.desk.invite_for(&viewer, NOW).map(|_| ()).map_err(|refusal| refusal.prefix);
    assert_eq!(prefix(Viewer::anonymous()), Err(Prefix::AuthRequired));
    assert_eq!(prefix(signed_in(&[&person(2)])), Err(Prefix::Restricted));
    assert_eq!(prefix(signed_in(&[&person(2), &person(1)])), Ok(()));
    for keys in [owner(), admin(), moderator()] {
        assert_eq!(prefix(signed_in(&[&keys])), Ok(()));
    }
    desk.done("banpubkey", json!([person(1).hex()]));
    assert_eq!(prefix(signed_in(&[&person(1)])), Err(Prefix::Blocked));
    desk.done("unbanpubkey", json!([person(1).hex()]));
    let terms = Terms { invites_by: InvitesBy::Admins, ..Terms::default() };
    desk.desk.reconfigure(crate::testing::settings(Mode::Members), terms, NOW);
    assert_eq!(prefix(signed_in(&[&person(1)])), Err(Prefix::Restricted));
    assert_eq!(prefix(signed_in(&[&admin()])), Ok(()));
    let terms = Terms::default();
    desk.desk.reconfigure(crate::testing::settings(Mode::Open), terms, NOW);
    assert_eq!(prefix(signed_in(&[&admin()])), Err(Prefix::Restricted));
}

#[test]
fn codes_do_not_come_again_after_a_restart() {
    let code = |desk: &TestDesk| {
        let answer = desk.done("createinvite", json!([]));
        let code = answer["code"].as_str().unwrap().to_owned();
        desk.done("revokeinvite", json!([code]));
        code
    };
    let desk = desk();
    let (one, desk) = (code(&desk), desk.reopened());
    let (two, three) = (code(&desk), code(&desk));
    assert!(one != two && two != three && one != three);
    assert_eq!(one.len(), 32);
}
