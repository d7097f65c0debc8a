//! What a close frame says.

use crate::Violation;

/// The longest reason in a close frame: a control frame has 125 bytes, of which the code takes two.
pub const REASON_BYTES_MAX: usize = 123;

/// A client's reason to close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close<'a> {
    /// The code; none when the frame was empty.
    pub code: Option<u16>,
    /// The reason in words, often empty; up to [`REASON_BYTES_MAX`] bytes.
    pub reason: &'a str,
}

impl<'a> Close<'a> {
    /// Reads a close frame's body (RFC 6455, section 5.5.1).
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, Violation> {
        let Some((code, reason)) = body.split_first_chunk() else {
            return if body.is_empty() {
                Ok(Self { code: None, reason: "" })
            } else {
                Err(Violation::BadClose)
            };
        };
        let code = u16::from_be_bytes(*code);
        if !may_be_sent(code) {
            return Err(Violation::BadClose);
        }
        let reason = str::from_utf8(reason).map_err(|_| Violation::NotUtf8)?;
        Ok(Self { code: Some(code), reason })
    }
}

/// Whether a code may stand in a close frame: those of RFC 6455, section 7.4.1, those that the registry of section 11.7 has
/// added since (1012 to 1014), and the ranges of section 7.4.2 for libraries and applications.
const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_of_close_frames() {
        let with = |code: u16, reason: &str| [&code.to_be_bytes(), reason.as_bytes()].concat();
        for code in
            [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
        {
            assert_eq!(
                Close::read(&with(code, "why")),
                Ok(Close { code: Some(code), reason: "why" }),
                "{code}"
            );
        }
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
            assert_eq!(Close::read(&with(code, "")), Err(Violation::BadClose), "{code}");
        }
        assert_eq!(Close::read(b""), Ok(Close { code: None, reason: "" }));
        assert_eq!(Close::read(b"\x03"), Err(Violation::BadClose));
        assert_eq!(Close::read(b"\x03\xe8\xff"), Err(Violation::NotUtf8));
    }
}
