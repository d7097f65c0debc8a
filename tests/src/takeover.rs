//! One process takes over from another: under load, from systemd, and when it goes wrong.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use chappe_testkit::{EventBuilder, Keys, Rng, TestEvent};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Client, Process, Relay, command, heavy, http, seed, signal};

/// What must come is waited for so long at most; only a failing test takes it.
const PATIENCE: Duration = Duration::from_secs(30);

fn event(publisher: u64, number: u64) -> TestEvent {
    let content = format!("{publisher} {number}");
    EventBuilder::new(1).created_at(Relay::NOW + number).content(content).sign(&Keys::from_seed(publisher))
}

/// What all who load the relay share.
#[derive(Default)]
struct Load {
    over: AtomicBool,
    connected: AtomicU64,
    acknowledged: AtomicU64,
}

impl Load {
    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    /// A connection. Every attempt has to succeed.
    async fn connect(&self, url: &str) -> Client {
        let client = timeout(PATIENCE, Client::connect(url)).await.expect("a connection is not answered");
        self.connected.fetch_add(1, Ordering::Relaxed);
        client
    }

    /// Waits until so many more have been acknowledged and connected.
    async fn does_more(&self) {
        let (acknowledged, connected) = (&self.acknowledged, &self.connected);
        let goals = [(acknowledged, 300), (connected, 30)];
        let goals = goals.map(|(count, more)| (count, count.load(Ordering::Relaxed) + more));
        let wait = async {
            while goals.iter().any(|(count, goal)| count.load(Ordering::Relaxed) < *goal) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, wait).await.expect("the load comes to nothing");
    }
}

/// Publishes with a window in flight, and comes back when it is told to go. Gives what was acknowledged.
async fn publish(load: Arc<Load>, url: String, publisher: u64) -> Vec<String> {
    let (mut acknowledged, mut sent) = (Vec::new(), 0);
    while load.goes_on() {
        let mut client = load.connect(&url).await;
        let mut open = true;
        let mut in_flight = 0;
        loop {
            while open && in_flight < 16 {
                open = client.socket.feed(Message::text(event(publisher, sent).message())).await.is_ok();
                (sent, in_flight) = (sent + 1, in_flight + 1);
            }
            open = open && client.socket.flush().await.is_ok();
            match client.socket.next().await.expect("a close frame") {
                Ok(Message::Text(text)) => {
                    let heard: Value = serde_json::from_str(&text).unwrap();
                    in_flight -= 1;
                    if heard[2] == true {
                        acknowledged.push(heard[1].as_str().unwrap().to_owned());
                        load.acknowledged.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Ok(Message::Close(frame)) => {
                    assert_eq!(u16::from(frame.expect("a code").code), 1001);
                    break;
                }
                other => panic!("{other:?}"),
            }
            if !load.goes_on() {
                break;
            }
        }
    }
    acknowledged
}

/// Connects, asks, and goes, again and again.
async fn come_and_go(load: Arc<Load>, url: String) {
    while load.goes_on() {
        let mut client = load.connect(&url).await;
        client.say(r#"["REQ","s",{"limit":1}]"#).await;
        // An answer, or the word that this one goes.
        let heard = timeout(PATIENCE, client.socket.next()).await.expect("nothing is answered");
        assert!(matches!(heard, Some(Ok(Message::Text(_) | Message::Close(_)))), "{heard:?}");
    }
}

/// Starts another process that takes over, on the same directory and address.
async fn take_over(dir: &TempDir, knobs: &[(&str, &str)]) -> Process {
    Process::start_by(&["serve", "--take-over"], dir.path(), &["127.0.0.1:0"], knobs, 0).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_nothing_is_lost() {
    let _alone = heavy().await;
    let dir = TempDir::new().unwrap();
    let mut relay = Process::start(dir.path(), &[]).await;
    let (url, load) = (relay.url(), Arc::new(Load::default()));
    let publishing: Vec<_> =
        (1..=3).map(|seed| tokio::spawn(publish(Arc::clone(&load), url.clone(), seed))).collect();
    let others: Vec<_> = (0..3).map(|_| tokio::spawn(come_and_go(Arc::clone(&load), url.clone()))).collect();
    load.does_more().await;
    for _ in 0..3 {
        let next = take_over(&dir, &[]).await;
        assert_eq!(next.url(), url, "the same socket");
        let status = relay.ended().await;
        assert!(status.success(), "the old one ended by {status}");
        relay = next;
        load.does_more().await;
    }
    load.over.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for task in publishing {
        acknowledged.extend(task.await.unwrap());
    }
    for task in others {
        task.await.unwrap();
    }
    let mut client = relay.connect().await;
    for ids in acknowledged.chunks(400) {
        let (found, _) = client.query(&serde_json::json!({ "ids": ids }).to_string()).await;
        let found: HashSet<_> = found.iter().map(|event| event["id"].as_str().unwrap()).collect();
        let lost = ids.iter().filter(|id| !found.contains(id.as_str())).count();
        assert_eq!(lost, 0, "{lost} of {} acknowledged events are gone", acknowledged.len());
    }
    relay.stop().await;
}

#[tokio::test]
async fn who_connects_in_between_is_served_by_the_new_one() {
    let dir = TempDir::new().unwrap();
    let mut old = Process::start(dir.path(), &[]).await;
    let address = old.addresses()[0].to_string();
    // Much that is not read holds the old one up for a while.
    let mut publisher = old.connect().await;
    for number in 0..20 {
        let event = EventBuilder::new(1).created_at(Relay::NOW + number).content("x".repeat(200_000));
        publisher.store(&event.sign(&Keys::from_seed(1))).await;
    }
    let mut lazy = Client::connect_with_small_buffers(&old.url()).await;
    lazy.say(r#"["REQ","much",{}]"#).await;
    lazy.expect_start(r#"["EVENT","much","#).await;
    let taking = take_over(&dir, &[]);
    let asking = async {
        assert_eq!(publisher.closed().await, (1001, vec![]));
        http::request(&address, "GET", "/stats.json", &[]).await
    };
    let (new, answer) = tokio::join!(taking, asking);
    assert!(answer.body.contains("\"events\":20"), "{}", answer.body);
    assert!(old.ended().await.success());
    drop(new);
}

#[tokio::test]
async fn who_had_connected_and_not_asked_yet_is_still_answered() {
    let dir = TempDir::new().unwrap();
    let mut old = Process::start(dir.path(), &[]).await;
    let address = old.addresses()[0].to_string();
    let mut silent = TcpStream::connect(&address).unwrap();
    silent.set_read_timeout(Some(PATIENCE)).unwrap();
    // Accepted after the silent one, and told that the old one goes.
    let mut told = old.connect().await;
    let asking = async {
        assert_eq!(told.closed().await, (1001, vec![]));
        silent.write_all(format!("GET /stats.json HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).unwrap();
        let answered = tokio::task::spawn_blocking(move || {
            let mut start = [0; 15];
            silent.read_exact(&mut start).map(|()| start)
        });
        assert_eq!(answered.await.unwrap().unwrap(), *b"HTTP/1.1 200 OK");
    };
    let (new, ()) = tokio::join!(take_over(&dir, &[]), asking);
    assert!(old.ended().await.success());
    drop(new);
}

#[tokio::test]
async fn without_a_relay_that_runs_it_just_starts() {
    let dir = TempDir::new().unwrap();
    let mut first = take_over(&dir, &[]).await;
    first.stop().await;
    // The door of one that has ended, or was killed, is nobody's.
    let mut second = take_over(&dir, &[]).await;
    second.kill().await;
    let mut third = take_over(&dir, &[]).await;
    third.stop().await;
}

#[tokio::test]
async fn one_that_cannot_serve_leaves_the_old_one_alone() {
    let dir = TempDir::new().unwrap();
    let mut old = Process::start(dir.path(), &[]).await;
    let mut client = old.connect().await;
    let policy = dir.path().join("policy.json");
    std::fs::write(&policy, "{\"no\":\"policy\"}").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let held = TcpListener::bind(taken).unwrap();
    let try_with = |knobs: &[(&str, &str)], listen: &str| {
        let mut command = command();
        command.env("CHAPPE_STORE__MAP_BYTES", (1_u64 << 30).to_string()).arg("--data-dir").arg(dir.path());
        command.envs(knobs.iter().copied()).args(["--listen", listen, "serve", "--take-over"]);
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let said = try_with(&[("CHAPPE_POLICY__FILE", policy.to_str().unwrap())], "127.0.0.1:0");
    assert!(said.contains("policy.json"), "{said}");
    let said = try_with(&[], &taken.to_string());
    assert!(said.contains("cannot listen on"), "{said}");
    // One that asks and then dies, and one that talks nonsense.
    for words in ["chappe take over 1\n", "chappe take over 1\nno\n", "hello, who is there?\n"] {
        let mut door = UnixStream::connect(dir.path().join("chappe.sock")).unwrap();
        door.write_all(words.as_bytes()).unwrap();
        // Its answer, the end, or a reset: whatever it makes of that.
        let _ = door.read(&mut [0; 10]);
    }
    client.hears_nothing_more().await;
    old.connect().await.hears_nothing_more().await;
    assert!(old.is_running());
    // And after all that one that can.
    let mut new = take_over(&dir, &[]).await;
    assert!(old.ended().await.success());
    new.stop().await;
    drop(held);
}

#[tokio::test]
async fn the_door_is_shut_for_other_users() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TempDir::new().unwrap();
    let _relay = Process::start(dir.path(), &[]).await;
    let mode = std::fs::metadata(dir.path().join("chappe.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn every_address_of_both_families_is_taken_over() {
    let dir = TempDir::new().unwrap();
    let port = TcpListener::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port();
    let addresses = [format!("0.0.0.0:{port}"), format!("[::]:{port}"), "127.0.0.1:0".to_owned()];
    let addresses: Vec<_> = addresses.iter().map(String::as_str).collect();
    let start = async |words: &[&str]| {
        let relay = Process::start_by(words, dir.path(), &addresses, &[], 0);
        timeout(PATIENCE, relay).await.expect("it does not listen")
    };
    let mut relay = start(&[]).await;
    for _ in 0..2 {
        for host in ["127.0.0.1", "[::1]"] {
            Client::connect(&format!("ws://{host}:{port}")).await.hears_nothing_more().await;
        }
        let next = start(&["serve", "--take-over"]).await;
        assert!(relay.ended().await.success());
        relay = next;
    }
}

/// A relay as systemd starts it, which has opened its socket before.
fn start_as_systemd(dir: &TempDir, socket: &TcpListener, listen: &str) -> Child {
    let relay = command();
    let mut shell = Command::new("sh");
    // systemd's first socket is descriptor 3, and the variable names the process that it is for.
    shell.args(["-c", "exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\""]);
    shell.arg(relay.get_program()).arg("--data-dir").arg(dir.path()).args(["--listen", listen]);
    shell.env("CHAPPE_STORE__MAP_BYTES", (1_u64 << 30).to_string());
    shell.stdin(OwnedFd::from(socket.try_clone().unwrap())).stderr(Stdio::piped()).spawn().unwrap()
}

#[tokio::test]
async fn systemd_keeps_the_socket_open_over_a_restart() {
    let dir = TempDir::new().unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    for _ in 0..2 {
        // Nobody is there yet: the request waits.
        let mut early = TcpStream::connect(&address).unwrap();
        early.write_all(b"GET /stats.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut relay = start_as_systemd(&dir, &socket, &address);
        let answer = tokio::task::spawn_blocking(move || {
            let mut answer = String::new();
            early.read_to_string(&mut answer).unwrap();
            answer
        });
        assert!(answer.await.unwrap().starts_with("HTTP/1.1 200"));
        signal(relay.id(), "TERM");
        assert!(relay.wait().unwrap().success());
    }
}

#[test]
fn a_socket_that_the_configuration_does_not_name_is_told() {
    let dir = TempDir::new().unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let relay = start_as_systemd(&dir, &socket, "127.0.0.1:0");
    let output = relay.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    assert!(
        output.status.code() == Some(1) && said.contains(&address) && said.contains("LISTEN_FDS"),
        "{said}"
    );
}

/// Publishes some events on a new connection. Gives which of them were acknowledged, and whether the relay was there to the
/// end.
async fn publish_some(url: &str, numbers: std::ops::Range<u64>) -> (Vec<String>, bool) {
    let mut acknowledged = Vec::new();
    let Ok((mut socket, _)) = tokio_tungstenite::connect_async(url).await else {
        return (acknowledged, false);
    };
    for number in numbers {
        if socket.send(Message::text(event(1, number).message())).await.is_err() {
            return (acknowledged, false);
        }
        match timeout(PATIENCE, socket.next()).await.expect("nothing is answered") {
            Some(Ok(Message::Text(text))) => {
                let heard: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(heard[2], true, "{heard}");
                acknowledged.push(heard[1].as_str().unwrap().to_owned());
            }
            _ => return (acknowledged, false),
        }
    }
    (acknowledged, true)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_killed_while_it_takes_over_loses_nothing() {
    const TURNS: u64 = 25;
    let _alone = heavy().await;
    let dir = TempDir::new().unwrap();
    let (mut rng, mut acknowledged) = (Rng::new(seed()), Vec::new());
    let mut went_on = 0;
    let mut relay = Process::start(dir.path(), &[]).await;
    for turn in 1..=TURNS {
        let (more, is_there) = publish_some(&relay.url(), turn * 10..turn * 10 + 5).await;
        acknowledged.extend(more);
        if is_there {
            went_on += 1;
        } else {
            // It had been told to go before the other one was killed.
            assert!(relay.ended().await.success(), "{}", relay.log());
            relay = Process::start(dir.path(), &[]).await;
        }
        let mut taking = command();
        taking.args(["serve", "--take-over", "--listen", "127.0.0.1:0", "--data-dir"]).arg(dir.path());
        taking.env("CHAPPE_METRICS__ADDRESSES", "").env("CHAPPE_STORE__MAP_BYTES", (1_u64 << 30).to_string());
        let mut taking = taking.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        if turn == TURNS {
            // For once, it has certainly had its way.
            assert!(relay.ended().await.success(), "{}", relay.log());
        } else {
            // At first before it can do anything, later at any moment.
            sleep(Duration::from_micros(rng.within(0..200 * turn * turn))).await;
        }
        taking.kill().unwrap();
        taking.wait().unwrap();
    }
    assert!(went_on > 1, "no kill came before the old one was told to go");
    let mut relay = Process::start(dir.path(), &[]).await;
    let ids = serde_json::json!({ "ids": acknowledged }).to_string();
    let (found, _) = relay.connect().await.query(&ids).await;
    assert_eq!(found.len(), acknowledged.len());
    relay.stop().await;
}
