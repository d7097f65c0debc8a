//! A relay of a hundred lines, with one bad habit: the generator has to notice it.

use std::sync::{Arc, Mutex};

use chappe_codec::{ClientMessage, Scratch, decode_message};
use chappe_protocol::{Event, EventId, Filter, SubscriptionId};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

use crate::known::{Known, answer_to, shown};

/// What the relay does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Habit {
    /// Nothing.
    Honest,
    /// Keeps only every other event that it accepts.
    Forgets,
    /// Sends stored events oldest first.
    Reverses,
    /// Sends the newest stored event instead of the last one asked for.
    Substitutes,
    /// Closes every subscription.
    Closes,
    /// Delivers live events twice.
    Repeats,
    /// Delivers live events to everybody.
    Gossips,
    /// Accepts events and delivers none.
    Keeps,
    /// Refuses every event.
    Refuses,
    /// Says OK to an event that nobody sent.
    Dreams,
    /// Hangs up when a subscription has waited for a moment.
    HangsUp,
}

struct Relay {
    habit: Habit,
    stored: Mutex<Vec<Arc<Known>>>,
    live: broadcast::Sender<Arc<Known>>,
}

struct Client {
    relay: Arc<Relay>,
    socket: WebSocketStream<TcpStream>,
    subscription: Option<(SubscriptionId, Vec<Filter>)>,
}

/// Starts one on a free port, and tells its address.
pub(super) async fn start(habit: Habit) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let relay = Arc::new(Relay { habit, stored: Mutex::default(), live: broadcast::channel(10_000).0 });
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let relay = Arc::clone(&relay);
            tokio::spawn(async move {
                let socket = accept_async(stream).await.unwrap();
                Client { relay, socket, subscription: None }.serve().await;
            });
        }
    });
    format!("ws://{address}")
}

impl Client {
    async fn serve(mut self) {
        let mut live = self.relay.live.subscribe();
        loop {
            tokio::select! {
                message = self.socket.next() => match message {
                    Some(Ok(Message::Text(text))) => self.take(&text).await,
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return,
                },
                event = live.recv() => self.deliver(&event.unwrap()).await,
            }
            if self.relay.habit == Habit::HangsUp && self.subscription.is_some() {
                return;
            }
        }
    }

    async fn take(&mut self, text: &str) {
        let mut scratch = Scratch::new();
        match decode_message(text.as_bytes(), &mut scratch).unwrap() {
            ClientMessage::Event(event) => self.keep(&event, text).await,
            ClientMessage::Req { subscription, filters } => self.answer(subscription, filters).await,
            ClientMessage::Close { .. } => self.subscription = None,
            ClientMessage::Auth(_) | ClientMessage::Count { .. } => panic!("the generator never sends this"),
        }
    }

    async fn keep(&mut self, event: &Event<'_>, text: &str) {
        let habit = self.relay.habit;
        if habit == Habit::Refuses {
            return self.say(format!(r#"["OK","{}",false,"blocked: go away"]"#, event.head.id)).await;
        }
        if habit == Habit::Dreams {
            self.say(format!(r#"["OK","{}",true,""]"#, EventId::from_bytes([7; 32]))).await;
        }
        let json = text.strip_prefix(r#"["EVENT","#).and_then(|rest| rest.strip_suffix(']')).unwrap();
        let known = Arc::new(Known::from_json(json).unwrap());
        if habit != Habit::Forgets || event.head.id.as_bytes()[0].is_multiple_of(2) {
            self.relay.stored.lock().unwrap().push(Arc::clone(&known));
        }
        if habit != Habit::Keeps {
            // Nobody has to listen.
            let _ = self.relay.live.send(known);
        }
        self.say(format!(r#"["OK","{}",true,""]"#, event.head.id)).await;
    }

    async fn answer(&mut self, subscription: SubscriptionId, filters: Vec<Filter>) {
        let habit = self.relay.habit;
        if habit == Habit::Closes {
            return self.say(format!(r#"["CLOSED","{subscription}","error: no"]"#)).await;
        }
        let stored = self.relay.stored.lock().unwrap().clone();
        let shown = shown(stored.iter().map(|event| &**event));
        let mut ids = answer_to(&filters[0], &shown);
        if habit == Habit::Reverses {
            ids.reverse();
        }
        if let (Habit::Substitutes, Some(last)) = (habit, ids.last_mut()) {
            *last = EventId::from_bytes([7; 32]);
        }
        for id in ids {
            self.say(format!(r#"["EVENT","{subscription}",{{"id":"{id}"}}]"#)).await;
        }
        self.say(format!(r#"["EOSE","{subscription}"]"#)).await;
        self.subscription = Some((subscription, filters));
    }

    async fn deliver(&mut self, event: &Known) {
        let Some((subscription, filters)) = &self.subscription else { return };
        let matches = filters.iter().any(|filter| filter.matches(&event.head()));
        let text = format!(r#"["EVENT","{subscription}",{{"id":"{}"}}]"#, event.head().id);
        let habit = self.relay.habit;
        let times = if habit == Habit::Repeats { 2 } else { 1 };
        if !matches && habit != Habit::Gossips {
            return;
        }
        for _ in 0..times {
            self.say(text.clone()).await;
        }
    }

    async fn say(&mut self, text: String) {
        // A client that has gone does not listen.
        let _ = self.socket.send(Message::text(text)).await;
    }
}
