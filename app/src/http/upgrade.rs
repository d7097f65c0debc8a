//! From HTTP to WebSocket: the 101, and the way back to the connection's task.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Response, StatusCode, header};
use hyper::upgrade::OnUpgrade;

use super::wanted::host;

/// What the connection's task needs once the 101 is sent.
pub(crate) struct Upgrading {
    /// Ready with the socket when hyper is done with it.
    pub(crate) socket: OnUpgrade,
    /// The request's Host header.
    pub(crate) host: Option<String>,
}

/// Where the handler leaves the upgrade for the task that serves the connection.
///
/// So one task sees a connection from its first byte to its last, instead of a second one spawned by the handler.
#[derive(Clone, Default)]
pub(crate) struct Handover(Arc<Mutex<Option<Upgrading>>>);

impl Handover {
    fn put(&self, upgrading: Upgrading) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(upgrading);
    }

    /// What was left, once the connection's HTTP part is over.
    pub(crate) fn take(&self) -> Option<Upgrading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Answers 101 and leaves the rest to the task that put a [`Handover`] into the request.
pub(super) fn switch(request: &mut Request, accept: &str) -> Response<Body> {
    let Some(handover) = request.extensions().get::<Handover>().cloned() else {
        return Response::new(Body::from("this connection cannot be upgraded\n"));
    };
    let host = host(request.headers()).map(str::to_owned);
    handover.put(Upgrading { socket: hyper::upgrade::on(request), host });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}
