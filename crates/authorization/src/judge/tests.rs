use std::sync::Arc;
use std::time::Duration;

use chappe_policy::Follows;
use chappe_protocol::Timestamp;
use chappe_testkit::{EventBuilder, TestEvent};

use super::*;
use crate::testing::{NOW, ask, event, key, keys, peer, peer_at, person, policy, submit};
use crate::{Check, Curating, Delay, Distances, Plugin, Rates, Settings, Social, Standing, Until};

// 1 owner, 2 admin, 3 moderator, 4 on the list of each mode, 5 banned, 6 blacklisted, 7 stranger, 8 policy admin.

type Numbers = &'static [u16];

fn settings(mode: Mode) -> Settings {
    Settings { mode, owners: keys([1]), admins: keys([2]), moderators: keys([3]), ..Settings::default() }
}

fn standing() -> Standing {
    Standing {
        banned_keys: keys([5]),
        allowed_keys: keys([4]),
        trusted_keys: keys([4]),
        blacklisted_keys: keys([6]),
        members: [(key(4), vec![])].into_iter().collect(),
        ..Standing::default()
    }
}

fn access_with(settings: Settings, standing: Standing) -> Access {
    let follows = Follows::new([(key(2), keys([4]))].into_iter());
    Access::new(settings).with_standing(Arc::new(standing)).with_follows(Arc::new(follows))
}

fn in_mode(mode: Mode) -> Access {
    access_with(settings(mode), standing())
}

const STEP: Delay = Delay { step: Duration::from_millis(200), max: Duration::from_millis(700) };

fn modes() -> Vec<(Mode, Option<List>)> {
    vec![
        (Mode::Open, None),
        (Mode::Follows(Strangers::Refuse), Some(List::Followed)),
        (Mode::Follows(Strangers::Delay(STEP)), None),
        (Mode::Managed, Some(List::Allowed)),
        (Mode::Curating(Curating::default()), None),
        (Mode::Social(Social::default()), None),
        (Mode::Members, Some(List::Members)),
    ]
}

#[test]
fn each_mode_lets_those_write_whom_it_names() {
    for (mode, list) in modes() {
        let access = in_mode(mode.clone());
        let blacklisted = matches!(mode, Mode::Curating(_));
        for author in 1..=7 {
            let note = event(1, author);
            let is_named = author <= 4 || list.is_none();
            for is_signed_in in [false, true] {
                let no = if is_signed_in { Denied::NotListed } else { Denied::NotListedNeedsAuth };
                let expected = match (author, list) {
                    (5, _) => Err(Denied::AuthorBanned),
                    (6, _) if blacklisted => Err(Denied::AuthorBanned),
                    (_, Some(list)) if !is_named => Err(no(list)),
                    _ => Ok(()),
                };
                let signed_in = if is_signed_in { vec![author] } else { vec![] };
                assert_eq!(ask(&access, &note, &signed_in), expected, "{mode:?}, {author}, {is_signed_in}");
            }
        }
    }
}

#[test]
fn who_brings_it_counts_unless_the_author_does() {
    for (mode, list) in modes() {
        let access = in_mode(mode.clone());
        let or_listed = |expected: Result<(), Denied>| if list.is_some() { expected } else { Ok(()) };
        let not_listed = list.map_or(Ok(()), |list| Err(Denied::NotListed(list)));
        let (banned, submitter_banned) = (Err(Denied::AuthorBanned), Err(Denied::SubmitterBanned));
        let table: [(u8, &[u8], Result<(), Denied>); 9] = [
            (7, &[4], Ok(())),
            (7, &[2], Ok(())),
            (4, &[7], or_listed(not_listed)),
            (7, &[9, 4], Ok(())),
            // The author brings it, whoever else has signed in.
            (7, &[4, 7], or_listed(not_listed)),
            (4, &[4, 7], Ok(())),
            (5, &[4], banned),
            (4, &[5], submitter_banned),
            (4, &[4, 5], submitter_banned),
        ];
        for (author, signed_in, expected) in table {
            assert_eq!(
                ask(&access, &event(1, author), signed_in),
                expected,
                "{mode:?}, {author}, {signed_in:?}"
            );
        }
    }
}

#[test]
fn gates_hold_in_each_mode_for_everybody() {
    let gates =
        [(Gate::Open, Bringing::Own), (Gate::SignedIn, Bringing::Anybodys), (Gate::SignedIn, Bringing::Own)];
    for (mode, _) in modes() {
        for (auth_write, bringing) in gates {
            let settings = Settings { auth_write, bringing, ..settings(mode.clone()) };
            let access = access_with(settings, standing());
            let is_own = bringing == Bringing::Own;
            let nobody = if auth_write == Gate::SignedIn { Denied::NeedsAuth } else { Denied::OwnNeedsAuth };
            for author in [1, 2, 3, 4] {
                let note = event(1, author);
                let name = format!("{mode:?}, {auth_write:?}, {bringing:?}, {author}");
                assert_eq!(ask(&access, &note, &[]), Err(nobody), "{name}");
                assert_eq!(ask(&access, &note, &[author]), Ok(()), "{name}");
                assert_eq!(ask(&access, &note, &[author, 7]), Ok(()), "{name}");
                let other = if author == 4 { 3 } else { 4 };
                let brought = if is_own { Err(Denied::NotOwn) } else { Ok(()) };
                assert_eq!(ask(&access, &note, &[other]), brought, "{name}, by another");
            }
        }
    }
}

#[test]
fn exempt_kinds_pass_gates_and_modes_and_no_bans() {
    for (mode, _) in modes() {
        let settings =
            Settings { auth_write: Gate::SignedIn, bringing: Bringing::Own, ..settings(mode.clone()) };
        let standing = Standing { allowed_kinds: [Kind(1)].into_iter().collect(), ..standing() };
        let open = access_with(settings.clone(), standing.clone());
        for kind in [24_133, 13_194, 23_194, 23_197] {
            assert_eq!(ask(&open, &event(kind, 7), &[]), Ok(()), "{mode:?}, kind {kind}");
            assert_eq!(ask(&open, &event(kind, 7), &[9]), Ok(()), "{mode:?}, kind {kind}");
            assert_eq!(ask(&open, &event(kind, 5), &[]), Err(Denied::AuthorBanned), "{mode:?}, kind {kind}");
            let disallowed =
                Standing { disallowed_kinds: [Kind(kind)].into_iter().collect(), ..standing.clone() };
            let closed = access_with(settings.clone(), disallowed);
            let no = Err(Denied::KindNotAccepted { kind: Kind(kind) });
            assert_eq!(ask(&closed, &event(kind, 7), &[]), no, "{mode:?}, kind {kind}");
        }
        let bound =
            open.with_policy(policy(r#"{"default_policy": "allow", "kind": {"blacklist": [24133]}}"#));
        assert!(matches!(ask(&bound, &event(24_133, 7), &[]), Err(Denied::Policy(_))), "{mode:?}");
    }
}

#[test]
fn kinds_are_accepted_by_both_lists_and_by_curating() {
    let set = |kinds: &[u16]| kinds.iter().copied().map(Kind).collect::<crate::KindSet>();
    // The kinds of curating, allowed, disallowed; and which of 0, 1, 7 are accepted.
    let table: [(Numbers, Numbers, Numbers, [bool; 3]); 7] = [
        (&[], &[], &[], [true, true, true]),
        (&[], &[1], &[], [false, true, false]),
        (&[], &[], &[1], [true, false, true]),
        (&[], &[0, 1], &[1], [true, false, false]),
        (&[0, 1], &[], &[], [true, true, false]),
        (&[0, 1], &[1, 7], &[], [false, true, false]),
        (&[0, 1], &[], &[0], [false, true, false]),
    ];
    for (curated, allowed, disallowed, accepted) in table {
        let mode = Mode::Curating(Curating { kinds: set(curated), ..Curating::default() });
        let standing =
            Standing { allowed_kinds: set(allowed), disallowed_kinds: set(disallowed), ..standing() };
        let access = access_with(settings(mode), standing);
        for (kind, accepted) in [0, 1, 7].into_iter().zip(accepted) {
            let expected = if accepted { Ok(()) } else { Err(Denied::KindNotAccepted { kind: Kind(kind) }) };
            for author in [3, 4, 7] {
                assert_eq!(
                    ask(&access, &event(kind, author), &[author]),
                    expected,
                    "{curated:?} {allowed:?} {disallowed:?} {kind}"
                );
            }
            for author in [1, 2] {
                assert_eq!(ask(&access, &event(kind, author), &[author]), Ok(()), "in charge");
            }
        }
    }
}

#[test]
fn bans_bind_all_but_owners() {
    let banned = event(1, 7);
    let standing = Standing {
        banned_keys: keys([1, 2, 3, 5]),
        banned_events: [banned.id()].into_iter().collect(),
        blocked_addresses: [("192.0.2.0/24".parse().unwrap(), Until::Time(Timestamp(NOW.0 + 1)))]
            .into_iter()
            .collect(),
        ..standing()
    };
    let access = access_with(settings(Mode::Open), standing);
    let table = [(1, Ok(())), (2, Err(Denied::AuthorBanned)), (3, Err(Denied::AuthorBanned)), (4, Ok(()))];
    for (author, expected) in table {
        assert_eq!(ask(&access, &event(1, author), &[author]), expected, "{author}");
    }
    for signed_in in [&[][..], &[1], &[7]] {
        assert_eq!(ask(&access, &banned, signed_in), Err(Denied::EventBanned), "{signed_in:?}");
    }
    let from = |address: &str, now| {
        let peer = peer_at(address, &[1]);
        submit(&access, &Meters::new(), &event(1, 1), Source::Client(&peer), now).map(drop)
    };
    assert_eq!(from("192.0.2.7", NOW), Err(Denied::AddressBlocked));
    assert_eq!(from("192.0.2.7", Timestamp(NOW.0 + 1)), Ok(()));
    assert_eq!(from("192.0.3.7", NOW), Ok(()));
    // The operator's own file is another matter.
    assert!(submit(&access, &Meters::new(), &banned, Source::Operator, NOW).is_ok());
}

#[test]
fn a_request_to_vanish_is_followed_whoever_it_is() {
    let strict = policy(r#"{"default_policy": "deny", "kind": {"blacklist": [62]}}"#);
    for (mode, _) in modes() {
        let standing = Standing { disallowed_kinds: [Kind::VANISH].into_iter().collect(), ..standing() };
        let access = access_with(settings(mode.clone()), standing).with_policy(Arc::clone(&strict));
        for author in [4, 5, 6, 7] {
            let vanish = EventBuilder::new(62).tag(&["relay", "ALL_RELAYS"]).sign(&person(author));
            assert_eq!(ask(&access, &vanish, &[]), Ok(()), "{mode:?}, {author}");
            assert_eq!(ask(&access, &vanish, &[author]), Ok(()), "{mode:?}, {author}");
        }
    }
}

#[test]
fn strangers_ask_to_become_members() {
    let request = |kind, author| EventBuilder::new(kind).tag(&["-"]).sign(&person(author));
    let standing = Standing { allowed_kinds: [Kind(1)].into_iter().collect(), ..standing() };
    let members = access_with(settings(Mode::Members), standing.clone());
    let managed = access_with(settings(Mode::Managed), standing);
    for kind in [28_934, 28_936] {
        assert_eq!(ask(&members, &request(kind, 7), &[7]), Ok(()));
        assert_eq!(ask(&members, &request(kind, 7), &[]), Err(Denied::ProtectedNeedsAuth));
        assert_eq!(ask(&members, &request(kind, 5), &[5]), Err(Denied::AuthorBanned));
        assert!(ask(&managed, &request(kind, 7), &[7]).is_err());
    }
}

fn file() -> Arc<chappe_policy::Policy> {
    let text = r#"{
        "default_policy": "allow",
        "policy_admins": ["ADMIN"],
        "kind": {"blacklist": [7, 12345]},
        "rules": {
            "1": {"write_allow": ["WRITER"], "script": "/bin/check", "rate_limit": 2},
            "2": {"write_deny": ["DENIED"]}
        }
    }"#;
    let text = text.replace("ADMIN", &key(8).to_string());
    policy(&text.replace("WRITER", &key(4).to_string()).replace("DENIED", &key(9).to_string()))
}

#[test]
fn the_policy_file_binds_all_but_owners() {
    let access = in_mode(Mode::Open).with_policy(file());
    let is = |kind, author, signed_in: &[u8]| ask(&access, &event(kind, author), signed_in);
    for author in [2, 3, 4, 7] {
        assert!(matches!(is(7, author, &[author]), Err(Denied::Policy(_))), "{author}");
        assert!(matches!(is(7, author, &[]), Err(Denied::Policy(_))), "{author}: no key changes it");
    }
    assert_eq!(is(7, 1, &[]), Ok(()));
    assert_eq!(is(1, 4, &[]), Ok(()));
    assert_eq!(is(1, 7, &[4]), Ok(()), "brought by a writer");
    assert!(matches!(is(1, 7, &[]), Err(Denied::PolicyNeedsAuth(_))));
    assert!(matches!(is(1, 7, &[7]), Err(Denied::Policy(_))));
    assert!(matches!(is(1, 7, &[7, 4]), Err(Denied::Policy(_))), "the author brought it alone");
    assert!(matches!(is(2, 7, &[4, 9]), Err(Denied::Policy(_))), "one of those who bring it is denied");
    assert_eq!(is(2, 7, &[7, 9]), Ok(()), "the author brought it alone");
    // Policy admins update the policy, in every mode and whatever it says; owners do, too.
    for (mode, list) in modes() {
        let access = in_mode(mode).with_policy(file());
        assert_eq!(ask(&access, &event(12_345, 8), &[8]), Ok(()));
        assert_eq!(ask(&access, &event(12_345, 1), &[]), Ok(()));
        assert!(ask(&access, &event(12_345, 2), &[2]).is_err());
        let no = list.map_or(Ok(()), |list| Err(Denied::NotListed(list)));
        assert_eq!(ask(&access, &event(0, 8), &[8]), no, "a policy admin is nothing else by being one");
    }
}

#[test]
fn checks_are_the_plugin_and_the_scripts_of_the_rule() {
    let settings = Settings { plugin: Plugin::Asked, ..settings(Mode::Open) };
    let with_plugin = access_with(settings, standing()).with_policy(file());
    let without = in_mode(Mode::Open).with_policy(file());
    let checks = |access: &Access, kind, author| {
        let peer = peer(&[]);
        submit(access, &Meters::new(), &event(kind, author), Source::Client(&peer), NOW).unwrap().checks
    };
    let script = Check::Script("/bin/check".into());
    assert_eq!(checks(&with_plugin, 1, 4), [Check::Plugin, script.clone()]);
    assert_eq!(checks(&without, 1, 4), [script]);
    assert_eq!(checks(&with_plugin, 0, 4), [Check::Plugin]);
    assert_eq!(checks(&without, 0, 4), []);
    assert_eq!(checks(&with_plugin, 1, 1), [Check::Plugin], "the file does not bind owners");
    let operator = submit(&with_plugin, &Meters::new(), &event(1, 7), Source::Operator, NOW).unwrap();
    assert_eq!(operator.checks, []);
}

/// So many events of this person in a row, each anew; the first no or the last yes.
fn flood(
    access: &Access,
    meters: &Meters,
    source: &Peer,
    author: u8,
    count: u64,
    now: u64,
) -> Vec<Result<Duration, Denied>> {
    let made = |number| EventBuilder::new(1).created_at(NOW.0 - number).sign(&person(author));
    let events: Vec<TestEvent> = (0..count).map(made).collect();
    let each =
        events.iter().map(|event| submit(access, meters, event, Source::Client(source), Timestamp(now)));
    each.map(|result| result.map(|grant| grant.delay)).collect()
}

#[test]
fn the_rate_of_a_rule_counts_by_key_and_kind() {
    let (access, meters) = (in_mode(Mode::Open).with_policy(file()), Meters::new());
    let too_many = Err(Denied::TooManyByRule { kind: Kind(1), per_minute: 2 });
    let yes = Ok(Duration::ZERO);
    assert_eq!(flood(&access, &meters, &peer(&[]), 4, 4, NOW.0), [yes, yes, too_many, too_many]);
    assert_eq!(flood(&access, &meters, &peer(&[4]), 7, 1, NOW.0), [too_many], "who brings it pays");
    assert_eq!(flood(&access, &meters, &peer(&[]), 1, 3, NOW.0), [yes, yes, yes], "owners are not counted");
    assert_eq!(flood(&access, &meters, &peer(&[]), 4, 2, NOW.0 + 30), [yes, too_many], "half a minute later");
    let other = event(0, 4);
    assert!(submit(&access, &meters, &other, Source::Client(&peer(&[])), NOW).is_ok(), "another kind");
}

#[test]
fn strangers_wait_a_step_longer_each_time() {
    let access = in_mode(Mode::Follows(Strangers::Delay(STEP)));
    let meters = Meters::new();
    let millis = |source: &Peer, author, count, now| -> Vec<u128> {
        let all = flood(&access, &meters, source, author, count, now);
        all.into_iter().map(|delay| delay.unwrap().as_millis()).collect()
    };
    let home = peer_at("192.0.2.1", &[]);
    assert_eq!(millis(&home, 7, 5, NOW.0), [200, 400, 600, 700, 700]);
    assert_eq!(millis(&home, 9, 1, NOW.0), [700], "another key at the same address");
    assert_eq!(millis(&peer_at("192.0.2.2", &[]), 7, 1, NOW.0), [700], "the same key elsewhere");
    assert_eq!(millis(&peer_at("192.0.2.3", &[]), 10, 2, NOW.0), [200, 400]);
    for author in [1, 2, 3, 4] {
        assert_eq!(millis(&home, author, 2, NOW.0), [0, 0], "{author}");
    }
    assert_eq!(millis(&peer_at("192.0.2.1", &[4]), 7, 1, NOW.0), [0], "brought by somebody on the list");
    assert_eq!(millis(&peer_at("192.0.2.3", &[]), 10, 1, NOW.0 + 300), [400], "half is forgotten");
    assert_eq!(millis(&peer_at("192.0.2.3", &[]), 10, 1, NOW.0 + 3_000), [200], "all is forgotten");
}

#[test]
fn distance_is_time_in_mode_social() {
    let delay = Delay { step: Duration::from_millis(100), max: Duration::from_millis(250) };
    let distances: Distances =
        [(key(1), 0), (key(2), 0), (key(4), 1), (key(10), 2), (key(11), 3)].into_iter().collect();
    let with = |depth_max| {
        let mode = Mode::Social(Social { depth_max, delay });
        in_mode(mode).with_distances(Arc::new(distances.clone()))
    };
    let table: [(u8, u8, &[u8], u64); 11] = [
        (3, 1, &[], 0),
        (3, 2, &[2], 0),
        (3, 3, &[], 0),
        (3, 4, &[], 0),
        (3, 10, &[], 100),
        (3, 11, &[], 200),
        (3, 7, &[], 250),
        (3, 7, &[7], 250),
        (3, 7, &[9, 10], 100),
        (1, 11, &[], 100),
        (0, 7, &[], 0),
    ];
    for (depth_max, author, signed_in, millis) in table {
        let source = peer(signed_in);
        let granted =
            submit(&with(depth_max), &Meters::new(), &event(1, author), Source::Client(&source), NOW)
                .unwrap();
        assert_eq!(
            granted.delay,
            Duration::from_millis(millis),
            "depth {depth_max}, {author}, {signed_in:?}"
        );
    }
    let exempt =
        submit(&with(3), &Meters::new(), &event(24_133, 7), Source::Client(&peer(&[])), NOW).unwrap();
    assert_eq!(exempt.delay, Duration::ZERO);
}

fn curating(per_key: u32, per_address: u32) -> Access {
    in_mode(Mode::Curating(Curating {
        events_per_key_a_day: per_key,
        events_per_address_a_day: per_address,
        ban_hours_first: 1,
        ban_hours_max: 3,
        ..Curating::default()
    }))
}

const HOUR: u64 = 3_600;
/// Midnight UTC, two days before [`NOW`].
const MIDNIGHT: u64 = 1_699_833_600;

#[test]
fn curating_bounds_the_day_of_a_key() {
    let (access, meters) = (curating(2, 0), Meters::new());
    let (yes, no) = (Ok(Duration::ZERO), Err(Denied::TooManyOfKeyToday { events_max: 2 }));
    let home = peer_at("192.0.2.1", &[]);
    assert_eq!(flood(&access, &meters, &home, 7, 3, MIDNIGHT), [yes, yes, no]);
    assert_eq!(flood(&access, &meters, &peer_at("192.0.2.2", &[]), 7, 1, MIDNIGHT + 23 * HOUR), [no]);
    assert_eq!(flood(&access, &meters, &home, 9, 3, MIDNIGHT), [yes, yes, no], "another key");
    assert_eq!(flood(&access, &meters, &home, 7, 3, MIDNIGHT + 24 * HOUR), [yes, yes, no], "the next day");
    for author in [1, 2, 3, 4] {
        assert_eq!(flood(&access, &meters, &home, author, 3, MIDNIGHT), [yes, yes, yes], "{author}");
    }
    let exempt: Vec<_> =
        (0..5).map(|number| EventBuilder::new(24_133).created_at(number).sign(&person(7))).collect();
    assert!(exempt.iter().all(|event| submit(&access, &meters, event, Source::Client(&home), NOW).is_ok()));
}

#[test]
fn curating_keeps_an_address_out_longer_each_time() {
    let (access, meters) = (curating(1, 3), Meters::new());
    let home = peer_at("2001:db8:1:2::1", &[]);
    let neighbour = peer_at("2001:db8:1:2:ffff::9", &[]);
    let hours = |hours: u64| Err(Denied::AddressSuspended { minutes: hours * 60 });
    let too_many = Err(Denied::TooManyOfKeyToday { events_max: 1 });
    // Those that are too many for the key count for the address as well.
    let first = flood(&access, &meters, &home, 7, 4, MIDNIGHT);
    assert_eq!(first, [Ok(Duration::ZERO), too_many, too_many, hours(1)]);
    let left = flood(&access, &meters, &neighbour, 9, 1, MIDNIGHT + 61);
    assert_eq!(left, [Err(Denied::AddressSuspended { minutes: 59 })], "another key nearby");
    assert!(flood(&access, &meters, &peer_at("2001:db8:1:3::1", &[]), 9, 1, MIDNIGHT)[0].is_ok());
    assert!(flood(&access, &meters, &home, 4, 1, MIDNIGHT)[0].is_ok(), "the trusted are not kept out");
    let wallet = submit(&access, &meters, &event(23_194, 7), Source::Client(&home), Timestamp(MIDNIGHT));
    assert_eq!(wallet.map(drop).err(), hours(1).err(), "a ban binds exempt kinds");
    // On the same day the next one brings the next ban: twice as long, up to the longest.
    assert_eq!(flood(&access, &meters, &home, 9, 1, MIDNIGHT + HOUR), [hours(2)]);
    assert_eq!(flood(&access, &meters, &home, 9, 1, MIDNIGHT + 3 * HOUR), [hours(3)]);
    assert_eq!(flood(&access, &meters, &home, 9, 1, MIDNIGHT + 6 * HOUR), [hours(3)]);
    // A new day is a new start, and the last ban is longer ago than the longest lasts: a first one again.
    assert!(flood(&access, &meters, &home, 10, 1, MIDNIGHT + 24 * HOUR)[0].is_ok());
    let again = flood(&access, &meters, &home, 7, 4, MIDNIGHT + 24 * HOUR);
    assert_eq!(again.last(), Some(&hours(1)));
}

#[test]
fn rates_bound_addresses_and_keys_but_not_those_in_charge() {
    let rates = Rates {
        events_per_address_a_minute: 3,
        events_per_key_a_minute: 2,
        unmetered: vec!["127.0.0.0/8".parse().unwrap()],
        ..Rates::default()
    };
    let access = access_with(Settings { rates, ..settings(Mode::Open) }, standing());
    let meters = Meters::new();
    let (yes, of_key) = (Ok(Duration::ZERO), Err(Denied::TooManyOfKey { per_minute: 2 }));
    let from_address = Err(Denied::TooManyFromAddress { per_minute: 3 });
    let home = peer_at("192.0.2.1", &[]);
    assert_eq!(flood(&access, &meters, &home, 7, 3, NOW.0), [yes, yes, of_key]);
    assert_eq!(flood(&access, &meters, &home, 9, 1, NOW.0), [from_address]);
    assert_eq!(flood(&access, &meters, &peer_at("192.0.2.2", &[]), 9, 1, NOW.0), [yes]);
    assert_eq!(
        flood(&access, &meters, &home, 9, 2, NOW.0 + 20),
        [yes, from_address],
        "a third of a minute later"
    );
    let trusted = peer_at("127.0.0.1", &[]);
    assert_eq!(flood(&access, &meters, &trusted, 10, 3, NOW.0), [yes, yes, yes], "nor its keys");
    for author in [1, 2] {
        assert_eq!(flood(&access, &meters, &home, author, 3, NOW.0), [yes, yes, yes], "{author}");
    }
    assert_eq!(flood(&access, &meters, &peer(&[]), 11, 3, NOW.0), [yes, yes, of_key], "no address");
    assert_eq!(
        flood(&access, &meters, &peer(&[12, 13]), 14, 3, NOW.0),
        [yes, yes, of_key],
        "the first key pays"
    );
    assert_eq!(flood(&access, &meters, &peer(&[12]), 15, 1, NOW.0), [of_key]);
}

#[test]
fn requests_are_counted_by_address() {
    let rates = Rates { requests_per_address_a_minute: 2, ..Rates::default() };
    let access = access_with(Settings { rates, ..settings(Mode::Open) }, standing());
    let meters = Meters::new();
    let no = Err(crate::AskDenied::TooManyRequests { per_minute: 2 });
    let count = |peer: &Peer, now| meters.count_request(&access, peer, Timestamp(now));
    let home = peer_at("192.0.2.1", &[]);
    assert_eq!(
        [0, 0, 0, 29, 30, 30].map(|later| count(&home, NOW.0 + later)),
        [Ok(()), Ok(()), no, no, Ok(()), no]
    );
    assert_eq!(count(&peer_at("192.0.2.1", &[7]), NOW.0 + 30), no);
    assert_eq!(count(&peer_at("192.0.2.1", &[2]), NOW.0 + 30), Ok(()), "an admin");
    assert_eq!(count(&peer_at("192.0.2.2", &[]), NOW.0), Ok(()));
    assert_eq!([(); 5].map(|()| count(&peer(&[]), NOW.0)), [Ok(()); 5], "no address");
    let open = Access::default();
    assert_eq!([(); 5].map(|()| meters.count_request(&open, &home, NOW)), [Ok(()); 5], "no bound");
}
