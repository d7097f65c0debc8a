use axum::http::HeaderValue;

use super::*;

const PROXY: &str = "10.0.0.1";

fn trusted() -> Vec<AddressRange> {
    ["10.0.0.0/8", "2001:db8:aaaa::/48"].map(|range| range.parse().unwrap()).to_vec()
}

/// Whose request it is, as text: an address, or "hidden".
fn seen(peer: &str, lines: &[(&'static str, &str)]) -> Result<String, Unreadable> {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    client(peer.parse().unwrap(), &headers, &trusted())
        .map(|address| address.map_or("hidden".to_owned(), |address| address.to_string()))
}

#[test]
fn strangers_are_who_they_are() {
    let lies = [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=\"broken")];
    assert_eq!(seen("203.0.113.9", &lies).unwrap(), "203.0.113.9");
    assert_eq!(seen("::ffff:203.0.113.9", &lies).unwrap(), "203.0.113.9");
    assert_eq!(seen(PROXY, &[]).unwrap(), PROXY);
}

#[test]
fn right_most_untrusted_address_is_the_client() {
    let cases = [
        ("192.0.2.1", "192.0.2.1"),
        ("203.0.113.5, 192.0.2.1", "192.0.2.1"),
        ("192.0.2.1, 10.0.0.7", "192.0.2.1"),
        ("rubbish, 192.0.2.1, 10.0.0.7,10.0.0.8", "192.0.2.1"),
        ("10.0.0.7, 192.0.2.1, 10.0.0.8", "192.0.2.1"),
        ("192.0.2.1:5000", "192.0.2.1"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:5000", "2001:db8::7"),
        ("2001:db8::7, 2001:db8:aaaa::1", "2001:db8::7"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1, ::ffff:10.0.0.7", "192.0.2.1"),
        ("unknown, 10.0.0.7", "hidden"),
        ("192.0.2.1, unknown", "hidden"),
        (" , ,192.0.2.1,, ", "192.0.2.1"),
        ("10.0.0.9, 10.0.0.7", "10.0.0.9"),
        ("", PROXY),
    ];
    for (value, expected) in cases {
        assert_eq!(seen(PROXY, &[("x-forwarded-for", value)]).as_deref(), Ok(expected), "{value:?}");
    }
    let lines = [("x-forwarded-for", "203.0.113.5"), ("x-forwarded-for", "192.0.2.1, 10.0.0.7")];
    assert_eq!(seen(PROXY, &lines).unwrap(), "192.0.2.1");
}

#[test]
fn forwarded_is_read_by_its_grammar() {
    let cases = [
        ("for=192.0.2.1", "192.0.2.1"),
        ("For=\"192.0.2.1\"", "192.0.2.1"),
        ("for=192.0.2.1;proto=https;by=10.0.0.1", "192.0.2.1"),
        ("proto=https; FOR=192.0.2.1 ; host=\"a;b,c\"", "192.0.2.1"),
        ("for=\"192.0.2.1:4711\"", "192.0.2.1"),
        ("for=\"192.0.2.1:_port\"", "192.0.2.1"),
        ("for=\"[2001:db8:cafe::17]\"", "2001:db8:cafe::17"),
        ("for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
        ("for=[2001:db8:cafe::17]", "2001:db8:cafe::17"),
        ("for=203.0.113.5, for=192.0.2.1", "192.0.2.1"),
        ("for=192.0.2.1, for=10.0.0.7", "192.0.2.1"),
        ("for=192.0.2.1,, for=\"[2001:db8:aaaa::1]:80\";proto=http", "192.0.2.1"),
        ("for=_hidden, for=10.0.0.7", "hidden"),
        ("for=\"_gazonk\"", "hidden"),
        ("for=unknown", "hidden"),
        ("for=\"unknown:_1\"", "hidden"),
        ("for=192.0.2.1, proto=https", "hidden"),
        ("for=;, for=192.0.2.1", "192.0.2.1"),
        ("host=\"\\\",for=203.0.113.5\";for=192.0.2.1", "192.0.2.1"),
    ];
    for (value, expected) in cases {
        assert_eq!(seen(PROXY, &[("forwarded", value)]).as_deref(), Ok(expected), "{value:?}");
    }
    let lines = [("forwarded", "for=203.0.113.5"), ("forwarded", "for=192.0.2.1")];
    assert_eq!(seen(PROXY, &lines).unwrap(), "192.0.2.1");
}

/// The client wrote the beginning, to swallow what the proxy adds.
#[test]
fn what_cannot_be_read_is_refused() {
    for value in [
        "for=\"203.0.113.5, for=192.0.2.1",
        "for=\", for=\"[2001:db8::1]:80\"",
        "for=\"203.0.113.5\\\", for=\"192.0.2.1\"",
        "for=203.0.113.5;for=192.0.2.1",
        "for=localhost",
        "for=192.0.2",
        "for=\"[2001:db8::1\"",
        "for=\"[2001:db8::1]80\"",
        "for=\"192.0.2.1:port\"",
        "for=\"192.0.2.1:123456\"",
        "for",
        "192.0.2.1",
    ] {
        assert_eq!(seen(PROXY, &[("forwarded", value)]), Err(Unreadable::Forwarded), "{value:?}");
    }
    for value in ["localhost", "192.0.2.1, x", "192.0.2.1, [::1", "for=192.0.2.1", "1.2.3.4:", "fe80::1%eth0"]
    {
        assert_eq!(seen(PROXY, &[("x-forwarded-for", value)]), Err(Unreadable::XForwardedFor), "{value:?}");
    }
}

#[test]
fn both_headers_have_to_agree() {
    let both = |standard, custom| seen(PROXY, &[("forwarded", standard), ("x-forwarded-for", custom)]);
    assert_eq!(both("for=192.0.2.1", "203.0.113.5, 192.0.2.1").unwrap(), "192.0.2.1");
    assert_eq!(both("for=192.0.2.1", "203.0.113.5"), Err(Unreadable::Disagree));
    assert_eq!(both("for=unknown", "203.0.113.5"), Err(Unreadable::Disagree));
    assert_eq!(both("for=\"", "203.0.113.5"), Err(Unreadable::Forwarded));
    assert_eq!(both("for=192.0.2.1", "x"), Err(Unreadable::XForwardedFor));
}

#[test]
fn nothing_makes_it_panic() {
    let mut rng = chappe_testkit::Rng::new(11);
    let alphabet = b"for=\"\\,;: []_:1.f0x";
    for _ in 0..20_000 {
        let text: String = (0..rng.below(40)).map(|_| char::from(*rng.pick(alphabet))).collect();
        let _ = seen(PROXY, &[("forwarded", &text)]);
        let _ = seen(PROXY, &[("x-forwarded-for", &text)]);
    }
}
