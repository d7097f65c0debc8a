//! Random policy files, each valid.

use chappe_testkit::Rng;
use chappe_testkit::naive::access::policy::PATTERNS;
use serde_json::{Map, Value, json};

use super::people::People;

/// The kinds of most of a world's events.
const KINDS: [u16; 12] = [0, 1, 3, 4, 6, 7, 1059, 1111, 1984, 9735, 20_001, 30_023];

/// Its rule lets nobody but owners write, in every policy: who can is an owner by the policy in force.
pub const PROBE_KIND: u16 = 20_999;

/// A policy file. `marker` is one of its owners, so that a test can tell when it is in force.
pub fn random_policy(rng: &mut Rng, people: &People, marker: &str) -> Value {
    let mut owners = vec![marker.to_owned()];
    if rng.percent(40) {
        owners.push(people.file_owner.hex());
    }
    let mut rules = Map::new();
    for _ in 0..rng.within(1..6) {
        let kind = *rng.pick(&KINDS);
        rules.insert(kind.to_string(), random_rule(rng, people, false));
    }
    rules.insert(PROBE_KIND.to_string(), json!({ "write_allow": [marker], "read_allow": [marker] }));
    let mut policy = json!({
        "default_policy": if rng.percent(65) { "allow" } else { "deny" },
        "owners": owners,
        "rules": rules,
    });
    if rng.percent(50) {
        policy["global"] = random_rule(rng, people, true);
    }
    match rng.below(5) {
        0 => {
            let whitelist: Vec<_> = KINDS.iter().filter(|_| rng.percent(75)).collect();
            policy["kind"] = json!({ "whitelist": whitelist });
        }
        1 => policy["kind"] = json!({ "blacklist": [rng.pick(&KINDS), 30_078] }),
        _ => {}
    }
    // The field needs the flag and somebody whose follows count.
    let uses_follows = policy.to_string().contains("write_allow_follows");
    if uses_follows || rng.percent(30) {
        policy["policy_admins"] = json!([people.roots[0].hex()]);
        policy["policy_follow_whitelist_enabled"] = json!(uses_follows || rng.percent(50));
    }
    policy
}

/// Some of the fields: few, and loose more often than not, else nothing would be written or seen at all.
fn random_rule(rng: &mut Rng, people: &People, global: bool) -> Value {
    let mut rule = json!({ "description": "made up" });
    for _ in 0..rng.within(1..4) {
        match rng.below(10) {
            0..=3 => add_writers(rng, people, &mut rule),
            4..=7 => add_readers(rng, people, &mut rule),
            _ => add_condition(rng, &mut rule),
        }
    }
    if global && rng.percent(40) {
        rule[*rng.pick(&["read_allow_permissive", "write_allow_permissive"])] = json!(true);
    }
    for (allow, deny) in [("write_allow", "write_deny"), ("read_allow", "read_deny")] {
        without_common(&mut rule, allow, deny);
    }
    rule
}

/// A key on both lists would be a contradiction.
fn without_common(rule: &mut Value, allow: &str, deny: &str) {
    let allowed = rule[allow].as_array().cloned().unwrap_or_default();
    if let Some(denied) = rule[deny].as_array_mut() {
        denied.retain(|key| !allowed.contains(key));
        if denied.is_empty() {
            rule.as_object_mut().unwrap().remove(deny);
        }
    }
    let object = rule.as_object_mut().unwrap();
    object.retain(|_, value| !value.is_null());
}

fn add_writers(rng: &mut Rng, people: &People, rule: &mut Value) {
    match rng.below(7) {
        0 | 1 => rule["write_allow"] = json!(many(rng, people)),
        2 => rule["write_deny"] = json!(people.some(rng)),
        3 => rule["write_allow_follows"] = json!(true),
        4 => rule["follows_whitelist_admins"] = json!([rng.pick(&people.roots).hex()]),
        5 => rule["write_follows_whitelist"] = json!([rng.pick(&people.roots).hex()]),
        _ => rule["write_allow_if_tagged"] = json!(many(rng, people)),
    }
}

fn add_readers(rng: &mut Rng, people: &People, rule: &mut Value) {
    match rng.below(7) {
        0 => rule["read_allow"] = json!(many(rng, people)),
        1 => rule["read_deny"] = json!(people.some(rng)),
        2 | 3 => rule["privileged"] = json!(true),
        4 => rule["write_allow_follows"] = json!(true),
        5 => rule["follows_whitelist_admins"] = json!([rng.pick(&people.roots).hex()]),
        _ => rule["read_follows_whitelist"] = json!([rng.pick(&people.roots).hex()]),
    }
}

fn add_condition(rng: &mut Rng, rule: &mut Value) {
    match rng.below(12) {
        0 => rule["size_limit"] = json!(rng.within(400..1_500)),
        1 => rule["content_limit"] = json!(rng.within(20..300)),
        2 => rule["max_age_of_event"] = json!(rng.within(5..25) * 86_400),
        3 => rule["max_age_event_in_future"] = json!(rng.within(1..300)),
        4 => rule["max_expiry"] = json!(86_400),
        5 => rule["max_expiry_duration"] = json!(rng.pick(&["P1D", "P1W", "PT23H59M60S"])),
        6 => rule["must_have_tags"] = json!([rng.pick(&["p", "t", "e", "d"])]),
        7 => rule["allowed_tags"] = json!(["p", "e", "t", "k", "d", "-", "expiration", "title"]),
        8 => rule["tag_validation"] = json!({ *rng.pick(&["t", "d", "p"]): rng.pick(&PATTERNS).0 }),
        9 => rule["identifier_regex"] = json!(rng.pick(&PATTERNS).0),
        10 => rule["protected_required"] = json!(true),
        _ => rule["rate_limit"] = json!(100_000),
    }
    // Two bounds for one thing have to be equal.
    if rule["max_expiry"].is_number() && rule["max_expiry_duration"].is_string() {
        rule["max_expiry_duration"] = json!("PT24H");
    }
}

/// Half of the people or so.
fn many(rng: &mut Rng, people: &People) -> Vec<String> {
    let mut many = people.some(rng);
    many.extend(people.some(rng));
    many.extend(people.some(rng));
    many.sort();
    many.dedup();
    many
}
