use super::*;

const COUNTERS: Counters = Counters { events: Some(1_234_567), connections: 12, subscriptions: 345 };

fn html(change: impl FnOnce(&mut Config)) -> String {
    let mut config = Config::default();
    change(&mut config);
    let address = Some("ws://relay.example:7447/".to_owned());
    Page::new(&config, &Changing::default()).html(address, COUNTERS, "cafe".to_owned())
}

#[test]
fn configured_texts_are_escaped() {
    let nasty = "<script>alert('1')</script> & \"x\" {{nonce}} {{address}}";
    let shown = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;x&quot; &#123;&#123;nonce}} &#123;&#123;address}}";
    let html = html(|config| {
        config.relay.name = nasty.to_owned();
        config.relay.description = nasty.to_owned();
        config.relay.contact = nasty.to_owned();
    });
    assert!(!html.contains("alert('1')"));
    // Title and heading; description and paragraph; contact.
    assert_eq!(html.matches(shown).count(), 5);
}

#[test]
fn addresses_are_escaped() {
    let html = html(|config| config.relay.urls = vec!["wss://a.example/\"><b>".to_owned()]);
    assert!(html.contains("wss://a.example/&quot;&gt;&lt;b&gt;"));
    assert!(
        Page::new(&Config::default(), &Changing::default())
            .html(Some("ws://<b>/".to_owned()), COUNTERS, String::new())
            .contains("ws://&lt;b&gt;/")
    );
}

#[test]
fn every_place_is_filled() {
    let html = html(|_| {});
    assert!(!html.contains("{{") && !html.contains("}}"), "a value is missing");
    for shown in
        ["1,234,567", ">12<", ">345<", "512 KiB", "15 minutes", "ws://relay.example:7447/", "nonce=\"cafe\""]
    {
        assert!(html.contains(shown), "{shown}");
    }
    for nip in nip11::supported_nips(&Changing::default()) {
        assert!(html.contains(&format!(">{nip:02}</a>")), "{nip}");
    }
}

#[test]
fn configured_address_wins_over_the_host_header() {
    let html = html(|config| config.relay.urls = vec!["wss://relay.example.com".to_owned()]);
    assert!(html.contains(">wss://relay.example.com<") && html.contains("data-own=\"yes\""));
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    let html = html(|_| {});
    assert!(!html.contains("src=") && !html.contains("@import") && !html.contains("url("));
}

#[test]
fn only_what_carries_the_nonce_may_run() {
    let page = Page::new(&Config::default(), &Changing::default());
    let policy = |response: &Response<Body>| {
        response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned()
    };
    let first = policy(&page.response(None, COUNTERS));
    let second = policy(&page.response(None, COUNTERS));
    assert_ne!(first, second);
    assert!(first.starts_with("default-src 'none'; ") && !first.contains("unsafe"));
}

#[test]
fn numbers_are_readable() {
    for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
        assert_eq!(grouped(number), text);
    }
    for (number, text) in [(1_000, "1,000 bytes"), (2_048, "2 KiB"), (1_048_576, "1 MiB")] {
        assert_eq!(bytes(number), text);
    }
    for (number, text) in [(59, "59 seconds"), (900, "15 minutes"), (7_200, "2 hours"), (172_800, "2 days")] {
        assert_eq!(seconds(number), text);
    }
}
