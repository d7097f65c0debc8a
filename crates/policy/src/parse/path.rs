//! The way to a value, made only when somebody asks.

use std::fmt;

/// A value's names and numbers from the top.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path<'a> {
    Top,
    Name(&'a Self, &'a str),
    Item(&'a Self, usize),
}

impl<'a> Path<'a> {
    pub(crate) const fn name(&'a self, name: &'a str) -> Self {
        Self::Name(self, name)
    }

    pub(crate) const fn item(&'a self, number: usize) -> Self {
        Self::Item(self, number)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top => Ok(()),
            // A name may be anything that stands in quotes, and a path is one line.
            Self::Name(Self::Top, name) => write!(f, "{}", name.escape_debug()),
            Self::Name(before, name) => write!(f, "{before}.{}", name.escape_debug()),
            Self::Item(before, number) => write!(f, "{before}[{number}]"),
        }
    }
}
