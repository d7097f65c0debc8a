//! Every relative link in a document leads somewhere.

use super::Fault;
use super::tree::{File, Tree};

/// Follows the links of every Markdown file that stay in the checkout.
pub(super) fn faults(tree: &Tree) -> Vec<Fault> {
    let documents = tree.files().iter().filter(|file| file.path.ends_with(".md"));
    documents.flat_map(|document| dead_links(document, tree)).collect()
}

fn dead_links(document: &File, tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut is_fenced = false;
    for (line, number) in document.text.lines().zip(1..) {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
        }
        if is_fenced {
            continue;
        }
        for target in targets(line).filter(|target| is_relative(target)) {
            let place = target.split('#').next().unwrap_or_default();
            let is_alive = resolve(&document.path, place).is_some_and(|path| is_there(tree, &path));
            if !is_alive {
                faults.push(Fault::line(
                    &document.path,
                    number,
                    format!("the link to {target} leads nowhere"),
                ));
            }
        }
    }
    faults
}

/// What stands between `](` and `)`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|after| after.split_once(')')).map(|(target, _)| target)
}

fn is_relative(target: &str) -> bool {
    !target.starts_with('#') && !target.contains("://") && !target.starts_with("mailto:")
}

/// The path from the top, or nothing when the link climbs out of the checkout.
fn resolve(document: &str, target: &str) -> Option<String> {
    let mut steps: Vec<&str> = document.split('/').collect();
    steps.pop();
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()?),
            name => steps.push(name),
        }
    }
    Some(steps.join("/"))
}

fn is_there(tree: &Tree, path: &str) -> bool {
    path.is_empty() || tree.below(path).next().is_some()
}

#[cfg(test)]
mod tests;
