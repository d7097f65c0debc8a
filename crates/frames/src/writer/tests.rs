use super::*;

#[test]
fn frames_stand_one_behind_the_other() {
    let mut out = Vec::new();
    append_text(&mut out, b"abc");
    append_ping(&mut out);
    append_pong(&mut out, b"12");
    append_close(&mut out, Some((1000, "bye")));
    append_close(&mut out, None);
    assert_eq!(out, b"\x81\x03abc\x89\x00\x8a\x0212\x88\x05\x03\xe8bye\x88\x00");
}

#[test]
fn a_message_is_written_in_place_whatever_its_length() {
    for length in [0, 1, 125, 126, 127, 65_535, 65_536, 70_000] {
        let message: Vec<u8> = (0..length).map(|place: u32| place.to_le_bytes()[0]).collect();
        let (mut copied, mut in_place) = (b"before".to_vec(), b"before".to_vec());
        append_text(&mut copied, &message);
        append_text_with(&mut in_place, |out| out.extend_from_slice(&message));
        assert!(copied == in_place, "{length}");
        assert!(copied.ends_with(&message));
    }
}

#[test]
fn what_does_not_fit_into_a_control_frame_is_cut() {
    let mut out = Vec::new();
    append_close(&mut out, Some((1002, &"\u{e9}".repeat(100))));
    // 123 bytes would end within a character.
    assert_eq!((out.len(), out[1]), (2 + 2 + 122, 124));
    out.clear();
    append_pong(&mut out, &[7; 200]);
    assert_eq!((out.len(), out[1]), (2 + 125, 125));
}

#[test]
fn the_texts_are_found_again() {
    let messages = [vec![b'a'; 5], vec![], vec![b'b'; 126], vec![b'c'; 70_000], vec![b'd'; 125]];
    let mut out = Vec::new();
    for message in &messages {
        append_pong(&mut out, b"between");
        append_text(&mut out, message);
    }
    append_close(&mut out, None);
    assert!(texts(&out).eq(messages.iter().map(Vec::as_slice)));
    assert_eq!(texts(b"\x81\x05abc").count() + texts(b"\x81").count() + texts(b"").count(), 0);
}
