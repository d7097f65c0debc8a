use chappe_protocol::{Event, EventHead, EventId, Kind, PublicKey, Signature, Tags, Timestamp};
use chappe_testkit::{Corpus, Rng};

use super::{Compressor, DICTIONARIES_MAX, Dictionaries, PLAIN_BYTES_MAX, plain_bytes};
use crate::record::{Record, RecordView};
use crate::tests::support::dictionary;

/// Dictionaries of which only this number is there.
fn only(number: u64) -> Dictionaries {
    let dictionaries = Dictionaries::new();
    dictionaries.add(number, &dictionary(number));
    dictionaries
}

fn event() -> Event<'static> {
    Event {
        head: EventHead {
            id: EventId::from_bytes([0x11; 32]),
            pubkey: PublicKey::from_bytes([0x22; 32]),
            created_at: Timestamp(1),
            kind: Kind(1),
            tags: Tags::from_packed(&[]),
        },
        content: "",
        sig: Signature::from_bytes([0x33; 64]),
    }
}

fn record(json: &[u8], dictionaries: &Dictionaries) -> Record {
    let compressor = Compressor::by(dictionaries.newest());
    Record::put_together(&event(), &mut Vec::new(), compressor, |bytes| bytes.extend_from_slice(json))
}

fn jsons() -> Vec<String> {
    Corpus::eventful(5, 500, 20).events.iter().map(|event| event.json()).collect()
}

/// The drawing in docs/storage.md: what is before the wire form is as ever, and the frame has these first bytes.
#[test]
fn the_layout_is_the_one_drawn() {
    let dictionaries = only(7);
    let json = jsons().into_iter().find(|json| (256..65_000).contains(&json.len())).unwrap();
    let (plain, kept) = (Record::new(&event(), json.as_bytes()), record(json.as_bytes(), &dictionaries));
    assert_eq!(kept.as_bytes()[..90], plain.as_bytes()[..90]);
    assert_eq!(plain.as_bytes()[90..], *json.as_bytes());
    let length = u16::try_from(json.len() - 256).unwrap().to_le_bytes();
    let drawn = [0x28, 0xB5, 0x2F, 0xFD, 0x61, 7, length[0], length[1]];
    assert_eq!(kept.as_bytes()[90..98], drawn);
    assert!(kept.as_bytes().len() < plain.as_bytes().len() - json.len() / 8);
    assert_eq!(kept.frame_bytes(), Some(kept.as_bytes().len() - 90));
    // In memory it has both forms.
    assert_eq!((kept.json(), kept.bytes_held()), (json.as_bytes(), kept.as_bytes().len() + json.len()));
    assert_eq!((plain.json(), plain.frame_bytes()), (json.as_bytes(), None));
}

#[test]
fn what_was_compressed_is_served_byte_for_byte() {
    let dictionaries = only(1);
    let (mut compressed, mut room) = (0, b"something".to_vec());
    for json in jsons() {
        let kept = record(json.as_bytes(), &dictionaries);
        let view = RecordView::parse_by(kept.as_bytes(), &dictionaries).unwrap();
        assert!(view.has_head_of(&kept.view()));
        assert_eq!((view.json(&mut room).unwrap(), view.json_bytes()), (json.as_bytes(), json.len()));
        let mut out = b"before ".to_vec();
        view.append_json(&mut out).unwrap();
        assert_eq!(out, [b"before ", json.as_bytes()].concat());
        compressed += usize::from(view.plain().is_none());
    }
    assert!(compressed > 450, "{compressed}");
}

#[test]
fn what_gets_no_shorter_stays_as_it_is() {
    let (dictionaries, mut rng) = (only(1), Rng::new(3));
    let noise: Vec<u8> = (0..5_000).map(|_| u8::try_from(rng.below(256)).unwrap()).collect();
    let too_long = vec![b' '; PLAIN_BYTES_MAX + 1];
    for json in [b"".as_slice(), b"{", b"{}", b"[wire form]", &noise, &too_long] {
        let kept = record(json, &dictionaries);
        assert_eq!(kept, Record::new(&event(), json));
    }
    let long = &too_long[1..];
    assert!(record(long, &dictionaries).as_bytes().len() < 1_000);
    assert_eq!(record(long, &dictionaries).json(), long);
}

#[test]
fn any_bytes_come_back_or_stay() {
    let (dictionaries, mut rng) = (only(2), Rng::new(4));
    let words =
        [b"{\"id\":\"".as_slice(), b"\",\"kind\":", b"aaaa", b"\0", b"\x28\xB5\x2F\xFD", b"0123456789abcdef"];
    for _ in 0..2_000 {
        let json: Vec<u8> = (0..rng.below(60)).flat_map(|_| rng.pick(&words).to_vec()).collect();
        // No JSON begins like a frame.
        let json = [b"{", json.as_slice()].concat();
        let kept = record(&json, &dictionaries);
        let view = RecordView::parse_by(kept.as_bytes(), &dictionaries).unwrap();
        assert_eq!(view.json(&mut Vec::new()).unwrap(), json);
        assert_eq!(kept.json(), json);
        // The frame is found behind a head that is wrong, too.
        let found = dictionaries.plain_record(kept.as_bytes());
        assert_eq!(found.is_some(), view.plain().is_none());
        assert!(found.is_none_or(|found| found.ends_with(&json)));
    }
}

/// An error or other bytes of the same length, and never a panic: the event's id and signature tell.
#[test]
fn damaged_frames_are_errors_or_other_text() {
    let dictionaries = only(1);
    let json = jsons().into_iter().max_by_key(String::len).unwrap();
    let kept = record(json.as_bytes(), &dictionaries);
    let frame = &kept.as_bytes()[90..];
    let (mut errors, mut out) = (0, b"before".to_vec());
    let mut try_one = |frame: &[u8]| {
        let read = dictionaries.decompress(frame, &mut out);
        assert!(out.starts_with(b"before"));
        assert!(read.is_ok() || out.len() == 6, "nothing is left of what cannot be read");
        assert!(out.len() <= 6 + PLAIN_BYTES_MAX);
        out.truncate(6);
        errors += u32::from(read.is_err());
        read.is_err()
    };
    for end in 0..frame.len() {
        assert!(try_one(&frame[..end]), "{end} bytes");
    }
    assert!(try_one(&[frame, b"x"].concat()));
    assert!(try_one(&[frame, frame].concat()));
    for at in 0..frame.len() {
        for bit in 0..8 {
            let mut frame = frame.to_vec();
            frame[at] ^= 1 << bit;
            try_one(&frame);
        }
    }
    assert!(errors > 1_000, "{errors}");
}

#[test]
fn a_frame_that_says_it_holds_more_than_an_event_is_not_believed() {
    let dictionaries = only(1);
    let head = |descriptor: u8, length: &[u8]| [&[0x28, 0xB5, 0x2F, 0xFD, descriptor, 1], length].concat();
    // Eight bytes of length; four; and none at all, which leaves it to the window.
    let too_long = u32::try_from(PLAIN_BYTES_MAX + 1).unwrap().to_le_bytes();
    let by_window = [0x28, 0xB5, 0x2F, 0xFD, 0x01, 0x50, 1, 0, 0, 0, 0].to_vec();
    for frame in [head(0xE1, &(1_u64 << 40).to_le_bytes()), head(0xA1, &too_long), by_window] {
        let mut out = Vec::new();
        let error = dictionaries.decompress(&frame, &mut out).unwrap_err();
        assert!(error.to_string().contains("does not say its length"), "{error}");
        assert_eq!((out.capacity(), plain_bytes(&frame)), (0, None));
    }
}

#[test]
fn a_frame_of_another_dictionary_is_an_error() {
    let json = jsons().into_iter().max_by_key(String::len).unwrap();
    let of = |number| record(json.as_bytes(), &only(number));
    for number in [1, 15, DICTIONARIES_MAX as u64] {
        let kept = of(number);
        let other = only(2);
        let view = RecordView::parse_by(kept.as_bytes(), &other).unwrap();
        let error = view.json(&mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("the dictionary of a compressed event is not there"), "{error}");
        // What it says of itself can be told without.
        assert_eq!(view.json_bytes(), json.len());
    }
}

#[test]
fn what_is_no_dictionary_is_none() {
    let dictionaries = Dictionaries::new();
    let mut broken = dictionary(1);
    broken[8..200].fill(0xFF);
    dictionaries.add(1, &broken);
    dictionaries.add(0, &dictionary(1));
    dictionaries.add(DICTIONARIES_MAX as u64 + 1, &dictionary(1));
    dictionaries.add(u64::MAX, &dictionary(1));
    assert_eq!(dictionaries.iter().count(), 0);
    dictionaries.add(3, &dictionary(3));
    dictionaries.add(2, &dictionary(2));
    assert_eq!(dictionaries.iter().map(|(number, _)| number).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(dictionaries.newest().unwrap().bytes(), dictionary(3));
}
