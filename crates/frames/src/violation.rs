//! What a client can do wrong.

use std::fmt;

/// A rule that the client broke. The connection has to end, with the [`close_code`](Self::close_code).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// A frame from a client has no mask (RFC 6455, section 5.1).
    Unmasked,
    /// A reserved bit is set that no extension gave a meaning (section 5.2; RFC 7692, section 6).
    ReservedBit,
    /// The opcode has no meaning (section 5.2).
    ReservedOpcode,
    /// A length takes more bytes than it needs, or its highest bit is set (section 5.2).
    BadLength,
    /// A control frame is fragmented (section 5.5).
    FragmentedControl,
    /// A control frame has more than 125 bytes (section 5.5).
    LongControl,
    /// A continuation of nothing (section 5.4).
    NothingToContinue,
    /// A new message within a fragmented one (section 5.4).
    UnfinishedMessage,
    /// A close frame's body has a code that may not be sent, or half of one (sections 5.5.1 and 7.4).
    BadClose,
    /// A text message or a close frame's reason is not UTF-8 (section 8.1).
    NotUtf8,
    /// A compressed message cannot be decompressed (RFC 7692, section 6.2).
    NotDeflate,
    /// A message is longer than allowed, compressed or not.
    TooLong,
}

impl Violation {
    /// The code for the close frame (RFC 6455, section 7.4.1).
    #[must_use]
    pub const fn close_code(self) -> u16 {
        match self {
            Self::Unmasked
            | Self::ReservedBit
            | Self::ReservedOpcode
            | Self::BadLength
            | Self::FragmentedControl
            | Self::LongControl
            | Self::NothingToContinue
            | Self::UnfinishedMessage
            | Self::BadClose => 1002,
            Self::NotUtf8 | Self::NotDeflate => 1007,
            Self::TooLong => 1009,
        }
    }

    /// The reason for the close frame, in words.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Unmasked => "a frame is not masked",
            Self::ReservedBit => "a frame has a reserved bit set",
            Self::ReservedOpcode => "a frame has an unknown opcode",
            Self::BadLength => "a frame's length is not written as it has to be",
            Self::FragmentedControl => "a control frame is fragmented",
            Self::LongControl => "a control frame is longer than 125 bytes",
            Self::NothingToContinue => "a frame continues no message",
            Self::UnfinishedMessage => "a message begins before the last one has ended",
            Self::BadClose => "a close frame has no valid code",
            Self::NotUtf8 => "a text message is not UTF-8",
            Self::NotDeflate => "a message cannot be decompressed",
            Self::TooLong => "a message is too long",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for Violation {}
