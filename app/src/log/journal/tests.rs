use super::*;

fn text(history: &History) -> String {
    String::from_utf8(history.all().lines).unwrap()
}

#[test]
fn names_fit_into_addresses_and_are_different() {
    let journals = Journals::new(10_240);
    let rows = [
        ("./ask.py", "script-ask.py"),
        ("/usr/local/lib/ask.py", "script-ask.py-2"),
        ("other/ask.py", "script-ask.py-3"),
        ("what is this?/ä b.sh", "script-__b.sh"),
        ("level", "script-level"),
    ];
    let plugin = journals.begin_plugin();
    assert_eq!((plugin.name.as_str(), plugin.program()), ("plugin", "plugin"));
    let open: Vec<_> = rows.map(|(script, _)| journals.begin_script(&script.into())).into();
    for ((script, name), journal) in rows.into_iter().zip(&open) {
        assert_eq!((journal.name.as_str(), journal.program()), (name, script));
    }
    let listed: Vec<_> = journals.list().into_iter().map(|(name, _)| name).collect();
    assert_eq!(listed.len(), 6);
    drop(open);
    assert_eq!(journals.list(), [("plugin".to_owned(), "plugin".into())]);
}

#[test]
fn lines_have_a_time_and_are_of_one_program() {
    let journals = Journals::new(10_240);
    let (one, two) = (journals.begin_script(&"one".into()), journals.begin_script(&"two".into()));
    one.said(format_args!("hello"));
    one.remark(format_args!("started"));
    two.said(format_args!("other"));
    let text_of = |name: &str| text(&journals.find(name).unwrap());
    let lines = text_of("script-one");
    let mut lines = lines.lines();
    let (time, rest) = lines.next().unwrap().split_once(' ').unwrap();
    assert!(time.len() == "2026-01-01T00:00:00.000000Z".len() && time.ends_with('Z'), "{time}");
    assert_eq!(rest, "hello");
    assert_eq!(lines.next().unwrap().split_once(' ').unwrap().1, "[chappe] started");
    assert_eq!(lines.next(), None);
    assert!(text_of("script-two").ends_with(" other\n"));
}

#[test]
fn it_is_gone_with_its_program() {
    let journals = Journals::new(10_240);
    let journal = journals.begin_script(&"one".into());
    journal.said(format_args!("hello"));
    let history = journals.find("script-one").unwrap();
    let mut reader = history.reader(Some(0));
    drop(journal);
    assert!(journals.find("script-one").is_none());
    assert_eq!((text(&history), reader.next()), (String::new(), None));
}
