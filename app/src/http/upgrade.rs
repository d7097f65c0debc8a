//! From HTTP to WebSocket: the 101, and the way back to the connection's task.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Response, StatusCode, header};
use chappe_frames::Agreement;
use hyper::upgrade::OnUpgrade;

use super::wanted::host;
use crate::address::Pass;

/// Who sent a request. Every request that is let in has it among its extensions.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Caller {
    /// Their address; none when a proxy keeps it to itself.
    pub(crate) address: Option<IpAddr>,
    /// What their connection speaks.
    pub(crate) scheme: Scheme,
}

/// What a connection speaks below HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scheme {
    /// Nothing but TCP; a proxy in front may speak TLS.
    #[default]
    Plain,
    /// TLS.
    Tls,
}

/// What the connection's task needs once the 101 is sent.
pub(crate) struct Upgrading {
    /// Ready with the socket when hyper is done with it.
    pub(crate) socket: OnUpgrade,
    /// The request's Host header.
    pub(crate) host: Option<String>,
    /// How messages are compressed, if they are.
    pub(crate) compression: Option<Agreement>,
    /// Who sent the request.
    pub(crate) caller: Caller,
}

/// Where the handler leaves the upgrade for the task that serves the connection.
///
/// So one task sees a connection from its first byte to its last, instead of a second one spawned by the handler.
#[derive(Clone, Default)]
pub(crate) struct Handover(Arc<Mutex<Left>>);

#[derive(Default)]
struct Left {
    upgrading: Option<Upgrading>,
    pass: Option<Pass>,
}

impl Handover {
    fn put(&self, upgrading: Upgrading) {
        self.lock().upgrading = Some(upgrading);
    }

    /// What was left, once the connection's HTTP part is over.
    pub(crate) fn take(&self) -> Option<Upgrading> {
        self.lock().upgrading.take()
    }

    /// Keeps the pass of the latest request, in place of an earlier one's, for as long as the connection.
    pub(crate) fn hold(&self, pass: Option<Pass>) {
        self.lock().pass = pass;
    }

    fn lock(&self) -> MutexGuard<'_, Left> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers 101 and leaves the rest to the task that put a [`Handover`] into the request.
pub(super) fn switch(request: &mut Request, accept: &str, compression: Option<Agreement>) -> Response<Body> {
    let Some(handover) = request.extensions().get::<Handover>().cloned() else {
        return Response::new(Body::from("this connection cannot be upgraded\n"));
    };
    let host = host(request.headers()).map(str::to_owned);
    let caller = request.extensions().get::<Caller>().copied().unwrap_or_default();
    handover.put(Upgrading { socket: hyper::upgrade::on(request), host, compression, caller });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    let agreed = compression.map(|agreement| HeaderValue::from_str(&agreement.to_string()));
    if let Some(Ok(agreed)) = agreed {
        headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, agreed);
    }
    response
}
