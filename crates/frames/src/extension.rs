//! What the handshake agrees on about compression (RFC 6455, section 9.1; RFC 7692, section 7.1).

mod list;

use std::fmt;

use self::list::{Extension, Parameter};

/// The only extension that is spoken here.
const NAME: &str = "permessage-deflate";

/// The largest window that DEFLATE knows: 32 KiB.
const WINDOW_BITS_MAX: u8 = 15;
/// The smallest that may be asked for.
const WINDOW_BITS_MIN: u8 = 8;

/// What was agreed on for one connection: permessage-deflate without context takeover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// How far back in a message the server's compression may refer, as a power of two.
    window_bits: u8,
    /// Whether the client wants to be told so.
    window_asked: bool,
}

/// A `Sec-WebSocket-Extensions` header does not follow its grammar: the handshake has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadExtensions;

/// Chooses among what the client offers: `lines` are the values of its `Sec-WebSocket-Extensions` headers, in their order.
/// None when nothing of it is spoken here, or nothing in a way that is.
///
/// # Errors
/// When the header does not follow the grammar.
pub fn negotiate<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Option<Agreement>, BadExtensions> {
    let mut agreement = None;
    for line in lines {
        list::read(line, |extension| agreement = agreement.or_else(|| accept(extension)))?;
    }
    Ok(agreement)
}

/// Whether, and how, an offer can be met (RFC 7692, section 7.1): all of its parameters must be known, have a value as they
/// must have, and stand there once.
fn accept(offer: &Extension<'_>) -> Option<Agreement> {
    if offer.name != NAME {
        return None;
    }
    let mut agreement = Agreement { window_bits: WINDOW_BITS_MAX, window_asked: false };
    let mut seen = Vec::new();
    for Parameter { name, value } in &offer.parameters {
        match (*name, value.as_deref()) {
            // Promised in every answer.
            ("server_no_context_takeover" | "client_no_context_takeover", None)
            // A hint of what the client can do; it may use the largest window.
            | ("client_max_window_bits", None) => {}
            ("client_max_window_bits", Some(value)) => {
                window_bits(value)?;
            }
            ("server_max_window_bits", Some(value)) => {
                agreement = Agreement { window_bits: window_bits(value)?, window_asked: true };
            }
            _ => return None,
        }
        if seen.contains(name) {
            return None;
        }
        seen.push(*name);
    }
    Some(agreement)
}

/// A decimal number from 8 to 15 without leading zeros (RFC 7692, section 7.1.2).
fn window_bits(value: &str) -> Option<u8> {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    value.parse().ok().filter(|bits| is_number && (WINDOW_BITS_MIN..=WINDOW_BITS_MAX).contains(bits))
}

impl Agreement {
    /// Whether compression that refers to anything in so many bytes stays within what was agreed on. The server's states
    /// have the largest window, so longer messages are not compressed for a client that wants a smaller one.
    #[must_use]
    pub const fn reaches(self, bytes: usize) -> bool {
        self.window_bits == WINDOW_BITS_MAX || bytes <= 1 << self.window_bits
    }
}

/// The value of the answer's `Sec-WebSocket-Extensions` header.
impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME}; server_no_context_takeover; client_no_context_takeover")?;
        if self.window_asked {
            write!(f, "; server_max_window_bits={}", self.window_bits)?;
        }
        Ok(())
    }
}

impl fmt::Display for BadExtensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the header Sec-WebSocket-Extensions is not well formed")
    }
}

impl std::error::Error for BadExtensions {}

#[cfg(test)]
mod tests;
