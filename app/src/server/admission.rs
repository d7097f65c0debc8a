//! Who is let in: not the blocked, and of each address so many, so fast.

use std::fmt;
use std::net::IpAddr;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use tokio::time::Instant;

use crate::address::{self, Pass, TooMany, Unreadable};
use crate::http::Token;
use crate::relay::Shared;

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The relay has as many connections as it may hold.
    Full,
    /// The address is blocked.
    Blocked,
    /// The address has been too busy.
    TooMany(TooMany),
    /// Nobody can tell whom the request comes from.
    Unreadable(Unreadable),
}

impl Refused {
    /// The answer's status.
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::Full => StatusCode::SERVICE_UNAVAILABLE,
            Self::Blocked => StatusCode::FORBIDDEN,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unreadable(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// After how many seconds it is worth trying again. None when it is not, or nobody knows.
    pub(super) const fn retry_seconds(self) -> Option<u64> {
        match self {
            Self::Full => Some(30),
            Self::TooMany(TooMany::AMinute { retry_seconds }) => Some(retry_seconds),
            Self::TooMany(TooMany::Open(_)) | Self::Blocked | Self::Unreadable(_) => None,
        }
    }

    /// As an answer to an HTTP request.
    pub(super) fn response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(format!("{self}\n")));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        if let Some(seconds) = self.retry_seconds() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the relay has as many connections as it may hold"),
            Self::Blocked => f.write_str("your address is blocked here"),
            Self::TooMany(reason) => reason.fmt(f),
            Self::Unreadable(reason) => reason.fmt(f),
        }
    }
}

/// What is asked of one connection: of the peer when it is made, and of each request that comes over it.
pub(super) struct Admission {
    /// The connection's other end, or whom it speaks for by the PROXY protocol.
    peer: IpAddr,
    /// Whether the peer is believed about whom it speaks for.
    through_proxy: bool,
    /// The first request of a client was counted with its connection.
    requests: u64,
}

/// What was found out about a request that is let in.
pub(super) struct Admitted {
    /// Whose it is, if that is known.
    pub(super) address: Option<IpAddr>,
    /// Counts the connection for that address, when it becomes one of its own.
    pub(super) pass: Option<Pass>,
}

impl Admission {
    /// Asks for a connection; the pass counts it.
    pub(super) fn ask(peer: IpAddr, shared: &Shared) -> Result<(Self, Pass), Refused> {
        let door = &shared.door;
        check_blocked(Some(peer), shared)?;
        door.knock(Some(peer), Instant::now()).map_err(Refused::TooMany)?;
        let pass = door.enter(Some(peer)).map_err(Refused::TooMany)?;
        Ok((Self { peer, through_proxy: door.is_trusted(peer), requests: 0 }, pass))
    }

    /// Asks for a request. What a proxy passes on is counted here, because only here it is known whose it is.
    pub(super) fn ask_request(&mut self, headers: &HeaderMap, shared: &Shared) -> Result<Admitted, Refused> {
        let door = &shared.door;
        let address = address::client(self.peer, headers, door.trusted()).map_err(Refused::Unreadable)?;
        if !self.through_proxy && address::names_client(headers) && door.tells_of_unbelieved(Instant::now()) {
            tracing::warn!(
                peer = %self.peer,
                "a request says for whom it is sent (X-Forwarded-For or Forwarded), by a peer that is not in \
                 proxy.trusted: if it is your proxy, all who come through it count as one address"
            );
        }
        check_blocked(address, shared)?;
        self.requests += 1;
        // Who is signed in to the administration has been counted when they came, and may be quick with what they do there.
        let is_signed_in = || Token::of(headers).is_some_and(|token| shared.session_of(token).is_some());
        if (self.through_proxy || self.requests > 1) && !is_signed_in() {
            door.knock(address, Instant::now()).map_err(Refused::TooMany)?;
        }
        let is_own = self.through_proxy && headers.contains_key(header::UPGRADE);
        let pass = if is_own { Some(door.enter(address).map_err(Refused::TooMany)?) } else { None };
        Ok(Admitted { address, pass })
    }
}

fn check_blocked(address: Option<IpAddr>, shared: &Shared) -> Result<(), Refused> {
    let is_blocked = address.is_some_and(|address| shared.is_blocked(address));
    if is_blocked { Err(Refused::Blocked) } else { Ok(()) }
}
