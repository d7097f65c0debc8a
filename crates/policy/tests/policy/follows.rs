//! Follow lists and key sets.

use chappe_policy::{Follows, KeySet};
use chappe_protocol::PublicKey;
use chappe_testkit::Rng;
use serde_json::json;

use crate::support::{hex, keys, policy};

fn key(number: u64) -> PublicKey {
    PublicKey::from_bytes(Rng::new(number).bytes32())
}

#[test]
fn a_set_has_each_key_once_and_in_order() {
    let set: KeySet = [3, 1, 2, 1, 3].map(key).into_iter().collect();
    assert_eq!(set.len(), 3);
    assert!(set.iter().is_sorted() && set.contains(&key(1)) && !set.contains(&key(4)));
    assert!(
        KeySet::default().is_empty()
            && KeySet::default().is_subset(&set)
            && !set.is_subset(&KeySet::default())
    );
}

#[test]
fn follows_agree_with_the_lists() {
    let mut rng = Rng::new(7);
    for _ in 0..200 {
        let count = rng.below(6);
        let mut lists: Vec<(PublicKey, KeySet)> = Vec::new();
        for _ in 0..count {
            let root = key(rng.within(0..8));
            let followed = rng.below(10);
            lists.push((root, (0..followed).map(|_| key(rng.within(0..12))).collect()));
        }
        let follows = Follows::new(lists.iter().cloned());
        let naive = |root: &PublicKey, other: &PublicKey| {
            lists.iter().any(|(listed, list)| listed == root && list.contains(other))
        };
        let roots: KeySet = (0..8).filter(|_| rng.percent(40)).map(key).collect();
        for other in (0..12).map(key) {
            for root in (0..8).map(key) {
                assert_eq!(follows.follows(&root, &other), naive(&root, &other));
            }
            assert_eq!(follows.any_follows(&roots, &other), roots.iter().any(|root| naive(root, &other)));
        }
    }
}

#[test]
fn the_roots_are_those_whose_lists_a_rule_asks_for() {
    let all = policy(&json!({
        "policy_admins": [hex(1)],
        "policy_follow_whitelist_enabled": true,
        "global": { "write_allow_follows": true, "write_allow": [hex(7)] },
        "rules": {
            "1": { "follows_whitelist_admins": [hex(2), hex(3)] },
            "7": { "read_follows_whitelist": [hex(4)], "write_follows_whitelist": [hex(3), hex(5)] },
        },
    }));
    let mut expected = keys(&[1, 2, 3, 4, 5]);
    expected.sort();
    assert_eq!(all.follow_roots().collect::<Vec<_>>(), expected);
    let unused = policy(&json!({ "policy_admins": [hex(1)], "owners": [hex(2)] }));
    assert_eq!(unused.follow_roots().count(), 0);
    assert!(unused.admins().contains(&keys(&[1])[0]) && unused.owners().contains(&keys(&[2])[0]));
}
