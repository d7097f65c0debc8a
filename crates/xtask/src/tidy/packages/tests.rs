use super::{Tree, faults};
use crate::package::assets::Asset;

fn asset(from: &str) -> Asset {
    Asset { from: from.to_owned(), to: "usr/".to_owned(), mode: "644".to_owned() }
}

fn found(assets: &[&str], files: &[(&str, &str)]) -> Vec<String> {
    let assets: Vec<_> = assets.iter().map(|from| asset(from)).collect();
    faults(&assets, &Tree::of(files)).iter().map(ToString::to_string).collect()
}

const RUST: [(&str, &str); 2] = [
    ("Cargo.toml", "rust-version = \"1.95\"\n"),
    ("packages/docker/Dockerfile", "FROM rust:1.95-slim AS build\n"),
];

#[test]
fn a_list_of_what_is_there_is_in_order() {
    let files = [RUST[0], RUST[1], ("packages/systemd/a.service", ""), ("docs/a.md", ""), ("LICENSE", "")];
    let assets = ["target/release/chappe", "packages/systemd/a.service", "docs/*.md", "LICENSE"];
    assert_eq!(found(&assets, &files), [""; 0]);
}

#[test]
fn what_is_missing_or_forgotten_is_found() {
    let files = [RUST[0], RUST[1], ("packages/systemd/a.timer", ""), ("docs/deep/a.md", "")];
    let expected = [
        "app/Cargo.toml: installs packages/systemd/a.service, which is not there",
        "app/Cargo.toml: installs docs/*.md, which is not there",
        "packages/systemd/a.timer: is not installed: app/Cargo.toml does not name it",
    ];
    assert_eq!(found(&["packages/systemd/a.service", "docs/*.md"], &files), expected);
}

#[test]
fn the_image_is_built_with_the_same_rust() {
    let files = [RUST[0], ("packages/docker/Dockerfile", "FROM rust:1.90-slim AS build\n")];
    let expected = ["packages/docker/Dockerfile: builds with Rust 1.90; Cargo.toml says 1.95"];
    assert_eq!(found(&[], &files), expected);
}
