//! A world of realistic events.

mod text;

use crate::{EventBuilder, Keys, Rng, TestEvent};
use text::Text;

/// Authors and their events, in the order in which they reach the relay (roughly by time, with stragglers).
///
/// Many events share a `created_at`, so that ties are met; some tags are junk, empty or very long; replaceable and
/// addressable events come in several versions. JSON has a median of about 600 bytes.
#[derive(Debug, Clone)]
pub struct Corpus {
    /// Everybody who signs.
    pub keys: Vec<Keys>,
    /// Their events, each valid.
    pub events: Vec<TestEvent>,
}

impl Corpus {
    /// The earliest `created_at`: second 1,700,000,000 (November 2023).
    pub const START: u64 = 1_700_000_000;
    /// All events are made within 30 days of [`Self::START`].
    pub const SECONDS: u64 = 30 * 86_400;

    /// Events that a relay keeps, but for older versions: no deletions, nothing ephemeral, nothing that expires.
    #[must_use]
    pub fn plain(seed: u64, events: usize, authors: usize) -> Self {
        World::new(seed, authors, PLAIN).grow(events)
    }

    /// Like [`Self::plain`], and also deletions by id and by address (of one's own events, of gift wraps, of other
    /// people's), requests to vanish, ephemeral events, expirations within the 30 days, and the same event twice.
    #[must_use]
    pub fn eventful(seed: u64, events: usize, authors: usize) -> Self {
        World::new(seed, authors, EVENTFUL).grow(events)
    }
}

#[derive(Debug, Clone, Copy)]
enum Topic {
    Note,
    Reply,
    Reaction,
    Repost,
    Zap,
    GiftWrap,
    DirectMessage,
    Profile,
    Follows,
    RelayList,
    Article,
    AppState,
    Report,
    Comment,
    Oddity,
    Deletion,
    AddressDeletion,
    Vanish,
    Ephemeral,
    Expiring,
    Again,
}

/// So many of each topic in a hundred or so.
const PLAIN: &[(Topic, usize)] = &[
    (Topic::Note, 20),
    (Topic::Reply, 22),
    (Topic::Reaction, 18),
    (Topic::Repost, 4),
    (Topic::Zap, 4),
    (Topic::GiftWrap, 6),
    (Topic::DirectMessage, 3),
    (Topic::Profile, 4),
    (Topic::Follows, 3),
    (Topic::RelayList, 3),
    (Topic::Article, 4),
    (Topic::AppState, 3),
    (Topic::Report, 2),
    (Topic::Comment, 3),
    (Topic::Oddity, 3),
];

const EVENTFUL: &[(Topic, usize)] = &[
    (Topic::Note, 18),
    (Topic::Reply, 14),
    (Topic::Reaction, 8),
    (Topic::GiftWrap, 8),
    (Topic::Profile, 8),
    (Topic::Follows, 2),
    (Topic::RelayList, 4),
    (Topic::Article, 8),
    (Topic::AppState, 6),
    (Topic::Oddity, 2),
    (Topic::Deletion, 8),
    (Topic::AddressDeletion, 4),
    (Topic::Vanish, 1),
    (Topic::Ephemeral, 2),
    (Topic::Expiring, 4),
    (Topic::Again, 4),
];

struct World {
    rng: Rng,
    keys: Vec<Keys>,
    topics: Vec<Topic>,
    now: u64,
    events: Vec<TestEvent>,
}

impl World {
    fn new(seed: u64, authors: usize, topics: &[(Topic, usize)]) -> Self {
        assert!(authors > 0, "somebody has to sign");
        let mut rng = Rng::new(seed);
        Self {
            keys: (0..authors).map(|_| Keys::from_seed(rng.bits())).collect(),
            topics: topics.iter().flat_map(|&(topic, share)| vec![topic; share]).collect(),
            now: Corpus::START,
            events: Vec::new(),
            rng,
        }
    }

    fn grow(mut self, events: usize) -> Corpus {
        let stride = (2 * Corpus::SECONDS / (events as u64 + 1)).max(1);
        while self.events.len() < events {
            // Every third event shares its second with the one before.
            if !self.rng.percent(33) {
                self.now = (self.now + self.rng.within(0..stride)).min(Corpus::START + Corpus::SECONDS);
            }
            let topic = *self.rng.pick(&self.topics);
            let event = self.make(topic);
            self.events.push(event);
        }
        // A few arrive late.
        for place in 1..self.events.len() {
            if self.rng.percent(20) {
                let earlier = self.rng.below(place);
                self.events.swap(place, earlier.max(place.saturating_sub(100)));
            }
        }
        Corpus { keys: self.keys, events: self.events }
    }

    fn make(&mut self, topic: Topic) -> TestEvent {
        let author = self.author();
        match topic {
            Topic::Again => return self.any_event().unwrap_or_else(|| self.note().sign(&author)),
            Topic::Deletion => return self.deletion(&author),
            Topic::AddressDeletion => return self.address_deletion(&author),
            Topic::Note => self.note(),
            Topic::Reply => self.reply(),
            Topic::Reaction => self.reaction(),
            Topic::Repost => self.repost(),
            Topic::Zap => self.zap(),
            Topic::GiftWrap => self.sealed(1059, 700),
            Topic::DirectMessage => self.sealed(4, 120),
            Topic::Profile => self.profile(),
            Topic::Follows => self.follows(),
            Topic::RelayList => self.relay_list(),
            Topic::Article => self.article(),
            Topic::AppState => self.app_state(),
            Topic::Report => self.report(),
            Topic::Comment => self.comment(),
            Topic::Oddity => self.oddity(),
            Topic::Vanish => self.vanish(),
            Topic::Ephemeral => self.ephemeral(),
            Topic::Expiring => self.expiring(),
        }
        .sign(&author)
    }

    /// Few people write most of the events.
    fn author(&mut self) -> Keys {
        let bound = self.rng.below(self.keys.len()) + 1;
        self.keys[self.rng.below(bound)].clone()
    }

    fn somebody(&mut self) -> String {
        self.author().hex()
    }

    fn any_event(&mut self) -> Option<TestEvent> {
        // Mostly a recent one, as in life.
        let recent = self.events.len().saturating_sub(if self.rng.percent(80) { 50 } else { usize::MAX });
        let events = &self.events[recent..];
        (!events.is_empty()).then(|| self.rng.pick(events).clone())
    }

    fn at_now(&self, kind: u16) -> EventBuilder {
        EventBuilder::new(kind).created_at(self.now)
    }

    fn text(&mut self, chars: usize) -> String {
        Text(&mut self.rng).prose(chars)
    }

    fn note(&mut self) -> EventBuilder {
        let length = Text(&mut self.rng).length(220);
        let mut note = self.at_now(1).content(self.text(length));
        for _ in 0..self.rng.below(3) {
            note = note.tag(&["t", Text(&mut self.rng).topic()]);
        }
        if self.rng.percent(10) {
            note = note.tag(&["r", &Text(&mut self.rng).url()]);
        }
        note
    }

    fn reply(&mut self) -> EventBuilder {
        let Some(parent) = self.any_event() else {
            return self.note();
        };
        let root = parent.tag_values("e").next().map(str::to_owned);
        let mut reply = self.at_now(1).content(self.text(140));
        if let Some(root) = &root {
            reply = reply.tag(&["e", root, "wss://relay.example.com", "root"]);
        }
        let mark = if root.is_some() { "reply" } else { "root" };
        reply = reply.tag(&["e", &parent.id().to_string(), "", mark]);
        reply = reply.tag(&["p", &parent.pubkey().to_string()]);
        if self.rng.percent(40) {
            reply = reply.tag(&["p", &self.somebody()]);
        }
        reply
    }

    fn reaction(&mut self) -> EventBuilder {
        let Some(liked) = self.any_event() else {
            return self.note();
        };
        self.at_now(7)
            .tag(&["e", &liked.id().to_string()])
            .tag(&["p", &liked.pubkey().to_string()])
            .tag(&["k", &liked.kind().to_string()])
            .content(*self.rng.pick(&["+", "-", "\u{1F919}", "\u{2764}\u{FE0F}", ":soapbox:"]))
    }

    fn repost(&mut self) -> EventBuilder {
        let Some(event) = self.any_event() else {
            return self.note();
        };
        let kind = if event.kind() == 1 { 6 } else { 16 };
        self.at_now(kind)
            .tag(&["e", &event.id().to_string(), "wss://relay.example.com/"])
            .tag(&["p", &event.pubkey().to_string()])
            .tag(&["k", &event.kind().to_string()])
            .content(if self.rng.percent(70) { event.json() } else { String::new() })
    }

    fn zap(&mut self) -> EventBuilder {
        let Some(event) = self.any_event() else {
            return self.note();
        };
        let request =
            EventBuilder::new(9734).tag(&["p", &event.pubkey().to_string()]).tag(&["amount", "21000"]);
        let request = request.created_at(self.now).sign(&self.author());
        self.at_now(9735)
            .tag(&["p", &event.pubkey().to_string()])
            .tag(&["P", &request.pubkey().to_string()])
            .tag(&["e", &event.id().to_string()])
            .tag(&["bolt11", &Text(&mut self.rng).cipher(280)])
            .tag(&["description", &request.json()])
    }

    fn sealed(&mut self, kind: u16, bytes: usize) -> EventBuilder {
        let content = Text(&mut self.rng).cipher(bytes);
        self.at_now(kind).tag(&["p", &self.somebody()]).content(content)
    }

    fn profile(&mut self) -> EventBuilder {
        let (name, about) = (self.text(12), self.text(150));
        let picture = Text(&mut self.rng).url();
        let profile = serde_json::json!({ "name": name, "about": about, "picture": picture });
        self.at_now(0).content(profile.to_string())
    }

    fn follows(&mut self) -> EventBuilder {
        let mut list = self.at_now(3);
        for _ in 0..self.rng.within(1..120) {
            list = list.tag(&["p", &self.somebody(), "wss://relay.example.com", ""]);
        }
        list
    }

    fn relay_list(&mut self) -> EventBuilder {
        let kind = *self.rng.pick(&[10002, 10002, 10000, 10050]);
        let mut list = self.at_now(kind);
        for _ in 0..self.rng.within(1..8) {
            let url = Text(&mut self.rng).url();
            list = match self.rng.below(3) {
                0 => list.tag(&["r", &url]),
                1 => list.tag(&["r", &url, "read"]),
                _ => list.tag(&["r", &url, "write"]),
            };
        }
        list
    }

    fn article(&mut self) -> EventBuilder {
        let slug = ["about-me", "hello", "", "статья", "a:b:c"][self.rng.below(5)];
        self.at_now(30023)
            .tag(&["d", slug])
            .tag(&["title", &self.text(40)])
            .tag(&["published_at", &self.now.to_string()])
            .tag(&["t", Text(&mut self.rng).topic()])
            .content(self.text(1500))
    }

    fn app_state(&mut self) -> EventBuilder {
        let kind = *self.rng.pick(&[30078, 30000, 39999]);
        let state = self.at_now(kind);
        let content = Text(&mut self.rng).cipher(160);
        // An addressable event without a `d` tag, or with an empty one, has the address `kind:pubkey:`.
        match self.rng.below(4) {
            0 => state.content(content),
            1 => state.tag(&["d"]).content(content),
            2 => state.tag(&["d", "settings"]).tag(&["d", "second"]).content(content),
            _ => state.tag(&["d", "settings"]).content(content),
        }
    }

    fn report(&mut self) -> EventBuilder {
        let Some(event) = self.any_event() else {
            return self.note();
        };
        self.at_now(1984)
            .tag(&["e", &event.id().to_string(), "spam"])
            .tag(&["p", &event.pubkey().to_string(), "impersonation"])
            .content(self.text(60))
    }

    fn comment(&mut self) -> EventBuilder {
        let article = format!("30023:{}:hello", self.somebody());
        self.at_now(1111)
            .tag(&["A", &article])
            .tag(&["K", "30023"])
            .tag(&["a", &article])
            .tag(&["k", "30023"])
            .tag(&["g", "u0yj"])
            .content(self.text(120))
    }

    /// What real relays also get: junk keys, empty and huge values, tags with a name only, repeated tags.
    fn oddity(&mut self) -> EventBuilder {
        let kind = *self.rng.pick(&[1, 42, 1063, 9802, 45000]);
        let odd = self.at_now(kind).content(self.text(80));
        let long = "long value, like others at its start, ".repeat(16);
        let topic = Text(&mut self.rng).topic();
        match self.rng.below(6) {
            0 => odd.tag(&["p", "not a key"]).tag(&["e", ""]),
            1 => odd.tag(&["t", ""]).tag(&["t"]).tag(&["", "nameless"]),
            2 => odd.tag(&["r", &format!("{long}{}", self.rng.below(3))]),
            3 => odd.tag(&["t", topic]).tag(&["t", topic]).tag(&["T", topic]).tag(&["tt", topic]),
            4 => odd.tag(&["l", "\u{0}\u{1}\u{7f}\"\\"]).content("\u{8}\u{c}\u{1f}\u{2028}"),
            _ => odd.tag(&["t", "nostr"]).tag(&["t", "rust"]).tag(&["t", topic]).tag(&["1", "digit"]),
        }
    }

    /// One in five hundred events: each takes a whole author away.
    fn vanish(&mut self) -> EventBuilder {
        if self.rng.percent(80) {
            return self.note();
        }
        self.at_now(62).tag(&["relay", "ALL_RELAYS"]).content("goodbye")
    }

    fn ephemeral(&mut self) -> EventBuilder {
        let kind = *self.rng.pick(&[20000, 22000, 24133, 29999]);
        self.sealed(kind, 90)
    }

    fn expiring(&mut self) -> EventBuilder {
        let at = self.now + self.rng.within(1..Corpus::SECONDS / 2);
        self.note().tag(&["expiration", &at.to_string()])
    }

    /// By the author of what is deleted, by the recipient of a gift wrap, or (without effect) by somebody else.
    fn deletion(&mut self, stranger: &Keys) -> TestEvent {
        let mut deletion = self.at_now(5).content("sorry");
        let mut author = stranger.clone();
        for _ in 0..self.rng.within(1..4) {
            let Some(target) = self.any_event() else { continue };
            deletion = deletion.tag(&["e", &target.id().to_string()]).tag(&["k", &target.kind().to_string()]);
            let recipient = target.tag_values("p").next().map(str::to_owned);
            author = match recipient {
                _ if self.rng.percent(10) => author,
                Some(recipient) if target.kind() == 1059 => self.keys_of(&recipient),
                _ => self.keys_of(&target.pubkey().to_string()),
            };
        }
        deletion.sign(&author)
    }

    fn address_deletion(&mut self, author: &Keys) -> TestEvent {
        let known: Vec<_> =
            self.events.iter().filter(|event| event.kind() >= 30_000 || event.kind() == 0).collect();
        let mut address = format!("30023:{}:hello", author.hex());
        let mut signer = author.clone();
        if !known.is_empty() {
            let target = (*self.rng.pick(&known)).clone();
            let d = target.tag_values("d").next().unwrap_or_default();
            address = format!("{}:{}:{d}", target.kind(), target.pubkey());
            if self.rng.percent(90) {
                signer = self.keys_of(&target.pubkey().to_string());
            }
        }
        self.at_now(5).tag(&["a", &address]).sign(&signer)
    }

    fn keys_of(&self, pubkey: &str) -> Keys {
        self.keys.iter().find(|keys| keys.hex() == pubkey).unwrap_or(&self.keys[0]).clone()
    }
}

#[cfg(test)]
mod tests;
