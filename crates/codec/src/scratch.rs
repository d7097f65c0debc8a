//! Memory that one decoding after another uses again.

/// What an event cannot borrow from its frame: its tags in packed form, and text that had to be unescaped.
///
/// Grows with the text decoded (the packed tags of a text take at most about twice its length) and keeps what it has,
/// so that the next event finds its memory warm. [`Self::shrink`] gives back what an unusual event left behind.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The packed tags.
    pub(crate) tags: Vec<u8>,
    /// The content, when it had escapes.
    pub(crate) content: String,
    /// A key, or a value that is hex, when it had escapes.
    pub(crate) word: String,
}

impl Scratch {
    /// How many bytes of each of its parts outlive [`Self::shrink`]: 1 MiB.
    pub const RETAINED_BYTES_MAX: usize = 1 << 20;

    /// An empty one, without memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { tags: Vec::new(), content: String::new(), word: String::new() }
    }

    /// Forgets everything and frees memory beyond [`Self::RETAINED_BYTES_MAX`]. Costs nothing when there is none.
    pub fn shrink(&mut self) {
        self.clear();
        self.tags.shrink_to(Self::RETAINED_BYTES_MAX);
        self.content.shrink_to(Self::RETAINED_BYTES_MAX);
        self.word.shrink_to(Self::RETAINED_BYTES_MAX);
    }

    /// Forgets everything and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.tags.clear();
        self.content.clear();
        self.word.clear();
    }
}

#[cfg(test)]
mod tests;
