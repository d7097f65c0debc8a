use super::*;

fn peer(host: &str) -> Peer {
    Peer { host: RelayUrl::from_host_header(host).ok(), ..Peer::default() }
}

#[test]
fn own_addresses_are_those_named_or_else_the_host_header() {
    let named = Access {
        own_urls: ["wss://relay.example.com", "ws://localhost:7447/inbox"]
            .map(|url| RelayUrl::parse(url).unwrap())
            .to_vec(),
        ..Access::default()
    };
    let unnamed = Access::default();
    let table = [
        ("named", &named, "other.example", "wss://relay.example.com/", true),
        ("second", &named, "other.example", "http://LOCALHOST:7447/inbox/", true),
        ("scheme counts", &named, "relay.example.com", "ws://relay.example.com", false),
        ("port counts", &named, "relay.example.com", "wss://relay.example.com:444", false),
        ("path counts", &named, "relay.example.com", "wss://relay.example.com/inbox", false),
        ("the header does not", &named, "other.example", "wss://other.example", false),
        ("header", &unnamed, "relay.example.com", "wss://relay.example.com", true),
        ("header, no TLS", &unnamed, "relay.example.com", "ws://relay.example.com/", true),
        ("header with port", &unnamed, "localhost:7447", "ws://localhost:7447", true),
        ("header with a default port", &unnamed, "relay.example.com:443", "wss://relay.example.com", true),
        ("header, other port", &unnamed, "localhost:7447", "ws://localhost", false),
        ("header, other host", &unnamed, "relay.example.com", "wss://other.example", false),
        ("header, path", &unnamed, "relay.example.com", "wss://relay.example.com/inbox", false),
        ("no header", &unnamed, "", "wss://relay.example.com", false),
        ("junk", &unnamed, "relay.example.com", "relay.example.com", false),
    ];
    for (name, access, host, url, expected) in table {
        assert_eq!(access.is_own_url(Some(&peer(host)), url.as_bytes()), expected, "{name}");
    }
    assert!(named.is_own_url(None, b"wss://relay.example.com"));
    assert!(!unnamed.is_own_url(None, b"wss://relay.example.com"));
    assert!(!named.is_own_url(None, b"wss://relay.example.com/\xff"));
}

#[test]
fn private_kinds_are_direct_messages_unless_said_otherwise() {
    let private: Vec<_> = (0..=u16::MAX).filter(|&kind| Access::default().is_private(Kind(kind))).collect();
    assert_eq!(private, [4, 13, 14, 15, 1059, 1060]);
    let unsorted = Access { private_kinds: [9, 7, 8].map(Kind).to_vec(), ..Access::default() };
    assert!([7, 8, 9].iter().all(|&kind| unsorted.is_private(Kind(kind))) && !unsorted.is_private(Kind(4)));
}
