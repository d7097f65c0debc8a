//! Who watches an evaluation: nobody, or an explanation.

use crate::{Field, Station};

/// What a step of the evaluation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// Nothing against it here.
    Passes,
    /// This field grants what a restricted rule needs.
    Grants,
    /// This field restricts, and does not grant.
    GrantsNot,
    /// This decides: no.
    Denies,
    /// This decides: yes.
    Allows,
}

/// Is told each step. The text is only made for those who want it.
pub(crate) trait Witness {
    fn note(&mut self, station: Station, field: Option<Field>, mark: Mark, text: impl FnOnce() -> String);
}

/// Wants to know nothing: the evaluation of every day, which allocates nothing.
pub(crate) struct Nobody;

impl Witness for Nobody {
    fn note(&mut self, _: Station, _: Option<Field>, _: Mark, _: impl FnOnce() -> String) {}
}
