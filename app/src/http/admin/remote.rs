//! Remote signers (NIP-46): for whoever has no signer in the browser, the relay speaks with one that is elsewhere.
//!
//! The page may ask this relay alone, so the signer has to meet it here. Each conversation has a key of its own and is a client
//! of this relay without a socket: what it says passes the same rules as what others say. A stranger can begin one, so they are
//! few and short until a signer has answered; nobody is signed in by one. What the signer signs goes back to the page, which
//! uses it as if a signer in the browser had signed it.

mod talk;

use std::collections::HashMap;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use chappe_authorization::AddressGroup;
use chappe_protocol::{PublicKey, Timestamp};
use chappe_signer::Client;
use data_encoding::HEXLOWER;
use parking_lot::Mutex;
use qrcode::{Color, EcLevel, QrCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, watch};

use self::talk::{Talk, Told, Wanted};
use super::sessions::Token;
use super::{error, over, respond};
use crate::http::{Backstage, Caller, management};
use crate::relay::{Phase, reached};

/// Conversations at the same time.
const REMOTES_MAX: usize = 64;

/// Those of one address that no signer has answered yet. One more ends the oldest.
const WAITING_PER_ADDRESS_MAX: usize = 4;

/// How long a signer has to answer for the first time.
const WAITING_SECONDS: u64 = 5 * 60;

/// How long a conversation lasts at all: as long as a session, and the time to begin one.
const REMOTE_SECONDS: u64 = 35 * 60;

/// How long a request waits for the signer. The page asks again.
const PATIENCE: Duration = Duration::from_secs(25);

/// What the page is going to have signed: the sign-in, the policy, and the sign-in of its connection (NIP-42).
const PERMISSIONS: &str = "sign_event:27235,sign_event:12345,sign_event:22242";

/// The longest of the page's own texts, in bytes.
const TEXT_BYTES_MAX: usize = 500;

/// The conversations with remote signers. They end with the process.
#[derive(Debug, Default)]
pub(crate) struct Remotes(Mutex<HashMap<Token, Remote>>);

/// One conversation, as requests see it. Dropped, it ends.
#[derive(Debug, Clone)]
struct Remote {
    wants: mpsc::Sender<Wanted>,
    told: watch::Receiver<Told>,
    began_at: Timestamp,
    group: Option<AddressGroup>,
}

/// What begins one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    /// The relay's address, as the page knows it.
    relay: String,
    /// The signer that is to be asked, in hex; without one, whichever answers the invitation.
    signer: Option<String>,
    /// The word by which that signer knows who asks.
    secret: Option<String>,
}

/// What is to be signed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sign {
    /// All of the event that a signer does not add. Without a time it is made when the signer is asked.
    event: Map<String, Value>,
    /// Counts what the page has asked for: another number is another question.
    turn: u64,
    /// The address that the page has shown to the person already.
    seen: Option<String>,
}

impl Remote {
    fn is_over(&self, now: Timestamp) -> bool {
        let is_connected = self.told.borrow().is_connected;
        let seconds = if is_connected { REMOTE_SECONDS } else { WAITING_SECONDS };
        // The task ends by itself when the relay stops.
        self.wants.is_closed() || self.began_at.plus_seconds(seconds) <= now
    }
}

impl Remotes {
    /// Keeps a conversation. False when there are as many as may be.
    fn open(&self, token: Token, remote: Remote, now: Timestamp) -> bool {
        let mut open = self.0.lock();
        open.retain(|_, remote| !remote.is_over(now));
        let waiting =
            open.iter().filter(|(_, other)| other.group == remote.group && !other.told.borrow().is_connected);
        if waiting.clone().count() >= WAITING_PER_ADDRESS_MAX {
            let oldest = waiting.min_by_key(|(_, other)| other.began_at).map(|(token, _)| *token);
            if let Some(oldest) = oldest {
                open.remove(&oldest);
            }
        }
        let has_room = open.len() < REMOTES_MAX;
        if has_room {
            open.insert(token, remote);
        }
        has_room
    }

    fn find(&self, token: Token, now: Timestamp) -> Option<Remote> {
        self.0.lock().get(&token).filter(|remote| !remote.is_over(now)).cloned()
    }

    /// Ends one. Nothing when there is none.
    pub(super) fn close(&self, token: Token) {
        self.0.lock().remove(&token);
    }
}

/// `POST /admin/remote`: begins a conversation, with a signer that is named or by an invitation for one.
pub(super) async fn begin<S: Backstage>(state: S, request: Request) -> Response<Body> {
    let address = request.extensions().get::<Caller>().copied().unwrap_or_default().address;
    let begin = match management::read_body(&state, request.into_body()).await {
        Ok(body) => serde_json::from_slice::<Begin>(&body),
        Err(refused) => return refused,
    };
    let Some(begin) = begin.ok().filter(Begin::fits) else {
        return error(StatusCode::BAD_REQUEST, "this begins no conversation with a signer");
    };
    let Ok(signer) = begin.signer.as_deref().map(|hex| PublicKey::from_hex(hex.as_bytes())).transpose()
    else {
        return error(StatusCode::BAD_REQUEST, "the signer's key is 64 hex characters");
    };
    let Some((token, client, own_secret)) = random_parts() else {
        return error(StatusCode::SERVICE_UNAVAILABLE, "the system has no random numbers");
    };
    let Some(session) = state.line() else {
        return error(StatusCode::SERVICE_UNAVAILABLE, "the system has no random numbers");
    };
    let uri = signer.is_none().then(|| invitation(&begin.relay, &client, &own_secret));
    let secret = if signer.is_some() { begin.secret.unwrap_or_default() } else { own_secret };
    let ((wants, wanted), (telling, told)) = (mpsc::channel(1), watch::channel(Told::default()));
    let now = state.now();
    let remote = Remote { wants, told, began_at: now, group: address.map(AddressGroup::from) };
    if !state.remotes().open(token, remote, now) {
        return error(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many people are signing in by a remote signer, try again later",
        );
    }
    tokio::spawn(Talk::new(session, client, (signer, secret), telling).go_on(wanted, state));
    let drawn = uri.as_deref().and_then(draw);
    respond(StatusCode::OK, &json!({ "remote": token.to_hex(), "uri": uri, "qr": drawn }))
}

/// `POST /admin/remote/sign`: has an event signed, or tells how far that is.
pub(super) async fn sign<S: Backstage>(state: S, request: Request) -> Response<Body> {
    let remote = Token::of(request.headers()).and_then(|token| state.remotes().find(token, state.now()));
    let Some(Remote { wants, mut told, .. }) = remote else { return over() };
    let sign = match management::read_body(&state, request.into_body()).await {
        Ok(body) => serde_json::from_slice::<Sign>(&body),
        Err(refused) => return refused,
    };
    let Ok(Sign { event, turn, seen }) = sign else {
        return error(StatusCode::BAD_REQUEST, "this is no event to be signed");
    };
    let is_asked = told.borrow().turn == Some(turn);
    if !is_asked && wants.send(Wanted { event, turn }).await.is_err() {
        return over();
    }
    let is_news = |told: &Told| {
        let is_answered = told.turn == Some(turn) && told.answer.is_some();
        is_answered || told.failure.is_some() || (told.auth_url.is_some() && told.auth_url != seen)
    };
    let answered = async {
        // An error means that the conversation has ended, which the page hears the next time.
        let _ = told.wait_for(is_news).await;
    };
    tokio::select! {
        () = answered => {}
        () = tokio::time::sleep(PATIENCE) => {}
        () = reached(state.phase(), Phase::Stopping) => {}
    }
    let Told { is_connected, turn: told_turn, answer, auth_url, failure } = told.borrow().clone();
    match (failure, answer.filter(|_| told_turn == Some(turn))) {
        (Some(failure), _) => error(StatusCode::OK, &failure),
        (None, Some(Ok(signed))) => respond(StatusCode::OK, &json!({ "signed": signed })),
        (None, Some(Err(refused))) => error(StatusCode::OK, &format!("the signer says: {refused}")),
        (None, None) => respond(StatusCode::OK, &json!({ "connected": is_connected, "auth_url": auth_url })),
    }
}

/// `DELETE /admin/remote`. The answer is the same whether there was one: then there is none.
pub(super) fn end<S: Backstage>(state: &S, request: &Request) -> Response<Body> {
    if let Some(token) = Token::of(request.headers()) {
        state.remotes().close(token);
    }
    StatusCode::NO_CONTENT.into_response()
}

impl Begin {
    fn fits(&self) -> bool {
        let texts = [Some(&self.relay), self.signer.as_ref(), self.secret.as_ref()];
        texts.into_iter().flatten().all(|text| text.len() <= TEXT_BYTES_MAX)
    }
}

/// What nobody can guess of a conversation: its name for the page, the key of its client, the word of an invitation.
fn random_parts() -> Option<(Token, Client, String)> {
    let (mut secret, mut word) = ([0; 32], [0; 16]);
    getrandom::fill(&mut secret).ok()?;
    getrandom::fill(&mut word).ok()?;
    Some((Token::random().ok()?, Client::from_secret(secret)?, HEXLOWER.encode(&word)))
}

/// What a signer is given to come to this relay and say the secret.
fn invitation(relay: &str, client: &Client, secret: &str) -> String {
    let (relay, permissions) = (escaped(relay), escaped(PERMISSIONS));
    let key = client.public();
    format!("nostrconnect://{key}?relay={relay}&secret={secret}&perms={permissions}&name=Chappe")
}

/// As a part of a URI's query (RFC 3986, section 2).
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// A QR code, a text of `1` (dark) and `0` for each row. None for a text that is too long for one.
fn draw(text: &str) -> Option<Vec<String>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let (width, colors) = (code.width(), code.to_colors());
    let row = |row: &[Color]| row.iter().map(|color| color.select('1', '0')).collect();
    Some(colors.chunks(width).map(row).collect())
}
