//! The grammar of `Sec-WebSocket-Extensions` (RFC 6455, section 9.1).
//!
//! ```text
//! list       = extension *("," extension)         with empty elements ignored, and blanks between everything
//! extension  = token *(";" parameter)
//! parameter  = token ["=" (token / quoted-string)]   what is quoted has to be a token once unquoted
//! ```

use std::borrow::Cow;

use super::BadExtensions;

/// One element of the list.
pub(super) struct Extension<'a> {
    pub(super) name: &'a str,
    pub(super) parameters: Vec<Parameter<'a>>,
}

pub(super) struct Parameter<'a> {
    pub(super) name: &'a str,
    pub(super) value: Option<Cow<'a, str>>,
}

/// Hands over each element of a line, up to where it breaks the grammar.
pub(super) fn read<'a>(line: &'a str, mut each: impl FnMut(&Extension<'a>)) -> Result<(), BadExtensions> {
    let mut cursor = Cursor { rest: line };
    loop {
        cursor.skip_blanks();
        if !cursor.rest.is_empty() && !cursor.rest.starts_with(',') {
            each(&cursor.extension()?);
        }
        if !cursor.skip(',') {
            return if cursor.rest.is_empty() { Ok(()) } else { Err(BadExtensions) };
        }
    }
}

struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn extension(&mut self) -> Result<Extension<'a>, BadExtensions> {
        let name = self.token()?;
        let mut parameters = Vec::new();
        while self.skip(';') {
            parameters.push(self.parameter()?);
        }
        Ok(Extension { name, parameters })
    }

    fn parameter(&mut self) -> Result<Parameter<'a>, BadExtensions> {
        let name = self.token()?;
        let value = if self.skip('=') { Some(self.value()?) } else { None };
        Ok(Parameter { name, value })
    }

    fn value(&mut self) -> Result<Cow<'a, str>, BadExtensions> {
        self.skip_blanks();
        match self.rest.strip_prefix('"') {
            Some(rest) => {
                self.rest = rest;
                self.quoted().map(Cow::Owned)
            }
            None => self.token().map(Cow::Borrowed),
        }
    }

    /// What stands between quotes, of which the first has been read.
    fn quoted(&mut self) -> Result<String, BadExtensions> {
        let mut value = String::new();
        let mut characters = self.rest.chars();
        loop {
            match characters.next().ok_or(BadExtensions)? {
                '"' => break,
                '\\' => value.push(characters.next().ok_or(BadExtensions)?),
                other => value.push(other),
            }
        }
        self.rest = characters.as_str();
        self.skip_blanks();
        if !value.is_empty() && value.chars().all(is_token_character) {
            Ok(value)
        } else {
            Err(BadExtensions)
        }
    }

    fn token(&mut self) -> Result<&'a str, BadExtensions> {
        self.skip_blanks();
        let end = self.rest.find(|character| !is_token_character(character)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at_checked(end).ok_or(BadExtensions)?;
        self.rest = rest;
        self.skip_blanks();
        if token.is_empty() { Err(BadExtensions) } else { Ok(token) }
    }

    fn skip(&mut self, character: char) -> bool {
        let rest = self.rest.strip_prefix(character);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }
}

/// RFC 9110, section 5.6.2.
fn is_token_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character)
}
