use std::collections::BTreeSet;
use std::hash::BuildHasher;

use chappe_testkit::{Corpus, EventBuilder, Keys, Rng, TestEvent};
use foldhash::fast::RandomState;

use super::{Change, Generation, Wanted};
use crate::hint::Sieve;
use crate::keys::{Position, RecordKeys};
use crate::record::Record;
use crate::store::Seq;
use crate::tables::Index;
use crate::tests::support::{NOW, record};

/// No transaction has removed anything before it.
const READER: usize = 5;

fn add(generation: &mut Generation, record: &Record, seq: u64) {
    let mut keys = RecordKeys::default();
    keys.fill(&record.view());
    generation.add(Seq(seq), Position::of(&record.view().head()), &keys);
}

/// Every entry, as it will be put.
fn all(generation: &Generation) -> Vec<(Index, Vec<u8>, Seq, Change)> {
    let ranks = generation.ranks();
    let mut all = Vec::new();
    for index in Index::ALL {
        let sorted = generation.sorted(index, &ranks);
        for run in &sorted.runs {
            for event in generation.events_of(&sorted, run).iter() {
                let mut key = Vec::new();
                let change = generation.append_key(index, run, event, &mut key);
                all.extend(change.map(|(pointer, change)| (index, key, pointer.seq, change)));
            }
        }
    }
    all
}

/// All keys of a place, and whose they are, as a reader finds them by pages of this many.
fn read(generation: &Generation, index: Index, prefix: &[u8], page: usize) -> Vec<(Position, Seq)> {
    let hash = generation.hasher.hash_one(index.split_prefix(prefix).0);
    let Some(place) = generation.place(index, prefix, hash) else { return Vec::new() };
    let sieve = Sieve::default();
    let to = Position::last_at(chappe_protocol::Timestamp(0));
    let (mut found, mut from) =
        (Vec::new(), (Position::first_at(chappe_protocol::Timestamp(u64::MAX)), Seq(0)));
    loop {
        let wanted = Wanted { from, to, sieve: &sieve, entries_max: page, visits_max: usize::MAX };
        match generation.entries(place, &wanted, READER, &mut 0, &mut found) {
            Some(reached) => from = reached,
            None => return found,
        }
    }
}

/// Nine hundred different records, in no order of time.
fn records() -> Vec<Record> {
    let mut events = Corpus::eventful(1, 1_000, 20).events;
    events.sort_by_key(TestEvent::id);
    events.dedup_by_key(|event| event.id());
    let mut records: Vec<_> = events.iter().take(900).map(record).collect();
    assert_eq!(records.len(), 900);
    let mut rng = Rng::new(1);
    for at in 1..records.len() {
        records.swap(at, rng.below(at + 1));
    }
    records
}

#[test]
fn entries_come_back_whole_sorted_and_by_their_prefix() {
    let mut generation = Generation::new(&RandomState::default());
    let mut expected = BTreeSet::new();
    for (record, seq) in records().iter().zip(1..) {
        add(&mut generation, record, seq);
        let mut keys = RecordKeys::default();
        keys.fill(&record.view());
        expected.extend(keys.iter().map(|(index, key)| (index, key.to_vec(), Seq(seq))));
    }
    let found = all(&generation);
    assert!(found.iter().all(|&(.., change)| change == Change::Put));
    assert!(found.is_sorted_by(|a, b| (a.0, &a.1) <= (b.0, &b.1)));
    // Versions of one address share a key in `heads`.
    let mut found: Vec<_> = found.into_iter().map(|(index, key, seq, _)| (index, key, seq)).collect();
    found.sort();
    assert!(found == expected.iter().cloned().collect::<Vec<_>>());
    assert_eq!(generation.size().entries, found.len());
    let positional = |index: &Index| !matches!(index, Index::Id | Index::Expiration | Index::Head);
    for index in Index::ALL.into_iter().filter(positional) {
        let of_index = || expected.iter().filter(|(of, ..)| *of == index);
        let prefixes: BTreeSet<_> = of_index().map(|(_, key, _)| index.prefix(key)).collect();
        for prefix in prefixes {
            let of_place = of_index().filter(|(_, key, _)| index.prefix(key) == prefix);
            let of_place: Vec<_> =
                of_place.map(|(_, key, seq)| (Position::of_key(key).unwrap(), *seq)).collect();
            for page in [1, 3, 1_000] {
                assert_eq!(read(&generation, index, prefix, page), of_place);
            }
        }
    }
    assert_eq!(read(&generation, Index::Author, &[7; 32], 9), []);
}

#[test]
fn rolling_back_leaves_what_was_there() {
    let records = records();
    for kept in [0, 1, 300, 899] {
        let mut generation = Generation::new(&RandomState::default());
        let mut alone = Generation::new(&RandomState::default());
        for (record, seq) in records[..kept].iter().zip(1..) {
            add(&mut generation, record, seq);
            add(&mut alone, record, seq);
        }
        let mark = generation.mark();
        for _ in 0..3 {
            for (record, seq) in records[kept..].iter().zip(2_000..) {
                add(&mut generation, record, seq);
            }
            generation.add_leaving(Seq(1), Position::first_at(NOW), &RecordKeys::default());
            generation.roll_back(&mark);
            assert_eq!(generation.mark(), mark);
            assert_eq!(generation.bytes(), alone.bytes());
            assert!(all(&generation) == all(&alone));
        }
        for (record, seq) in records[kept..].iter().zip(2_000..) {
            add(&mut generation, record, seq);
            add(&mut alone, record, seq);
        }
        assert!(all(&generation) == all(&alone));
    }
}

#[test]
fn who_reads_an_earlier_commit_still_finds_what_a_later_one_removed() {
    let mut generation = Generation::new(&RandomState::default());
    let profile = record(&EventBuilder::new(0).sign(&Keys::from_seed(1)));
    add(&mut generation, &profile, 7);
    let position = Position::of(&profile.view().head());
    generation.remove(Seq(7), position, READER + 1);
    let found = |generation: &Generation| read(generation, Index::Time, &[], 9);
    assert_eq!(found(&generation), [(position, Seq(7))]);
    generation.remove(Seq(7), position, READER);
    assert_eq!(found(&generation), []);
    assert_eq!(all(&generation), []);
    // Of another number and with the same id: it came again.
    add(&mut generation, &profile, 8);
    assert_eq!(found(&generation), [(position, Seq(8))]);
    let hash = generation.hasher.hash_one(position.id());
    let by_id = generation.find((Index::Id, position.id()), hash, READER, |_| Ok(true));
    assert_eq!(by_id.unwrap(), Some(Seq(8)));
    assert_eq!(
        generation.find((Index::Id, position.id()), hash, READER, |seq| Ok(seq != Seq(8))).unwrap(),
        None
    );
}

#[test]
fn what_was_removed_and_came_again_is_found_on_a_page_together() {
    let mut generation = Generation::new(&RandomState::default());
    let record = record(&EventBuilder::new(1).sign(&Keys::from_seed(1)));
    let position = Position::of(&record.view().head());
    add(&mut generation, &record, 7);
    generation.remove(Seq(7), position, READER + 1);
    add(&mut generation, &record, 8);
    for page in [1, 2, 9] {
        let mut found = read(&generation, Index::Time, &[], page);
        found.sort();
        assert_eq!(found, [(position, Seq(7)), (position, Seq(8))]);
    }
}

#[test]
fn what_leaves_is_found_by_nobody_and_deleted() {
    let mut generation = Generation::new(&RandomState::default());
    let record = record(&EventBuilder::new(1).sign(&Keys::from_seed(1)));
    let mut keys = RecordKeys::default();
    keys.fill(&record.view());
    let position = Position::of(&record.view().head());
    generation.add_leaving(Seq(3), position, &keys);
    assert_eq!(read(&generation, Index::Time, &[], 9), []);
    assert_eq!((generation.last(), generation.leaving()), (Seq(0), [Seq(3)].as_slice()));
    let changes = all(&generation);
    assert_eq!(changes.len(), 5);
    assert!(changes.iter().all(|&(_, _, seq, change)| (seq, change) == (Seq(3), Change::Delete)));
}

#[test]
fn what_leaves_settles_beside_what_comes_to_the_same_places() {
    let mut generation = Generation::new(&RandomState::default());
    let (mut expected, mut keys) = (BTreeSet::new(), RecordKeys::default());
    for (record, seq) in records().iter().zip(1..) {
        keys.fill(&record.view());
        let position = Position::of(&record.view().head());
        let change = if seq % 3 == 0 { Change::Delete } else { Change::Put };
        match change {
            Change::Put => generation.add(Seq(seq), position, &keys),
            Change::Delete => generation.add_leaving(Seq(seq), position, &keys),
        }
        expected
            .extend(keys.iter().map(|(index, key)| (index, key.to_vec(), Seq(seq), change == Change::Put)));
    }
    let found = all(&generation);
    let of = |wanted: Change| found.iter().filter(move |&&(.., change)| change == wanted);
    for change in [Change::Put, Change::Delete] {
        assert!(of(change).is_sorted_by(|a, b| (a.0, &a.1) <= (b.0, &b.1)), "{change:?}");
    }
    assert!(found.is_sorted_by_key(|(index, key, ..)| (*index, index.prefix(key).to_vec())));
    assert_eq!(generation.size().entries, found.len());
    let found: BTreeSet<_> =
        found.into_iter().map(|(index, key, seq, change)| (index, key, seq, change == Change::Put)).collect();
    assert!(found == expected);
}
