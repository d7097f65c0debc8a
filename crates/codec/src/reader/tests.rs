use super::*;

/// Reads a text that is one string.
fn string(text: &str) -> Result<String, JsonFault> {
    let (mut reader, mut buffer) = (Reader::new(text), String::new());
    let whole = reader.string(&mut buffer).map(str::to_owned);

    // The other way of reading a string must agree.
    let (mut again, mut joined) = (Reader::new(text), String::new());
    let pieces = again.string_pieces(|piece| joined.push_str(piece));
    assert_eq!(pieces.map(|()| joined), whole, "{text}");
    assert!(whole.is_err() || reader.at_end() && again.at_end(), "{text}");
    whole
}

#[test]
fn every_legal_escape_is_read() {
    for (text, expected) in [
        (r#""""#, ""),
        (r#""plain""#, "plain"),
        (r#"  "after white space""#, "after white space"),
        (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r#""a\nb\nc""#, "a\nb\nc"),
        (r#""\u0041\u00e9\u00E9\u20ac\u2028""#, "Aéé€\u{2028}"),
        (r#""\u0000\u001f\u007f""#, "\0\u{1f}\u{7f}"),
        (r#""\ud83d\ude00 \uD83D\uDE00""#, "😀 😀"),
        (r#""\ud800\udc00\udbff\udfff""#, "\u{10000}\u{10ffff}"),
        (r#""\ud7ff\ue000\uffff""#, "\u{d7ff}\u{e000}\u{ffff}"),
        ("\"raw é 😀 \u{2028} \u{7f}\"", "raw é 😀 \u{2028} \u{7f}"),
        (r#""\\u0041""#, r"\u0041"),
    ] {
        assert_eq!(string(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn broken_strings_are_refused() {
    use JsonFault::{Ended, Escape, LoneSurrogate, RawControl, Unexpected};
    for (text, fault) in [
        ("", Ended),
        ("\"", Ended),
        ("\"no end", Ended),
        (r#""\"#, Ended),
        (r#""\""#, Ended),
        (r#""\u00"#, Ended),
        ("'single'", Unexpected),
        ("null", Unexpected),
        (r#""\x41""#, Escape),
        (r#""\ ""#, Escape),
        (r#""\U0041""#, Escape),
        (r#""\u00g0""#, Escape),
        (r#""\u+041""#, Escape),
        (r#""\u004"#, Ended),
        (r#""\u004" ,"#, Escape),
        (r#""\ud83d""#, LoneSurrogate),
        (r#""\ude00""#, LoneSurrogate),
        (r#""\ude00\ud83d""#, LoneSurrogate),
        (r#""\ud83d\ud83d""#, LoneSurrogate),
        (r#""\ud83d\u0041""#, LoneSurrogate),
        (r#""\ud83d\n""#, LoneSurrogate),
        (r#""\ud83dude00""#, LoneSurrogate),
        (r#""\ud83d\udeg0""#, Escape),
        ("\"\0\"", RawControl),
        ("\"line\nbreak\"", RawControl),
        ("\"\\n\t\"", RawControl),
        ("\"\u{1f}\"", RawControl),
    ] {
        assert_eq!(string(text), Err(fault), "{text}");
    }
}

#[test]
fn only_plain_digits_are_a_natural_number() {
    let natural = |text| Reader::new(text).natural();
    for (text, number) in [("0", 0), (" 7,", 7), ("65536]", 65_536), ("18446744073709551615", u64::MAX)] {
        assert_eq!(natural(text), Ok(number), "{text}");
    }
    for text in [
        "-1",
        "-0",
        "+1",
        "01",
        "00",
        "1.0",
        "1e3",
        "1E3",
        "1.",
        ".5",
        "0x10",
        "\"1\"",
        "null",
        "NaN",
        "٣",
        "18446744073709551616",
        "99999999999999999999999999999999999999999999",
    ] {
        // `0x10` starts with a number; what follows it is for the next call to find.
        let expected = if text == "0x10" { Ok(0) } else { Err(JsonFault::Unexpected) };
        assert_eq!(natural(text), expected, "{text}");
    }
    assert_eq!(natural(""), Err(JsonFault::Ended));
}

/// Steps over one value, after which nothing may be left.
fn skip(text: &str) -> Result<(), JsonFault> {
    let mut reader = Reader::new(text);
    reader.skip_value()?;
    if reader.at_end() { Ok(()) } else { Err(JsonFault::Unexpected) }
}

#[test]
fn any_legal_value_is_stepped_over() {
    for text in [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "12",
        "-12.50",
        "1e9",
        "1E+9",
        "1.5e-9",
        "0.0",
        r#""""#,
        r#""\u0041""#,
        "[]",
        "{}",
        " [ ] ",
        " { } ",
        "[1,2]",
        "[[],[[]],{}]",
        r#"{"a":1}"#,
        r#" { "a" : [ { "b" : null } , 2 ] , "c" : {} } "#,
        r#"{"a":{"a":{"a":[[[{"a":[]}]]]}},"b":"]}"}"#,
        "123456789012345678901234567890e1234567890",
    ] {
        assert_eq!(skip(text), Ok(()), "{text}");
    }
}

#[test]
fn no_illegal_value_is_stepped_over() {
    for text in [
        "nul1",
        "True",
        "tru",
        "-",
        "01",
        "-01",
        "1.",
        "1.e3",
        "1e",
        "1e+",
        ".5",
        "+1",
        "[",
        "]",
        "{",
        "}",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1}",
        "{]",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{a:1}"#,
        "{1:1}",
        r#"{"a":1]"#,
        r#"{"a" 1}"#,
        r#"["a":1]"#,
        r#"{"a":1 "b":2}"#,
        r#"{"a":1,"b"}"#,
        "[1]]",
        "\"\\ud800\"",
        "[\"\n\"]",
        "",
        "NaN",
        "[nullnull]",
    ] {
        assert!(skip(text).is_err(), "{text}");
    }
}

#[test]
fn a_word_that_ends_early_and_a_wrong_one_differ() {
    assert_eq!(skip("tru"), Err(JsonFault::Ended));
    assert_eq!(skip("trux"), Err(JsonFault::Unexpected));
}

#[test]
fn nesting_is_bounded_for_arrays_and_objects_alike() {
    let nested = |depth: usize, open: &str, inner: &str, close: &str| {
        skip(&[open.repeat(depth), inner.into(), close.repeat(depth)].concat())
    };
    let max = NESTING_MAX as usize;
    assert_eq!(nested(max, "[", "0", "]"), Ok(()));
    assert_eq!(nested(max + 1, "[", "0", "]"), Err(JsonFault::TooDeep));
    assert_eq!(nested(max, r#"{"a":"#, "0", "}"), Ok(()));
    assert_eq!(nested(max + 1, r#"{"a":"#, "0", "}"), Err(JsonFault::TooDeep));
    assert_eq!(nested(max / 2, r#"{"a":["#, "0", "]}"), Ok(()));
    assert_eq!(nested(100_000, "[", "0", "]"), Err(JsonFault::TooDeep));
}

#[test]
fn brackets_are_walked_element_by_element() {
    let mut reader = Reader::new(" [ 1 , 2 ] ");
    assert_eq!(reader.open(Bracket::Array), Ok(true));
    assert_eq!(reader.natural(), Ok(1));
    assert_eq!(reader.more(Bracket::Array), Ok(true));
    assert_eq!(reader.natural(), Ok(2));
    assert_eq!(reader.more(Bracket::Array), Ok(false));
    assert!(reader.at_end());

    assert_eq!(Reader::new("{ }").open(Bracket::Object), Ok(false));
    assert_eq!(Reader::new("[").open(Bracket::Object), Err(JsonFault::Unexpected));
    assert_eq!(Reader::new("}").more(Bracket::Array), Err(JsonFault::Unexpected));
    assert_eq!(Reader::new("").more(Bracket::Array), Err(JsonFault::Ended));
}
