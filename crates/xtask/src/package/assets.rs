//! The list of what is installed and where: `assets` of `[package.metadata.deb]`, as `cargo metadata` gives it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command::Failure;

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asset {
    /// Relative to the top; `target/` stands for the target directory. Its last part may have a `*` for any text.
    pub(crate) from: String,
    /// A file, or with a `/` at its end a folder, without the `/` at its beginning.
    pub(crate) to: String,
    /// In octal.
    pub(crate) mode: String,
}

/// The rows, in their order.
pub(crate) fn assets(metadata: &Value) -> Result<Vec<Asset>, Failure> {
    let malformed = |what: &str| Failure::new(format!("[package.metadata.deb] of the relay: {what}"));
    let packages = metadata.get("packages").and_then(Value::as_array);
    let is_relay = |package: &&Value| package.get("name").and_then(Value::as_str) == Some("chappe");
    let relay = packages.and_then(|packages| packages.iter().find(is_relay));
    let rows = relay.and_then(|relay| relay.pointer("/metadata/deb/assets")).and_then(Value::as_array);
    let rows = rows.ok_or_else(|| malformed("no list `assets`"))?;
    let asset = |row: &Value| {
        let text = |at: usize| row.get(at).and_then(Value::as_str).map(str::to_owned);
        let (from, to, mode) = (text(0)?, text(1)?, text(2)?);
        // Paths are from the relay's folder, but for what is built.
        let from =
            from.strip_prefix("../").map(str::to_owned).or(from.starts_with("target/").then_some(from))?;
        Some(Asset { from, to, mode })
    };
    rows.iter().map(|row| asset(row).ok_or_else(|| malformed(&format!("the row {row}")))).collect()
}

impl Asset {
    /// The files that the row means in the checkout or the target directory, each with where it goes.
    pub(crate) fn files(&self, top: &Path, target: &Path) -> Result<Vec<(PathBuf, String)>, Failure> {
        let (folder, pattern) = self.from.rsplit_once('/').unwrap_or(("", &self.from));
        let folder = match folder.strip_prefix("target/") {
            Some(below) => target.join(below),
            None => top.join(folder),
        };
        let mut found = Vec::new();
        for entry in fs::read_dir(&folder).map_err(Failure::io(folder.display()))? {
            let entry = entry.map_err(Failure::io(folder.display()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if fits(&name, pattern) {
                let to = if self.to.ends_with('/') { format!("{}{name}", self.to) } else { self.to.clone() };
                found.push((entry.path(), to));
            }
        }
        found.sort();
        if found.is_empty() { Err(Failure::new(format!("{} is no file", self.from))) } else { Ok(found) }
    }
}

/// Whether the name is the pattern, whose `*` may be any text.
pub(crate) fn fits(name: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => {
            name.strip_prefix(start).is_some_and(|rest| rest.len() >= end.len() && rest.ends_with(end))
        }
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests;
