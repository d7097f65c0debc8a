use std::sync::Arc;

use chappe_protocol::Kind;

use super::*;
use crate::testing::{NOW, event, key, keys, peer, policy, submit, viewer};
use crate::{Delay, Gate, Mode, Rates, Settings, Standing, Strangers, can_see, may_ask};

fn access() -> Access {
    let file = r#"{
        "default_policy": "allow",
        "rules": {"1": {"content_limit": 280}, "30023": {"read_allow": ["READER"]}}
    }"#;
    let settings = Settings {
        mode: Mode::Managed,
        owners: keys([1]),
        auth_read: Gate::SignedIn,
        rates: Rates { events_per_key_a_minute: 1, ..Rates::default() },
        ..Settings::default()
    };
    let standing = Standing { allowed_keys: keys([4]), banned_keys: keys([5]), ..Standing::default() };
    Access::new(settings)
        .with_standing(Arc::new(standing))
        .with_policy(policy(&file.replace("READER", &key(4).to_string())))
}

fn beginnings(explanation: &Explanation) -> Vec<&str> {
    explanation.steps.iter().map(|step| step.split(':').next().unwrap()).collect()
}

#[test]
fn writing_is_told_step_by_step_and_ends_with_the_verdict() {
    let (access, meters) = (access(), Meters::new());
    let long = chappe_testkit::EventBuilder::new(1).content("x".repeat(281)).sign(&crate::testing::person(4));
    let [form, who, bans, gates, kinds, mode, policy, limits] =
        ["form", "who", "bans", "gates", "kinds", "mode", "policy", "limits"];
    let table: [(&str, _, &[u8], Vec<&str>, &str); 5] = [
        ("allowed", event(1, 4), &[], vec![form, who, bans, gates, kinds, mode, policy, limits], "allowed"),
        (
            "not listed",
            event(1, 7),
            &[],
            vec![form, who, bans, gates, kinds],
            "denied: auth-required: only those may publish here who have been allowed to",
        ),
        (
            "banned",
            event(1, 5),
            &[],
            vec![form, who],
            "denied: blocked: the author of this event is banned here",
        ),
        (
            "too long",
            long,
            &[4],
            vec![form, who, bans, gates, kinds, mode, policy],
            "denied: restricted: content is longer than 280 bytes (rule for kind 1)",
        ),
        ("an owner", event(1, 1), &[1], vec![form, who, bans, gates, kinds, mode, policy, limits], "allowed"),
    ];
    for (name, event, signed_in, steps, verdict) in table {
        let peer = peer(signed_in);
        let told = access.explain_write(&meters, &event.event(), event.json().len(), &peer, NOW);
        assert_eq!(beginnings(&told), steps, "{name}: {told}");
        assert_eq!(told.to_string().lines().last(), Some(verdict), "{name}: {told}");
        let decided = submit(&access, &Meters::new(), &event, Source::Client(&peer), NOW);
        assert_eq!(decided.map(drop).map_err(Refusal::from), told.verdict, "{name}");
        assert_eq!(told.is_allowed(), verdict == "allowed", "{name}");
    }
    let told = access.explain_write(&meters, &event(1, 4).event(), 0, &peer(&[]), NOW).to_string();
    assert!(told.starts_with("1. form: "), "{told}");
}

#[test]
fn telling_counts_nothing() {
    let delay = Delay { step: std::time::Duration::from_secs(1), max: std::time::Duration::from_secs(9) };
    let mode = Mode::Follows(Strangers::Delay(delay));
    let access = access().with_settings(Arc::new(Settings { mode, ..Settings::clone(access().settings()) }));
    let meters = Meters::new();
    let source = peer(&[]);
    let one = event(1, 4);
    for _ in 0..5 {
        assert!(access.explain_write(&meters, &one.event(), 0, &source, NOW).is_allowed());
    }
    let granted = submit(&access, &meters, &one, Source::Client(&source), NOW).unwrap();
    assert_eq!(granted.delay, delay.step);
    let told = access.explain_write(&meters, &one.event(), 0, &source, NOW);
    let words = "rate-limited: at most 1 events are accepted of one key in a minute";
    assert_eq!(told.verdict.unwrap_err().to_string(), words);
}

#[test]
fn reading_is_told_by_the_decision_itself() {
    let access = access();
    let table: [(u16, &[u8], &str, usize); 6] = [
        (1, &[4], "allowed", 5),
        (1, &[], "denied: auth-required: nobody is signed in, and reading needs it", 1),
        (4, &[4], "denied: restricted: the kind is private, and the viewer is not part of the event", 2),
        (1, &[5], "denied: blocked: a key of the viewer is banned", 0),
        (30_023, &[7], "denied: restricted: the policy file does not show it to this viewer", 5),
        (30_023, &[1], "allowed", 6),
    ];
    for (kind, signed_in, verdict, steps) in table {
        let (viewer, event) = (viewer(signed_in), event(kind, 8));
        let told = access.explain_read(&event.head(), &viewer);
        assert_eq!(told.to_string().lines().last(), Some(verdict), "{told}");
        assert_eq!(told.steps.len(), steps, "{told}");
        assert_eq!(told.is_allowed(), can_see(&access, &viewer, &event.head()), "{told}");
    }
    let hidden = access.explain_read(&event(1, 5).head(), &viewer(&[4]));
    assert_eq!(hidden.verdict.unwrap_err().to_string(), "blocked: the event or its author is banned");
}

#[test]
fn a_filter_is_told_with_where_it_looks() {
    let access = access();
    let kinds = |kinds: &[u16]| Filter {
        kinds: Some(kinds.iter().copied().map(Kind).collect()),
        ..Filter::default()
    };
    let table: [(&[u16], &[u8], &str, &str); 4] = [
        (&[1], &[4], "allowed", "narrowing: the filter is answered as it is"),
        (&[1, 30_023], &[7], "allowed", "narrowing: looks at kinds 1"),
        (&[1059], &[4], "allowed", "narrowing: looks at kinds 1059, 1 value(s) of #p"),
        (&[1], &[], "denied: auth-required: sign in to read here", "who"),
    ];
    for (asked, signed_in, verdict, last) in table {
        let (viewer, filter) = (viewer(signed_in), kinds(asked));
        let told = access.explain_filter(&filter, &viewer);
        assert_eq!(told.to_string().lines().last(), Some(verdict), "{told}");
        assert!(told.steps.last().unwrap().starts_with(last), "{told}");
        assert_eq!(told.is_allowed(), may_ask(&access, &viewer, &[filter]).is_ok(), "{told}");
    }
}
