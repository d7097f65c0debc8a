use std::sync::Arc;

use chappe_protocol::Timestamp;
use chappe_testkit::{Corpus, Keys, Rng, random_filter};

use super::*;
use crate::testing::{key, keys, policy, viewer};
use crate::{Gate, Settings, Standing, can_see};

fn kinds(kinds: &[u16]) -> Filter {
    Filter { kinds: Some(kinds.iter().copied().map(Kind).collect()), ..Filter::default() }
}

fn tag(mode: TagMode, people: &[u8]) -> TagFilter {
    let mut values: Vec<Box<[u8]>> =
        people.iter().map(|&number| key(number).to_string().into_bytes().into()).collect();
    values.sort_unstable();
    TagFilter { letter: b'p', mode, values }
}

fn with_p(filter: Filter, tags: &[TagFilter]) -> Filter {
    Filter { tags: tags.to_vec(), ..filter }
}

fn by(filter: Filter, people: &[u8]) -> Filter {
    let mut filter = Filter { authors: Some(people.iter().copied().map(key).collect()), ..filter };
    filter.normalize();
    filter
}

#[test]
fn private_kinds_are_looked_for_where_the_viewer_is_part_of_them() {
    use TagMode::{All, Any};
    let wraps = || kinds(&[4, 1059]);
    let table: [(&str, Filter, &[u8], Vec<Filter>); 12] = [
        ("public kinds", kinds(&[0, 1]), &[4], vec![]),
        ("all kinds", Filter::default(), &[4], vec![]),
        ("never", kinds(&[]), &[4], vec![]),
        ("anonymous", wraps(), &[], vec![never()]),
        ("anonymous, mixed", kinds(&[1, 4]), &[], vec![kinds(&[1])]),
        ("signed in", wraps(), &[4], vec![by(wraps(), &[4]), with_p(wraps(), &[tag(Any, &[4])])]),
        (
            "two keys, mixed",
            kinds(&[1, 4]),
            &[4, 5],
            vec![kinds(&[1]), by(kinds(&[4]), &[4, 5]), with_p(kinds(&[4]), &[tag(Any, &[4, 5])])],
        ),
        (
            "for the viewer",
            with_p(wraps(), &[tag(Any, &[4])]),
            &[4, 5],
            vec![by(with_p(wraps(), &[tag(Any, &[4])]), &[4, 5]), with_p(wraps(), &[tag(Any, &[4])])],
        ),
        (
            "for another",
            with_p(wraps(), &[tag(Any, &[6]), tag(All, &[7])]),
            &[4],
            vec![
                by(with_p(wraps(), &[tag(Any, &[6]), tag(All, &[7])]), &[4]),
                with_p(wraps(), &[tag(Any, &[6]), tag(Any, &[4]), tag(All, &[7])]),
            ],
        ),
        ("by another", by(wraps(), &[6]), &[4], vec![with_p(by(wraps(), &[6]), &[tag(Any, &[4])])]),
        (
            "by the viewer and another",
            by(wraps(), &[4, 6]),
            &[4],
            vec![by(wraps(), &[4]), with_p(by(wraps(), &[4, 6]), &[tag(Any, &[4])])],
        ),
        (
            "limits are left out",
            Filter { limit: Some(5), since: Some(Timestamp(3)), ..kinds(&[1, 4]) },
            &[],
            vec![Filter { since: Some(Timestamp(3)), ..kinds(&[1]) }],
        ),
    ];
    for (name, filter, signed_in, expected) in table {
        assert_eq!(narrow(&Access::default(), &viewer(signed_in), &filter), expected, "{name}");
    }
}

#[test]
fn what_a_viewer_never_sees_is_left_out() {
    let standing = Standing {
        banned_keys: keys([5]),
        banned_events: [EventId::from_bytes([9; 32])].into_iter().collect(),
        ..Standing::default()
    };
    let file = r#"{"default_policy": "allow", "kind": {"blacklist": [7]}, "rules": {"8": {"read_allow": ["READER"]}}}"#;
    let settings = Settings {
        auth_read: Gate::SignedIn,
        owners: keys([1]),
        auth_exempt_kinds: [7, 24_133].map(Kind).into_iter().collect(),
        ..Settings::default()
    };
    let access = Access::new(settings)
        .with_standing(Arc::new(standing))
        .with_policy(policy(&file.replace("READER", &key(4).to_string())));
    let ids = |bytes: &[u8]| Filter {
        ids: Some(bytes.iter().map(|&byte| EventId::from_bytes([byte; 32])).collect()),
        ..Filter::default()
    };
    let table: [(&str, Filter, &[u8], Vec<Filter>); 13] = [
        // The policy's blacklist takes away what the gate would leave.
        ("gate, everything", Filter::default(), &[], vec![kinds(&[24_133])]),
        ("gate, mixed", kinds(&[1, 24_133]), &[], vec![kinds(&[24_133])]),
        ("gate, nothing left", kinds(&[1]), &[], vec![never()]),
        ("gate and policy", kinds(&[1, 7]), &[], vec![never()]),
        ("signed in, everything", Filter::default(), &[6], vec![]),
        ("policy", kinds(&[1, 7, 8]), &[6], vec![kinds(&[1])]),
        ("policy, a reader", kinds(&[1, 7, 8]), &[4], vec![kinds(&[1, 8])]),
        ("policy, an owner", kinds(&[1, 7, 8]), &[1], vec![]),
        ("banned author", by(kinds(&[1]), &[5, 6]), &[4], vec![by(kinds(&[1]), &[6])]),
        ("only a banned author", by(kinds(&[1]), &[5]), &[4], vec![never()]),
        ("banned author, an owner", by(kinds(&[1]), &[5]), &[1], vec![]),
        ("banned event", ids(&[8, 9]), &[4], vec![ids(&[8])]),
        ("banned viewer", kinds(&[1]), &[4, 5], vec![never()]),
    ];
    for (name, filter, signed_in, expected) in table {
        assert_eq!(narrow(&access, &viewer(signed_in), &filter), expected, "{name}");
    }
}

/// A relay where something is hidden in each way there is, and who looks at it.
fn random_case(rng: &mut Rng, corpus: &Corpus) -> (Access, Viewer) {
    let some = |rng: &mut Rng, bound: usize| {
        let count = rng.below(bound);
        (0..count).map(|_| rng.pick(&corpus.keys).public()).collect::<Vec<_>>()
    };
    let kind = |rng: &mut Rng| Kind(rng.pick(&corpus.events).kind());
    let hex = |key: &Keys| key.hex();
    let file = match rng.below(4) {
        0 => {
            let [one, other] = [kind(rng), kind(rng)];
            let reader = hex(rng.pick(&corpus.keys));
            let rules = format!(r#"{{"{one}": {{"read_allow": ["{reader}"]}}}}"#);
            format!(r#"{{"default_policy": "allow", "kind": {{"blacklist": [{other}]}}, "rules": {rules}}}"#)
        }
        1 => {
            format!(r#"{{"default_policy": "allow", "rules": {{"{}": {{"privileged": true}}}}}}"#, kind(rng))
        }
        2 => format!(r#"{{"default_policy": "deny", "kind": {{"whitelist": [0, {}]}}}}"#, kind(rng)),
        _ => r#"{"default_policy": "allow"}"#.to_owned(),
    };
    let settings = Settings {
        auth_read: if rng.percent(30) { Gate::SignedIn } else { Gate::Open },
        auth_exempt_kinds: [kind(rng), kind(rng)].into_iter().collect(),
        private_kinds: [kind(rng), Kind(4), Kind(1059)].into_iter().collect(),
        moderators: some(rng, 3).into_iter().collect(),
        owners: some(rng, 2).into_iter().collect(),
        ..Settings::default()
    };
    let standing = Standing {
        banned_keys: some(rng, 3).into_iter().collect(),
        banned_events: (0..5).map(|_| rng.pick(&corpus.events).id()).collect(),
        ..Standing::default()
    };
    let mut viewer = Viewer::anonymous();
    some(rng, 4).into_iter().for_each(|key| viewer.add(key).unwrap());
    (Access::new(settings).with_standing(Arc::new(standing)).with_policy(policy(&file)), viewer)
}

#[test]
fn nothing_that_may_be_seen_is_lost() {
    let (mut seen, mut spared) = (0, 0);
    for seed in 0..40 {
        let corpus = Corpus::plain(seed, 150, 8);
        let mut rng = Rng::new(seed);
        for _ in 0..50 {
            let (access, viewer) = random_case(&mut rng, &corpus);
            let filter = random_filter(&mut rng, &corpus);
            let parts = narrow(&access, &viewer, &filter);
            assert!(parts.len() <= 3, "seed {seed}: {filter:?}");
            for event in corpus.events.iter().filter(|event| filter.matches(&event.head())) {
                let is_within = parts.is_empty() || parts.iter().any(|part| part.matches(&event.head()));
                let is_seen = can_see(&access, &viewer, &event.head());
                assert!(is_within || !is_seen, "seed {seed}: {filter:?} as {viewer:?} by {parts:?}");
                seen += u32::from(is_seen);
                spared += u32::from(!is_within);
                // What a filter with kinds leaves in place is seen, or is hidden for what only the event itself tells.
                let by_kind =
                    filter.kinds.is_some() && access.settings().private_kinds.contains(event.head().kind);
                if by_kind && is_within && !is_seen && access.role_of(&viewer).is_none() {
                    let is_hidden = access.is_hidden(&event.head()) || !access.policy().is_permissive();
                    assert!(is_hidden, "seed {seed}: {filter:?} as {viewer:?} by {parts:?}");
                }
            }
        }
    }
    assert!(seen > 1_000 && spared > 1_000, "{seen} seen, {spared} spared");
}
