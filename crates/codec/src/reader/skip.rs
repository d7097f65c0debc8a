//! Stepping over values that nobody asked for.

use super::{Bracket, JsonFault, Reader};

/// How deep a value that is stepped over may nest arrays and objects.
pub const NESTING_MAX: u32 = u64::BITS;

/// Which brackets are open, without a stack: one bit each.
#[derive(Default)]
struct Nesting {
    depth: u32,
    /// The innermost is the lowest bit, set for an object.
    objects: u64,
}

impl Nesting {
    fn enter(&mut self, bracket: Bracket) -> Result<(), JsonFault> {
        if self.depth == NESTING_MAX {
            return Err(JsonFault::TooDeep);
        }
        self.depth += 1;
        self.objects = self.objects << 1 | u64::from(bracket == Bracket::Object);
        Ok(())
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.objects >>= 1;
    }

    const fn innermost(&self) -> Option<Bracket> {
        match (self.depth, self.objects & 1) {
            (0, _) => None,
            (_, 0) => Some(Bracket::Array),
            (_, _) => Some(Bracket::Object),
        }
    }
}

impl Reader<'_> {
    /// Steps over one value of any type, which must be legal JSON at most [`NESTING_MAX`] deep.
    pub(crate) fn skip_value(&mut self) -> Result<(), JsonFault> {
        let mut nesting = Nesting::default();
        loop {
            if let Some(bracket) = self.skip_start()? {
                nesting.enter(bracket)?;
            } else {
                // A value has ended, and with it every bracket that closes right after it.
                loop {
                    let Some(bracket) = nesting.innermost() else {
                        return Ok(());
                    };
                    if self.more(bracket)? {
                        break;
                    }
                    nesting.leave();
                }
            }
            if nesting.innermost() == Some(Bracket::Object) {
                self.string_pieces(|_| ())?;
                self.take(b':')?;
            }
        }
    }

    /// Steps over a simple value or an empty bracket, or enters a bracket and says which.
    fn skip_start(&mut self) -> Result<Option<Bracket>, JsonFault> {
        match self.peek()? {
            b'[' => return Ok(self.open(Bracket::Array)?.then_some(Bracket::Array)),
            b'{' => return Ok(self.open(Bracket::Object)?.then_some(Bracket::Object)),
            b'"' => self.string_pieces(|_| ())?,
            b't' => self.word(b"true")?,
            b'f' => self.word(b"false")?,
            b'n' => self.word(b"null")?,
            _ => self.skip_number()?,
        }
        Ok(None)
    }

    fn skip_number(&mut self) -> Result<(), JsonFault> {
        if self.rest.first() == Some(&b'-') {
            self.advance();
        }
        self.integer()?;
        if self.rest.first() == Some(&b'.') {
            self.advance();
            self.digits()?;
        }
        if matches!(self.rest.first(), Some(b'e' | b'E')) {
            self.advance();
            if matches!(self.rest.first(), Some(b'+' | b'-')) {
                self.advance();
            }
            self.digits()?;
        }
        Ok(())
    }

    fn word(&mut self, word: &[u8]) -> Result<(), JsonFault> {
        match self.rest.strip_prefix(word) {
            Some(rest) => self.rest = rest,
            None if word.starts_with(self.rest) => return Err(JsonFault::Ended),
            None => return Err(JsonFault::Unexpected),
        }
        Ok(())
    }
}
