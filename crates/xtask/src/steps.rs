//! A list of steps that is worked off to the end, and the summary at its foot.

use std::time::{Duration, Instant};

use crate::command::Failure;

/// Steps done so far. A failed step does not stop the others: one run shows all that is wrong.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: String,
    result: StepResult,
    took: Duration,
}

#[derive(Debug)]
enum StepResult {
    Passed,
    Failed(Failure),
    Skipped(&'static str),
}

impl Steps {
    /// Works on one step and notes how it went; tells whether it passed.
    pub(crate) fn run(&mut self, name: &str, work: impl FnOnce() -> Result<(), Failure>) -> bool {
        eprintln!("\n=== {name}");
        let start = Instant::now();
        let result = match work() {
            Ok(()) => StepResult::Passed,
            Err(failure) => {
                eprintln!("=== {name} failed: {failure}");
                StepResult::Failed(failure)
            }
        };
        let passed = matches!(result, StepResult::Passed);
        self.done.push(Step { name: name.to_owned(), result, took: start.elapsed() });
        passed
    }

    /// Notes a step that could not be worked on; it counts as failed.
    pub(crate) fn skip(&mut self, name: &str, why: &'static str) {
        self.done.push(Step {
            name: name.to_owned(),
            result: StepResult::Skipped(why),
            took: Duration::ZERO,
        });
    }

    /// Prints the summary.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        println!("\n--- summary");
        for Step { name, result, took } in &self.done {
            let seconds = took.as_secs();
            let line = match result {
                StepResult::Passed => format!("passed   {seconds:>5} s  {name}"),
                StepResult::Failed(failure) => format!("FAILED   {seconds:>5} s  {name}: {failure}"),
                StepResult::Skipped(why) => format!("SKIPPED        -  {name}: {why}"),
            };
            println!("  {line}");
        }
        let total = self.done.len();
        let failed = self.done.iter().filter(|step| !matches!(step.result, StepResult::Passed)).count();
        if failed == 0 {
            println!("--- all {total} steps passed");
            Ok(())
        } else {
            Err(Failure::new(format!("{failed} of {total} steps did not pass")))
        }
    }
}

#[cfg(test)]
mod tests;
