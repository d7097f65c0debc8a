//! Questions to the store: what a caller says and what it gets.

mod choice;
mod cost;
mod explanation;
mod merge;
mod plan;
mod strand;

pub(crate) use cost::Counters;
pub use cost::{Cost, QueryCounts};
pub use explanation::{ExplainedPart, ExplainedWay, Explanation, Role};
pub use merge::Query;
pub use plan::Plan;

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
    /// Index entries to look up: seeks and moves, and at most one record is read for each. Eight entries that are passed
    /// over by what they say count as one.
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

/// One question: a filter, and where to look for what it matches. A filter alone is one, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// What an event has to match, and with `limit` how many of them are wanted. [Normalized](Filter::normalize).
    pub filter: Filter,
    /// Only events that match one of these [normalized](Filter::normalize) filters are looked at. They say where to
    /// look and nothing more: each event found is held against `filter` alone, so between them they have to match all
    /// that `filter` matches and the asker may be shown. Their limits do not count. None of them: `filter` says it.
    pub within: Vec<Filter>,
}

impl From<Filter> for Ask {
    fn from(filter: Filter) -> Self {
        Self { filter, within: Vec::new() }
    }
}

/// Asks for the stored events that any of the asks wants, each once. Reads nothing yet.
#[must_use]
pub fn query(asks: impl IntoIterator<Item = impl Into<Ask>>, bounds: QueryBounds) -> Query {
    Query::new(asks.into_iter().map(Into::into), bounds)
}

/// The same without any limit, the filters' own ones included: to count each matching event once (NIP-45). There is no
/// live part to a count, so `newest` is best `Seq(u64::MAX)`.
#[must_use]
pub fn count(asks: impl IntoIterator<Item = impl Into<Ask>>, newest: Seq) -> Query {
    let without_limit = |ask: Ask| Ask { filter: Filter { limit: None, ..ask.filter }, ..ask };
    Query::new(asks.into_iter().map(Into::into).map(without_limit), QueryBounds::unlimited(newest))
}
