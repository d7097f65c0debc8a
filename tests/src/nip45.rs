//! NIP-45: COUNT and HyperLogLog.

use chappe_testkit::{EventBuilder, Keys, TestEvent};
use serde_json::{Value, json};

use crate::harness::{Client, Relay};

fn reaction(seed: u64, tags: &[[&str; 2]]) -> TestEvent {
    tags.iter().fold(EventBuilder::new(7), |event, tag| event.tag(tag)).sign(&Keys::from_seed(seed))
}

/// The whole answer to a COUNT.
async fn answer(client: &mut Client, filters: &str) -> Value {
    client.say(&format!(r#"["COUNT","c",{filters}]"#)).await;
    client.expect_start(r#"["COUNT","c","#).await[2].take()
}

#[tokio::test]
async fn a_count_is_exact_and_nothing_but_a_count() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    for seed in 1..=7 {
        client.store(&reaction(seed, &[])).await;
    }
    client.say(r#"["COUNT","c",{"kinds":[7]}]"#).await;
    client.expect_text(r#"["COUNT","c",{"count":7}]"#).await;
    client.say(r#"["COUNT","c",{"kinds":[1]}]"#).await;
    client.expect_text(r#"["COUNT","c",{"count":0}]"#).await;
}

#[tokio::test]
async fn an_event_that_several_filters_match_is_counted_once() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    for seed in 1..=4 {
        client.store(&reaction(seed, &[["t", "a"], ["t", "b"]])).await;
    }
    let author = Keys::from_seed(1).hex();
    let filters = [
        r##"{"#t":["a","b"]}"##.to_owned(),
        format!(r##"{{"kinds":[7]}},{{}},{{"authors":["{author}"]}}"##),
        format!(r##"{{"#t":["a"]}},{{"#t":["b"]}},{{"authors":["{author}"]}}"##),
    ];
    for filters in filters {
        assert_eq!(client.count(&filters).await, 4, "{filters}");
    }
}

/// docs/decisions/0004.
#[tokio::test]
async fn a_count_goes_past_every_limit() {
    let relay = Relay::start_with(|config| {
        config.limits.limit_default = 2;
        config.limits.limit_max = 3;
    })
    .await;
    let mut client = relay.connect().await;
    for seed in 1..=9 {
        client.store(&reaction(seed, &[])).await;
    }
    for filters in ["{}", r#"{"limit":1}"#, r#"{"limit":0}"#, r#"{"kinds":[7],"limit":2},{"limit":3}"#] {
        assert_eq!(client.count(filters).await, 9, "{filters}");
    }
}

#[tokio::test]
async fn a_count_leaves_subscriptions_alone_and_opens_none() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    client.subscribe("same", r#"{"kinds":[7]}"#).await;
    client.say(r#"["COUNT","same",{}]"#).await;
    client.expect(r#"["COUNT","same",{"count":0}]"#).await;
    client.say(r#"["COUNT","other",{}]"#).await;
    client.expect(r#"["COUNT","other",{"count":0}]"#).await;
    let event = reaction(1, &[]);
    relay.connect().await.store(&event).await;
    client.hears_event("same", &event).await;
    client.hears_no_event().await;
}

#[tokio::test]
async fn a_count_that_is_not_answered_is_closed() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    client.say(r#"["COUNT","c",{"search":"x"}]"#).await;
    client.expect(r#"["CLOSED","c","unsupported: unknown filter key search"]"#).await;
    client.say(r#"["COUNT","c",{"kinds":["x"]}]"#).await;
    client.expect_start(r#"["CLOSED","c","invalid: "#).await;
    client.say(r#"["COUNT","c",{"kinds":[1059]}]"#).await;
    client.challenge().await;
    client.expect_start(r#"["CLOSED","c","auth-required: "#).await;
}

/// NIP-45's algorithm, step by step as it is written there.
fn registers<'a>(offset: usize, authors: impl IntoIterator<Item = &'a Keys>) -> String {
    let mut registers = [0_u32; 256];
    for keys in authors {
        let pubkey = keys.public();
        let bytes = pubkey.as_bytes();
        let bits: String = bytes[offset + 1..].iter().map(|byte| format!("{byte:08b}")).collect();
        let zeros = bits.find('1').unwrap_or(bits.len());
        let register = &mut registers[usize::from(bytes[offset])];
        *register = (*register).max(u32::try_from(zeros).unwrap() + 1);
    }
    registers.iter().map(|register| format!("{register:02x}")).collect()
}

/// A hex string whose 33rd digit is this one.
fn hex_with(digit: char) -> String {
    format!("{}{digit}{}", "a".repeat(32), "b".repeat(31))
}

#[tokio::test]
async fn hyperloglog_comes_with_counts_that_are_eligible() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let (post, person) = (hex_with('0'), hex_with('f'));
    let address = format!("30023:{}:a:b", hex_with('7'));
    let authors: Vec<_> = (1..=40).map(Keys::from_seed).collect();
    let tags: [[&str; 2]; 5] = [["e", &post], ["p", &person], ["a", &address], ["t", "nostr"], ["E", &post]];
    for seed in 1..=40 {
        client.store(&reaction(seed, &tags)).await;
    }
    let of_nostr = 8 + usize::from_str_radix(NOSTR_DIGIT, 16).unwrap();
    for (filter, offset) in [
        (format!(r##"{{"kinds":[7],"#e":["{post}"]}}"##), 8),
        (format!(r##"{{"#E":["{post}"],"kinds":[7]}}"##), 8),
        (format!(r##"{{"kinds":[7],"#p":["{person}"]}}"##), 8 + 15),
        (format!(r##"{{"#a":["{address}"]}}"##), 8 + 7),
        (r##"{"#t":["nostr"]}"##.to_owned(), of_nostr),
    ] {
        let expected = json!({ "count": 40, "hll": registers(offset, &authors) });
        assert_eq!(answer(&mut client, &filter).await, expected, "{filter}");
    }
}

/// The 33rd hex digit of the SHA-256 of `nostr`, as `sha256sum` tells it.
const NOSTR_DIGIT: &str = "4";

#[tokio::test]
async fn an_author_counts_once_in_hyperloglog() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let post = hex_with('3');
    for n in 0..5 {
        let event = EventBuilder::new(1).tag(&["e", &post]).content(format!("{n}")).sign(&Keys::from_seed(1));
        client.store(&event).await;
    }
    let expected = json!({ "count": 5, "hll": registers(8 + 3, [&Keys::from_seed(1)]) });
    assert_eq!(answer(&mut client, &format!(r##"{{"#e":["{post}"]}}"##)).await, expected);
}

#[tokio::test]
async fn other_counts_have_no_hyperloglog() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let post = hex_with('0');
    client.store(&reaction(1, &[["e", &post], ["t", "a"], ["t", "b"]])).await;
    for filters in [
        "{}".to_owned(),
        r#"{"kinds":[7]}"#.to_owned(),
        r##"{"#t":["a","b"]}"##.to_owned(),
        r#"{"&t":["a"]}"#.to_owned(),
        format!(r##"{{"#t":["a"],"#e":["{post}"]}}"##),
        r##"{"#t":["a"]},{"#t":["b"]}"##.to_owned(),
    ] {
        assert_eq!(answer(&mut client, &filters).await, json!({ "count": 1 }), "{filters}");
    }
}

#[tokio::test]
async fn nobody_counts_what_they_may_not_see() {
    let relay = Relay::start().await;
    let recipient = Keys::from_seed(9);
    let to = recipient.hex();
    let mut client = relay.connect().await;
    let note = EventBuilder::new(1).tag(&["p", &to]).sign(&Keys::from_seed(1));
    let wrap = EventBuilder::new(1059).tag(&["p", &to]).sign(&Keys::from_seed(2));
    client.store(&note).await;
    client.store(&wrap).await;
    let offset = 8 + usize::from_str_radix(&to[32..33], 16).unwrap();
    let filter = format!(r##"{{"#p":["{to}"]}}"##);
    let public = json!({ "count": 1, "hll": registers(offset, [&Keys::from_seed(1)]) });
    assert_eq!(answer(&mut client, &filter).await, public);
    assert_eq!(answer(&mut relay.connect_as(&[&Keys::from_seed(3)]).await, &filter).await, public);
    let all = json!({ "count": 2, "hll": registers(offset, [&Keys::from_seed(1), &Keys::from_seed(2)]) });
    assert_eq!(answer(&mut relay.connect_as(&[&recipient]).await, &filter).await, all);
}
