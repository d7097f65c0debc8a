//! What is served at `/` besides WebSocket: the information document (NIP-11), the page for browsers, its counters, the
//! management API (NIP-86). Beside it, at `/logs`, the log, and at `/admin` the administration.
//!
//! One address serves all: what a request wants is read from its headers ([`Wanted`]). Any other path is 404, except
//! `/stats.json`, from which the page refreshes its counters, `/healthz` and `/readyz` ([`health`]), and the [`logs`].

mod admin;
mod changing;
mod health;
mod logs;
mod management;
mod nip11;
mod page;
mod redirect;
mod signed;
mod upgrade;
mod wanted;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{any, get};
use chappe_authorization::Role;
use chappe_management::CallError;
use chappe_protocol::{PublicKey, Timestamp};
use chappe_session::Session;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

use crate::config::Config;
use crate::relay::{Phase, Unready};

pub(crate) use admin::{Remotes, Session as AdminSession, Sessions, Token};
pub(crate) use changing::{Changing, has_managers};
pub(crate) use health::{alive, ready};
pub(crate) use logs::Logs;
use page::Page;
pub(crate) use redirect::redirect;
pub(crate) use signed::{SignedCall, Unsigned};
pub(crate) use upgrade::{Caller, Handover, Scheme, Upgrading};
use wanted::Wanted;

/// What the relay says by HTTP.
#[derive(Debug)]
pub(crate) struct Site {
    /// What it was put together from, besides the configuration.
    changing: Changing,
    /// NIP-11's document, as JSON.
    document: String,
    page: Page,
}

/// The live numbers on the page and in `/stats.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Counters {
    /// Events on disk; none when the store could not say.
    pub(crate) events: Option<u64>,
    /// Open connections, the asker's included.
    pub(crate) connections: usize,
    /// Open subscriptions over all connections.
    pub(crate) subscriptions: usize,
}

/// Who knows what is to be said now, and does what is asked for.
pub(crate) trait Backstage: Clone + Send + Sync + 'static {
    /// The live numbers.
    fn counters(&self) -> Counters;
    /// Everything that keeps the relay from being ready. Asks the disk.
    fn unready(&self) -> Vec<Unready>;
    /// What to say.
    fn site(&self) -> Arc<Site>;
    /// Whether calls to the management API are taken.
    fn is_managed(&self) -> bool;
    /// Whether messages are compressed for clients that offer it.
    fn is_compressing(&self) -> bool;
    /// How long a call may take to arrive.
    fn body_patience(&self) -> Duration;
    /// Whose call it is, if they may make calls.
    fn signer(&self, call: &SignedCall<'_>) -> Result<PublicKey, Unsigned>;
    /// The role of a key, if it has one.
    fn role(&self, key: &PublicKey) -> Option<Role>;
    /// Who is signed in to the administration.
    fn sessions(&self) -> &Sessions;
    /// The conversations with remote signers.
    fn remotes(&self) -> &Remotes;
    /// A conversation with this relay, as a client of unknown address has it. None without random numbers.
    fn line(&self) -> Option<Session>;
    /// The session of this token, if it is not over. It is once its key has no role.
    fn session(&self, token: Token) -> Option<AdminSession>;
    /// The numbers that the administration draws. Asks the disk.
    fn summary(&self) -> Value;
    /// The relay's time.
    fn now(&self) -> Timestamp;
    /// What is told of the log.
    fn logs(&self) -> &Logs;
    /// How far the relay has come with stopping.
    fn phase(&self) -> watch::Receiver<Phase>;
    /// How long nothing is said on a stream until there is a sign of life.
    fn ping_every(&self) -> Duration;
    /// Does what a call asks for. Waits for the disk.
    fn call(&self, caller: PublicKey, method: &str, params: &Value) -> Result<Value, CallError>;
}

impl Site {
    /// Puts together what the relay says of itself.
    pub(crate) fn new(config: &Config, changing: Changing) -> Self {
        Self { document: nip11::document(config, &changing), page: Page::new(config, &changing), changing }
    }

    /// Whether it says this.
    pub(crate) fn shows(&self, changing: &Changing) -> bool {
        self.changing == *changing
    }
}

/// The routes; cheap to clone for each connection.
pub(crate) fn routes<S: Backstage>(state: S) -> Router {
    Router::new()
        .route("/", any(root::<S>))
        .route("/stats.json", get(stats::<S>))
        .route("/admin", any(admin::answer::<S>))
        .route("/admin/", any(admin::answer::<S>))
        .route("/admin/{*path}", any(admin::answer::<S>))
        .route("/logs", any(logs::answer::<S>))
        .route("/logs/{*path}", any(logs::answer::<S>))
        .route("/healthz", get(alive))
        .route("/readyz", get(ready::<S>))
        .fallback(not_found)
        .with_state(state)
}

async fn root<S: Backstage>(State(state): State<S>, mut request: Request) -> Response<Body> {
    match Wanted::of(request.method(), request.headers()) {
        Wanted::Management if state.is_managed() => with_cors(management::answer(state, request).await),
        Wanted::WebSocket { accept, compression } => {
            let agreement = compression.filter(|_| state.is_compressing());
            upgrade::switch(&mut request, &accept, agreement)
        }
        Wanted::BadExtensions(bad) => (StatusCode::BAD_REQUEST, format!("{bad}\n")).into_response(),
        Wanted::BadUpgrade(reason) => {
            let version = (header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            (StatusCode::UPGRADE_REQUIRED, [version], format!("{reason}\n")).into_response()
        }
        Wanted::Document => with_cors((
            [(header::CONTENT_TYPE, HeaderValue::from_static("application/nostr+json"))],
            state.site().document.clone(),
        )),
        Wanted::Preflight => with_cors(StatusCode::NO_CONTENT),
        Wanted::Page => {
            let scheme = request.extensions().get::<Caller>().copied().unwrap_or_default().scheme;
            state.site().page.response(wanted::address(request.headers(), scheme), state.counters())
        }
        Wanted::Management | Wanted::Nothing => {
            let allow = (header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
            (StatusCode::METHOD_NOT_ALLOWED, [allow], "only GET, HEAD and OPTIONS are answered here\n")
                .into_response()
        }
    }
}

/// NIP-11: relays must accept CORS requests.
fn with_cors(response: impl IntoResponse) -> Response<Body> {
    let mut response = response.into_response();
    let headers = response.headers_mut();
    let any = HeaderValue::from_static("*");
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    // The asterisk stands for all headers but this one (Fetch standard, "CORS-preflight fetch").
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*, Authorization"));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, HEAD, OPTIONS, POST, PUT"),
    );
    // One address, several answers: a cache between must not mix them up.
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    response
}

/// A call of the management API, at an address where nobody wants anything else of the relay.
pub(crate) async fn manage<S: Backstage>(State(state): State<S>, request: Request) -> Response<Body> {
    let is_call = matches!(Wanted::of(request.method(), request.headers()), Wanted::Management);
    if is_call && state.is_managed() {
        management::answer(state, request).await
    } else {
        StatusCode::METHOD_NOT_ALLOWED.into_response()
    }
}

async fn stats<S: Backstage>(State(state): State<S>) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    // Numbers only: there is nothing in it that JSON could not hold.
    (headers, serde_json::to_string(&state.counters()).unwrap_or_default())
}

async fn not_found() -> impl IntoResponse {
    (StatusCode::NOT_FOUND, "nothing here: the relay, its information document and its page are at /\n")
}

#[cfg(test)]
mod tests;
