//! What no client should send: each gets its answer, the connection lives on where it can, and a neighbour with a live
//! subscription notices nothing.

mod filters;
mod frames;
mod http;
mod messages;

use chappe_testkit::{EventBuilder, Keys, TestEvent};

pub use self::http::upgrade_request;
use crate::harness::{Client, Relay};

/// Somebody else on the same relay, who goes on hearing events as they are published.
struct Neighbour {
    subscriber: Client,
    publisher: Client,
    keys: Keys,
    heard: u64,
}

impl Neighbour {
    async fn move_in(relay: &Relay) -> Self {
        let mut subscriber = relay.connect().await;
        subscriber.say(r#"["REQ","neighbour",{"kinds":[20001]}]"#).await;
        subscriber.expect_start(r#"["EOSE","neighbour""#).await;
        Self { subscriber, publisher: relay.connect().await, keys: Keys::from_seed(99), heard: 0 }
    }

    /// Publishes one event more, which is the next thing heard.
    async fn notices_nothing(&mut self) {
        self.heard += 1;
        let event = EventBuilder::new(20_001).created_at(Relay::NOW).content(self.heard.to_string());
        let event = event.sign(&self.keys);
        self.publisher.store(&event).await;
        self.subscriber.expect_text(&event.delivery("neighbour")).await;
    }
}

/// What to send as a text message, and how the one answer to it starts.
struct Case {
    name: String,
    message: String,
    answer: String,
}

fn case(message: impl Into<String>, answer: impl Into<String>) -> Case {
    let message = message.into();
    let name: String = message.chars().take(100).collect();
    Case { name, message, answer: answer.into() }
}

/// Says each message, hears its answer and nothing else, and finds connection and neighbour as they were.
async fn check(cases: Vec<Case>) {
    let relay = Relay::start().await;
    let mut neighbour = Neighbour::move_in(&relay).await;
    let mut client = relay.connect().await;
    for Case { name, message, answer } in cases {
        client.say(&message).await;
        let heard = client.hear_text().await;
        assert!(heard.starts_with(&answer), "heard {heard} instead of {answer} for {name}");
        // Else the subscription hears what the neighbour hears.
        client.say(r#"["CLOSE","s"]"#).await;
        client.hears_nothing_more().await;
        neighbour.notices_nothing().await;
    }
}

fn event() -> TestEvent {
    EventBuilder::new(1).tag(&["t", "bad"]).content("good").sign(&Keys::from_seed(1))
}

/// The fields of an event, as JSON.
fn fields(event: &TestEvent) -> Vec<(&'static str, String)> {
    let text = |value: &str| serde_json::to_string(value).unwrap();
    vec![
        ("id", text(&event.id().to_string())),
        ("pubkey", text(&event.pubkey().to_string())),
        ("created_at", event.created_at().to_string()),
        ("kind", event.kind().to_string()),
        ("tags", serde_json::to_string(event.tags()).unwrap()),
        ("content", text(event.content())),
        ("sig", text(&event.event().sig.to_string())),
    ]
}

/// `["EVENT",{...}]` of such fields.
fn event_message(fields: &[(&str, String)]) -> String {
    let members: Vec<_> = fields.iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
    format!(r#"["EVENT",{{{}}}]"#, members.join(","))
}

/// How the refusal of that event starts.
fn refused(event: &TestEvent, reason: &str) -> String {
    format!(r#"["OK","{}",false,"{reason}"#, event.id())
}
