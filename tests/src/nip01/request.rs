//! REQ and its stored events.

use chappe_testkit::{EventBuilder, Keys, TestEvent};

use super::note;
use crate::harness::{Client, Relay};

fn at(seconds: u64, text: &str) -> TestEvent {
    EventBuilder::new(1).created_at(seconds).content(text).sign(&Keys::from_seed(1))
}

async fn store_all(client: &mut Client, events: &[TestEvent]) {
    for event in events {
        client.store(event).await;
    }
}

/// In the order that NIP-01 asks for.
fn in_order(events: &[TestEvent]) -> Vec<&TestEvent> {
    let mut events: Vec<_> = events.iter().collect();
    events.sort_by(|a, b| b.created_at().cmp(&a.created_at()).then(a.id().cmp(&b.id())));
    events
}

#[tokio::test]
async fn newest_come_first_and_equal_times_by_lowest_id() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let events: Vec<_> = (0..30).map(|n| at(1_000 + n * 7 % 5, &format!("{n}"))).collect();
    store_all(&mut client, &events).await;
    let expected = in_order(&events);
    for filters in ["{}", r#"{"kinds":[1]}"#, r#"{"kinds":[1,2]},{"since":1002}"#] {
        client.finds(filters, &expected).await;
    }
    // A limit cuts that order off, in the middle of a second too.
    for limit in [1, 3, 7, 29] {
        client.finds(&format!(r#"{{"limit":{limit}}}"#), &expected[..limit]).await;
    }
}

#[tokio::test]
async fn an_event_that_several_filters_match_comes_once() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let events: Vec<_> = (0..6).map(|n| at(1_000 + n, &format!("{n}"))).collect();
    store_all(&mut client, &events).await;
    let author = Keys::from_seed(1).hex();
    let filters =
        format!(r#"{{}},{{"kinds":[1]}},{{"authors":["{author}"]}},{{"ids":["{}"]}}"#, events[2].id());
    client.finds(&filters, &in_order(&events)).await;
}

#[tokio::test]
async fn each_filter_has_a_limit_of_its_own() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let keys = Keys::from_seed(1);
    let event =
        |kind, n: u64| EventBuilder::new(kind).created_at(1_000 + n).content(format!("{n}")).sign(&keys);
    let (notes, reactions): (Vec<_>, Vec<_>) = (0..5).map(|n| (event(1, n), event(7, 10 + n))).unzip();
    store_all(&mut client, &notes).await;
    store_all(&mut client, &reactions).await;
    let expected = [&reactions[4], &notes[4], &notes[3]];
    client.finds(r#"{"kinds":[1],"limit":2},{"kinds":[7],"limit":1}"#, &expected).await;
    // What another filter has sent already counts for this one too.
    client.finds(r#"{"limit":2},{"kinds":[7],"limit":1}"#, &[&reactions[4], &reactions[3]]).await;
    client.finds(r#"{"kinds":[1],"limit":0},{"kinds":[7],"limit":1}"#, &[&reactions[4]]).await;
}

#[tokio::test]
async fn a_limit_above_the_highest_is_clamped_and_a_missing_one_is_the_default() {
    let relay = Relay::start_with(|config| {
        config.limits.limit_default = 2;
        config.limits.limit_max = 4;
    })
    .await;
    let mut client = relay.connect().await;
    let events: Vec<_> = (0..6).map(|n| at(1_000 + n, &format!("{n}"))).collect();
    store_all(&mut client, &events).await;
    let expected = in_order(&events);
    for (filters, count) in [
        ("{}", 2),
        (r#"{"kinds":[1]}"#, 2),
        (r#"{"limit":3}"#, 3),
        (r#"{"limit":4}"#, 4),
        (r#"{"limit":5}"#, 4),
        (r#"{"limit":18446744073709551615}"#, 4),
    ] {
        client.finds(filters, &expected[..count]).await;
    }
}

#[tokio::test]
async fn an_empty_filter_gives_500_by_default() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let events: Vec<_> = (0..510).map(|n| at(1_000 + n, &format!("{n}"))).collect();
    for event in &events {
        client.say(&event.message()).await;
    }
    for event in &events {
        assert_eq!(client.ok(event).await, (true, String::new()));
    }
    client.finds("{}", &in_order(&events)[..500]).await;
    client.finds(r#"{"limit":510}"#, &in_order(&events)).await;
}

#[tokio::test]
async fn every_condition_of_a_filter_has_to_hold() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let [ann, ben] = [1, 2].map(Keys::from_seed);
    let cat = "c".repeat(64);
    let old = EventBuilder::new(1).created_at(1_000).tag(&["t", "cats", "dogs"]).sign(&ann);
    let middle = EventBuilder::new(7).created_at(2_000).tag(&["p", &cat]).tag(&["t", "dogs"]).sign(&ben);
    let new = EventBuilder::new(1).created_at(3_000).tag(&["T", "cats"]).tag(&["alt", "cats"]).sign(&ben);
    store_all(&mut client, &[old.clone(), middle.clone(), new.clone()]).await;
    let (ann, ben) = (ann.hex(), ben.hex());
    let cases: [(String, &[&TestEvent]); 18] = [
        (format!(r#"{{"ids":["{}"]}}"#, middle.id()), &[&middle]),
        (format!(r#"{{"ids":["{}","{}"]}}"#, old.id(), new.id()), &[&new, &old]),
        (format!(r#"{{"ids":["{}"],"kinds":[7]}}"#, old.id()), &[]),
        (format!(r#"{{"authors":["{ann}"]}}"#), &[&old]),
        (format!(r#"{{"authors":["{ben}","{ann}"]}}"#), &[&new, &middle, &old]),
        (format!(r#"{{"authors":["{ben}"],"kinds":[1]}}"#), &[&new]),
        (r#"{"kinds":[1]}"#.into(), &[&new, &old]),
        (r#"{"kinds":[1,7,9]}"#.into(), &[&new, &middle, &old]),
        (r##"{"#t":["cats"]}"##.into(), &[&old]),
        // Only the first value of a tag is indexed, and letters have a case.
        (r##"{"#t":["dogs"]}"##.into(), &[&middle]),
        (r##"{"#T":["cats"]}"##.into(), &[&new]),
        (r##"{"#t":["dogs","cats"]}"##.into(), &[&middle, &old]),
        (format!(r##"{{"#t":["dogs"],"#p":["{cat}"]}}"##), &[&middle]),
        (format!(r##"{{"#t":["cats"],"#p":["{cat}"]}}"##), &[]),
        (r#"{"since":2000}"#.into(), &[&new, &middle]),
        (r#"{"until":2000}"#.into(), &[&middle, &old]),
        (r#"{"since":2000,"until":2000}"#.into(), &[&middle]),
        (r#"{"since":2001,"until":2000}"#.into(), &[]),
    ];
    for (filter, expected) in cases {
        client.finds(&filter, expected).await;
        assert_eq!(client.count(&filter).await, expected.len() as u64, "{filter}");
    }
}

#[tokio::test]
async fn an_empty_list_matches_nothing() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let event = EventBuilder::new(1).tag(&["t", "x"]).tag(&["e", &"e".repeat(64)]).sign(&Keys::from_seed(1));
    client.store(&event).await;
    let keys = ["ids", "authors", "kinds", "#t", "#e", "#p", "&t"];
    for (n, key) in keys.iter().enumerate() {
        let filter = format!(r#"{{"{key}":[]}}"#);
        client.finds(&filter, &[]).await;
        assert_eq!(client.count(&filter).await, 0, "{filter}");
        client.subscribe(&format!("{n}"), &filter).await;
    }
    // Neither do live events, though these subscriptions stay open.
    client.store(&note("live")).await;
    client.hears_nothing_more().await;
}

#[tokio::test]
async fn unknown_filter_keys_are_unsupported() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    for key in ["search", "#alt", "#", "#é", "&", "&tt", "#1", "author", "IDS", "limits", ""] {
        for verb in ["REQ", "COUNT"] {
            client.say(&format!(r#"["{verb}","s",{{}},{{"kinds":[1],"{key}":["x"]}}]"#)).await;
            let closed = format!(r#"["CLOSED","s","unsupported: unknown filter key {key}"]"#);
            client.expect(&closed).await;
        }
    }
}

#[tokio::test]
async fn wrong_types_and_hex_in_a_filter_are_invalid() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let upper = "A".repeat(64);
    let hex = "must be a list of 64 characters of lowercase hex each";
    let kinds = "must be a list of whole numbers from 0 to 65535";
    let seconds = "must be a whole number of seconds, not negative";
    let limit = "must be a whole number, not negative";
    let cases: &[(&str, &[&str], &str)] = &[
        ("ids", &[r#""x""#, r#"["x"]"#, "[1]", "null", "{}", r#"["00"]"#], hex),
        ("authors", &[r#""x""#, r#"["npub1"]"#, "[null]"], hex),
        ("#e", &[r#"["x"]"#, "[1]", "7"], hex),
        ("#p", &[r#"["x"]"#], hex),
        ("&e", &[r#"["x"]"#], hex),
        ("kinds", &["1", r#"["1"]"#, "[-1]", "[65536]", "[1.5]", "null"], kinds),
        ("since", &["-1", r#""1""#, "1.5", "null", "[1]"], seconds),
        ("until", &["-1", r#""1""#, "1e3"], seconds),
        ("limit", &["-1", r#""1""#, "1.5", "null", "18446744073709551616"], limit),
        ("#t", &[r#""x""#, "[1]", "[[]]", "null"], "must be a list of strings"),
        ("&t", &[r#""x""#, "[1]"], "must be a list of strings"),
    ];
    let upper_hex = format!(r#"["{upper}"]"#);
    let upper_cases = ["ids", "authors", "#e", "#p"].map(|key| (key, upper_hex.as_str(), hex));
    let cases =
        cases.iter().flat_map(|&(key, values, text)| values.iter().map(move |value| (key, *value, text)));
    for (key, value, text) in cases.chain(upper_cases) {
        for verb in ["REQ", "COUNT"] {
            client.say(&format!(r#"["{verb}","s",{{"{key}":{value}}}]"#)).await;
            let heard = client.hear().await;
            assert_eq!(
                heard,
                serde_json::json!(["CLOSED", "s", format!("invalid: filter key {key} {text}")]),
                "{value}"
            );
        }
    }
    for (filters, text) in [
        ("[]", "a filter must be an object"),
        ("1", "a filter must be an object"),
        (r#"{"kinds":[1],"kinds":[1]}"#, "filter key kinds is given twice"),
        (r##"{"#t":["a"],"#t":["b"]}"##, "filter key #t is given twice"),
    ] {
        client.say(&format!(r#"["REQ","s",{filters}]"#)).await;
        client.expect(&format!(r#"["CLOSED","s","invalid: {text}"]"#)).await;
    }
    client.say(r#"["REQ","s"]"#).await;
    client.expect(r#"["CLOSED","s","invalid: a filter is missing"]"#).await;
}

#[tokio::test]
async fn more_filters_than_the_bound_are_invalid() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let filters = |count: usize| vec![r#"{"ids":[]}"#; count].join(",");
    client.finds(&filters(100), &[]).await;
    for verb in ["REQ", "COUNT"] {
        client.say(&format!(r#"["{verb}","many",{}]"#, filters(101))).await;
        client.expect(r#"["CLOSED","many","invalid: at most 100 filters are answered at once"]"#).await;
    }
}

#[tokio::test]
async fn subscription_ids_have_1_to_64_characters() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    for id in ["x".to_owned(), "x".repeat(64), "\u{1F919}".repeat(64), "a b:c/ä".to_owned()] {
        client.say(&format!(r#"["REQ","{id}",{{}}]"#)).await;
        client.expect(&format!(r#"["EOSE","{id}",["finish"]]"#)).await;
        client.say(&format!(r#"["CLOSE","{id}"]"#)).await;
    }
    for id in [String::new(), "x".repeat(65), "\u{1F919}".repeat(65)] {
        for message in [
            format!(r#"["REQ","{id}",{{}}]"#),
            format!(r#"["COUNT","{id}",{{}}]"#),
            format!(r#"["CLOSE","{id}"]"#),
        ] {
            client.say(&message).await;
            client.expect(r#"["NOTICE","invalid: a subscription id has 1 to 64 characters"]"#).await;
        }
    }
}

/// The id comes back as JSON that means the same, whatever is in it.
#[tokio::test]
async fn a_subscription_id_may_hold_anything() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let id = "\"quoted\" \\ \n \u{1} \u{1F919}";
    client.say(&serde_json::json!(["REQ", id, {}]).to_string()).await;
    assert_eq!(client.hear().await, serde_json::json!(["EOSE", id, ["finish"]]));
}

/// Of more than one slice and more than the socket takes at once.
#[tokio::test]
async fn a_long_answer_comes_whole_and_in_order() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let events: Vec<_> = (0..1_200).map(|n| at(1_000 + n, &"x".repeat(2_000))).collect();
    for chunk in events.chunks(200) {
        for event in chunk {
            client.say(&event.message()).await;
        }
        for event in chunk {
            assert_eq!(client.ok(event).await, (true, String::new()));
        }
    }
    client.finds(r#"{"limit":5000}"#, &in_order(&events)).await;
}
