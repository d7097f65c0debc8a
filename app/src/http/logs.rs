//! The log over HTTP, for owners and admins, by signed requests (NIP-98) or with a session of the
//! administration: its history, what is written from now on, and
//! how much is written. docs/operations.md says what there is.

mod events;
mod stream;

use std::fmt::Display;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::response::IntoResponse;
use chappe_authorization::Role;
use chappe_protocol::PublicKey;
use serde_json::json;
use tokio::sync::Semaphore;

use super::admin::Asker;
use super::{Backstage, not_found, with_cors};
use crate::log::{Component, FilterError, History, Journals, Log, Part};
use stream::Feed;

/// Streams at the same time, over all who read them.
const STREAMS_MAX: usize = 16;

/// The longest filter that is read.
const FILTER_BYTES_MAX: usize = 1024;

/// What is told of the log, and to how many at a time.
#[derive(Debug)]
pub(crate) struct Logs {
    log: Log,
    journals: Journals,
    streams: Arc<Semaphore>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked<'a> {
    /// What parts there are.
    Components,
    /// What is logged.
    Level,
    /// What was logged: of all, or of a part.
    History(Option<&'a str>),
    /// What is logged from now on.
    Stream(Option<&'a str>),
}

impl Logs {
    pub(crate) fn new(log: Log, journals: Journals) -> Self {
        Self { log, journals, streams: Arc::new(Semaphore::new(STREAMS_MAX)) }
    }

    /// What is logged now.
    pub(crate) fn filter(&self) -> String {
        self.log.filter()
    }

    fn history(&self, part: Option<&str>) -> Option<History> {
        let Some(name) = part else { return Some(self.log.whole().clone()) };
        let component = Component::ALL.into_iter().find(|component| component.name() == name);
        component.map(|component| self.log.of(component).clone()).or_else(|| self.journals.find(name))
    }

    fn components(&self) -> String {
        let parts = Component::ALL.map(|part| json!({ "name": part.name(), "about": part.about() }));
        let journals =
            self.journals.list().into_iter().map(|(name, about)| json!({ "name": name, "about": *about }));
        json!(parts.into_iter().chain(journals).collect::<Vec<_>>()).to_string()
    }
}

impl<'a> Asked<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let mut names = path.strip_prefix("/logs")?.split('/').skip(1);
        let asked = match (names.next(), names.next()) {
            (None, _) => Self::History(None),
            (Some("components"), None) => Self::Components,
            (Some("level"), None) => Self::Level,
            (Some("stream"), part) => Self::Stream(part),
            (Some(part), None) => Self::History(Some(part)),
            (Some(_), Some(_)) => return None,
        };
        names.next().is_none().then_some(asked)
    }

    /// The methods that there are.
    const fn allow(self) -> &'static str {
        match self {
            Self::Level => "GET, HEAD, OPTIONS, PUT",
            Self::Components | Self::History(_) | Self::Stream(_) => "GET, HEAD, OPTIONS",
        }
    }
}

/// Answers a request below `/logs`.
pub(super) async fn answer<S: Backstage>(State(state): State<S>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    match Asked::of(parts.uri.path()) {
        Some(_) if state.is_managed() && parts.method == Method::OPTIONS => with_cors(StatusCode::NO_CONTENT),
        Some(asked) if state.is_managed() => with_cors(respond(state, asked, &parts, body).await),
        Some(_) | None => not_found().await.into_response(),
    }
}

async fn respond<S: Backstage>(state: S, asked: Asked<'_>, parts: &Parts, body: Body) -> Response<Body> {
    let is_put = parts.method == Method::PUT && asked == Asked::Level;
    if !is_put && !matches!(parts.method, Method::GET | Method::HEAD) {
        let allow = (header::ALLOW, HeaderValue::from_static(asked.allow()));
        return ([allow], say(StatusCode::METHOD_NOT_ALLOWED, &"this is not done here")).into_response();
    }
    let filter = if is_put {
        match read(&state, body).await {
            Ok(filter) => Some(filter),
            Err(refused) => return refused,
        }
    } else {
        None
    };
    let asker = match Asker::of(&state, parts, filter.as_deref()) {
        Ok(asker) => asker,
        Err(unsigned) => return unsigned.response(|status, text| say(status, &text)),
    };
    let Some(caller) = reader(&state, asker) else {
        return say(StatusCode::FORBIDDEN, &"the log is for owners and admins");
    };
    let logs = state.logs();
    match (asked, filter) {
        (Asked::Components, _) => text("application/json", logs.components()),
        (Asked::Level, None) => say(StatusCode::OK, &logs.log.filter()),
        (Asked::Level, Some(filter)) => set_filter(&logs.log, &filter, caller),
        (Asked::History(part), _) => match logs.history(part) {
            Some(history) => tell(history.all()),
            None => unknown(),
        },
        (Asked::Stream(part), _) => match logs.history(part) {
            Some(history) => stream(&state, &history, asker, parts),
            None => unknown(),
        },
    }
}

/// The key of who asks, if it is an owner's or admin's now.
fn reader<S: Backstage>(state: &S, asker: Asker) -> Option<PublicKey> {
    asker.role(state).filter(|(_, role)| *role >= Role::Admin).map(|(key, _)| key)
}

async fn read<S: Backstage>(state: &S, body: Body) -> Result<Vec<u8>, Response<Body>> {
    let reading = axum::body::to_bytes(body, FILTER_BYTES_MAX);
    match tokio::time::timeout(state.body_patience(), reading).await {
        Ok(Ok(body)) => Ok(body.into()),
        Ok(Err(_)) => {
            let text = format!("a filter has at most {FILTER_BYTES_MAX} bytes");
            Err(say(StatusCode::PAYLOAD_TOO_LARGE, &text))
        }
        Err(_) => Err(say(StatusCode::REQUEST_TIMEOUT, &"the filter did not arrive in time")),
    }
}

fn set_filter(log: &Log, filter: &[u8], caller: PublicKey) -> Response<Body> {
    let Ok(filter) = str::from_utf8(filter) else {
        return say(StatusCode::BAD_REQUEST, &"this is no filter: it is not in UTF-8");
    };
    match log.set_filter(filter.trim(), caller) {
        Ok(()) => say(StatusCode::OK, &log.filter()),
        Err(error @ FilterError::Unreadable(_)) => say(StatusCode::BAD_REQUEST, &error),
        Err(error @ FilterError::Unattached) => say(StatusCode::SERVICE_UNAVAILABLE, &error),
    }
}

/// What is kept, with the places of its start and end, from which a stream can go on.
fn tell(part: Part) -> Response<Body> {
    let (start, end) = (part.start(), part.end);
    let places = [(HeaderName::from_static("log-start"), start), (HeaderName::from_static("log-end"), end)];
    let places = places.map(|(name, place)| (name, HeaderValue::from(place)));
    // For scripts from elsewhere.
    let exposed = HeaderValue::from_static("Log-Start, Log-End");
    ([(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed)], places, text(TEXT, part.lines)).into_response()
}

fn stream<S: Backstage>(state: &S, history: &History, asker: Asker, parts: &Parts) -> Response<Body> {
    let last = parts.headers.get("last-event-id").filter(|last| !last.is_empty());
    let place = match last.map(|last| last.to_str().ok().and_then(|last| last.parse::<u64>().ok())) {
        Some(None) => {
            return say(
                StatusCode::BAD_REQUEST,
                &"Last-Event-ID has to be the number that an event had as its id",
            );
        }
        Some(place) => place,
        None => None,
    };
    let Ok(turn) = Arc::clone(&state.logs().streams).try_acquire_owned() else {
        let retry = (header::RETRY_AFTER, HeaderValue::from_static("30"));
        let text = format!("there are {STREAMS_MAX} streams of the log already");
        return ([retry], say(StatusCode::SERVICE_UNAVAILABLE, &text)).into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // nginx would hold back what is too little for a packet.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Feed::new(state.clone(), history.reader(place), asker, turn).body()).into_response()
}

const TEXT: &str = "text/plain; charset=utf-8";

fn unknown() -> Response<Body> {
    say(StatusCode::NOT_FOUND, &"the log has no such part: /logs/components lists them")
}

/// A line for people.
fn say(status: StatusCode, line: &dyn Display) -> Response<Body> {
    (status, text(TEXT, format!("{line}\n"))).into_response()
}

fn text(kind: &'static str, body: impl Into<Body>) -> Response<Body> {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Lines hold what strangers send: no browser is to take them for a page.
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, body.into()).into_response()
}

#[cfg(test)]
mod tests;
