use chappe_testkit::Keys;

use super::*;

fn key(seed: u64) -> (PublicKey, XOnlyPublicKey) {
    let key = Keys::from_seed(seed).public();
    (key, XOnlyPublicKey::from_byte_array(*key.as_bytes()).unwrap())
}

#[test]
fn a_key_is_found_until_two_newer_ones_have_its_place() {
    let known = KnownKeys::default();
    let (first, point) = key(1);
    assert_eq!(known.find(&first), None);
    known.keep(&first, point);
    assert_eq!(known.find(&first), Some(point));

    // Some seed among so many has the same place.
    let mut rivals = (2..).map(key).filter(|(rival, _)| place_of(rival) == place_of(&first));
    for expected in [Some(point), None] {
        let (rival, other) = rivals.next().unwrap();
        known.keep(&rival, other);
        assert_eq!(known.find(&rival), Some(other));
        assert_eq!(known.find(&first), expected);
    }
}

#[test]
fn nobody_waits_for_a_place_and_its_memory_is_bounded() {
    let known = KnownKeys::default();
    let (first, point) = key(1);
    known.keep(&first, point);
    let places = known.0.get().unwrap();
    assert_eq!(places.len() * Place::default().0.len(), 8192);
    assert!(size_of_val(&**places) < 900 << 10, "{}", size_of_val(&**places));

    let taken = places[place_of(&first)].lock().unwrap();
    assert_eq!(known.find(&first), None);
    known.keep(&first, point);
    drop(taken);
    assert_eq!(known.find(&first), Some(point));
}
