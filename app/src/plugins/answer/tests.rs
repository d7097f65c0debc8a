use super::*;

const ID: &str = "5c83da77af1dec6d7289834998ad7aafbd9e2191396d75ec3cc27f5a77226f36";

#[test]
fn answers_are_read_and_everything_else_is_not() {
    let reject = |text: &str| Some(Ok(Verdict::Reject(text.to_owned())));
    let table = [
        (r#"{"id":"ID","action":"accept","msg":""}"#, Some(Ok(Verdict::Accept))),
        (r#"{"id":"ID","action":"accept"}"#, Some(Ok(Verdict::Accept))),
        (r#"{"action":"reject","msg":"blocked: no","id":"ID"}"#, reject("blocked: no")),
        (r#"{"id":"ID","action":"reject","msg":null}"#, reject("")),
        (r#"{"id":"ID","action":"reject"}"#, reject("")),
        (r#" {"id":"ID", "action":"shadowReject", "score": 9} "#, Some(Ok(Verdict::ShadowReject))),
        (r#"{"id":"ID","action":"Accept"}"#, Some(Err(UnknownAction))),
        (r#"{"id":"ID","action":""}"#, Some(Err(UnknownAction))),
        (r#"{"id":"ID"}"#, None),
        (r#"{"action":"accept"}"#, None),
        (r#"{"id":"5c83","action":"accept"}"#, None),
        (r#"{"id":7,"action":"accept"}"#, None),
        (r#"{"id":"ID","action":true}"#, None),
        (r#"{"id":"ID","action":"accept"} {}"#, None),
        (r#"["ID","accept"]"#, None),
        ("accept", None),
        ("null", None),
        ("", None),
        ("{", None),
    ];
    for (line, expected) in table {
        let answer = Answer::read(line.replace("ID", ID).as_bytes());
        assert_eq!(answer.as_ref().ok().map(|answer| &answer.verdict), expected.as_ref(), "{line}");
        if let Ok(answer) = answer {
            assert_eq!(answer.id.to_string(), ID);
        }
    }
}

#[test]
fn no_bytes_make_it_panic() {
    assert_eq!(Answer::read(b"\xff\xfe\0"), Err(NoAnswer));
    assert_eq!(Answer::read("[".repeat(60_000).as_bytes()), Err(NoAnswer));
    assert_eq!(Answer::read(format!(r#"{{"id":"{ID}","action":"\ud800"}}"#).as_bytes()), Err(NoAnswer));
}
