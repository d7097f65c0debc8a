//! An ordinary event and an ordinary question cost no memory.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::sync::Arc;

use chappe_authorization::{
    Access, Gate, LiveAccess, Meters, Mode, Peer, Rates, Settings, Source, Standing, Viewer, authorize,
    can_see, may_ask, narrow,
};
use chappe_policy::{KeySet, Policy};
use chappe_protocol::{Filter, Kind, Timestamp};
use chappe_testkit::{CountingAllocator, EventBuilder, Keys, allocations};
use chappe_validation::{Rules, Verifier};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const NOW: Timestamp = Timestamp(1_700_000_000);

/// How often memory is asked for by one event written and seen and one question asked, once all is warm.
fn cost(access: Access, peer: &Peer) -> u64 {
    let author = Keys::from_seed(1);
    let event = EventBuilder::new(1).tag(&["p", &Keys::from_seed(2).hex()]).content("hello").sign(&author);
    let verified = Verifier::new().verify(event.event(), &Rules::import(), NOW, &mut Vec::new()).unwrap();
    let filter = Filter {
        kinds: Some(vec![Kind(0), Kind(1)]),
        authors: Some(vec![author.public()]),
        ..Filter::default()
    };
    let filters = [filter];
    let (live, meters) = (LiveAccess::new(access), Meters::new());
    let travel = || {
        let access = live.load();
        let permit = authorize(&access, &meters, verified, Source::Client(peer), 300, NOW).unwrap();
        assert!(permit.delay().is_zero() && permit.checks().is_empty());
        assert!(can_see(&access, &peer.viewer, &permit.head()));
        assert_eq!(may_ask(&access, &peer.viewer, &filters), Ok(()));
        assert_eq!(meters.count_request(&access, peer, NOW), Ok(()));
        assert!(narrow(&access, &peer.viewer, &filters[0]).is_empty());
    };
    travel();
    allocations(travel)
}

#[test]
fn an_event_and_a_question_allocate_nothing() {
    assert!(allocations(|| drop(vec![1])) > 0, "allocations are counted");
    let mut viewer = Viewer::anonymous();
    viewer.add(Keys::from_seed(1).public()).unwrap();
    let nobody = Peer { address: Some("192.0.2.1".parse().unwrap()), ..Peer::default() };
    let author = Peer { viewer, ..nobody.clone() };
    assert_eq!(cost(Access::default(), &nobody), 0, "an open relay");
    assert_eq!(cost(Access::default(), &author), 0, "an open relay, signed in");
    let keys: KeySet = (1..2_000).map(|seed| Keys::from_seed(seed).public()).collect();
    let rates = Rates {
        events_per_address_a_minute: 600,
        events_per_key_a_minute: 600,
        requests_per_address_a_minute: 600,
        ..Rates::default()
    };
    let settings = Settings {
        mode: Mode::Managed,
        auth_read: Gate::SignedIn,
        auth_write: Gate::SignedIn,
        rates,
        ..Settings::default()
    };
    let banned = (3_000..4_000).map(|seed| Keys::from_seed(seed).public()).collect();
    let standing = Standing { allowed_keys: keys, banned_keys: banned, ..Standing::default() };
    let file = r#"{"default_policy": "allow", "rules": {"1": {"content_limit": 280, "rate_limit": 100}}}"#;
    let access = Access::new(settings)
        .with_standing(Arc::new(standing))
        .with_policy(Arc::new(Policy::parse(file).unwrap()));
    assert_eq!(cost(access, &author), 0, "a managed relay with lists, limits and a policy file");
}
