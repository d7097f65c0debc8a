//! A relay full of realistic events, asked at random, compared with the naive oracle: live, stored and counted.
//!
//! `CHAPPE_SEED` repeats a run.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chappe_protocol::{EventId, Filter};
use chappe_testkit::naive::{self, Limits, Model, Offered};
use chappe_testkit::{Corpus, EventBuilder, Keys, Rng, TestEvent, filter_json, random_filters, req_message};
use futures_util::SinkExt;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Client, Relay, heavy, seed};

const FILTERS: usize = 20_000;
/// Small, so that both are met often.
const LIMITS: Limits = Limits { default: 100, max: 300 };
const PRIVATE_KINDS: [u16; 6] = [4, 13, 14, 15, 1059, 1060];
/// Live subscriptions of one connection, and connections of one viewer.
const SUBSCRIPTIONS: usize = 1_000;
const CONNECTIONS: usize = 2;
/// A live subscription that matches more events than this is not opened: the answers are as right, and all take longer.
const DELIVERIES_MAX: usize = 150;
/// Its kind is that of the event that is published last, so that everybody knows when to stop listening.
const LAST_KIND: u16 = 7_778;

/// Who asks.
struct Viewer {
    keys: Vec<Keys>,
    hex: Vec<String>,
}

/// What one REQ asks.
struct Ask {
    filters: Vec<Filter>,
    /// The events it matches that its viewer may see, as places in [`World::events`].
    matching: Vec<usize>,
}

/// All that is published and asked.
struct World {
    /// In the order of publishing. Some come twice.
    events: Vec<TestEvent>,
    /// The events' JSON, and the first place of each id.
    json: Vec<String>,
    places: HashMap<String, usize>,
    /// Each with what they ask.
    viewers: Vec<(Viewer, Vec<Ask>)>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut corpus = Corpus::plain(seed, 5_600, 60);
        let eventful = Corpus::eventful(seed ^ 1, 1_900, 40);
        corpus.keys.extend(eventful.keys);
        corpus.events.extend(eventful.events);
        let mut rng = Rng::new(seed ^ 2);
        let mut viewers = Vec::new();
        for _ in 0..2 {
            let keys: Vec<_> = (0..3).map(|_| rng.pick(&corpus.keys).clone()).collect();
            let hex = keys.iter().map(Keys::hex).collect();
            let mut asks = Vec::new();
            let mut filters = 0;
            while filters < FILTERS / 2 {
                asks.push(Ask { filters: random_filters(&mut rng, &corpus), matching: Vec::new() });
                filters += asks[asks.len() - 1].filters.len();
            }
            viewers.push((Viewer { keys, hex }, asks));
        }
        let mut events = corpus.events;
        let end = Corpus::START + Corpus::SECONDS;
        events.push(EventBuilder::new(LAST_KIND).created_at(end).sign(&corpus.keys[0]));
        let json: Vec<_> = events.iter().map(TestEvent::json).collect();
        let mut places = HashMap::new();
        for (place, event) in events.iter().enumerate() {
            places.entry(event.id().to_string()).or_insert(place);
        }
        let mut world = Self { events, json, places, viewers };
        world.find_matches();
        world
    }

    /// Finds out by plain loops what each ask matches.
    fn find_matches(&mut self) {
        let events = &self.events;
        std::thread::scope(|scope| {
            for (viewer, asks) in &mut self.viewers {
                scope.spawn(move || {
                    let visible: Vec<bool> = events.iter().map(|event| viewer.may_see(event)).collect();
                    for ask in asks {
                        let matches = |event: &TestEvent| {
                            ask.filters.iter().any(|filter| naive::matches(filter, event))
                        };
                        let places = 0..events.len();
                        ask.matching =
                            places.filter(|&place| visible[place] && matches(&events[place])).collect();
                    }
                });
            }
        });
    }

    /// Where the event came first, if it comes more than once.
    fn first_place(&self, place: usize) -> usize {
        self.places[&self.events[place].id().to_string()]
    }

    /// The places in groups that are published without waiting. An event that comes again starts a new group: it is a
    /// duplicate as long as the first is on disk, whatever is on its way that will delete or replace it.
    fn windows(&self) -> Vec<Vec<usize>> {
        let mut windows: Vec<Vec<usize>> = vec![Vec::new()];
        for place in 0..self.events.len() {
            let last = windows.last().unwrap();
            if last.len() >= 200 || self.first_place(place) != place {
                windows.push(Vec::new());
            }
            windows.last_mut().unwrap().push(place);
        }
        windows
    }

    fn is_last(&self, place: usize) -> bool {
        place + 1 == self.events.len()
    }

    /// The place of a delivered event, which has to be what was published, byte for byte; and the subscription.
    fn delivered<'t>(&self, text: &'t str) -> Option<(&'t str, usize)> {
        let (subscription, event) = text.strip_prefix(r#"["EVENT",""#)?.split_once("\",")?;
        let id = event.get(7..71).unwrap_or_default();
        let place = *self.places.get(id).unwrap_or_else(|| panic!("nobody published {text}"));
        assert_eq!(event.strip_suffix(']').unwrap(), self.json[place]);
        Some((subscription, place))
    }
}

impl Viewer {
    fn may_see(&self, event: &TestEvent) -> bool {
        let is_mine = |key: &str| self.hex.iter().any(|hex| hex == key);
        !PRIVATE_KINDS.contains(&event.kind())
            || is_mine(&event.pubkey().to_string())
            || event.tag_values("p").any(is_mine)
    }

    async fn connect(&self, relay: &Relay) -> Client {
        relay.connect_as(&self.keys.iter().collect::<Vec<_>>()).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_stored_and_counted_answers_are_the_oracles() {
    let _alone = heavy().await;
    let seed = seed();
    let world = Arc::new(World::new(seed));
    let relay = Relay::start_with(|config| {
        config.limits.limit_default = LIMITS.default;
        config.limits.limit_max = LIMITS.max;
        config.limits.subscriptions_max = SUBSCRIPTIONS + 1;
        config.limits.subscription_bytes_max = 256 << 20;
        config.limits.live_backlog_bytes_max = 256 << 20;
    })
    .await;
    relay.pass_seconds(Corpus::SECONDS);

    let listeners = listen(&relay, &world).await;
    let opened: Vec<&Ask> = listeners.iter().flat_map(|listener| listener.asks(&world)).collect();
    let heard_by_anyone: HashSet<usize> =
        opened.iter().flat_map(|ask| ask.matching.iter().copied()).collect();
    eprintln!("{} events, {} live subscriptions", world.events.len(), opened.len());
    let hearing: Vec<_> =
        listeners.into_iter().map(|listener| tokio::spawn(listener.hear_all(Arc::clone(&world)))).collect();
    let (model, became) = publish(&relay, &world, &heard_by_anyone).await;
    let mut deliveries = 0;
    for heard in hearing {
        let (listener, heard) = heard.await.unwrap();
        deliveries += listener.check(&world, &became, &heard);
    }
    eprintln!("{deliveries} live deliveries");

    ask_all(&relay, &world, &model, 1).await;
    // What has expired since is gone from every answer.
    relay.pass_seconds(16 * 86_400);
    ask_all(&relay, &world, &model, 5).await;
}

/// A connection with many live subscriptions, each named by the number of its ask.
struct Listener {
    client: Client,
    viewer: usize,
    asks: Vec<usize>,
}

/// Opens live subscriptions on the empty relay.
async fn listen(relay: &Relay, world: &World) -> Vec<Listener> {
    let mut listeners = Vec::new();
    for (viewer, (_, asks)) in world.viewers.iter().enumerate() {
        let affordable = |&ask: &usize| asks[ask].matching.len() <= DELIVERIES_MAX;
        let numbers: Vec<_> = (0..asks.len()).filter(affordable).collect();
        for numbers in numbers.chunks(SUBSCRIPTIONS).take(CONNECTIONS) {
            let client = world.viewers[viewer].0.connect(relay).await;
            listeners.push(Listener { client, viewer, asks: numbers.to_vec() });
        }
    }
    for listener in &mut listeners {
        let asks = &world.viewers[listener.viewer].1;
        for numbers in listener.asks.chunks(50) {
            for &number in numbers {
                listener.client.say(&req_message(&number.to_string(), &asks[number].filters)).await;
            }
            for number in numbers {
                listener.client.expect_start(&format!(r#"["EOSE","{number}""#)).await;
            }
        }
        listener.client.say(&format!(r#"["REQ","last",{{"kinds":[{LAST_KIND}]}}]"#)).await;
        listener.client.expect_start(r#"["EOSE","last""#).await;
    }
    listeners
}

/// What came on each subscription, in its order.
type Heard = HashMap<usize, Vec<usize>>;

impl Listener {
    fn asks<'w>(&self, world: &'w World) -> impl Iterator<Item = &'w Ask> {
        let asks = &world.viewers[self.viewer].1;
        self.asks.iter().map(|&number| &asks[number])
    }

    async fn hear_all(mut self, world: Arc<World>) -> (Self, Heard) {
        let mut heard = Heard::new();
        loop {
            let text = self.client.hear_text().await;
            let (subscription, place) = world.delivered(&text).unwrap_or_else(|| panic!("{text}"));
            if subscription == "last" {
                return (self, heard);
            }
            // The last event's other deliveries may come before or after, and are not looked at.
            if !world.is_last(place) {
                heard.entry(subscription.parse().unwrap()).or_default().push(place);
            }
        }
    }

    /// Compares with what a naive match delivers: stored events in the order of their commits, ephemeral ones whenever.
    fn check(&self, world: &World, became: &[Offered], heard: &Heard) -> usize {
        let mut deliveries = 0;
        for &number in &self.asks {
            let ask = &world.viewers[self.viewer].1[number];
            let told = |kind: Offered| {
                let told =
                    ask.matching.iter().filter(|&&place| became[place] == kind && !world.is_last(place));
                told.map(|&place| world.first_place(place)).collect::<Vec<_>>()
            };
            let (stored, mut ephemeral) = (told(Offered::Stored), told(Offered::Ephemeral));
            let heard = heard.get(&number).map_or(&[][..], Vec::as_slice);
            let is_ephemeral = |place: &usize| (20_000..30_000).contains(&world.events[*place].kind());
            let (mut heard_ephemeral, heard_stored): (Vec<usize>, Vec<usize>) =
                heard.iter().partition(|place| is_ephemeral(place));
            ephemeral.sort_unstable();
            heard_ephemeral.sort_unstable();
            let filters: Vec<_> = ask.filters.iter().map(filter_json).collect();
            assert_eq!(heard_stored, stored, "live for {filters:?}");
            assert_eq!(heard_ephemeral, ephemeral, "live, ephemeral, for {filters:?}");
            deliveries += heard.len();
        }
        deliveries
    }
}

/// Publishes everything, a window at a time. Gives the model of what is stored, and what became of each event.
async fn publish(relay: &Relay, world: &World, heard: &HashSet<usize>) -> (Model, Vec<Offered>) {
    let mut client = relay.connect().await;
    let mut model = Model::new();
    let mut all_became = Vec::new();
    for window in world.windows() {
        for &place in &window {
            client.socket.feed(Message::text(format!(r#"["EVENT",{}]"#, world.json[place]))).await.unwrap();
        }
        client.socket.flush().await.unwrap();
        for &place in &window {
            let event = &world.events[place];
            let became = model.offer(event, relay.now());
            let (accepted, text) = match became {
                Offered::Stored => (true, ""),
                Offered::Ephemeral if heard.contains(&place) => (true, ""),
                Offered::Ephemeral => (true, "mute: "),
                Offered::Duplicate => (true, "duplicate: already have"),
                Offered::Superseded => (false, "duplicate: have a newer"),
                Offered::Deleted => (false, "blocked: "),
                Offered::Expired => (false, "invalid: "),
            };
            let said = client.ok(event).await;
            let fits = said.0 == accepted && said.1.starts_with(text) && said.1.is_empty() == text.is_empty();
            assert!(fits, "{said:?} instead of {accepted} {text:?} for {}", event.json());
            all_became.push(became);
        }
    }
    (model, all_became)
}

/// Has every `stride`th ask answered and counted, by all viewers at once.
async fn ask_all(relay: &Relay, world: &Arc<World>, model: &Model, stride: usize) {
    let served: HashSet<usize> =
        model.served(relay.now()).map(|event| world.places[&event.id().to_string()]).collect();
    assert!(served.len() > 4_000, "only {} events are stored", served.len());
    let served = Arc::new(served);
    let mut tasks = Vec::new();
    for viewer in 0..world.viewers.len() {
        let client = world.viewers[viewer].0.connect(relay).await;
        let asking =
            Asking { client, world: Arc::clone(world), viewer, served: Arc::clone(&served), hints: [0; 3] };
        tasks.push(tokio::spawn(asking.ask_every(stride)));
    }
    let mut hints = [0; 3];
    for task in tasks {
        let own = task.await.unwrap();
        (0..3).for_each(|hint| hints[hint] += own[hint]);
    }
    let [finish, more, none] = hints;
    eprintln!("{} events served, hints: {finish} finish, {more} more, {none} none", served.len());
    // None says nothing wrong, but most answers ought to say something; to a limit of 0 there is nothing to say.
    assert!(finish > 0 && more > 0 && none < (finish + more) / 2);
}

/// How many questions are on their way at once.
const PIPELINED: usize = 4;

struct Asking {
    client: Client,
    world: Arc<World>,
    viewer: usize,
    served: Arc<HashSet<usize>>,
    hints: [usize; 3],
}

impl Asking {
    async fn ask_every(mut self, stride: usize) -> [usize; 3] {
        let world = Arc::clone(&self.world);
        let asks: Vec<&Ask> = world.viewers[self.viewer].1.iter().step_by(stride).collect();
        for asks in asks.chunks(PIPELINED) {
            for ask in asks {
                // The name of the one before: it is replaced.
                let req = req_message("q", &ask.filters);
                let count = req.replacen("REQ", "COUNT", 1);
                self.client.socket.feed(Message::text(req)).await.unwrap();
                self.client.socket.feed(Message::text(count)).await.unwrap();
            }
            self.client.socket.flush().await.unwrap();
            for ask in asks {
                self.check(ask).await;
            }
        }
        self.hints
    }

    async fn check(&mut self, ask: &Ask) {
        let world = Arc::clone(&self.world);
        // Of an event that came twice, the first place alone is among the served.
        let stored = ask.matching.iter().filter(|place| self.served.contains(place));
        let matching: Vec<&TestEvent> = stored.map(|&place| &world.events[place]).collect();
        let expected = naive::query(matching.iter().copied(), &ask.filters, LIMITS);
        let mut answer: Vec<EventId> = Vec::new();
        let hint = loop {
            let text = self.client.hear_text().await;
            match world.delivered(&text) {
                Some((_, place)) => answer.push(world.events[place].id()),
                None => break hint(&text),
            }
        };
        let filters: Vec<_> = ask.filters.iter().map(filter_json).collect();
        assert_eq!(answer, expected, "stored, for {filters:?}");
        match hint.as_deref() {
            Some("finish") => assert_eq!(answer.len(), matching.len(), "finish, for {filters:?}"),
            Some("more") => assert!(answer.len() < matching.len(), "more, for {filters:?}"),
            _ => {}
        }
        self.hints[match hint.as_deref() {
            Some("finish") => 0,
            Some("more") => 1,
            _ => 2,
        }] += 1;
        let counted = self.client.hear().await;
        assert_eq!((&counted[0], &counted[1]), (&"COUNT".into(), &"q".into()), "{counted}");
        let expected = naive::count(matching.iter().copied(), &ask.filters);
        assert_eq!(counted[2]["count"], expected, "counted, for {filters:?}");
    }
}

fn hint(eose: &str) -> Option<String> {
    let eose: Value = serde_json::from_str(eose).unwrap();
    assert_eq!((&eose[0], &eose[1]), (&"EOSE".into(), &"q".into()), "{eose}");
    let hint = eose[2][0].as_str().map(str::to_owned);
    assert!(matches!(hint.as_deref(), None | Some("finish" | "more")), "{eose}");
    hint
}
