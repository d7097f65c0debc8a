//! Telling how a query was answered.

use super::cost::Cost;
use super::merge::Query;
use super::plan::Plan;

/// How a query was answered so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The parts of the asks, in their order: one for each filter to look within, or one for the ask's own filter.
    pub parts: Vec<ExplainedPart>,
    /// What it took.
    pub cost: Cost,
}

/// How a part of an ask was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedPart {
    /// The ask's place among those that ask for anything.
    pub ask: usize,
    /// The ways there are. None when it was not begun.
    pub ways: Vec<ExplainedWay>,
}

/// A way that a part can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExplainedWay {
    /// By what.
    pub plan: Plan,
    /// How many index ranges, or ids.
    pub ranges: usize,
    /// How many entries these were thought to have where the answer is. Nothing when there was no need to know.
    pub estimate: Option<u64>,
    /// Whether it was gone.
    pub role: Role,
}

/// What became of a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It answers.
    Chosen,
    /// It was chosen, and left when it had cost too much.
    Left,
    /// It is there for when the chosen one costs too much.
    Retreat,
    /// It was not gone.
    Idle,
}

impl Query {
    /// How it was answered so far. Nothing is known before the first [`Query::advance`].
    #[must_use]
    pub fn explain(&self) -> Explanation {
        let parts = self.strands().iter().map(|strand| {
            let Some(course) = &strand.course else {
                return ExplainedPart { ask: strand.ask, ways: Vec::new() };
            };
            let choice = &course.choice;
            let role = |place: usize| match place {
                _ if place == choice.chosen => Role::Chosen,
                _ if course.left == Some(place) => Role::Left,
                _ if choice.retreat == Some(place) => Role::Retreat,
                _ => Role::Idle,
            };
            let ways = choice.ways.iter().zip(&choice.estimates).enumerate();
            let ways = ways.map(|(place, (way, &estimate))| ExplainedWay {
                plan: way.plan,
                ranges: way.ranges,
                estimate,
                role: role(place),
            });
            ExplainedPart { ask: strand.ask, ways: ways.collect() }
        });
        Explanation { parts: parts.collect(), cost: self.cost() }
    }
}
