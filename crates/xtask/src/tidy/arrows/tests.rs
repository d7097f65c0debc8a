use std::path::Path;

use serde_json::json;

use super::{ARROWS, Dependency, Purpose, Room, faults, lies_below, rooms};

fn a_room(folder: &str, package: &str, normal: &[&str], development: &[&str]) -> Room {
    let of = |purpose| move |package: &&str| Dependency { package: (*package).to_owned(), purpose };
    let normal = normal.iter().map(of(Purpose::Normal));
    let dependencies = normal.chain(development.iter().map(of(Purpose::Development))).collect();
    Room { package: package.to_owned(), folder: folder.to_owned(), dependencies }
}

#[test]
fn the_table_has_no_circles_and_names_only_rooms() {
    for (place, (_, to)) in ARROWS.iter().enumerate() {
        let earlier: Vec<_> = ARROWS[..place].iter().map(|(name, _)| *name).collect();
        assert!(to.iter().all(|to| earlier.contains(to)), "rows stand below what they lean on: {to:?}");
    }
    assert!(lies_below("authorization", "codec"), "over validation");
    assert!(!lies_below("codec", "validation"));
}

#[test]
fn a_good_house_has_no_faults() {
    let rooms = [
        a_room("crates/protocol", "chappe-protocol", &["faster-hex"], &["serde_json"]),
        a_room("crates/codec", "chappe-codec", &["chappe-protocol"], &["chappe-testkit"]),
        a_room("crates/authorization", "chappe-authorization", &["chappe-validation"], &["chappe-codec"]),
        a_room("crates/store", "chappe-store", &["chappe-protocol", "heed", "sha2"], &["tempfile"]),
        a_room("app", "chappe", &["chappe-session", "tokio", "serde"], &["chappe-testkit"]),
        a_room("tests", "chappe-tests", &["chappe", "chappe-testkit", "tokio"], &[]),
    ];
    assert_eq!(faults(&rooms), []);
}

#[test]
fn each_bad_room_is_found() {
    let cases = [
        (
            a_room("crates/codec", "chappe-codec", &["chappe-store"], &[]),
            "no arrow codec -> store in the table",
        ),
        (a_room("crates/protocol", "chappe-protocol", &["serde"], &[]), "serde is not for protocol"),
        (a_room("crates/session", "chappe-session", &["tokio-util"], &[]), "tokio-util is not for session"),
        (a_room("crates/processing", "chappe-processing", &["heed"], &[]), "its home is app, store"),
        (a_room("crates/store", "chappe-store", &["chappe-testkit"], &[]), "testkit is for tests"),
        (a_room("app", "chappe", &["chappe-testkit"], &[]), "testkit is for tests"),
        (a_room("crates/store", "chappe-store", &[], &["chappe-session"]), "may not reach up"),
        (a_room("crates/xtask", "chappe-xtask", &["chappe-protocol"], &[]), "no arrow xtask -> protocol"),
        (a_room("crates/codec", "chappe-json", &[], &[]), "is to be called chappe-codec"),
        (a_room("crates/util", "chappe-util", &[], &[]), "it takes a decision record"),
    ];
    for (room, text) in cases {
        let found = faults(std::slice::from_ref(&room));
        assert!(found.len() == 1 && found[0].text.contains(text), "{room:?} gave {found:?}, not {text:?}");
        assert_eq!(found[0].path, format!("{}/Cargo.toml", room.folder));
    }
}

#[test]
fn rooms_are_read_from_cargo_metadata() {
    let metadata = json!({"packages": [{
        "name": "chappe-codec",
        "manifest_path": "/house/crates/codec/Cargo.toml",
        "dependencies": [{"name": "chappe-protocol", "kind": null}, {"name": "chappe-testkit", "kind": "dev"}],
    }]});
    let expected = a_room("crates/codec", "chappe-codec", &["chappe-protocol"], &["chappe-testkit"]);
    assert_eq!(rooms(&metadata, Path::new("/house")).unwrap(), [expected]);
    assert!(rooms(&json!({"packages": [{}]}), Path::new("/house")).is_err());
}
