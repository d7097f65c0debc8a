//! REQ, COUNT and CLOSE with wrong filters: CLOSED names the subscription.

use super::{Case, case, check};

/// How each answer starts: `invalid:` and the key, or `unsupported:`.
fn closed(reason: &str) -> String {
    format!(r#"["CLOSED","s","{reason}"#)
}

/// The filters, asked by REQ and by COUNT.
fn asked(filters: &str, reason: &str) -> [Case; 2] {
    ["REQ", "COUNT"].map(|kind| case(format!(r#"["{kind}","s"{filters}]"#), closed(reason)))
}

#[tokio::test]
async fn no_filters_at_all() {
    let filters = ["", ",[]", ",null", ",1", ",\"x\"", ",{},[]", ",{},1", ",[{}]"];
    let mut cases: Vec<_> = filters.iter().flat_map(|filters| asked(filters, "invalid: ")).collect();
    cases.extend([",{", ",{}", ",{\"kinds\"", ",{\"kinds\":", ",{1:2}", ",{,}", ",{\"kinds\":[1],}"].map(
        |filters| {
            let missing = if filters == ",{}" { "x" } else { "" };
            case(format!(r#"["REQ","s"{filters}{missing}"#), closed("invalid: "))
        },
    ));
    let many = |count: usize| ",{}".repeat(count);
    cases.extend(asked(&many(101), "invalid: at most 100 filters"));
    cases.extend(asked(&many(300), "invalid: more than 256 filters"));
    cases.extend(asked(&many(100_000), "invalid: more than 256 filters"));
    cases.push(case(r#"["CLOSE","s",1]"#, closed("invalid: ")));
    cases.push(case(r#"["CLOSE","s"] "x""#, closed("invalid: ")));
    check(cases).await;
}

#[tokio::test]
async fn wrong_values() {
    let upper = format!("[\"{}\"]", "A".repeat(64));
    let not_hex = ["\"x\"", "null", "{}", "1", "[1]", "[null]", "[[]]", "[\"\"]", "[\"abc\"]", &upper];
    let not_kinds =
        ["1", "\"1\"", "null", "{}", "[-1]", "[65536]", "[1.0]", "[1e3]", "[\"1\"]", "[null]", "[[1]]"];
    let not_seconds = ["-1", "1.5", "1e3", "\"1\"", "null", "[1]", "{}", "true", "18446744073709551616"];
    let not_texts = ["\"x\"", "null", "{}", "1", "[1]", "[null]", "[[\"x\"]]", "[true]"];
    let huge = "9".repeat(100_000);
    let huge_exponent = ["1e400", "-1e400", &huge];
    let table: [(&str, &[&str]); 13] = [
        ("ids", &not_hex),
        ("authors", &not_hex),
        ("#e", &not_hex),
        ("#p", &not_hex),
        ("&e", &not_hex),
        ("#t", &not_texts),
        ("&t", &not_texts),
        ("kinds", &not_kinds),
        ("since", &not_seconds),
        ("until", &not_seconds),
        ("limit", &not_seconds),
        ("limit", &huge_exponent),
        ("since", &huge_exponent),
    ];
    let mut cases = Vec::new();
    for (key, values) in table {
        for value in values {
            cases.extend(asked(
                &format!(r#",{{"{key}":{value}}}"#),
                &format!("invalid: filter key {key} must be "),
            ));
        }
        let twice =
            format!(r#",{{"{key}":[],"{key}":[]}}"#).replace("[]", if key == "limit" { "1" } else { "[]" });
        if !matches!(key, "since" | "until") {
            cases.extend(asked(&twice, &format!("invalid: filter key {key} is given twice")));
        }
    }
    let lone = r##",{"#t":["\ud800"]}"##;
    cases.extend(asked(lone, "invalid: "));
    let deep = format!(r#",{{"ids":{}"#, "[".repeat(100_000));
    cases.extend(asked(&deep, "invalid: "));
    check(cases).await;
}

#[tokio::test]
async fn unknown_keys() {
    let keys =
        ["search", "foo", "", "id", "Kinds", "#", "#ee", "#1", "#-", "#\u{e9}", "&", "&tt", "##t", "t"];
    let mut cases = Vec::new();
    for key in keys {
        for value in ["1", "\"x\"", "[\"x\"]", "{\"a\":[{}]}", "null"] {
            cases.extend(asked(&format!(r#",{{"{key}":{value}}}"#), "unsupported: unknown filter key"));
        }
    }
    cases.extend(asked(&format!(r#",{{"{}":1}}"#, "k".repeat(100_000)), "unsupported: unknown filter key"));
    check(cases).await;
}

#[tokio::test]
async fn large_and_odd_but_right() {
    let kinds: Vec<_> = (0..60_000).map(|kind| kind.to_string()).collect();
    let ids: Vec<_> = (0..6_000).map(|id| format!("\"{id:064x}\"")).collect();
    let filters = [
        format!(r#",{{"kinds":[{}]}}"#, kinds.join(",")),
        format!(r#",{{"ids":[{}]}}"#, ids.join(",")),
        format!(r#",{{"authors":[{}]}}"#, ids.join(",")),
        format!(r##",{{"#p":[{}],"kinds":[1,2,3]}}"##, ids.join(",")),
        format!(r##",{{"#t":["{}"]}}"##, "x".repeat(500_000)),
        r#",{"since":18446744073709551615,"until":0}"#.into(),
        r#",{"until":18446744073709551615,"limit":18446744073709551615}"#.into(),
        r##",{"#t":["\u0000",""],"&t":[]}"##.into(),
        ",{}".repeat(100),
        r#", {	"kinds" : [ 1 , 1 ] , "limit" : 0 } "#.into(),
    ];
    // Nothing is stored: who asks rightly is told so.
    let answers = |filters: &String| {
        [
            case(format!(r#"["REQ","s"{filters}]"#), r#"["EOSE","s""#),
            case(format!(r#"["COUNT","s"{filters}]"#), r#"["COUNT","s",{"count":0"#),
        ]
    };
    check(filters.iter().flat_map(answers).collect()).await;
}
