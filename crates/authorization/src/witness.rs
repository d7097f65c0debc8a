//! Who watches a decision being made.

/// Hears each step of a decision. The steps are put into words only for one who listens, so that the decision itself
/// and its explanation are the same code.
pub(crate) trait Witness {
    /// The next step, in the order of the decision.
    fn note(&mut self, words: impl FnOnce() -> String);
}

/// Nobody listens: an event on its way.
impl Witness for () {
    fn note(&mut self, _words: impl FnOnce() -> String) {}
}

/// Every step is written down.
impl Witness for Vec<String> {
    fn note(&mut self, words: impl FnOnce() -> String) {
        self.push(words());
    }
}
