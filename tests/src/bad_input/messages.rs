//! Messages and events that are malformed, or well formed and still impossible.

use chappe_testkit::{EventBuilder, Keys};

use super::{Case, case, check, event, event_message, fields, refused};

const NOTICE: &str = r#"["NOTICE","invalid: "#;

#[tokio::test]
async fn no_messages_at_all() {
    let long = "x".repeat(65);
    let messages = [
        "",
        " ",
        "\u{0}",
        "\u{feff}[\"CLOSE\",\"s\"]",
        "hello",
        "null",
        "true",
        "0",
        "-",
        "\"EVENT\"",
        "{}",
        "{\"a\":1}",
        "[",
        "[]",
        "[,]",
        "[1]",
        "[null]",
        "[[\"EVENT\"]]",
        "[\"",
        "[\"\\",
        "[\"\\u",
        "[\"EVENT",
        "[\"event\",{}]",
        "[\"NOTICE\",\"x\"]",
        "[\"OK\",\"x\",true,\"\"]",
        "[\"EVENTS\",{}]",
        "[\"\"]",
        "['REQ','s',{}]",
        "[\"EVENT\"]",
        "[\"EVENT\",]",
        "[\"EVENT\",null]",
        "[\"EVENT\",[]]",
        "[\"EVENT\",\"x\"]",
        "[\"EVENT\",{}]",
        "[\"EVENT\",{},{}]",
        "[\"AUTH\"]",
        "[\"AUTH\",\"challenge\"]",
        "[\"AUTH\",{}]",
        "[\"REQ\"]",
        "[\"REQ\",1,{}]",
        "[\"REQ\",null,{}]",
        "[\"REQ\",\"\",{}]",
        "[\"REQ\",{}]",
        "[\"COUNT\",[],{}]",
        "[\"CLOSE\"]",
        "[\"CLOSE\",1]",
        "[\"CLOSE\",\"\"]",
    ];
    let mut cases: Vec<_> = messages.iter().map(|message| case(*message, NOTICE)).collect();
    cases.push(case(format!(r#"["REQ","{long}",{{}}]"#), NOTICE));
    cases.push(case(format!(r#"["{}"]"#, "TYPE".repeat(100_000)), NOTICE));
    cases.push(case("[".repeat(500_000), NOTICE));
    cases.push(case("{\"a\":".repeat(100_000), NOTICE));
    check(cases).await;
}

/// Each field of an event, and values of the wrong type for it.
fn wrong_values() -> Vec<(&'static str, Vec<String>)> {
    let not_hex = |length: usize| {
        let hex = |length: usize| format!("\"{}\"", "a".repeat(length));
        let upper = format!("\"{}\"", "A".repeat(length));
        let spaced = format!("\"{} \"", "a".repeat(length - 1));
        vec![
            hex(length - 1),
            hex(length + 1),
            upper,
            spaced,
            "\"\"".into(),
            "1".into(),
            "null".into(),
            "[]".into(),
        ]
    };
    let texts = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>();
    vec![
        ("id", not_hex(64)),
        ("pubkey", not_hex(64)),
        ("sig", not_hex(128)),
        ("created_at", texts(&["-1", "-0", "1.0", "1e3", "1E3", "\"1\"", "null", "true", "[1]", "{}"])),
        ("created_at", vec!["18446744073709551616".into(), "9".repeat(300_000)]),
        (
            "kind",
            texts(&[
                "-1",
                "65536",
                "1.0",
                "1e0",
                "\"1\"",
                "null",
                "[]",
                "4294967297",
                "99999999999999999999",
            ]),
        ),
        (
            "tags",
            texts(&["null", "{}", "\"t\"", "1", "[1]", "[null]", "[\"t\"]", "[[]]", "[[\"t\"],[]]", "[{}]"]),
        ),
        ("tags", texts(&["[[1]]", "[[\"t\",null]]", "[[\"t\",[\"x\"]]]", "[[\"t\",{}]]", "[[\"t\",true]]"])),
        ("content", texts(&["null", "1", "true", "[]", "[\"x\"]", "{}"])),
    ]
}

#[tokio::test]
async fn events_with_fields_of_wrong_types() {
    let event = event();
    let mut cases = Vec::new();
    for (name, values) in wrong_values() {
        for value in values {
            let mut fields = fields(&event);
            fields.iter_mut().filter(|field| field.0 == name).for_each(|field| field.1.clone_from(&value));
            // Without an id there is no event to answer about.
            let reason = format!("invalid: {name} must be ");
            let answer =
                if name == "id" { format!(r#"["NOTICE","{reason}"#) } else { refused(&event, &reason) };
            let name = format!("{name}: {}", value.chars().take(80).collect::<String>());
            cases.push(Case { name, ..case(event_message(&fields), answer) });
        }
    }
    check(cases).await;
}

#[tokio::test]
async fn events_with_fields_missing_or_twice() {
    let event = event();
    let mut cases = Vec::new();
    for place in 0..7 {
        let mut fields = fields(&event);
        let (name, value) = fields.remove(place);
        let reason = format!("invalid: {name} is missing");
        let answer = if name == "id" { format!(r#"["NOTICE","{reason}"#) } else { refused(&event, &reason) };
        cases.push(case(event_message(&fields), answer));
        fields.extend([(name, value.clone()), (name, value)]);
        cases.push(case(event_message(&fields), refused(&event, &format!("invalid: {name} is given twice"))));
    }
    check(cases).await;
}

#[tokio::test]
async fn events_with_broken_strings() {
    let broken = [
        r"\ud800",
        r"\udc00",
        r"\ud800\u0041",
        r"\ud800x",
        r"\udbff\ud800",
        r"\udc00\ud800",
        r"\u12",
        r"\u123g",
        r"\x",
        r"\'",
        "a\nb",
        "a\tb",
        "a\u{0}b",
        "\u{1f}",
        "a\\",
    ];
    let event = event();
    let mut cases = Vec::new();
    for text in broken {
        for (name, value) in [("content", format!("\"{text}\"")), ("tags", format!("[[\"t\",\"{text}\"]]"))] {
            let mut fields = fields(&event);
            fields.iter_mut().filter(|field| field.0 == name).for_each(|field| field.1.clone_from(&value));
            cases.push(case(event_message(&fields), refused(&event, "invalid: ")));
        }
    }
    check(cases).await;
}

#[tokio::test]
async fn events_nested_deeply() {
    let event = event();
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(50_000), close.repeat(50_000));
    let mut cases = Vec::new();
    for value in [deep("[", "]"), deep("{\"a\":", "}"), deep("[{\"a\":", "}]"), deep("[", "")] {
        for name in ["extra", "tags", "content"] {
            let mut all = fields(&event);
            all.retain(|field| field.0 != name);
            // The id is found whether it stands before the trouble or after it.
            let mut first = vec![(name, value.clone())];
            first.extend(all.clone());
            all.push((name, value.clone()));
            cases.push(case(event_message(&first), refused(&event, "invalid: ")));
            cases.push(case(event_message(&all), refused(&event, "invalid: ")));
        }
    }
    check(cases).await;
}

#[tokio::test]
async fn events_too_large_or_impossible() {
    let keys = Keys::from_seed(2);
    let build = || EventBuilder::new(1);
    let refuse =
        |event: chappe_testkit::TestEvent, reason: &str| case(event.message(), refused(&event, reason));
    let accept = |event: chappe_testkit::TestEvent| {
        case(event.message(), format!(r#"["OK","{}",true,"""#, event.id()))
    };
    let tags =
        |count: usize| (0..count).fold(build(), |event, number| event.tag(&["t", &number.to_string()]));
    let strings = |count: usize| build().tag(&vec!["x"; count]);
    let other = Keys::from_seed(3);
    let mut cases = vec![
        refuse(tags(10_000).sign(&keys), "invalid: more than 5000 tags"),
        accept(tags(5_000).sign(&keys)),
        accept(strings(10_000).sign(&keys)),
        refuse(
            build().tag(&["t", &"x".repeat(65_537)]).sign(&keys),
            "invalid: a string in a tag is longer than",
        ),
        accept(build().tag(&["t", &"x".repeat(65_536)]).sign(&keys)),
        refuse(build().created_at(u64::MAX).sign(&keys), "invalid: created_at is more than"),
        refuse(build().created_at(1 << 53).sign(&keys), "invalid: created_at is more than"),
        accept(build().created_at(0).sign(&keys)),
        accept(EventBuilder::new(65_535).sign(&keys)),
        accept(build().content("a\u{0}b\u{1}c\u{7f}\u{ffff}\u{10ffff}").sign(&keys)),
        accept(build().content("\u{0}").id_over_verbatim_controls().sign(&keys)),
        accept(build().tag(&["t", "\u{0}"]).tag(&["", ""]).sign(&keys)),
        refuse(event().with_wrong_id(&Keys::from_seed(1)), "invalid: the id"),
        refuse(event().with_wrong_sig(), "invalid: the signature"),
        refuse(event().with_sig_by(&other), "invalid: the signature"),
        refuse(event().with_author(other.public()), "invalid: the signature"),
        refuse(event().with_content("bad"), "invalid: the id"),
    ];
    // More strings in one tag than the relay counts. The testkit does not make such an event.
    let mut all = fields(&event());
    all[4].1 = format!("[[{}\"\"]]", "\"\",".repeat(70_000));
    cases.push(case(event_message(&all), refused(&event(), "invalid: a tag has more than")));
    // Known or not, an unknown member is passed over and not kept.
    let mut all = fields(&event());
    all.insert(0, ("extra", r#"{"id":"x","a":[1,-2.5e-3,{"b":null}]}"#.into()));
    cases.push(case(event_message(&all), format!(r#"["OK","{}",true,"""#, event().id())));
    cases.push(case(event_message(&all) + " x", refused(&event(), "invalid: something follows")));
    let two = event().message().strip_suffix(']').unwrap().to_owned() + ",1]";
    cases.push(case(two, refused(&event(), "invalid: the message has more")));
    check(cases).await;
}

#[tokio::test]
async fn every_message_cut_short_anywhere() {
    let event = EventBuilder::new(1).tag(&["t", "\u{20ac}"]).content("\"\\\n").sign(&Keys::from_seed(5));
    let whole = event.message();
    let id_ends = whole.find(&event.id().to_string()).unwrap() + 65;
    let cut = |message: &str, place: usize, answer: &str| {
        message.is_char_boundary(place).then(|| case(&message[..place], answer))
    };
    let answer = |place: usize| if place < id_ends { NOTICE.into() } else { refused(&event, "invalid: ") };
    let mut cases: Vec<Case> =
        (0..whole.len()).filter_map(|place| cut(&whole, place, &answer(place))).collect();
    for kind in ["REQ", "COUNT", "CLOSE"] {
        let filter = if kind == "CLOSE" { "" } else { r##",{"kinds":[1],"#t":["a\n"],"since":12}"## };
        let whole = format!(r#"["{kind}","cut"{filter}]"#);
        let name_ends = whole.find("cut").unwrap() + 4;
        let answer = |place: usize| if place < name_ends { NOTICE } else { r#"["CLOSED","cut","invalid: "# };
        cases.extend((0..whole.len()).filter_map(|place| cut(&whole, place, answer(place))));
    }
    check(cases).await;
}
