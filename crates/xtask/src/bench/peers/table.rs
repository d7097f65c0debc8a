//! The results in markdown.

use std::fmt::Write as _;

use super::contender::{Contender, Entrant};
use super::samples::Samples;
use super::step::FIGURES;

/// A row for each figure; for each peer its median and what ours is of it.
pub(super) fn table(entrants: &[Entrant], samples: &Samples) -> String {
    let mut head = vec!["".to_owned()];
    for entrant in entrants {
        head.push(entrant.contender.name().to_owned());
        if entrant.contender != Contender::Chappe {
            head.push("ratio".to_owned());
        }
    }
    let mut text = format!("{}|{}\n", row(&head), "---|".repeat(head.len()));
    let mut remarks = Remarks::default();
    for figure in FIGURES.iter().filter(|figure| samples.has(figure)) {
        let mut cells = vec![format!("{} [{}]", figure.title, figure.unit)];
        for entrant in entrants {
            let cell = samples.cell(entrant.contender, figure);
            let marks = remarks.marks(entrant.contender, figure.step.name(), &cell.remarks);
            let number = |value: Option<f64>| value.map_or("-".to_owned(), number);
            cells.push(format!("{}{marks}", number(cell.median)));
            if entrant.contender != Contender::Chappe {
                cells.push(number(cell.ratio));
            }
        }
        text.push_str(&row(&cells));
    }
    text.push('\n');
    text.push_str("A ratio is ours divided by theirs, taken within each run; all figures are medians over the runs.\n\n");
    for entrant in entrants {
        text.push_str(&line(&format!("- {}: {}", entrant.version(), entrant.contender.promise())));
    }
    if !remarks.lines.is_empty() {
        text.push('\n');
    }
    for (number, remark) in remarks.lines.iter().enumerate() {
        text.push_str(&line(&format!("{}. {remark}", number + 1)));
    }
    text
}

/// What the numbers in brackets stand for.
#[derive(Debug, Default)]
struct Remarks {
    lines: Vec<String>,
}

impl Remarks {
    /// The marks of these remarks, which figures of the same step share.
    fn marks(&mut self, contender: Contender, step: &str, remarks: &[String]) -> String {
        let mut marks = String::new();
        for remark in remarks {
            let remark = format!("{}, {step}: {remark}", contender.name());
            let place = self.lines.iter().position(|line| *line == remark).unwrap_or(self.lines.len());
            if place == self.lines.len() {
                self.lines.push(remark);
            }
            let _ = write!(marks, " ({})", place + 1);
        }
        marks
    }
}

fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// Without what would break a line or a list.
fn line(text: &str) -> String {
    format!("{}\n", text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Three digits that count, and a comma at each thousand.
pub(super) fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 || size == 0.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        size if size >= 0.1 => 3,
        _ => 4,
    };
    let text = format!("{value:.digits$}");
    let (whole, fraction) =
        text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        let left = whole.len() - place;
        if place > 0 && left.is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    match fraction {
        Some(fraction) => format!("{grouped}.{fraction}"),
        None => grouped,
    }
}

#[cfg(test)]
mod tests;
