//! The management API (NIP-86): calls that are signed (NIP-98), over HTTP, at the relay's own address.

use std::fmt;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use chappe_authorization::{Access, HttpAuthRefused, HttpRequest, RelayUrl, ReplayGuard, http_auth};
use chappe_codec::Scratch;
use chappe_protocol::{PublicKey, Refusal, Timestamp};
use chappe_validation::{Rules, Verifier};
use data_encoding::BASE64_NOPAD;
use serde_json::{Value, json};

use super::Backstage;
use super::wanted::host;

/// The longest call: a reason for each of some hundred keys, or a long description.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// What has to be signed, and what was signed for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignedCall<'a> {
    /// The header `Authorization`.
    authorization: Option<&'a str>,
    /// The header `Host`.
    host: Option<&'a str>,
    /// Path and query.
    target: &'a str,
    body: &'a [u8],
}

/// Why a call is not known to be anybody's who may make it.
#[derive(Debug)]
pub(crate) enum Unsigned {
    /// There is no header `Authorization: Nostr <base64>`.
    Missing,
    /// What it holds is not in base64.
    NotBase64,
    /// It is no event, or not what its signature was made for.
    Event(Refusal),
    /// It signs something else, or its author may not make calls.
    Refused(HttpAuthRefused),
}

impl fmt::Display for Unsigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("a header \"Authorization: Nostr <base64>\" is needed (NIP-98)"),
            Self::NotBase64 => {
                f.write_str("what follows \"Nostr\" in the header Authorization is not base64")
            }
            Self::Event(refusal) => write!(f, "the event in the header Authorization: {refusal}"),
            Self::Refused(refused) => refused.fmt(f),
        }
    }
}

impl std::error::Error for Unsigned {}

impl Unsigned {
    const fn status(&self) -> StatusCode {
        match self {
            // Signing again would change nothing.
            Self::Refused(HttpAuthRefused::NoRole) => StatusCode::FORBIDDEN,
            Self::Missing | Self::NotBase64 | Self::Event(_) | Self::Refused(_) => StatusCode::UNAUTHORIZED,
        }
    }
}

impl SignedCall<'_> {
    /// Whose call it is.
    pub(crate) fn signer(
        &self,
        (verifier, access, guard): (&Verifier, &Access, &ReplayGuard),
        now: Timestamp,
    ) -> Result<PublicKey, Unsigned> {
        let (scheme, event) =
            self.authorization.and_then(|value| value.trim().split_once(' ')).ok_or(Unsigned::Missing)?;
        if !scheme.eq_ignore_ascii_case("nostr") {
            return Err(Unsigned::Missing);
        }
        // With or without padding: NIP-98's own example has none.
        let event = event.trim().trim_end_matches('=');
        let event = BASE64_NOPAD.decode(event.as_bytes()).map_err(|_| Unsigned::NotBase64)?;
        let mut scratch = Scratch::new();
        let event = chappe_codec::decode_event(&event, &mut scratch)
            .map_err(|malformed| Unsigned::Event(malformed.reason.into()))?;
        let verified = verifier
            .verify(event, &Rules::auth(), now, &mut Vec::new())
            .map_err(|invalid| Unsigned::Event(invalid.into()))?;
        let host = self.host.and_then(|host| RelayUrl::from_host_header(host).ok());
        let request =
            HttpRequest { method: "POST", target: self.target, host: host.as_ref(), payload: self.body };
        http_auth(access, verified, &request, now, guard).map_err(Unsigned::Refused)
    }
}

/// Answers a call.
pub(super) async fn answer<S: Backstage>(state: S, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let reading = axum::body::to_bytes(body, BODY_BYTES_MAX);
    let body = match tokio::time::timeout(state.body_patience(), reading).await {
        Ok(Ok(body)) => body,
        // Broken off, or too long; to the former nobody listens.
        Ok(Err(_)) => {
            let text = format!("a call has at most {BODY_BYTES_MAX} bytes");
            return error(StatusCode::PAYLOAD_TOO_LARGE, &text);
        }
        Err(_) => return error(StatusCode::REQUEST_TIMEOUT, "the call did not arrive in time"),
    };
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let call = SignedCall {
        authorization: text(&parts.headers, &header::AUTHORIZATION),
        host: host(&parts.headers),
        target,
        body: &body,
    };
    let caller = match state.signer(&call) {
        Ok(caller) => caller,
        Err(unsigned) => return refuse(&unsigned),
    };
    let Some((method, params)) = read(&body) else {
        return error(StatusCode::BAD_REQUEST, "a call is {\"method\":\"...\",\"params\":[...]}");
    };
    // It waits for the disk.
    let called = tokio::task::spawn_blocking(move || state.call(caller, &method, &params)).await;
    match called {
        Ok(Ok(result)) => respond(StatusCode::OK, &json!({ "result": result })),
        Ok(Err(failed)) => error(StatusCode::OK, &failed.to_string()),
        Err(_) => error(StatusCode::INTERNAL_SERVER_ERROR, "the relay could not do this"),
    }
}

/// Method and parameters. None when it is no call.
fn read(body: &[u8]) -> Option<(String, Value)> {
    let Ok(Value::Object(mut call)) = serde_json::from_slice(body) else { return None };
    let Value::String(method) = call.remove("method")? else { return None };
    // Methods without parameters are often called without the field.
    let params = call.remove("params").unwrap_or_else(|| Value::Array(Vec::new()));
    params.is_array().then_some((method, params))
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn refuse(unsigned: &Unsigned) -> Response<Body> {
    let mut response = error(unsigned.status(), &unsigned.to_string());
    if unsigned.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Nostr"));
    }
    response
}

fn error(status: StatusCode, text: &str) -> Response<Body> {
    respond(status, &json!({ "error": text }))
}

fn respond(status: StatusCode, body: &Value) -> Response<Body> {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(super::wanted::NOSTR_RPC)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, body.to_string()).into_response()
}
