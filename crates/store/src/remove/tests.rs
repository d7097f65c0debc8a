use chappe_testkit::{EventBuilder, Keys, TestEvent};

use super::Return;
use crate::tests::support::{TestStore, YOUNG_BYTES, stored};
use crate::{Error, StateChange, Written};

#[test]
fn what_is_removed_is_gone_and_comes_back_only_where_it_may() {
    for young_bytes_max in YOUNG_BYTES {
        let test = TestStore::with_young_bytes(young_bytes_max);
        let build = |kind, text: &str| EventBuilder::new(kind).content(text).sign(&Keys::from_seed(1));
        let events = [build(1, "a"), build(1, "b"), build(0, "c"), build(5, "d"), build(1, "e")];
        test.put_all(&events);
        let ids: Vec<_> = events[1..].iter().map(TestEvent::id).collect();
        assert_eq!(test.store.remove(&ids[..1], Return::Allowed).unwrap(), 1);
        assert_eq!(test.store.remove(&ids, Return::Barred).unwrap(), 3);
        assert_eq!(test.store.remove(&ids, Return::Barred).unwrap(), 0);
        let test = test.reopened();
        test.assert_sound();
        assert_eq!(test.ids(), [events[0].id()]);
        assert_eq!(test.put(&events[1]), stored(6));
        assert_eq!(test.put(&events[2]), Written::Deleted);
        assert_eq!(test.put(&events[3]), stored(7));
        assert_eq!(test.put(&events[4]), Written::Deleted);
    }
}

#[test]
fn what_tells_of_a_removal_is_kept_with_it_or_neither_is_done() {
    let test = TestStore::new();
    let events = ["a", "b"].map(|text| EventBuilder::new(1).content(text).sign(&Keys::from_seed(1)));
    test.put_all(&events);
    let told = StateChange { key: b"told", value: Some(b"a is gone") };
    let wrong = StateChange { key: b"", value: Some(b"b is gone") };
    let [first, second] = events.each_ref().map(TestEvent::id);
    assert_eq!(test.store.remove_and_change(&[first], Return::Allowed, &[told]).unwrap(), 1);
    let refused = test.store.remove_and_change(&[second], Return::Allowed, &[wrong]);
    assert!(matches!(refused, Err(Error::StateKey { bytes: 0 })), "{refused:?}");
    let test = test.reopened();
    test.assert_sound();
    assert_eq!(test.ids(), [second]);
    assert_eq!(test.store.state(b"").unwrap(), [(b"told".as_slice().into(), b"a is gone".as_slice().into())]);
}
