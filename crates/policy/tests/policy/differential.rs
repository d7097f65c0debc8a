//! Thousands of random policies, against the naive oracle.

use std::collections::HashMap;

use chappe_policy::{Follows, KeySet, Policy, Readable, Verdict};
use chappe_protocol::Kind;
use chappe_testkit::naive::access::policy::{self as naive, PATTERNS};
use chappe_testkit::{EventBuilder, Keys, Rng, TestEvent};
use serde_json::{Map, Value, json};

use crate::support::{NOW, keys, submit};

/// Kinds, and people from 1 to [`PEOPLE`]. Few, so that rules meet events.
const KINDS: [u16; 4] = [1, 4, 7, 30_023];
const PEOPLE: u64 = 6;
const TAGS: [&str; 6] = ["p", "t", "d", "-", "expiration", "e"];

/// People who follow each other, and what they do.
pub(crate) struct World {
    pub(crate) rng: Rng,
    pairs: Vec<Keys>,
    lists: HashMap<String, Vec<String>>,
}

impl World {
    pub(crate) fn new(mut rng: Rng) -> Self {
        let pairs: Vec<_> = (0..=PEOPLE).map(Keys::from_seed).collect();
        let mut lists = HashMap::new();
        for root in &pairs {
            let followed = pairs.iter().filter(|_| rng.percent(25)).map(Keys::hex);
            lists.insert(root.hex(), followed.collect::<Vec<_>>());
        }
        Self { rng, pairs, lists }
    }

    pub(crate) fn follows(&self) -> Follows {
        let key = |hex: &String| chappe_protocol::PublicKey::from_hex(hex.as_bytes()).unwrap();
        let list = |list: &Vec<String>| list.iter().map(key).collect::<KeySet>();
        Follows::new(self.lists.iter().map(|(root, followed)| (key(root), list(followed))))
    }

    /// None, one or two of them, by their seeds.
    pub(crate) fn people(&mut self) -> Vec<u64> {
        let count = *self.rng.pick(&[0, 1, 1, 1, 2]);
        (0..count).map(|_| self.rng.within(1..PEOPLE + 1)).collect()
    }

    fn some(&mut self) -> Vec<String> {
        let mut some: Vec<String> = Vec::new();
        for _ in 0..=self.rng.below(3) {
            let key = self.rng.pick(&self.pairs).hex();
            if !some.contains(&key) {
                some.push(key);
            }
        }
        some
    }

    pub(crate) fn event(&mut self) -> TestEvent {
        let Self { rng, pairs, .. } = self;
        let created_at = NOW + 100 - rng.within(0..200);
        let mut event = EventBuilder::new(*rng.pick(&KINDS)).created_at(created_at);
        for _ in 0..rng.below(4) {
            let name = *rng.pick(&TAGS);
            let value = match name {
                "p" => rng.pick(pairs).hex(),
                "expiration" => (created_at + rng.within(0..120)).to_string(),
                _ => (*rng.pick(&["hello", "settings", "o", "", "nostr"])).to_owned(),
            };
            event = if rng.percent(10) && name != "expiration" {
                event.tag(&[name])
            } else {
                event.tag(&[name, &value])
            };
        }
        let content = "é".repeat(rng.below(12));
        event.content(content).sign(rng.pick(pairs))
    }

    pub(crate) fn policy(&mut self) -> Value {
        let mut policy = json!({ "default_policy": *self.rng.pick(&["allow", "deny"]) });
        if self.rng.percent(50) {
            policy["global"] = self.rule();
            if self.rng.percent(20) {
                let flag = *self.rng.pick(&["read_allow_permissive", "write_allow_permissive"]);
                policy["global"][flag] = json!(true);
            }
        }
        let mut rules = Map::new();
        for kind in KINDS {
            if self.rng.percent(50) {
                rules.insert(kind.to_string(), self.rule());
            }
        }
        policy["rules"] = json!(rules);
        match self.rng.below(6) {
            0 => policy["kind"] = json!({ "whitelist": [1, 4] }),
            1 => policy["kind"] = json!({ "blacklist": [1] }),
            2 => policy["kind"] = json!({ "whitelist": [1], "blacklist": [4] }),
            _ => {}
        }
        policy["policy_admins"] = json!(self.some());
        policy["policy_follow_whitelist_enabled"] = json!(true);
        policy
    }

    fn rule(&mut self) -> Value {
        let mut rule = json!({});
        for _ in 0..self.rng.below(4) {
            self.add_field(&mut rule);
        }
        rule
    }

    /// One more field, or another value of one.
    fn add_field(&mut self, rule: &mut Value) {
        const LISTS: [&str; 8] = [
            "write_allow",
            "write_deny",
            "read_allow",
            "read_deny",
            "follows_whitelist_admins",
            "read_follows_whitelist",
            "write_follows_whitelist",
            "write_allow_if_tagged",
        ];
        const BOUNDS: [&str; 4] =
            ["content_limit", "max_age_of_event", "max_age_event_in_future", "max_expiry"];
        match self.rng.below(10) {
            0..=4 => rule[*self.rng.pick(&LISTS)] = json!(self.some()),
            5 => {
                rule[*self.rng.pick(&["privileged", "write_allow_follows", "protected_required"])] =
                    json!(true)
            }
            6 => rule[*self.rng.pick(&BOUNDS)] = json!(self.rng.within(1..90)),
            7 => rule["size_limit"] = json!(self.rng.within(290..500)),
            8 => match self.rng.below(3) {
                0 => rule["must_have_tags"] = json!([self.rng.pick(&TAGS)]),
                1 => rule["allowed_tags"] = json!(["p", "t", "d", "-", "expiration"]),
                _ => rule["max_expiry_duration"] = json!(*self.rng.pick(&["PT1M", "PT30S"])),
            },
            _ => match self.rng.below(2) {
                0 => {
                    rule["tag_validation"] =
                        json!({ *self.rng.pick(&["t", "d"]): self.rng.pick(&PATTERNS).0 })
                }
                _ => rule["identifier_regex"] = json!(self.rng.pick(&PATTERNS).0),
            },
        }
    }

    /// Changes a policy a little, more often than not for wider.
    pub(crate) fn change(&mut self, policy: &mut Value) {
        match self.rng.below(8) {
            0 => policy["default_policy"] = json!(*self.rng.pick(&["allow", "deny"])),
            1 => {
                let kind = self.rng.pick(&KINDS).to_string();
                policy["rules"][kind] = if self.rng.percent(50) { json!({}) } else { self.rule() };
            }
            2 => {
                if let Some(list) = policy["kind"]["whitelist"].as_array_mut() {
                    list.push(json!(7));
                }
            }
            _ => {
                let mut rules: Vec<_> = policy["rules"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(|kind| format!("/rules/{kind}"))
                    .collect();
                if policy["global"].is_object() {
                    rules.push("/global".to_owned());
                }
                if !rules.is_empty() {
                    let path: &String = self.rng.pick(&rules);
                    let rule = policy.pointer_mut(path).unwrap();
                    self.widen(rule);
                }
            }
        }
    }

    fn widen(&mut self, rule: &mut Value) {
        if self.rng.percent(25) {
            self.add_field(rule);
            return;
        }
        let more = self.some();
        for value in rule.as_object_mut().unwrap().values_mut() {
            match value {
                Value::Array(list)
                    if list
                        .first()
                        .is_some_and(|item| item.as_str().is_some_and(|text| text.len() == 64)) =>
                {
                    list.extend(more.iter().map(|key| json!(key)));
                }
                Value::Number(number) => *value = json!(number.as_u64().unwrap() + 5),
                _ => {}
            }
        }
    }
}

/// Where this run starts: `CHAPPE_SEED`, or always the same. Printed, to repeat a failure with.
fn seed() -> u64 {
    let seed =
        std::env::var("CHAPPE_SEED").ok().map_or(1, |seed| seed.parse().expect("CHAPPE_SEED is a number"));
    eprintln!("CHAPPE_SEED={seed} repeats this");
    seed
}

#[test]
fn random_policies_answer_as_the_naive_oracle_does() {
    let mut world = World::new(Rng::new(seed()));
    let follows = world.follows();
    let (mut policies, mut yes, mut no) = (0, [0, 0], [0, 0]);
    while policies < 4_000 {
        let json = world.policy();
        let Ok(policy) = Policy::parse(&json.to_string()) else { continue };
        policies += 1;
        for _ in 0..12 {
            let (event, people) = (world.event(), world.people());
            for (way, answer) in
                check(&policy, &json, &event, &people, &follows, &world.lists).into_iter().enumerate()
            {
                if answer { yes[way] += 1 } else { no[way] += 1 }
            }
        }
    }
    assert!(yes.iter().chain(&no).all(|count| *count > 5_000), "{yes:?} {no:?}");
}

/// Asks both, and says whether the event may be written, and be read.
fn check(
    policy: &Policy,
    json: &Value,
    event: &TestEvent,
    people: &[u64],
    follows: &Follows,
    lists: &HashMap<String, Vec<String>>,
) -> [bool; 2] {
    let people = keys(people);
    let names: Vec<String> = people.iter().map(ToString::to_string).collect();
    let story = || format!("{json}\n{}\nby {names:?}", event.json());

    let expected = naive::may_write(json, event, &names, lists, NOW);
    let (decision, told) = submit(event, &people, |submission| {
        let decision = policy.may_write(submission, follows);
        (decision.verdict, policy.explain_write(submission, follows))
    });
    let written = decision == Verdict::Allow;
    assert_eq!(written, expected.is_ok(), "{expected:?}\n{told}\n{}", story());
    assert_eq!(told.verdict(), decision, "{told}");

    let expected = naive::may_read(json, event, &names, lists);
    let decision = policy.may_read(&event.head(), &people, follows);
    let told = policy.explain_read(&event.head(), &people, follows);
    assert_eq!(decision.is_allowed(), expected.is_ok(), "{expected:?}\n{told}\n{}", story());
    assert_eq!((told.verdict(), told.path()), (decision.verdict, decision.path().as_str()), "{told}");
    let of_kind = policy.may_read_kind(Kind(event.kind()), &people, follows);
    assert!(!decision.is_allowed() || of_kind == Readable::Maybe, "{told}\n{}", story());
    [written, decision.is_allowed()]
}

/// A kind of which nothing is readable has no event that is, and one that may be has one: an event by the viewer.
#[test]
fn the_answer_about_a_kind_is_exact() {
    let mut world = World::new(Rng::new(seed()));
    let follows = world.follows();
    let mut answers = [0, 0];
    for _ in 0..4_000 {
        let json = world.policy();
        let Ok(policy) = Policy::parse(&json.to_string()) else { continue };
        let people = world.people();
        let author = people.first().map_or_else(|| Keys::from_seed(99), |seed| Keys::from_seed(*seed));
        for kind in KINDS {
            let event = EventBuilder::new(kind).sign(&author);
            let readable = policy.may_read(&event.head(), &keys(&people), &follows).is_allowed();
            let maybe = policy.may_read_kind(Kind(kind), &keys(&people), &follows) == Readable::Maybe;
            assert_eq!(readable, maybe, "{json}");
            answers[usize::from(maybe)] += 1;
        }
    }
    assert!(answers.iter().all(|count| *count > 1_000), "{answers:?}");
}
