//! Traces of events, as a collector of the test's own takes them: OTLP over HTTP, in JSON.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chappe_testkit::{EventBuilder, Keys, TestEvent};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::harness::{Relay, now};

/// What must come is waited for so long at most; only a failing test takes it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Takes spans.
struct Collector {
    endpoint: String,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    spans: Vec<Value>,
    /// It says no to so many.
    refusals: usize,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/v1/traces?from=test", listener.local_addr().unwrap());
        let taken = Arc::new(Mutex::new(Taken::default()));
        let shared = Arc::clone(&taken);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&shared)));
            }
        });
        Self { endpoint, taken }
    }

    /// A relay that sends it one event in so many.
    async fn relay(&self, one_in: u64) -> Relay {
        Relay::start_with(|config| {
            (config.traces.endpoint, config.traces.one_in) = (self.endpoint.clone(), one_in);
        })
        .await
    }

    /// The spans of this event so far.
    fn of(&self, event: &TestEvent) -> Vec<Value> {
        let id = event.id().to_string();
        let is_its = |span: &&Value| span["attributes"][0]["value"]["stringValue"] == id.as_str();
        self.taken.lock().unwrap().spans.iter().filter(is_its).cloned().collect()
    }

    /// Waits until it has these stages of the event, and gives them in this order.
    async fn hears(&self, event: &TestEvent, stages: &[&str]) -> Vec<Value> {
        let wait = async {
            loop {
                let spans = self.of(event);
                let find = |stage: &&str| spans.iter().find(|span| span["name"] == **stage).cloned();
                if let Some(found) = stages.iter().map(find).collect::<Option<Vec<_>>>() {
                    return found;
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        let found = timeout(PATIENCE, wait).await;
        found.unwrap_or_else(|_| panic!("not all of {stages:?}: {:?}", self.of(event)))
    }
}

/// One request on a connection, which has to be as OTLP wants it.
async fn serve(mut socket: TcpStream, taken: Arc<Mutex<Taken>>) {
    let (read, mut write) = socket.split();
    let mut read = BufReader::new(read);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        read.read_line(&mut line).await.unwrap();
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_ascii_lowercase()),
        }
    }
    assert_eq!(head[0], "post /v1/traces?from=test http/1.1");
    assert!(head.contains(&"content-type: application/json".to_owned()), "{head:?}");
    let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    read.read_exact(&mut body).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let resource = &body["resourceSpans"][0];
    assert_eq!(resource["resource"]["attributes"][0]["value"]["stringValue"], "chappe");
    let spans = resource["scopeSpans"][0]["spans"].as_array().unwrap().clone();
    let status = {
        let mut taken = taken.lock().unwrap();
        if taken.refusals > 0 {
            taken.refusals -= 1;
            "503 Service Unavailable"
        } else {
            taken.spans.extend(spans);
            "200 OK"
        }
    };
    let answer =
        format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}");
    write.write_all(answer.as_bytes()).await.unwrap();
}

fn note(number: u64) -> TestEvent {
    EventBuilder::new(1).created_at(Relay::NOW + number).sign(&Keys::from_seed(1))
}

fn nanoseconds(span: &Value, key: &str) -> u128 {
    span[key].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_event_is_a_trace_of_its_stages() {
    let collector = Collector::start().await;
    let relay = collector.relay(1).await;
    let mut listeners = [relay.connect().await, relay.connect().await];
    for listener in &mut listeners {
        listener.subscribe("live", r#"{"kinds":[1],"limit":0}"#).await;
    }
    let event = note(0);
    relay.connect().await.store(&event).await;
    for listener in &mut listeners {
        listener.hears_event("live", &event).await;
    }
    let stages = ["validate", "authorize", "wait", "commit", "deliver"];
    let spans = collector.hears(&event, &stages).await;
    let all = async {
        while collector.of(&event).len() < 6 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, all).await.expect("not both deliveries");
    let id = event.id().to_string();
    for (span, stage) in spans.iter().zip(stages) {
        assert_eq!(span["traceId"], id[..32], "{span}");
        let (start, end) = (nanoseconds(span, "startTimeUnixNano"), nanoseconds(span, "endTimeUnixNano"));
        assert!(start <= end, "{span}");
        assert!(u64::try_from(start / 1_000_000_000).unwrap().abs_diff(now()) < 600, "{span}");
        let parent = if stage == "validate" { &Value::from("") } else { &spans[0]["spanId"] };
        assert_eq!(span["parentSpanId"], *parent, "{span}");
    }
    // Each begins when the one before it is over, or later.
    for pair in spans.windows(2) {
        assert!(
            nanoseconds(&pair[0], "endTimeUnixNano") <= nanoseconds(&pair[1], "startTimeUnixNano"),
            "{pair:?}"
        );
    }
    // Both deliveries, and no two spans by the same id.
    let all = collector.of(&event);
    assert_eq!(all.iter().filter(|span| span["name"] == "deliver").count(), 2, "{all:?}");
    let ids: BTreeSet<_> = all.iter().map(|span| span["spanId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), all.len(), "{all:?}");
    assert!(ids.iter().all(|id| id.len() == 16), "{ids:?}");
}

#[tokio::test]
async fn one_event_in_so_many_is_traced() {
    let collector = Collector::start().await;
    let mut relay = collector.relay(4).await;
    let mut client = relay.connect().await;
    let events: Vec<_> = (0..60).map(note).collect();
    for event in &events {
        client.store(event).await;
    }
    // What is left is sent before it ends.
    relay.stop().await;
    let is_chosen =
        |event: &TestEvent| u64::from_str_radix(&event.id().to_string()[48..], 16).unwrap().is_multiple_of(4);
    let chosen = events.iter().filter(|event| is_chosen(event)).count();
    assert!(chosen > 0 && chosen < events.len(), "{chosen}");
    for event in &events {
        let stages = if is_chosen(event) { 4 } else { 0 };
        assert_eq!(collector.of(event).len(), stages, "{}", event.id());
    }
}

#[tokio::test]
async fn nothing_waits_for_the_collector() {
    let collector = Collector::start().await;
    collector.taken.lock().unwrap().refusals = 1;
    let relay = collector.relay(1).await;
    let mut client = relay.connect().await;
    let refused = note(0);
    client.store(&refused).await;
    while collector.taken.lock().unwrap().refusals > 0 {
        sleep(Duration::from_millis(50)).await;
    }
    let taken = note(1);
    client.store(&taken).await;
    collector.hears(&taken, &["validate", "commit"]).await;
    // What was refused is gone: nothing piles up here.
    assert!(collector.of(&refused).len() < 4);
    // One that is not there at all.
    let relay = Relay::start_with(|config| {
        config.traces.endpoint = format!("http://{}/", crate::harness::free_address());
        config.traces.one_in = 1;
    })
    .await;
    let mut client = relay.connect().await;
    client.store(&note(2)).await;
    client.query("{}").await;
}
