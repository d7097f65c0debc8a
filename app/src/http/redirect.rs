//! From HTTP to HTTPS, for people who type an address without it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;

use super::wanted::host;
use crate::tls::Tls;

/// What TLS is looked for at when the address says no port.
const HTTPS_PORT: u16 = 443;

/// Where an authority looks for its tokens (RFC 8555, section 8.3).
const TOKENS: &str = "/.well-known/acme-challenge/";

/// Sends every request to the same place by HTTPS, at this port; but for those of an authority, which looks here.
pub(crate) fn redirect(port: u16, tls: Arc<Tls>) -> Router {
    Router::new().fallback(answer).with_state((port, tls))
}

async fn answer(State((port, tls)): State<(u16, Arc<Tls>)>, request: Request) -> Response<Body> {
    let token = request.uri().path().strip_prefix(TOKENS);
    match token.and_then(|token| tls.token_answer(token)) {
        Some(answer) => answer.into_response(),
        None => to_https(port, &request),
    }
}

fn to_https(port: u16, request: &Request) -> Response<Body> {
    let place = host(request.headers())
        .and_then(|host| location(host, request.uri().path_and_query()?.as_str(), port));
    match place {
        // 308 and not 301: a call to the management API stays one.
        Some(place) => {
            (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, place)], "use https\n").into_response()
        }
        None => (StatusCode::BAD_REQUEST, "the request names no host that could be found by https\n")
            .into_response(),
    }
}

/// The address of the same thing by HTTPS.
fn location(host: &str, target: &str, port: u16) -> Option<HeaderValue> {
    let authority: axum::http::uri::Authority = host.parse().ok()?;
    let name = authority.host();
    let port = if port == HTTPS_PORT { String::new() } else { format!(":{port}") };
    HeaderValue::from_str(&format!("https://{name}{port}{target}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn location_keeps_name_and_target() {
        let rows = [
            ("relay.example", "/", 443, Some("https://relay.example/")),
            ("relay.example:80", "/stats.json?a=b", 443, Some("https://relay.example/stats.json?a=b")),
            ("relay.example:80", "/", 8443, Some("https://relay.example:8443/")),
            ("[2001:db8::1]:80", "/", 443, Some("https://[2001:db8::1]/")),
            ("192.0.2.1", "/", 443, Some("https://192.0.2.1/")),
            ("", "/", 443, None),
            ("a b", "/", 443, None),
            ("evil.example/", "/", 443, None),
        ];
        for (host, target, port, expected) in rows {
            let found = location(host, target, port);
            assert_eq!(found.as_ref().map(|value| value.to_str().unwrap()), expected, "{host}");
        }
    }
}
