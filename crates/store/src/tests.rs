//! The store as its callers see it.

mod rules;
mod support;
