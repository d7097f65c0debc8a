use super::*;

/// A head as a client writes it: first byte, second byte's length, extended length, and a mask.
fn bytes(first: u8, length: u8, extended: &[u8]) -> Vec<u8> {
    [&[first, MASKED | length], extended, &[1, 2, 3, 4]].concat()
}

#[test]
fn heads_of_clients() {
    use Opcode::{Binary, Close, Continuation, Ping, Pong, Text};
    /// First byte, length, extended length; opcode, FIN, RSV1, payload.
    type Row = (u8, u8, &'static [u8], Opcode, bool, bool, u64);
    let rows: &[Row] = &[
        (0x81, 0, &[], Text, true, false, 0),
        (0x01, 125, &[], Text, false, false, 125),
        (0xc1, 126, &[0, 126], Text, true, true, 126),
        (0x82, 126, &[0xff, 0xff], Binary, true, false, 65_535),
        (0x80, 127, &[0, 0, 0, 0, 0, 1, 0, 0], Continuation, true, false, 65_536),
        (0x00, 127, &[0x7f, 255, 255, 255, 255, 255, 255, 255], Continuation, false, false, u64::MAX / 2),
        (0x88, 2, &[], Close, true, false, 2),
        (0x89, 125, &[], Ping, true, false, 125),
        (0x8a, 0, &[], Pong, true, false, 0),
        // Whether RSV1 has a meaning there is for the reader to say.
        (0xc8, 0, &[], Close, true, true, 0),
    ];
    for &(first, length, extended, opcode, is_last, is_compressed, payload_bytes) in rows {
        let bytes = bytes(first, length, extended);
        let head = ClientHead { opcode, is_last, is_compressed, mask: [1, 2, 3, 4], payload_bytes };
        assert_eq!(ClientHead::read(&bytes), Ok(Some((head, bytes.len()))), "{bytes:x?}");
        for cut in 0..bytes.len() {
            assert_eq!(ClientHead::read(&bytes[..cut]), Ok(None), "{bytes:x?} cut at {cut}");
        }
        let more = [bytes.as_slice(), b"payload"].concat();
        assert_eq!(ClientHead::read(&more), Ok(Some((head, bytes.len()))));
    }
}

#[test]
fn heads_that_break_a_rule() {
    use Violation::{BadLength, FragmentedControl, LongControl, ReservedBit, ReservedOpcode, Unmasked};
    // The bytes, all that is needed to see it.
    let rows: &[(&[u8], Violation)] = &[
        // Section 5.2: RSV2 and RSV3.
        (&[0xa1], ReservedBit),
        (&[0x91], ReservedBit),
        (&[0xf9], ReservedBit),
        // Section 5.2: opcodes 3 to 7 and B to F.
        (&[0x83], ReservedOpcode),
        (&[0x87], ReservedOpcode),
        (&[0x0b], ReservedOpcode),
        (&[0x8f], ReservedOpcode),
        // Section 5.5: control frames.
        (&[0x08], FragmentedControl),
        (&[0x09], FragmentedControl),
        (&[0x4a], FragmentedControl),
        (&[0x88, 0xfe], LongControl),
        (&[0x89, 0xff], LongControl),
        // Section 5.1: the mask.
        (&[0x81, 0x05], Unmasked),
        (&[0x89, 0x7e], Unmasked),
        // Section 5.2: the fewest bytes, and no sign.
        (&[0x81, 0xfe, 0, 125], BadLength),
        (&[0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff], BadLength),
        (&[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0], BadLength),
    ];
    for (bytes, violation) in rows {
        assert_eq!(ClientHead::read(bytes), Err(*violation), "{bytes:x?}");
        assert_eq!(ClientHead::read(&bytes[..bytes.len() - 1]), Ok(None), "{bytes:x?} told too early");
    }
}

#[test]
fn heads_of_the_server() {
    use Outgoing::{Binary, Close, DeflatedText, Ping, Pong, Text};
    let rows: &[(Outgoing, usize, &[u8])] = &[
        (Text, 0, &[0x81, 0]),
        (Text, 125, &[0x81, 125]),
        (Text, 126, &[0x81, 126, 0, 126]),
        (DeflatedText, 65_535, &[0xc1, 126, 0xff, 0xff]),
        (DeflatedText, 65_536, &[0xc1, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        (Binary, 3, &[0x82, 3]),
        (Close, 2, &[0x88, 2]),
        (Ping, 0, &[0x89, 0]),
        (Pong, 125, &[0x8a, 125]),
    ];
    for (what, payload_bytes, expected) in rows {
        assert_eq!(Head::new(*what, *payload_bytes).as_ref(), *expected, "{what:?} {payload_bytes}");
    }
}
