//! A stream of events such as a public relay takes in.

mod notes;
mod text;

use chappe_testkit::{EventBuilder, Keys, Rng, TestEvent};
use notes::Notes;

/// Which events to make. The same plan gives the same bytes on every machine.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Where chance starts.
    pub seed: u64,
    /// How many events.
    pub events: usize,
    /// How many people write them, at least one. Few of them write most.
    pub authors: usize,
    /// The `created_at` of the newest event, in seconds since the epoch; the others fill the 30 days before.
    pub newest: u64,
}

/// People who write.
#[derive(Debug)]
pub struct Writer {
    rng: Rng,
    keys: Vec<Keys>,
    now: u64,
    /// Notes and replies, which others answer, like, repost and zap.
    notes: Notes,
}

/// The 30 days over which a corpus is spread.
const SPAN_SECONDS: u64 = 30 * 86_400;

/// What is written, and how often in a thousand. With [`Writer`]'s sizes that makes JSON of 600 bytes in the median and
/// about 1 kB in the mean, as on public relays: the mean comes from a few follow lists, articles and zap receipts.
const TOPICS: &[(usize, Topic)] = &[
    (270, Topic::Note),
    (260, Topic::Reply),
    (248, Topic::Reaction),
    (35, Topic::Repost),
    (50, Topic::Zap),
    (40, Topic::GiftWrap),
    (50, Topic::Profile),
    (12, Topic::Follows),
    (20, Topic::RelayList),
    (15, Topic::Article),
];

#[derive(Debug, Clone, Copy)]
enum Topic {
    Note,
    Reply,
    Reaction,
    Repost,
    Zap,
    GiftWrap,
    Profile,
    Follows,
    RelayList,
    Article,
}

impl Plan {
    /// The events, oldest first, each made when it is asked for. Costs a signature each; millions take no more memory than
    /// a few.
    pub fn events(&self) -> impl Iterator<Item = TestEvent> {
        let mut writer = Writer::new(self.seed, self.authors);
        let oldest = self.newest.saturating_sub(SPAN_SECONDS);
        let count = self.events.max(1) as u64;
        (1..=self.events as u64).map(move |number| writer.write(oldest + SPAN_SECONDS * number / count))
    }
}

impl Writer {
    /// As many people, who have written nothing yet.
    #[must_use]
    pub fn new(seed: u64, authors: usize) -> Self {
        let mut rng = Rng::new(seed);
        let keys = (0..authors).map(|_| Keys::from_seed(rng.bits())).collect();
        Self { rng, keys, now: 0, notes: Notes::default() }
    }

    /// The people.
    #[must_use]
    pub fn keys(&self) -> &[Keys] {
        &self.keys
    }

    /// A note by anybody, all equally often.
    pub fn note_by_anybody(&mut self, now: u64) -> TestEvent {
        self.now = now;
        let author = self.rng.pick(&self.keys).clone();
        self.note().sign(&author)
    }

    /// The next event of the stream.
    fn write(&mut self, now: u64) -> TestEvent {
        self.now = now;
        let mut share = self.rng.below(TOPICS.iter().map(|(share, _)| share).sum());
        let topic = TOPICS.iter().find_map(|&(width, topic)| match share.checked_sub(width) {
            Some(rest) => {
                share = rest;
                None
            }
            None => Some(topic),
        });
        let topic = topic.expect("the share is below the sum of shares");
        let author = self.somebody();
        let event = self.compose(topic).sign(&author);
        if matches!(topic, Topic::Note | Topic::Reply) {
            self.notes.push(event.clone());
        }
        event
    }

    fn compose(&mut self, topic: Topic) -> EventBuilder {
        match topic {
            Topic::Note => self.note(),
            Topic::Reply => self.reply(),
            Topic::Reaction => self.reaction(),
            Topic::Repost => self.repost(),
            Topic::Zap => self.zap(),
            Topic::GiftWrap => self.gift_wrap(),
            Topic::Profile => self.profile(),
            Topic::Follows => self.follows(),
            Topic::RelayList => self.relay_list(),
            Topic::Article => self.article(),
        }
    }

    /// Low numbers come up far more often than high ones.
    fn somebody(&mut self) -> Keys {
        let bound = 1 + self.rng.below(self.keys.len());
        self.keys[self.rng.below(bound)].clone()
    }

    /// Mostly a recent note; one in five answers goes to one of a few old threads that everybody knows.
    fn some_note(&mut self) -> Option<TestEvent> {
        let numbers = if self.rng.percent(20) { self.notes.first() } else { self.notes.recent() };
        (!numbers.is_empty()).then(|| self.notes.get(self.rng.within(numbers)).clone())
    }

    fn new_event(&self, kind: u16) -> EventBuilder {
        EventBuilder::new(kind).created_at(self.now)
    }

    fn note(&mut self) -> EventBuilder {
        let chars = 60 + self.rng.below(60) * self.rng.below(14);
        let mut note = self.new_event(1).content(text::prose(&mut self.rng, chars));
        for _ in 0..self.rng.below(3) {
            note = note.tag(&["t", text::topic(&mut self.rng)]);
        }
        note
    }

    fn reply(&mut self) -> EventBuilder {
        let Some(parent) = self.some_note() else { return self.note() };
        let chars = 20 + self.rng.below(240);
        let reply = self.new_event(1).content(text::prose(&mut self.rng, chars));
        let relay = "wss://relay.example.com/";
        let to_parent = parent.id().to_string();
        let reply = match parent.tag_values("e").next() {
            Some(root) => reply.tag(&["e", root, relay, "root"]).tag(&["e", &to_parent, relay, "reply"]),
            None => reply.tag(&["e", &to_parent, relay, "root"]),
        };
        let reply = reply.tag(&["p", &parent.pubkey().to_string()]);
        if self.rng.percent(40) { reply.tag(&["p", &self.somebody().hex()]) } else { reply }
    }

    fn reaction(&mut self) -> EventBuilder {
        let Some(liked) = self.some_note() else { return self.note() };
        let sign = *self.rng.pick(&["+", "+", "\u{2764}", "\u{1F919}", ":wave:"]);
        self.new_event(7)
            .tag(&["e", &liked.id().to_string()])
            .tag(&["p", &liked.pubkey().to_string()])
            .tag(&["k", "1"])
            .content(sign)
    }

    fn repost(&mut self) -> EventBuilder {
        let Some(note) = self.some_note() else { return self.note() };
        self.new_event(6)
            .tag(&["e", &note.id().to_string(), "wss://relay.example.com/"])
            .tag(&["p", &note.pubkey().to_string()])
            .content(note.json())
    }

    fn zap(&mut self) -> EventBuilder {
        let Some(note) = self.some_note() else { return self.note() };
        let payer = self.somebody();
        let (id, author) = (note.id().to_string(), note.pubkey().to_string());
        let request = self.new_event(9734).tag(&["p", &author]).tag(&["e", &id]).tag(&["amount", "21000"]);
        let request = request.sign(&payer).json();
        self.new_event(9735)
            .tag(&["p", &author])
            .tag(&["P", &payer.hex()])
            .tag(&["e", &id])
            .tag(&["bolt11", &text::cipher(&mut self.rng, 380)])
            .tag(&["description", &request])
    }

    fn gift_wrap(&mut self) -> EventBuilder {
        let receiver = self.somebody().hex();
        self.new_event(1059).tag(&["p", &receiver]).content(text::cipher(&mut self.rng, 1_400))
    }

    fn profile(&mut self) -> EventBuilder {
        let (name, about) = (text::prose(&mut self.rng, 12), text::prose(&mut self.rng, 160));
        let picture = text::url(&mut self.rng);
        self.new_event(0)
            .content(serde_json::json!({ "name": name, "about": about, "picture": picture }).to_string())
    }

    fn follows(&mut self) -> EventBuilder {
        let mut list = self.new_event(3);
        for _ in 0..30 + self.rng.below(500) {
            list = list.tag(&["p", &self.somebody().hex()]);
        }
        list
    }

    fn relay_list(&mut self) -> EventBuilder {
        let mut list = self.new_event(10_002);
        for _ in 0..2 + self.rng.below(8) {
            list = list.tag(&["r", &text::url(&mut self.rng)]);
        }
        list
    }

    fn article(&mut self) -> EventBuilder {
        let slug = format!("article-{}", self.rng.below(20));
        let chars = 2_000 + self.rng.below(6_000);
        self.new_event(30_023)
            .tag(&["d", &slug])
            .tag(&["title", &text::prose(&mut self.rng, 40)])
            .tag(&["t", text::topic(&mut self.rng)])
            .content(text::prose(&mut self.rng, chars))
    }
}

#[cfg(test)]
mod tests;
