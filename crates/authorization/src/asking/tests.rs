use std::sync::Arc;

use chappe_testkit::{EventBuilder, Keys};

use super::*;
use crate::testing::{key, keys, policy, viewer};
use crate::{Settings, Standing};

fn kinds(kinds: &[u16]) -> Filter {
    Filter { kinds: Some(kinds.iter().copied().map(Kind).collect()), ..Filter::default() }
}

#[test]
fn asking_for_private_kinds_alone_needs_auth() {
    let backwards = Filter { since: Some(Timestamp(2)), until: Some(Timestamp(1)), ..Filter::default() };
    let by_id =
        Filter { ids: Some(vec![EventBuilder::new(4).sign(&Keys::from_seed(1)).id()]), ..Filter::default() };
    let limited = Filter { limit: Some(0), ..kinds(&[1059]) };
    let needs_auth = Err(AskDenied::PrivateNeedsAuth);
    let table = [
        ("direct messages", vec![kinds(&[4])], needs_auth),
        ("gift wraps", vec![kinds(&[1059])], needs_auth),
        ("only live ones", vec![limited], needs_auth),
        ("several private kinds", vec![kinds(&[4, 1059, 1060])], needs_auth),
        ("several such filters", vec![kinds(&[4]), kinds(&[1059])], needs_auth),
        ("beside a filter that never matches", vec![kinds(&[4]), kinds(&[]), backwards.clone()], needs_auth),
        ("mixed kinds", vec![kinds(&[1, 4])], Ok(())),
        ("mixed filters", vec![kinds(&[4]), kinds(&[1])], Ok(())),
        ("mixed the other way round", vec![kinds(&[1]), kinds(&[4])], Ok(())),
        ("everything", vec![Filter::default()], Ok(())),
        ("by id", vec![by_id], Ok(())),
        ("public kinds", vec![kinds(&[0, 1])], Ok(())),
        ("no kind at all", vec![kinds(&[])], Ok(())),
        ("a window that never was", vec![backwards], Ok(())),
        ("no filter", vec![], Ok(())),
    ];
    for (name, filters, expected) in table {
        assert_eq!(may_ask(&Access::default(), &Viewer::anonymous(), &filters), expected, "{name}");
        let signed_in = viewer(&[9]);
        assert_eq!(may_ask(&Access::default(), &signed_in, &filters), Ok(()), "{name}, signed in");
    }
}

#[test]
fn a_banned_viewer_gets_no_answer() {
    let standing = Standing { banned_keys: keys([1, 5]), ..Standing::default() };
    let settings = Settings { owners: keys([1]), ..Settings::default() };
    let access = Access::new(settings).with_standing(Arc::new(standing));
    for (signed_in, expected) in [
        (&[][..], Ok(())),
        (&[1], Ok(())),
        (&[4], Ok(())),
        (&[5], Err(AskDenied::ViewerBanned)),
        (&[4, 5], Err(AskDenied::ViewerBanned)),
    ] {
        for filter in [kinds(&[1]), kinds(&[24_133]), kinds(&[]), Filter::default()] {
            assert_eq!(may_ask(&access, &viewer(signed_in), &[filter]), expected, "{signed_in:?}");
        }
    }
}

#[test]
fn where_reading_needs_auth_only_exempt_kinds_are_asked_for_before() {
    let access = Access::new(Settings { auth_read: Gate::SignedIn, ..Settings::default() });
    let needs_auth = Err(AskDenied::NeedsAuth);
    let table = [
        ("notes", vec![kinds(&[1])], needs_auth),
        ("private", vec![kinds(&[4])], needs_auth),
        ("everything", vec![Filter::default()], needs_auth),
        ("exempt", vec![kinds(&[24_133])], Ok(())),
        ("several exempt", vec![kinds(&[13_194, 24_133]), kinds(&[23_196])], Ok(())),
        ("exempt and nothing", vec![kinds(&[24_133]), kinds(&[])], Ok(())),
        ("mixed kinds", vec![kinds(&[1, 24_133])], needs_auth),
        ("mixed filters", vec![kinds(&[24_133]), kinds(&[1])], needs_auth),
        ("nothing", vec![kinds(&[])], Ok(())),
    ];
    for (name, filters, expected) in table {
        assert_eq!(may_ask(&access, &Viewer::anonymous(), &filters), expected, "{name}");
        assert_eq!(may_ask(&access, &viewer(&[4]), &filters), Ok(()), "{name}, signed in");
    }
}

#[test]
fn kinds_that_the_policy_never_shows_are_refused_when_nothing_else_is_asked_for() {
    let file = r#"{
        "default_policy": "allow",
        "kind": {"blacklist": [7]},
        "rules": {"30023": {"read_allow": ["READER"]}, "9802": {"read_deny": ["DENIED"]}, "1": {"privileged": true}}
    }"#;
    let file = file.replace("READER", &key(4).to_string()).replace("DENIED", &key(5).to_string());
    let access =
        Access::new(Settings { owners: keys([1]), ..Settings::default() }).with_policy(policy(&file));
    let (denied, needs_auth) = (Err(AskDenied::Policy), Err(AskDenied::PolicyNeedsAuth));
    let every: Vec<u16> = (0..=1_000).map(|_| 7).chain([30_023]).collect();
    let table: [(&[u16], &[u8], _); 14] = [
        (&[7], &[], denied),
        (&[7], &[4], denied),
        (&[7], &[1], Ok(())),
        (&[30_023], &[], needs_auth),
        (&[30_023], &[5], denied),
        (&[30_023], &[4], Ok(())),
        (&[7, 30_023], &[], denied),
        (&[7, 0], &[], Ok(())),
        (&[9802], &[], Ok(())),
        (&[9802], &[5], denied),
        (&[1], &[], needs_auth),
        (&[1], &[5], Ok(())),
        (&[], &[], Ok(())),
        (&every, &[], Ok(())),
    ];
    for (asked, signed_in, expected) in table {
        assert_eq!(
            may_ask(&access, &viewer(signed_in), &[kinds(asked)]),
            expected,
            "{asked:?}, {signed_in:?}"
        );
    }
    assert_eq!(may_ask(&access, &Viewer::anonymous(), &[kinds(&[7]), kinds(&[0])]), Ok(()));
    assert_eq!(may_ask(&access, &Viewer::anonymous(), &[kinds(&[7]), Filter::default()]), Ok(()));
}

#[test]
fn each_no_has_its_words() {
    let table = [
        (AskDenied::ViewerBanned, "blocked: the key you signed in with is banned here"),
        (AskDenied::NeedsAuth, "auth-required: sign in to read here"),
        (
            AskDenied::PrivateNeedsAuth,
            "auth-required: events of these kinds are shown to their author and recipients only",
        ),
        (
            AskDenied::PolicyNeedsAuth,
            "auth-required: the relay's policy shows events of these kinds to some keys only",
        ),
        (AskDenied::Policy, "restricted: the relay's policy does not show you events of these kinds"),
        (
            AskDenied::TooManyRequests { per_minute: 9 },
            "rate-limited: at most 9 requests are answered to one address in a minute",
        ),
    ];
    for (denied, words) in table {
        assert_eq!(Refusal::from(denied).to_string(), words);
        assert_eq!(denied.needs_auth(), words.starts_with("auth-required: "), "{denied:?}");
    }
}
