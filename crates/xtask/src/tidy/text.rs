//! What every text file keeps to: length, white space, no marks left behind, `unsafe` only where it was agreed.

use super::Fault;
use super::tree::{File, Tree};

/// The longest file, in lines.
const LINES_MAX: usize = 500;
/// The longest file of tests.
const TEST_LINES_MAX: usize = 1_000;

/// What a person writes; lock files, seeds and pictures are not held to it.
const WRITTEN: &[&str] =
    &[".rs", ".toml", ".md", ".mjs", ".html", ".css", ".sh", ".dict", ".ci/run", ".gitignore"];
/// What a machine runs.
const CODE: &[&str] = &[".rs", ".toml", ".mjs", ".html", ".css", ".sh", ".ci/run"];
/// Words that say "later": an issue says it better. Written apart, so that this file holds none.
const MARKS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Where `unsafe` may stand, each with a reason at its head.
const UNSAFE_AT: &[&str] = &[
    // LMDB maps a file into memory, and only the caller can promise that nobody else truncates it.
    "crates/store/src/env.rs",
    // A test writes an earlier layout by hand, in a directory of its own.
    "crates/store/src/restore/tests.rs",
    // Counting allocations takes an allocator, whose trait is unsafe to implement.
    "app/examples/counted/allocator.rs",
    "crates/testkit/src/allocations.rs",
];
/// The word, and the lint's name. Written apart for the same reason.
const UNSAFE: [&str; 2] = [concat!("un", "safe"), concat!("un", "safe_code")];

/// Holds the rules of text against every file.
pub(super) fn faults(tree: &Tree) -> Vec<Fault> {
    let written = tree.files().iter().filter(|file| ends_with_any(&file.path, WRITTEN));
    written.flat_map(|file| length(file).into_iter().chain(lines(file))).collect()
}

fn length(file: &File) -> Option<Fault> {
    if !file.path.ends_with(".rs") {
        return None;
    }
    let (count, most) = (file.text.lines().count(), lines_max(&file.path));
    (count > most)
        .then(|| Fault::file(&file.path, format!("{count} lines, and {most} are the most: split it")))
}

fn lines_max(path: &str) -> usize {
    let is_test = path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs");
    if is_test { TEST_LINES_MAX } else { LINES_MAX }
}

fn lines(file: &File) -> Vec<Fault> {
    let File { path, text } = file;
    let mut faults = Vec::new();
    for (line, number) in text.split('\n').zip(1..) {
        let mut fault = |text: String| faults.push(Fault::line(path, number, text));
        if line.ends_with(char::is_whitespace) {
            fault("white space at the end of the line".to_owned());
        }
        let indent = line.len() - line.trim_start().len();
        if line.get(..indent).is_some_and(|indent| indent.contains('\t')) {
            fault("indented by a tab, not by spaces".to_owned());
        }
        if ends_with_any(path, CODE) {
            for mark in MARKS.iter().filter(|mark| has_word(line, mark)) {
                fault(format!("{mark}: do it, or write an issue"));
            }
        }
        if path.ends_with(".rs")
            && !UNSAFE_AT.contains(&path.as_str())
            && !line.trim_start().starts_with("//")
        {
            for word in UNSAFE.iter().filter(|word| has_word(line, word)) {
                fault(format!("`{word}` outside the modules that tidy lists"));
            }
        }
    }
    if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
        faults.push(Fault::file(path, "ends with one line break"));
    }
    faults
}

/// Whether the word stands alone, not in a longer one (`a-b` counts as one) and not as a text of its own.
fn has_word(line: &str, word: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '"');
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default();
        let after = line.get(at + word.len()..).unwrap_or_default();
        !before.ends_with(is_word) && !after.starts_with(is_word)
    })
}

fn ends_with_any(path: &str, ends: &[&str]) -> bool {
    ends.iter().any(|end| path.ends_with(end))
}

#[cfg(test)]
mod tests;
