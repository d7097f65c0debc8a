use chappe_testkit::Rng;

use super::inflater::ENDS_MAX;
use super::*;
use crate::extension::negotiate;
use crate::{Incoming, Reader, Violation};

fn plain() -> Agreement {
    negotiate(["permessage-deflate"]).unwrap().unwrap()
}

fn inflated(deflated: &[u8], bytes_max: usize) -> Result<Vec<u8>, Violation> {
    let mut out = Vec::new();
    Inflater::new(1).inflate(deflated, &mut out, bytes_max).map(|()| out)
}

/// The payload of the one frame that this is, if it is compressed.
fn payload(frame: &[u8]) -> Option<&[u8]> {
    let head_bytes = match frame[1] {
        127 => 10,
        126 => 4,
        _ => 2,
    };
    (frame[0] == 0xc1).then(|| &frame[head_bytes..])
}

fn text(rng: &mut Rng, length: usize) -> Vec<u8> {
    let words = ["note", "relay", "\"tags\":[[", "5c83da77af1dec6d", "\u{e9}t\u{e9}", " ", ",", "wss://"];
    let mut text: Vec<u8> = Vec::new();
    while text.len() < length {
        text.extend_from_slice(rng.pick(&words).as_bytes());
    }
    text.truncate(length);
    text
}

#[test]
fn examples_of_the_rfc() {
    // RFC 7692, section 7.2.3: one block, a stored block, a final block, two blocks.
    let rows: &[&[u8]] = &[
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
        &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
        &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
        &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
    ];
    for deflated in rows {
        assert_eq!(inflated(deflated, 5).unwrap(), b"Hello", "{deflated:x?}");
        assert_eq!(inflated(deflated, 4), Err(Violation::TooLong), "{deflated:x?}");
    }
}

#[test]
fn any_message_comes_back() {
    let (deflater, mut rng) = (Deflater::new(0, 2), Rng::new(3));
    for length in (0..300).chain([1_000, 32_768, 32_769, 65_535, 65_536, 200_000]) {
        let noise: Vec<u8> = (0..length).map(|_| rng.bits().to_le_bytes()[0]).collect();
        for message in [text(&mut rng, length), noise, vec![b'a'; length]] {
            let mut out = Vec::new();
            deflater.append_text(&mut out, plain(), &message);
            assert!(out.len() <= message.len() + 10, "grown: {length}");
            match payload(&out) {
                Some(deflated) => assert!(inflated(deflated, length).unwrap() == message, "{length}"),
                None => assert!(out.ends_with(&message)),
            }
        }
    }
}

#[test]
fn a_message_written_in_place_is_the_same_as_one_that_is_given() {
    let (deflater, mut rng) = (Deflater::new(200, 1), Rng::new(6));
    let noise: Vec<u8> = (0..1_000).map(|_| rng.bits().to_le_bytes()[0]).collect();
    for message in [text(&mut rng, 199), text(&mut rng, 200), text(&mut rng, 100_000), noise] {
        for offer in ["permessage-deflate", "permessage-deflate; server_max_window_bits=8"] {
            let agreement = negotiate([offer]).unwrap().unwrap();
            let (mut given, mut in_place, mut lent) = (b"before".to_vec(), b"before".to_vec(), Vec::new());
            deflater.append_text(&mut given, agreement, &message);
            let append = |out: &mut Vec<u8>| out.extend_from_slice(&message);
            let compressed = deflater.append_text_with(&mut in_place, agreement, || &mut lent, append);
            assert!(given == in_place, "{offer}, {} bytes", message.len());
            let deflated =
                payload(&in_place[6..]).map(|deflated| Compressed::one(message.len(), deflated.len()));
            assert_eq!(compressed, deflated);
        }
    }
}

#[test]
fn what_was_decompressed_is_counted() {
    let inflater = Inflater::new(1);
    let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    for _ in 0..3 {
        inflater.clone().inflate(&hello, &mut Vec::new(), 5).unwrap();
    }
    let compressed = Compressed { messages: 3, plain_bytes: 15, deflated_bytes: 21 };
    assert_eq!(inflater.tally().sum(), compressed);
}

#[test]
fn short_messages_and_far_references_are_left_out() {
    let message = vec![b'a'; 1_000];
    let compressed = |deflater: &Deflater, offer: &str| {
        let (mut out, agreement) = (Vec::new(), negotiate([offer]).unwrap().unwrap());
        deflater.append_text(&mut out, agreement, &message);
        let alone = payload(&out).is_some();
        let shared = deflater
            .share(&message)
            .is_some_and(|end| append_shared(&mut out, agreement, |_| (), &end).is_some());
        assert_eq!(alone, shared, "{offer}");
        alone
    };
    assert!(compressed(&Deflater::new(1_000, 1), "permessage-deflate"));
    assert!(!compressed(&Deflater::new(1_001, 1), "permessage-deflate"));
    assert!(compressed(&Deflater::new(0, 1), "permessage-deflate; server_max_window_bits=10"));
    assert!(!compressed(&Deflater::new(0, 1), "permessage-deflate; server_max_window_bits=9"));
}

#[test]
fn one_end_serves_any_beginning() {
    let (deflater, mut rng) = (Deflater::new(100, 1), Rng::new(4));
    for _ in 0..200 {
        let length = 100 + rng.below(5_000);
        let end = text(&mut rng, length);
        let shared = deflater.share(&end).unwrap();
        assert!(shared.len_bytes() < end.len());
        for beginning_bytes in [0, 1, 13, 70, 65_535] {
            // Alike, so that a reference across would be tempting.
            let beginning: Vec<u8> = end.iter().copied().cycle().take(beginning_bytes).collect();
            let mut out = Vec::new();
            let append = |out: &mut Vec<u8>| out.extend_from_slice(&beginning);
            let compressed = append_shared(&mut out, plain(), append, &shared).unwrap();
            let whole = [beginning.as_slice(), &end].concat();
            let payload = payload(&out).unwrap();
            assert!(inflated(payload, whole.len()).unwrap() == whole);
            assert_eq!(compressed, Compressed::one(whole.len(), payload.len()));
        }
    }
    let shared = deflater.share(&[b'a'; 100]).unwrap();
    let mut out = b"before".to_vec();
    assert_eq!(append_shared(&mut out, plain(), |out| out.resize(out.len() + 65_536, b'a'), &shared), None);
    assert_eq!(out, b"before");
    assert_eq!(deflater.share(&[b'a'; 99]), None);
    let noise: Vec<u8> = (0..1_000).map(|_| rng.bits().to_le_bytes()[0]).collect();
    assert_eq!(deflater.share(&noise), None);
}

#[test]
fn a_bomb_is_stopped_at_the_bound() {
    let mut bomb = Vec::new();
    assert!(Deflater::new(0, 1).deflate(&vec![0; 10 << 20], &mut bomb));
    assert!(bomb.len() < 64 << 10, "{}", bomb.len());
    let mut out = Vec::new();
    assert_eq!(Inflater::new(1).inflate(&bomb, &mut out, 100_000), Err(Violation::TooLong));
    assert!(out.capacity() < 300_000, "{}", out.capacity());
}

#[test]
fn what_is_no_deflate_is_refused() {
    let rows: &[&[u8]] = &[
        // Block type 3; a length that its complement denies; a distance before the beginning.
        &[0x07],
        &[0x00, 0x05, 0x00, 0x00, 0x00],
        &[0x03, 0x02, 0x00],
        // The end, and then something else.
        &[0x03, 0x00, 0x07],
    ];
    for deflated in rows {
        assert_eq!(inflated(deflated, 1_000), Err(Violation::NotDeflate), "{deflated:x?}");
    }
    // An empty message that ends over and over.
    assert_eq!(inflated(&[0x03, 0x00].repeat(ENDS_MAX), 10), Ok(Vec::new()));
    assert_eq!(inflated(&[0x03, 0x00].repeat(ENDS_MAX + 2), 10), Err(Violation::NotDeflate));
}

#[test]
fn random_bytes_are_refused_or_bounded() {
    let (inflater, mut rng) = (Inflater::new(1), Rng::new(5));
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..rng.below(40)).map(|_| rng.bits().to_le_bytes()[0]).collect();
        let mut out = Vec::new();
        let _ = inflater.inflate(&bytes, &mut out, 1_000);
        assert!(out.capacity() < 4_096, "{}", out.capacity());
    }
}

#[test]
fn a_state_that_was_used_is_as_good_as_new() {
    let inflater = Inflater::new(1);
    let mut out = Vec::new();
    assert_eq!(inflater.inflate(&[0x07], &mut out, 10), Err(Violation::NotDeflate));
    inflater.inflate(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], &mut out, 10).unwrap();
    assert_eq!(out, b"Hello");
    // Three bytes from one before the beginning: nobody reads what was another's message.
    assert_eq!(inflater.inflate(&[0x03, 0x02, 0x00], &mut out, 10), Err(Violation::NotDeflate));
}

#[test]
fn what_the_server_compresses_a_reader_takes() {
    // Masked with zeros, the server's frame is a client's.
    let mut out = Vec::new();
    Deflater::new(0, 1).append_text(&mut out, plain(), &[b'a'; 300]);
    let mut masked = [&[out[0], out[1] | 0x80, 0, 0, 0, 0], &out[2..]].concat();
    let mut scratch = Vec::new();
    let mut reader = Reader::new(300, Some(Inflater::new(1)));
    let heard = reader.next(&mut masked.as_mut_slice(), &mut scratch).unwrap();
    assert_eq!(heard, Some(Incoming::Text(&[b'a'; 300])));
}
