//! Every row of docs/protocol.md names a test that exists.
//!
//! In each table whose last column is headed `test` or `tests`, that column holds one or more names in backticks:
//!
//! - `nip01::duplicate_is_told_as_true`: a test in `tests/src/nip01.rs` or below `tests/src/nip01/`;
//! - `codec::lone_surrogates` or `codec: lone_surrogates`: a test in `crates/codec` (or in `app`).

use super::Fault;
use super::tree::{File, Tree};

const TABLE: &str = "docs/protocol.md";

/// Looks up every test that the table names.
pub(super) fn faults(tree: &Tree) -> Vec<Fault> {
    let Some(document) = tree.file(TABLE) else {
        return vec![Fault::file(
            TABLE,
            "is missing: it holds what the relay says and the test that shows it",
        )];
    };
    let mut faults = Vec::new();
    let mut rows = 0;
    let mut is_table_of_tests = false;
    let mut previous = "";
    for (line, number) in document.text.lines().zip(1..) {
        let line = line.trim();
        if !line.starts_with('|') {
            is_table_of_tests = false;
        } else if is_rule(line) {
            let heading = last_cell(previous).to_lowercase();
            is_table_of_tests = matches!(heading.as_str(), "test" | "tests");
        } else if is_table_of_tests {
            rows += 1;
            let found = row_faults(last_cell(line), tree);
            faults.extend(found.into_iter().map(|text| Fault::line(TABLE, number, text)));
        }
        previous = line;
    }
    if rows == 0 {
        faults.push(Fault::file(TABLE, "no table has a last column `test`"));
    }
    faults
}

/// Whether the line is the `|---|---|` below a table's heading.
fn is_rule(line: &str) -> bool {
    line.contains('-') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

fn last_cell(row: &str) -> &str {
    row.trim_matches('|').rsplit('|').next().unwrap_or_default().trim()
}

fn row_faults(cell: &str, tree: &Tree) -> Vec<String> {
    // Split at backticks, every second piece stands between two of them.
    let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
    if names.is_empty() {
        return vec!["the row names no test".to_owned()];
    }
    let missing = names.into_iter().filter(|name| !exists(name, tree));
    missing.map(|name| format!("there is no test `{name}`")).collect()
}

fn exists(name: &str, tree: &Tree) -> bool {
    let Some((place, rest)) = name.split_once("::").or_else(|| name.split_once(": ")) else {
        return false;
    };
    let function = rest.rsplit("::").next().unwrap_or_default().trim();
    let place = place.trim();
    let module =
        [format!("tests/src/{place}.rs"), format!("tests/src/{place}"), format!("tests/tests/{place}.rs")];
    let package = [format!("crates/{place}"), place.to_owned()];
    let places = module.iter().chain(package.iter().filter(|_| !place.is_empty()));
    places.flat_map(|place| tree.below(place)).any(|file| has_test(file, function))
}

/// Whether the file has a function of this name under a `#[test]` or `#[tokio::test]`.
fn has_test(file: &File, function: &str) -> bool {
    let mut is_test = false;
    for line in file.text.lines().map(str::trim) {
        if line == "#[test]" || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some((_, after)) = line.split_once("fn ") {
            if is_test && after.split('(').next() == Some(function) {
                return true;
            }
            is_test = false;
        }
    }
    false
}

#[cfg(test)]
mod tests;
