//! Administration in a browser, at `/admin`: the page and its files, the sign-in, and what the page asks for.
//!
//! A sign-in is one signed request (NIP-98); what it gives is a token for half an hour, which the page sends as
//! `Authorization: Bearer`. No cookie: nobody else's page can use what the browser does not send by itself. Who may do
//! what is asked anew with every request, by the same rules as for signed calls. docs/admin.md says what there is.

mod files;
mod remote;
mod sessions;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::response::IntoResponse;
use chappe_authorization::Role;
use chappe_protocol::PublicKey;
use serde_json::{Value, json};

use super::{Backstage, SignedCall, Unsigned, management, not_found};
use files::File;
pub(crate) use remote::Remotes;
use sessions::NotOpened;
pub(crate) use sessions::{Session, Sessions, Token};

/// Nothing from elsewhere, nothing inline, and no text ever becomes HTML or a script.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// What is asked for.
enum Asked {
    Page,
    /// The page, by an address with which its files would not be found.
    PageBelow,
    File(&'static File),
    Session,
    Remote,
    RemoteSign,
    Api,
    Numbers,
}

/// Who asks: a key with a role, by its signature or by a session.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asker {
    Signed(PublicKey),
    SignedIn(Token),
}

impl Asked {
    fn of(path: &str) -> Option<Self> {
        Some(match path.strip_prefix("/admin")? {
            "" => Self::Page,
            "/" => Self::PageBelow,
            "/session" => Self::Session,
            "/remote" => Self::Remote,
            "/remote/sign" => Self::RemoteSign,
            "/api" => Self::Api,
            "/numbers" => Self::Numbers,
            other => Self::File(files::find(other.strip_prefix('/')?)?),
        })
    }

    /// The methods that there are.
    const fn allow(&self) -> &'static str {
        match self {
            Self::Page | Self::PageBelow | Self::File(_) | Self::Numbers => "GET, HEAD",
            Self::Session => "GET, HEAD, POST, DELETE",
            Self::Remote => "POST, DELETE",
            Self::Api | Self::RemoteSign => "POST",
        }
    }
}

impl Asker {
    /// Who sent a request: with a session's token, or signed.
    pub(super) fn of<S: Backstage>(state: &S, parts: &Parts, body: Option<&[u8]>) -> Result<Self, Unsigned> {
        match Token::of(&parts.headers) {
            Some(token) if state.session(token).is_some() => Ok(Self::SignedIn(token)),
            Some(_) => Err(Unsigned::Over),
            None => state.signer(&SignedCall::new(parts, body)).map(Self::Signed),
        }
    }

    /// Their key and role, as long as they have one.
    pub(super) fn role<S: Backstage>(self, state: &S) -> Option<(PublicKey, Role)> {
        let key = match self {
            Self::Signed(key) => key,
            Self::SignedIn(token) => state.session(token)?.key,
        };
        Some((key, state.role(&key)?))
    }
}

/// Answers a request at or below `/admin`.
pub(super) async fn answer<S: Backstage>(State(state): State<S>, request: Request) -> Response<Body> {
    let asked = Asked::of(request.uri().path()).filter(|_| state.is_managed());
    let Some(asked) = asked else { return not_found().await.into_response() };
    let allow = asked.allow();
    let method = request.method().clone();
    let reads = matches!(method, Method::GET | Method::HEAD);
    match asked {
        Asked::Page if reads => page(),
        Asked::PageBelow if reads => {
            let place = (header::LOCATION, HeaderValue::from_static("../admin"));
            (StatusCode::PERMANENT_REDIRECT, [place]).into_response()
        }
        Asked::File(file) if reads => send(file),
        Asked::Session if method == Method::POST => sign_in(&state, &request.into_parts().0),
        Asked::Session if method == Method::DELETE => sign_out(&state, &request),
        Asked::Session if reads => tell_session(&state, &request),
        Asked::Remote if method == Method::POST => remote::begin(state, request).await,
        Asked::Remote if method == Method::DELETE => remote::end(&state, &request),
        Asked::RemoteSign if method == Method::POST => remote::sign(state, request).await,
        Asked::Numbers if reads => numbers(state, Token::of(request.headers())).await,
        Asked::Api if method == Method::POST => api(state, request).await,
        Asked::Page
        | Asked::PageBelow
        | Asked::File(_)
        | Asked::Session
        | Asked::Remote
        | Asked::RemoteSign
        | Asked::Api
        | Asked::Numbers => {
            let allow = (header::ALLOW, HeaderValue::from_static(allow));
            (StatusCode::METHOD_NOT_ALLOWED, [allow], "this is not done here\n").into_response()
        }
    }
}

fn page() -> Response<Body> {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_POLICY)),
    ];
    (headers, safety(), files::page()).into_response()
}

fn send(file: &File) -> Response<Body> {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(file.kind)),
        // Other files have other addresses.
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    (headers, safety(), file.text).into_response()
}

/// What every answer to a browser says.
const fn safety() -> [(HeaderName, HeaderValue); 2] {
    [
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ]
}

/// `POST /admin/session`: a signature for a token.
fn sign_in<S: Backstage>(state: &S, parts: &Parts) -> Response<Body> {
    let key = match state.signer(&SignedCall::new(parts, None)) {
        Ok(key) => key,
        Err(unsigned) => return unsigned.response(error),
    };
    let (token, session) = match state.sessions().open(key, state.now()) {
        Ok(opened) => opened,
        Err(NotOpened::Full) => {
            return error(StatusCode::SERVICE_UNAVAILABLE, "too many people are signed in, try again later");
        }
        Err(NotOpened::NoRandom) => {
            return error(StatusCode::SERVICE_UNAVAILABLE, "the system has no random numbers");
        }
    };
    tracing::info!(%key, "signed in to the administration");
    let Some(role) = state.role(&key) else { return over() };
    let mut told = told(&session, role);
    if let Some(told) = told.as_object_mut() {
        told.insert("token".to_owned(), token.to_hex().into());
    }
    respond(StatusCode::OK, &told)
}

/// `DELETE /admin/session`. The answer is the same whether there was one: then there is none.
fn sign_out<S: Backstage>(state: &S, request: &Request) -> Response<Body> {
    if let Some(token) = Token::of(request.headers()) {
        state.sessions().close(token);
    }
    StatusCode::NO_CONTENT.into_response()
}

/// `GET /admin/session`: who is signed in.
fn tell_session<S: Backstage>(state: &S, request: &Request) -> Response<Body> {
    let session = Token::of(request.headers()).and_then(|token| state.session(token));
    let found = session.and_then(|session| Some((session, state.role(&session.key)?)));
    found.map_or_else(over, |(session, role)| respond(StatusCode::OK, &told(&session, role)))
}

fn told(session: &Session, role: Role) -> Value {
    json!({ "pubkey": session.key.to_string(), "role": role.to_string(), "expires_at": session.expires_at.0 })
}

/// `POST /admin/api`: a call of the management API.
async fn api<S: Backstage>(state: S, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let session = Token::of(&parts.headers).and_then(|token| state.session(token));
    let Some(Session { key, .. }) = session else { return over() };
    let body = match management::read_body(&state, body).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    management::perform(state, key, &body).await
}

/// `GET /admin/numbers`, for every role, as the method `stats` is.
async fn numbers<S: Backstage>(state: S, token: Option<Token>) -> Response<Body> {
    if token.and_then(|token| state.session(token)).is_none() {
        return over();
    }
    // It asks the disk.
    let asked = tokio::task::spawn_blocking(move || state.summary()).await;
    match asked {
        Ok(summary) => respond(StatusCode::OK, &summary),
        Err(_) => error(StatusCode::INTERNAL_SERVER_ERROR, "the relay could not count"),
    }
}

fn over() -> Response<Body> {
    Unsigned::Over.response(error)
}

fn error(status: StatusCode, text: &str) -> Response<Body> {
    respond(status, &json!({ "error": text }))
}

fn respond(status: StatusCode, body: &Value) -> Response<Body> {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, safety(), body.to_string()).into_response()
}
