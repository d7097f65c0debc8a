use chappe_testkit::{EventBuilder, Keys};

use super::{Audit, Fault};
use crate::hint::Hint;
use crate::keys::{Position, RecordKeys};
use crate::store::{Seq, Store};
use crate::tables::{Index, Pointer};
use crate::tests::support::{NOW, TestStore, record, tag_keys_before};
use crate::write::Writer;

/// Damages a store of two events and says what the audit finds.
fn after(damage: impl Fn(&mut Writer<'_>)) -> Audit {
    let test = TestStore::new();
    let event = |kind| EventBuilder::new(kind).tag(&["t", "x"]).tag(&["d", "y"]).sign(&Keys::from_seed(1));
    test.put_all([&event(1), &event(30_000)]);
    test.settle();
    damage_store(&test.store, damage);
    test.store.audit().unwrap()
}

fn damage_store(store: &Store, damage: impl Fn(&mut Writer<'_>)) {
    let mut writer = Writer::begin(store, NOW).unwrap();
    damage(&mut writer);
    writer.commit().unwrap();
}

#[test]
fn a_sound_store_is_clean() {
    let audit = after(|_| {});
    assert_eq!((audit.events, audit.entries, audit.faults_count), (2, 7 + 10, 0));
}

const fn pointer(seq: u64) -> Pointer {
    Pointer { seq: Seq(seq), hint: Hint::NONE }
}

#[test]
fn a_wrong_hint_is_found_and_none_is_not_wrong() {
    for (hint, is_found) in [(Hint::NONE, false), (Hint(1), true)] {
        let audit = after(|writer| {
            let mut keys = RecordKeys::default();
            keys.fill(&writer.record(Seq(2)).unwrap());
            let (index, key) = keys.iter().find(|&(found, _)| found == Index::Kind).unwrap();
            let pointer = Pointer { seq: Seq(2), hint };
            writer.tables.index(index).put(&mut writer.txn, key, &pointer).unwrap();
        });
        assert_eq!(audit.faults.contains(&Fault::MissingEntry(Seq(2), "by_kind")), is_found);
    }
}

#[test]
fn an_entry_too_few_in_any_index_is_found() {
    for index in Index::ALL.into_iter().filter(|&index| index != Index::Expiration) {
        let audit = after(|writer| {
            let mut keys = RecordKeys::default();
            keys.fill(&writer.record(Seq(2)).unwrap());
            let (_, key) = keys.iter().find(|&(found, _)| found == index).unwrap();
            assert!(writer.tables.index(index).delete(&mut writer.txn, key).unwrap());
        });
        assert_eq!(audit.faults, [Fault::MissingEntry(Seq(2), index.name())]);
    }
}

#[test]
fn an_entry_too_many_in_any_index_is_found() {
    for (index, seq) in Index::ALL.into_iter().flat_map(|index| [(index, 1), (index, 77)]) {
        let pointer = pointer(seq);
        let audit =
            after(|writer| writer.tables.index(index).put(&mut writer.txn, &[7; 50], &pointer).unwrap());
        assert_eq!(audit.faults, [Fault::StrayEntry(Seq(seq), index.name())]);
    }
}

/// As the second layout had them.
#[test]
fn an_entry_by_tag_of_a_common_kind_is_one_too_many() {
    let audit = after(|writer| {
        let mut keys = RecordKeys::default();
        keys.fill(&writer.record(Seq(1)).unwrap());
        let pointer = Pointer { seq: Seq(1), hint: keys.hint() };
        let key = tag_keys_before(&keys).remove(0);
        writer.tables.index(Index::Tag).put(&mut writer.txn, &key, &pointer).unwrap();
    });
    assert_eq!(audit.faults, [Fault::StrayEntry(Seq(1), "by_tag")]);
}

#[test]
fn an_entry_that_points_elsewhere_is_found() {
    let audit = after(|writer| {
        let mut keys = RecordKeys::default();
        keys.fill(&writer.record(Seq(2)).unwrap());
        let (index, key) = keys.iter().find(|&(found, _)| found == Index::Head).unwrap();
        writer.tables.index(index).put(&mut writer.txn, key, &pointer(1)).unwrap();
    });
    assert_eq!(audit.faults, [Fault::MissingEntry(Seq(2), "heads"), Fault::StrayEntry(Seq(1), "heads")]);
}

#[test]
fn records_without_entries_and_without_sense_are_found() {
    let audit = after(|writer| writer.tables.records.put(&mut writer.txn, &1, b"too short").unwrap());
    assert_eq!(audit.faults[0], Fault::UnreadableRecord(Seq(1)));
    let stranger = record(&EventBuilder::new(1).sign(&Keys::from_seed(3)));
    let audit = after(|writer| writer.tables.records.put(&mut writer.txn, &9, stranger.as_bytes()).unwrap());
    assert_eq!((audit.faults[0].clone(), audit.faults_count), (Fault::UnknownSeq(Seq(9)), 6));
}

#[test]
fn many_faults_are_counted_and_some_are_listed() {
    let audit = after(|writer| {
        for n in 0..500_u64 {
            let key = n.to_be_bytes();
            writer.tables.index(Index::Time).put(&mut writer.txn, &key, &pointer(1)).unwrap();
        }
    });
    assert_eq!((audit.faults_count, audit.faults.len(), audit.is_clean()), (500, 100, false));
}

#[test]
fn what_waits_in_memory_is_looked_at_too() {
    let test = TestStore::new();
    let event = |kind| EventBuilder::new(kind).tag(&["t", "x"]).tag(&["d", "y"]).sign(&Keys::from_seed(1));
    test.put_all([&event(1), &event(30_000)]);
    let audit = test.store.audit().unwrap();
    assert_eq!((audit.events, audit.entries, audit.faults_count), (2, 7 + 10, 0));
    // Removed, and its entries in the tables are yet to go.
    test.settle();
    test.put(&EventBuilder::new(5).tag(&["e", &event(1).id().to_string()]).sign(&Keys::from_seed(1)));
    let audit = test.store.audit().unwrap();
    assert_eq!((audit.events, audit.faults_count), (2, 0));
    // Entries of another record under this one's number.
    damage_store(&test.store, |writer| {
        let (mut keys, other) = (RecordKeys::default(), record(&event(7)));
        keys.fill(&other.view());
        writer.turn.add(Seq(2), Position::of(&other.view().head()), &keys);
    });
    let audit = test.store.audit().unwrap();
    assert_eq!((audit.faults_count, &audit.faults[0]), (7, &Fault::StrayEntry(Seq(2), "by_id")));
    // An event without entries.
    damage_store(&test.store, |writer| {
        let stranger = record(&EventBuilder::new(1).sign(&Keys::from_seed(3)));
        writer.tables.records.put(&mut writer.txn, &3, stranger.as_bytes()).unwrap();
    });
    let audit = test.store.audit().unwrap();
    assert!(audit.faults.contains(&Fault::MissingEntry(Seq(3), "by_time")), "{:?}", audit.faults);
}
