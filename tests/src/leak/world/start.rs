//! How a world begins.

use chappe_app::config;
use chappe_testkit::naive::Model;
use chappe_testkit::naive::access::{Access, Mode};
use chappe_testkit::{Corpus, Keys, Rng, TestEvent};

use super::super::paths::LIMITS;
use super::super::people::{People, Person};
use super::super::policies::random_policy;
use super::{World, events};
use crate::harness::{Client, Relay};

const MODES: [(Mode, config::Mode); 6] = [
    (Mode::Open, config::Mode::Open),
    (Mode::Follows, config::Mode::Follows),
    (Mode::Managed, config::Mode::Managed),
    (Mode::Curating, config::Mode::Curating),
    (Mode::Social, config::Mode::Social),
    (Mode::Members, config::Mode::Members),
];

impl World {
    /// A relay with its people's follow lists and little else. The number says which mode; the rest is chance.
    pub async fn start(mut rng: Rng, number: u64) -> Self {
        let (corpus, events) = events::make(&mut rng);
        let people = People::new(&mut rng, &corpus.keys);
        let events = without_lists_of_roots(events, &people);
        let access = random_access(&mut rng, number, &people);
        let relay = start_relay(&access, number).await;
        relay.pass_seconds(Corpus::SECONDS);
        let viewers = connected(people.viewers(&mut rng), &relay).await;
        let publishers = connected(publishers(&mut rng, &people), &relay).await;
        let mut world = Self {
            number,
            rng,
            relay,
            people,
            access,
            model: Model::new(),
            publishers,
            viewers,
            events,
            corpus,
            recent: Vec::new(),
        };
        world.fill_lists().await;
        let made_at = world.relay.now() - 100;
        world.publish_follow_lists(made_at).await;
        world.recent.clear();
        world
    }
}

async fn connected(people: Vec<Person>, relay: &Relay) -> Vec<(Person, Client)> {
    let mut connected = Vec::new();
    for person in people {
        let client = person.connect(relay).await;
        connected.push((person, client));
    }
    connected
}

/// Nobody (who comes first), each person alone, a stranger, and some with two keys.
fn publishers(rng: &mut Rng, people: &People) -> Vec<Person> {
    let mut publishers = vec![Person::new("anonymous", vec![])];
    publishers.extend(people.all.iter().map(|keys| Person::new("person", vec![keys.clone()])));
    publishers.push(Person::new("stranger", vec![Keys::from_seed(rng.bits())]));
    for _ in 0..3 {
        let pair = vec![rng.pick(&people.all).clone(), Keys::from_seed(rng.bits())];
        publishers.push(Person::new("pair", pair));
    }
    publishers
}

/// Their lists change at known moments only.
fn without_lists_of_roots(mut events: Vec<TestEvent>, people: &People) -> Vec<TestEvent> {
    let roots: Vec<_> = people.roots.iter().chain([&people.admin]).map(Keys::public).collect();
    events.retain(|event| event.kind() != 3 || !roots.contains(&event.pubkey()));
    events
}

fn random_access(rng: &mut Rng, number: u64, people: &People) -> Access {
    let (mode, _) = MODES[usize::try_from(number).unwrap() % MODES.len()];
    let marker = Keys::from_seed(rng.bits()).hex();
    Access {
        mode,
        owners: vec![people.owner.hex()],
        admins: vec![people.admin.hex()],
        moderators: vec![people.moderator.hex()],
        auth_read: rng.percent(20),
        auth_write: rng.percent(20),
        exempt_kinds: vec![24_133, 13_194, 7],
        own_events_only: rng.percent(15),
        private_kinds: vec![4, 13, 14, 15, 1059, 1060],
        policy: rng.percent(85).then(|| random_policy(rng, people, &marker)),
        ..Access::default()
    }
}

async fn start_relay(access: &Access, number: u64) -> Relay {
    Relay::start_with(|config| {
        config.limits.limit_default = LIMITS.default;
        config.limits.limit_max = LIMITS.max;
        config.access.mode = MODES[usize::try_from(number).unwrap() % MODES.len()].1;
        config.access.auth_challenge = config::AuthChallenge::OnConnect;
        config.access.auth_read = access.auth_read;
        config.access.auth_write = access.auth_write;
        config.access.own_events_only = access.own_events_only;
        config.access.auth_exempt_kinds.clone_from(&access.exempt_kinds);
        config.rates.events_per_key_a_minute = 0;
        config.access.private_kinds.clone_from(&access.private_kinds);
        let keys = |list: &[String]| list.iter().map(|key| config::parse_key(key).unwrap()).collect();
        config.access.owners = keys(&access.owners);
        config.access.admins = keys(&access.admins);
        config.access.moderators = keys(&access.moderators);
        config.social.delay_step_milliseconds = 0;
        config.curating.events_per_key_a_day = 0;
        config.curating.events_per_address_a_day = 0;
        if let Some(policy) = &access.policy {
            config.policy.file = config.store.data_dir.join("policy.json");
            std::fs::write(&config.policy.file, serde_json::to_string_pretty(policy).unwrap()).unwrap();
        }
    })
    .await
}
