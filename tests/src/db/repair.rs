use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use chappe_testkit::{Corpus, EventBuilder, Keys, Rng, TestEvent};
use tempfile::TempDir;

use super::verify::{places, store_of};
use super::{notes, settle};
use crate::harness::{Process, chappe, counted, import, lines, on, said_on, seed};

/// Changes the store's file.
fn damage(dir: &Path, damage: impl FnOnce(&mut Vec<u8>)) {
    let place = dir.join("data.mdb");
    let mut file = fs::read(&place).unwrap();
    damage(&mut file);
    fs::write(place, file).unwrap();
}

/// Writes over each place where the file has these bytes.
fn change(dir: &Path, from: &str, to: &str) {
    damage(dir, |file| {
        let found = places(file, from.as_bytes());
        assert!(!found.is_empty(), "{from}");
        found.into_iter().for_each(|at| file[at..at + to.len()].copy_from_slice(to.as_bytes()));
    });
}

/// It is found damaged, repaired, and found sound. Gives what the repair said.
fn repaired(dir: &Path, arguments: &[&str]) -> String {
    assert_eq!(said_on(dir, &["db", "verify"]).code, Some(1));
    let said = on(dir, &[&["db", "repair"], arguments].concat());
    assert!(on(dir, &["db", "verify"]).contains("0  faults"));
    said
}

/// The export, but for these events.
fn without(exported: &str, gone: &[&TestEvent]) -> String {
    let gone: HashSet<_> = gone.iter().map(|event| event.json()).collect();
    exported.lines().filter(|line| !gone.contains(*line)).map(|line| line.to_owned() + "\n").collect()
}

#[test]
fn events_that_are_not_right_are_set_aside_and_the_others_stay() {
    let events = notes(60);
    let dir = store_of(&events);
    let exported = on(dir.path(), &["export"]);
    change(dir.path(), "note number 17\"", "nota number 17\"");
    let json = events[20].json();
    change(dir.path(), &json[json.find("\"sig\":\"").unwrap() + 7..][..16], &"0".repeat(16));
    change(dir.path(), &("{\"id\":\"".to_owned() + &events[30].id().to_string()), "[");
    let said = repaired(dir.path(), &[]);
    assert_eq!((counted(&said, "events kept"), said.contains("new head")), (57, false), "{said}");
    let aside = dir.path().join("set-aside-1.jsonl");
    assert!(said.contains(&format!("3  set aside, in {}", aside.display())), "{said}");
    for told in ["record 18: the id", "record 21: the signature", "record 31: it holds no event"] {
        assert!(said.contains(told), "{told} in:\n{said}");
    }
    assert_eq!(on(dir.path(), &["export"]), without(&exported, &[&events[17], &events[20], &events[30]]));
    // Whoever looks finds there what there was.
    let lines: Vec<serde_json::Value> =
        fs::read_to_string(aside).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let records: Vec<_> = lines.iter().map(|line| line["record"].as_u64().unwrap()).collect();
    assert_eq!(records, [18, 21, 31]);
    assert_eq!(lines[0]["event"]["content"], "nota number 17");
    assert_eq!(lines[1]["event"]["content"], "note number 20");
    let mut bytes = Vec::new();
    let hex = lines[2]["bytes"].as_str().unwrap();
    bytes.extend((0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()));
    assert!(String::from_utf8_lossy(&bytes).contains("note number 30"));
    // And the damaged file itself is there, until it is taken away.
    assert!(said.contains("data.mdb.damaged"), "{said}");
    let said = said_on(dir.path(), &["db", "repair"]);
    assert!(said.code == Some(1) && said.err.contains("data.mdb.damaged exists"), "{}", said.err);
    fs::remove_file(dir.path().join("data.mdb.damaged")).unwrap();
    assert_eq!(counted(&on(dir.path(), &["db", "repair"]), "events kept"), 57);
}

#[test]
fn a_wrong_head_is_made_again_and_what_is_dropped_is_not_written_down() {
    let events = notes(40);
    let dir = store_of(&events);
    let exported = on(dir.path(), &["export"]);
    // The time of one, and the length of the tags of another, which says where its event begins.
    damage(dir.path(), |file| {
        for (event, offset) in [(&events[9], 64), (&events[12], 81)] {
            let start = [event.id().as_bytes().as_slice(), event.head().pubkey.as_bytes()].concat();
            let found = places(file, &start);
            assert!(!found.is_empty());
            found.into_iter().for_each(|at| file[at + offset] ^= 1);
        }
    });
    change(dir.path(), "note number 17\"", "nota number 17\"");
    let said = repaired(dir.path(), &["--drop"]);
    assert_eq!(counted(&said, "of them with a new head, made from the event"), 2, "{said}");
    assert_eq!((counted(&said, "events kept"), counted(&said, "dropped")), (39, 1), "{said}");
    assert_eq!(on(dir.path(), &["export"]), without(&exported, &[&events[17]]));
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().starts_with("set-aside")), "{names:?}");
}

#[test]
fn index_entries_that_are_wrong_are_made_again() {
    let events = notes(40);
    let dir = store_of(&events);
    let exported = on(dir.path(), &["export"]);
    let file = fs::read(dir.path().join("data.mdb")).unwrap();
    let mut repaired = 0;
    for at in places(&file, events[17].id().as_bytes()) {
        let copy = TempDir::new().unwrap();
        fs::write(copy.path().join("data.mdb"), &file).unwrap();
        damage(copy.path(), |file| file[at + 31] ^= 1);
        if said_on(copy.path(), &["db", "verify"]).code == Some(1) {
            on(copy.path(), &["db", "repair"]);
            on(copy.path(), &["db", "verify"]);
            // The id at the beginning of the record itself is one of the places.
            assert_eq!(on(copy.path(), &["export"]), exported);
            repaired += 1;
        }
    }
    assert!(repaired >= 7, "{repaired}");
}

#[test]
fn a_page_that_the_disk_has_lost_takes_only_its_own_events_along() {
    let events = notes(2_000);
    let dir = store_of(&events);
    let exported = on(dir.path(), &["export"]);
    let json = events[1_000].json();
    damage(dir.path(), |file| {
        for at in places(file, json.as_bytes()) {
            file[at / 4096 * 4096..][..4096].fill(0);
        }
    });
    let said = said_on(dir.path(), &["db", "verify"]);
    assert!(said.code == Some(1) && said.err.contains("a page with records cannot be read"), "{}", said.err);
    let said = on(dir.path(), &["db", "repair"]);
    let kept = counted(&said, "events kept");
    assert!((1_980..2_000).contains(&kept) && said.contains("numbers whose pages cannot be read"), "{said}");
    on(dir.path(), &["db", "verify"]);
    // What is missing is in the backup.
    assert_eq!(counted(&import(dir.path(), &exported), "stored"), 2_000 - kept);
    assert_eq!(on(dir.path(), &["export"]), exported);
}

#[test]
fn a_repair_that_is_killed_leaves_the_store_as_it_was() {
    let dir = TempDir::new().unwrap();
    import(dir.path(), &lines(&Corpus::eventful(seed(), 1_500, 20).events));
    settle(dir.path());
    let note =
        EventBuilder::new(1).created_at(1_700_000_000).content("one more note").sign(&Keys::from_seed(1));
    import(dir.path(), &lines([&note]));
    change(dir.path(), "one more note\"", "one more nota\"");
    let (exported, mut rng, mut unfinished) = (on(dir.path(), &["export"]), Rng::new(seed()), 0);
    for turn in 1..=20 {
        let mut repair = chappe(&["--data-dir", dir.path().to_str().unwrap(), "db", "repair"]);
        let mut child = repair.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // When it begins is the machine's business; from then on, sooner at first and later later.
        while !dir.path().join("repairing").exists() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_micros(rng.within(0..10_000 * turn)));
        child.kill().unwrap();
        child.wait().unwrap();
        unfinished += usize::from(dir.path().join("repairing").exists());
        if said_on(dir.path(), &["db", "verify"]).code == Some(0) {
            break;
        }
        assert_eq!(on(dir.path(), &["export"]), exported);
        assert!(!dir.path().join("repairing").exists(), "opening removes what was left");
    }
    assert!(unfinished > 0, "no kill came in the middle");
    let _ = fs::remove_file(dir.path().join("data.mdb.damaged"));
    on(dir.path(), &["db", "repair"]);
    on(dir.path(), &["db", "verify"]);
    assert_eq!(
        on(dir.path(), &["export"]),
        exported.replace(&(note.json().replace("note\"", "nota\"") + "\n"), "")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_away_from_a_store_that_is_open_and_the_relay_serves_what_was_repaired() {
    let dir = TempDir::new().unwrap();
    let events = notes(30);
    let mut relay = Process::start(dir.path(), &[]).await;
    let mut client = relay.connect().await;
    for event in &events {
        client.store(event).await;
    }
    let said = tokio::task::block_in_place(|| said_on(dir.path(), &["db", "repair"]));
    assert!(said.code == Some(1) && said.err.contains("in use"), "{}", said.err);
    relay.stop().await;
    let said = tokio::task::block_in_place(|| {
        change(dir.path(), "note number 17\"", "nota number 17\"");
        repaired(dir.path(), &[])
    });
    assert_eq!(counted(&said, "events kept"), 29);
    let mut relay = Process::start(dir.path(), &[]).await;
    let mut client = relay.connect().await;
    let asked = format!(r#"{{"ids":["{}","{}"]}}"#, events[17].id(), events[18].id());
    client.finds(&asked, &[&events[18]]).await;
    client.store(&events[17]).await;
    relay.stop().await;
}
