//! One end of a conversation, who keeps a ledger of what is owed.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use chappe_codec::{About, ClientMessage, Malformed, Scratch, decode_event, decode_message};
use chappe_protocol::{EventId, Filter, Kind, PublicKey, Timestamp};
use chappe_session::{Activity, Session};
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use chappe_validation::{Rules, Verifier};
use serde_json::Value;

/// What only those involved may see, by default (NIP-04, NIP-17, NIP-59).
const PRIVATE: [Kind; 6] = [Kind(4), Kind(13), Kind(14), Kind(15), Kind(1059), Kind(1060)];
/// Without any signal for so long the relay hangs.
const SECONDS_MAX: u32 = 10;

pub(super) struct Client {
    session: Session,
    pub(super) keys: Keys,
    pub(super) other: Keys,
    challenge: String,
    /// Its last event, in hex.
    last: String,
    owed: Ledger,
    got: Ledger,
    /// Every filter it ever asked for, by subscription id.
    asked: BTreeMap<String, Vec<Filter>>,
    /// Subscriptions whose end it asked for: what was owed to them may stay away.
    closed: Vec<String>,
    /// Authors of its AUTH messages.
    proofs: BTreeMap<EventId, PublicKey>,
    signed_in: Vec<PublicKey>,
}

/// How many answers, by what they are about.
type Ledger = BTreeMap<Owed, usize>;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Owed {
    /// OK.
    Event(EventId),
    /// EOSE, CLOSED or COUNT.
    Subscription(String),
    Notice,
}

impl Client {
    pub(super) fn new(session: Session, keys: Keys, other: Keys, challenge: String) -> Self {
        Self {
            session,
            keys,
            other,
            challenge,
            last: String::new(),
            owed: Ledger::new(),
            got: Ledger::new(),
            asked: BTreeMap::new(),
            closed: Vec::new(),
            proofs: BTreeMap::new(),
            signed_in: Vec::new(),
        }
    }

    /// Says this, after listening for as long as the relay wants no input.
    pub(super) fn say(&mut self, message: &[u8], now: Timestamp) {
        if !self.session.wants_input() {
            self.hear_all(now);
        }
        if self.session.closing().is_some() {
            return;
        }
        assert!(self.session.wants_input(), "all is read and answered, and still there is no room");
        self.note(message);
        self.session.receive(message, now);
    }

    /// Fills in the names, signs the event in it, if there is one, and says it.
    pub(super) fn say_signed(&mut self, text: &[u8], author: Keys, now: Timestamp) {
        let Ok(text) = str::from_utf8(text) else { return };
        let names = [
            ("?e", &self.last),
            ("?m", &self.keys.hex()),
            ("?o", &self.other.hex()),
            ("?c", &self.challenge),
        ];
        let text = names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
        match decode_message(text.as_bytes(), &mut Scratch::new()) {
            Ok(ClientMessage::Event(event)) => {
                let signed = sign(&event, &author);
                self.last = signed.id().to_string();
                self.say(signed.message().as_bytes(), now);
            }
            Ok(ClientMessage::Auth(event)) => {
                self.say(sign(&event, &author).auth_message().as_bytes(), now);
            }
            _ => self.say(text.as_bytes(), now),
        }
    }

    pub(super) fn say_binary(&mut self) {
        self.owe(Owed::Notice);
        self.session.receive_binary();
    }

    pub(super) fn say_too_long(&mut self) {
        self.owe(Owed::Notice);
        self.session.receive_too_long();
    }

    /// Notes which answer the message has to get.
    fn note(&mut self, message: &[u8]) {
        match decode_message(message, &mut Scratch::new()) {
            Ok(ClientMessage::Event(event)) => self.owe(Owed::Event(event.head.id)),
            Ok(ClientMessage::Auth(event)) => {
                self.proofs.insert(event.head.id, event.head.pubkey);
                self.owe(Owed::Event(event.head.id));
            }
            Ok(ClientMessage::Req { subscription, filters }) => {
                let id = subscription.to_string();
                self.asked.entry(id.clone()).or_default().extend(filters);
                self.owe(Owed::Subscription(id));
            }
            Ok(ClientMessage::Count { subscription, .. }) => {
                self.owe(Owed::Subscription(subscription.to_string()));
            }
            Ok(ClientMessage::Close { subscription }) => self.closed.push(subscription.to_string()),
            Err(Malformed { about: About::Event(id), .. }) => self.owe(Owed::Event(id)),
            Err(Malformed { about: About::Subscription(id), .. }) => {
                self.owe(Owed::Subscription(id.to_string()));
            }
            Err(Malformed { about: About::Message, .. }) => self.owe(Owed::Notice),
        }
    }

    fn owe(&mut self, what: Owed) {
        *self.owed.entry(what).or_default() += 1;
    }

    /// Reads until nothing more is to come.
    pub(super) fn hear_all(&mut self, now: Timestamp) {
        loop {
            let activity = self.session.advance(now);
            let heard: Vec<Vec<u8>> = self.session.outbox().messages().map(<[u8]>::to_vec).collect();
            self.session.outbox().clear();
            heard.iter().for_each(|message| self.hear(message));
            if activity == Activity::More || !heard.is_empty() {
                continue;
            }
            if !self.session.has_events_in_flight() {
                return;
            }
            self.wait();
        }
    }

    fn hear(&mut self, message: &[u8]) {
        let value: Value = serde_json::from_slice(message).expect("the relay speaks JSON");
        let about = || value[1].as_str().expect("an answer says what it is about").to_owned();
        let got = match value[0].as_str() {
            Some("EVENT") => return self.receive(&about(), &value[2]),
            Some("AUTH") => return assert_eq!(about(), self.challenge),
            Some("OK") => {
                let id = EventId::from_hex(about().as_bytes()).expect("an OK names an id");
                if let Some(author) = self.proofs.get(&id).filter(|_| value[2] == true) {
                    self.signed_in.push(*author);
                }
                Owed::Event(id)
            }
            Some("EOSE" | "CLOSED" | "COUNT") => Owed::Subscription(about()),
            Some("NOTICE") => Owed::Notice,
            _ => panic!("the relay said {value}"),
        };
        *self.got.entry(got).or_default() += 1;
    }

    /// Judges an event that was delivered.
    fn receive(&self, subscription: &str, event: &Value) {
        let json = event.to_string();
        let mut scratch = Scratch::new();
        let event = decode_event(json.as_bytes(), &mut scratch).expect("the relay sends events");
        let rules = Rules::import();
        let verdict = Verifier::new().verify(event, &rules, Timestamp(0), &mut Vec::new());
        assert!(verdict.is_ok(), "{verdict:?} said of {json}");
        let head = event.head;
        let asked =
            self.asked.get(subscription).is_some_and(|filters| filters.iter().any(|f| f.matches(&head)));
        assert!(asked, "nobody asked for {json}");
        let is_involved = self.signed_in.iter().any(|key| head.pubkey == *key || head.mentions(key));
        assert!(!PRIVATE.contains(&head.kind) || is_involved, "not for these eyes: {json}");
    }

    /// Everything was answered as often as it was asked; less, where the connection or a subscription was ended.
    pub(super) fn check_answers(&self) {
        for (what, got) in &self.got {
            let owed = self.owed.get(what).copied().unwrap_or(0);
            let is_extra = *what == Owed::Notice && self.session.closing().is_some();
            assert!(*got <= owed || is_extra, "{what:?} was answered {got} times instead of {owed}");
        }
        if self.session.closing().is_some() {
            return;
        }
        for (what, owed) in &self.owed {
            let may_miss = matches!(what, Owed::Subscription(id) if self.closed.contains(id));
            let got = self.got.get(what).copied().unwrap_or(0);
            assert!(got == *owed || may_miss, "{what:?} was answered {got} times instead of {owed}");
        }
    }

    /// Sleeps until the inbox signals.
    fn wait(&self) {
        struct Unpark(std::thread::Thread);
        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut arrival = std::pin::pin!(poll_fn(|context| self.session.inbox().poll_arrival(context)));
        for _ in 0..SECONDS_MAX {
            if let Poll::Ready(()) = arrival.as_mut().poll(&mut context) {
                return;
            }
            std::thread::park_timeout(Duration::from_secs(1));
        }
        panic!("no outcome within {SECONDS_MAX} seconds");
    }
}

/// The same event, by this author.
fn sign(event: &chappe_protocol::Event<'_>, author: &Keys) -> TestEvent {
    let builder = EventBuilder::new(event.head.kind.0).created_at(event.head.created_at.0);
    let unsigned = event.head.tags.iter().fold(builder.content(event.content), |builder, tag| {
        let strings: Vec<_> = tag.strings().map(String::from_utf8_lossy).collect();
        builder.tag(&strings)
    });
    unsigned.sign(author)
}
