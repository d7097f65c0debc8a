//! What a request to `/` wants.

use axum::http::{HeaderMap, HeaderName, Method, header};
use chappe_frames::{Agreement, BadExtensions, accept_key, negotiate};

use super::Scheme;

/// What a request to `/` wants, as its method and headers tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// To speak WebSocket.
    WebSocket {
        /// The answer to its key (RFC 6455, section 4.2.2).
        accept: String,
        /// How messages can be compressed for it, if it offers that.
        compression: Option<Agreement>,
    },
    /// To speak WebSocket, in a way that cannot be answered.
    BadUpgrade(&'static str),
    /// To speak WebSocket with extensions that cannot be read (RFC 6455, section 9.1).
    BadExtensions(BadExtensions),
    /// NIP-11's document.
    Document,
    /// A call to the management API (NIP-86).
    Management,
    /// To know what a script from elsewhere may ask (CORS).
    Preflight,
    /// The page for people.
    Page,
    /// Nothing that there is.
    Nothing,
}

const NOSTR_JSON: &str = "application/nostr+json";

/// The media type of a call to the management API, and of its answer (NIP-86).
pub(super) const NOSTR_RPC: &str = "application/nostr+json+rpc";

/// A `Sec-WebSocket-Key` is 16 bytes in base64.
const KEY_CHARS: usize = 24;

impl Wanted {
    pub(super) fn of(method: &Method, headers: &HeaderMap) -> Self {
        match *method {
            Method::OPTIONS => Self::Preflight,
            Method::POST if is_call(headers) => Self::Management,
            Method::GET if has_token(headers, &header::UPGRADE, "websocket") => upgrade(headers),
            Method::GET | Method::HEAD if accepts_document(headers) => Self::Document,
            Method::GET | Method::HEAD => Self::Page,
            _ => Self::Nothing,
        }
    }
}

fn upgrade(headers: &HeaderMap) -> Wanted {
    if !has_token(headers, &header::CONNECTION, "upgrade") {
        return Wanted::BadUpgrade("a WebSocket request needs the header Connection: Upgrade");
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Wanted::BadUpgrade("only WebSocket version 13 (RFC 6455) is spoken here");
    }
    match headers.get(header::SEC_WEBSOCKET_KEY).map(|key| key.as_bytes()) {
        Some(key) if key.len() == KEY_CHARS => match compression(headers) {
            Ok(compression) => Wanted::WebSocket { accept: accept_key(key), compression },
            Err(bad) => Wanted::BadExtensions(bad),
        },
        Some(_) | None => {
            Wanted::BadUpgrade("a WebSocket request needs a Sec-WebSocket-Key of 16 bytes in base64")
        }
    }
}

fn compression(headers: &HeaderMap) -> Result<Option<Agreement>, BadExtensions> {
    let lines = headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS).into_iter();
    let lines: Vec<&str> =
        lines.map(|line| line.to_str().map_err(|_| BadExtensions)).collect::<Result<_, _>>()?;
    negotiate(lines)
}

fn is_call(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| is_media_type(kind, NOSTR_RPC))
}

fn is_media_type(text: &str, name: &str) -> bool {
    text.split(';').next().is_some_and(|bare| bare.trim().eq_ignore_ascii_case(name))
}

/// Whether the media type stands anywhere in the Accept list. Its weight does not matter: nobody names it by accident.
fn accepts_document(headers: &HeaderMap) -> bool {
    items(headers, &header::ACCEPT).any(|item| is_media_type(item, NOSTR_JSON))
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    items(headers, name).any(|item| item.eq_ignore_ascii_case(token))
}

/// The items of a comma separated header, over all the lines it is spread over.
fn items<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// The Host header: under which name the client knows the relay.
pub(super) fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST)?.to_str().ok()
}

/// The relay's address as far as the request tells: the Host header, and TLS here or in a proxy in front.
pub(super) fn address(headers: &HeaderMap, scheme: Scheme) -> Option<String> {
    let forwarded = HeaderName::from_static("x-forwarded-proto");
    let secure = scheme == Scheme::Tls
        || items(headers, &forwarded).next().is_some_and(|scheme| matches!(scheme, "https" | "wss"));
    Some(format!("{}://{}/", if secure { "wss" } else { "ws" }, host(headers)?))
}
