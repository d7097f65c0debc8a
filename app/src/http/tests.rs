use axum::http::{HeaderMap, HeaderName, Method};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::*;

type Lines<'a> = &'a [(&'static str, &'static str)];

fn headers(lines: Lines<'_>) -> HeaderMap {
    let parse = |&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    lines.iter().map(parse).collect()
}

/// RFC 6455, section 1.3.
const HANDSHAKE: [(&str, &str); 4] = [
    ("connection", "keep-alive, Upgrade"),
    ("upgrade", "WebSocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

#[test]
fn headers_tell_what_is_wanted() {
    let accept = |value| [("accept", value)];
    let content = |value| [("content-type", value)];
    let websocket =
        |compression| Wanted::WebSocket { accept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_owned(), compression };
    let cases: [(Method, Lines<'_>, Wanted); 16] = [
        (Method::GET, &HANDSHAKE, websocket(None)),
        (Method::GET, &accept("application/nostr+json"), Wanted::Document),
        (Method::GET, &accept("text/html, application/nostr+json;q=0.5, */*"), Wanted::Document),
        (Method::HEAD, &accept("Application/Nostr+JSON"), Wanted::Document),
        (Method::GET, &[("accept", "text/html"), ("accept", "application/nostr+json")], Wanted::Document),
        (Method::GET, &accept("text/html,application/xhtml+xml,*/*;q=0.8"), Wanted::Page),
        (Method::GET, &accept("application/nostr+jsonx"), Wanted::Page),
        (Method::GET, &[], Wanted::Page),
        (Method::OPTIONS, &accept("*/*"), Wanted::Preflight),
        (Method::POST, &[], Wanted::Nothing),
        (Method::POST, &content("application/nostr+json+rpc"), Wanted::Management),
        (Method::POST, &content("Application/Nostr+JSON+RPC; charset=utf-8"), Wanted::Management),
        (Method::POST, &content("application/json"), Wanted::Nothing),
        (Method::PUT, &content("application/nostr+json+rpc"), Wanted::Nothing),
        (Method::POST, &HANDSHAKE, Wanted::Nothing),
        (Method::GET, &[("connection", "upgrade"), ("upgrade", "h2c")], Wanted::Page),
    ];
    for (method, lines, expected) in cases {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        assert_eq!(Wanted::of(&method, &headers), expected, "{method} {lines:?}");
    }
}

#[test]
fn bad_handshakes_are_told_why() {
    let without =
        |missing: &str| -> Vec<_> { HANDSHAKE.into_iter().filter(|(name, _)| *name != missing).collect() };
    let mut old = without("sec-websocket-version");
    old.push(("sec-websocket-version", "8"));
    let mut short = without("sec-websocket-key");
    short.push(("sec-websocket-key", "c2hvcnQ="));
    for lines in
        [without("connection"), without("sec-websocket-version"), without("sec-websocket-key"), old, short]
    {
        let wanted = Wanted::of(&Method::GET, &headers(&lines));
        assert!(matches!(wanted, Wanted::BadUpgrade(_)), "{lines:?}: {wanted:?}");
    }
}

#[test]
fn extensions_are_chosen_over_all_their_lines_or_refused() {
    let wanted = |extensions: &[&'static [u8]]| {
        let mut headers = headers(&HANDSHAKE);
        for line in extensions {
            let line = HeaderValue::from_bytes(line).unwrap();
            headers.append(header::SEC_WEBSOCKET_EXTENSIONS, line);
        }
        Wanted::of(&Method::GET, &headers)
    };
    let agreed = |extensions: &[&'static [u8]]| {
        let Wanted::WebSocket { compression, .. } = wanted(extensions) else { panic!("{extensions:?}") };
        compression
    };
    assert_eq!(agreed(&[]), None);
    assert_eq!(agreed(&[b"other"]), None);
    assert!(agreed(&[b"permessage-deflate; client_max_window_bits"]).is_some());
    assert!(agreed(&[b"other", b"permessage-deflate"]).is_some());
    for bad in [&b"permessage-deflate;"[..], b"permessage-d\xe9flate"] {
        for lines in [vec![bad], vec![b"permessage-deflate", bad]] {
            assert!(matches!(wanted(&lines), Wanted::BadExtensions(_)), "{lines:?}");
        }
    }
}

#[test]
fn request_tells_the_address() {
    let cases: [(Lines<'_>, Scheme, Option<&str>); 5] = [
        (&[("host", "relay.example")], Scheme::Plain, Some("ws://relay.example/")),
        (&[("host", "relay.example")], Scheme::Tls, Some("wss://relay.example/")),
        (
            &[("host", "relay.example:80"), ("x-forwarded-proto", "https")],
            Scheme::Plain,
            Some("wss://relay.example:80/"),
        ),
        (
            &[("host", "relay.example"), ("x-forwarded-proto", "http, https")],
            Scheme::Plain,
            Some("ws://relay.example/"),
        ),
        (&[], Scheme::Tls, None),
    ];
    for (lines, scheme, expected) in cases {
        assert_eq!(wanted::address(&headers(lines), scheme).as_deref(), expected, "{lines:?}");
    }
}

#[derive(Clone)]
struct Fixed(Arc<Site>);

impl Backstage for Fixed {
    fn counters(&self) -> Counters {
        Counters { events: Some(7), connections: 1, subscriptions: 2 }
    }

    fn unready(&self) -> Vec<Unready> {
        vec![Unready::Stopping, Unready::Full]
    }

    fn site(&self) -> Arc<Site> {
        Arc::clone(&self.0)
    }

    fn is_managed(&self) -> bool {
        false
    }

    fn is_compressing(&self) -> bool {
        true
    }

    fn body_patience(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn signer(&self, _: &SignedCall<'_>) -> Result<PublicKey, Unsigned> {
        Err(Unsigned::Missing)
    }

    fn role(&self, _: &PublicKey) -> Option<Role> {
        None
    }

    fn sessions(&self) -> &Sessions {
        unreachable!("nobody is let in")
    }

    fn remotes(&self) -> &Remotes {
        unreachable!("nobody is let in")
    }

    fn line(&self) -> Option<Session> {
        None
    }

    fn session(&self, _: Token) -> Option<AdminSession> {
        None
    }

    fn summary(&self) -> Value {
        unreachable!("nobody is let in")
    }

    fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    fn logs(&self) -> &Logs {
        unreachable!("nobody is let in")
    }

    fn phase(&self) -> watch::Receiver<Phase> {
        unreachable!("nobody is let in")
    }

    fn ping_every(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn call(&self, _: PublicKey, _: &str, _: &Value) -> Result<Value, CallError> {
        Err(CallError::UnknownMethod)
    }
}

async fn ask(
    method: Method,
    path: &str,
    lines: &[(&'static str, &'static str)],
) -> (StatusCode, HeaderMap, String) {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().unwrap();
    *request.headers_mut() = headers(lines);
    let routes = routes(Fixed(Arc::new(Site::new(&Config::default(), Changing::default()))));
    let (parts, body) = TowerToHyperService::new(routes).call(request).await.unwrap().into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn document_comes_with_cors() {
    let (status, headers, body) = ask(Method::GET, "/", &[("accept", "application/nostr+json")]).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[header::CONTENT_TYPE], "application/nostr+json");
    for name in
        ["access-control-allow-origin", "access-control-allow-headers", "access-control-allow-methods"]
    {
        assert!(headers.contains_key(name), "{name}");
    }
    assert!(body.starts_with(r#"{"name":"Chappe""#), "{body}");
    let (status, headers, _) = ask(Method::OPTIONS, "/", &[]).await;
    assert_eq!(
        (status, &headers["access-control-allow-origin"]),
        (StatusCode::NO_CONTENT, &HeaderValue::from_static("*"))
    );
    // The asterisk does not stand for it.
    assert!(headers["access-control-allow-headers"].to_str().unwrap().contains("Authorization"));
    assert!(headers["access-control-allow-methods"].to_str().unwrap().contains("POST"));
}

#[tokio::test]
async fn page_and_counters() {
    let (status, headers, body) = ask(Method::GET, "/", &[("accept", "text/html")]).await;
    assert_eq!((status, body.starts_with("<!doctype html>")), (StatusCode::OK, true));
    assert!(headers.contains_key(header::CONTENT_SECURITY_POLICY));
    let (status, _, body) = ask(Method::GET, "/stats.json", &[]).await;
    assert_eq!(
        (status, body.as_str()),
        (StatusCode::OK, r#"{"events":7,"connections":1,"subscriptions":2}"#)
    );
}

#[tokio::test]
async fn health_is_told_in_plain_words() {
    let (status, headers, body) = ask(Method::GET, "/healthz", &[]).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "alive\n"));
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    let (status, _, body) = ask(Method::GET, "/readyz", &[]).await;
    assert_eq!((status, body.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "stopping\nthe store is full\n"));
    assert_eq!(ask(Method::POST, "/readyz", &[]).await.0, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn everything_lives_at_the_root_only() {
    for (path, lines) in
        [("/relay", HANDSHAKE.as_slice()), ("/info", &[("accept", "application/nostr+json")])]
    {
        let (status, _, body) = ask(Method::GET, path, lines).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(body.contains("at /"), "{body}");
    }
    assert_eq!(ask(Method::POST, "/", &[]).await.0, StatusCode::METHOD_NOT_ALLOWED);
    let (status, headers, _) = ask(Method::GET, "/", &HANDSHAKE[..2]).await;
    assert_eq!(
        (status, &headers["sec-websocket-version"]),
        (StatusCode::UPGRADE_REQUIRED, &HeaderValue::from_static("13"))
    );
}
