use std::fs;

use super::Tree;

#[test]
fn only_what_is_ours_is_read() {
    let root = tempfile::tempdir().unwrap();
    for path in
        ["crates/a/src/lib.rs", "target/debug/x.rs", ".git/config", ".ci/run", "tests/n/node_modules/m.js"]
    {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "text").unwrap();
    }
    fs::write(root.path().join("picture.png"), [0xff, 0xfe]).unwrap();
    let tree = Tree::read(root.path()).unwrap();
    let read: Vec<_> = tree.files().iter().map(|file| (file.path.as_str(), file.text.as_str())).collect();
    assert_eq!(read, [(".ci/run", "text"), ("crates/a/src/lib.rs", "text"), ("picture.png", "")]);
}

#[test]
fn below_means_whole_names() {
    let tree = Tree::of(&[("docs/a.md", ""), ("docs-old/b.md", ""), ("docs.md", "")]);
    let below: Vec<_> = tree.below("docs").map(|file| file.path.as_str()).collect();
    assert_eq!(below, ["docs/a.md"]);
    assert_eq!(tree.below("docs.md").count(), 1);
}
