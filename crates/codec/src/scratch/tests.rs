use super::*;
use crate::{decode_event, testing};

#[test]
fn shrinking_frees_what_an_unusual_event_left_and_keeps_the_rest() {
    let mut scratch = Scratch::new();
    let long = format!(r#""\n{}""#, "x".repeat(3 * Scratch::RETAINED_BYTES_MAX));
    decode_event(testing::event_with("content", &long).as_bytes(), &mut scratch).unwrap();
    assert!(scratch.content.capacity() > Scratch::RETAINED_BYTES_MAX);
    scratch.shrink();
    assert_eq!(scratch.content.capacity(), Scratch::RETAINED_BYTES_MAX);

    decode_event(testing::event().as_bytes(), &mut scratch).unwrap();
    let kept = scratch.tags.capacity();
    scratch.shrink();
    assert_eq!((scratch.tags.len(), scratch.tags.capacity()), (0, kept));
    assert!(kept > 0);
}

#[test]
fn nothing_of_an_event_is_left_in_the_next() {
    let mut scratch = Scratch::new();
    let first = testing::event_with("content", r#""first\n""#);
    decode_event(first.as_bytes(), &mut scratch).unwrap();
    let second = testing::event_with("content", r#""\n""#);
    let event = decode_event(second.as_bytes(), &mut scratch).unwrap();
    assert_eq!((event.content, event.head.tags.iter().count()), ("\n", 1));
}
