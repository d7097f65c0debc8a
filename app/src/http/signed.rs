//! Requests that are signed by an event in their header (NIP-98).

use std::fmt;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode, header};
use chappe_authorization::{Access, HttpAuthRefused, HttpRequest, RelayUrl, ReplayGuard, http_auth};
use chappe_codec::Scratch;
use chappe_protocol::{PublicKey, Refusal, Timestamp};
use chappe_validation::{Rules, Verifier};
use data_encoding::BASE64_NOPAD;

use super::wanted::host;

/// What has to be signed, and what was signed for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignedCall<'a> {
    /// The header `Authorization`.
    authorization: Option<&'a str>,
    /// The header `Host`.
    host: Option<&'a str>,
    method: &'a str,
    /// Path and query.
    target: &'a str,
    /// None where the request has none to sign.
    body: Option<&'a [u8]>,
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
    /// Its token is that of no session: it is over, or its key has lost its role.
    Over,
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
            Self::Over => f.write_str("this session is over, sign in again"),
        }
    }
}

impl std::error::Error for Unsigned {}

impl Unsigned {
    /// Says so: `respond` makes the answer of a status and a text.
    pub(super) fn response(
        &self,
        respond: impl FnOnce(StatusCode, &str) -> Response<Body>,
    ) -> Response<Body> {
        let status = match self {
            // Signing again would change nothing.
            Self::Refused(HttpAuthRefused::NoRole) => StatusCode::FORBIDDEN,
            Self::Missing | Self::NotBase64 | Self::Event(_) | Self::Refused(_) | Self::Over => {
                StatusCode::UNAUTHORIZED
            }
        };
        let mut response = respond(status, &self.to_string());
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Nostr"));
        }
        response
    }
}

impl<'a> SignedCall<'a> {
    /// What a request says of who signed it, and its body where it has one to sign.
    pub(super) fn new(request: &'a Parts, body: Option<&'a [u8]>) -> Self {
        Self {
            authorization: request.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()),
            host: host(&request.headers),
            method: request.method.as_str(),
            target: request.uri.path_and_query().map_or("/", |target| target.as_str()),
            body,
        }
    }

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
            HttpRequest { method: self.method, target: self.target, host: host.as_ref(), payload: self.body };
        http_auth(access, verified, &request, now, guard).map_err(Unsigned::Refused)
    }
}
