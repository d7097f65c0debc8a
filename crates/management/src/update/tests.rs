use std::fs;

use chappe_authorization::{Access, Mode};
use chappe_protocol::{Kind, Prefix};
use chappe_testkit::{EventBuilder, Keys};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::testing::{NOW, TestDesk, admin, follow_list, owner, person, settings, verified};
use crate::{Management, OpenError, PolicyFiles, Terms};

fn policy_admin() -> Keys {
    person(20)
}

fn policy_owner() -> Keys {
    person(21)
}

/// Kind 1 is for these; the rest is denied.
fn policy(allowed: &[&Keys]) -> Value {
    let allowed: Vec<_> = allowed.iter().map(|keys| keys.hex()).collect();
    json!({
        "default_policy": "deny",
        "owners": [policy_owner().hex()],
        "policy_admins": [policy_admin().hex()],
        "rules": {"1": {"write_allow": allowed, "size_limit": 1000}},
    })
}

fn desk() -> TestDesk {
    TestDesk::with_policy(Mode::Open, &policy(&[&person(1)]).to_string())
}

/// Whether the person's kind 1 passes the policy in force.
fn may_write(access: &Access, by: &Keys) -> bool {
    let event = EventBuilder::new(1).sign(by);
    let submission = chappe_policy::Submission {
        head: &event.head(),
        content_bytes: 0,
        event_bytes: 300,
        submitters: &[by.public()],
        now: NOW,
    };
    access.policy().may_write(&submission, access.follows()).verdict == chappe_policy::Verdict::Allow
}

#[track_caller]
fn assert_in_force(desk: &TestDesk, text: &Value) {
    assert_eq!(fs::read_to_string(desk.policy_path()).unwrap(), text.to_string());
    assert_eq!(desk.desk.policy_text(), Some(text.to_string()));
    for number in 1..=3 {
        let listed =
            text["rules"]["1"]["write_allow"].as_array().unwrap().contains(&json!(person(number).hex()));
        assert_eq!(may_write(&desk.desk.live().load(), &person(number)), listed, "person {number}");
    }
}

#[test]
fn owners_may_change_anything() {
    for by in [owner(), policy_owner()] {
        let desk = desk();
        let new = policy(&[&person(2)]);
        assert_eq!(desk.update(&by, &new.to_string()).unwrap(), "");
        assert_in_force(&desk, &new);
        assert!(!desk.dir.path().join("policy.json.new").exists());
        assert_in_force(&desk.reopened(), &new);
    }
}

#[test]
fn policy_admins_may_only_add() {
    let desk = desk();
    let wider = policy(&[&person(1), &person(2)]);
    assert_eq!(desk.update(&policy_admin(), &wider.to_string()).unwrap(), "");
    assert_in_force(&desk, &wider);
    let refusal = desk.update(&policy_admin(), &policy(&[&person(2)]).to_string()).unwrap_err();
    assert_eq!(refusal.prefix, Prefix::Restricted);
    assert!(refusal.message.contains("rules.1.write_allow"), "{refusal}");
    let mut smaller = wider.clone();
    smaller["rules"]["1"]["size_limit"] = json!(10);
    assert_eq!(desk.update(&policy_admin(), &smaller.to_string()).unwrap_err().prefix, Prefix::Restricted);
    let mut own = wider.clone();
    own["owners"] = json!([policy_admin().hex()]);
    assert_eq!(desk.update(&policy_admin(), &own.to_string()).unwrap_err().prefix, Prefix::Restricted);
    assert_in_force(&desk, &wider);
}

#[test]
fn others_and_the_banned_change_nothing() {
    let desk = desk();
    let new = policy(&[&person(2)]).to_string();
    for by in [person(1), admin()] {
        let refusal = desk.update(&by, &new).unwrap_err();
        assert_eq!(refusal.prefix, Prefix::Restricted, "{refusal}");
    }
    desk.done("banpubkey", json!([policy_admin().hex()]));
    let wider = policy(&[&person(1), &person(2)]).to_string();
    assert_eq!(desk.update(&policy_admin(), &wider).unwrap_err().prefix, Prefix::Restricted);
    assert_in_force(&desk, &policy(&[&person(1)]));
}

#[test]
fn a_faulty_policy_is_refused_with_its_faults() {
    let desk = desk();
    for text in ["", "{", "not json", "{\"nonsense\": 1}", "{\"rules\": {\"1\": {\"write_allow\": [\"x\"]}}}"]
    {
        let refusal = desk.update(&owner(), text).unwrap_err();
        assert_eq!(refusal.prefix, Prefix::Invalid, "{text}");
        assert!(refusal.message.contains("line 1"), "{refusal}");
    }
    assert_in_force(&desk, &policy(&[&person(1)]));
}

#[test]
fn an_old_update_and_one_that_was_seen_do_not_come_back() {
    let desk = desk();
    let update = |created_at, text: &Value| {
        let event = EventBuilder::new(12345).created_at(created_at).content(text.to_string()).sign(&owner());
        desk.desk.update_policy(&verified(&event), NOW)
    };
    let (one, two) = (policy(&[&person(1)]), policy(&[&person(2)]));
    update(NOW.0 - 5, &one).unwrap();
    update(NOW.0, &two).unwrap();
    assert_eq!(update(NOW.0, &two).unwrap(), "duplicate: this policy is in force");
    assert_eq!(update(NOW.0 - 5, &one).unwrap_err().prefix, Prefix::Duplicate);
    for at in [NOW.0 - 601, NOW.0 + 601] {
        assert_eq!(update(at, &one).unwrap_err().prefix, Prefix::Invalid);
    }
    assert_in_force(&desk, &two);
}

#[test]
fn an_update_names_no_program_that_the_operator_did_not() {
    let with_script = |script: &str| {
        let mut text = policy(&[&person(1)]);
        text["rules"]["1"]["script"] = json!(script);
        text.to_string()
    };
    let desk = TestDesk::with_policy(Mode::Open, &with_script("/usr/bin/check"));
    let refusal = desk.update(&owner(), &with_script("/bin/rm -rf /")).unwrap_err();
    assert_eq!(refusal.prefix, Prefix::Restricted, "{refusal}");
    desk.update(&owner(), &with_script("/usr/bin/check")).unwrap();
    desk.update(&owner(), &policy(&[&person(1)]).to_string()).unwrap();
}

#[test]
fn without_a_policy_file_there_is_nothing_to_replace() {
    let desk = TestDesk::new(Mode::Open);
    assert!(!desk.desk.takes_policy_updates());
    assert_eq!(desk.update(&owner(), "{}").unwrap_err().prefix, Prefix::Restricted);
    assert_eq!(desk.done("getpolicy", json!([])), Value::Null);
    desk.done("reloadpolicy", json!([]));
    let other_kind = EventBuilder::new(1).sign(&owner());
    assert_eq!(desk.desk.update_policy(&verified(&other_kind), NOW).unwrap_err().prefix, Prefix::Invalid);
}

#[test]
fn an_update_is_in_the_audit_log() {
    let desk = desk();
    desk.update(&policy_owner(), &policy(&[]).to_string()).unwrap();
    let log = desk.done("listauditlog", json!([{"limit": 1}]));
    assert_eq!(
        (&log[0]["method"], &log[0]["pubkey"]),
        (&json!("policy update"), &json!(policy_owner().hex()))
    );
}

#[test]
fn a_reload_uses_the_new_file_or_keeps_the_old_one() {
    let desk = desk();
    let new = policy(&[&person(2)]);
    fs::write(desk.policy_path(), new.to_string()).unwrap();
    assert!(may_write(&desk.desk.live().load(), &person(1)), "nothing changes by itself");
    desk.done("reloadpolicy", json!([]));
    assert_in_force(&desk, &new);
    assert_eq!(desk.done("getpolicy", json!([])), json!(new.to_string()));
    // Half written, empty, gone.
    let half = &new.to_string()[..60];
    for text in [Some(half), Some(""), None] {
        match text {
            Some(text) => fs::write(desk.policy_path(), text).unwrap(),
            None => fs::remove_file(desk.policy_path()).unwrap(),
        }
        let error = desk.desk.reload_policy(NOW).unwrap_err().to_string();
        assert!(error.contains("policy.json"), "{error}");
        assert!(
            may_write(&desk.desk.live().load(), &person(2))
                && !may_write(&desk.desk.live().load(), &person(1))
        );
    }
    let error = desk.call(&owner(), "reloadpolicy", json!([])).unwrap_err();
    assert!(error.to_string().contains("policy.json"), "{error}");
    // An update puts the file back.
    desk.update(&owner(), &new.to_string()).unwrap();
    assert_in_force(&desk, &new);
}

#[test]
fn a_relay_with_a_bad_policy_file_does_not_start() {
    let desk = desk();
    let good = fs::read_to_string(desk.policy_path()).unwrap();
    let open = |files: &PolicyFiles| {
        let store = std::sync::Arc::clone(&desk.store);
        let keys = crate::testing::relay_keys();
        Management::open(store, settings(Mode::Open), Terms::default(), files.clone(), keys, NOW)
    };
    let file = Some(desk.policy_path());
    for files in [PolicyFiles { file: file.clone(), shadow: None }, PolicyFiles { file: None, shadow: file }]
    {
        open(&files).unwrap();
        for text in ["", &good[..good.len() / 2], "{\"default_policy\": \"maybe\"}"] {
            fs::write(desk.policy_path(), text).unwrap();
            let error = open(&files).unwrap_err();
            assert!(matches!(error, OpenError::Policy(_)));
            assert!(error.to_string().contains("policy.json: line 1, column "), "{error}");
        }
        fs::remove_file(desk.policy_path()).unwrap();
        assert!(matches!(open(&files).unwrap_err(), OpenError::Policy(_)));
        fs::write(desk.policy_path(), &good).unwrap();
    }
}

#[test]
fn a_shadow_is_compared_and_read_again() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("shadow.json");
    fs::write(&path, policy(&[&person(1)]).to_string()).unwrap();
    let files = PolicyFiles { file: None, shadow: Some(path.clone()) };
    let desk = TestDesk::with(dir, settings(Mode::Open), files);
    let shadow = || desk.desk.live().load().shadow().unwrap().clone();
    let before = shadow();
    desk.desk.reload_policy(NOW).unwrap();
    assert!(std::sync::Arc::ptr_eq(&before, &shadow()), "the same file keeps its counts");
    fs::write(&path, "{").unwrap();
    desk.desk.reload_policy(NOW).unwrap_err();
    assert!(std::sync::Arc::ptr_eq(&before, &shadow()));
    fs::write(&path, "{}").unwrap();
    desk.desk.reload_policy(NOW).unwrap();
    assert!(!std::sync::Arc::ptr_eq(&before, &shadow()));
    assert!(may_write(&desk.desk.live().load(), &person(5)), "it refuses nothing");
}

#[test]
fn follow_lists_that_a_new_policy_needs_are_there_when_it_is_in_force() {
    let desk = TestDesk::with_policy(Mode::Open, "{}");
    desk.save(follow_list(&[&person(2)], 1), &person(5));
    let text = json!({
        "default_policy": "deny",
        "rules": {"1": {"write_follows_whitelist": [person(5).hex()]}},
    });
    desk.update(&owner(), &text.to_string()).unwrap();
    let access = desk.desk.live().load();
    assert!(
        may_write(&access, &person(2)) && may_write(&access, &person(5)) && !may_write(&access, &person(3))
    );
    assert!(access.follow_roots().contains(&person(5).public()));
    assert_eq!(Kind::POLICY_UPDATE, Kind(12345));
}
