//! Whom a request comes from, by the headers `Forwarded` (RFC 7239) and `X-Forwarded-For`.
//!
//! Each proxy adds on the right what it saw. So the list is read from the right, for as long as it names trusted
//! proxies; the first other address is the client's, and what stands left of it may be anybody's invention.
//!
//! A proxy that sets one of the two headers passes on the other as the client sent it. When both are there and do not
//! name the same client, nobody here can know which one the proxy stands behind, and the request is refused.

use std::fmt;
use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, header};
use chappe_authorization::AddressRange;

use super::is_in;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Why nobody can tell whom the request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// `Forwarded` breaks its grammar.
    Forwarded,
    /// `X-Forwarded-For` holds something else than addresses.
    XForwardedFor,
    /// They name different clients.
    Disagree,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forwarded => "the header Forwarded cannot be read (RFC 7239)",
            Self::XForwardedFor => "the header X-Forwarded-For is not a list of addresses",
            Self::Disagree => "the headers Forwarded and X-Forwarded-For name different clients",
        })
    }
}

impl std::error::Error for Unreadable {}

/// Whether the headers name a client, rightly or not.
pub(crate) fn names_client(headers: &HeaderMap) -> bool {
    headers.contains_key(header::FORWARDED) || headers.contains_key(X_FORWARDED_FOR)
}

/// Whose request it is that came from `peer`. None when a trusted proxy keeps that to itself (`for=unknown`).
///
/// # Errors
///
/// [`Unreadable`]; only for what came from a trusted proxy, the headers of others are not looked at.
pub(crate) fn client(
    peer: IpAddr,
    headers: &HeaderMap,
    trusted: &[AddressRange],
) -> Result<Option<IpAddr>, Unreadable> {
    let peer = peer.to_canonical();
    if !is_in(trusted, peer) {
        return Ok(Some(peer));
    }
    let by_standard = elements(headers).ok_or(Unreadable::Forwarded)?;
    let by_custom = entries(headers).ok_or(Unreadable::XForwardedFor)?;
    let (standard, custom) = (!by_standard.is_empty(), !by_custom.is_empty());
    let by_standard = first_untrusted(peer, by_standard.into_iter().map(for_of), trusted);
    let by_custom = first_untrusted(peer, by_custom.into_iter().map(node), trusted);
    match (standard, custom) {
        (false, false) => Ok(Some(peer)),
        (true, false) => by_standard.ok_or(Unreadable::Forwarded),
        (false, true) => by_custom.ok_or(Unreadable::XForwardedFor),
        (true, true) => {
            let by_standard = by_standard.ok_or(Unreadable::Forwarded)?;
            let by_custom = by_custom.ok_or(Unreadable::XForwardedFor)?;
            if by_standard == by_custom { Ok(by_standard) } else { Err(Unreadable::Disagree) }
        }
    }
}

/// What a proxy says of the side from which it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Address(IpAddr),
    /// `unknown`, or a name that means something to the proxy only (RFC 7239, section 6.3).
    Hidden,
}

/// Goes from the right through what the proxies say; the items stand as in the header. None when it comes upon one that
/// cannot be read.
fn first_untrusted(
    peer: IpAddr,
    hops: impl DoubleEndedIterator<Item = Option<Node>>,
    trusted: &[AddressRange],
) -> Option<Option<IpAddr>> {
    let mut last = peer;
    for hop in hops.rev() {
        match hop? {
            Node::Hidden => return Some(None),
            Node::Address(address) if is_in(trusted, address) => last = address,
            Node::Address(address) => return Some(Some(address)),
        }
    }
    Some(Some(last))
}

/// The entries of `X-Forwarded-For`, over all its lines. None when a line is not ASCII.
fn entries(headers: &HeaderMap) -> Option<Vec<&str>> {
    let mut entries = Vec::new();
    for line in headers.get_all(X_FORWARDED_FOR) {
        entries.extend(line.to_str().ok()?.split(',').map(str::trim).filter(|entry| !entry.is_empty()));
    }
    Some(entries)
}

/// The elements of `Forwarded`, over all its lines. None when a line is not ASCII or a quote is left open.
fn elements(headers: &HeaderMap) -> Option<Vec<&str>> {
    let mut elements = Vec::new();
    for line in headers.get_all(header::FORWARDED) {
        elements.extend(split_unquoted(line.to_str().ok()?, ',')?);
    }
    Some(elements)
}

/// What `for` says in an element, `a=b;for="[::1]:80"`. An element without it says nothing of the client. None when it
/// cannot be read.
fn for_of(element: &str) -> Option<Node> {
    let mut found = None;
    for pair in split_unquoted(element, ';')? {
        let (name, value) = pair.split_once('=')?;
        if !name.eq_ignore_ascii_case("for") {
            continue;
        }
        if found.is_some() {
            return None;
        }
        let bare = match value.strip_prefix('"') {
            Some(quoted) => quoted.strip_suffix('"')?,
            None => value,
        };
        // A quote or an escape in the middle: no address has any.
        if bare.contains(['"', '\\']) {
            return None;
        }
        found = Some(node(bare)?);
    }
    Some(found.unwrap_or(Node::Hidden))
}

/// An address, with or without brackets and port, or a name that hides it.
fn node(text: &str) -> Option<Node> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(Node::Address(address.to_canonical()));
    }
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            let address: IpAddr = address.parse().ok()?;
            let port = if port.is_empty() { None } else { Some(port.strip_prefix(':')?) };
            return is_port(port).then_some(Node::Address(address.to_canonical()));
        }
        None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
    };
    if !is_port(port) {
        return None;
    }
    if let Ok(address) = name.parse::<IpAddr>() {
        return Some(Node::Address(address));
    }
    (name.eq_ignore_ascii_case("unknown") || name.starts_with('_')).then_some(Node::Hidden)
}

/// A number of at most five digits, or a name that hides it; or none at all.
fn is_port(port: Option<&str>) -> bool {
    port.is_none_or(|port| {
        let is_number = (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
        is_number || port.starts_with('_')
    })
}

/// The parts between the separators that do not stand in quotes, trimmed; empty ones are left out (RFC 9110, section
/// 5.6.1.2). None when a quote is left open.
fn split_unquoted(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(|character: char| {
        let is_escaped = std::mem::replace(&mut escaped, false);
        match character {
            '\\' if quoted && !is_escaped => escaped = true,
            '"' if !is_escaped => quoted = !quoted,
            _ => {}
        }
        character == separator && !quoted
    });
    let parts = parts.map(str::trim).filter(|part| !part.is_empty()).collect();
    (!quoted).then_some(parts)
}

#[cfg(test)]
mod tests;
