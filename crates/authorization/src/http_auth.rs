//! Signing an HTTP request (NIP-98).

use std::fmt;

use chappe_protocol::{Kind, PublicKey, Timestamp};
use chappe_validation::Verified;
use sha2::{Digest, Sha256};

use crate::replay_guard::Use;
use crate::{Access, RelayUrl, ReplayGuard};

/// How far `created_at` of the signing event may lie from now, before or after.
pub const HTTP_AUTH_SECONDS: u64 = 60;

/// The request that was signed.
#[derive(Debug, Clone, Copy)]
pub struct HttpRequest<'a> {
    /// `POST` and its like, in capitals.
    pub method: &'a str,
    /// Path and query, as the request line has them; `/` for the management API.
    pub target: &'a str,
    /// What its Host header named, by [`RelayUrl::from_host_header`].
    pub host: Option<&'a RelayUrl>,
    /// The body; none of a method that has no body, such as GET: then the event need not name it.
    pub payload: Option<&'a [u8]>,
}

/// Why a signature of an HTTP request is not accepted. HTTP 401 for all but [`Self::NoRole`], which is 403.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HttpAuthRefused {
    /// The event is of another kind than 27235.
    OtherKind,
    /// The event was made more than 60 seconds before or after now.
    OtherTime,
    /// The event has no `u` tag.
    UrlMissing,
    /// The event was made for another address.
    UrlWrong,
    /// The event has no `method` tag.
    MethodMissing,
    /// The event was made for another method.
    MethodWrong,
    /// The event has no `payload` tag, which NIP-86 requires and every body here.
    PayloadMissing,
    /// The event was made for another body.
    PayloadWrong,
    /// The signer has no role here.
    NoRole,
    /// The event was used before.
    Replayed,
    /// So many requests were signed within two minutes that no more can be told from replayed ones.
    TooMany,
}

impl fmt::Display for HttpAuthRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherKind => write!(f, "the signing event needs kind {}", Kind::HTTP_AUTH),
            Self::OtherTime => {
                write!(f, "the signing event was not made within {HTTP_AUTH_SECONDS} seconds of now")
            }
            Self::UrlMissing => f.write_str("the u tag is missing"),
            Self::UrlWrong => f.write_str("the u tag is not the address of this request"),
            Self::MethodMissing => f.write_str("the method tag is missing"),
            Self::MethodWrong => f.write_str("the method tag is not the method of this request"),
            Self::PayloadMissing => f.write_str("the payload tag is missing"),
            Self::PayloadWrong => f.write_str("the payload tag is not the SHA-256 of the body"),
            Self::NoRole => f.write_str("this key is neither owner nor admin nor moderator here"),
            Self::Replayed => f.write_str("the signing event was used before, sign each request anew"),
            Self::TooMany => f.write_str("too many signed requests, try again in two minutes"),
        }
    }
}

impl std::error::Error for HttpAuthRefused {}

/// Decides whether the event signs this very request, now and for the first time, and gives its author, who has a role
/// here or is the relay itself.
///
/// Of several tags of a name the first counts. Only keys with a role are remembered by the guard, so that strangers
/// cannot fill it.
///
/// # Errors
///
/// The first [`HttpAuthRefused`] that applies.
pub fn http_auth(
    access: &Access,
    verified: Verified<'_>,
    request: &HttpRequest<'_>,
    now: Timestamp,
    guard: &ReplayGuard,
) -> Result<PublicKey, HttpAuthRefused> {
    let head = verified.head();
    if head.kind != Kind::HTTP_AUTH {
        return Err(HttpAuthRefused::OtherKind);
    }
    if head.created_at.0.abs_diff(now.0) > HTTP_AUTH_SECONDS {
        return Err(HttpAuthRefused::OtherTime);
    }
    let tag = |name: &'static [u8]| head.tags.values_of(name).next();
    if !names(access, request, tag(b"u").ok_or(HttpAuthRefused::UrlMissing)?) {
        return Err(HttpAuthRefused::UrlWrong);
    }
    if tag(b"method").ok_or(HttpAuthRefused::MethodMissing)? != request.method.as_bytes() {
        return Err(HttpAuthRefused::MethodWrong);
    }
    match (tag(b"payload"), request.payload) {
        (None, Some(_)) => return Err(HttpAuthRefused::PayloadMissing),
        (Some(hash), payload) if !is_hash(hash, payload.unwrap_or_default()) => {
            return Err(HttpAuthRefused::PayloadWrong);
        }
        (Some(_), _) | (None, None) => {}
    }
    // Whoever has the relay's own key is at its machine.
    let is_relay = access.settings().relay_key == Some(head.pubkey);
    if !is_relay && access.role(&head.pubkey).is_none() {
        return Err(HttpAuthRefused::NoRole);
    }
    match guard.spend(head.id, head.created_at.plus_seconds(HTTP_AUTH_SECONDS), now) {
        Use::First => Ok(head.pubkey),
        Use::Again => Err(HttpAuthRefused::Replayed),
        Use::NoRoom => Err(HttpAuthRefused::TooMany),
    }
}

/// Whether the `u` tag is the absolute address of the request: the relay's own, the target's path, and the very query.
fn names(access: &Access, request: &HttpRequest<'_>, u: &[u8]) -> bool {
    let Ok(u) = str::from_utf8(u) else { return false };
    let ((address, query), (path, query_wanted)) = (split_query(u), split_query(request.target));
    if u.contains('#') || query != query_wanted {
        return false;
    }
    let base = address.trim_end_matches('/').strip_suffix(path.trim_end_matches('/'));
    base.and_then(|base| RelayUrl::parse(base).ok()).is_some_and(|url| access.has_url(request.host, &url))
}

fn split_query(address: &str) -> (&str, Option<&str>) {
    address.split_once('?').map_or((address, None), |(address, query)| (address, Some(query)))
}

/// Whether this is the SHA-256 of the payload, in hex of either case.
fn is_hash(hex: &[u8], payload: &[u8]) -> bool {
    let digest: [u8; 32] = Sha256::digest(payload).into();
    hex.eq_ignore_ascii_case(&chappe_protocol::EventId::from_bytes(digest).to_hex())
}

#[cfg(test)]
mod tests;
