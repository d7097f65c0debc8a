//! What only a real socket shows: silence, slowness, and the end.

use std::sync::atomic::AtomicU64;

use chappe_store::{Options, Placement, Record, Store, Write};
use chappe_testkit::{EventBuilder, Keys};
use futures_util::{SinkExt, StreamExt};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::*;
use crate::config::Config;
use crate::{Clock, Log, Relay, Running};

const NOW: u64 = 1_700_000_000;

/// What must come is waited for so long at most; only a failing test takes it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client that has little room for what it does not read.
const RECEIVE_BUFFER_BYTES: u32 = 16 * 1024;

type Client = WebSocketStream<TcpStream>;

struct Setting {
    running: Running,
    directory: TempDir,
}

/// Starts a relay that holds so many notes of 4 KB.
async fn start(notes: u64, turn: impl FnOnce(&mut Config)) -> Setting {
    let directory = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.listen.addresses = vec!["127.0.0.1:0".parse().unwrap()];
    config.metrics.addresses = Vec::new();
    config.store.data_dir = directory.path().to_owned();
    config.store.map_bytes = 256 << 20;
    config.store.map_reserve_bytes = 1 << 20;
    turn(&mut config);
    fill(&config, notes);
    let clock = Clock::standing(Arc::new(AtomicU64::new(NOW)));
    let log = Log::unattached(&config.log);
    Setting { running: Relay::start(config, clock, log).await.unwrap(), directory }
}

fn fill(config: &Config, notes: u64) {
    let options = Options {
        map_bytes: config.store.map_bytes,
        map_reserve_bytes: config.store.map_reserve_bytes,
        ..Options::default()
    };
    let store = Store::open(&config.store.data_dir, &options).unwrap();
    let keys = Keys::from_seed(1);
    let records: Vec<_> = (0..notes)
        .map(|age| EventBuilder::new(1).created_at(NOW - age).content("x".repeat(4_000)).sign(&keys))
        .map(|event| Record::new(&event.event(), event.json().as_bytes()))
        .collect();
    let write = |record| Write { record, placement: Placement::Regular };
    store.write(&records.iter().map(write).collect::<Vec<_>>(), chappe_protocol::Timestamp(NOW)).unwrap();
}

impl Setting {
    async fn connect(&self) -> Client {
        let address = self.running.addresses()[0];
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).unwrap();
        let stream = socket.connect(address).await.unwrap();
        client_async(format!("ws://{address}/"), stream).await.unwrap().0
    }

    /// Waits until so many connections are open.
    async fn connections(&self, wanted: usize) {
        let wait = async {
            while self.running.connections() != wanted {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, wait).await.expect("connections do not end");
    }
}

async fn say(client: &mut Client, text: &str) {
    client.send(Message::text(text)).await.unwrap();
}

async fn hear(client: &mut Client) -> Message {
    timeout(PATIENCE, client.next())
        .await
        .expect("the relay says nothing")
        .expect("the relay hung up")
        .unwrap()
}

fn code(message: &Message) -> Option<u16> {
    if let Message::Close(Some(CloseFrame { code, .. })) = message { Some((*code).into()) } else { None }
}

/// Reads until the relay closes, without answering anything: no WebSocket on top.
async fn read_out(client: Client) -> Vec<u8> {
    let mut heard = Vec::new();
    // Closed or reset, what came before counts.
    let _ = timeout(PATIENCE, client.into_inner().read_to_end(&mut heard))
        .await
        .expect("the relay does not close");
    heard
}

/// Whether a close frame with this code is the last that was sent.
fn ends_with_close(heard: &[u8], code: u16) -> bool {
    let reason_bytes_max = 123;
    let tail = heard.get(heard.len().saturating_sub(reason_bytes_max + 4)..).unwrap_or_default();
    let [high, low] = code.to_be_bytes();
    tail.windows(4).any(|bytes| bytes[0] == 0x88 && bytes[2] == high && bytes[3] == low)
}

#[tokio::test]
async fn silent_client_is_pinged_and_then_given_up() {
    let setting = start(0, |config| {
        config.timeouts.ping_seconds = 1;
        config.timeouts.idle_seconds = 2;
    })
    .await;
    let client = setting.connect().await;
    let began = Instant::now();
    let heard = read_out(client).await;
    assert_eq!(heard.get(..2), Some([0x89, 0].as_slice()), "no ping first");
    assert!(ends_with_close(&heard, 1001), "{heard:?}");
    assert!(began.elapsed() >= Duration::from_millis(1_900), "{:?}", began.elapsed());
}

#[tokio::test]
async fn client_that_answers_pings_may_be_silent() {
    let setting = start(0, |config| {
        config.timeouts.ping_seconds = 1;
        config.timeouts.idle_seconds = 2;
    })
    .await;
    let mut client = setting.connect().await;
    for _ in 0..3 {
        // Reading answers it.
        assert!(matches!(hear(&mut client).await, Message::Ping(_)));
    }
    say(&mut client, r#"["REQ","s",{}]"#).await;
    assert_eq!(hear(&mut client).await.to_text().unwrap(), r#"["EOSE","s",["finish"]]"#);
}

#[tokio::test]
async fn slow_reader_gets_everything() {
    let setting = start(2_000, |config| config.timeouts.write_seconds = 1).await;
    let mut client = setting.connect().await;
    say(&mut client, r#"["REQ","s",{"limit":2000}]"#).await;
    let mut events = 0;
    while hear(&mut client).await.to_text().unwrap().starts_with(r#"["EVENT""#) {
        events += 1;
        if events % 100 == 0 {
            // Twice as long in all as a client may take nothing.
            sleep(Duration::from_millis(100)).await;
        }
    }
    assert_eq!(events, 2_000);
}

#[tokio::test]
async fn client_that_reads_nothing_is_given_up() {
    let setting = start(2_000, |config| config.timeouts.write_seconds = 1).await;
    let mut client = setting.connect().await;
    say(&mut client, r#"["REQ","s",{"limit":2000}]"#).await;
    setting.connections(1).await;
    setting.connections(0).await;
    // What the system had taken is still there, and it is not everything.
    assert!(read_out(client).await.len() < 2_000 * 4_000);
}

#[tokio::test]
async fn live_backlog_over_its_bound_ends_the_connection_and_no_other() {
    let setting = start(0, |config| {
        config.limits.message_bytes_max = 8 * 1024;
        config.limits.tag_value_bytes_max = 1024;
        config.limits.live_backlog_bytes_max = 64 * 1024;
    })
    .await;
    let (mut stuck, mut publisher) = (setting.connect().await, setting.connect().await);
    say(&mut stuck, r#"["REQ","s",{"limit":0}]"#).await;
    assert!(hear(&mut stuck).await.to_text().unwrap().starts_with(r#"["EOSE""#));
    let keys = Keys::from_seed(1);
    // More than the system's buffers and the backlog hold together.
    for age in 0..300 {
        let event = EventBuilder::new(20_001).created_at(NOW - age).content("x".repeat(4_000)).sign(&keys);
        say(&mut publisher, &event.message()).await;
        let answer = hear(&mut publisher).await;
        assert!(
            answer.to_text().unwrap().starts_with(&format!(r#"["OK","{}",true"#, event.id())),
            "{answer}"
        );
    }
    setting.connections(1).await;
    drop(stuck);
    say(&mut publisher, r#"["REQ","s",{}]"#).await;
    assert_eq!(hear(&mut publisher).await.to_text().unwrap(), r#"["EOSE","s",["finish"]]"#);
}

#[tokio::test]
async fn stopping_says_so_and_waits_for_nobody() {
    let setting = start(2_000, |_| {}).await;
    let (mut quiet, mut stuck) = (setting.connect().await, setting.connect().await);
    say(&mut stuck, r#"["REQ","s",{"limit":2000}]"#).await;
    assert!(hear(&mut stuck).await.is_text());
    let keys = Keys::from_seed(2);
    let event = EventBuilder::new(1).created_at(NOW).sign(&keys);
    say(&mut quiet, &event.message()).await;
    let began = Instant::now();
    let stopping = tokio::spawn(setting.running.stop());
    let last = loop {
        let message = hear(&mut quiet).await;
        if message.is_close() {
            break message;
        }
        // The event may have been on its way already.
        assert!(message.to_text().unwrap().starts_with(r#"["OK""#), "{message}");
    };
    assert_eq!(code(&last), Some(1001));
    stopping.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    drop(stuck);
}

#[tokio::test]
async fn directory_is_free_again_once_stopped() {
    let setting = start(1, |_| {}).await;
    let _client = setting.connect().await;
    let directory = setting.directory;
    setting.running.stop().await;
    let options = Options { map_bytes: 256 << 20, map_reserve_bytes: 1 << 20, ..Options::default() };
    assert_eq!(Store::open(directory.path(), &options).unwrap().usage().unwrap().events, 1);
}

/// A frame as a client sends it, under a mask of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    assert!(payload.len() < 126, "short ones are enough here");
    [&[first, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0], payload].concat()
}

#[tokio::test]
async fn frames_are_answered_as_they_must_be() {
    let setting = start(0, |_| {}).await;
    let close = |code: u16| [&[0x88, 2][..], &code.to_be_bytes()].concat();
    let req = br#"["REQ","s",{}]"#;
    let eose = br#"["EOSE","s",["finish"]]"#;
    let eose = [&[0x81, u8::try_from(eose.len()).unwrap()], eose.as_slice()].concat();
    // What the client sends, and all that it is sent before the connection ends.
    let rows = [
        (frame(0x88, b"\x0f\xa0because"), close(4000)),
        (frame(0x88, b""), vec![0x88, 0]),
        (
            [frame(0x89, b"abc"), frame(0x89, b""), frame(0x88, b"\x03\xe8")].concat(),
            [b"\x8a\x03abc\x8a\x00", close(1000).as_slice()].concat(),
        ),
        (
            [frame(0x01, &req[..5]), frame(0x89, b"!"), frame(0x80, &req[5..]), frame(0x88, b"\x03\xe8")]
                .concat(),
            [b"\x8a\x01!", eose.as_slice(), &close(1000)].concat(),
        ),
        (
            [frame(0x81, req), frame(0x81, req), frame(0x88, b"\x03\xe8")].concat(),
            [eose.as_slice(), &eose, &close(1000)].concat(),
        ),
    ];
    for (sent, expected) in rows {
        for piece in [1, 7, sent.len()] {
            let mut client = setting.connect().await;
            for bytes in sent.chunks(piece) {
                client.get_mut().write_all(bytes).await.unwrap();
                tokio::task::yield_now().await;
            }
            let heard = read_out(client).await;
            assert_eq!(
                String::from_utf8_lossy(&heard),
                String::from_utf8_lossy(&expected),
                "{sent:x?} by {piece}"
            );
        }
    }
}

#[tokio::test]
async fn broken_rules_end_the_connection_with_their_code() {
    let setting = start(0, |config| {
        config.limits.message_bytes_max = 8 * 1024;
        config.limits.tag_value_bytes_max = 1024;
    })
    .await;
    let rows = [
        (vec![0x81, 0x01, b'a'], 1002),
        (frame(0xc1, b"a"), 1002),
        (frame(0x83, b"a"), 1002),
        (frame(0x80, b"a"), 1002),
        (frame(0x88, b"\x00\x01"), 1002),
        (frame(0x81, b"\xff"), 1007),
        ([frame(0x01, b"\xe2\x82"), frame(0x80, b"a")].concat(), 1007),
        (vec![0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], 1009),
    ];
    for (sent, code) in rows {
        let mut client = setting.connect().await;
        client.get_mut().write_all(&sent).await.unwrap();
        let heard = read_out(client).await;
        assert!(ends_with_close(&heard, code), "{sent:x?} gave {heard:x?}, not {code}");
    }
}

#[tokio::test]
async fn a_long_message_arrives_in_pieces() {
    let setting = start(0, |_| {}).await;
    let mut client = setting.connect().await;
    let event = EventBuilder::new(1).created_at(NOW).content("x".repeat(300_000)).sign(&Keys::from_seed(1));
    let mut sent = Vec::new();
    for message in [event.message(), r#"["REQ","s",{}]"#.to_owned()] {
        sent.push(0x81);
        match u16::try_from(message.len()) {
            Ok(length) => sent.push(0x80 | u8::try_from(length).unwrap()),
            Err(_) => {
                sent.push(0x80 | 127);
                sent.extend_from_slice(&(message.len() as u64).to_be_bytes());
            }
        }
        sent.extend_from_slice(&[0; 4]);
        sent.extend_from_slice(message.as_bytes());
    }
    for bytes in sent.chunks(70_001) {
        client.get_mut().write_all(bytes).await.unwrap();
        sleep(Duration::from_millis(20)).await;
    }
    assert!(
        hear(&mut client).await.to_text().unwrap().starts_with(&format!(r#"["OK","{}",true"#, event.id()))
    );
    assert_eq!(hear(&mut client).await.to_text().unwrap(), event.delivery("s"));
}
