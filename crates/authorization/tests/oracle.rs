//! Random relays, people and events: what the relay says is what plain loops over the operator's words say.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::collections::HashMap;
use std::sync::Arc;

use chappe_authorization::{
    Access, Bringing, Curating, Gate, Meters, Mode, Peer, Settings, Social, Source, Standing, Strangers,
    Viewer, authorize, can_see, may_ask, narrow,
};
use chappe_policy::{Follows, KeySet, Policy};
use chappe_protocol::{Filter, Kind, PublicKey, Refusal, Timestamp};
use chappe_testkit::naive::access as naive;
use chappe_testkit::{Corpus, Keys, Rng, TestEvent, random_filters};
use chappe_validation::{Rules, Verifier};
use serde_json::{Map, Value, json};

const WORLDS: u64 = 60;
const NOW: u64 = Corpus::START + Corpus::SECONDS;

/// The same decisions twice: for the relay, and for the oracle.
struct World {
    corpus: Corpus,
    relay: Access,
    oracle: naive::Access,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let corpus = Corpus::plain(seed, 120, 14);
        let keys: Vec<String> = corpus.keys.iter().map(Keys::hex).collect();
        let [owner, admin, moderator, policy_admin, listed, banned, blacklisted, ..] = &keys[..] else {
            panic!("people")
        };
        let mut some = |count: usize| (0..count).map(|_| rng.pick(&keys).clone()).collect::<Vec<_>>();
        let follows: HashMap<_, _> = [(admin.clone(), some(4)), (policy_admin.clone(), some(4))].into();
        let members = [vec![listed.clone()], some(2)].concat();
        let oracle = naive::Access {
            mode: *rng.pick(&MODES),
            owners: vec![owner.clone()],
            admins: vec![admin.clone()],
            moderators: vec![moderator.clone()],
            auth_read: rng.percent(30),
            auth_write: rng.percent(30),
            exempt_kinds: vec![7, 24_133],
            own_events_only: rng.percent(20),
            private_kinds: vec![4, 1059],
            policy: rng.percent(80).then(|| random_policy(&mut rng, &keys)),
            follows,
            banned_keys: vec![banned.clone()],
            blacklisted_keys: vec![blacklisted.clone()],
            banned_events: (0..4).map(|_| rng.pick(&corpus.events).id().to_string()).collect(),
            allowed_keys: members.clone(),
            members,
        };
        Self { relay: compiled(&oracle), corpus, oracle }
    }
}

const MODES: [naive::Mode; 6] = [
    naive::Mode::Open,
    naive::Mode::Follows,
    naive::Mode::Managed,
    naive::Mode::Curating,
    naive::Mode::Social,
    naive::Mode::Members,
];

fn key(hex: &String) -> PublicKey {
    PublicKey::from_hex(hex.as_bytes()).unwrap()
}

fn set(hex: &[String]) -> KeySet {
    hex.iter().map(key).collect()
}

fn compiled(oracle: &naive::Access) -> Access {
    let gate = |closed| if closed { Gate::SignedIn } else { Gate::Open };
    let unlimited = Curating { events_per_key_a_day: 0, events_per_address_a_day: 0, ..Curating::default() };
    let settings = Settings {
        mode: match oracle.mode {
            naive::Mode::Open => Mode::Open,
            naive::Mode::Follows => Mode::Follows(Strangers::Refuse),
            naive::Mode::Managed => Mode::Managed,
            naive::Mode::Curating => Mode::Curating(unlimited),
            naive::Mode::Social => Mode::Social(Social::default()),
            naive::Mode::Members => Mode::Members,
        },
        owners: set(&oracle.owners),
        admins: set(&oracle.admins),
        moderators: set(&oracle.moderators),
        auth_read: gate(oracle.auth_read),
        auth_write: gate(oracle.auth_write),
        auth_exempt_kinds: oracle.exempt_kinds.iter().copied().map(Kind).collect(),
        bringing: if oracle.own_events_only { Bringing::Own } else { Bringing::Anybodys },
        private_kinds: oracle.private_kinds.iter().copied().map(Kind).collect(),
        ..Settings::default()
    };
    let standing = Standing {
        banned_keys: set(&oracle.banned_keys),
        blacklisted_keys: set(&oracle.blacklisted_keys),
        allowed_keys: set(&oracle.allowed_keys),
        members: oracle.members.iter().map(|hex| (key(hex), vec![])).collect(),
        banned_events: oracle
            .banned_events
            .iter()
            .map(|hex| chappe_protocol::EventId::from_hex(hex.as_bytes()).unwrap())
            .collect(),
        ..Standing::default()
    };
    let policy = oracle.policy.as_ref().map_or_else(Policy::permissive, |policy| {
        Policy::parse(&policy.to_string()).unwrap_or_else(|faults| panic!("{faults:?} in {policy}"))
    });
    let follows = Follows::new(oracle.follows.iter().map(|(root, list)| (key(root), set(list))));
    Access::new(settings)
        .with_standing(Arc::new(standing))
        .with_policy(Arc::new(policy))
        .with_follows(Arc::new(follows))
}

const KINDS: [u16; 8] = [0, 1, 3, 4, 7, 1059, 9735, 30_023];

fn random_policy(rng: &mut Rng, keys: &[String]) -> Value {
    let mut rules = Map::new();
    for _ in 0..rng.within(1..5) {
        rules.insert(rng.pick(&KINDS).to_string(), random_rule(rng, keys));
    }
    let mut policy = json!({
        "default_policy": if rng.percent(70) { "allow" } else { "deny" },
        "owners": [rng.pick(&keys[7..])],
        "policy_admins": [&keys[3]],
        "policy_follow_whitelist_enabled": true,
        "rules": rules,
    });
    match rng.below(4) {
        0 => {
            policy["kind"] =
                json!({ "whitelist": KINDS.iter().filter(|_| rng.percent(70)).collect::<Vec<_>>() });
        }
        1 => policy["kind"] = json!({ "blacklist": [rng.pick(&KINDS)] }),
        2 => policy["global"] = random_rule(rng, keys),
        _ => {}
    }
    policy
}

fn random_rule(rng: &mut Rng, keys: &[String]) -> Value {
    let mut half = || keys.iter().filter(|_| rng.percent(50)).collect::<Vec<_>>();
    let (writers, readers) = (half(), half());
    let mut rule = json!({ "description": "made up" });
    match rng.below(4) {
        0 => rule["write_allow"] = json!(writers),
        1 => rule["write_deny"] = json!(writers),
        2 => rule["write_allow_follows"] = json!(true),
        _ => rule["content_limit"] = json!(rng.within(20..300)),
    }
    match rng.below(4) {
        0 => rule["read_allow"] = json!(readers),
        1 => rule["read_deny"] = json!(readers),
        2 => rule["privileged"] = json!(true),
        _ => {}
    }
    rule
}

/// Nobody, one person, or two.
fn signed_in(rng: &mut Rng, corpus: &Corpus) -> (Viewer, Vec<String>) {
    let mut viewer = Viewer::anonymous();
    for _ in 0..rng.below(3) {
        viewer.add(rng.pick(&corpus.keys).public()).unwrap();
    }
    let hex = viewer.iter().map(ToString::to_string).collect();
    (viewer, hex)
}

fn write(world: &World, event: &TestEvent, viewer: &Viewer) -> Result<(), Refusal> {
    let now = Timestamp(NOW);
    let verified = Verifier::new().verify(event.event(), &Rules::import(), now, &mut Vec::new()).unwrap();
    let peer = Peer { viewer: viewer.clone(), ..Peer::default() };
    let (meters, source) = (Meters::new(), Source::Client(&peer));
    let permit = authorize(&world.relay, &meters, verified, source, event.json().len(), now)?;
    assert_eq!(permit.event(), event.event());
    Ok(())
}

#[test]
fn the_relay_accepts_what_the_oracle_accepts() {
    let (mut accepted, mut refused) = (0, 0);
    for seed in 0..WORLDS {
        let world = World::new(seed);
        let mut rng = Rng::new(seed + 1_000);
        for event in &world.corpus.events {
            let (mut viewer, mut hex) = signed_in(&mut rng, &world.corpus);
            if rng.percent(30) {
                viewer.add(event.pubkey()).unwrap();
                hex = viewer.iter().map(ToString::to_string).collect();
            }
            let reasons = world.oracle.reasons_against(event, &hex, NOW);
            let prefixes: Vec<_> = reasons.iter().flat_map(|reason| reason.prefixes(&hex)).collect();
            match write(&world, event, &viewer) {
                Ok(()) => {
                    assert!(
                        reasons.is_empty(),
                        "seed {seed}: {reasons:?} against {} by {hex:?}",
                        event.json()
                    );
                    accepted += 1;
                }
                Err(refusal) => {
                    let words = refusal.to_string();
                    let is_right = prefixes.iter().any(|prefix| words.starts_with(**prefix));
                    assert!(
                        is_right,
                        "seed {seed}: {words}, not {reasons:?}, for {} by {hex:?}",
                        event.json()
                    );
                    refused += 1;
                }
            }
        }
    }
    assert!(accepted > 500 && refused > 500, "{accepted} accepted, {refused} refused");
}

#[test]
fn the_relay_shows_what_the_oracle_shows() {
    let (mut shown, mut hidden, mut unasked) = (0, 0, 0);
    for seed in 0..WORLDS {
        let world = World::new(seed);
        let mut rng = Rng::new(seed + 2_000);
        for _ in 0..12 {
            let (viewer, hex) = signed_in(&mut rng, &world.corpus);
            for event in &world.corpus.events {
                let expected = world.oracle.can_see(&hex, event);
                let sees = can_see(&world.relay, &viewer, &event.head());
                assert_eq!(sees, expected, "seed {seed}: {} to {hex:?}", event.json());
                *(if sees { &mut shown } else { &mut hidden }) += 1;
            }
            for _ in 0..8 {
                let filters = random_filters(&mut rng, &world.corpus);
                unasked += u32::from(!asked_rightly(&world, &viewer, &hex, &filters));
            }
        }
    }
    assert!(
        shown > 5_000 && hidden > 5_000 && unasked > 100,
        "{shown} shown, {hidden} hidden, {unasked} refused"
    );
}

/// Whether the question is answered; in either case as the oracle would have it.
fn asked_rightly(world: &World, viewer: &Viewer, hex: &[String], filters: &[Filter]) -> bool {
    let answered = world.oracle.answers(hex, filters, &world.corpus.events);
    let asked = may_ask(&world.relay, viewer, filters).map_err(Refusal::from);
    match (answered, &asked) {
        (naive::Answered::Yes | naive::Answered::Perhaps, Ok(())) | (naive::Answered::Perhaps, Err(_)) => {}
        (naive::Answered::Closed(prefix), Err(refusal)) if refusal.to_string().starts_with(prefix) => {}
        // A filter that can match nothing is no question.
        (naive::Answered::Closed(_), Ok(())) if filters.iter().all(Filter::is_never) => {}
        (answered, asked) => panic!("{asked:?}, not {answered:?}, for {filters:?} by {hex:?}"),
    }
    for filter in filters {
        let within = narrow(&world.relay, viewer, filter);
        for event in world.corpus.events.iter().filter(|event| filter.matches(&event.head())) {
            let is_within = within.is_empty() || within.iter().any(|part| part.matches(&event.head()));
            assert!(
                is_within || !world.oracle.can_see(hex, event),
                "{filter:?} by {hex:?} lost {}",
                event.json()
            );
        }
    }
    asked.is_ok()
}
