//! One relay with its people, its events, and the model of all of it.

mod changes;
mod events;
mod live;
mod start;

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use chappe_protocol::Filter;
use chappe_testkit::naive::access::{Access, Reason};
use chappe_testkit::naive::{self, Model, Offered};
use chappe_testkit::{Corpus, Rng, TestEvent};
use serde_json::Value;

use super::paths::{Expected, PATHS};
use super::people::{People, Person};
use super::{Tally, add};
use crate::harness::{Client, Relay};

/// Questions of one viewer by one path at one time.
const QUESTIONS: usize = 6;
/// Events on their way at once.
const WINDOW: usize = 16;

/// A relay, and what it ought to do.
pub struct World {
    number: u64,
    rng: Rng,
    relay: Relay,
    people: People,
    /// What the operator decided, and who is on which list.
    access: Access,
    /// What is stored.
    model: Model,
    /// All who publish, with their connections, which stay open all the time.
    publishers: Vec<(Person, Client)>,
    viewers: Vec<(Person, Client)>,
    /// All to be published, in this order, and follow lists of the past.
    pub events: Vec<TestEvent>,
    /// What filters are made of.
    corpus: Corpus,
    /// Published and accepted since the listeners were last heard, and who of the viewers may see it.
    recent: Vec<(TestEvent, Vec<Sight>)>,
}

/// Whether a viewer is to be told of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    Seen,
    Hidden,
    /// It changes by itself who may see it.
    Either,
}

impl World {
    /// What a failure is about.
    pub fn description(&self) -> String {
        let Access { mode, auth_read, auth_write, own_events_only, policy, .. } = &self.access;
        let policy = policy.as_ref().map_or_else(|| "no policy".to_owned(), Value::to_string);
        let gates =
            format!("auth_read {auth_read}, auth_write {auth_write}, own_events_only {own_events_only}");
        format!("world {}: {mode:?}, {gates}, {policy}", self.number)
    }

    fn about(&self, person: &Person) -> String {
        format!("by the {} {:?} in {}", person.part, person.hex, self.description())
    }

    /// Publishes these events, mostly by their authors or by nobody in particular, and checks each answer.
    pub async fn publish(&mut self, places: Range<usize>, tally: &Tally) {
        let mut window: Vec<(usize, usize)> = Vec::new();
        let mut addresses = HashSet::new();
        for place in places {
            let event = &self.events[place];
            let author =
                self.publishers.iter().position(|(person, _)| person.hex == [event.pubkey().to_string()]);
            let by = match author {
                Some(author) if self.rng.percent(45) => author,
                _ if self.rng.percent(45) => 0,
                _ => self.rng.below(self.publishers.len()),
            };
            // Of two versions of one thing on two connections, who knows which comes first.
            let regular = matches!(event.kind(), 1 | 2 | 4..=44 | 1_000..=9_999 | 20_000..=29_999 | 40_000..);
            if window.len() >= WINDOW || (!regular && !addresses.insert((event.kind(), event.pubkey()))) {
                self.publish_window(&window, tally).await;
                window.clear();
                addresses.clear();
            }
            window.push((place, by));
        }
        self.publish_window(&window, tally).await;
    }

    async fn publish_window(&mut self, window: &[(usize, usize)], tally: &Tally) {
        for &(place, by) in window {
            let message = self.events[place].message();
            self.publishers[by].1.say(&message).await;
        }
        for &(place, by) in window {
            let event = self.events[place].clone();
            let said = self.publishers[by].1.ok(&event).await;
            self.check_ok(&event, by, &said, tally);
        }
    }

    /// Compares an OK with the model, and lets the model take the event if it has been accepted.
    fn check_ok(&mut self, event: &TestEvent, by: usize, said: &(bool, String), tally: &Tally) {
        let publisher = &self.publishers[by].0;
        let reasons = self.access.reasons_against(event, &publisher.hex, self.relay.now());
        let about =
            format!("OK {said:?}, reasons {reasons:?}, for {} {}", event.json(), self.about(publisher));
        if reasons.is_empty() {
            let became = self.model.offer(event, self.relay.now());
            let fits = match became {
                Offered::Stored => said.0 && said.1.is_empty(),
                Offered::Ephemeral => said.0 && (said.1.is_empty() || said.1.starts_with("mute: ")),
                Offered::Duplicate => said.0 && said.1.starts_with("duplicate: "),
                Offered::Superseded => !said.0 && said.1.starts_with("duplicate: "),
                Offered::Deleted | Offered::Expired => panic!("{became:?} {about}"),
            };
            assert!(fits, "{became:?}, but {about}");
            if matches!(became, Offered::Stored | Offered::Ephemeral) {
                let sights = self.sights(event);
                self.recent.push((event.clone(), sights));
            }
            add(&tally.published, 1);
        } else {
            let fits = reasons.iter().any(|reason| has_prefix(reason, &publisher.hex, &said.1));
            assert!(!said.0 && fits, "{about}");
            add(&tally.refused, 1);
        }
    }

    fn sights(&self, event: &TestEvent) -> Vec<Sight> {
        let sight = |viewer: &(Person, Client)| {
            if self.access.can_see(&viewer.0.hex, event) { Sight::Seen } else { Sight::Hidden }
        };
        self.viewers.iter().map(sight).collect()
    }

    /// Has every viewer ask at random by every path.
    pub async fn ask_everything(&mut self, tally: &Tally) {
        let stored: Vec<TestEvent> = self.model.served(self.relay.now()).cloned().collect();
        let world: Vec<TestEvent> = self.events.iter().chain(&stored).cloned().collect();
        let mut viewers = std::mem::take(&mut self.viewers);
        for (viewer, client) in &mut viewers {
            let about = self.about(viewer);
            for path in PATHS {
                let questions: Vec<Vec<Filter>> =
                    (0..QUESTIONS).map(|_| path.question(&mut self.rng, &self.corpus, viewer)).collect();
                for (name, filters) in questions.iter().enumerate() {
                    client.say(&path.message(&name.to_string(), filters)).await;
                }
                for (name, filters) in questions.iter().enumerate() {
                    let expected = self.expected(viewer, filters, &stored, &world);
                    path.check(client, (&name.to_string(), filters), &expected, tally, &about).await;
                }
                for name in 0..questions.len() {
                    client.say(&format!(r#"["CLOSE","{name}"]"#)).await;
                }
            }
        }
        self.viewers = viewers;
    }

    fn expected<'a>(
        &self,
        viewer: &Person,
        filters: &[Filter],
        stored: &'a [TestEvent],
        world: &[TestEvent],
    ) -> Expected<'a> {
        let matches = |event: &&TestEvent| filters.iter().any(|filter| naive::matches(filter, event));
        let (visible, hidden): (Vec<_>, Vec<_>) =
            stored.iter().filter(matches).partition(|event| self.access.can_see(&viewer.hex, event));
        let answered = self.access.answers(&viewer.hex, filters, world);
        Expected { answered, visible, hidden }
    }

    /// Stops the relay and compares what the operator exports with what has been stored.
    pub async fn check_export(mut self, tally: &Tally) {
        let exported = self.relay.exported().await;
        let exported: BTreeSet<String> =
            exported.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
        // The command knows the time of day only, and by that some have expired.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let stored: BTreeSet<String> = self.model.served(now).map(|event| event.id().to_string()).collect();
        let differing: Vec<_> = exported.symmetric_difference(&stored).collect();
        assert!(differing.is_empty(), "exported or stored: {differing:?} {}", self.description());
        add(&tally.exported, exported.len());
    }
}

fn has_prefix(reason: &Reason, signed_in: &[String], text: &str) -> bool {
    reason.prefixes(signed_in).iter().any(|prefix| text.starts_with(prefix))
}
