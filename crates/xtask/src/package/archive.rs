//! An archive with a binary that is linked statically, so that it runs on any Linux of this processor, whatever C library that
//! has, if any.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::assets::assets;
use super::linked::{CLibrary, host};
use crate::command::{self, Failure};
use crate::workspace::Workspace;

/// What stands beside the files: the script that puts them into place, what the Debian package does after that, the licences.
const BESIDE: [(&str, &str); 4] = [
    ("packages/archive/install.sh", "755"),
    ("packages/debian/postinst", "755"),
    ("LICENSE-APACHE", "644"),
    ("LICENSE-MIT", "644"),
];

/// Builds the relay, and packs what the Debian package has, too.
pub(super) fn archive(workspace: &Workspace, inside: CLibrary) -> Result<(), Failure> {
    let host = host()?;
    let processor = host.split('-').next().unwrap_or_default();
    let system = inside.system(processor);
    inside.ensure_tools(&system, &host)?;
    let relay = build(workspace, &system, inside)?;
    super::write_beside(workspace, &relay, &system, Some(inside))?;
    let name = format!("chappe-{}-{processor}-{}", version(workspace.metadata())?, inside.label());
    let place = workspace.target("archive");
    let tree = place.join(&name);
    if tree.exists() {
        // Of an earlier time.
        fs::remove_dir_all(&tree).map_err(Failure::io(tree.display()))?;
    }
    for asset in assets(workspace.metadata())? {
        let files = match asset.from.as_str() {
            "target/release/chappe" => vec![(relay.clone(), format!("{}chappe", asset.to))],
            _ => asset.files(workspace.root(), &workspace.target(""))?,
        };
        for (from, to) in files {
            install(&from, &tree.join(to), &asset.mode)?;
        }
    }
    for (file, mode) in BESIDE {
        let from = workspace.root().join(file);
        install(&from, &tree.join(from.file_name().unwrap_or_default()), mode)?;
    }
    pack(&place, &name)
}

/// The binary, which is none of this kind if it asks for a loader of libraries.
fn build(workspace: &Workspace, system: &str, inside: CLibrary) -> Result<PathBuf, Failure> {
    let mut build = workspace.cargo("build");
    // By the name of a target the flags are for it alone: procedural macros and build scripts are run here.
    build.args(["--release", "--package", "chappe", "--target", system]);
    build.env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo");
    if let Some(flags) = inside.flags() {
        build.env("RUSTFLAGS", flags);
    }
    command::run(&mut build)?;
    let relay = workspace.target(system).join("release/chappe");
    let mut headers = Command::new("readelf");
    let headers = command::output(headers.arg("--program-headers").arg(&relay))?;
    if headers.contains("INTERP") {
        return Err(Failure::new(format!("{} is not static:\n{headers}", relay.display())));
    }
    Ok(relay)
}

/// That of the relay.
fn version(metadata: &Value) -> Result<&str, Failure> {
    let packages = metadata.get("packages").and_then(Value::as_array);
    let is_relay = |package: &&Value| package.get("name").and_then(Value::as_str) == Some("chappe");
    let relay = packages.and_then(|packages| packages.iter().find(is_relay));
    let version = relay.and_then(|relay| relay.get("version")).and_then(Value::as_str);
    version.ok_or_else(|| Failure::new("cargo metadata names no version of the relay"))
}

fn install(from: &Path, to: &Path, mode: &str) -> Result<(), Failure> {
    let mut install = Command::new("install");
    install.args(["-D", "-m", mode]).args([from, to]);
    command::output(&mut install).map(drop)
}

/// The archive, and its hash in the form that `sha256sum --check` reads.
fn pack(place: &Path, name: &str) -> Result<(), Failure> {
    let file = format!("{name}.tar.gz");
    let mut tar = Command::new("tar");
    tar.args(["--sort=name", "--owner=root:0", "--group=root:0", "-czf", &file, name]);
    command::run(tar.current_dir(place))?;
    let hash = command::output(Command::new("sha256sum").arg(&file).current_dir(place))?;
    let beside = place.join(format!("{file}.sha256"));
    fs::write(&beside, hash).map_err(Failure::io(beside.display()))?;
    println!("{}", place.join(file).display());
    Ok(())
}
