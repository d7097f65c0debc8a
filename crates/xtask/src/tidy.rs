//! `tidy`: the rules of the house that no compiler knows.
//!
//! Each rule is a function from what it looks at to its [`Fault`]s, so that its tests can show it a bad house.

mod arrows;
mod decisions;
mod heads;
mod links;
mod manifests;
mod packages;
mod rows;
mod text;
mod tree;

use std::fmt;

use crate::command::Failure;
use crate::package::assets::assets;
use crate::workspace::Workspace;
use tree::Tree;

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Fault {
    /// Relative to the top, with `/`.
    path: String,
    /// Counted from 1; 0 where the whole file is meant.
    line: usize,
    /// What is wrong, and what would be right.
    text: String,
}

impl Fault {
    fn file(path: &str, text: impl Into<String>) -> Self {
        Self::line(path, 0, text)
    }

    fn line(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, text: text.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, text } = self;
        if *line == 0 { write!(f, "{path}: {text}") } else { write!(f, "{path}:{line}: {text}") }
    }
}

/// Reads the tree once and holds every rule against it.
pub(crate) fn tidy(workspace: &Workspace) -> Result<(), Failure> {
    let tree = Tree::read(workspace.root())?;
    let rooms = arrows::rooms(workspace.metadata(), workspace.root())?;
    let mut faults = arrows::faults(&rooms);
    faults.extend(packages::faults(&assets(workspace.metadata())?, &tree));
    for rule in
        [text::faults, manifests::faults, heads::faults, links::faults, rows::faults, decisions::faults]
    {
        faults.extend(rule(&tree));
    }
    faults.sort();
    for fault in &faults {
        eprintln!("{fault}");
    }
    match faults.len() {
        0 => {
            println!("tidy: {} files and {} packages are in order", tree.files().len(), rooms.len());
            Ok(())
        }
        count => Err(Failure::new(format!("tidy: {count} faults"))),
    }
}
