//! JSON with the place of every value, which serde_json does not keep.

use std::iter::Peekable;
use std::str::CharIndices;

use crate::Fault;

/// The longest text that is read, in bytes: room for fifty thousand keys.
pub(crate) const TEXT_BYTES_MAX: usize = 4 << 20;
/// How deeply lists and objects may nest; a policy needs seven.
const DEPTH_MAX: u32 = 16;

/// A line and a column, in characters, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Place {
    pub(crate) const START: Self = Self { line: 1, column: 1 };
}

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Flag(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Object(Vec<Member>),
}

impl Value {
    /// What it is, for a message.
    pub(crate) const fn sort(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// A name and its value. Names may come twice: who reads the object says so.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    pub(crate) place: Place,
    pub(crate) name: String,
    pub(crate) node: Node,
}

/// Reads one JSON value (RFC 8259) that fills the text. A byte order mark before it is passed over.
///
/// # Errors
///
/// The first place that is not JSON, or where a bound is passed.
pub(crate) fn read(text: &str) -> Result<Node, Fault> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(fault(Place::START, format!("the file is longer than {TEXT_BYTES_MAX} bytes")));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { text, chars: text.char_indices().peekable(), place: Place::START, depth: 0 };
    reader.skip_space();
    let node = reader.node()?;
    reader.skip_space();
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.unexpected("the end of the file")),
    }
}

fn fault(place: Place, reason: impl Into<String>) -> Fault {
    Fault { line: place.line, column: place.column, path: String::new(), reason: reason.into() }
}

struct Reader<'a> {
    text: &'a str,
    chars: Peekable<CharIndices<'a>>,
    place: Place,
    depth: u32,
}

impl<'a> Reader<'a> {
    fn peek(&mut self) -> Option<char> {
        self.chars.peek().map(|(_, char)| *char)
    }

    fn offset(&mut self) -> usize {
        self.chars.peek().map_or(self.text.len(), |(offset, _)| *offset)
    }

    fn since(&mut self, start: usize) -> &'a str {
        let end = self.offset();
        self.text.get(start..end).unwrap_or_default()
    }

    fn next(&mut self) -> Option<char> {
        let (_, char) = self.chars.next()?;
        if char == '\n' {
            self.place = Place { line: self.place.line.saturating_add(1), column: 1 };
        } else {
            self.place.column = self.place.column.saturating_add(1);
        }
        Some(char)
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.next();
        }
        found
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|char| matches!(char, ' ' | '\t' | '\n' | '\r')) {
            self.next();
        }
    }

    fn unexpected(&mut self, wanted: &str) -> Fault {
        let found = match self.peek() {
            None => "the file ends".to_owned(),
            Some('/' | '#') => "comments are not JSON: use description".to_owned(),
            Some(char) => format!("found {char:?}"),
        };
        fault(self.place, format!("expected {wanted}, but {found}"))
    }

    fn node(&mut self) -> Result<Node, Fault> {
        let place = self.place;
        let value = match self.peek() {
            Some('{') => self.nested(Self::object)?,
            Some('[') => self.nested(Self::list)?,
            Some('"') => Value::Text(self.text()?),
            Some('-' | '0'..='9') => Value::Number(self.number()?),
            Some('a'..='z' | 'A'..='Z') => self.word()?,
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Node { place, value })
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<Value, Fault>) -> Result<Value, Fault> {
        if self.depth == DEPTH_MAX {
            return Err(fault(self.place, format!("nested more than {DEPTH_MAX} deep")));
        }
        self.depth += 1;
        self.next();
        self.skip_space();
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Result<Value, Fault> {
        let mut members = Vec::new();
        if self.take('}') {
            return Ok(Value::Object(members));
        }
        loop {
            let place = self.place;
            if self.peek() != Some('"') {
                return Err(self.unexpected("a name in quotes"));
            }
            let name = self.text()?;
            self.skip_space();
            if !self.take(':') {
                return Err(self.unexpected("':' after a name"));
            }
            self.skip_space();
            members.push(Member { place, name, node: self.node()? });
            if !self.goes_on('}')? {
                return Ok(Value::Object(members));
            }
        }
    }

    fn list(&mut self) -> Result<Value, Fault> {
        let mut items = Vec::new();
        if self.take(']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.node()?);
            if !self.goes_on(']')? {
                return Ok(Value::List(items));
            }
        }
    }

    /// Whether a comma and so another item comes, instead of the end.
    fn goes_on(&mut self, end: char) -> Result<bool, Fault> {
        self.skip_space();
        let place = self.place;
        if self.take(end) {
            return Ok(false);
        }
        if !self.take(',') {
            return Err(self.unexpected(&format!("',' or '{end}'")));
        }
        self.skip_space();
        if self.peek() == Some(end) {
            return Err(fault(place, format!("a comma with nothing between it and '{end}'")));
        }
        Ok(true)
    }

    fn word(&mut self) -> Result<Value, Fault> {
        let (place, start) = (self.place, self.offset());
        while self.peek().is_some_and(|char| char.is_ascii_alphanumeric()) {
            self.next();
        }
        match self.since(start) {
            "null" => Ok(Value::Null),
            "true" => Ok(Value::Flag(true)),
            "false" => Ok(Value::Flag(false)),
            word => {
                let start: String = word.chars().take(20).collect();
                Err(fault(place, format!("expected a value, but found {start}: texts stand in quotes")))
            }
        }
    }

    fn number(&mut self) -> Result<String, Fault> {
        let (place, start) = (self.place, self.offset());
        self.take('-');
        let leading_zero = self.peek() == Some('0');
        let whole = self.digits();
        let mut right = whole == 1 || whole > 1 && !leading_zero;
        if self.take('.') {
            right &= self.digits() > 0;
        }
        if self.take('e') || self.take('E') {
            let _signed = self.take('+') || self.take('-');
            right &= self.digits() > 0;
        }
        let number = self.since(start);
        if right && number.len() <= 32 {
            return Ok(number.to_owned());
        }
        Err(fault(place, "not a number as JSON writes them"))
    }

    fn digits(&mut self) -> usize {
        let mut count = 0;
        while self.peek().is_some_and(|char| char.is_ascii_digit()) {
            self.next();
            count += 1;
        }
        count
    }

    fn text(&mut self) -> Result<String, Fault> {
        let start = self.place;
        self.next();
        let mut text = String::new();
        loop {
            let place = self.place;
            match self.next() {
                None | Some('\n') => return Err(fault(start, "a text that is not closed on its line")),
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape(place)?),
                Some(control @ '\0'..'\u{20}') => {
                    return Err(fault(place, format!("{control:?} has to be escaped in a text")));
                }
                Some(char) => text.push(char),
            }
        }
    }

    fn escape(&mut self, place: Place) -> Result<char, Fault> {
        let char = match self.next() {
            Some(char @ ('"' | '\\' | '/')) => Some(char),
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('u') => self.unicode(),
            Some(_) | None => None,
        };
        char.ok_or_else(|| fault(place, "not an escape of JSON; a backslash in a regex is written twice"))
    }

    /// Four hex digits, or twice four with `\u` between for what UTF-16 needs two units for.
    fn unicode(&mut self) -> Option<char> {
        let first = self.unit()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        let second = (self.take('\\') && self.take('u')).then(|| self.unit())??;
        let second = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + second)
    }

    fn unit(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |unit, _| Some(unit * 16 + self.next()?.to_digit(16)?))
    }
}

#[cfg(test)]
mod tests;
