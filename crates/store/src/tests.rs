//! The store as its callers see it.

mod differential;
mod full;
mod model;
mod open;
mod plans;
mod queries;
mod rules;
pub(crate) mod support;
