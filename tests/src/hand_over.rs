//! Order: stored events, then live ones, without a gap and without a double, while others publish; and the answers to
//! one connection's requests one after the other.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chappe_testkit::{EventBuilder, Keys, Rng, TestEvent};
use futures_util::SinkExt;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Client, Relay, heavy, seed};

const PUBLISHERS: usize = 4;
const EVENTS_EACH: usize = 400;
const SUBSCRIBERS: usize = 10;
/// Subscriptions that each subscriber opens at random moments. None is closed.
const OPENED_EACH: usize = 100;
const TOPICS: u64 = 12;
/// The kind of the event that is published last.
const LAST_KIND: u16 = 7_778;

fn events_of(publisher: u64) -> Vec<TestEvent> {
    let keys = Keys::from_seed(publisher);
    let event = |number: usize| {
        let topic = (number as u64 % TOPICS).to_string();
        // Some are older than what is stored, so that a stored query walks past their place before they come.
        let at = Relay::NOW - (number as u64 * 7919) % 1_000;
        EventBuilder::new(1).created_at(at).content(number.to_string()).tag(&["t", &topic]).sign(&keys)
    };
    (0..EVENTS_EACH).map(event).collect()
}

/// Publishes with a window in flight, and counts the OKs for all to see.
async fn publish(mut client: Client, events: Vec<TestEvent>, published: Arc<watch::Sender<usize>>) {
    for window in events.chunks(16) {
        for event in window {
            client.socket.feed(Message::text(event.message())).await.unwrap();
        }
        client.socket.flush().await.unwrap();
        for event in window {
            assert_eq!(client.ok(event).await, (true, String::new()));
            published.send_modify(|count| *count += 1);
        }
    }
}

/// Says when to open a subscription: at random places among the events, and up to some commits later.
async fn give_signals(mut rng: Rng, mut published: watch::Receiver<usize>, signals: mpsc::Sender<()>) {
    let mut moments: Vec<_> = (0..OPENED_EACH).map(|_| rng.below(PUBLISHERS * EVENTS_EACH)).collect();
    moments.sort_unstable();
    for moment in moments {
        published.wait_for(|count| *count >= moment).await.unwrap();
        tokio::time::sleep(Duration::from_micros(rng.within(0..5_000))).await;
        signals.send(()).await.unwrap();
    }
}

/// A client that opens subscriptions while events are being published, and hears each to its end.
struct Subscriber {
    client: Client,
    rng: Rng,
    open: Vec<Subscription>,
    ended: usize,
}

#[derive(Default)]
struct Subscription {
    topic: String,
    is_live: bool,
    /// How often each event was heard.
    heard: HashMap<String, usize>,
}

impl Subscriber {
    async fn run(mut self, mut signals: mpsc::Receiver<()>) -> Vec<Subscription> {
        while self.ended < OPENED_EACH {
            tokio::select! {
                heard = self.client.hear() => self.take(&heard),
                Some(()) = signals.recv() => self.open_one().await,
            }
        }
        self.open
    }

    async fn open_one(&mut self) {
        let topic = self.rng.within(0..TOPICS).to_string();
        // An event that both filters match counts once.
        let filters =
            format!(r##"{{"kinds":[{LAST_KIND}]}},{{"kinds":[1],"#t":["{topic}"]}},{{"#t":["{topic}"]}}"##);
        self.client.say(&format!(r#"["REQ","{}",{filters}]"#, self.open.len())).await;
        self.open.push(Subscription { topic, ..Subscription::default() });
    }

    fn take(&mut self, heard: &Value) {
        let subscription = &mut self.open[heard[1].as_str().unwrap().parse::<usize>().unwrap()];
        match heard[0].as_str() {
            Some("EOSE") => assert!(!std::mem::replace(&mut subscription.is_live, true), "twice: {heard}"),
            Some("EVENT") if heard[2]["kind"] == LAST_KIND => {
                assert!(subscription.is_live, "the last event is live");
                self.ended += 1;
            }
            Some("EVENT") => {
                let id = heard[2]["id"].as_str().unwrap().to_owned();
                *subscription.heard.entry(id).or_insert(0) += 1;
            }
            _ => panic!("{heard}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stored_then_live_has_no_gap_and_no_double() {
    let _alone = heavy().await;
    let mut rng = Rng::new(seed());
    let relay = Relay::start_with(|config| {
        config.limits.limit_default = 5_000;
        config.limits.live_backlog_bytes_max = 64 << 20;
    })
    .await;
    let (published, progress) = watch::channel(0);
    let published = Arc::new(published);
    let mut subscribing = Vec::new();
    for _ in 0..SUBSCRIBERS {
        let (sender, signals) = mpsc::channel(1);
        tokio::spawn(give_signals(Rng::new(rng.bits()), progress.clone(), sender));
        let client = relay.connect().await;
        let subscriber = Subscriber { client, rng: Rng::new(rng.bits()), open: Vec::new(), ended: 0 };
        subscribing.push(tokio::spawn(subscriber.run(signals)));
    }
    let mut all = Vec::new();
    let mut publishing = Vec::new();
    for publisher in 0..PUBLISHERS {
        let events = events_of(publisher as u64);
        all.extend(events.iter().map(|event| (event.id().to_string(), event.tags()[0][1].clone())));
        publishing.push(tokio::spawn(publish(relay.connect().await, events, Arc::clone(&published))));
    }
    for task in publishing {
        task.await.unwrap();
    }
    // None of them may find the last event stored.
    let expected = SUBSCRIBERS * OPENED_EACH;
    relay.reaches(&format!(r#""subscriptions":{expected}}}"#)).await;
    relay.connect().await.store(&EventBuilder::new(LAST_KIND).sign(&Keys::from_seed(0))).await;

    for task in subscribing {
        for Subscription { topic, heard, .. } in task.await.unwrap() {
            let matching: Vec<_> = all.iter().filter(|(_, own)| *own == topic).collect();
            let wrong = matching.iter().filter(|(id, _)| heard.get(id) != Some(&1)).count();
            assert_eq!(wrong, 0, "{wrong} of {} events were not heard once", matching.len());
            assert_eq!(heard.len(), matching.len(), "events of another topic were heard");
        }
    }
}

/// How often the conversation below is held.
const BLOCKS: u64 = 200;
/// How many times it is on its way at once: some 400 messages that nobody has answered.
const AHEAD: usize = 70;
/// A subscription is closed so many blocks after it was opened: further back than the relay reads ahead of its answers,
/// because a CLOSE for a query that still runs cuts it short.
const OPEN_BLOCKS: usize = 25;

struct Block {
    number: u64,
    events: [TestEvent; 3],
}

impl Block {
    fn new(number: u64) -> Self {
        let event = |place: u64| {
            let event = EventBuilder::new(1).created_at(Relay::NOW - number).content(place.to_string());
            event.tag(&["n", &number.to_string()]).sign(&Keys::from_seed(number))
        };
        Self { number, events: [event(0), event(1), event(2)] }
    }

    fn messages(&self) -> Vec<String> {
        let [first, second, third] = self.events.each_ref().map(TestEvent::message);
        let (number, filter) = (self.number, format!(r##"{{"#n":["{}"]}}"##, self.number));
        let mut messages = vec![
            first,
            second,
            // What is published after it must come live, as it did not exist yet.
            format!(r#"["REQ","{number}",{filter}]"#),
            third,
            format!(r#"["COUNT","{number}",{filter}]"#),
        ];
        if let Some(earlier) = number.checked_sub(OPEN_BLOCKS as u64) {
            messages.push(format!(r#"["CLOSE","{earlier}"]"#));
        }
        messages
    }

    async fn check(&self, client: &mut Client, live: &mut HashMap<String, String>) {
        let [first, second, third] = &self.events;
        let ok = |event: &TestEvent| format!(r#"["OK","{}",true,""]"#, event.id());
        let name = self.number.to_string();
        let mut stored = [first, second];
        stored.sort_by_key(|event| *event.id().as_bytes());
        let expected = [
            ok(first),
            ok(second),
            stored[0].delivery(&name),
            stored[1].delivery(&name),
            format!(r#"["EOSE","{name}",["finish"]]"#),
            ok(third),
            format!(r#"["COUNT","{name}",{{"count":3"#),
        ];
        live.insert(third.delivery(&name), name);
        for expected in expected {
            let mut heard = client.hear_text().await;
            // A live event may come between any two answers, once, and not before the EOSE of its subscription.
            while live.remove(&heard).is_some() {
                assert!(
                    !expected.contains("EOSE") || !heard.contains(&format!(r#""EVENT","{}","#, self.number))
                );
                heard = client.hear_text().await;
            }
            assert!(heard.starts_with(&expected), "heard {heard} instead of {expected}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_keep_the_order_of_pipelined_requests() {
    // A CLOSE that had not taken its turn would leave too many open.
    let relay = Relay::start_with(|config| config.limits.subscriptions_max = OPEN_BLOCKS + 1).await;
    let mut client = relay.connect().await;
    let blocks: Vec<_> = (0..BLOCKS).map(Block::new).collect();
    let mut messages: Vec<_> = blocks.iter().map(Block::messages).collect();
    let mut live = HashMap::new();
    for (place, block) in blocks.iter().enumerate() {
        let ahead = if place == 0 { AHEAD } else { 1 };
        for message in messages.drain(..ahead.min(messages.len())).flatten() {
            client.socket.feed(Message::text(message)).await.unwrap();
        }
        client.socket.flush().await.unwrap();
        block.check(&mut client, &mut live).await;
    }
    while !live.is_empty() {
        let heard = client.hear_text().await;
        assert!(live.remove(&heard).is_some(), "{heard}");
    }
}
