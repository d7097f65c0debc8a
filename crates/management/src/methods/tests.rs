use std::collections::BTreeSet;

use chappe_authorization::{Mode, Role};
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use serde_json::{Value, json};

use super::{Effect, METHODS};
use crate::CallError;
use crate::testing::{NOW, TestDesk, admin, moderator, owner, person};

fn hex(number: u64) -> String {
    person(number).hex()
}

fn id(number: u8) -> String {
    format!("{number:02x}").repeat(32)
}

/// Parameters that each method takes as things stand after [`prepared`].
fn good_params(method: &str) -> Value {
    match method {
        "banpubkey" | "unbanpubkey" | "allowpubkey" | "unallowpubkey" | "trustpubkey" | "untrustpubkey"
        | "blacklistpubkey" | "unblacklistpubkey" | "addmoderator" | "removemoderator" | "addmember"
        | "removemember" => json!([hex(1), "because"]),
        "dismissreports" => json!([hex(2)]),
        "banevent" | "allowevent" => json!([id(1), "because"]),
        "deleteevent" => json!([report().id().to_string(), "because"]),
        "allowkind" | "disallowkind" => json!([1]),
        "blockip" => json!(["192.0.2.1", "because", 60]),
        "unblockip" => json!(["192.0.2.1"]),
        "closeconnection" => json!([7, "because"]),
        "createrole" => json!(["new", "label", "description", 37, 1]),
        "editrole" => json!(["king", "label", "description", "37", "1"]),
        "deleterole" => json!(["king"]),
        "assignrole" | "unassignrole" => json!([hex(1), "king"]),
        "createinvite" => json!([{"uses": 2, "days": 1}]),
        "revokeinvite" => json!(["a known code"]),
        "changerelayname" | "changerelaydescription" => json!(["text"]),
        "changerelayicon" => json!(["https://example.com/icon.png"]),
        "supportedmethods" | "resetkinds" | "getpolicy" | "getshadow" | "reloadpolicy" | "stats"
        | "listsettings" => json!([]),
        "explain" => json!([{"filter": {}}]),
        list => {
            assert!(list.starts_with("list"), "{list} has no parameters in this table");
            json!([{"limit": 10}])
        }
    }
}

fn prepared() -> TestDesk {
    let desk = TestDesk::with_policy(Mode::Open, "{}");
    desk.done("addmember", json!([hex(1)]));
    desk.done("createrole", json!(["king"]));
    desk.done("createinvite", json!([{"code": "a known code"}]));
    desk.save(reporting(), &person(9));
    desk.desk.tick(NOW);
    desk
}

fn reporting() -> EventBuilder {
    EventBuilder::new(1984).tag(&["p", &hex(2), "spam"])
}

/// An event that is stored.
fn report() -> TestEvent {
    reporting().sign(&person(9))
}

#[test]
fn each_method_may_be_called_by_its_role_and_those_above_and_by_nobody_else() {
    // Who may call what, written down a second time: a slip in the table must not go by.
    let moderators = [
        "supportedmethods",
        "banpubkey",
        "unbanpubkey",
        "listbannedpubkeys",
        "listallowedpubkeys",
        "listtrustedpubkeys",
        "blacklistpubkey",
        "unblacklistpubkey",
        "listblacklistedpubkeys",
        "banevent",
        "allowevent",
        "listbannedevents",
        "listeventsneedingmoderation",
        "listpubkeysneedingmoderation",
        "dismissreports",
        "listallowedkinds",
        "listdisallowedkinds",
        "listblockedips",
        "listmembers",
        "listroles",
        "stats",
    ];
    let owners = ["addmoderator", "removemoderator"];
    for method in METHODS {
        let expected = if moderators.contains(&method.name) {
            Role::Moderator
        } else if owners.contains(&method.name) {
            Role::Owner
        } else {
            Role::Admin
        };
        assert_eq!(method.role, expected, "{}", method.name);
        let callers = [(Role::Moderator, moderator()), (Role::Admin, admin()), (Role::Owner, owner())];
        for (role, keys) in callers {
            let desk = prepared();
            let before = desk.desk.lock_state().clone();
            let answer = desk.call(&keys, method.name, good_params(method.name));
            if role >= method.role {
                answer.unwrap_or_else(|error| panic!("{} by {role:?}: {error}", method.name));
                let audited = desk.desk.lock_state().audit.len() - before.audit.len();
                assert_eq!(audited, usize::from(method.effect == Effect::Changes), "{}", method.name);
            } else {
                assert!(matches!(answer, Err(CallError::RoleTooLow { .. })), "{} by {role:?}", method.name);
                assert_eq!(*desk.desk.lock_state(), before);
            }
        }
        let desk = prepared();
        let before = desk.desk.lock_state().clone();
        let stranger = desk.call(&person(50), method.name, good_params(method.name));
        assert!(matches!(stranger, Err(CallError::Stranger)), "{}", method.name);
        assert_eq!(*desk.desk.lock_state(), before);
    }
}

#[test]
fn a_banned_admin_has_no_say() {
    let desk = prepared();
    desk.done("banpubkey", json!([admin().hex()]));
    assert!(matches!(desk.call(&admin(), "stats", json!([])), Err(CallError::Stranger)));
    desk.done("unbanpubkey", json!([admin().hex()]));
    desk.call(&admin(), "stats", json!([])).unwrap();
}

#[test]
fn whoever_holds_the_relays_own_key_is_an_owner() {
    let desk = prepared();
    assert_eq!(desk.desk.role(&desk.desk.keys().public()), Some(Role::Owner));
}

#[test]
fn all_methods_of_nip_86_are_there() {
    let named = "supportedmethods banpubkey unbanpubkey listbannedpubkeys allowpubkey unallowpubkey \
        listallowedpubkeys createrole editrole deleterole assignrole unassignrole listeventsneedingmoderation \
        allowevent banevent listbannedevents changerelayname changerelaydescription changerelayicon allowkind \
        disallowkind listallowedkinds blockip unblockip listblockedips";
    let here: BTreeSet<_> = METHODS.iter().map(|method| method.name).collect();
    assert_eq!(here.len(), METHODS.len(), "no name twice");
    for name in named.split_whitespace() {
        assert!(here.contains(name), "{name}");
    }
}

#[test]
fn supportedmethods_names_the_others_that_the_caller_may_call() {
    let desk = prepared();
    let names = |keys: &Keys| {
        let answer = desk.call(keys, "supportedmethods", json!([])).unwrap();
        answer.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = names(&owner());
    assert_eq!(all.len(), METHODS.len() - 1);
    assert!(!all.contains(&"supportedmethods".to_owned()));
    assert!(names(&moderator()).contains(&"banpubkey".to_owned()));
    assert!(!names(&moderator()).contains(&"allowpubkey".to_owned()));
}

#[test]
fn methods_that_are_not_there_and_params_that_are_no_array_are_refused() {
    let desk = prepared();
    assert!(matches!(desk.call(&owner(), "banpubkeys", json!([])), Err(CallError::UnknownMethod)));
    for params in [json!({}), json!("x"), json!(1), json!(true)] {
        assert!(matches!(desk.call(&owner(), "stats", params), Err(CallError::Params(_))));
    }
    desk.call(&owner(), "stats", Value::Null).unwrap();
}

#[test]
fn bad_params_change_nothing_and_are_named() {
    let upper = hex(1).to_uppercase();
    let long = "x".repeat(501);
    let cases = [
        ("banpubkey", json!([]), "params[0] has to be a public key"),
        ("banpubkey", json!(["npub1xyz"]), "params[0] has to be a public key"),
        ("banpubkey", json!([upper]), "params[0] has to be a public key"),
        ("banpubkey", json!([hex(1), 5]), "params[1] has to be a reason"),
        ("banpubkey", json!([hex(1), long]), "at most 500 bytes"),
        ("banpubkey", json!([hex(1), "a", "b"]), "takes 2 parameters at most"),
        ("unbanpubkey", json!([5]), "params[0]"),
        ("banevent", json!(["aa"]), "params[0] has to be an event's id"),
        ("allowevent", json!([null]), "params[0] has to be an event's id"),
        ("deleteevent", json!([]), "params[0] has to be an event's id"),
        ("deleteevent", json!([id(1), 5]), "params[1] has to be a reason"),
        ("deleteevent", json!([id(1), "a", "b"]), "takes 2 parameters at most"),
        ("allowkind", json!([65536]), "a number from 0 to 65535"),
        ("allowkind", json!(["1"]), "params[0] has to be a kind"),
        ("disallowkind", json!([-1]), "params[0] has to be a kind"),
        ("blockip", json!(["example.com"]), "params[0] has to be an address"),
        ("blockip", json!(["192.0.2.1", "", 0]), "params[2] has to be a time in seconds"),
        ("blockip", json!(["0.0.0.0/0"]), "a network of 8 bits or more"),
        ("blockip", json!(["2000::/3"]), "a network of 16 bits or more"),
        ("blockip", json!(["127.0.0.1"]), "the relay's own machine"),
        ("blockip", json!(["127.8.0.0/16"]), "the relay's own machine"),
        ("blockip", json!(["::1"]), "the relay's own machine"),
        ("blockip", json!(["::/64"]), "the relay's own machine"),
        ("unblockip", json!(["nowhere"]), "params[0] has to be an address"),
        ("createrole", json!([""]), "params[0] has to be a role's id"),
        ("createrole", json!(["king"]), "an id that no role has"),
        ("createrole", json!(["new", "x", "x", 361]), "params[3] has to be a hue: a number from 0 to 360"),
        ("editrole", json!(["nobody"]), "the id of a role"),
        ("deleterole", json!(["nobody"]), "the id of a role"),
        ("assignrole", json!([hex(1), "nobody"]), "params[1] has to be the id of a role"),
        ("assignrole", json!([hex(5), "king"]), "addmember makes it one"),
        ("unassignrole", json!([hex(5), "king"]), "addmember makes it one"),
        ("removemember", json!([hex(5)]), "the key of a member"),
        ("createinvite", json!([{"uses": 0}]), "uses is a number from 1 to"),
        ("createinvite", json!([{"days": 4000}]), "days is a number from 0 to"),
        ("createinvite", json!([{"code": "short"}]), "code has 8 to"),
        ("createinvite", json!([{"code": "a known code"}]), "no other invite has"),
        ("createinvite", json!([{"use": 1}]), "uses, days and code"),
        ("createinvite", json!(["code"]), "params[0] has to be an object"),
        ("revokeinvite", json!(["nobody knows"]), "the code of an open invite"),
        ("changerelayname", json!([]), "params[0] has to be a name"),
        ("changerelayname", json!(["x".repeat(201)]), "at most 200 bytes"),
        ("changerelayicon", json!(["javascript:alert(1)"]), "begins with https://"),
        ("dismissreports", json!([hex(7)]), "a key that was reported"),
        ("listbannedpubkeys", json!([{"limit": 0}]), "limit is 1 or more"),
        ("listbannedpubkeys", json!([{"offset": 1}]), "limit and after"),
        ("listbannedpubkeys", json!([{"after": "x"}]), "after has to be the last entry"),
        ("listbannedpubkeys", json!([5]), "params[0] has to be an object"),
        ("listallowedkinds", json!([{"after": "1"}]), "after has to be the last entry"),
        ("stats", json!([1]), "takes 0 parameters at most"),
    ];
    let desk = prepared();
    let before = desk.desk.lock_state().clone();
    for (method, params, text) in cases {
        let error = desk.call(&owner(), method, params.clone()).expect_err(method);
        assert!(matches!(error, CallError::Params(_)), "{method} {params}: {error:?}");
        assert!(error.to_string().contains(text), "{method} {params}: {error}");
    }
    assert_eq!(*desk.desk.lock_state(), before);
}

#[test]
fn each_verb_has_its_undo() {
    let key = |number| json!([hex(number)]);
    // Verb, undo, list, its parameters, and what the list shows in between.
    let cases = [
        ("banpubkey", "unbanpubkey", "listbannedpubkeys", key(1), json!([{"pubkey": hex(1), "reason": ""}])),
        (
            "allowpubkey",
            "unallowpubkey",
            "listallowedpubkeys",
            key(1),
            json!([{"pubkey": hex(1), "reason": ""}]),
        ),
        (
            "trustpubkey",
            "untrustpubkey",
            "listtrustedpubkeys",
            key(1),
            json!([{"pubkey": hex(1), "reason": ""}]),
        ),
        (
            "blacklistpubkey",
            "unblacklistpubkey",
            "listblacklistedpubkeys",
            key(1),
            json!([{"pubkey": hex(1), "reason": ""}]),
        ),
        (
            "addmoderator",
            "removemoderator",
            "listmoderators",
            key(1),
            json!([{"pubkey": hex(1), "reason": ""}]),
        ),
        ("banevent", "allowevent", "listbannedevents", json!([id(1)]), json!([{"id": id(1), "reason": ""}])),
        (
            "blockip",
            "unblockip",
            "listblockedips",
            json!(["192.0.2.77/24"]),
            json!([{"ip": "192.0.2.0/24", "reason": "", "until": null}]),
        ),
        (
            "addmember",
            "removemember",
            "listmembers",
            key(1),
            json!([{"pubkey": hex(1), "roles": [], "joined_at": NOW.0}]),
        ),
        (
            "createrole",
            "deleterole",
            "listroles",
            json!(["king"]),
            json!([{"id": "king", "label": "", "description": "", "color": null, "order": null}]),
        ),
        ("disallowkind", "allowkind", "listdisallowedkinds", json!([1]), json!([1])),
        ("allowkind", "resetkinds", "listallowedkinds", json!([1]), json!([1])),
    ];
    for (verb, undo, list, params, listed) in cases {
        let desk = TestDesk::new(Mode::Open);
        assert_eq!(desk.done(verb, params.clone()), json!(true), "{verb}");
        assert_eq!(desk.done(list, json!([])), listed, "{list}");
        let desk = desk.reopened();
        assert_eq!(desk.done(list, json!([])), listed, "{list} after a restart");
        let params = if undo == "resetkinds" { json!([]) } else { params };
        assert_eq!(desk.done(undo, params), json!(true), "{undo}");
        assert_eq!(desk.done(list, json!([])), json!([]), "{list} after {undo}");
        let desk = desk.reopened();
        assert_eq!(desk.done(list, json!([])), json!([]), "{list} after {undo} and a restart");
    }
}

#[test]
fn reasons_are_kept() {
    let desk = TestDesk::new(Mode::Open);
    desk.done("banpubkey", json!([hex(1), "spam"]));
    desk.done("banpubkey", json!([hex(1), "more spam"]));
    assert_eq!(desk.done("listbannedpubkeys", json!([])), json!([{"pubkey": hex(1), "reason": "more spam"}]));
}

#[test]
fn nobody_shuts_out_who_stands_as_high() {
    let desk = TestDesk::new(Mode::Open);
    let refused = |by: &Keys, whom: String| {
        for method in ["banpubkey", "blacklistpubkey"] {
            let error = desk.call(by, method, json!([whom])).unwrap_err();
            assert!(matches!(error, CallError::Refused(_)), "{error:?}");
        }
    };
    refused(&moderator(), owner().hex());
    refused(&moderator(), admin().hex());
    refused(&moderator(), moderator().hex());
    refused(&admin(), owner().hex());
    refused(&admin(), admin().hex());
    refused(&owner(), owner().hex());
    desk.call(&admin(), "banpubkey", json!([moderator().hex()])).unwrap();
    desk.call(&owner(), "banpubkey", json!([admin().hex()])).unwrap();
}

#[test]
fn a_moderator_is_made_and_unmade_while_the_relay_runs() {
    let desk = TestDesk::new(Mode::Open);
    desk.done("addmoderator", json!([hex(1)]));
    desk.call(&person(1), "banpubkey", json!([hex(2)])).unwrap();
    let desk = desk.reopened();
    desk.call(&person(1), "banpubkey", json!([hex(3)])).unwrap();
    desk.done("removemoderator", json!([hex(1)]));
    assert!(matches!(desk.call(&person(1), "stats", json!([])), Err(CallError::Stranger)));
}

#[test]
fn lists_come_in_pages() {
    let desk = TestDesk::new(Mode::Open);
    let mut all: Vec<_> = (0..7).map(hex).collect();
    for key in &all {
        desk.done("banpubkey", json!([key]));
    }
    all.sort();
    let (mut seen, mut page) = (Vec::new(), json!({"limit": 3}));
    loop {
        let entries = desk.done("listbannedpubkeys", json!([page]));
        let keys: Vec<_> = entries
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["pubkey"].as_str().unwrap().to_owned())
            .collect();
        assert!(keys.len() <= 3);
        let Some(last) = keys.last() else { break };
        page = json!({"limit": 3, "after": last});
        seen.extend(keys);
    }
    assert_eq!(seen, all);
    let whole = desk.done("listbannedpubkeys", json!([{"limit": 1_000_000}]));
    assert_eq!(whole.as_array().unwrap().len(), 7);
    // What was taken off meanwhile still marks its place.
    desk.done("unbanpubkey", json!([all[2]]));
    let rest = desk.done("listbannedpubkeys", json!([{"after": all[2]}]));
    assert_eq!(rest.as_array().unwrap().len(), 4);
}

#[test]
fn what_a_kind_may_do_follows_the_last_verb() {
    let desk = TestDesk::new(Mode::Open);
    let lists = || (desk.done("listallowedkinds", json!([])), desk.done("listdisallowedkinds", json!([])));
    desk.done("allowkind", json!([1]));
    desk.done("allowkind", json!([7]));
    assert_eq!(lists(), (json!([1, 7]), json!([])));
    desk.done("disallowkind", json!([7]));
    assert_eq!(lists(), (json!([1]), json!([])), "off the white list is enough");
    desk.done("disallowkind", json!([1]));
    assert_eq!(lists(), (json!([]), json!([1])), "an empty white list would let it in");
    desk.done("disallowkind", json!([4]));
    desk.done("allowkind", json!([1]));
    assert_eq!(lists(), (json!([]), json!([4])), "undone");
    desk.done("resetkinds", json!([]));
    assert_eq!(lists(), (json!([]), json!([])));
    let standing = desk.desk.live().load().standing().clone();
    assert!(standing.allowed_kinds.is_empty() && standing.disallowed_kinds.is_empty());
}

#[test]
fn blocked_addresses_end_by_themselves() {
    let desk = TestDesk::new(Mode::Open);
    desk.done("blockip", json!(["192.0.2.1", "spam", 60]));
    desk.done("blockip", json!(["2001:db8::/32"]));
    let blocked = |address: &str, after| {
        desk.desk.live().load().is_blocked(address.parse().unwrap(), NOW.plus_seconds(after))
    };
    assert!(blocked("192.0.2.1", 59) && !blocked("192.0.2.1", 60) && !blocked("192.0.2.2", 0));
    assert!(blocked("2001:db8::5", 1_000_000));
    desk.desk.tick(NOW.plus_seconds(60));
    let listed = desk.done("listblockedips", json!([]));
    assert_eq!(listed, json!([{"ip": "2001:db8::/32", "reason": "", "until": null}]));
}

#[test]
fn the_relay_calls_itself_as_it_was_told() {
    let desk = TestDesk::new(Mode::Open);
    assert_eq!(desk.desk.identity(), crate::Identity::default());
    desk.done("changerelayname", json!(["Name"]));
    desk.done("changerelaydescription", json!(["Description"]));
    desk.done("changerelayicon", json!(["https://example.com/i.png"]));
    let desk = desk.reopened();
    let identity = desk.desk.identity();
    let texts = [identity.name, identity.description, identity.icon].map(Option::unwrap);
    assert_eq!(texts, ["Name", "Description", "https://example.com/i.png"]);
    desk.done("changerelayname", json!([""]));
    assert_eq!(desk.desk.identity().name, None, "the configuration's again");
}

#[test]
fn the_audit_log_says_who_did_what_newest_first() {
    let desk = TestDesk::new(Mode::Open);
    desk.call(&moderator(), "banpubkey", json!([hex(1), "spam"])).unwrap();
    desk.call(&admin(), "listbannedpubkeys", json!([])).unwrap();
    desk.call(&admin(), "banpubkey", json!(["bad"])).unwrap_err();
    desk.done("unbanpubkey", json!([hex(1)]));
    let log = desk.done("listauditlog", json!([{"limit": 1}]));
    assert_eq!(log[0]["method"], "unbanpubkey");
    assert_eq!(log[0]["pubkey"], owner().hex());
    let log = desk.done("listauditlog", json!([{"after": log[0]["number"]}]));
    let params = format!("[\"{}\",\"spam\"]", hex(1));
    let expected = json!([{
        "number": 0, "at": NOW.0, "pubkey": moderator().hex(), "method": "banpubkey", "params": params,
    }]);
    assert_eq!(log, expected);
}

#[test]
fn the_numbers_come_from_both_sides() {
    let desk = prepared();
    let stats = desk.done("stats", json!([]));
    assert_eq!((&stats["connections"], &stats["uptime_seconds"]), (&json!(3), &json!(9)));
    assert_eq!((&stats["members"], &stats["invites"], &stats["reports"]), (&json!(1), &json!(1), &json!(1)));
}

#[test]
fn connections_are_asked_for_in_words_that_there_are() {
    let desk = prepared();
    let asked = |params| desk.done("listconnections", params)[0].as_str().unwrap().to_owned();
    assert!(asked(json!([])).contains("order: Work, within: None"), "{}", asked(json!([])));
    let all = asked(json!([{"by": "bytes_sent", "address": "192.0.2.0/24", "limit": 2}]));
    assert!(all.contains("BytesSent") && all.contains("Some(") && all.contains("entries_max: 2"), "{all}");
    for wrong in [json!({"by": "luck"}), json!({"limit": 0}), json!({"address": "x"}), json!({"after": 1})] {
        desk.call(&owner(), "listconnections", json!([wrong])).unwrap_err();
    }
    desk.call(&owner(), "listconnectionaddresses", json!([{"address": "192.0.2.1"}])).unwrap_err();
    desk.done("listconnectionaddresses", json!([{"by": "number"}]));
}

#[test]
fn closing_a_connection_is_for_admins_and_in_the_audit_log() {
    let desk = prepared();
    desk.call(&moderator(), "closeconnection", json!([7, "too loud"])).unwrap_err();
    desk.call(&admin(), "closeconnection", json!([8])).unwrap_err();
    desk.call(&admin(), "closeconnection", json!([])).unwrap_err();
    desk.call(&admin(), "closeconnection", json!([7, "too loud"])).unwrap();
    let log = desk.done("listauditlog", json!([{"limit": 1}]));
    assert_eq!(
        (&log[0]["method"], &log[0]["params"]),
        (&json!("closeconnection"), &json!("[7,\"too loud\"]"))
    );
}

#[test]
fn in_mode_members_the_white_list_are_the_members() {
    let desk = TestDesk::new(Mode::Members);
    desk.done("allowpubkey", json!([hex(1)]));
    assert_eq!(desk.done("listallowedpubkeys", json!([]))[0]["pubkey"], hex(1));
    assert!(desk.desk.live().load().standing().members.contains(&person(1).public()));
    desk.done("unallowpubkey", json!([hex(1)]));
    assert_eq!(desk.done("listmembers", json!([])), json!([]));
}

#[test]
fn trusted_and_blacklisted_shut_each_other_out() {
    let desk = TestDesk::new(Mode::Open);
    desk.done("trustpubkey", json!([hex(1)]));
    desk.done("blacklistpubkey", json!([hex(1)]));
    assert_eq!(desk.done("listtrustedpubkeys", json!([])), json!([]));
    desk.done("trustpubkey", json!([hex(1)]));
    assert_eq!(desk.done("listblacklistedpubkeys", json!([])), json!([]));
}
