use super::*;

#[test]
fn addresses_come_into_normal_form() {
    let table = [
        ("wss://relay.example.com", "wss://relay.example.com"),
        ("wss://relay.example.com/", "wss://relay.example.com"),
        ("WSS://Relay.EXAMPLE.com", "wss://relay.example.com"),
        ("https://relay.example.com", "wss://relay.example.com"),
        ("http://relay.example.com", "ws://relay.example.com"),
        ("HTTP://relay.example.com", "ws://relay.example.com"),
        ("wss://relay.example.com:443", "wss://relay.example.com"),
        ("wss://relay.example.com:0443/", "wss://relay.example.com"),
        ("ws://relay.example.com:80", "ws://relay.example.com"),
        ("wss://relay.example.com:80", "wss://relay.example.com:80"),
        ("ws://relay.example.com:443", "ws://relay.example.com:443"),
        ("wss://relay.example.com:", "wss://relay.example.com"),
        ("ws://localhost:7447", "ws://localhost:7447"),
        ("ws://localhost:65535", "ws://localhost:65535"),
        ("wss://relay.example.com.", "wss://relay.example.com"),
        ("wss://relay.example.com/inbox", "wss://relay.example.com/inbox"),
        ("wss://relay.example.com/inbox/", "wss://relay.example.com/inbox"),
        ("wss://relay.example.com/Inbox", "wss://relay.example.com/Inbox"),
        ("wss://relay.example.com//", "wss://relay.example.com"),
        ("wss://relay.example.com?token=1", "wss://relay.example.com"),
        ("wss://relay.example.com/a?b/c#d", "wss://relay.example.com/a"),
        ("wss://relay.example.com#a?b", "wss://relay.example.com"),
        ("ws://127.0.0.1:7447/", "ws://127.0.0.1:7447"),
        ("ws://[::1]:7447", "ws://[::1]:7447"),
        ("ws://[0:0::0001]", "ws://[::1]"),
        ("wss://xn--mnchen-3ya.example", "wss://xn--mnchen-3ya.example"),
        ("ws://my_relay", "ws://my_relay"),
    ];
    for (text, normal) in table {
        let url = RelayUrl::parse(text);
        assert_eq!(url.as_ref().map(ToString::to_string).as_deref(), Ok(normal), "{text}");
        assert_eq!(RelayUrl::parse(normal), url, "{text}");
    }
}

#[test]
fn different_places_stay_different() {
    let places = [
        "wss://relay.example.com",
        "ws://relay.example.com",
        "wss://relay.example.com:444",
        "wss://relay.example.com/inbox",
        "wss://relay.example.com/Inbox",
        "wss://relay.example.com.evil.example",
        "wss://example.com",
        "wss://[::1]",
    ];
    for (index, one) in places.iter().enumerate() {
        for (other_index, other) in places.iter().enumerate() {
            let same = RelayUrl::parse(one).unwrap() == RelayUrl::parse(other).unwrap();
            assert_eq!(same, index == other_index, "{one} {other}");
        }
    }
}

#[test]
fn junk_is_refused_by_the_part_that_is_wrong() {
    use RelayUrlError::{Host, Path, Port, Scheme, TooLong};
    let long = format!("wss://relay.example.com/{}", "x".repeat(RelayUrl::BYTES_MAX));
    let table = [
        ("", Scheme),
        ("relay.example.com", Scheme),
        ("ftp://relay.example.com", Scheme),
        ("://relay.example.com", Scheme),
        (" wss://relay.example.com", Scheme),
        ("wss:relay.example.com", Scheme),
        ("wss://", Host),
        ("wss:///path", Host),
        ("wss://:443", Host),
        ("wss://.", Host),
        ("wss://.example.com", Host),
        ("wss://user@relay.example.com", Host),
        ("wss://user:pass@relay.example.com", Port),
        ("wss://relay example.com", Host),
        ("wss://relay.example.com\\evil", Host),
        ("wss://münchen.example", Host),
        ("wss://[::1", Host),
        ("wss://::1", Host),
        ("wss://[::g]", Host),
        ("wss://[::1]x", Host),
        ("wss://relay.example.com:0", Port),
        ("wss://relay.example.com:65536", Port),
        ("wss://relay.example.com:+443", Port),
        ("wss://relay.example.com:https", Port),
        ("wss://relay.example.com/a b", Path),
        ("wss://relay.example.com/\n", Path),
        (&long, TooLong),
    ];
    for (text, error) in table {
        assert_eq!(RelayUrl::parse(text), Err(error), "{text}");
    }
}

#[test]
fn a_host_header_names_host_and_port() {
    let table = [
        ("relay.example.com", Some("wss://relay.example.com")),
        ("Relay.Example.com:443", Some("wss://relay.example.com")),
        ("relay.example.com:80", Some("wss://relay.example.com")),
        ("localhost:7447", Some("wss://localhost:7447")),
        ("[::1]:7447", Some("wss://[::1]:7447")),
        ("", None),
        ("relay.example.com/path", None),
        ("relay.example.com?x", None),
        ("user@relay.example.com", None),
    ];
    for (header, expected) in table {
        let url = RelayUrl::from_host_header(header).ok();
        assert_eq!(url.map(|url| url.to_string()).as_deref(), expected, "{header}");
    }
}
