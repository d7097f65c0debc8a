//! Every package of the workspace takes its lints from it: one that does not would be held to nothing.

use super::Fault;
use super::tree::Tree;

const TAKES_LINTS: &str = "[lints]\nworkspace = true\n";

/// Looks at the manifests of the workspace's members; those beside it say `[workspace]` themselves.
pub(super) fn faults(tree: &Tree) -> Vec<Fault> {
    let manifests = tree.files().iter().filter(|file| file.path.ends_with("Cargo.toml"));
    let members = manifests.filter(|file| !file.text.contains("[workspace]"));
    let without = members.filter(|file| !format!("{}\n", file.text).contains(TAKES_LINTS));
    without.map(|file| Fault::file(&file.path, "does not take the lints of the workspace")).collect()
}

#[cfg(test)]
mod tests;
