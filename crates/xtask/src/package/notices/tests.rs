use std::collections::BTreeSet;
use std::fs;

use serde_json::json;

use super::super::linked::CLibrary;
use super::{collect, head, libraries};

#[test]
fn only_what_is_linked_is_told() {
    let package = |name: &str, source: Option<&str>| {
        json!({
            "id": name, "name": name, "version": "1.0.0", "source": source, "license": "MIT",
            "manifest_path": format!("/home/{name}/Cargo.toml"),
        })
    };
    let to = |name: &str, kind: Option<&str>| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
    let metadata = json!({
        "packages": [
            package("chappe", None), package("chappe-store", None), package("linked", Some("registry")),
            package("below", Some("registry")), package("builds", Some("registry")), package("tests", Some("registry")),
        ],
        "resolve": { "nodes": [
            { "id": "chappe", "deps": [to("chappe-store", None), to("tests", Some("dev"))] },
            { "id": "chappe-store", "deps": [to("linked", None), to("builds", Some("build"))] },
            { "id": "linked", "deps": [to("below", None)] },
            { "id": "below", "deps": [to("linked", None)] },
            { "id": "builds", "deps": [] },
            { "id": "tests", "deps": [] },
        ] },
    });
    let found = libraries(&metadata).expect("libraries");
    let names: Vec<_> = found.iter().map(|library| library.name.as_str()).collect();
    assert_eq!(names, ["below 1.0.0", "linked 1.0.0"]);
    assert!(found.iter().all(|library| library.licence == "MIT" && library.folder.starts_with("/home")));
}

#[test]
fn texts_of_inner_libraries_are_found() {
    let dir = tempfile::tempdir().expect("a directory");
    let inner = dir.path().join("depend/c");
    fs::create_dir_all(&inner).expect("folders");
    fs::write(dir.path().join("LICENSE-MIT"), "one\n").expect("a file");
    fs::write(dir.path().join("license.rs"), "code").expect("a file");
    fs::write(dir.path().join("README"), "text").expect("a file");
    fs::write(inner.join("COPYING"), "two").expect("a file");
    fs::write(inner.join("LICENSE"), "one").expect("a file");
    let mut texts = BTreeSet::new();
    collect(dir.path(), &mut texts).expect("texts");
    assert_eq!(texts, BTreeSet::from(["one".to_owned(), "two".to_owned()]));
}

#[test]
fn the_c_library_is_told_where_it_is_inside() {
    let names = |inside| ["LGPL", "Rich Felker, et al."].map(|name| head(inside).contains(name));
    assert_eq!(names(None), [false, false]);
    assert_eq!(names(Some(CLibrary::Gnu)), [true, false]);
    assert_eq!(names(Some(CLibrary::Musl)), [false, true]);
}
