use super::*;

#[test]
fn keys_add_up_to_a_bound() {
    let key = |number: usize| PublicKey::from_bytes([u8::try_from(number).unwrap(); 32]);
    let mut viewer = Viewer::anonymous();
    assert!(viewer.is_anonymous());
    for number in 0..KEYS_MAX {
        assert_eq!(viewer.add(key(number)), Ok(()), "key {number}");
        assert_eq!(viewer.add(key(0)), Ok(()), "again, beside {number}");
    }
    assert_eq!(viewer.add(key(KEYS_MAX)), Err(TooManyKeys));
    assert!(!viewer.contains(&key(KEYS_MAX)));
    assert_eq!(viewer.add(key(5)), Ok(()), "a known key, when full");
    assert_eq!(viewer.iter().count(), KEYS_MAX);
    assert!(!viewer.is_anonymous());
    let words = "restricted: a connection may sign in with 64 keys at most";
    assert_eq!(Refusal::from(TooManyKeys).to_string(), words);
}
