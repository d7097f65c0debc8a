//! permessage-deflate (RFC 7692): what is agreed on, what goes compressed, and that it reads as what goes plain.

pub(crate) mod client;

use chappe_testkit::{EventBuilder, Keys, TestEvent};

use self::client::{Deflating, Heard, deflated, shake_hands};
use crate::harness::Relay;
use crate::harness::frames::{CONTINUATION, FIN, PING, RSV1, TEXT, frame, head};

const AGREED: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// The most that one message may have, by default.
const MESSAGE_BYTES_MAX: usize = 512 * 1024;

fn note(content: &str) -> TestEvent {
    EventBuilder::new(1).created_at(Relay::NOW).content(content).sign(&Keys::from_seed(1))
}

/// Subscribes to all notes and hears that there are none.
async fn subscribed(relay: &Relay, offer: &str) -> Deflating {
    let mut client = Deflating::offering(relay, offer).await;
    client.say(r#"["REQ","all",{"kinds":[1]}]"#).await;
    assert_eq!(client.hear().await, Heard::Plain(r#"["EOSE","all",["finish"]]"#.to_owned()));
    client
}

#[tokio::test]
async fn what_is_offered_is_agreed_to_where_it_can_be_met() {
    let relay = Relay::start().await;
    for (offer, agreed) in [
        ("permessage-deflate", Some("")),
        ("permessage-deflate; client_max_window_bits", Some("")),
        ("permessage-deflate; server_no_context_takeover; client_no_context_takeover", Some("")),
        ("permessage-deflate; client_max_window_bits=9", Some("")),
        ("permessage-deflate; server_max_window_bits=9", Some("; server_max_window_bits=9")),
        ("permessage-deflate; server_max_window_bits=\"15\"", Some("; server_max_window_bits=15")),
        ("permessage-deflate; server_max_window_bits=16, permessage-deflate", Some("")),
        ("x-webkit-deflate-frame, permessage-deflate", Some("")),
        ("permessage-deflate; server_max_window_bits=7", None),
        ("permessage-deflate; unheard_of", None),
        ("permessage-bzip2", None),
    ] {
        let client = Deflating::offering(&relay, offer).await;
        assert_eq!(client.agreed, agreed.map(|more| format!("{AGREED}{more}")), "{offer}");
    }
}

#[tokio::test]
async fn a_header_that_breaks_the_grammar_gets_400() {
    for enabled in [true, false] {
        let relay = Relay::start_with(|config| config.compression.enabled = enabled).await;
        for bad in ["permessage-deflate;", "permessage-deflate; x=\"", "a b", "permessage-deflate; =1"] {
            let good = "Sec-WebSocket-Extensions: permessage-deflate";
            let (_, head) = shake_hands(&relay, &[good, &format!("Sec-WebSocket-Extensions: {bad}")]).await;
            assert!(head.starts_with("HTTP/1.1 400 "), "{bad}: {head}");
        }
    }
}

#[tokio::test]
async fn it_can_be_switched_off() {
    let relay = Relay::start_with(|config| config.compression.enabled = false).await;
    let mut client = subscribed(&relay, "permessage-deflate").await;
    assert_eq!(client.agreed, None);
    let event = note(&"word ".repeat(500));
    relay.connect().await.store(&event).await;
    assert_eq!(client.hear().await, Heard::Plain(event.delivery("all")));
    // What was not agreed on may not be sent.
    client.say_deflated(r#"["CLOSE","all"]"#).await;
    assert_eq!(client.hear().await, Heard::Closed(1002));
}

#[tokio::test]
async fn a_live_event_reads_the_same_for_everyone() {
    let relay = Relay::start().await;
    let mut plain = relay.connect().await;
    plain.subscribe("all", r#"{"kinds":[1]}"#).await;
    let mut deflating = Vec::new();
    for offer in [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=9",
    ] {
        deflating.push(subscribed(&relay, offer).await);
    }
    let mut publisher = relay.connect().await;
    let long = "Claude Chappe's towers, \"\u{e9}tage\"\n par \\ \u{1f5fc}. ".repeat(40);
    for (content, fits_small_window) in [("short", true), (&long, false)] {
        let event = note(content);
        publisher.store(&event).await;
        plain.expect_text(&event.delivery("all")).await;
        let small = deflating.len() - 1;
        for (place, client) in deflating.iter_mut().enumerate() {
            let heard = client.hear().await;
            // Nothing may refer further back than the client's window, so what is longer comes plain.
            let expected = if place < small || fits_small_window { Heard::Compressed } else { Heard::Plain };
            assert_eq!(heard, expected(event.delivery("all")));
        }
    }
}

#[tokio::test]
async fn stored_events_come_compressed_and_short_answers_plain() {
    let relay = Relay::start().await;
    let mut publisher = relay.connect().await;
    let mut events: Vec<TestEvent> = (0..200)
        .map(|number| {
            let author = Keys::from_seed(number % 7);
            EventBuilder::new(1)
                .created_at(Relay::NOW - number)
                .content(format!("{number} ").repeat(50))
                .sign(&author)
        })
        .collect();
    // Nearly as large as a message can be.
    let subject = "word ".repeat(13_000);
    let mut big = EventBuilder::new(1).created_at(Relay::NOW - 1_000);
    for _ in 0..7 {
        big = big.tag(&["subject", &subject]);
    }
    events.push(big.sign(&Keys::from_seed(9)));
    for event in &events {
        publisher.store(event).await;
    }
    // Another subscription each time: only its name is not remembered.
    for name in ["first", "another \u{e9}\"\\", "third"] {
        let mut client = Deflating::connect(&relay).await;
        let quoted = serde_json::to_string(name).unwrap();
        client.say(&format!(r#"["REQ",{quoted},{{"kinds":[1]}}]"#)).await;
        for event in &events {
            assert_eq!(client.hear().await, Heard::Compressed(event.delivery(name)));
        }
        let Heard::Plain(eose) = client.hear().await else { panic!("a short answer came compressed") };
        assert_eq!(eose, format!(r#"["EOSE",{quoted},["finish"]]"#));
    }
}

#[tokio::test]
async fn what_is_too_large_to_be_remembered_comes_plain() {
    let relay = Relay::start_with(|config| config.compression.events_bytes_max = 32 * 10_000).await;
    let mut client = subscribed(&relay, "permessage-deflate").await;
    let (small, large) = (note(&"word ".repeat(1_000)), note(&"word ".repeat(3_000)));
    let mut publisher = relay.connect().await;
    for event in [&small, &large] {
        publisher.store(event).await;
    }
    assert_eq!(client.hear().await, Heard::Compressed(small.delivery("all")));
    assert_eq!(client.hear().await, Heard::Plain(large.delivery("all")));
}

#[tokio::test]
async fn what_is_deleted_or_hidden_is_in_no_memory() {
    let relay = Relay::start().await;
    let (author, other) = (Keys::from_seed(1), Keys::from_seed(2));
    let mut client = subscribed(&relay, "permessage-deflate").await;
    let gone = note("soon gone");
    let secret = EventBuilder::new(4)
        .created_at(Relay::NOW)
        .tag(&["p", &author.hex()])
        .content("for one")
        .sign(&other);
    let mut publisher = relay.connect_as(&[&author]).await;
    publisher.store(&gone).await;
    publisher.store(&secret).await;
    assert_eq!(client.hear().await, Heard::Compressed(gone.delivery("all")));
    publisher.say(&format!(r#"["REQ","dm",{{"ids":["{}"]}}]"#, secret.id())).await;
    publisher.hears_event("dm", &secret).await;
    let deletion =
        EventBuilder::new(5).created_at(Relay::NOW).tag(&["e", &gone.id().to_string()]).sign(&author);
    publisher.expect_start(r#"["EOSE","dm""#).await;
    publisher.store(&deletion).await;
    client.say(&format!(r#"["REQ","ids",{{"ids":["{}","{}"]}}]"#, gone.id(), secret.id())).await;
    assert!(client.hear().await.text().starts_with(r#"["EOSE","ids""#));
}

#[tokio::test]
async fn what_clients_compress_is_read() {
    let relay = Relay::start().await;
    let mut client = Deflating::connect(&relay).await;
    let event = note(&"word ".repeat(10_000));
    client.say_deflated(&event.message()).await;
    assert_eq!(client.hear().await, Heard::Plain(format!(r#"["OK","{}",true,""]"#, event.id())));
    // As short as it can be, and as it is again.
    client.say_deflated(r#"["REQ","s",{"limit":0}]"#).await;
    assert_eq!(client.hear().await, Heard::Plain(r#"["EOSE","s"]"#.to_owned()));
    client.say(r#"["CLOSE","s"]"#).await;
    // In pieces, with a ping between them.
    let request = deflated(format!(r#"["REQ","s",{{"ids":["{}"]}}]"#, event.id()).as_bytes());
    let (one, rest) = request.split_at(request.len() / 3);
    let (two, three) = rest.split_at(1);
    for piece in [
        frame(RSV1 | TEXT, one),
        frame(FIN | PING, b"still there?"),
        frame(CONTINUATION, two),
        frame(FIN | CONTINUATION, three),
    ] {
        client.send(&piece).await;
    }
    assert_eq!(client.hear().await, Heard::Pong(b"still there?".to_vec()));
    assert_eq!(client.hear().await, Heard::Compressed(event.delivery("s")));
    assert_eq!(client.hear().await, Heard::Plain(r#"["EOSE","s",["finish"]]"#.to_owned()));
}

#[tokio::test]
async fn a_bomb_is_a_message_that_is_too_long() {
    let relay = Relay::start().await;
    let mut neighbour = subscribed(&relay, "permessage-deflate").await;
    let right = |length: usize| format!(r#"{}["REQ","s",{{"limit":0}}]"#, " ".repeat(length - 23));
    let mut client = Deflating::connect(&relay).await;
    client.say_deflated(&right(MESSAGE_BYTES_MAX)).await;
    assert_eq!(client.hear().await, Heard::Plain(r#"["EOSE","s"]"#.to_owned()));
    for bytes in [MESSAGE_BYTES_MAX + 1, 64 << 20] {
        let mut client = Deflating::connect(&relay).await;
        let bomb = deflated(right(bytes).as_bytes());
        assert!(bomb.len() < MESSAGE_BYTES_MAX, "{}", bomb.len());
        client.send(&frame(FIN | RSV1 | TEXT, &bomb)).await;
        let notice = format!(r#"["NOTICE","invalid: a message has at most {MESSAGE_BYTES_MAX} bytes"]"#);
        assert_eq!(client.hear().await, Heard::Plain(notice));
        assert_eq!(client.hear().await, Heard::Closed(1009));
    }
    let event = note("still serving");
    relay.connect().await.store(&event).await;
    assert_eq!(neighbour.hear().await, Heard::Compressed(event.delivery("all")));
}

#[tokio::test]
async fn frames_that_break_the_rules_of_compression_end_the_connection() {
    let relay = Relay::start().await;
    let request = deflated(br#"["REQ","s",{}]"#);
    for (name, bytes, code) in [
        ("no deflate", frame(FIN | RSV1 | TEXT, &[0x07]), 1007),
        ("not UTF-8", frame(FIN | RSV1 | TEXT, &deflated(b"[\"REQ\",\"\xff\"]")), 1007),
        ("a compressed ping", frame(FIN | RSV1 | PING, b"x"), 1002),
        (
            "a continuation that says so again",
            [frame(RSV1 | TEXT, &request[..5]), head(FIN | RSV1 | CONTINUATION, 5)].concat(),
            1002,
        ),
    ] {
        let mut client = Deflating::connect(&relay).await;
        client.send(&bytes).await;
        assert_eq!(client.hear().await, Heard::Closed(code), "{name}");
    }
}
