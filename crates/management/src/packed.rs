//! The bytes of the state: how keys and values lie in the store (docs/management.md draws them).
//!
//! Numbers in values are little-endian. Reading takes bytes from the front and never panics.

use chappe_authorization::AddressRange;
use chappe_protocol::{EventId, Kind, PublicKey, Timestamp};

/// Something with a fixed way to lie in bytes.
pub(crate) trait Packed: Sized {
    /// Appends it.
    fn pack(&self, out: &mut Vec<u8>);
    /// Takes it from the front; nothing when the bytes are not what [`Self::pack`] writes.
    fn unpack(bytes: &mut &[u8]) -> Option<Self>;
}

/// All of it, from bytes that hold nothing else.
pub(crate) fn unpack_all<T: Packed>(mut bytes: &[u8]) -> Option<T> {
    let value = T::unpack(&mut bytes)?;
    bytes.is_empty().then_some(value)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

macro_rules! little_endian {
    ($($number:ident),*) => {$(
        impl Packed for $number {
            fn pack(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn unpack(bytes: &mut &[u8]) -> Option<Self> {
                take(bytes).map(Self::from_le_bytes)
            }
        }
    )*};
}

little_endian!(u8, u16, u32, u64, i64);

macro_rules! thirty_two {
    ($($name:ident),*) => {$(
        impl Packed for $name {
            fn pack(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(self.as_bytes());
            }

            fn unpack(bytes: &mut &[u8]) -> Option<Self> {
                take(bytes).map(Self::from_bytes)
            }
        }
    )*};
}

thirty_two!(PublicKey, EventId);

impl Packed for Timestamp {
    fn pack(&self, out: &mut Vec<u8>) {
        self.0.pack(out);
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        u64::unpack(bytes).map(Self)
    }
}

/// Big-endian, because it stands in keys: the order of the keys is that of the numbers.
impl Packed for Kind {
    fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_be_bytes());
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes).map(|number| Self(u16::from_be_bytes(number)))
    }
}

/// A place in an order. Big-endian, because it stands in keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Place(pub(crate) u64);

impl Packed for Place {
    fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_be_bytes());
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes).map(|number| Self(u64::from_be_bytes(number)))
    }
}

/// A text inside a value: its length in two bytes, then its UTF-8. What is longer is cut at 65,535 bytes; whatever is
/// kept was held to a much smaller bound before.
impl Packed for String {
    fn pack(&self, out: &mut Vec<u8>) {
        let mut end = self.len().min(usize::from(u16::MAX));
        while !self.is_char_boundary(end) {
            end -= 1;
        }
        // `end` is at most `u16::MAX`.
        let bytes = u16::try_from(end).unwrap_or(u16::MAX);
        bytes.pack(out);
        out.extend_from_slice(self.as_bytes().get(..end).unwrap_or_default());
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        let length = u16::unpack(bytes)?;
        let (text, rest) = bytes.split_at_checked(length.into())?;
        *bytes = rest;
        str::from_utf8(text).ok().map(str::to_owned)
    }
}

/// One byte, 0 or 1, and what there is.
impl<T: Packed> Packed for Option<T> {
    fn pack(&self, out: &mut Vec<u8>) {
        match self {
            None => out.push(0),
            Some(value) => {
                out.push(1);
                value.pack(out);
            }
        }
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        match u8::unpack(bytes)? {
            0 => Some(None),
            1 => T::unpack(bytes).map(Some),
            _ => None,
        }
    }
}

/// Their number in two bytes, then each. More than 65,535 are cut; what is kept is held to a smaller bound.
impl<T: Packed> Packed for Vec<T> {
    fn pack(&self, out: &mut Vec<u8>) {
        let count = u16::try_from(self.len()).unwrap_or(u16::MAX);
        count.pack(out);
        self.iter().take(count.into()).for_each(|value| value.pack(out));
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        let count = u16::unpack(bytes)?;
        (0..count).map(|_| T::unpack(bytes)).collect()
    }
}

/// A text that is a whole key: its bytes and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(pub(crate) String);

impl Packed for Name {
    fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        str::from_utf8(std::mem::take(bytes)).ok().map(|text| Self(text.to_owned()))
    }
}

/// Its text, as a whole key: `192.0.2.1`, `2001:db8::/32`.
impl Packed for AddressRange {
    fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.to_string().as_bytes());
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        str::from_utf8(std::mem::take(bytes)).ok()?.parse().ok()
    }
}

#[cfg(test)]
mod tests;
