//! Whether a text is UTF-8, told as it comes in.

use crate::Violation;

/// The longest character, in bytes.
const CHARACTER_BYTES_MAX: usize = 4;

/// What has to be remembered of a text between two parts of it: the beginning of a character that was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Utf8 {
    begun: [u8; CHARACTER_BYTES_MAX - 1],
    count: u8,
}

impl Utf8 {
    pub(crate) const fn new() -> Self {
        Self { begun: [0; CHARACTER_BYTES_MAX - 1], count: 0 }
    }

    /// Looks at the next part. It is refused at the first byte that no valid text could have there.
    pub(crate) fn feed(&mut self, mut part: &[u8]) -> Result<(), Violation> {
        while self.count > 0 {
            let Some((&next, rest)) = part.split_first() else { return Ok(()) };
            part = rest;
            self.complete(next)?;
        }
        match str::from_utf8(part) {
            Ok(_) => Ok(()),
            Err(error) if error.error_len().is_some() => Err(Violation::NotUtf8),
            Err(error) => {
                for &byte in part.get(error.valid_up_to()..).unwrap_or_default() {
                    self.remember(byte);
                }
                Ok(())
            }
        }
    }

    /// The text ends here. It may not end within a character.
    pub(crate) const fn finish(self) -> Result<(), Violation> {
        if self.count == 0 { Ok(()) } else { Err(Violation::NotUtf8) }
    }

    /// Adds a byte to the character that was begun.
    fn complete(&mut self, next: u8) -> Result<(), Violation> {
        let count = usize::from(self.count);
        let mut character = [0; CHARACTER_BYTES_MAX];
        for (place, byte) in character.iter_mut().zip(self.begun.iter().take(count).chain([&next])) {
            *place = *byte;
        }
        match str::from_utf8(character.get(..=count).unwrap_or_default()) {
            Ok(_) => *self = Self::new(),
            Err(error) if error.error_len().is_some() => return Err(Violation::NotUtf8),
            Err(_) => self.remember(next),
        }
        Ok(())
    }

    /// Three bytes at most begin a character without ending it.
    fn remember(&mut self, byte: u8) {
        if let Some(place) = self.begun.get_mut(usize::from(self.count)) {
            *place = byte;
            self.count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use chappe_testkit::Rng;

    use super::*;

    /// How many bytes are looked at, one at a time, until the text is refused.
    fn refused_after(bytes: &[u8]) -> Option<usize> {
        let mut utf8 = Utf8::new();
        bytes.iter().position(|byte| utf8.feed(&[*byte]).is_err()).map(|place| place + 1)
    }

    #[test]
    fn a_text_is_refused_at_the_first_byte_that_cannot_be() {
        let rows: &[(&[u8], Option<usize>)] = &[
            (b"", None),
            ("\u{3ba}\u{1f79}\u{10ffff}".as_bytes(), None),
            (b"\x80", Some(1)),
            (b"\xc0\x80", Some(1)),
            (b"a\xc3(", Some(3)),
            // A surrogate.
            (b"\xed\xa0\x80", Some(2)),
            // Overlong.
            (b"\xe0\x80\x80", Some(2)),
            (b"\xf0\x80\x80\x80", Some(2)),
            // Above U+10FFFF.
            (b"\xf4\x90\x80\x80", Some(2)),
            (b"\xf5", Some(1)),
            (b"\xff", Some(1)),
            (b"\xf0\x9f\x98a", Some(4)),
        ];
        for (bytes, expected) in rows {
            assert_eq!(refused_after(bytes), *expected, "{bytes:?}");
        }
    }

    #[test]
    fn cut_anywhere_it_says_what_the_whole_says() {
        let mut rng = Rng::new(2);
        let pieces: [&[u8]; 8] = [
            b"a",
            b"\xc3\xa9",
            "\u{20ac}".as_bytes(),
            "\u{1f600}".as_bytes(),
            b"\xf0\x9f",
            b"\x80",
            b"\xe2\x82",
            b"z\xff",
        ];
        for _ in 0..5_000 {
            let text: Vec<u8> = (0..rng.below(6)).flat_map(|_| rng.pick(&pieces).to_vec()).collect();
            let cut = rng.below(text.len() + 1);
            let mut utf8 = Utf8::new();
            let said =
                utf8.feed(&text[..cut]).and_then(|()| utf8.feed(&text[cut..])).and_then(|()| utf8.finish());
            assert_eq!(said.is_ok(), str::from_utf8(&text).is_ok(), "{text:?} cut at {cut}");
        }
    }

    #[test]
    fn a_text_does_not_end_within_a_character() {
        let mut utf8 = Utf8::new();
        assert_eq!(utf8.feed(b"a\xf0\x9f\x98"), Ok(()));
        assert_eq!(utf8.finish(), Err(Violation::NotUtf8));
        assert_eq!(utf8.feed(b"\x80"), Ok(()));
        assert_eq!(utf8.finish(), Ok(()));
    }
}
