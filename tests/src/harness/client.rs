//! A client that says exactly what a test wants and checks exactly what it hears.

use std::time::Duration;

use chappe_testkit::{EventBuilder, Keys, TestEvent, auth_event};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long a client waits for what must come. Long, because it is only waited for when a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// One connection.
pub struct Client<S = MaybeTlsStream<TcpStream>> {
    pub socket: WebSocketStream<S>,
}

impl Client {
    pub async fn connect(url: &str) -> Self {
        // What is said is sent at once, as browsers do; else the second of two messages waits 40 ms for the first.
        let (socket, _) = tokio_tungstenite::connect_async_with_config(url, None, true).await.unwrap();
        Self { socket }
    }

    /// A connection of a client at this address, as a proxy on this machine passes it on.
    pub async fn connect_from(url: &str, address: &str) -> Self {
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("X-Forwarded-For", address.parse().unwrap());
        let (socket, _) = tokio_tungstenite::connect_async_with_config(request, None, true).await.unwrap();
        Self { socket }
    }

    /// A connection whose kernel takes little before the client reads it.
    pub async fn connect_with_small_buffers(url: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_recv_buffer_size(32 * 1024).unwrap();
        socket.set_send_buffer_size(32 * 1024).unwrap();
        let socket = socket.connect(url.strip_prefix("ws://").unwrap().parse().unwrap()).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(url, MaybeTlsStream::Plain(socket)).await.unwrap();
        Self { socket }
    }

    /// A connection on which a right request has been sent by hand: hears that the relay takes it.
    pub async fn after_handshake(mut socket: TcpStream) -> Self {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
        let socket =
            WebSocketStream::from_raw_socket(MaybeTlsStream::Plain(socket), Role::Client, None).await;
        Self { socket }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Says this text.
    pub async fn say(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next text message, byte for byte; what is neither text nor a ping is a failure.
    pub async fn hear_text(&mut self) -> String {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("the relay says nothing");
            match message.expect("the relay hung up").unwrap() {
                Message::Text(text) => return text.as_str().to_owned(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("the relay sent {other:?}"),
            }
        }
    }

    /// The next text message, as JSON.
    pub async fn hear(&mut self) -> Value {
        let text = self.hear_text().await;
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    /// Hears exactly this text next.
    pub async fn expect_text(&mut self, text: &str) {
        assert_eq!(self.hear_text().await, text);
    }

    /// Hears exactly this JSON next.
    pub async fn expect(&mut self, json: &str) {
        let expected: Value = serde_json::from_str(json).unwrap_or_else(|e| panic!("{json}: {e}"));
        assert_eq!(self.hear().await, expected);
    }

    /// Hears a message next whose text starts like this (JSON without spaces, as the relay writes it).
    pub async fn expect_start(&mut self, start: &str) -> Value {
        let heard = self.hear().await;
        let text = heard.to_string();
        assert!(text.starts_with(start), "heard {text} instead of {start}...");
        heard
    }

    /// Publishes and hears the OK: whether it was accepted, and the text.
    pub async fn publish(&mut self, event: &TestEvent) -> (bool, String) {
        self.say(&event.message()).await;
        self.ok(event).await
    }

    /// Hears the OK for this event next.
    pub async fn ok(&mut self, event: &TestEvent) -> (bool, String) {
        let heard = self.hear().await;
        assert_eq!(heard[0], "OK", "{heard}");
        assert_eq!(heard[1], event.id().to_string(), "{heard}");
        (heard[2].as_bool().unwrap(), heard[3].as_str().unwrap().to_owned())
    }

    /// The same where a challenge may come first.
    pub async fn publish_past_a_challenge(&mut self, event: &TestEvent) -> (bool, String) {
        self.say(&event.message()).await;
        let mut heard = self.hear().await;
        if heard[0] == "AUTH" {
            heard = self.hear().await;
        }
        assert_eq!((&heard[0], &heard[1]), (&"OK".into(), &event.id().to_string().into()), "{heard}");
        (heard[2].as_bool().unwrap(), heard[3].as_str().unwrap().to_owned())
    }

    /// How many events of this kind are shown: none where the question is refused.
    pub async fn seen(&mut self, kind: u16) -> u64 {
        self.say(&format!(r#"["COUNT","seen",{{"kinds":[{kind}]}}]"#)).await;
        let mut heard = self.hear().await;
        if heard[0] == "AUTH" {
            heard = self.hear().await;
        }
        match heard[0].as_str() {
            Some("COUNT") => heard[2]["count"].as_u64().unwrap(),
            Some("CLOSED") => 0,
            _ => panic!("heard {heard}"),
        }
    }

    /// Publishes what has to be stored.
    pub async fn store(&mut self, event: &TestEvent) {
        assert_eq!(self.publish(event).await, (true, String::new()), "{}", event.json());
    }

    /// Publishes what has to be refused with a text that starts like this.
    pub async fn refused(&mut self, event: &TestEvent, start: &str) {
        let (accepted, text) = self.publish(event).await;
        assert!(!accepted && text.starts_with(start), "heard {accepted} {text:?} instead of {start:?}");
    }

    /// Asks with these filters (JSON, comma separated) and hears the stored events and what EOSE hints (NIP-67).
    pub async fn query(&mut self, filters: &str) -> (Vec<Value>, Option<String>) {
        self.say(&format!(r#"["REQ","query",{filters}]"#)).await;
        let mut events = Vec::new();
        let hint = loop {
            let heard = self.hear().await;
            match heard[0].as_str() {
                Some("EVENT") if heard[1] == "query" => events.push(heard[2].clone()),
                Some("EOSE") if heard[1] == "query" => break heard[2][0].as_str().map(str::to_owned),
                _ => panic!("heard {heard} in answer to {filters}"),
            }
        };
        self.say(r#"["CLOSE","query"]"#).await;
        (events, hint)
    }

    /// Opens a subscription and hears its stored events, which are not looked at.
    pub async fn subscribe(&mut self, id: &str, filters: &str) {
        self.say(&format!(r#"["REQ","{id}",{filters}]"#)).await;
        loop {
            let heard = self.hear().await;
            assert_eq!(heard[1], id, "{heard}");
            match heard[0].as_str() {
                Some("EVENT") => {}
                Some("EOSE") => return,
                _ => panic!("heard {heard} in answer to {filters}"),
            }
        }
    }

    /// Hears exactly this event next, for this subscription.
    pub async fn hears_event(&mut self, id: &str, event: &TestEvent) {
        self.expect_text(&event.delivery(id)).await;
    }

    /// Hears a challenge next (NIP-42).
    pub async fn challenge(&mut self) -> String {
        let heard = self.expect_start(r#"["AUTH","#).await;
        heard[1].as_str().unwrap().to_owned()
    }

    /// Asks for what needs a key, so as to be challenged (NIP-42).
    pub async fn provoke_challenge(&mut self) -> String {
        self.say(r#"["REQ","private",{"kinds":[4]}]"#).await;
        let challenge = self.challenge().await;
        self.expect_start(r#"["CLOSED","private","auth-required: "#).await;
        challenge
    }

    /// Signs in at [`super::Relay::NOW`] and hears the OK: whether it was accepted, and the text.
    pub async fn sign_in(&mut self, keys: &Keys, relay: &str, challenge: &str) -> (bool, String) {
        let event = auth_event(relay, challenge, super::Relay::NOW).sign(keys);
        self.say(&event.auth_message()).await;
        self.ok(&event).await
    }

    /// Asks, and hears exactly these events, in this order.
    pub async fn finds(&mut self, filters: &str, expected: &[&TestEvent]) {
        let found = self.query(filters).await.0;
        let ids = |event: &Value| event["id"].as_str().unwrap().to_owned();
        let expected: Vec<String> = expected.iter().map(|event| event.id().to_string()).collect();
        assert_eq!(found.iter().map(ids).collect::<Vec<_>>(), expected, "for {filters}");
    }

    /// How many events match, by COUNT.
    pub async fn count(&mut self, filters: &str) -> u64 {
        self.say(&format!(r#"["COUNT","count",{filters}]"#)).await;
        let heard = self.expect_start(r#"["COUNT","count","#).await;
        heard[2]["count"].as_u64().unwrap()
    }

    /// Checks that nothing is on its way: asks something whose answer has to be the next thing heard.
    pub async fn hears_nothing_more(&mut self) {
        self.say(r#"["REQ","nothing",{"ids":[]}]"#).await;
        let heard = self.hear().await;
        assert_eq!((&heard[0], &heard[1]), (&"EOSE".into(), &"nothing".into()), "{heard}");
        self.say(r#"["CLOSE","nothing"]"#).await;
    }

    /// Checks that no live event is on its way, from whomever: events are told in the order of their commits, so one
    /// that is published now has to be the first to be heard. It stays in the store.
    pub async fn hears_no_event(&mut self) {
        let event = EventBuilder::new(64_000).sign(&Keys::from_seed(64_000));
        self.say(r#"["REQ","sentinel",{"kinds":[64000],"limit":0}]"#).await;
        self.expect_text(r#"["EOSE","sentinel"]"#).await;
        self.say(&event.message()).await;
        let (mut ok, mut delivered) = (false, false);
        while !(ok && delivered) {
            let heard = self.hear().await;
            let is_sentinel = heard[2]["id"] == event.id().to_string();
            match heard[0].as_str() {
                Some("OK") => ok = heard[3] == "",
                Some("EVENT") if is_sentinel => delivered |= heard[1] == "sentinel",
                _ => panic!("heard {heard}"),
            }
        }
        // Other subscriptions may have heard it too, and later.
        self.say(r#"["REQ","sentinel",{"ids":[]}]"#).await;
        loop {
            let heard = self.hear().await;
            match heard[0].as_str() {
                Some("EVENT") if heard[2]["id"] == event.id().to_string() => {}
                Some("EOSE") => break,
                _ => panic!("heard {heard}"),
            }
        }
        self.say(r#"["CLOSE","sentinel"]"#).await;
    }

    /// The close frame that has to come next, after at most some text messages: its code, and those messages.
    pub async fn closed(&mut self) -> (u16, Vec<Value>) {
        let mut texts = Vec::new();
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("the relay does not hang up");
            match message.expect("no close frame came").unwrap() {
                Message::Text(text) => texts.push(serde_json::from_str(&text).unwrap()),
                Message::Close(frame) => return (frame.expect("a code").code.into(), texts),
                _ => {}
            }
        }
    }
}
