use super::{Tree, faults};

#[test]
fn a_member_without_the_lints_is_found() {
    let tree = Tree::of(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n"),
        ("crates/good/Cargo.toml", "[package]\nname = \"chappe-good\"\n\n[lints]\nworkspace = true\n"),
        ("crates/none/Cargo.toml", "[package]\nname = \"chappe-none\"\n"),
        (
            "crates/own/Cargo.toml",
            "[package]\nname = \"chappe-own\"\n\n[lints]\nrust.missing_docs = \"warn\"\n",
        ),
        ("tests/beside/Cargo.toml", "[package]\nname = \"beside\"\n\n[workspace]\n"),
    ]);
    let found: Vec<_> = faults(&tree).into_iter().map(|fault| fault.path).collect();
    assert_eq!(found, ["crates/none/Cargo.toml", "crates/own/Cargo.toml"]);
}
