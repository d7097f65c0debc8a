//! Asking a relay that runs on this machine, by its management API, signed with its own key.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use chappe_management::RelayKeys;
use chappe_protocol::Timestamp;
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::DeskError;
use crate::StartError;
use crate::config::{Config, ProxyProtocol};
use crate::relay::open_keys;

/// How long the relay has for each step of an answer: it may be waiting for its disk.
const PATIENCE: Duration = Duration::from_secs(10);

/// Statuses by which somebody is not let in, whoever they are.
const TOO_MANY: u16 = 429;
const FULL: u16 = 503;

/// No answer to what commands ask is longer.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A relay that runs.
pub(in crate::commands) struct Remote {
    keys: RelayKeys,
    /// Where it may be asked, in this order.
    doors: Vec<(Door, SocketAddr)>,
    /// The address it goes by, when one is configured.
    url: Option<String>,
    trusted: Vec<chappe_authorization::AddressRange>,
    protocol: ProxyProtocol,
}

/// Whom an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// The relay's clients.
    Clients,
    /// Those who watch it. There are places when all others are taken; but on one machine it may be another relay's.
    Watchers,
}

/// Why a relay that runs does not answer as it should.
#[derive(Debug)]
pub enum RemoteError {
    /// It cannot be reached at any of its addresses; the last one's reason.
    Unreachable(io::Error),
    /// It takes no calls.
    NotManaged,
    /// What came back is no answer.
    Garbled(String),
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the relay is running, ")?;
        match self {
            Self::Unreachable(error) => {
                write!(
                    f,
                    "but cannot be reached at listen.addresses and metrics.addresses of this configuration: {error}"
                )
            }
            Self::NotManaged => f.write_str(
                "but its management API is off: it needs owners, admins or moderators, and management.enabled",
            ),
            Self::Garbled(heard) => write!(f, "but gave no answer that can be understood: {heard:?}"),
        }
    }
}

impl std::error::Error for RemoteError {}

impl Remote {
    pub(super) fn new(config: &Config) -> Result<Self, StartError> {
        Ok(Self {
            keys: open_keys(config)?,
            doors: doors(config),
            url: config.relay.urls.first().cloned(),
            trusted: config.proxy.trusted.clone(),
            protocol: config.proxy.protocol,
        })
    }

    pub(super) fn call(&self, method: &str, params: &Value, now: Timestamp) -> Result<Value, DeskError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(|error| DeskError::Remote(RemoteError::Unreachable(io::Error::other(error))))?;
        // The same call twice in a second would be the same signature, and be taken for a replay.
        let nonce = format!("{:032x}", u128::from_le_bytes(random));
        let body = json!({ "method": method, "params": params, "nonce": nonce }).to_string();
        let (status, heard) = self.post(&body, now).map_err(DeskError::Remote)?;
        if status == 405 {
            return Err(DeskError::Remote(RemoteError::NotManaged));
        }
        let garbled = || DeskError::Remote(RemoteError::Garbled(heard.chars().take(200).collect()));
        let Ok(Value::Object(mut answer)) = serde_json::from_str(&heard) else { return Err(garbled()) };
        match (answer.remove("result"), answer.remove("error")) {
            (Some(result), None) => Ok(result),
            (_, Some(Value::String(error))) => Err(DeskError::Call(error)),
            (None, _) | (Some(_), Some(_)) => Err(garbled()),
        }
    }

    /// Status and body of the first address that answers, and has a place for us.
    fn post(&self, body: &str, now: Timestamp) -> Result<(u16, String), RemoteError> {
        let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "none is configured");
        for &door in &self.doors {
            match self.post_to(door, body, now) {
                Ok(answer) => {
                    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
                    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
                    let status = status.ok_or_else(|| RemoteError::Garbled(head.to_owned()))?;
                    if !matches!(status, TOO_MANY | FULL) {
                        return Ok((status, body.to_owned()));
                    }
                    last = io::Error::other(body.trim_end().to_owned());
                }
                Err(error) => last = error,
            }
        }
        Err(RemoteError::Unreachable(last))
    }

    fn post_to(&self, (door, address): (Door, SocketAddr), body: &str, now: Timestamp) -> io::Result<String> {
        let mut socket = TcpStream::connect_timeout(&address, PATIENCE)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let url = self.url.clone().unwrap_or_else(|| format!("http://{address}/"));
        let event = self.keys.sign_request(&url, "POST", body.as_bytes(), now);
        let request = format!(
            "{}POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Content-Type: application/nostr+json+rpc\r\nContent-Length: {}\r\n\
             Authorization: Nostr {}\r\n\r\n{body}",
            self.proxy_header(door, socket.local_addr()?.ip()),
            body.len(),
            BASE64.encode(event.json()),
        );
        socket.write_all(request.as_bytes())?;
        let mut answer = String::new();
        socket.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// What the relay waits for when it takes us for a proxy.
    fn proxy_header(&self, door: Door, own: IpAddr) -> &'static str {
        let is_trusted = self.trusted.iter().any(|range| range.contains(own));
        if door == Door::Clients && is_trusted && self.protocol == ProxyProtocol::Proxy {
            "PROXY UNKNOWN\r\n"
        } else {
            ""
        }
    }
}

/// Where a relay with this configuration may be asked.
fn doors(config: &Config) -> Vec<(Door, SocketAddr)> {
    let clients = config.listen.addresses.iter().map(|&address| (Door::Clients, reachable(address)));
    let watchers = config.metrics.addresses.iter().map(|&address| (Door::Watchers, reachable(address)));
    clients.chain(watchers).collect()
}

/// Where a relay that listens there is reached from this machine.
fn reachable(listened: SocketAddr) -> SocketAddr {
    let ip = match listened.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, listened.port())
}
