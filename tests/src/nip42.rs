//! NIP-42: authentication.

use chappe_app::config::AuthChallenge;
use chappe_testkit::{EventBuilder, Keys, TestEvent, auth_event};

use crate::harness::{Client, Relay};

fn keys() -> Keys {
    Keys::from_seed(1)
}

/// Says AUTH with this event and hears the OK.
async fn auth(client: &mut Client, event: &TestEvent) -> (bool, String) {
    client.say(&event.auth_message()).await;
    client.ok(event).await
}

fn accepted() -> (bool, String) {
    (true, String::new())
}

fn refused(text: &str) -> (bool, String) {
    (false, format!("invalid: {text}"))
}

/// Whether the connection is signed in with this key: whether it may publish what only its author may.
async fn is_signed_in(client: &mut Client, keys: &Keys, text: &str) -> bool {
    let event = EventBuilder::new(1).tag(&["-"]).content(text).sign(keys);
    let (accepted, reason) = client.publish(&event).await;
    assert!(accepted || reason.contains(": this event may only be published by its author"), "{reason}");
    accepted
}

#[tokio::test]
async fn no_challenge_comes_before_it_is_needed() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    client.hears_nothing_more().await;
    client.store(&EventBuilder::new(1).sign(&keys())).await;
    client.hears_nothing_more().await;
}

#[tokio::test]
async fn a_challenge_can_be_sent_on_connect() {
    let relay = Relay::start_with(|config| config.access.auth_challenge = AuthChallenge::OnConnect).await;
    let mut client = relay.connect().await;
    let challenge = client.challenge().await;
    // It is not sent again when it is needed.
    client.say(r#"["REQ","private",{"kinds":[4]}]"#).await;
    client.expect_start(r#"["CLOSED","private","auth-required: "#).await;
    assert_eq!(client.sign_in(&keys(), &relay.url(), &challenge).await, accepted());
}

#[tokio::test]
async fn who_answers_the_challenge_is_signed_in() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let challenge = client.provoke_challenge().await;
    assert!(!is_signed_in(&mut client, &keys(), "before").await);
    assert_eq!(client.sign_in(&keys(), &relay.url(), &challenge).await, accepted());
    assert!(is_signed_in(&mut client, &keys(), "after").await);
    // Once more does no harm.
    assert_eq!(client.sign_in(&keys(), &relay.url(), &challenge).await, accepted());
}

#[tokio::test]
async fn several_keys_add_up() {
    let relay = Relay::start().await;
    let people: Vec<_> = (1..=5).map(Keys::from_seed).collect();
    let mut client = relay.connect_as(&people.iter().collect::<Vec<_>>()).await;
    for keys in &people {
        assert!(is_signed_in(&mut client, keys, "all of us").await);
    }
    assert!(!is_signed_in(&mut client, &Keys::from_seed(6), "but not you").await);
}

#[tokio::test]
async fn a_connection_has_64_keys_at_most() {
    let relay = Relay::start().await;
    let people: Vec<_> = (1..=64).map(Keys::from_seed).collect();
    let mut client = relay.connect().await;
    let challenge = client.provoke_challenge().await;
    for keys in &people {
        assert_eq!(client.sign_in(keys, &relay.url(), &challenge).await, accepted());
    }
    let text = "restricted: a connection may sign in with 64 keys at most";
    assert_eq!(
        client.sign_in(&Keys::from_seed(65), &relay.url(), &challenge).await,
        (false, text.to_owned())
    );
    assert!(is_signed_in(&mut client, &people[63], "still").await);
}

#[tokio::test]
async fn keys_are_forgotten_with_the_connection() {
    let relay = Relay::start().await;
    let mut client = relay.connect_as(&[&keys()]).await;
    assert!(is_signed_in(&mut client, &keys(), "here").await);
    let mut other = relay.connect().await;
    other.provoke_challenge().await;
    assert!(!is_signed_in(&mut other, &keys(), "not here").await);
}

#[tokio::test]
async fn connections_have_challenges_of_their_own() {
    let relay = Relay::start().await;
    let (mut one, mut two) = (relay.connect().await, relay.connect().await);
    let (first, second) = (one.provoke_challenge().await, two.provoke_challenge().await);
    assert!(first != second && first.len() >= 32, "{first} and {second}");
    let wrong = refused("the challenge is not the one that was sent");
    assert_eq!(one.sign_in(&keys(), &relay.url(), &second).await, wrong);
    assert_eq!(one.sign_in(&keys(), &relay.url(), "").await, wrong);
    assert_eq!(one.sign_in(&keys(), &relay.url(), &first).await, accepted());
}

#[tokio::test]
async fn an_auth_before_the_challenge_is_refused() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    assert_eq!(client.sign_in(&keys(), &relay.url(), "").await, refused("no challenge has been sent"));
}

#[tokio::test]
async fn an_auth_event_has_the_right_kind_and_tags() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let challenge = client.provoke_challenge().await;
    let url = relay.url();
    let build = |kind| EventBuilder::new(kind);
    let cases = [
        (build(1).tag(&["relay", &url]).tag(&["challenge", &challenge]), "an AUTH event has kind 22242"),
        (build(22_242).tag(&["relay", &url]), "the challenge tag is missing"),
        (build(22_242).tag(&["challenge", &challenge]), "the relay tag is missing"),
        (build(22_242).tag(&["relay"]).tag(&["challenge", &challenge]), "the relay tag is missing"),
    ];
    for (builder, text) in cases {
        assert_eq!(auth(&mut client, &builder.sign(&keys())).await, refused(text));
    }
    assert!(!is_signed_in(&mut client, &keys(), "no").await);
}

#[tokio::test]
async fn an_auth_event_is_verified_like_any_other() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let challenge = client.provoke_challenge().await;
    let event = auth_event(&relay.url(), &challenge, Relay::NOW).sign(&keys());
    let signature = refused("the signature is wrong");
    assert_eq!(auth(&mut client, &event.clone().with_wrong_sig()).await, signature);
    assert_eq!(auth(&mut client, &event.clone().with_sig_by(&Keys::from_seed(2))).await, signature);
    assert_eq!(auth(&mut client, &event.clone().with_author(Keys::from_seed(2).public())).await, signature);
    let id = refused("the id is not the hash of the event");
    assert_eq!(auth(&mut client, &event.clone().with_wrong_id(&keys())).await, id);
    for key in [keys(), Keys::from_seed(2)] {
        assert!(!is_signed_in(&mut client, &key, "no").await);
    }
    client.say(&event.auth_message().replace(r#""kind":22242,"#, "")).await;
    assert_eq!(client.ok(&event).await, refused("kind is missing"));
    assert_eq!(auth(&mut client, &event).await, accepted());
}

#[tokio::test]
async fn an_auth_event_was_made_within_ten_minutes() {
    let relay = Relay::start().await;
    for (seconds, answer) in [
        (Relay::NOW - 600, accepted()),
        (Relay::NOW + 600, accepted()),
        (Relay::NOW - 601, refused("created_at is more than 600 seconds ago")),
        (Relay::NOW + 601, refused("created_at is more than 600 seconds ahead of the relay's clock")),
    ] {
        let mut client = relay.connect().await;
        let challenge = client.provoke_challenge().await;
        let event = auth_event(&relay.url(), &challenge, seconds).sign(&keys());
        assert_eq!(auth(&mut client, &event).await, answer);
    }
}

/// What a `relay` tag may say, and whether it names one of these own addresses.
async fn check_relay_tags(own: &[&str], tags: &[(&str, bool)]) {
    let relay = Relay::start_with(|config| {
        config.relay.urls = own.iter().map(|&url| url.to_owned()).collect();
    })
    .await;
    for &(tag, is_own) in tags {
        let mut client = relay.connect().await;
        let challenge = client.provoke_challenge().await;
        let answer = if is_own { accepted() } else { refused("the relay tag names another relay") };
        assert_eq!(client.sign_in(&keys(), tag, &challenge).await, answer, "{tag}");
    }
}

#[tokio::test]
async fn the_relay_tag_is_compared_after_normalisation() {
    let tags = [
        ("wss://relay.example.com", true),
        ("wss://relay.example.com/", true),
        ("WSS://Relay.Example.COM/", true),
        ("wss://relay.example.com:443", true),
        ("https://relay.example.com", true),
        ("ws://relay.example.com", false),
        ("wss://relay.example.com:444", false),
        ("wss://relay.example.com/path", false),
        ("wss://relay.example.com.evil.example", false),
        ("wss://relay.example.com@evil.example", false),
        ("wss://example.com", false),
        ("relay.example.com", false),
        ("", false),
    ];
    check_relay_tags(&["wss://relay.example.com"], &tags).await;
}

#[tokio::test]
async fn every_own_address_counts() {
    let tags = [
        ("wss://relay.example.com", true),
        ("ws://onion.example:8080/", true),
        ("ws://onion.example", false),
        ("wss://relay.example.com/inbox/", true),
        ("wss://relay.example.com/inbox/x", false),
    ];
    let own = ["wss://relay.example.com/", "ws://onion.example:8080", "wss://relay.example.com/inbox"];
    check_relay_tags(&own, &tags).await;
}

/// Without an address of its own, the relay goes by what the client connected to.
#[tokio::test]
async fn without_own_addresses_the_host_header_counts() {
    let relay = Relay::start().await;
    let port = relay.address().rsplit_once(':').unwrap().1.to_owned();
    for (tag, is_own) in [
        (format!("ws://127.0.0.1:{port}"), true),
        (format!("ws://127.0.0.1:{port}/"), true),
        (format!("ws://localhost:{port}"), false),
        ("ws://127.0.0.1:1".to_owned(), false),
        ("wss://relay.example.com".to_owned(), false),
    ] {
        let mut client = relay.connect().await;
        let challenge = client.provoke_challenge().await;
        let answer = if is_own { accepted() } else { refused("the relay tag names another relay") };
        assert_eq!(client.sign_in(&keys(), &tag, &challenge).await, answer, "{tag}");
    }
}

#[tokio::test]
async fn kind_22242_is_refused_as_an_event_and_reaches_nobody() {
    let relay = Relay::start().await;
    let mut listener = relay.connect().await;
    listener.subscribe("all", r#"{},{"kinds":[22242]}"#).await;
    let mut client = relay.connect().await;
    let challenge = client.provoke_challenge().await;
    let event = auth_event(&relay.url(), &challenge, Relay::NOW).sign(&keys());
    assert_eq!(client.publish(&event).await, refused("an AUTH event is never published"));
    assert!(!is_signed_in(&mut client, &keys(), "not by EVENT").await);
    // As an AUTH it is accepted, and still nobody hears of it.
    assert_eq!(auth(&mut client, &event).await, accepted());
    client.finds(r#"{"kinds":[22242]}"#, &[]).await;
    listener.hears_no_event().await;
}

/// The order of NIP-42's own example: two AUTHs at once, and what was refused asked again.
#[tokio::test]
async fn what_needed_auth_is_answered_after_it() {
    let relay = Relay::start().await;
    let (author, recipient) = (keys(), Keys::from_seed(2));
    let message = EventBuilder::new(4).tag(&["p", &recipient.hex()]).sign(&author);
    let mut client = relay.connect().await;
    client.store(&message).await;
    let challenge = client.provoke_challenge().await;
    let proofs =
        [&author, &recipient].map(|keys| auth_event(&relay.url(), &challenge, Relay::NOW).sign(keys));
    for proof in &proofs {
        client.say(&proof.auth_message()).await;
    }
    client.say(r#"["REQ","private",{"kinds":[4]}]"#).await;
    for proof in &proofs {
        assert_eq!(client.ok(proof).await, accepted());
    }
    client.hears_event("private", &message).await;
    client.expect(r#"["EOSE","private",["finish"]]"#).await;
}
