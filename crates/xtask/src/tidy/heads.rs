//! Every crate opens with a page that a stranger can read.

use super::Fault;
use super::tree::{File, Tree};

/// The longest head, in lines.
const HEAD_LINES_MAX: usize = 39;

/// What the head of a library below `crates/` tells, and a word that shows it does.
const TELLS: &[(&str, &str)] = &[
    ("know", "what it deliberately does not know (\"It knows no ...\")"),
    ("decision", "the one decision and its price (\"The one decision: ...\")"),
    ("start", "where to start reading (\"Start with ...\")"),
];

/// Looks at the `//!` lines of every `lib.rs` and `main.rs`.
pub(super) fn faults(tree: &Tree) -> Vec<Fault> {
    let is_root = |file: &&File| file.path.ends_with("src/lib.rs") || file.path.ends_with("src/main.rs");
    tree.files().iter().filter(is_root).flat_map(|file| head_faults(&file.path, &file.text)).collect()
}

fn head_faults(path: &str, text: &str) -> Vec<Fault> {
    let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
    if head.is_empty() {
        return vec![Fault::file(path, "opens without a head (`//!`) that says what the crate is for")];
    }
    let mut faults = Vec::new();
    if head.len() > HEAD_LINES_MAX {
        let text = format!("a head of {} lines; a page has at most {HEAD_LINES_MAX}", head.len());
        faults.push(Fault::file(path, text));
    }
    if path.starts_with("crates/") {
        let words = head.join(" ").to_lowercase();
        let missing = TELLS.iter().filter(|(word, _)| !words.contains(word));
        faults.extend(missing.map(|(_, what)| Fault::file(path, format!("the head does not tell {what}"))));
    }
    faults
}

#[cfg(test)]
mod tests;
