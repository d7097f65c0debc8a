//! TLS from files: the same relay behind it, certificates that change, and clients that do not get on with it.

use std::time::Duration;

use chappe_app::config::Config;
use chappe_testkit::{EventBuilder, Keys};
use futures_util::SinkExt;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::tls::{Authority, Pair};
use crate::harness::{Client, Process, Relay, command, http, now};

/// What must come is waited for so long at most; only a failing test takes it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A relay that listens without TLS, with it, and for HTTP that is sent there.
struct Secure {
    relay: Relay,
    authority: Authority,
    pair: Pair,
    dir: TempDir,
}

impl Secure {
    async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    async fn start_with(turn: impl FnOnce(&mut Config)) -> Self {
        let (authority, dir) = (Authority::new(), TempDir::new().unwrap());
        let pair = authority.issue();
        let [certificate, key] = pair.write(dir.path());
        let any = "127.0.0.1:0".parse().unwrap();
        let relay = Relay::start_with(|config| {
            config.tls.addresses = vec![any];
            config.tls.redirect_addresses = vec![any];
            (config.tls.certificate, config.tls.key) = (certificate, key);
            turn(config);
        })
        .await;
        Self { relay, authority, pair, dir }
    }

    fn plain(&self) -> String {
        self.relay.address()
    }

    fn tls(&self) -> String {
        self.relay.addresses()[1].to_string()
    }

    fn redirect(&self) -> String {
        self.relay.addresses()[2].to_string()
    }

    /// Asks over TLS, and hears all of the answer.
    async fn ask(&self, request: &str) -> String {
        let mut stream = self.authority.connect(&self.tls()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("the relay says nothing").unwrap();
        answer
    }

    /// Waits until this certificate is shown.
    async fn shows(&self, pair: &Pair) {
        let wait = async {
            while self.authority.shown(&self.tls()).await != pair.der {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, wait).await.expect("the new certificate is not shown");
    }
}

#[tokio::test]
async fn the_same_relay_with_and_without_tls() {
    let secure = Secure::start().await;
    let mut plain = secure.relay.connect().await;
    let mut other = secure.authority.join(&secure.tls()).await;
    let event = EventBuilder::new(1).created_at(Relay::NOW).content("over both").sign(&Keys::from_seed(1));
    plain.subscribe("live", r#"{"kinds":[1]}"#).await;
    other.store(&event).await;
    plain.hears_event("live", &event).await;
    other.finds(r#"{"kinds":[1]}"#, &[&event]).await;
    let answer = secure
        .ask("GET / HTTP/1.1\r\nHost: localhost\r\nAccept: application/nostr+json\r\nConnection: close\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("\"supported_nips\""), "{answer}");
    let page = secure.ask("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(page.contains("wss://localhost/"), "the page does not show its address: {page}");
}

#[tokio::test]
async fn large_messages_both_ways_and_a_slow_reader() {
    let secure = Secure::start().await;
    let mut client = secure.authority.join(&secure.tls()).await;
    let keys = Keys::from_seed(1);
    let event = |number: u64| {
        let content = format!("{number} {}", "x".repeat(300_000));
        EventBuilder::new(1).created_at(Relay::NOW - number).content(content).sign(&keys)
    };
    let events: Vec<_> = (0..20).map(event).collect();
    for event in &events {
        client.store(event).await;
    }
    // 6 MB, far more than all buffers between hold: the relay has to wait for this reader again and again.
    client.say(r#"["REQ","all",{}]"#).await;
    for event in &events {
        sleep(Duration::from_millis(20)).await;
        client.hears_event("all", event).await;
    }
    client.expect_text(r#"["EOSE","all",["finish"]]"#).await;
    client.say(r#"["CLOSE","all"]"#).await;
    client.hears_nothing_more().await;
}

#[tokio::test]
async fn many_messages_at_once_are_all_answered() {
    let secure = Secure::start().await;
    let mut client = secure.authority.join(&secure.tls()).await;
    for number in 0..500 {
        client
            .socket
            .feed(Message::text(format!(r#"["REQ","{}",{{"ids":[]}}]"#, number % 100)))
            .await
            .unwrap();
    }
    client.socket.flush().await.unwrap();
    for number in 0..500 {
        client.expect_start(&format!(r#"["EOSE","{}""#, number % 100)).await;
    }
}

#[tokio::test]
async fn stopping_closes_with_a_reason_and_an_end_of_tls() {
    let mut secure = Secure::start().await;
    let mut client = secure.authority.join(&secure.tls()).await;
    client.hears_nothing_more().await;
    secure.relay.stop().await;
    assert_eq!(client.closed().await, (1001, vec![]));
    // Without a close_notify this read would be an error.
    let Client { socket } = client;
    let mut rest = Vec::new();
    socket.into_inner().read_to_end(&mut rest).await.unwrap();
}

#[tokio::test]
async fn only_http_1_is_agreed_on() {
    let secure = Secure::start().await;
    let connect = async |protocols: &[&str]| {
        let socket = TcpStream::connect(secure.tls()).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        secure.authority.client(protocols).connect(name, socket).await
    };
    let agreed = connect(&["h2", "http/1.1"]).await.unwrap();
    assert_eq!(agreed.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
    assert!(connect(&["h2"]).await.is_err());
    // Who says nothing is taken to speak it.
    assert!(connect(&[]).await.is_ok());
}

#[tokio::test]
async fn http_leads_to_https() {
    let secure = Secure::start().await;
    let port = secure.relay.addresses()[1].port();
    let answer = http::request(&secure.redirect(), "GET", "/stats.json?x=1", &[]).await;
    assert_eq!(answer.status, 308);
    assert_eq!(answer.header("location"), Some(format!("https://127.0.0.1:{port}/stats.json?x=1").as_str()));
    // There is no relay there.
    assert!(tokio_tungstenite::connect_async(format!("ws://{}", secure.redirect())).await.is_err());
}

#[tokio::test]
async fn a_new_certificate_disturbs_nobody_and_a_bad_one_changes_nothing() {
    let secure = Secure::start().await;
    let mut early = secure.authority.join(&secure.tls()).await;
    assert_eq!(secure.authority.shown(&secure.tls()).await, secure.pair.der);
    let second = secure.authority.issue();
    second.write(secure.dir.path());
    secure.shows(&second).await;
    // Of two halves that do not fit, of a file without a certificate, and of no file nothing is taken over.
    let (third, files) = (secure.authority.issue(), second.write(secure.dir.path()));
    for spoil in [
        &|| std::fs::write(&files[1], &third.key).unwrap(),
        &|| std::fs::write(&files[0], "no certificate").unwrap(),
        &|| std::fs::remove_file(&files[0]).unwrap(),
    ] as [&dyn Fn(); 3]
    {
        spoil();
        secure.relay.reload().await;
        assert_eq!(secure.authority.shown(&secure.tls()).await, second.der);
    }
    third.write(secure.dir.path());
    secure.shows(&third).await;
    early.hears_nothing_more().await;
}

#[tokio::test]
async fn sighup_reads_the_certificate_again() {
    let (authority, dir) = (Authority::new(), TempDir::new().unwrap());
    let [certificate, key] = authority.issue().write(dir.path());
    let knobs = [
        ("TLS__ADDRESSES", "127.0.0.1:0"),
        ("TLS__CERTIFICATE", certificate.to_str().unwrap()),
        ("TLS__KEY", key.to_str().unwrap()),
    ];
    let relay = Process::start_with_more(dir.path(), &["127.0.0.1:0"], &knobs, 1).await;
    let address = relay.addresses()[1].to_string();
    let mut early = authority.join(&address).await;
    let next = authority.issue();
    next.write(dir.path());
    relay.signal("HUP");
    let wait = async {
        while authority.shown(&address).await != next.der {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect("the new certificate is not shown");
    std::fs::write(&key, "no key").unwrap();
    relay.signal("HUP");
    let wait = async {
        while !relay.log().contains("the old certificate stays in force") {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect("the log says nothing of it");
    assert!(relay.log().contains("key.pem"), "{}", relay.log());
    assert_eq!(authority.shown(&address).await, next.der);
    early.hears_nothing_more().await;
}

#[tokio::test]
async fn silence_and_garbage_in_the_handshake_end() {
    let secure = Secure::start_with(|config| config.timeouts.header_seconds = 1).await;
    let mut neighbour = secure.authority.join(&secure.tls()).await;
    // A ClientHello of which only the beginning comes, HTTP where TLS belongs, and nothing at all.
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice();
    for bytes in [hello, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"", &[0xff; 1_000]] {
        let mut socket = TcpStream::connect(secure.tls()).await.unwrap();
        socket.write_all(bytes).await.unwrap();
        let mut heard = Vec::new();
        let read = timeout(PATIENCE, socket.read_to_end(&mut heard)).await;
        let _ = read.expect("the relay does not hang up");
        // At most an alert.
        assert!(heard.len() < 16, "{heard:?}");
        neighbour.hears_nothing_more().await;
    }
    // One byte every now and then is not enough.
    let mut slow = TcpStream::connect(secure.tls()).await.unwrap();
    let trickle = async {
        for byte in hello.iter().cycle() {
            if slow.write_all(&[*byte]).await.is_err() {
                return;
            }
            sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(PATIENCE, trickle).await.expect("the relay goes on waiting");
    // After the handshake the head has its own time.
    let mut silent = secure.authority.connect(&secure.tls()).await.unwrap();
    let mut heard = Vec::new();
    let read = timeout(PATIENCE, silent.read_to_end(&mut heard)).await;
    let _ = read.expect("the relay waits for a request for ever");
    neighbour.hears_nothing_more().await;
}

#[tokio::test]
async fn who_is_not_let_in_is_told_so_over_tls() {
    let secure = Secure::start_with(|config| {
        config.limits.connections_max = 1;
    })
    .await;
    let _only = secure.authority.join(&secure.tls()).await;
    let answer = secure.ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(http::request(&secure.plain(), "GET", "/", &[]).await.status == 503);
}

#[tokio::test]
async fn the_log_warns_before_it_expires() {
    let (authority, dir) = (Authority::new(), TempDir::new().unwrap());
    let [certificate, key] = authority.issue_until(now() + 3 * 86_400 + 3_600).write(dir.path());
    let knobs = [
        ("TLS__ADDRESSES", "127.0.0.1:0"),
        ("TLS__CERTIFICATE", certificate.to_str().unwrap()),
        ("TLS__KEY", key.to_str().unwrap()),
    ];
    let data = TempDir::new().unwrap();
    let relay = Process::start_with_more(data.path(), &["127.0.0.1:0"], &knobs, 1).await;
    let says = async |words: &str| {
        let wait = async {
            while !relay.log().contains(words) {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("no {words:?} in {}", relay.log()));
    };
    says("the certificate expires soon days_left=3").await;
    // One that has expired is taken all the same: it is what there is.
    authority.issue_until(now() - 2 * 86_400 - 3_600).write(dir.path());
    says("the certificate has expired, and clients refuse it days_ago=2").await;
    // Whoever mends it hears no more of it, however late in the day.
    let lines = relay.log().lines().filter(|line| line.contains("expire")).count();
    authority.issue_until(now() + 90 * 86_400).write(dir.path());
    while relay.log().matches("took over a new certificate").count() < 2 {
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(relay.log().lines().filter(|line| line.contains("expire")).count(), lines);
}

#[test]
fn what_cannot_be_used_is_told_before_the_start() {
    let (authority, dir) = (Authority::new(), TempDir::new().unwrap());
    let [certificate, key] = authority.issue().write(dir.path());
    let check = |key: &std::path::Path| {
        let mut command = command();
        command.args(["config", "check"]).env("CHAPPE_TLS__ADDRESSES", "127.0.0.1:0");
        command.env("CHAPPE_TLS__CERTIFICATE", &certificate).env("CHAPPE_TLS__KEY", key);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(check(&key), (Some(0), String::new()));
    // That it has an end is no fault: it is what there is.
    let pair = authority.issue_until(now() - 2 * 86_400 - 3_600);
    let [_, old] = pair.write(dir.path());
    let remark = "the certificate has expired, and clients refuse it; days since then: 2\n";
    assert_eq!(check(&old), (Some(0), remark.to_owned()));
    authority.issue().write(dir.path());
    let other = dir.path().join("other.pem");
    std::fs::write(&other, authority.issue().key).unwrap();
    for (key, said) in
        [(&other, "certificate.pem"), (&dir.path().join("none.pem"), "none.pem"), (&certificate, "")]
    {
        let (code, error) = check(key);
        assert!(code == Some(1) && error.contains(said), "{code:?} {error}");
    }
}
