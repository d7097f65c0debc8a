//! JSON (RFC 8259) as a cursor: each call takes one token from the front of the text, or says what is wrong with it.
//!
//! The reader never indexes and never recurses. It checks as it goes: whatever it steps over was legal JSON.

use std::fmt;

use crate::scan::plain_length;

mod skip;

pub use skip::NESTING_MAX;

/// What is wrong with a JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonFault {
    /// It ends where more has to come.
    Ended,
    /// Something else stands where a certain thing has to.
    Unexpected,
    /// A backslash that starts no escape.
    Escape,
    /// An escape that is one half of a surrogate pair, without the other: no character.
    LoneSurrogate,
    /// A control character (below 0x20) in a string, not escaped.
    RawControl,
    /// Arrays and objects more than [`NESTING_MAX`] deep.
    TooDeep,
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => f.write_str("the JSON ends early"),
            Self::Unexpected => f.write_str("not valid JSON"),
            Self::Escape => f.write_str("not valid JSON: a backslash in a string starts no escape"),
            Self::LoneSurrogate => f.write_str("an escape in a string is half a surrogate pair"),
            Self::RawControl => f.write_str("not valid JSON: a control character in a string is not escaped"),
            Self::TooDeep => write!(f, "the JSON is nested more than {NESTING_MAX} deep"),
        }
    }
}

/// The two kinds of brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bracket {
    /// `[` and `]`
    Array,
    /// `{` and `}`
    Object,
}

impl Bracket {
    const fn opening(self) -> u8 {
        match self {
            Self::Array => b'[',
            Self::Object => b'{',
        }
    }

    const fn closing(self) -> u8 {
        match self {
            Self::Array => b']',
            Self::Object => b'}',
        }
    }
}

/// A stretch of a string: text that stands as it is, and the escape that ends it unless the string does.
struct Run<'a> {
    text: &'a str,
    escape: Option<char>,
}

/// A place in a JSON text.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    /// The end of `text` that is still to be read.
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, rest: text.as_bytes() }
    }

    /// How many bytes have been taken.
    pub(crate) const fn position(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    /// Whether nothing but white space is left.
    pub(crate) fn at_end(&mut self) -> bool {
        self.peek().is_err()
    }

    /// Enters an array or object. True when it has a first element or key to read, false when it was empty and is left.
    pub(crate) fn open(&mut self, bracket: Bracket) -> Result<bool, JsonFault> {
        self.take(bracket.opening())?;
        let empty = self.peek()? == bracket.closing();
        if empty {
            self.advance();
        }
        Ok(!empty)
    }

    /// Goes on after an element or member. True when another one has to follow, false when the bracket closed.
    pub(crate) fn more(&mut self, bracket: Bracket) -> Result<bool, JsonFault> {
        let next = self.peek()?;
        if next != b',' && next != bracket.closing() {
            return Err(JsonFault::Unexpected);
        }
        self.advance();
        Ok(next == b',')
    }

    /// Reads a key and the colon after it; see [`Self::string`].
    pub(crate) fn key<'b>(&mut self, buffer: &'b mut String) -> Result<&'b str, JsonFault>
    where
        'a: 'b,
    {
        let key = self.string(buffer)?;
        self.take(b':')?;
        Ok(key)
    }

    /// Reads a string: borrowed from the text when it has no escapes, else unescaped into `buffer`.
    pub(crate) fn string<'b>(&mut self, buffer: &'b mut String) -> Result<&'b str, JsonFault>
    where
        'a: 'b,
    {
        self.take(b'"')?;
        let Run { text, escape } = self.run()?;
        let Some(character) = escape else { return Ok(text) };
        buffer.clear();
        buffer.push_str(text);
        buffer.push(character);
        self.rest_of_string(|piece| buffer.push_str(piece))?;
        Ok(buffer)
    }

    /// Reads a string piece by piece, unescaped.
    pub(crate) fn string_pieces(&mut self, piece: impl FnMut(&str)) -> Result<(), JsonFault> {
        self.take(b'"')?;
        self.rest_of_string(piece)
    }

    /// Reads a whole number that is not negative, in plain digits: no fraction, no exponent.
    pub(crate) fn natural(&mut self) -> Result<u64, JsonFault> {
        self.peek()?;
        let start = self.position();
        self.integer()?;
        let digits = self.text.get(start..self.position()).ok_or(JsonFault::Unexpected)?;
        if matches!(self.rest.first(), Some(b'.' | b'e' | b'E')) {
            return Err(JsonFault::Unexpected);
        }
        digits.parse().map_err(|_| JsonFault::Unexpected)
    }

    /// Steps over digits that do not start with a zero, or one zero.
    fn integer(&mut self) -> Result<(), JsonFault> {
        match self.rest {
            [b'0', b'0'..=b'9', ..] => Err(JsonFault::Unexpected),
            _ => self.digits(),
        }
    }

    /// Steps over one or more digits.
    fn digits(&mut self) -> Result<(), JsonFault> {
        let mut any = false;
        while let [b'0'..=b'9', rest @ ..] = self.rest {
            self.rest = rest;
            any = true;
        }
        match (any, self.rest) {
            (true, _) => Ok(()),
            (false, []) => Err(JsonFault::Ended),
            (false, _) => Err(JsonFault::Unexpected),
        }
    }

    /// Steps over white space. The next byte, which stays.
    fn peek(&mut self) -> Result<u8, JsonFault> {
        loop {
            match self.rest {
                [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] => self.rest = rest,
                [next, ..] => return Ok(*next),
                [] => return Err(JsonFault::Ended),
            }
        }
    }

    fn take(&mut self, expected: u8) -> Result<(), JsonFault> {
        if self.peek()? != expected {
            return Err(JsonFault::Unexpected);
        }
        self.advance();
        Ok(())
    }

    fn advance(&mut self) {
        if let [_, rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn rest_of_string(&mut self, mut piece: impl FnMut(&str)) -> Result<(), JsonFault> {
        loop {
            let Run { text, escape } = self.run()?;
            piece(text);
            let Some(character) = escape else { return Ok(()) };
            piece(character.encode_utf8(&mut [0; 4]));
        }
    }

    // One run is all of an ordinary string, so its callers hold it; escapes would only make them bigger.
    #[inline]
    fn run(&mut self) -> Result<Run<'a>, JsonFault> {
        let start = self.position();
        let length = plain_length(self.rest);
        // A run ends at an ASCII character or at the end of the text, so this is never between the bytes of another.
        let text = self.text.get(start..start + length).ok_or(JsonFault::Unexpected)?;
        match self.rest.get(length..) {
            None | Some([]) => Err(JsonFault::Ended),
            Some([b'"', rest @ ..]) => {
                self.rest = rest;
                Ok(Run { text, escape: None })
            }
            Some([b'\\', rest @ ..]) => {
                self.rest = rest;
                Ok(Run { text, escape: Some(self.escape()?) })
            }
            Some(_) => Err(JsonFault::RawControl),
        }
    }

    /// Reads what follows a backslash.
    #[inline(never)]
    fn escape(&mut self) -> Result<char, JsonFault> {
        let [kind, rest @ ..] = self.rest else {
            return Err(JsonFault::Ended);
        };
        self.rest = rest;
        match kind {
            b'"' | b'\\' | b'/' => Ok(char::from(*kind)),
            b'b' => Ok('\u{8}'),
            b'f' => Ok('\u{c}'),
            b'n' => Ok('\n'),
            b'r' => Ok('\r'),
            b't' => Ok('\t'),
            b'u' => self.unicode_escape(),
            _ => Err(JsonFault::Escape),
        }
    }

    /// Reads what follows `\u`: a character, or two halves of one.
    fn unicode_escape(&mut self) -> Result<char, JsonFault> {
        let unit = self.code_unit()?;
        if let Some(character) = char::from_u32(unit.into()) {
            return Ok(character);
        }
        self.rest = self.rest.strip_prefix(br"\u").ok_or(JsonFault::LoneSurrogate)?;
        let pair = [unit, self.code_unit()?];
        let character = char::decode_utf16(pair).next().and_then(Result::ok);
        character.ok_or(JsonFault::LoneSurrogate)
    }

    fn code_unit(&mut self) -> Result<u16, JsonFault> {
        let (digits, rest) = self.rest.split_first_chunk::<4>().ok_or(JsonFault::Ended)?;
        self.rest = rest;
        digits.iter().try_fold(0, |unit: u16, &digit| {
            let value = char::from(digit).to_digit(16).ok_or(JsonFault::Escape)?;
            Ok(unit << 4 | u16::try_from(value).map_err(|_| JsonFault::Escape)?)
        })
    }
}

#[cfg(test)]
mod tests;
