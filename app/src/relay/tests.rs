//! A whole relay, asked over sockets.

mod addresses;
mod management;
mod presence;
mod readiness;
mod reload;

use std::sync::atomic::AtomicU64;

use chappe_testkit::{Keys, http_auth_event};
use data_encoding::BASE64;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::*;
use crate::Relay;

pub(crate) const NOW: u64 = 1_700_000_000;

/// What must come is waited for so long at most; only a failing test takes it.
const PATIENCE: Duration = Duration::from_secs(20);

type Client = WebSocketStream<TcpStream>;

pub(crate) struct Setting {
    pub(crate) running: Running,
    pub(crate) directory: TempDir,
    /// With the address that it really listens on.
    pub(crate) config: Config,
}

pub(crate) fn owner() -> Keys {
    Keys::from_seed(100)
}

/// The clock that relays under test go by.
pub(crate) fn clock() -> Clock {
    Clock::standing(Arc::new(AtomicU64::new(NOW)))
}

/// A log of its own: others run in this process, too.
pub(crate) fn log(config: &Config) -> Log {
    Log::unattached(&config.log)
}

/// A configuration that keeps everything in this directory.
pub(crate) fn config(directory: &TempDir) -> Config {
    let mut config = Config::default();
    config.listen.addresses = vec!["127.0.0.1:0".parse().unwrap()];
    config.metrics.addresses = Vec::new();
    config.store.data_dir = directory.path().to_owned();
    config.store.map_bytes = 256 << 20;
    config.store.map_reserve_bytes = 1 << 20;
    config
}

pub(crate) async fn start(turn: impl FnOnce(&mut Config, &TempDir)) -> Setting {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(&directory);
    turn(&mut config, &directory);
    let running = Relay::start(config.clone(), clock(), log(&config)).await.unwrap();
    config.listen.addresses = running.addresses().to_vec();
    Setting { running, directory, config }
}

/// What came back of a request.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Setting {
    fn address(&self) -> SocketAddr {
        self.running.addresses()[0]
    }

    async fn socket(&self) -> TcpStream {
        TcpStream::connect(self.address()).await.unwrap()
    }

    /// Sends a request with these header lines, on a connection of its own.
    async fn ask(&self, method: &str, lines: &[&str], body: &str) -> Answer {
        self.ask_over(self.socket().await, method, lines, body).await
    }

    async fn ask_over(&self, mut socket: TcpStream, method: &str, lines: &[&str], body: &str) -> Answer {
        let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let head = format!("{method} / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address());
        let request = format!("{head}Content-Length: {}\r\n{lines}\r\n{body}", body.len());
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("no answer").unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    /// NIP-11's document.
    async fn document(&self) -> Value {
        let answer = self.ask("GET", &["Accept: application/nostr+json"], "").await;
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Calls the management API as somebody, and hears status and answer.
    pub(crate) async fn call(&self, keys: &Keys, method: &str, params: Value) -> (u16, Value) {
        let body = json!({ "method": method, "params": params }).to_string();
        let url = format!("http://{}/", self.address());
        let event = http_auth_event(&url, "POST", body.as_bytes(), NOW).sign(keys);
        let authorization = format!("Authorization: Nostr {}", BASE64.encode(event.json().as_bytes()));
        let lines = ["Content-Type: application/nostr+json+rpc", &authorization];
        let answer = self.ask("POST", &lines, &body).await;
        (answer.status, serde_json::from_str(&answer.body).unwrap())
    }

    /// Connects by WebSocket with this `X-Forwarded-For`; the status when it is refused.
    async fn connect_from(&self, address: &str) -> Result<Client, u16> {
        let mut request = format!("ws://{}/", self.address()).into_client_request().unwrap();
        request.headers_mut().insert("x-forwarded-for", address.parse().unwrap());
        match client_async(request, self.socket().await).await {
            Ok((client, _)) => Ok(client),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }
}

async fn hear(client: &mut Client) -> Message {
    timeout(PATIENCE, client.next()).await.expect("the relay says nothing").expect("hung up").unwrap()
}

/// Asks something and hears the answer to it: the connection works.
async fn works(client: &mut Client) {
    client.send(Message::text(r#"["REQ","s",{"ids":[]}]"#)).await.unwrap();
    assert!(hear(client).await.to_text().unwrap().starts_with(r#"["EOSE","s""#));
}
