//! Tags as one packed run of bytes.
//!
//! ```text
//! tags   := tag*
//! tag    := strings:u16  bytes:u32  string*      bytes = length of all its strings, for stepping over it
//! string := length:u32  byte*                    UTF-8; all numbers little-endian
//! ```
//!
//! [`TagsWriter`] writes this form and [`Tags`] reads it; the store keeps it on disk (docs/storage.md).
//! Reading never panics: a run that ends too early reads as if it ended at the last whole tag.

/// The tags of an event, in order: a view of their packed form.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Tags<'a> {
    packed: &'a [u8],
}

/// One tag: its strings, of which the first is its name and the second its value (NIP-01).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tag<'a> {
    count: usize,
    packed: &'a [u8],
}

/// The strings of a [`Tag`], as UTF-8 bytes.
#[derive(Clone)]
pub struct TagStrings<'a> {
    rest: &'a [u8],
}

impl<'a> Tags<'a> {
    /// Views bytes that a [`TagsWriter`] wrote.
    #[must_use]
    pub const fn from_packed(packed: &'a [u8]) -> Self {
        Self { packed }
    }

    /// The packed form.
    #[must_use]
    pub const fn as_packed(self) -> &'a [u8] {
        self.packed
    }

    /// The tags, in the order the author gave them.
    pub fn iter(self) -> impl Iterator<Item = Tag<'a>> + Clone {
        let mut rest = self.packed;
        std::iter::from_fn(move || {
            let (count, after) = rest.split_first_chunk()?;
            let (strings, after) = take_run(after)?;
            rest = after;
            Some(Tag { count: u16::from_le_bytes(*count).into(), packed: strings })
        })
    }

    /// The values of all tags with this name, in order. Tags without a value are passed over.
    pub fn values_of(self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + Clone {
        self.iter().filter(move |tag| tag.name() == name).filter_map(Tag::value)
    }

    /// Name and value of the tags that relays index: a single letter `a-zA-Z`, with a value (NIP-01).
    pub fn indexed(self) -> impl Iterator<Item = (u8, &'a [u8])> + Clone {
        self.iter().filter_map(|tag| {
            let &[letter] = tag.name() else { return None };
            letter.is_ascii_alphabetic().then(|| tag.value().map(|value| (letter, value)))?
        })
    }
}

impl<'a> Tag<'a> {
    /// How many strings it has; a tag may be empty.
    #[must_use]
    pub const fn len(self) -> usize {
        self.count
    }

    /// Whether it has no string at all.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.count == 0
    }

    /// Its first string, or nothing for an empty tag.
    #[must_use]
    pub fn name(self) -> &'a [u8] {
        self.strings().next().unwrap_or_default()
    }

    /// Its second string.
    #[must_use]
    pub fn value(self) -> Option<&'a [u8]> {
        self.strings().nth(1)
    }

    /// All its strings.
    #[must_use]
    pub const fn strings(self) -> TagStrings<'a> {
        TagStrings { rest: self.packed }
    }
}

impl<'a> Iterator for TagStrings<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (string, rest) = take_run(self.rest)?;
        self.rest = rest;
        Some(string)
    }
}

/// Takes a `u32` length and as many bytes.
fn take_run(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*length).try_into().ok()?)
}

impl std::fmt::Debug for Tags<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl std::fmt::Debug for Tag<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.strings().map(String::from_utf8_lossy)).finish()
    }
}

/// Appends tags in packed form to a buffer of the caller's: `begin_tag`, its strings, `end_tag`, and again.
#[derive(Debug)]
pub struct TagsWriter<'a> {
    out: &'a mut Vec<u8>,
    tag: usize,
    string: usize,
    count: u16,
}

/// Bytes of a tag's head: the number of its strings and their length.
const TAG_HEAD: usize = size_of::<u16>() + size_of::<u32>();
/// Bytes of a string's length.
const STRING_HEAD: usize = size_of::<u32>();

impl<'a> TagsWriter<'a> {
    /// Appends after what `out` already holds.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        let end = out.len();
        Self { out, tag: end, string: end, count: 0 }
    }

    /// Starts a tag.
    pub fn begin_tag(&mut self) {
        self.tag = self.out.len();
        self.count = 0;
        self.out.extend_from_slice(&[0; TAG_HEAD]);
    }

    /// Appends a whole string (UTF-8) to the tag. False when the tag is full: it holds at most 65,535 strings.
    #[must_use]
    pub fn string(&mut self, string: &[u8]) -> bool {
        self.begin_string();
        self.out.extend_from_slice(string);
        self.end_string()
    }

    /// Starts a string whose bytes come piece by piece, through [`Self::piece`].
    pub fn begin_string(&mut self) {
        self.string = self.out.len();
        self.out.extend_from_slice(&[0; STRING_HEAD]);
    }

    /// Appends bytes to the string that was begun.
    pub fn piece(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Ends the string that was begun. False when the tag is full: it holds at most 65,535 strings of 4 GiB in all.
    #[must_use]
    pub fn end_string(&mut self) -> bool {
        let length = self.out.len().saturating_sub(self.string.saturating_add(STRING_HEAD));
        let (Ok(length), Some(count)) = (u32::try_from(length), self.count.checked_add(1)) else {
            return false;
        };
        self.count = count;
        write_at(self.out, self.string, &length.to_le_bytes());
        true
    }

    /// Ends the tag. False when its strings have more than 4 GiB.
    #[must_use]
    pub fn end_tag(&mut self) -> bool {
        let bytes = self.out.len().saturating_sub(self.tag.saturating_add(TAG_HEAD));
        let Ok(bytes) = u32::try_from(bytes) else { return false };
        write_at(self.out, self.tag, &self.count.to_le_bytes());
        write_at(self.out, self.tag + size_of::<u16>(), &bytes.to_le_bytes());
        true
    }

    /// Appends a whole tag. False when it does not fit (see [`Self::end_string`]).
    #[must_use]
    pub fn tag<S: AsRef<[u8]>>(&mut self, strings: &[S]) -> bool {
        self.begin_tag();
        strings.iter().all(|string| self.string(string.as_ref())) && self.end_tag()
    }
}

fn write_at(out: &mut [u8], start: usize, bytes: &[u8]) {
    if let Some(place) = out.get_mut(start..start + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests;
