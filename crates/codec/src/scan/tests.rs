use super::*;

#[test]
fn finds_every_special_byte_at_every_place_and_nothing_else() {
    for byte in 0..=u8::MAX {
        let special = byte < 0x20 || byte == b'"' || byte == b'\\';
        for length in 0..20 {
            for place in 0..length {
                // The neighbours are those that a borrow would disturb: just above, and above 0x7f.
                for around in [b'a', 0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f, 0x80, 0xff] {
                    let mut text = vec![around; length];
                    text[place] = byte;
                    let expected = if special { place } else { length };
                    assert_eq!(plain_length(&text), expected, "{byte:#x} among {around:#x}");
                }
            }
        }
    }
}

#[test]
fn stops_at_the_first_of_many() {
    let text = b"plain text of some length\"\"\\\"\n\n\"";
    for start in 0..25 {
        assert_eq!(plain_length(&text[start..]), 25 - start);
    }
    assert_eq!(plain_length(b""), 0);
    assert_eq!(plain_length(&[b'x'; 100]), 100);
}
