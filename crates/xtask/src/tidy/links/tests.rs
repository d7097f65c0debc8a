use super::{Tree, faults};

#[test]
fn links_to_files_and_folders_hold() {
    let text = "[a](b.md) [b](../README.md#first) [c](../crates/codec/) [d](https://x.org/y.md) [e](#here) [f](..)\n\
        ```\n[not a link](nowhere.md)\n```\n";
    let tree = Tree::of(&[
        ("docs/a.md", text),
        ("docs/b.md", ""),
        ("README.md", ""),
        ("crates/codec/src/lib.rs", "[rust](no.md)"),
    ]);
    assert_eq!(faults(&tree), []);
}

#[test]
fn dead_links_are_found() {
    for target in ["c.md", "../b.md", "../../outside.md", "b.md/c", "b"] {
        let text = format!("first\n[good](b.md) and [bad]({target})\n");
        let found = faults(&Tree::of(&[("docs/a.md", &text), ("docs/b.md", "")]));
        assert!(
            found.len() == 1 && found[0].line == 2 && found[0].text.contains(target),
            "{target} {found:?}"
        );
    }
}
