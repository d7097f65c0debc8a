//! How a decision came about, for a person.

use std::fmt;

use crate::witness::{Mark, Witness};
use crate::{Decision, Denial, Field, Station, Verdict};

/// The steps of one evaluation, in their order. Displayed, it is one line a step and one for the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    steps: Vec<Step>,
    verdict: Verdict,
    path: String,
    denial: Option<Denial>,
    rate_per_minute: Option<u32>,
    scripts: Vec<String>,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where it was made.
    pub station: Station,
    /// The field that was looked at.
    pub field: Option<Field>,
    /// What it came to.
    pub mark: Mark,
    /// What was compared.
    pub text: String,
}

impl Explanation {
    pub(crate) fn record<'p>(evaluate: impl FnOnce(&mut Recorder) -> Decision<'p>) -> Self {
        let mut recorder = Recorder(Vec::new());
        let decision = evaluate(&mut recorder);
        Self {
            steps: recorder.0,
            verdict: decision.verdict,
            path: decision.path(),
            denial: decision.denial(),
            rate_per_minute: decision.rate.map(|rate| rate.per_minute),
            scripts: decision.scripts.into_iter().flatten().map(str::to_owned).collect(),
        }
    }

    /// The comparisons, in the order they were made; the last one decides.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The answer.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The way in the file to what decided, as `rules.1.content_limit`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

pub(crate) struct Recorder(Vec<Step>);

impl Witness for Recorder {
    fn note(&mut self, station: Station, field: Option<Field>, mark: Mark, text: impl FnOnce() -> String) {
        self.0.push(Step { station, field, mark, text: text() });
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passes => "pass",
            Self::Grants => "grant",
            Self::GrantsNot => "no grant",
            Self::Denies => "deny",
            Self::Allows => "allow",
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8}  {}", self.mark, self.station)?;
        if let Some(field) = self.field {
            write!(f, ", {field}")?;
        }
        write!(f, ": {}", self.text)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        write!(f, "=> {} by {}", self.verdict, self.path)?;
        if let Some(denial) = self.denial {
            write!(f, ": {denial}")?;
        }
        if let Some(rate) = self.rate_per_minute {
            write!(f, ", at most {rate} events a minute")?;
        }
        self.scripts.iter().try_for_each(|script| write!(f, ", if {script} agrees"))
    }
}
