use std::path::Path;

use serde_json::json;

use super::{Asset, assets, fits};

#[test]
fn the_list_is_read_from_the_relays_manifest() {
    let metadata = json!({ "packages": [
        { "name": "other", "metadata": null },
        { "name": "chappe", "metadata": { "deb": { "assets": [
            ["target/release/chappe", "usr/bin/", "755"],
            ["../docs/*.md", "usr/share/doc/chappe/", "644"],
        ] } } },
    ] });
    let asset = |from: &str, to: &str, mode: &str| Asset {
        from: from.to_owned(),
        to: to.to_owned(),
        mode: mode.to_owned(),
    };
    let expected = [
        asset("target/release/chappe", "usr/bin/", "755"),
        asset("docs/*.md", "usr/share/doc/chappe/", "644"),
    ];
    assert_eq!(assets(&metadata).expect("a list"), expected);
}

#[test]
fn a_list_that_cannot_be_read_is_told() {
    let of =
        |assets| json!({ "packages": [{ "name": "chappe", "metadata": { "deb": { "assets": assets } } }] });
    let rows = [
        (json!({ "packages": [] }), "no list"),
        (of(json!([["../a", "b/"]])), r#"the row ["../a","b/"]"#),
        (of(json!([["src/a", "b/", "644"]])), "the row"),
    ];
    for (metadata, expected) in rows {
        let failure = assets(&metadata).expect_err("no list").to_string();
        assert!(failure.contains(expected), "{failure}");
    }
}

#[test]
fn a_star_is_any_text() {
    let rows = [
        ("a.md", "a.md", true),
        ("a.md", "*.md", true),
        (".md", "*.md", true),
        ("a.mdx", "*.md", false),
        ("chappe-db.1", "chappe*.1", true),
        ("ab", "ab*b", false),
    ];
    for (name, pattern, expected) in rows {
        assert_eq!(fits(name, pattern), expected, "{name} {pattern}");
    }
}

#[test]
fn a_row_means_files_that_are_there() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(dir.path().join("docs")).expect("a folder");
    for name in ["b.md", "a.md", "c.txt"] {
        std::fs::write(dir.path().join("docs").join(name), name).expect("a file");
    }
    let row =
        |from: &str, to: &str| Asset { from: from.to_owned(), to: to.to_owned(), mode: "644".to_owned() };
    let files = row("docs/*.md", "doc/").files(dir.path(), Path::new("/none")).expect("files");
    let to: Vec<_> = files.iter().map(|(_, to)| to.as_str()).collect();
    assert_eq!(to, ["doc/a.md", "doc/b.md"]);
    let file = row("docs/c.txt", "doc/renamed").files(dir.path(), Path::new("/none")).expect("a file");
    assert_eq!(file, [(dir.path().join("docs/c.txt"), "doc/renamed".to_owned())]);
    let none =
        row("docs/d.txt", "doc/").files(dir.path(), Path::new("/none")).expect_err("no file").to_string();
    assert_eq!(none, "docs/d.txt is no file");
}
