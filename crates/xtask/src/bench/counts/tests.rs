use std::collections::BTreeMap;

use super::{Counts, Surroundings, read, version_in};

#[test]
fn a_version_is_read_from_the_lock_file() {
    let lock = "[[package]]\nname = \"gungraun-macros\"\nversion = \"0.9.0\"\n\n\
        [[package]]\nname = \"gungraun\"\nversion = \"0.20.0\"\n";
    assert_eq!(version_in(lock, "gungraun").as_deref(), Some("0.20.0"));
    assert_eq!(version_in(lock, "heed"), None);
}

fn summary(id: &str, values: &str) -> String {
    let metrics = format!(r#"{{"Dr":{{"values":{{"new":7}}}},"Ir":{{"values":{values}}}}}"#);
    format!(
        r#"{{"module_path":"event::event::decode",{id}"profiles":[{{"data":{{"parts":[],"total":{{"metrics":{metrics}}}}}}}]}}"#
    )
}

#[test]
fn the_count_of_this_run_is_read_and_not_the_one_before() {
    let lines = [
        summary(r#""id":"note","#, r#"{"new":7769}"#),
        "Warning: something else on stdout".to_owned(),
        summary("", r#"{"new":9,"old":8,"change":{}}"#),
    ];
    let expected = [("event::event::decode.note", 7_769), ("event::event::decode", 9)];
    let expected: Counts = expected.map(|(name, count)| (name.to_owned(), count)).into();
    assert_eq!(read(&lines.join("\n")).unwrap(), expected);
}

#[test]
fn a_summary_without_a_count_is_a_failure_that_shows_it() {
    for line in [summary("", r#"{"old":8}"#), r#"{"id":"a"}"#.to_owned(), "{".to_owned()] {
        let failure = read(&line).unwrap_err().to_string();
        assert!(failure.contains(&line[..line.len().min(20)]), "{failure}");
    }
}

#[test]
fn what_differs_is_named_with_both_values() {
    let make = |rustc: &str, libc: Option<&str>| {
        let mut fields = BTreeMap::from([("rustc".to_owned(), rustc.to_owned())]);
        fields.extend(libc.map(|libc| ("libc".to_owned(), libc.to_owned())));
        Surroundings(fields)
    };
    let now = make("1.96.0", Some("2.41"));
    assert_eq!(now.differences(&now), Vec::<String>::new());
    assert_eq!(
        make("1.95.0", None).differences(&now),
        ["libc: unknown then, 2.41 now", "rustc: 1.95.0 then, 1.96.0 now"]
    );
}
