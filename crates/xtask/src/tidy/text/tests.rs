use super::{LINES_MAX, TEST_LINES_MAX, Tree, UNSAFE_AT, faults};

/// A mark or word, joined here so that this file itself stays clean.
fn join(parts: [&str; 2]) -> String {
    parts.concat()
}

#[test]
fn bad_text_is_found_with_its_line() {
    let (mark, word) = (join(["TO", "DO"]), join(["un", "safe"]));
    let cases = [
        ("a.rs", "fn a() {} \n".to_owned(), 1, "white space"),
        ("a.md", "one\n\ttwo\n".to_owned(), 2, "by a tab"),
        ("a.md", "windows\r\n".to_owned(), 1, "white space"),
        ("a.rs", format!("// {mark}: later\n"), 1, "write an issue"),
        ("a.mjs", format!("// {mark}\n"), 1, "write an issue"),
        ("crates/a/src/lib.rs", format!("fn a() {{ {word} {{ }} }}\n"), 1, "outside the modules"),
        ("crates/a/src/lib.rs", format!("#[expect({word}_code)]\n"), 1, "outside the modules"),
        ("a.rs", "fn a() {}".to_owned(), 0, "one line break"),
        ("a.rs", "fn a() {}\n\n".to_owned(), 0, "one line break"),
        ("a.rs", "//\n".repeat(LINES_MAX + 1), 0, "500 are the most"),
        ("a/tests.rs", "//\n".repeat(TEST_LINES_MAX + 1), 0, "1000 are the most"),
    ];
    for (path, text, line, fault) in cases {
        let found = faults(&Tree::of(&[(path, &text)]));
        let as_expected = found.len() == 1 && found[0].line == line && found[0].text.contains(fault);
        assert!(as_expected, "{path:?} with {text:?} gave {found:?}, not {fault:?}");
    }
}

#[test]
fn good_text_passes() {
    let (mark, word) = (join(["TO", "DO"]), join(["un", "safe"]));
    let cases = [
        ("a.rs", "fn a() {}\n".to_owned()),
        ("docs/a.md", format!("We leave no {mark}.\n")),
        ("a.rs", format!("let {mark}S = 1; // in {word}ly\n")),
        ("a.rs", format!("// It would take {word} to do this.\n")),
        ("a.rs", format!("let policy = \"{word}-inline\" == \"{word}\";\n")),
        (UNSAFE_AT[1], format!("{word} {{ }}\n")),
        (UNSAFE_AT[0], format!("{word} {{ }}\n")),
        ("a.rs", "let json = r\"{\t}\";\n".to_owned()),
        ("a.rs", "//\n".repeat(LINES_MAX)),
        ("tests/src/nip01.rs", "//\n".repeat(TEST_LINES_MAX)),
        ("tests/fuzz/seeds/message/one", "no end \t".to_owned()),
    ];
    for (path, text) in cases {
        assert_eq!(faults(&Tree::of(&[(path, &text)])), [], "{path:?}");
    }
}
