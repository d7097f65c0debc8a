//! What clients ask for.

use chappe_protocol::{EventId, Filter, Kind, PublicKey, TagFilter, TagMode, Timestamp};
use chappe_testkit::{Rng, req_message};
use clap::ValueEnum;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::failure::Failure;
use crate::known::{Known, answer_to};

/// A sort of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// All the others, in turn
    Mix,
    /// One author's profile
    Profile,
    /// The replies to a note, by #e
    Thread,
    /// 20 events by id
    Ids,
    /// The newest 100 notes
    Global,
    /// The newest 50 notes and reposts of 200 authors
    Home,
    /// What mentions a person, by #p
    Notifications,
    /// One author's newest 50 notes
    Author,
    /// 100 notes of six hours
    Window,
}

/// A request and its right answer.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) message: Utf8Bytes,
    pub(crate) answer: Vec<EventId>,
}

/// The one subscription that every request uses.
pub(crate) const SUBSCRIPTION: &str = "q";

impl Shape {
    const SINGLE: [Self; 8] = [
        Self::Profile,
        Self::Thread,
        Self::Ids,
        Self::Global,
        Self::Home,
        Self::Notifications,
        Self::Author,
        Self::Window,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Mix => "mix",
            Self::Profile => "profile",
            Self::Thread => "thread",
            Self::Ids => "ids",
            Self::Global => "global",
            Self::Home => "home",
            Self::Notifications => "notifications",
            Self::Author => "author",
            Self::Window => "window",
        }
    }
}

/// Asks about what a relay shows.
#[derive(Debug)]
pub(crate) struct Asker<'a> {
    rng: Rng,
    shown: Vec<&'a Known>,
    authors: Vec<PublicKey>,
}

impl<'a> Asker<'a> {
    /// About these events, in the order of an answer.
    ///
    /// # Errors
    ///
    /// When there are none.
    pub(crate) fn new(shown: Vec<&'a Known>) -> Result<Self, Failure> {
        if shown.is_empty() {
            return Err(Failure::new("no events to ask about"));
        }
        let mut authors: Vec<_> = shown.iter().map(|event| event.head().pubkey).collect();
        authors.sort_unstable();
        authors.dedup();
        Ok(Self { rng: Rng::new(1), shown, authors })
    }

    /// So many questions of this shape; the mix has as many of each other shape, in turn.
    pub(crate) fn questions(&mut self, shape: Shape, count: usize) -> Vec<Question> {
        let shapes: Vec<Shape> = if shape == Shape::Mix { Shape::SINGLE.to_vec() } else { vec![shape] };
        let turns = (0..count).flat_map(|_| shapes.iter().copied());
        turns.map(|shape| self.question(shape)).collect()
    }

    fn question(&mut self, shape: Shape) -> Question {
        let mut filter = self.filter(shape);
        filter.normalize();
        let answer = answer_to(&filter, &self.shown);
        Question { message: req_message(SUBSCRIPTION, &[filter]).into(), answer }
    }

    fn filter(&mut self, shape: Shape) -> Filter {
        let about = *self.rng.pick(&self.shown);
        let notes = || Some(vec![Kind(1)]);
        let one = |limit| Filter { limit: Some(limit), ..Filter::default() };
        match shape {
            Shape::Mix => Filter::default(),
            Shape::Profile => Filter {
                authors: Some(vec![about.head().pubkey]),
                kinds: Some(vec![Kind::METADATA]),
                ..one(1)
            },
            Shape::Thread => Filter { tags: vec![self.tag(b'e', about)], kinds: notes(), ..one(100) },
            Shape::Ids => {
                let ids = (0..20).map(|_| self.rng.pick(&self.shown).head().id).collect();
                Filter { ids: Some(ids), ..one(20) }
            }
            Shape::Global => Filter { kinds: notes(), ..one(100) },
            Shape::Home => {
                let authors = (0..200).map(|_| *self.rng.pick(&self.authors)).collect();
                Filter { authors: Some(authors), kinds: Some(vec![Kind(1), Kind::REPOST]), ..one(50) }
            }
            Shape::Notifications => {
                let kinds = [1, 6, 7, 9_735].map(Kind).to_vec();
                Filter { tags: vec![self.tag(b'p', about)], kinds: Some(kinds), ..one(50) }
            }
            Shape::Author => Filter { authors: Some(vec![about.head().pubkey]), kinds: notes(), ..one(50) },
            Shape::Window => {
                let since = about.head().created_at;
                let until = Timestamp(since.0 + 6 * 3_600);
                Filter { since: Some(since), until: Some(until), kinds: notes(), ..one(100) }
            }
        }
    }

    /// What somebody answers: the first such tag of this event, or of a few others; else the event or its author.
    fn tag(&mut self, letter: u8, about: &Known) -> TagFilter {
        let value_of = |event: &Known| event.head().tags.values_of(&[letter]).next().map(<[u8]>::to_vec);
        let mut others = (0..10).map(|_| self.rng.pick(&self.shown));
        let found = value_of(about).or_else(|| others.find_map(|other| value_of(other)));
        let itself = || match letter {
            b'e' => about.head().id.to_hex().to_vec(),
            _ => about.head().pubkey.to_hex().to_vec(),
        };
        TagFilter { letter, mode: TagMode::Any, values: vec![found.unwrap_or_else(itself).into()] }
    }
}
