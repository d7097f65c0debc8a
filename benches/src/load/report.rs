//! The result of a run, as a table or as JSON.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::histogram::Histogram;
use crate::process::Spent;

/// What one run of the generator found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) workload: &'static str,
    pub(crate) relay: String,
    /// One for each phase; all have the same figures.
    pub(crate) phases: Vec<Phase>,
    /// What else is worth knowing, such as why events were refused.
    pub(crate) notes: Vec<String>,
    /// Answers that were wrong, one line for each sort. Empty when the relay is right.
    pub(crate) faults: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Phase {
    pub(crate) name: String,
    pub(crate) figures: Vec<Figure>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) value: f64,
}

impl Phase {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), figures: Vec::new() }
    }

    pub(crate) fn figure(&mut self, name: &'static str, unit: &'static str, value: f64) {
        self.figures.push(Figure { name, unit, value });
    }

    pub(crate) fn count(&mut self, name: &'static str, value: u64) {
        self.figure(name, "", value as f64);
    }

    pub(crate) fn rate(&mut self, unit: &'static str, count: u64, elapsed: Duration) {
        self.figure("rate", unit, count as f64 / elapsed.as_secs_f64().max(1e-9));
    }

    pub(crate) fn latency(&mut self, latency: &Histogram) {
        self.figure("p50", "ms", latency.millis(0.50));
        self.figure("p99", "ms", latency.millis(0.99));
        self.figure("max", "ms", latency.millis(1.0));
    }

    /// The processor time and traffic for each of so many things, and the memory held.
    pub(crate) fn cost(&mut self, spent: &Spent, count: u64) {
        let micros = |cpu: Duration| cpu.as_secs_f64() * 1e6 / count.max(1) as f64;
        if let Some(relay) = spent.relay {
            self.figure("relay CPU", "us each", micros(relay.cpu));
            self.figure("relay memory", "MB", relay.own_kb as f64 / 1e3);
            self.figure("mapped files", "MB", relay.file_kb as f64 / 1e3);
        }
        self.figure("client CPU", "us each", micros(spent.own_cpu));
        self.figure("received", "B each", spent.received as f64 / count.max(1) as f64);
    }
}

impl Figure {
    fn title(&self) -> String {
        if self.unit.is_empty() { self.name.to_owned() } else { format!("{} [{}]", self.name, self.unit) }
    }

    /// Three digits where they tell something.
    fn text(&self) -> String {
        let digits = match self.value.abs() {
            _ if self.value.fract() == 0.0 => 0,
            size if size >= 100.0 => 0,
            size if size >= 10.0 => 1,
            size if size >= 1.0 => 2,
            _ => 3,
        };
        format!("{:.digits$}", self.value)
    }
}

/// A phase a column: there are more figures than phases.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} on {}", self.workload, self.relay)?;
        let titles: Vec<_> =
            self.phases.first().into_iter().flat_map(|phase| &phase.figures).map(Figure::title).collect();
        let width = titles.iter().map(String::len).max().unwrap_or_default();
        let columns: Vec<Vec<String>> =
            self.phases.iter().map(|phase| phase.figures.iter().map(Figure::text).collect()).collect();
        let widths: Vec<usize> = self
            .phases
            .iter()
            .zip(&columns)
            .map(|(phase, column)| {
                column.iter().map(String::len).max().unwrap_or_default().max(phase.name.len())
            })
            .collect();
        write!(f, "{:width$}", "")?;
        for (phase, width) in self.phases.iter().zip(&widths) {
            write!(f, "  {:>width$}", phase.name)?;
        }
        writeln!(f)?;
        for (row, title) in titles.iter().enumerate() {
            write!(f, "{title:width$}")?;
            for (column, width) in columns.iter().zip(&widths) {
                let text = column.get(row).map_or("", String::as_str);
                write!(f, "  {text:>width$}")?;
            }
            writeln!(f)?;
        }
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        match self.faults.as_slice() {
            [] => write!(f, "all answers right"),
            faults => write!(f, "WRONG ANSWERS\n  {}", faults.join("\n  ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(faults: Vec<String>) -> Report {
        let mut phases = vec![Phase::new("home"), Phase::new("mix of all")];
        for (phase, rate) in phases.iter_mut().zip([1_234.56, 7.0]) {
            phase.count("requests", 1_000);
            phase.figure("rate", "req/s", rate);
            phase.figure("p50", "ms", 0.123_456);
        }
        Report { workload: "req", relay: "ws://127.0.0.1:7447".to_owned(), phases, notes: Vec::new(), faults }
    }

    #[test]
    fn the_table_has_a_column_for_each_phase() {
        let table = "req on ws://127.0.0.1:7447\n\
            \x20             home  mix of all\n\
            requests      1000        1000\n\
            rate [req/s]  1235           7\n\
            p50 [ms]      0.123       0.123\n\
            all answers right";
        let text = report(Vec::new()).to_string();
        let squeeze = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(squeeze(&text), squeeze(table));
        let widths: Vec<usize> = text.lines().skip(1).take(4).map(str::len).collect();
        assert!(widths.iter().all(|width| Some(width) == widths.first()), "{text}");
    }

    #[test]
    fn faults_come_last_and_the_json_has_them_too() {
        let report = report(vec!["3 x lost".to_owned()]);
        assert!(report.to_string().ends_with("WRONG ANSWERS\n  3 x lost"));
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["faults"][0], "3 x lost");
        assert_eq!(json["phases"][1]["figures"][1]["value"], 7.0);
    }
}
