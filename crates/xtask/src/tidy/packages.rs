//! What is installed is there to be installed, and a new file beside it is not forgotten.

use super::Fault;
use super::tree::Tree;
use crate::package::assets::{Asset, fits};

const MANIFEST: &str = "app/Cargo.toml";
const DOCKERFILE: &str = "packages/docker/Dockerfile";
/// Folders whose every file is installed.
const INSTALLED: [&str; 2] = ["packages/systemd", "config/policies"];

/// Holds the list of what is installed, and the image's toolchain, against the checkout.
pub(super) fn faults(assets: &[Asset], tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    // What is built is not in the checkout.
    for asset in assets.iter().filter(|asset| !asset.from.starts_with("target/")) {
        if !tree.files().iter().any(|file| is_meant(asset, &file.path)) {
            faults.push(Fault::file(MANIFEST, format!("installs {}, which is not there", asset.from)));
        }
    }
    for file in INSTALLED.iter().flat_map(|folder| tree.below(folder)) {
        if !assets.iter().any(|asset| is_meant(asset, &file.path)) {
            faults.push(Fault::file(&file.path, format!("is not installed: {MANIFEST} does not name it")));
        }
    }
    let word = |path: &str, start: &str| {
        let mut lines = tree.file(path)?.text.lines();
        let rest = lines.find_map(|line| line.strip_prefix(start))?;
        rest.split(['"', '-']).next()
    };
    let (wanted, taken) = (word("Cargo.toml", "rust-version = \""), word(DOCKERFILE, "FROM rust:"));
    if wanted != taken {
        let [wanted, taken] = [wanted, taken].map(Option::unwrap_or_default);
        faults.push(Fault::file(DOCKERFILE, format!("builds with Rust {taken}; Cargo.toml says {wanted}")));
    }
    faults
}

fn is_meant(asset: &Asset, path: &str) -> bool {
    let split = |path: &str| path.rsplit_once('/').map(|(folder, name)| (folder.to_owned(), name.to_owned()));
    match (split(path), split(&asset.from)) {
        (Some((folder, name)), Some((wanted, pattern))) => folder == wanted && fits(&name, &pattern),
        _ => path == asset.from,
    }
}

#[cfg(test)]
mod tests;
