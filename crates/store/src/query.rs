//! Questions to the store: what a caller says and what it gets.

mod merge;
mod plan;

pub use merge::Query;

use chappe_protocol::Filter;

use crate::store::Seq;

/// What bounds the answer to a query as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryBounds {
    /// The limit of a filter that names none.
    pub default_limit: u64,
    /// The highest limit; one above it counts as this one.
    pub limit_max: u64,
    /// The last event to look at. Later ones are the live part's, so that nothing is missed and nothing comes twice: of
    /// a version that is replaced while the query runs, the live part has the new one and this may have neither.
    /// Where there is no live part, `Seq(u64::MAX)` gives whatever is there when it is looked for.
    pub newest: Seq,
}

impl QueryBounds {
    /// No limit but those that the filters name.
    #[must_use]
    pub const fn unlimited(newest: Seq) -> Self {
        Self { default_limit: u64::MAX, limit_max: u64::MAX, newest }
    }
}

/// What bounds one call of [`Query::advance`]. At least one of each is done, so that every query comes to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Events to hand out.
    pub events_max: usize,
    /// Index entries to look at: seeks and moves, and at most one record is read for each.
    pub scans_max: usize,
}

/// How far a query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Call again.
    More,
    /// Everything was handed out.
    Done(Completeness),
}

/// Whether stored events match that were not handed out (NIP-67).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// None.
    Finished,
    /// At least one.
    MoreStored,
    /// Finding out was not asked for (a limit of 0) or would have cost too much.
    Unknown,
}

/// Asks for the stored events that match any of these [normalized](Filter::normalize) filters. Reads nothing yet.
#[must_use]
pub fn query(filters: Vec<Filter>, bounds: QueryBounds) -> Query {
    Query::new(filters, bounds)
}

/// The same without any limit, the filters' own ones included: to count each matching event once (NIP-45). There is no
/// live part to a count, so `newest` is best `Seq(u64::MAX)`.
#[must_use]
pub fn count(mut filters: Vec<Filter>, newest: Seq) -> Query {
    filters.iter_mut().for_each(|filter| filter.limit = None);
    Query::new(filters, QueryBounds::unlimited(newest))
}
