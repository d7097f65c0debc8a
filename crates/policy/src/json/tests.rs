use chappe_testkit::Rng;

use super::*;

fn place(line: u32, column: u32) -> Place {
    Place { line, column }
}

fn refused(text: &str) -> (u32, u32, String) {
    let fault = read(text).expect_err(text);
    (fault.line, fault.column, fault.reason)
}

#[test]
fn every_value_knows_its_place() {
    let text = "{\n  \"ä\": [1, \"x\"],\n\t\"b\": { \"c\": null }\n}\n";
    let Value::Object(members) = read(text).unwrap().value else { panic!("an object") };
    let places: Vec<_> = members.iter().map(|member| (member.place, member.node.place)).collect();
    assert_eq!(places, [(place(2, 3), place(2, 8)), (place(3, 2), place(3, 7))]);
    let Value::List(items) = &members[0].node.value else { panic!("a list") };
    assert_eq!(items[1], Node { place: place(2, 12), value: Value::Text("x".to_owned()) });
}

#[test]
fn it_agrees_with_serde_json_on_what_is_json() {
    let table = [
        "{}",
        " [ ] ",
        "\u{feff}{}",
        "0",
        "-0",
        "-1.5e+10",
        "1E5",
        "true",
        "false",
        "null",
        "\"\"",
        r#""\"\\\/\b\f\n\r\t\u0041\uD83D\uDE00""#,
        "[1,2,[3,{\"a\":[]}]]",
        "{\"a\":1,\"a\":2}",
        "",
        " ",
        "{",
        "[",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "[1 2]",
        "{\"a\" 1}",
        "01",
        "+1",
        "1.",
        ".5",
        "1e",
        "-",
        "nul",
        "True",
        "\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"a\nb\"",
        "\"\t\"",
        "[] []",
        "// no\n{}",
        "{\"a\":}",
        "\u{a0}{}",
    ];
    for text in table {
        let theirs = serde_json::from_str::<serde_json::Value>(text.trim_start_matches('\u{feff}'));
        assert_eq!(read(text).is_ok(), theirs.is_ok(), "{text}");
    }
}

#[test]
fn texts_are_unescaped() {
    let text = r#""\"\\\/\b\f\n\r\t\u0041\uD83D\uDE00é""#;
    let Value::Text(unescaped) = read(text).unwrap().value else { panic!("a text") };
    assert_eq!(unescaped, serde_json::from_str::<String>(text).unwrap());
}

#[test]
fn a_mistake_is_told_with_its_place() {
    let table = [
        ("", 1, 1, "expected a value, but the file ends"),
        ("{\n \"a\": 1,\n}", 2, 8, "a comma with nothing between it and '}'"),
        ("[1,\n]", 1, 3, "a comma with nothing between it and ']'"),
        ("{\n \"a\": 1\n \"b\": 2\n}", 3, 2, "expected ',' or '}', but found '\"'"),
        ("{ // no\n}", 1, 3, "expected a name in quotes, but comments are not JSON: use description"),
        ("{\"a\": allow}", 1, 7, "expected a value, but found allow: texts stand in quotes"),
        ("{\"a\": 007}", 1, 7, "not a number as JSON writes them"),
        ("{\"a\": \"x\n\"}", 1, 7, "a text that is not closed on its line"),
        ("[\"^\\d+$\"]", 1, 4, "not an escape of JSON; a backslash in a regex is written twice"),
        ("{} {}", 1, 4, "expected the end of the file, but found '{'"),
        ("{\"a\":[1,{\"b\":2", 1, 15, "expected ',' or '}', but the file ends"),
    ];
    for (text, line, column, reason) in table {
        assert_eq!(refused(text), (line, column, reason.to_owned()), "{text}");
    }
}

#[test]
fn nesting_and_length_have_bounds() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(&nested(16)).is_ok());
    assert_eq!(refused(&nested(17)), (1, 17, "nested more than 16 deep".to_owned()));
    assert_eq!(refused(&"[".repeat(1_000_000)).1, 17);
    assert!(read(&format!("\"{}\"", "a".repeat(TEXT_BYTES_MAX - 2))).is_ok());
    assert_eq!(
        refused(&format!("\"{}\"", "a".repeat(TEXT_BYTES_MAX - 1))).2,
        "the file is longer than 4194304 bytes"
    );
    assert_eq!(refused(&"1".repeat(33)).2, "not a number as JSON writes them");
}

#[test]
fn no_bytes_make_it_panic_and_it_takes_what_serde_json_takes() {
    let text = r#"{"default_policy":"deny","rules":{"1":{"write_allow":["a\u00e9"],"size_limit":1e3}}}"#;
    let mut rng = Rng::new(1);
    for _ in 0..20_000 {
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=rng.below(3) {
            let place = rng.below(bytes.len());
            match rng.below(3) {
                0 => bytes[place] = *rng.pick(b"{}[]\",:\\u0e-. \n\tntf/"),
                1 if bytes.len() > 1 => drop(bytes.remove(place)),
                _ => bytes.truncate(place.max(1)),
            }
        }
        let Ok(text) = String::from_utf8(bytes) else { continue };
        assert_eq!(read(&text).is_ok(), serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
    }
}
