use super::{Tree, faults};

#[test]
fn a_row_passes_with_gaps_too() {
    let tree = Tree::of(&[
        ("docs/decisions/0001-lmdb.md", "# LMDB\n"),
        ("docs/decisions/0003-two-forms.md", "# Two forms\n"),
        ("docs/decisions/README.md", "Records.\n"),
    ]);
    assert_eq!(faults(&tree), []);
}

#[test]
fn doubles_names_and_titles_are_found() {
    let cases = [
        (["0001-a.md", "0001-b.md"], "# T\n", "0001 is taken already"),
        (["0001-a.md", "2-b.md"], "# T\n", "a record is named"),
        (["0001-a.md", "0002-B c.md"], "# T\n", "a record is named"),
        (["0001-a.md", "0002-b.md"], "T\n", "opens with its title"),
    ];
    for ([first, second], text, fault) in cases {
        let (first, second) = (format!("docs/decisions/{first}"), format!("docs/decisions/{second}"));
        let found = faults(&Tree::of(&[(&first, "# T\n"), (&second, text)]));
        assert!(found.len() == 1 && found[0].text.contains(fault), "{second} gave {found:?}, not {fault:?}");
    }
}
