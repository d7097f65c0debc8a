use super::*;

#[test]
fn addresses_are_understood() {
    let rows = [
        ("/logs", Some(Asked::History(None))),
        ("/logs/components", Some(Asked::Components)),
        ("/logs/level", Some(Asked::Level)),
        ("/logs/store", Some(Asked::History(Some("store")))),
        ("/logs/stream", Some(Asked::Stream(None))),
        ("/logs/stream/store", Some(Asked::Stream(Some("store")))),
        ("/logs/store/x", None),
        ("/logs/stream/store/x", None),
        ("/logs/level/x", None),
    ];
    for (path, asked) in rows {
        assert_eq!(Asked::of(path), asked, "{path}");
    }
    // What nothing is called.
    assert_eq!(Asked::of("/logs/"), Some(Asked::History(Some(""))));
}

#[test]
fn parts_are_found_by_name() {
    let journals = Journals::new(10_240);
    let logs = Logs::new(Log::unattached(&crate::config::Log::default()), journals.clone());
    let _script = journals.begin_script(&"./ask.py".into());
    let components: Vec<serde_json::Value> = serde_json::from_str(&logs.components()).unwrap();
    let names: Vec<_> = components.iter().map(|component| component["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["connections", "store", "management", "plugins", "process", "script-ask.py"]);
    assert_eq!(components.last().unwrap()["about"], "./ask.py");
    for name in names.into_iter().map(Some).chain([None]) {
        assert!(logs.history(name).is_some(), "{name:?}");
    }
    assert!(logs.history(Some("coffee")).is_none());
}
