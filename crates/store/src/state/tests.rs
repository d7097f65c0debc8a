use chappe_testkit::{EventBuilder, Keys};

use super::{KEY_BYTES_MAX, StateChange};
use crate::tests::support::{NOW, OPTIONS, TestStore};
use crate::{Error, Options, Space, Store};

const fn keep<'a>(key: &'a [u8], value: &'a [u8]) -> StateChange<'a> {
    StateChange { key, value: Some(value) }
}

const fn remove(key: &[u8]) -> StateChange<'_> {
    StateChange { key, value: None }
}

#[track_caller]
fn assert_state(store: &Store, prefix: &[u8], expected: &[(&[u8], &[u8])]) {
    let found = store.state(prefix).unwrap();
    let found: Vec<_> = found.iter().map(|(key, value)| (&**key, &**value)).collect();
    assert_eq!(found, expected, "{prefix:?}");
}

#[test]
fn state_is_found_again_by_its_prefix_and_in_order() {
    let test = TestStore::new();
    test.store.change_state(&[]).unwrap();
    assert_state(&test.store, b"", &[]);
    let high = keep(&[0xFF, 0xFF], b"high");
    test.store.change_state(&[keep(b"b/2", b"two"), keep(b"b/1", b""), keep(b"a", b"x"), high]).unwrap();
    let test = test.reopened();
    assert_state(&test.store, b"b/", &[(b"b/1", b""), (b"b/2", b"two")]);
    assert_state(&test.store, b"b/2", &[(b"b/2", b"two")]);
    assert_state(&test.store, b"b/20", &[]);
    assert_state(&test.store, &[0xFF], &[(&[0xFF, 0xFF], b"high")]);
    assert_eq!(test.store.state(b"").unwrap().len(), 4);
}

#[test]
fn the_last_change_of_a_key_counts() {
    let test = TestStore::new();
    test.store.change_state(&[keep(b"a", b"1"), keep(b"b", b"1"), keep(b"c", b"1")]).unwrap();
    let changes = [remove(b"a"), keep(b"b", b"2"), remove(b"c"), keep(b"c", b"3"), remove(b"nothing")];
    test.store.change_state(&changes).unwrap();
    assert_state(&test.store, b"", &[(b"b", b"2"), (b"c", b"3")]);
}

#[test]
fn a_key_has_bounds_and_a_call_is_done_as_a_whole() {
    let test = TestStore::new();
    let (longest, too_long) = ([1; KEY_BYTES_MAX], [1; KEY_BYTES_MAX + 1]);
    for wrong in [b"".as_slice(), &too_long] {
        let refused = test.store.change_state(&[keep(b"a", b"1"), keep(wrong, b"2")]);
        assert!(matches!(refused, Err(Error::StateKey { bytes }) if bytes == wrong.len()), "{refused:?}");
    }
    assert_state(&test.store, b"", &[]);
    test.store.change_state(&[keep(&longest, b"1")]).unwrap();
    assert_state(&test.store, &longest, &[(&longest, b"1")]);
}

#[test]
fn a_full_store_keeps_no_more_state_and_still_lets_it_go() {
    let test = TestStore::with(&Options { map_bytes: 4 << 20, map_reserve_bytes: 2 << 20, ..OPTIONS });
    test.store.change_state(&[keep(b"a", b"1")]).unwrap();
    let value = vec![7; 1 << 20];
    test.store.change_state(&[keep(b"big", &value)]).unwrap();
    let refused = test.store.change_state(&[remove(b"a"), keep(b"bigger", &value)]);
    assert!(matches!(refused, Err(Error::Full(Space::Map))), "{refused:?}");
    assert_eq!(test.store.state(b"").unwrap().len(), 2);
    // It takes room from events, too.
    let event = EventBuilder::new(1).content("x".repeat(1 << 20)).sign(&Keys::from_seed(1));
    assert!(matches!(test.try_put_all([&event], NOW), Err(Error::Full(Space::Map))));
    test.store.change_state(&[remove(b"big")]).unwrap();
    test.put(&event);
    assert_state(&test.store, b"", &[(b"a", b"1")]);
}
