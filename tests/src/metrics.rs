//! What whoever watches the relay can see: metrics, and whether it is alive and ready.

mod documents;
mod health;

use std::collections::HashMap;
use std::io::Write;
use std::net::UdpSocket;
use std::process::{Command, Stdio};

use chappe_app::config::Config;
use chappe_testkit::{EventBuilder, Keys};
use tokio::net::TcpStream;

use crate::harness::http::request;
use crate::harness::tls::{Authority, Pair};
use crate::harness::{Relay, now};

/// The samples of a scrape: `name{label="value"}` and its number.
pub struct Scrape {
    pub(super) text: String,
    samples: HashMap<String, f64>,
}

impl Scrape {
    pub async fn of(relay: &Relay) -> Self {
        let address = relay.metrics_address().expect("it has metrics");
        let response = request(&address, "GET", "/metrics", &[]).await;
        assert_eq!(response.status, 200);
        assert_eq!(response.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        let lines = response.body.lines().filter(|line| !line.starts_with('#'));
        let sample = |line: &str| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
        };
        Self { samples: lines.map(sample).collect(), text: response.body }
    }

    pub fn get(&self, sample: &str) -> f64 {
        *self.samples.get(sample).unwrap_or_else(|| panic!("no {sample} in {}", self.text))
    }

    /// All samples of a metric whose value is not 0, in order, as `label value` for each.
    fn counted(&self, name: &str) -> Vec<String> {
        let of = |sample: &String| sample.strip_prefix(name)?.strip_prefix('{').map(str::to_owned);
        let mut rows: Vec<_> = self
            .samples
            .iter()
            .filter(|(_, value)| **value != 0.0)
            .filter_map(|(sample, value)| Some((of(sample)?, *value)))
            .map(|(labels, value)| format!("{} {value}", labels.split('"').nth(1).unwrap()))
            .collect();
        rows.sort_unstable();
        rows
    }
}

/// Runs Prometheus's own tool on this input: whether it is content, and what it says.
pub(super) fn promtool(arguments: &[&str], input: &str) -> (bool, String) {
    let mut command = Command::new("promtool");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child =
        command.spawn().expect("promtool, of Debian's package prometheus; `cargo xtask test` installs it");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

pub(super) fn with_metrics(config: &mut Config) {
    config.metrics.addresses = vec!["127.0.0.1:0".parse().unwrap()];
}

/// Has it speak TLS by this certificate.
fn with_tls(config: &mut Config, pair: &Pair) {
    config.tls.addresses = vec!["127.0.0.1:0".parse().unwrap()];
    [config.tls.certificate, config.tls.key] = pair.write(&config.store.data_dir);
}

pub async fn start_with(turn: impl FnOnce(&mut Config)) -> Relay {
    Relay::start_with(|config| {
        with_metrics(config);
        turn(config);
    })
    .await
}

#[tokio::test]
async fn what_clients_do_is_counted_once() {
    let relay = start_with(|_| {}).await;
    let keys = Keys::from_seed(1);
    let mut client = relay.connect().await;
    let note = EventBuilder::new(1).sign(&keys);
    client.store(&note).await;
    client.store(&EventBuilder::new(1).content("another").sign(&keys)).await;
    client.publish(&note).await;
    client.publish(&EventBuilder::new(20_000).sign(&keys)).await;
    client.query(r#"{"kinds":[1]}"#).await;
    client.count(r#"{"kinds":[1]}"#).await;
    client.subscribe("live", r#"{"kinds":[1,20000],"limit":0}"#).await;
    let fresh = EventBuilder::new(1).content("live").sign(&keys);
    client.store(&fresh).await;
    client.hears_event("live", &fresh).await;
    client.say("nonsense").await;
    client.expect_start(r#"["NOTICE","#).await;
    let scrape = Scrape::of(&relay).await;
    assert_eq!(
        scrape.counted("chappe_messages_received_total"),
        ["close 1", "count 1", "event 5", "malformed 1", "req 2"]
    );
    assert_eq!(scrape.counted("chappe_events_accepted_total"), ["duplicate 1", "stored 3", "unheard 1"]);
    assert_eq!(scrape.counted("chappe_events_refused_total"), [""; 0]);
    assert_eq!(scrape.counted("chappe_events_sent_total"), ["live 1", "stored 2"]);
    for (stage, count) in
        [("validate", 4.0), ("authorize", 4.0), ("wait", 3.0), ("match", 4.0), ("deliver", 1.0)]
    {
        let (sample, sum) = ("chappe_stage_seconds_count", "chappe_stage_seconds_sum");
        assert_eq!(scrape.get(&format!("{sample}{{stage=\"{stage}\"}}")), count, "{stage}");
        assert!(scrape.get(&format!("{sum}{{stage=\"{stage}\"}}")) > 0.0, "{stage}");
    }
    // They were published one after the other.
    assert_eq!(scrape.get("chappe_stage_seconds_count{stage=\"commit\"}"), 3.0);
    assert_eq!(scrape.get("chappe_committed_events_total"), 3.0);
    assert_eq!(scrape.get("chappe_matches_total"), 1.0);
    assert_eq!(scrape.get("chappe_request_seconds_count{type=\"req\"}"), 2.0);
    assert_eq!(scrape.get("chappe_request_seconds_count{type=\"count\"}"), 1.0);
    assert_eq!(scrape.get("chappe_cache_lookups_total{cache=\"author_keys\",result=\"miss\"}"), 1.0);
    assert_eq!(scrape.get("chappe_cache_lookups_total{cache=\"author_keys\",result=\"hit\"}"), 3.0);
    assert_eq!(scrape.get("chappe_subscriptions"), 1.0);
    assert_eq!(scrape.get("chappe_write_queue_events"), 0.0);
    assert_eq!(scrape.get("chappe_write_queue_bytes"), 0.0);
    assert_eq!(scrape.get("chappe_store_events"), 3.0);
    assert_eq!(scrape.get("chappe_store_map_bytes"), f64::from(1_u32 << 30));
    assert!(scrape.get("chappe_store_used_bytes") > 0.0);
}

#[tokio::test]
async fn every_no_is_counted_by_its_first_word() {
    let relay = start_with(|config| {
        config.limits.pow_bits_min = 8;
        config.access.auth_exempt_kinds = Vec::new();
    })
    .await;
    let mut client = relay.connect().await;
    let keys = Keys::from_seed(1);
    client.refused(&EventBuilder::new(1).sign(&keys), "pow: ").await;
    client.refused(&EventBuilder::new(1).content("no work").sign(&keys), "pow: ").await;
    assert_eq!(Scrape::of(&relay).await.counted("chappe_events_refused_total"), ["pow 2"]);

    let relay = start_with(|_| {}).await;
    let mut client = relay.connect().await;
    let note = EventBuilder::new(1).content("right").sign(&keys);
    client.say(&note.message().replace("right", "wrong")).await;
    client.expect_start(r#"["OK","#).await;
    client.say(&note.message().replace("right", "tight")).await;
    client.expect_start(r#"["OK","#).await;
    let (older, newer) = (Relay::NOW - 10, Relay::NOW);
    client.store(&EventBuilder::new(0).created_at(newer).sign(&keys)).await;
    client.refused(&EventBuilder::new(0).created_at(older).sign(&keys), "duplicate: ").await;
    client.store(&note).await;
    client.store(&EventBuilder::new(5).tag(&["e", &note.id().to_string()]).sign(&keys)).await;
    client.refused(&note, "blocked: ").await;
    let protected = EventBuilder::new(1).tag(&["-"]).sign(&Keys::from_seed(2));
    let (accepted, _) = client.publish_past_a_challenge(&protected).await;
    assert!(!accepted);
    client.say(r#"["REQ","private",{"kinds":[4]}]"#).await;
    client.expect_start(r#"["CLOSED","private","auth-required: "#).await;
    let mut signed_in = relay.connect_as(&[&keys]).await;
    signed_in.refused(&protected, "restricted: ").await;
    let scrape = Scrape::of(&relay).await;
    assert_eq!(
        scrape.counted("chappe_events_refused_total"),
        ["auth-required 1", "blocked 1", "duplicate 1", "invalid 2", "restricted 1"]
    );
    // One of them by whoever signed in.
    assert_eq!(scrape.counted("chappe_requests_refused_total"), ["auth-required 2"]);
    assert_eq!(scrape.counted("chappe_sign_ins_total"), ["accepted 1"]);
}

#[tokio::test]
async fn what_was_too_much_is_counted_by_its_bound() {
    let relay = start_with(|config| {
        config.rates.events_per_address_a_minute = 2;
        config.rates.requests_per_address_a_minute = 1;
        config.rates.connections_per_address_max = 1;
    })
    .await;
    let mut client = relay.connect_from("192.0.2.1").await;
    let keys = Keys::from_seed(1);
    for content in ["one", "two", "three", "four", "five"] {
        client.publish(&EventBuilder::new(1).content(content).sign(&keys)).await;
    }
    client.query("{}").await;
    client.say(r#"["REQ","again",{}]"#).await;
    client.expect_start(r#"["CLOSED","again","rate-limited: "#).await;
    let refused = request(
        &relay.address(),
        "GET",
        "/",
        &[
            "X-Forwarded-For: 192.0.2.1",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ],
    )
    .await;
    assert_eq!(refused.status, 429);
    let scrape = Scrape::of(&relay).await;
    assert_eq!(scrape.counted("chappe_rate_limited_total"), ["address_events 3", "address_requests 1"]);
    assert_eq!(scrape.counted("chappe_events_refused_total"), ["rate-limited 3"]);
    assert_eq!(scrape.counted("chappe_requests_refused_total"), ["rate-limited 1"]);
    assert_eq!(scrape.counted("chappe_connections_refused_total"), ["address_open 1"]);
}

#[tokio::test]
async fn what_a_plugin_says_is_counted() {
    let script = r#"while read -r line; do
  id=${line#*\"id\":\"}; id=${id%%\"*}
  case $line in
    *wanted*) echo "{\"id\":\"$id\",\"action\":\"accept\"}" ;;
    *strange*) echo "{\"id\":\"$id\",\"action\":\"perhaps\"}" ;;
    *deadly*) exit 1 ;;
    *) echo "{\"id\":\"$id\",\"action\":\"reject\",\"msg\":\"blocked: no\"}" ;;
  esac
done"#;
    let relay = start_with(|config| {
        let file = config.store.data_dir.join("plugin.sh");
        std::fs::write(&file, script).unwrap();
        config.policy.plugin = format!("sh {}", file.display());
    })
    .await;
    let mut client = relay.connect().await;
    for content in ["wanted", "else", "also wanted", "strange", "deadly"] {
        client.publish(&EventBuilder::new(1).content(content).sign(&Keys::from_seed(1))).await;
    }
    let scrape = Scrape::of(&relay).await;
    for (sample, count) in [
        ("answers_total{program=\"plugin\",verdict=\"accept\"}", 2.0),
        ("answers_total{program=\"plugin\",verdict=\"reject\"}", 1.0),
        ("failures_total{program=\"plugin\",reason=\"nonsense\"}", 1.0),
        ("failures_total{program=\"plugin\",reason=\"ended\"}", 1.0),
        ("failures_total{program=\"plugin\",reason=\"timeout\"}", 0.0),
        ("seconds_count{program=\"plugin\"}", 3.0),
        ("waiting{program=\"plugin\"}", 0.0),
    ] {
        assert_eq!(scrape.get(&format!("chappe_plugin_{sample}")), count, "{sample}");
    }
    assert!(scrape.get("chappe_plugin_starts_total{program=\"plugin\"}") >= 1.0);
    assert_eq!(scrape.counted("chappe_events_accepted_total"), ["stored 2"]);
    assert_eq!(scrape.counted("chappe_events_refused_total"), ["blocked 1", "error 2"]);
}

#[tokio::test]
async fn queries_are_counted_by_their_plan_and_cost() {
    let relay = start_with(|_| {}).await;
    let mut client = relay.connect().await;
    let event = EventBuilder::new(1).sign(&Keys::from_seed(1));
    client.store(&event).await;
    let before = Scrape::of(&relay).await;
    client.query(&format!(r#"{{"ids":["{}"]}}"#, event.id())).await;
    client.query(r#"{"kinds":[1]},{"kinds":[2]}"#).await;
    let after = Scrape::of(&relay).await;
    let more = |sample: &str| after.get(sample) - before.get(sample);
    assert_eq!(more("chappe_query_filters_total{plan=\"ids\"}"), 1.0);
    assert_eq!(more("chappe_query_filters_total{plan=\"kinds\"}"), 2.0);
    assert_eq!(more("chappe_query_steps_total{step=\"event\"}"), 2.0);
    assert!(more("chappe_query_steps_total{step=\"record\"}") >= 2.0);
    assert!(more("chappe_query_steps_total{step=\"look_up\"}") >= 3.0);
}

/// The bytes are those of the frames: 2 or 4 before a message, and 4 more for the mask of what clients send.
#[tokio::test]
async fn bytes_and_connections_are_those_of_the_network() {
    let relay = start_with(|_| {}).await;
    let mut client = relay.connect().await;
    let asked = r#"["REQ","a",{"ids":[]}]"#;
    client.say(asked).await;
    let answered = client.hear_text().await;
    let scrape = Scrape::of(&relay).await;
    assert_eq!(scrape.get("chappe_websocket_received_bytes_total"), (asked.len() + 6) as f64);
    assert_eq!(scrape.get("chappe_websocket_sent_bytes_total"), (answered.len() + 2) as f64);
    assert_eq!(scrape.get("chappe_websockets_opened_total"), 1.0);
    assert_eq!(scrape.get("chappe_connections"), 1.0);
    assert_eq!(scrape.counted("chappe_websockets_ended_total"), [""; 0]);
    client.socket.close(None).await.unwrap();
    relay.reaches(r#""connections":1,"#).await;
    assert_eq!(Scrape::of(&relay).await.counted("chappe_websockets_ended_total"), ["client 1"]);
}

/// `promtool check metrics` knows the format, and the conventions about names and units.
#[tokio::test]
async fn prometheus_reads_it() {
    let relay = start_with(|_| {}).await;
    let mut client = relay.connect().await;
    client.store(&EventBuilder::new(1).sign(&Keys::from_seed(1))).await;
    client.query("{}").await;
    let text = Scrape::of(&relay).await.text;
    let (done, said) = promtool(&["check", "metrics"], &text);
    assert!(done && said.is_empty(), "{said}");
}

#[tokio::test]
async fn a_certificate_says_when_it_expires() {
    const METRIC: &str = "chappe_certificate_expiry_timestamp_seconds";
    let relay = start_with(|_| {}).await;
    assert!(!Scrape::of(&relay).await.text.lines().any(|line| line.starts_with(METRIC)));
    let authority = Authority::new();
    let (first, second) = (now() + 3 * 86_400, now() + 90 * 86_400);
    let pair = authority.issue_until(first);
    let relay = start_with(|config| with_tls(config, &pair)).await;
    let scrape = Scrape::of(&relay).await;
    assert_eq!(scrape.get(METRIC), first as f64);
    let (done, said) = promtool(&["check", "metrics"], &scrape.text);
    assert!(done && said.is_empty(), "{said}");
    authority.issue_until(second).write(relay.file("").as_path());
    relay.reload().await;
    assert_eq!(Scrape::of(&relay).await.get(METRIC), second as f64);
}

#[tokio::test]
async fn metrics_are_on_this_machine_only_and_not_on_the_relays_port() {
    let defaults = Config::default().metrics.addresses;
    assert!(
        !defaults.is_empty() && defaults.iter().all(|address| address.ip().is_loopback()),
        "{defaults:?}"
    );
    let relay = start_with(|_| {}).await;
    let address = relay.metrics_address().unwrap();
    let port = address.rsplit_once(':').unwrap().1;
    TcpStream::connect(&address).await.unwrap();
    // Nothing is sent: the system is asked which address it would send from.
    let elsewhere = UdpSocket::bind("0.0.0.0:0").unwrap();
    let routed = elsewhere.connect("192.0.2.1:9").and_then(|()| elsewhere.local_addr());
    let others =
        routed.ok().map(|address| address.ip().to_string()).into_iter().chain(["127.0.0.2".to_owned()]);
    for other in others {
        assert!(TcpStream::connect(format!("{other}:{port}")).await.is_err(), "{other}");
    }
    assert_eq!(request(&relay.address(), "GET", "/metrics", &[]).await.status, 404);
}

/// What watches a relay does not keep it from running.
#[tokio::test]
async fn an_address_that_is_taken_is_tried_again() {
    let mut first = start_with(|_| {}).await;
    let address = first.metrics_address().unwrap();
    let second = Relay::start_with(|config| config.metrics.addresses = vec![address.parse().unwrap()]).await;
    assert_eq!(second.metrics_address(), None);
    second.connect().await.hears_nothing_more().await;
    first.stop().await;
    while TcpStream::connect(&address).await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let scraped = request(&address, "GET", "/metrics", &[]).await;
    assert!(scraped.body.contains("chappe_websockets_opened_total 1\n"), "{}", scraped.body);
}
