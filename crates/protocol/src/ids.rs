//! Ids, keys and signatures: fixed runs of bytes, lowercase hex on the wire (NIP-01).

use std::fmt;

use faster_hex::{CheckCase, hex_decode_with_case, hex_encode};

/// The text is not lowercase hex of the length that the type needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HexError;

impl fmt::Display for HexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not lowercase hex of the right length")
    }
}

impl std::error::Error for HexError {}

macro_rules! hex_bytes {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// How many bytes it is; its hex is twice as long.
            pub const BYTES: usize = $bytes;

            /// Takes the raw bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// Reads lowercase hex, the only case that NIP-01 allows.
            ///
            /// # Errors
            ///
            /// [`HexError`] when the length is not twice [`Self::BYTES`] or a character is not `0-9a-f`.
            pub fn from_hex(hex: &[u8]) -> Result<Self, HexError> {
                if hex.len() != 2 * $bytes {
                    return Err(HexError);
                }
                let mut bytes = [0; $bytes];
                hex_decode_with_case(hex, &mut bytes, CheckCase::Lower).map_err(|_| HexError)?;
                Ok(Self(bytes))
            }

            /// The raw bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }

            /// Lowercase hex, on the stack.
            #[must_use]
            pub fn to_hex(&self) -> [u8; 2 * $bytes] {
                let mut hex = [0; 2 * $bytes];
                // The destination has exactly the length that is asked for, so this cannot fail.
                let _ = hex_encode(&self.0, &mut hex);
                hex
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

hex_bytes!(
    /// An event's id: the SHA-256 of its NIP-01 serialisation. Ordered by its bytes, which is the order of its hex.
    EventId,
    32
);
hex_bytes!(
    /// An author's key: the x coordinate of a secp256k1 point (BIP-340). Not checked to be on the curve.
    PublicKey,
    32
);
hex_bytes!(
    /// A BIP-340 Schnorr signature over an event's id. Not checked here.
    Signature,
    64
);
