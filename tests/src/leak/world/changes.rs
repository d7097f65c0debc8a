//! What operators, administrators and moderators change while people ask.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use chappe_testkit::naive::access::Mode;
use chappe_testkit::naive::{Model, Offered};
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use serde_json::{Value, json};

use super::super::people::Person;
use super::super::policies::{PROBE_KIND, random_policy};
use super::{Sight, World};
use crate::harness::http;

/// How long the relay may take to tell of its members.
const PATIENCE: Duration = Duration::from_secs(10);

impl World {
    /// Fills the lists that the management API keeps.
    pub(super) async fn fill_lists(&mut self) {
        let (admin, listed) = (&self.people.admin, self.people.listed.hex());
        match self.access.mode {
            Mode::Managed => {
                self.relay.manage(admin, "allowpubkey", json!([listed, "asked nicely"])).await;
                self.access.allowed_keys.push(listed);
            }
            Mode::Members => {
                self.relay.manage(admin, "addmember", json!([listed])).await;
                self.access.members.push(listed);
                self.take_in_the_relays_own(8_000).await;
            }
            Mode::Open | Mode::Follows | Mode::Curating | Mode::Social => {}
        }
    }

    /// Takes who is on them off again.
    async fn empty_lists(&mut self) {
        let admin = &self.people.admin;
        for key in std::mem::take(&mut self.access.allowed_keys) {
            self.relay.manage(admin, "unallowpubkey", json!([key])).await;
        }
        let members = std::mem::take(&mut self.access.members);
        for key in &members {
            self.relay.manage(&self.people.admin, "removemember", json!([key])).await;
            self.take_in_the_relays_own(8_001).await;
        }
    }

    /// The relay keeps a roster as events of its own, which are events like others. It makes them in its own time: they
    /// are there when there is news of this kind, and a roster that has these members.
    async fn take_in_the_relays_own(&mut self, news: u16) {
        let headers = ["Accept: application/nostr+json"];
        let document = http::request(&self.relay.address(), "GET", "/", &headers).await.body;
        let document: Value = serde_json::from_str(&document).unwrap();
        let own = document["self"].as_str().expect("a relay with members has a key of its own");
        let owner = Person::new("owner", vec![self.people.owner.clone()]);
        let mut client = owner.connect(&self.relay).await;
        // Of two rosters of one second, the lowest id would win: the next one waits for the next second.
        self.relay.pass_seconds(2);
        let deadline = Instant::now() + PATIENCE;
        let found = loop {
            let found = client.query(&format!(r#"{{"authors":["{own}"]}}"#)).await.0;
            let found: Vec<_> = found.iter().map(TestEvent::from_json).collect();
            let is_roster = |event: &TestEvent| {
                event.kind() == 13_534 && event.tag_values("member").eq(self.access.members.iter())
            };
            if found.iter().any(|event| event.kind() == news) && found.iter().any(is_roster) {
                break found;
            }
            assert!(
                Instant::now() < deadline,
                "no news {news} and roster of {:?}: {found:?}",
                self.access.members
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        for event in found {
            let sights = self.viewers.iter().map(|_| Sight::Either).collect();
            if self.model.offer(&event, self.relay.now()) == Offered::Stored {
                self.recent.push((event, sights));
            }
        }
    }

    /// Has the admin and everybody whose follow list matters follow others than before, as far as they may.
    pub(super) async fn publish_follow_lists(&mut self, made_at: u64) {
        let roots: Vec<Keys> = self.people.roots.iter().chain([&self.people.admin]).cloned().collect();
        for root in &roots {
            let mut list = EventBuilder::new(3).created_at(made_at);
            for followed in self.people.some(&mut self.rng) {
                list = list.tag(&["p", &followed]);
            }
            self.publish_of(root, list).await;
        }
    }

    /// Publishes what changes whom somebody follows. The owner does, whom no policy binds, unless everybody has to
    /// bring their own.
    async fn publish_of(&mut self, root: &Keys, event: EventBuilder) {
        let event = event.sign(root);
        let bringer = if self.access.own_events_only { root } else { &self.people.owner };
        let by = self.publishers.iter().position(|(person, _)| person.hex == [bringer.hex()]).unwrap();
        let said = self.publishers[by].1.publish(&event).await;
        let before = self.sights(&event);
        self.check_ok(&event, by, &said, &Default::default());
        self.access.follows = follows(&self.model, self.relay.now());
        let after = self.sights(&event);
        if let Some((last, sights)) = self.recent.last_mut()
            && last.id() == event.id()
        {
            let both =
                |place: usize| if before[place] == after[place] { before[place] } else { Sight::Either };
            *sights = (0..after.len()).map(both).collect();
        }
    }

    /// Puts another random policy in the place of the file, if there is one, and waits until it is in force.
    pub async fn replace_policy(&mut self) {
        if self.access.policy.is_none() {
            return;
        }
        let marker = Keys::from_seed(self.rng.bits());
        let policy = random_policy(&mut self.rng, &self.people, &marker.hex());
        let file = self.relay.file("policy.json");
        let beside = self.relay.file("policy.json.new");
        std::fs::write(&beside, serde_json::to_string_pretty(&policy).unwrap()).unwrap();
        std::fs::rename(&beside, &file).unwrap();
        self.access.policy = Some(policy);
        self.relay.manage(&self.people.owner, "reloadpolicy", json!([])).await;
        self.expect_in_force(marker).await;
    }

    /// Who is named an owner by this very policy may write what nobody else may.
    async fn expect_in_force(&mut self, marker: Keys) {
        let person = Person::new("marker", vec![marker.clone()]);
        let mut client = person.connect(&self.relay).await;
        let probe = EventBuilder::new(PROBE_KIND).created_at(self.relay.now()).sign(&marker);
        let (accepted, text) = client.publish(&probe).await;
        assert!(accepted, "the new policy is not in force: {text}, in {}", self.description());
        let sights = self.sights(&probe);
        self.recent.push((probe, sights));
    }

    /// Bans a key and a stored event, takes people off lists, and changes and deletes follow lists: some lose what these
    /// granted.
    pub async fn revoke(&mut self) {
        let banned = self.people.banned.hex();
        let (method, list) = match self.access.mode {
            Mode::Curating => ("blacklistpubkey", &mut self.access.blacklisted_keys),
            _ => ("banpubkey", &mut self.access.banned_keys),
        };
        list.push(banned.clone());
        self.relay.manage(&self.people.moderator, method, json!([banned, "spam"])).await;
        let stored: Vec<String> =
            self.model.served(self.relay.now()).map(|event| event.id().to_string()).collect();
        if !stored.is_empty() {
            let id = self.rng.pick(&stored).clone();
            self.relay.manage(&self.people.moderator, "banevent", json!([id, "off topic"])).await;
            self.access.banned_events.push(id);
        }
        self.empty_lists().await;
        let made_at = self.relay.now() - 50;
        self.publish_follow_lists(made_at).await;
        if self.rng.percent(30) {
            let root = self.people.roots[0].clone();
            let deletion = EventBuilder::new(5).created_at(self.relay.now());
            self.publish_of(&root, deletion.tag(&["a", &format!("3:{}:", root.hex())])).await;
        }
    }

    /// Undoes the bans.
    pub async fn unban(&mut self) {
        for key in std::mem::take(&mut self.access.banned_keys) {
            self.relay.manage(&self.people.moderator, "unbanpubkey", json!([key])).await;
        }
        for key in std::mem::take(&mut self.access.blacklisted_keys) {
            self.relay.manage(&self.people.moderator, "unblacklistpubkey", json!([key])).await;
        }
        for id in std::mem::take(&mut self.access.banned_events) {
            self.relay.manage(&self.people.moderator, "allowevent", json!([id])).await;
        }
    }
}

/// Whom everybody follows, by the newest list that is stored.
fn follows(model: &Model, now: u64) -> HashMap<String, Vec<String>> {
    let lists = model.served(now).filter(|event| event.kind() == 3);
    lists
        .map(|list| {
            (list.pubkey().to_string(), list.tag_values("p").map(str::to_owned).collect::<Vec<String>>())
        })
        .collect()
}
