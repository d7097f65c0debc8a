//! Decision records have a number each: `docs/decisions/0001-what-was-decided.md`.
//!
//! Gaps are allowed: numbers are set aside for work that is under way.

use super::Fault;
use super::tree::{File, Tree};

const FOLDER: &str = "docs/decisions";
const DIGITS: usize = 4;

/// Looks at the names and first lines of the records.
pub(super) fn faults(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut last = 0;
    let is_record = |file: &&File| !file.path.ends_with("/README.md");
    for File { path, text } in tree.below(FOLDER).filter(is_record) {
        match number(path) {
            None => faults.push(Fault::file(path, "a record is named 0001-what-was-decided.md")),
            Some(number) => {
                if number <= last {
                    faults.push(Fault::file(path, format!("{number:04} is taken already")));
                }
                last = number;
            }
        }
        if !text.starts_with("# ") {
            faults.push(Fault::file(path, "a record opens with its title (`# ...`)"));
        }
    }
    faults
}

fn number(path: &str) -> Option<u32> {
    let name = path.strip_prefix(FOLDER)?.strip_prefix('/')?.strip_suffix(".md")?;
    let (digits, title) = name.split_once('-')?;
    let is_well_named = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_titled = !title.is_empty()
        && title.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if is_well_named && is_titled { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
