//! Random conversations, sound and broken, against a reader that does everything in the simplest way.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may panic")]

use chappe_frames::{Close, Incoming, Inflater, Reader, Violation};
use chappe_testkit::Rng;

const MESSAGE_BYTES_MAX: usize = 300;

/// What was heard, to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Heard {
    Message(u8, Vec<u8>),
    Control(u8, Vec<u8>),
    Close(Option<u16>, String),
}

/// A frame, before it is bytes.
#[derive(Debug, Clone)]
struct Frame {
    first: u8,
    masked: bool,
    payload: Vec<u8>,
}

impl Frame {
    fn append(&self, bytes: &mut Vec<u8>, mask: [u8; 4]) {
        let flag = if self.masked { 0x80 } else { 0 };
        bytes.push(self.first);
        match u16::try_from(self.payload.len()).unwrap() {
            length @ 0..=125 => bytes.push(flag | length.to_be_bytes()[1]),
            length => {
                bytes.push(flag | 126);
                bytes.extend_from_slice(&length.to_be_bytes());
            }
        }
        let mask = if self.masked { mask } else { [0; 4] };
        if self.masked {
            bytes.extend_from_slice(&mask);
        }
        bytes.extend(self.payload.iter().enumerate().map(|(place, byte)| byte ^ mask[place % 4]));
    }
}

/// The rules, one after the other, over whole frames.
#[derive(Default)]
struct Naive {
    open: Option<(u8, Vec<u8>)>,
    heard: Vec<Heard>,
}

impl Naive {
    fn take(&mut self, Frame { first, masked, payload }: &Frame) -> Result<(), Violation> {
        let (is_last, opcode) = (first & 0x80 != 0, first & 0x0f);
        if first & 0x30 != 0 {
            return Err(Violation::ReservedBit);
        }
        if !matches!(opcode, 0..=2 | 8..=10) {
            return Err(Violation::ReservedOpcode);
        }
        if opcode >= 8 && !is_last {
            return Err(Violation::FragmentedControl);
        }
        if !masked {
            return Err(Violation::Unmasked);
        }
        if opcode >= 8 && payload.len() > 125 {
            return Err(Violation::LongControl);
        }
        if first & 0x40 != 0 {
            return Err(Violation::ReservedBit);
        }
        match opcode {
            8 => return self.close(payload),
            9 | 10 => self.heard.push(Heard::Control(opcode, payload.clone())),
            0 => {
                let (kind, mut bytes) = self.open.take().ok_or(Violation::NothingToContinue)?;
                bytes.extend_from_slice(payload);
                self.part(kind, bytes, is_last)?;
            }
            kind if self.open.is_none() => self.part(kind, payload.clone(), is_last)?,
            _ => return Err(Violation::UnfinishedMessage),
        }
        Ok(())
    }

    fn part(&mut self, kind: u8, bytes: Vec<u8>, is_last: bool) -> Result<(), Violation> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(Violation::TooLong);
        }
        let fault = str::from_utf8(&bytes).err().filter(|fault| is_last || fault.error_len().is_some());
        if kind == 1 && fault.is_some() {
            return Err(Violation::NotUtf8);
        }
        if is_last {
            self.heard.push(Heard::Message(kind, bytes));
        } else {
            self.open = Some((kind, bytes));
        }
        Ok(())
    }

    fn close(&mut self, body: &[u8]) -> Result<(), Violation> {
        let (code, reason) = match body {
            [] => (None, ""),
            [_] => return Err(Violation::BadClose),
            [high, low, reason @ ..] => {
                let code = u16::from_be_bytes([*high, *low]);
                if !(1000..5000).contains(&code)
                    || [1004, 1005, 1006].contains(&code)
                    || (1015..3000).contains(&code)
                {
                    return Err(Violation::BadClose);
                }
                (Some(code), str::from_utf8(reason).map_err(|_| Violation::NotUtf8)?)
            }
        };
        self.heard.push(Heard::Close(code, reason.to_owned()));
        Ok(())
    }
}

fn random_frame(rng: &mut Rng) -> Frame {
    let texts: [&[u8]; 6] = [b"", b"note", "\u{20ac}".as_bytes(), b"\xe2\x82", b"\xac", b"\xf0\x9f\x98\x80"];
    let opcode = *rng.pick(&[0, 0, 0, 1, 1, 1, 2, 8, 9, 9, 10]);
    let mut first = opcode | if opcode >= 8 || rng.percent(50) { 0x80 } else { 0 };
    let mut payload: Vec<u8> = (0..rng.below(4)).flat_map(|_| rng.pick(&texts).to_vec()).collect();
    if rng.percent(10) {
        payload = vec![b'a'; rng.below(MESSAGE_BYTES_MAX + 20)];
    }
    if opcode == 8 && rng.percent(80) {
        let code: u16 = *rng.pick(&[1000, 1001, 1005, 1012, 1015, 2999, 3000, 5000]);
        payload = [&code.to_be_bytes(), *rng.pick(&texts)].concat();
    }
    if rng.percent(3) {
        first ^= 1 << rng.below(8);
    }
    Frame { first, masked: !rng.percent(1), payload }
}

/// Reads the bytes in random pieces.
fn read(bytes: &[u8], rng: &mut Rng) -> (Vec<Heard>, Result<(), Violation>) {
    let mut reader = Reader::new(MESSAGE_BYTES_MAX, None);
    let (mut heard, mut buffer, mut scratch, mut taken) = (Vec::new(), Vec::new(), Vec::new(), 0);
    while taken < bytes.len() {
        let piece = (1 + rng.below(200)).min(bytes.len() - taken);
        buffer.extend_from_slice(&bytes[taken..taken + piece]);
        taken += piece;
        let mut unread = buffer.as_mut_slice();
        loop {
            heard.push(match reader.next(&mut unread, &mut scratch) {
                Ok(Some(Incoming::Text(text))) => Heard::Message(1, text.to_vec()),
                Ok(Some(Incoming::Binary(bytes))) => Heard::Message(2, bytes.to_vec()),
                Ok(Some(Incoming::Ping(payload))) => Heard::Control(9, payload.to_vec()),
                Ok(Some(Incoming::Pong(payload))) => Heard::Control(10, payload.to_vec()),
                Ok(Some(Incoming::Close(Close { code, reason }))) => Heard::Close(code, reason.to_owned()),
                Ok(None) => break,
                Err(violation) => return (heard, Err(violation)),
            });
        }
        let rest = unread.len();
        buffer.drain(..buffer.len() - rest);
    }
    (heard, Ok(()))
}

#[test]
fn any_conversation_reads_as_by_the_book() {
    let (mut rng, mut sound, mut broken) = (Rng::new(6), 0, 0);
    for _ in 0..20_000 {
        let frames: Vec<Frame> = (0..1 + rng.below(8)).map(|_| random_frame(&mut rng)).collect();
        let (mut naive, mut bytes) = (Naive::default(), Vec::new());
        let mut end = Ok(());
        for frame in &frames {
            frame.append(&mut bytes, rng.bits().to_le_bytes()[..4].try_into().unwrap());
            end = end.and_then(|()| naive.take(frame));
        }
        *if end.is_ok() { &mut sound } else { &mut broken } += 1;
        assert_eq!(read(&bytes, &mut rng), (naive.heard, end), "{frames:?}");
    }
    assert!(sound > 2_000 && broken > 2_000, "{sound} {broken}");
}

#[test]
fn any_bytes_are_read_without_a_panic_or_a_giant() {
    let mut rng = Rng::new(7);
    for _ in 0..50_000 {
        let mut reader = Reader::new(MESSAGE_BYTES_MAX, Some(Inflater::new(1)));
        let mut bytes: Vec<u8> = (0..rng.below(60)).map(|_| rng.bits().to_le_bytes()[0]).collect();
        // Most would end at the first bits.
        if let [first, second, ..] = bytes.as_mut_slice() {
            *first &= 0xcf;
            *second |= 0x80;
        }
        let (mut unread, mut scratch) = (bytes.as_mut_slice(), Vec::new());
        while let Ok(Some(_)) = reader.next(&mut unread, &mut scratch) {}
        assert!(scratch.capacity() <= 4 * MESSAGE_BYTES_MAX, "{}", scratch.capacity());
    }
}
