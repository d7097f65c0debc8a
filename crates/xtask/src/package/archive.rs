//! An archive with a binary that is linked statically, so that it runs on any Linux of this processor, whatever C library that
//! has, if any.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::assets::assets;
use super::notices::host;
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
pub(super) fn archive(workspace: &Workspace) -> Result<(), Failure> {
    let host = host()?;
    let relay = build(workspace, &host)?;
    super::write_beside(workspace, &relay)?;
    let processor = host.split('-').next().unwrap_or_default();
    let name = format!("chappe-{}-{processor}-linux", version(workspace.metadata())?);
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

/// How the binary is linked. It asks the system for chance by its own call: a static program does not find that of the C
/// library by its name, and would need `/dev/random`.
const FLAGS: &str =
    "-C target-feature=+crt-static -C strip=debuginfo --cfg getrandom_backend=\"linux_getrandom\"";

/// The binary, which is none of this kind if it asks for a library.
fn build(workspace: &Workspace, host: &str) -> Result<PathBuf, Failure> {
    let mut build = workspace.cargo("build");
    // By the name of a target the flags are for it alone: procedural macros and build scripts are run here.
    build.args(["--release", "--package", "chappe", "--target", host]);
    command::run(build.env("RUSTFLAGS", FLAGS))?;
    let relay = workspace.target(host).join("release/chappe");
    // `ldd` fails for what has no dynamic part at all, and says so of what only moves itself.
    match command::answer("ldd", &relay.to_string_lossy()) {
        Some(needs) if !needs.contains("statically linked") => {
            Err(Failure::new(format!("{} is not static:\n{needs}", relay.display())))
        }
        Some(_) | None => Ok(relay),
    }
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
