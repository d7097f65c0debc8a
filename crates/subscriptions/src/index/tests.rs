use std::collections::BTreeMap;
use std::sync::RwLock;

use chappe_protocol::{TagFilter, TagMode, Tags, TagsWriter, Timestamp};
use chappe_testkit::Rng;

use super::*;

/// Filters and events over few values, so that they meet.
struct Random(Rng);

impl Random {
    fn one_in(&mut self, n: usize) -> bool {
        self.0.below(n) == 0
    }

    /// Up to `most` things; now and then none.
    fn list<V>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> V) -> Vec<V> {
        let len = if self.one_in(30) { 0 } else { 1 + self.0.below(most) };
        (0..len).map(|_| make(self)).collect()
    }

    fn bytes(&mut self) -> [u8; 32] {
        [*self.0.pick(b"0123456789ab"); 32]
    }

    fn kind(&mut self) -> Kind {
        Kind(*self.0.pick(&[0, 1, 1, 1, 6, 7, 9735, 30023]))
    }

    fn tag_value(&mut self) -> Box<[u8]> {
        self.0.pick(&["a", "b", "c", "d", "", "long value"]).as_bytes().into()
    }

    fn filter(&mut self) -> Filter {
        let mut filter = Filter { limit: self.one_in(3).then(|| self.0.within(0..9)), ..Filter::default() };
        if self.one_in(6) {
            filter.ids = Some(self.list(4, |random| EventId::from_bytes(random.bytes())));
        }
        if self.one_in(2) {
            filter.authors = Some(self.list(8, |random| PublicKey::from_bytes(random.bytes())));
        }
        if self.one_in(2) {
            filter.kinds = Some(self.list(3, Self::kind));
        }
        for letter in [b'e', b't', b'T'] {
            if self.one_in(4) {
                let mode = if self.one_in(3) { TagMode::All } else { TagMode::Any };
                filter.tags.push(TagFilter { letter, mode, values: self.list(3, Self::tag_value) });
            }
        }
        filter.since = self.one_in(8).then(|| Timestamp(self.0.within(0..20)));
        filter.until = self.one_in(8).then(|| Timestamp(self.0.within(0..20)));
        filter.normalize();
        filter
    }

    fn packed_tags(&mut self) -> Vec<u8> {
        let mut packed = Vec::new();
        let mut writer = TagsWriter::new(&mut packed);
        for _ in 0..self.0.below(6) {
            let name: &&str = self.0.pick(&["e", "t", "T", "p", "title"]);
            assert!(writer.tag(&[name.as_bytes(), &self.tag_value()]));
        }
        packed
    }

    fn event<'a>(&mut self, packed: &'a [u8]) -> EventHead<'a> {
        EventHead {
            id: EventId::from_bytes(self.bytes()),
            pubkey: PublicKey::from_bytes(self.bytes()),
            created_at: Timestamp(self.0.within(0..20)),
            kind: self.kind(),
            tags: Tags::from_packed(packed),
        }
    }
}

fn matched(index: &Index<u64>, event: &EventHead<'_>, scratch: &mut MatchScratch) -> Vec<u64> {
    let mut tokens = Vec::new();
    index.for_each_match(event, scratch, |token, &payload| {
        assert_eq!(token.0, payload, "each with its own payload");
        tokens.push(token.0);
    });
    // Not deduplicated: a second visit must show.
    tokens.sort_unstable();
    tokens
}

fn assert_empty(index: &Index<u64>) {
    assert_eq!(index.len(), 0);
    assert_eq!(index.subscriptions.capacity(), 0);
    assert_eq!(index.entries.footprint(), (0, 0));
    assert_eq!(index.ids.footprint(), (0, 0));
    assert_eq!(index.authors.footprint(), (0, 0));
    assert_eq!(index.kinds.footprint(), (0, 0));
    assert!(index.rest.is_empty());
    assert!(index.tags.is_empty());
}

fn filter(make: impl FnOnce(&mut Filter)) -> Arc<[Filter]> {
    let mut filter = Filter::default();
    make(&mut filter);
    filter.normalize();
    [filter].into()
}

fn tag_filter(letter: u8, mode: TagMode, texts: &[&str]) -> TagFilter {
    TagFilter { letter, mode, values: texts.iter().map(|text| text.as_bytes().into()).collect() }
}

#[test]
fn agrees_with_a_naive_scan_through_inserts_replacements_and_removals() {
    for seed in 1..=4 {
        let mut random = Random(Rng::new(seed));
        let mut index = Index::new();
        let mut naive: BTreeMap<u64, Arc<[Filter]>> = BTreeMap::new();
        let mut scratch = MatchScratch::new();
        let mut visits = 0;
        for step in 0..12_000 {
            let token = random.0.within(0..1_500);
            match random.0.below(8) {
                0..=3 => {
                    let filters: Arc<[Filter]> = random.list(3, Random::filter).into();
                    index.insert(Token(token), filters.clone(), token);
                    naive.insert(token, filters);
                }
                4 | 5 => {
                    assert_eq!(index.remove(Token(token)), naive.remove(&token).is_some(), "seed {seed}");
                }
                _ => {
                    let packed = random.packed_tags();
                    let event = random.event(&packed);
                    let matching =
                        naive.iter().filter(|(_, filters)| filters.iter().any(|one| one.matches(&event)));
                    let expected: Vec<u64> = matching.map(|(&token, _)| token).collect();
                    assert_eq!(
                        matched(&index, &event, &mut scratch),
                        expected,
                        "seed {seed} step {step} {event:?}"
                    );
                    visits += expected.len();
                }
            }
            assert_eq!(index.len(), naive.len());
        }
        assert!(visits > 100_000, "the seed makes filters and events that meet: {visits}");
        for &token in naive.keys() {
            assert!(index.remove(Token(token)));
        }
        assert_empty(&index);
    }
}

#[test]
fn every_filter_stands_in_its_lists_once_for_each_value() {
    let authors = |count: u8| (0..count).map(|byte| PublicKey::from_bytes([byte; 32])).collect::<Vec<_>>();
    let mut index = Index::new();
    index.insert(Token(1), filter(|one| one.authors = Some(authors(100))), 1);
    index.insert(Token(2), filter(|one| one.authors = Some(authors(50))), 2);
    index.insert(Token(3), filter(|one| one.kinds = Some(vec![Kind(1), Kind(2)])), 3);
    index.insert(Token(4), filter(|one| one.authors = Some(vec![])), 4);
    assert_eq!((index.len(), index.authors.footprint().0, index.kinds.footprint().0), (4, 150, 2));
    index.insert(Token(1), filter(|one| one.kinds = Some(vec![Kind(1)])), 1);
    assert_eq!((index.len(), index.authors.footprint().0, index.kinds.footprint().0), (4, 50, 3));
    for token in 1..=4 {
        assert!(index.remove(Token(token)));
        assert!(!index.remove(Token(token)));
    }
    assert_empty(&index);
}

#[test]
fn a_timeline_of_ten_thousand_authors_comes_and_goes_among_others() {
    let key = |number: u64| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        PublicKey::from_bytes(bytes)
    };
    let mut index = Index::new();
    for token in 0..20 {
        let authors = (0..10_000).map(|number| key(number * (1 + token % 3))).collect();
        index.insert(Token(token), filter(|one| one.authors = Some(authors)), token);
    }
    let mut scratch = MatchScratch::new();
    let mut event = Random(Rng::new(0)).event(&[]);
    event.pubkey = key(2 * 9_999);
    // 19,998 is a multiple of 2 and of 3, within the reach of both.
    let expected: Vec<u64> = (0..20).filter(|token| token % 3 != 0).collect();
    assert_eq!(matched(&index, &event, &mut scratch), expected);
    for token in 0..20 {
        index.remove(Token(token));
        let expected: Vec<u64> = expected.iter().copied().filter(|&other| other > token).collect();
        assert_eq!(matched(&index, &event, &mut scratch), expected);
    }
    assert_empty(&index);
}

#[test]
fn many_ways_to_one_subscription_are_one_visit() {
    let tags = vec![tag_filter(b't', TagMode::Any, &["x", "y"])];
    let mut index = Index::new();
    let [tagged] = &*filter(|one| one.tags = tags) else { unreachable!() };
    index.insert(Token(7), [tagged.clone(), Filter::default(), tagged.clone()].into(), 7);
    let mut packed = Vec::new();
    let mut writer = TagsWriter::new(&mut packed);
    assert!(["x", "y", "x", "z", "y"].iter().all(|value| writer.tag(&["t", value])));
    assert_eq!(matched(&index, &Random(Rng::new(0)).event(&packed), &mut MatchScratch::new()), [7]);
}

#[test]
fn threads_match_under_a_shared_lock_each_with_a_scratch() {
    let index = RwLock::new(Index::new());
    for token in 0..100 {
        index.write().unwrap().insert(Token(token), filter(|one| one.kinds = Some(vec![Kind(1)])), token);
    }
    let mut event = Random(Rng::new(0)).event(&[]);
    event.kind = Kind(1);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut scratch = MatchScratch::new();
                for _ in 0..200 {
                    let found = matched(&index.read().unwrap(), &event, &mut scratch);
                    assert!(found.len() >= 90 && found.windows(2).all(|pair| pair[0] < pair[1]));
                }
            });
        }
        scope.spawn(|| (0..10).for_each(|token| assert!(index.write().unwrap().remove(Token(token)))));
    });
    assert_eq!(matched(&index.read().unwrap(), &event, &mut MatchScratch::new()).len(), 90);
}
