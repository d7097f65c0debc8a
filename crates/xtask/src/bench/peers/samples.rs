//! What was measured: of each relay, in each run, at each step.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::contender::Contender;
use super::step::{Better, Figure, Step};

/// What came of a step.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    Done(Report),
    /// The relay would not do it, and why: in this case its figures mean nothing.
    Refused(String),
}

/// What the load generator told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Report {
    pub(super) figures: BTreeMap<String, f64>,
    /// Wrong answers among right ones.
    pub(super) faults: Vec<String>,
}

/// All outcomes so far.
#[derive(Debug, Default)]
pub(super) struct Samples {
    outcomes: BTreeMap<(Step, Contender, usize), Outcome>,
}

/// What the table shows of one relay and one figure.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    /// The median over the runs that have the figure.
    pub(super) median: Option<f64>,
    /// Ours divided by theirs: the median of the ratios within each run.
    pub(super) ratio: Option<f64>,
    /// What was wrong, or why there is nothing.
    pub(super) remarks: Vec<String>,
}

impl Report {
    /// Reads the one line of JSON that `load --json` prints.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let report: Value = serde_json::from_str(text.trim()).map_err(|error| error.to_string())?;
        let figures = report.pointer("/phases/0/figures").and_then(Value::as_array).ok_or("no figures")?;
        let entry = |figure: &Value| {
            let name = figure.get("name")?.as_str()?.to_owned();
            Some((name, figure.get("value")?.as_f64()?))
        };
        let faults = report.get("faults").and_then(Value::as_array).ok_or("no faults")?;
        Ok(Self {
            figures: figures.iter().map(entry).collect::<Option<_>>().ok_or("a figure without a value")?,
            faults: faults.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }

    /// A relay that did less than half of what was asked is not fast but elsewhere.
    pub(super) fn judged(self) -> Outcome {
        let figure = |name: &str| self.figures.get(name).copied().unwrap_or_default();
        // Each workload counts under its own names; those of the others are absent and 0.
        let asked = figure("events").max(figure("requests")).max(figure("expected"));
        let undone = figure("refused") + figure("other events") + figure("missing");
        if undone <= asked / 2.0 {
            return Outcome::Done(self);
        }
        let why = self.faults.first().cloned();
        Outcome::Refused(why.unwrap_or_else(|| format!("{undone:.0} of {asked:.0} refused")))
    }
}

impl Samples {
    pub(super) fn add(&mut self, contender: Contender, run: usize, step: Step, outcome: Outcome) {
        self.outcomes.insert((step, contender, run), outcome);
    }

    /// What is known of this figure.
    pub(super) fn cell(&self, contender: Contender, figure: &Figure) -> Cell {
        let theirs = self.values(contender, figure);
        let ours = self.values(Contender::Chappe, figure);
        let ratio = |(run, theirs): (&usize, &f64)| Some(ours.get(run)? / theirs);
        let ratios = theirs.iter().filter(|(_, theirs)| **theirs > 0.0).filter_map(ratio).collect();
        Cell {
            median: median(theirs.values().copied().collect()),
            ratio: median(ratios),
            remarks: self.remarks(contender, figure.step),
        }
    }

    /// Whether anything was tried that has this figure.
    pub(super) fn has(&self, figure: &Figure) -> bool {
        self.outcomes.keys().any(|(step, ..)| *step == figure.step)
    }

    /// By run.
    fn values(&self, contender: Contender, figure: &Figure) -> BTreeMap<usize, f64> {
        let outcomes =
            self.outcomes.range((figure.step, contender, 0)..=(figure.step, contender, usize::MAX));
        let value = |(&(_, _, run), outcome): (&(Step, Contender, usize), &Outcome)| match outcome {
            Outcome::Done(report) => Some((run, *report.figures.get(figure.name)?)),
            Outcome::Refused(_) => None,
        };
        outcomes.filter_map(value).collect()
    }

    /// One remark of each sort: counts differ from run to run, and the first tells enough.
    fn remarks(&self, contender: Contender, step: Step) -> Vec<String> {
        let outcomes = self.outcomes.range((step, contender, 0)..=(step, contender, usize::MAX));
        let (mut refused, mut faulty, mut runs) = (Vec::new(), Vec::new(), 0);
        for (_, outcome) in outcomes {
            runs += 1;
            match outcome {
                Outcome::Refused(why) => refused.push(why.clone()),
                Outcome::Done(report) if !report.faults.is_empty() => faulty.push(report.faults.join("; ")),
                Outcome::Done(_) => {}
            }
        }
        let remark = |what: &str, all: Vec<String>| {
            let count = all.len();
            all.into_iter().next().map(|first| format!("{what} in {count} of {runs} runs: {first}"))
        };
        [remark("not measured", refused), remark("wrong answers", faulty)].into_iter().flatten().collect()
    }

    /// Everything, for whoever wants to calculate anew.
    pub(super) fn to_json(&self) -> String {
        let entry = |(&(step, contender, run), outcome): (&(Step, Contender, usize), &Outcome)| {
            let (figures, faults, refused) = match outcome {
                Outcome::Done(report) => (json!(report.figures), json!(report.faults), Value::Null),
                Outcome::Refused(why) => (json!({}), json!([]), json!(why)),
            };
            json!({
                "step": step.name(), "relay": contender.name(), "run": run + 1,
                "figures": figures, "faults": faults, "refused": refused,
            })
        };
        let entries: Vec<Value> = self.outcomes.iter().map(entry).collect();
        format!("{:#}\n", Value::from(entries))
    }
}

impl Cell {
    /// How many times better ours is than theirs; below 1 it is worse.
    pub(super) fn times_better(&self, better: Better) -> Option<f64> {
        let ratio = self.ratio.filter(|ratio| *ratio > 0.0)?;
        Some(match better {
            Better::More => ratio,
            Better::Less => 1.0 / ratio,
        })
    }
}

/// The middle one, or the mean of the middle two.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    let lower = if values.len().is_multiple_of(2) { *values.get(middle.checked_sub(1)?)? } else { upper };
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests;
