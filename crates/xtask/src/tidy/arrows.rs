//! Who may depend on whom: the arrows of docs/architecture.md, as data.

use std::path::Path;

use serde_json::Value;

use super::Fault;
use crate::command::Failure;

/// Each room below `crates/`, and the rooms it may depend on. A room that is not listed may not exist.
const ARROWS: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("buffers", &[]),
    ("counters", &[]),
    ("frames", &[]),
    ("routing", &["protocol"]),
    ("codec", &["protocol", "buffers"]),
    ("store", &["protocol", "buffers"]),
    ("subscriptions", &["protocol", "buffers"]),
    ("validation", &["protocol", "counters", "codec"]),
    ("policy", &["protocol"]),
    ("signer", &["protocol", "codec"]),
    ("authorization", &["protocol", "validation", "policy"]),
    ("retention", &["protocol", "policy", "authorization", "store"]),
    (
        "processing",
        &["protocol", "buffers", "counters", "codec", "authorization", "routing", "store", "subscriptions"],
    ),
    ("management", &["protocol", "codec", "validation", "policy", "signer", "authorization", "store"]),
    (
        "session",
        &[
            "protocol",
            "buffers",
            "counters",
            "codec",
            "frames",
            "validation",
            "policy",
            "authorization",
            "management",
            "routing",
            "store",
            "subscriptions",
            "processing",
            "retention",
        ],
    ),
    ("testkit", &["protocol", "codec", "store"]),
    ("xtask", &[]),
];

/// The room that only tests may enter.
const FOR_TESTS: &str = "testkit";

/// Packages of others that only these rooms below `crates/` may name; `app`, `tests` and `benches` may name any.
///
/// A name ending in `*` means all that start so.
const CONFINED: &[(&str, &[&str])] = &[
    // The sockets, the timers and the web are `app`'s.
    ("tokio*", &[]),
    ("axum*", &[]),
    ("hyper*", &[]),
    ("http*", &[]),
    ("tungstenite", &[]),
    ("futures*", &[]),
    // Chance and configuration come in as values.
    ("getrandom", &[]),
    ("rand*", &[]),
    ("toml", &["policy"]),
    ("clap", &["xtask"]),
    // Crates count; what it is called is `app`'s.
    ("prometheus*", &[]),
    // The wire's JSON is codec's own; serde serves the cold paths.
    ("serde*", &["policy", "management", "signer", "testkit", "xtask"]),
    ("flate2", &["frames"]),
    ("heed*", &["store"]),
    ("lmdb*", &["store"]),
    ("secp256k1", &["validation", "signer", "testkit"]),
    // What a remote signer is spoken to in.
    ("chacha20", &["signer"]),
    ("hkdf", &["signer"]),
    ("hmac", &["signer"]),
    ("sha1", &["frames"]),
    ("sha2", &["validation", "authorization", "management", "store", "session", "signer", "testkit"]),
    ("tempfile", &["xtask"]),
];

/// A package of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Room {
    package: String,
    /// Relative to the top, such as `crates/codec` or `app`.
    folder: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Dependency {
    package: String,
    purpose: Purpose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Normal,
    Development,
}

/// Reads the answer of `cargo metadata --no-deps`.
pub(super) fn rooms(metadata: &Value, root: &Path) -> Result<Vec<Room>, Failure> {
    let packages = metadata.get("packages").and_then(Value::as_array);
    let rooms = packages.and_then(|packages| packages.iter().map(|package| room(package, root)).collect());
    rooms.ok_or_else(|| Failure::new("cargo metadata has an unknown form"))
}

fn room(package: &Value, root: &Path) -> Option<Room> {
    let manifest = Path::new(package.get("manifest_path")?.as_str()?);
    let folder = manifest.parent()?.strip_prefix(root).ok()?;
    let dependencies = package.get("dependencies")?.as_array()?;
    Some(Room {
        package: package.get("name")?.as_str()?.to_owned(),
        folder: folder.to_str()?.replace('\\', "/"),
        dependencies: dependencies.iter().map(dependency).collect::<Option<_>>()?,
    })
}

fn dependency(dependency: &Value) -> Option<Dependency> {
    let purpose = match dependency.get("kind")?.as_str() {
        Some("dev") => Purpose::Development,
        // What a build script uses is held to the same rules.
        _ => Purpose::Normal,
    };
    Some(Dependency { package: dependency.get("name")?.as_str()?.to_owned(), purpose })
}

/// Arrows that are not in the table, rooms that are not either, and packages in rooms that must not know them.
pub(super) fn faults(rooms: &[Room]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for room in rooms {
        let manifest = format!("{}/Cargo.toml", room.folder);
        let mut fault = |text: String| faults.push(Fault::file(&manifest, text));
        if let Some(name) = room.folder.strip_prefix("crates/") {
            if room.package != package_of(name) {
                fault(format!("the package in crates/{name} is to be called {}", package_of(name)));
            }
            let Some(arrows) = arrows_of(name) else {
                fault(format!("no crate `{name}` in the table of arrows: it takes a decision record"));
                continue;
            };
            room_faults(name, arrows, &room.dependencies, &mut fault);
        } else if room.dependencies.iter().any(|to| is_for_tests(to) && room.folder == "app") {
            fault(format!("{FOR_TESTS} is for tests: name it under dev-dependencies"));
        }
    }
    faults
}

fn room_faults(name: &str, arrows: &[&str], dependencies: &[Dependency], fault: &mut impl FnMut(String)) {
    for dependency in dependencies {
        let Dependency { package, purpose } = dependency;
        match (name_of(package), purpose) {
            (Some(_), Purpose::Normal) if is_for_tests(dependency) => {
                fault(format!("{FOR_TESTS} is for tests: name it under dev-dependencies"));
            }
            (Some(to), Purpose::Normal) if !arrows.contains(&to) => {
                fault(format!("no arrow {name} -> {to} in the table"));
            }
            (Some(to), Purpose::Development) if to != FOR_TESTS && !lies_below(name, to) => {
                fault(format!("{to} does not lie below {name}, and its tests may not reach up"));
            }
            (None, Purpose::Normal) => {
                let confined = CONFINED.iter().find(|(pattern, _)| is_like(package, pattern));
                if let Some((_, homes)) = confined.filter(|(_, homes)| !homes.contains(&name)) {
                    fault(format!("{package} is not for {name}; its home is app{}", listed(homes)));
                }
            }
            (Some(_) | None, Purpose::Normal | Purpose::Development) => {}
        }
    }
}

fn is_for_tests(dependency: &Dependency) -> bool {
    dependency.purpose == Purpose::Normal && name_of(&dependency.package) == Some(FOR_TESTS)
}

fn arrows_of(name: &str) -> Option<&'static [&'static str]> {
    ARROWS.iter().find(|(from, _)| *from == name).map(|(_, to)| *to)
}

/// Whether arrows lead from one room to the other, over any number of rooms. The table has no circles (a test).
fn lies_below(from: &str, to: &str) -> bool {
    arrows_of(from).unwrap_or_default().iter().any(|next| *next == to || lies_below(next, to))
}

fn package_of(name: &str) -> String {
    format!("chappe-{name}")
}

fn name_of(package: &str) -> Option<&str> {
    if package == "chappe" { Some("app") } else { package.strip_prefix("chappe-") }
}

fn is_like(package: &str, pattern: &str) -> bool {
    pattern.strip_suffix('*').map_or_else(|| package == pattern, |start| package.starts_with(start))
}

fn listed(homes: &[&str]) -> String {
    homes.iter().map(|home| format!(", {home}")).collect()
}

#[cfg(test)]
mod tests;
