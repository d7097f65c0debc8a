//! What the licences of the libraries in the binary ask for: their texts, beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::linked::CLibrary;
use crate::command::{self, Failure};
use crate::workspace::Workspace;

/// What they are called, in `target/package` and where they are installed.
pub(super) const FILE: &str = "third-party-licences.txt";

const HEAD: &str = "\
The program chappe holds the libraries below, beside the Rust standard library (MIT or Apache-2.0, as chappe itself). Where
several licences are offered, one of them is enough.
";

/// Of a binary with the GNU C Library in it.
const GNU: &str = "\
It also holds the GNU C Library (LGPL-2.1-or-later; https://www.gnu.org/software/libc/): whoever wants another version of it
builds chappe from its source.
";

/// musl's `COPYRIGHT`, of the version that Rust's target holds.
const MUSL: &str = include_str!("notices/musl.txt");

/// How licence texts are named, in capitals.
const NAMES: [&str; 5] = ["LICEN", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];

/// One document for a relay that was built for this system: each text once, below the names of those who have it.
pub(super) fn notices(
    workspace: &Workspace,
    system: &str,
    inside: Option<CLibrary>,
) -> Result<String, Failure> {
    let mut command = workspace.cargo("metadata");
    command.args(["--format-version=1", "--filter-platform", system]);
    let metadata: Value = serde_json::from_str(&command::output(&mut command)?)
        .map_err(|error| Failure::new(format!("cargo metadata: {error}")))?;
    let libraries = libraries(&metadata).ok_or_else(|| Failure::new("cargo metadata has an unknown form"))?;
    let (mut texts, mut without) = (BTreeMap::<String, Vec<&str>>::new(), Vec::new());
    for Library { name, licence, folder } in &libraries {
        let mut own = BTreeSet::new();
        collect(folder, &mut own)?;
        if own.is_empty() {
            without.push(format!("{name}: {licence}"));
        }
        for text in own {
            texts.entry(text).or_default().push(name);
        }
    }
    let mut document = head(inside);
    for (text, names) in texts {
        document.push_str(&format!("\n=== {}\n\n{text}\n", names.join(", ")));
    }
    document.push_str(&format!("\n=== Without a text of their own\n\n{}\n", without.join("\n")));
    Ok(document)
}

/// What comes before the libraries' texts.
fn head(inside: Option<CLibrary>) -> String {
    match inside {
        Some(CLibrary::Gnu) => format!("{HEAD}{GNU}"),
        Some(CLibrary::Musl) => format!("{HEAD}It also holds musl, the C library.\n\n=== musl\n\n{MUSL}"),
        None => HEAD.to_owned(),
    }
}

/// A package that the relay is linked with.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Library<'a> {
    name: String,
    licence: &'a str,
    folder: &'a Path,
}

/// All that the relay reaches without going by what only builds or tests it; not our own.
fn libraries(metadata: &Value) -> Option<BTreeSet<Library<'_>>> {
    let packages = by_id(metadata.get("packages")?)?;
    let nodes = by_id(metadata.pointer("/resolve/nodes")?)?;
    let is_relay =
        |package: &Value| package.get("name").and_then(Value::as_str) == Some("chappe") && is_ours(package);
    let relay = packages.iter().find_map(|(&id, package)| is_relay(package).then_some(id))?;
    let (mut reached, mut next) = (BTreeSet::new(), vec![relay]);
    while let Some(id) = next.pop() {
        if reached.insert(id) {
            let dependencies = nodes.get(id)?.get("deps")?.as_array()?;
            let linked = dependencies.iter().filter(|dependency| is_linked(dependency));
            next.extend(linked.filter_map(|dependency| dependency.get("pkg")?.as_str()));
        }
    }
    let others = reached.into_iter().filter_map(|id| packages.get(id)).filter(|package| !is_ours(package));
    others.map(|package| library(package)).collect()
}

fn library(package: &Value) -> Option<Library<'_>> {
    let text = |key: &str| package.get(key).and_then(Value::as_str);
    let name = format!("{} {}", text("name")?, text("version")?);
    let folder = Path::new(text("manifest_path")?).parent()?;
    Some(Library { name, licence: text("license").unwrap_or("see its source"), folder })
}

fn by_id(list: &Value) -> Option<BTreeMap<&str, &Value>> {
    list.as_array()?.iter().map(|entry| Some((entry.get("id")?.as_str()?, entry))).collect()
}

/// Whether it is in this checkout.
fn is_ours(package: &Value) -> bool {
    package.get("source").is_none_or(Value::is_null)
}

/// Whether there is more to a dependency than building and testing.
fn is_linked(dependency: &Value) -> bool {
    let kinds = dependency.get("dep_kinds").and_then(Value::as_array);
    kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind.get("kind").is_none_or(Value::is_null)))
}

/// The texts in a folder and below: libraries in C are folders of the packages that bring them.
fn collect(folder: &Path, texts: &mut BTreeSet<String>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder).map_err(Failure::io(folder.display()))? {
        let entry = entry.map_err(Failure::io(folder.display()))?;
        let kind = entry.file_type().map_err(Failure::io(folder.display()))?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        if kind.is_dir() {
            collect(&entry.path(), texts)?;
        } else if kind.is_file()
            && NAMES.iter().any(|start| name.starts_with(start))
            && !name.ends_with(".RS")
        {
            let text = fs::read(entry.path()).map_err(Failure::io(entry.path().display()))?;
            texts.insert(String::from_utf8_lossy(&text).trim().to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
