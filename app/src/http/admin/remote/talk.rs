//! One conversation with a remote signer.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use chappe_protocol::{PublicKey, Timestamp};
use chappe_session::{Activity, Session};
use chappe_signer::{Client, Heard, Said};
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::REMOTE_SECONDS;
use crate::http::Backstage;
use crate::relay::{Phase, reached};

/// What is known of a conversation.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    /// Whether the signer has answered for the first time.
    pub(super) is_connected: bool,
    /// Which of the page's questions this is about.
    pub(super) turn: Option<u64>,
    /// What came of that: the signed event, or the signer's no.
    pub(super) answer: Option<Result<Value, String>>,
    /// Where the person has to go first.
    pub(super) auth_url: Option<String>,
    /// Why nothing comes of the whole conversation.
    pub(super) failure: Option<String>,
}

/// Something to be signed.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// What is given of the event.
    pub(super) event: Map<String, Value>,
    /// Which of the page's questions it is.
    pub(super) turn: u64,
}

/// One side of a conversation: a client of this relay.
pub(super) struct Talk {
    session: Session,
    client: Client,
    /// None until one answers the invitation.
    signer: Option<PublicKey>,
    /// What the signer was told to know the client by, or has to say to be known.
    secret: String,
    told: watch::Sender<Told>,
    /// The name of what was asked last.
    asked: u64,
    /// What is to be asked once the signer is connected.
    due: Option<Wanted>,
}

/// The name of the subscription to what signers say.
const SUBSCRIPTION: &str = "signer";

impl Talk {
    pub(super) fn new(
        session: Session,
        client: Client,
        (signer, secret): (Option<PublicKey>, String),
        told: watch::Sender<Told>,
    ) -> Self {
        Self { session, client, signer, secret, told, asked: 0, due: None }
    }

    /// Speaks until nobody asks any more, the relay stops, or the time is over.
    pub(super) async fn go_on<S: Backstage>(mut self, mut wanted: mpsc::Receiver<Wanted>, state: S) {
        let filter = json!({ "kinds": [24_133], "#p": [self.client.public().to_string()], "limit": 0 });
        self.say(json!(["REQ", SUBSCRIPTION, filter]).to_string().as_bytes(), state.now());
        if let Some(signer) = self.signer {
            let secret = self.secret.clone();
            self.ask("connect", &[&signer.to_string(), &secret, super::PERMISSIONS], state.now());
        }
        let inbox = Arc::clone(self.session.inbox());
        let end = sleep(Duration::from_secs(REMOTE_SECONDS));
        tokio::pin!(end);
        loop {
            while self.take_turn(state.now()) {}
            tokio::select! {
                wanted = wanted.recv() => match wanted {
                    Some(wanted) => self.want(wanted, state.now()),
                    None => return,
                },
                () = poll_fn(|context| inbox.poll_arrival(context)) => {}
                () = &mut end => return,
                () = reached(state.phase(), Phase::Stopping) => return,
            }
        }
    }

    /// Hears what the relay has to say. Whether there may be more.
    fn take_turn(&mut self, now: Timestamp) -> bool {
        let activity = self.session.advance(now);
        let outbox = self.session.outbox();
        let heard: Vec<Value> =
            outbox.messages().filter_map(|message| serde_json::from_slice(message).ok()).collect();
        outbox.clear();
        for message in &heard {
            self.hear(message, now);
        }
        activity == Activity::More || !heard.is_empty()
    }

    fn hear(&mut self, message: &Value, now: Timestamp) {
        let text = |place: usize| message.get(place).and_then(Value::as_str).unwrap_or_default();
        match (text(0), message.get(2)) {
            ("EVENT", Some(event)) => {
                let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
                let from = PublicKey::from_hex(text("pubkey").as_bytes()).ok();
                if let Some(heard) = from.and_then(|from| self.client.hear(from, text("content"))) {
                    self.hear_signer(heard, now);
                }
            }
            ("OK", Some(Value::Bool(false))) => self.fail(text(3)),
            ("CLOSED", _) => self.fail(text(2)),
            _ => {}
        }
    }

    fn hear_signer(&mut self, Heard { from, id, said }: Heard, now: Timestamp) {
        let Some(signer) = self.signer else {
            // The answer to the invitation. Without the secret anybody could be the signer.
            if said == Said::Result(self.secret.clone()) {
                self.signer = Some(from);
                self.connected(now);
            }
            return;
        };
        if from != signer || id != self.asked.to_string() {
            return;
        }
        let is_connected = self.told.borrow().is_connected;
        match said {
            Said::AuthUrl(url) if url.starts_with("https://") => {
                self.told.send_modify(|told| told.auth_url = Some(url));
            }
            Said::AuthUrl(_) => {}
            Said::Error(error) if !is_connected => self.told.send_modify(|told| {
                told.failure = Some(format!("the signer says: {error}"));
            }),
            Said::Result(_) if !is_connected => self.connected(now),
            Said::Result(signed) => {
                let answer =
                    serde_json::from_str(&signed).map_err(|_| "something that is no event".to_owned());
                self.told.send_modify(|told| told.answer = Some(answer));
            }
            Said::Error(error) => self.told.send_modify(|told| told.answer = Some(Err(error))),
        }
    }

    fn connected(&mut self, now: Timestamp) {
        self.told.send_modify(|told| {
            told.is_connected = true;
            told.auth_url = None;
        });
        if let Some(due) = self.due.take() {
            self.ask_for_signature(due.event, now);
        }
    }

    /// Has this signed, instead of what was to be signed before.
    fn want(&mut self, wanted: Wanted, now: Timestamp) {
        self.told.send_modify(|told| {
            told.turn = Some(wanted.turn);
            told.answer = None;
            // Before that, the address is about the connection itself.
            if told.is_connected {
                told.auth_url = None;
            }
        });
        let is_connected = self.told.borrow().is_connected;
        if is_connected {
            self.ask_for_signature(wanted.event, now);
        } else {
            self.due = Some(wanted);
        }
    }

    /// The person may have taken long to find the signer: the event is made now.
    fn ask_for_signature(&mut self, mut event: Map<String, Value>, now: Timestamp) {
        event.entry("created_at").or_insert_with(|| now.0.into());
        self.ask("sign_event", &[&Value::Object(event).to_string()], now);
    }

    fn ask(&mut self, method: &str, params: &[&str], now: Timestamp) {
        let Some(signer) = self.signer else { return };
        self.asked += 1;
        let mut nonce = [0; 32];
        let id = self.asked.to_string();
        let asked = getrandom::fill(&mut nonce).map_err(|error| error.to_string()).and_then(|()| {
            let asked = self.client.ask(&signer, (&id, method, params), nonce, now);
            asked.map_err(|error| error.to_string())
        });
        match asked {
            Ok(event) => self.say(&[&b"[\"EVENT\","[..], &event, b"]"].concat(), now),
            Err(error) => self.told.send_modify(|told| {
                if told.is_connected {
                    told.answer = Some(Err(error));
                } else {
                    told.failure = Some(error);
                }
            }),
        }
    }

    fn say(&mut self, message: &[u8], now: Timestamp) {
        self.session.receive(message, now);
    }

    fn fail(&self, reason: &str) {
        let text = format!("the relay does not carry what the signer is asked (kind 24133): {reason}");
        self.told.send_modify(|told| told.failure = Some(text));
    }
}
