//! A frame's head: what stands before the payload (RFC 6455, section 5.2).
//!
//! ```text
//! byte 0      FIN, RSV1, RSV2, RSV3, opcode (4 bits)
//! byte 1      MASK, length (7 bits); 126: the next 2 bytes have it, 127: the next 8, both big-endian
//! then        4 bytes of masking key, from a client
//! ```

use crate::Violation;
use crate::mask::Mask;

const FIN: u8 = 0b1000_0000;
/// "Per-Message Compressed" (RFC 7692, section 6).
const RSV1: u8 = 0b0100_0000;
const RSV2_RSV3: u8 = 0b0011_0000;
const OPCODE: u8 = 0b0000_1111;
const MASKED: u8 = 0b1000_0000;
const LENGTH: u8 = 0b0111_1111;

/// The longest payload whose length stands in the second byte; what a control frame may have.
pub(crate) const SHORT_BYTES_MAX: usize = 125;
pub(crate) const LENGTH_IN_2: u8 = 126;
pub(crate) const LENGTH_IN_8: u8 = 127;

/// The longest head of a frame without a mask.
pub const HEAD_BYTES_MAX: usize = 10;

/// What a frame from a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    const fn of(byte: u8) -> Result<Self, Violation> {
        Ok(match byte & OPCODE {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return Err(Violation::ReservedOpcode),
        })
    }

    pub(crate) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The head of a frame from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientHead {
    pub(crate) opcode: Opcode,
    /// Whether the message ends with this frame.
    pub(crate) is_last: bool,
    /// RSV1.
    pub(crate) is_compressed: bool,
    pub(crate) mask: Mask,
    pub(crate) payload_bytes: u64,
}

impl ClientHead {
    /// Reads the head that `bytes` begin with, and says how long it is. None while a part of it is missing; what is there
    /// is judged all the same.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, Violation> {
        let Some((&first, rest)) = bytes.split_first() else { return Ok(None) };
        if first & RSV2_RSV3 != 0 {
            return Err(Violation::ReservedBit);
        }
        let opcode = Opcode::of(first)?;
        let (is_last, is_compressed) = (first & FIN != 0, first & RSV1 != 0);
        if opcode.is_control() && !is_last {
            return Err(Violation::FragmentedControl);
        }
        let Some((&second, rest)) = rest.split_first() else { return Ok(None) };
        if second & MASKED == 0 {
            return Err(Violation::Unmasked);
        }
        let short = second & LENGTH;
        if opcode.is_control() && usize::from(short) > SHORT_BYTES_MAX {
            return Err(Violation::LongControl);
        }
        let Some((payload_bytes, rest)) = read_length(short, rest)? else { return Ok(None) };
        let Some((&mask, rest)) = rest.split_first_chunk() else { return Ok(None) };
        let head = Self { opcode, is_last, is_compressed, mask, payload_bytes };
        Ok(Some((head, bytes.len() - rest.len())))
    }
}

/// The payload's length, and what follows it.
fn read_length(short: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, Violation> {
    let (length, least, rest) = match short {
        LENGTH_IN_2 => {
            let Some((length, rest)) = rest.split_first_chunk() else { return Ok(None) };
            (u64::from(u16::from_be_bytes(*length)), SHORT_BYTES_MAX as u64 + 1, rest)
        }
        LENGTH_IN_8 => {
            let Some((length, rest)) = rest.split_first_chunk() else { return Ok(None) };
            (u64::from_be_bytes(*length), u64::from(u16::MAX) + 1, rest)
        }
        length => (length.into(), 0, rest),
    };
    let is_minimal = length >= least && i64::try_from(length).is_ok();
    if is_minimal { Ok(Some((length, rest))) } else { Err(Violation::BadLength) }
}

/// What a server sends in one frame. Its messages are never fragmented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outgoing {
    /// A whole text message.
    Text,
    /// A whole text message, compressed.
    DeflatedText,
    /// A whole binary message.
    Binary,
    /// A close frame.
    Close,
    /// A ping.
    Ping,
    /// A pong.
    Pong,
}

impl Outgoing {
    pub(crate) const fn first_byte(self) -> u8 {
        FIN | match self {
            Self::Text => 0x1,
            Self::DeflatedText => RSV1 | 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }
}

/// The head of a frame from the server, for who sends the payload from where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    bytes: [u8; HEAD_BYTES_MAX],
    /// How many of them: 2, 4 or 10.
    count: u8,
}

impl Head {
    /// The head for a payload of so many bytes.
    #[must_use]
    pub fn new(what: Outgoing, payload_bytes: usize) -> Self {
        let first = what.first_byte();
        let mut bytes = [0; HEAD_BYTES_MAX];
        let count = if let Ok(short @ 0..LENGTH_IN_2) = u8::try_from(payload_bytes) {
            fill(&mut bytes, &[first, short])
        } else if let Ok(length) = u16::try_from(payload_bytes) {
            let [a, b] = length.to_be_bytes();
            fill(&mut bytes, &[first, LENGTH_IN_2, a, b])
        } else {
            let [a, b, c, d, e, f, g, h] = (payload_bytes as u64).to_be_bytes();
            fill(&mut bytes, &[first, LENGTH_IN_8, a, b, c, d, e, f, g, h])
        };
        Self { bytes, count }
    }
}

fn fill<const COUNT: usize>(bytes: &mut [u8; HEAD_BYTES_MAX], head: &[u8; COUNT]) -> u8 {
    const { assert!(COUNT <= HEAD_BYTES_MAX) }
    for (place, byte) in bytes.iter_mut().zip(head) {
        *place = *byte;
    }
    COUNT.to_le_bytes()[0]
}

impl AsRef<[u8]> for Head {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.count)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
