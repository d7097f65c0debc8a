//! `store.compression`: what clients and commands read is the same, byte for byte.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use chappe_testkit::{Corpus, EventBuilder, Keys, Rng, TestEvent};
use futures_util::{SinkExt, StreamExt};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::Message;

use super::logs;
use crate::compression::client::Deflating;
use crate::harness::{Client, Process, Relay, chappe, counted, import, lines, on, run, said_on, seed};
use crate::metrics::Scrape;

const ON: (&str, &str) = ("STORE__COMPRESSION", "zstd");

/// Questions of all sorts: by time, kinds, authors, tags and ids.
fn questions(events: &[TestEvent]) -> Vec<String> {
    let some = |n: usize| events[n * 37 % events.len()].id().to_string();
    let author = |n: usize| events[n * 41 % events.len()].pubkey().to_string();
    vec![
        r#"{"limit":300}"#.to_owned(),
        r#"{"kinds":[1],"limit":100}"#.to_owned(),
        r#"{"kinds":[0,3,10002]}"#.to_owned(),
        format!(r#"{{"authors":["{}","{}","{}"],"limit":50}}"#, author(1), author(2), author(3)),
        format!(r##"{{"#e":["{}"]}},{{"#p":["{}"],"limit":40}}"##, some(4), author(5)),
        format!(r#"{{"ids":["{}","{}","{}"]}}"#, some(1), some(2), some(3)),
        r##"{"#t":["nostr"],"kinds":[1,30023]}"##.to_owned(),
    ]
}

/// The relay's answers to all of them, and to a COUNT, as text.
async fn answers(client: &mut Client, questions: &[String]) -> Vec<String> {
    let mut heard = Vec::new();
    for question in questions {
        client.say(&format!(r#"["REQ","q",{question}]"#)).await;
        while heard.last().is_none_or(|last: &String| !last.starts_with(r#"["EOSE""#)) {
            heard.push(client.hear_text().await);
        }
        client.say(&format!(r#"["COUNT","q",{question}]"#)).await;
        heard.push(client.hear_text().await);
    }
    heard
}

fn with(dir: &Path, arguments: &[&str], input: &Path) -> String {
    let mut command = chappe(&[&["--data-dir", dir.to_str().unwrap()], arguments].concat());
    command.env("CHAPPE_STORE__COMPRESSION", "zstd").stdin(fs::File::open(input).unwrap());
    let said = run(command);
    assert_eq!(said.code, Some(0), "{}", said.err);
    said.out
}

/// How many events are compressed, as `chappe db info` says.
fn compressed(dir: &Path) -> u64 {
    let info = on(dir, &["db", "info"]);
    let line = info.lines().find_map(|line| line.strip_prefix("compressed "));
    line.map_or(0, |line| line.split_whitespace().next().unwrap().replace(',', "").parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_compresses_answers_as_one_that_does_not() {
    let corpus = Corpus::plain(seed(), 13_000, 60).events;
    let corpus: Vec<_> =
        corpus.into_iter().filter(|event| !(20_000..30_000).contains(&event.kind())).collect();
    let (stored, live) = corpus.split_at(corpus.len() - 400);
    let (plain_dir, dir) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let stored = lines(stored);
    import(plain_dir.path(), &stored);
    import(dir.path(), &stored);
    // It makes a dictionary from what it has, in the background.
    let mut relay = Process::start(dir.path(), &[ON]).await;
    logs(&relay, "new events are compressed by a new dictionary", 1).await;
    let mut plain = Process::start(plain_dir.path(), &[]).await;
    let (mut to, mut plain_to) = (relay.connect().await, plain.connect().await);
    let mut listener = relay.connect().await;
    listener.subscribe("live", r#"{"limit":0}"#).await;
    for event in live {
        let said = to.publish(event).await;
        assert_eq!(said, plain_to.publish(event).await);
        // Gift wraps and the like are not for who has not signed in.
        if said == (true, String::new()) && ![4, 13, 14, 15, 1059, 1060].contains(&event.kind()) {
            listener.hears_event("live", event).await;
        }
    }
    let questions = questions(&corpus);
    let expected = answers(&mut plain_to, &questions).await;
    assert!(expected.len() > 300, "{}", expected.len());
    assert_eq!(answers(&mut to, &questions).await, expected);
    relay.stop().await;
    plain.stop().await;
    assert!(compressed(dir.path()) > 200, "{}", on(dir.path(), &["db", "info"]));
    assert_eq!(compressed(plain_dir.path()), 0);
    // After a start, with it switched off.
    let mut relay = Process::start(dir.path(), &[]).await;
    assert_eq!(answers(&mut relay.connect().await, &questions).await, expected);
    relay.stop().await;
    let exported = on(plain_dir.path(), &["export"]);
    assert_eq!(on(dir.path(), &["export"]), exported);
    assert_eq!(counted(&on(dir.path(), &["db", "verify"]), "faults"), 0);
    assert_eq!(on(dir.path(), &["query", &questions[1]]), on(plain_dir.path(), &["query", &questions[1]]));
}

/// A store of so many events, all compressed but the shortest; and its export.
fn store(events: usize) -> (TempDir, String) {
    let dir = TempDir::new().unwrap();
    import(dir.path(), &lines(&Corpus::eventful(seed(), events, 20).events));
    let exported = on(dir.path(), &["export"]);
    let said = on(dir.path(), &["db", "compact", "--compress"]);
    assert!(said.contains(" events are compressed"), "{said}");
    assert!(compressed(dir.path()) > exported.lines().count() as u64 / 2);
    (dir, exported)
}

#[test]
fn every_command_reads_it() {
    let (dir, exported) = store(3_000);
    let (dir, all) = (dir.path(), compressed(dir.path()));
    assert_eq!(on(dir, &["export"]), exported);
    assert_eq!(counted(&on(dir, &["db", "verify"]), "faults"), 0);
    let info = on(dir, &["db", "info"]);
    assert!(info.contains("% less; dictionaries: 1") && info.contains("  dictionaries "), "{info}");
    // A backup is plain text, and what is restored from it is plain.
    let (set, restored) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    on(dir, &["db", "backup", set.path().to_str().unwrap()]);
    on(restored.path(), &["db", "restore", set.path().to_str().unwrap()]);
    assert_eq!(on(restored.path(), &["export"]), exported);
    assert_eq!(compressed(restored.path()), 0);
    // What is imported is compressed by the dictionary that is there.
    let more = (0..50)
        .map(|n| EventBuilder::new(1).created_at(n).content("text ".repeat(40)).sign(&Keys::from_seed(2)));
    let file = set.path().join("more.jsonl");
    fs::write(&file, lines(&more.collect::<Vec<_>>())).unwrap();
    with(dir, &["import", "-"], &file);
    assert_eq!(compressed(dir), all + 50);
    on(dir, &["db", "delete", "--filter", r#"{"until":60}"#, "--yes"]);
    on(dir, &["db", "compact"]);
    assert_eq!((on(dir, &["export"]), compressed(dir)), (exported.clone(), all));
    assert!(on(dir, &["db", "migrate"]).contains("already"));
    on(dir, &["db", "compact", "--plain"]);
    assert_eq!((on(dir, &["export"]), compressed(dir)), (exported, 0));
    assert_eq!(counted(&on(dir, &["db", "verify"]), "faults"), 0);
}

/// Says of these frames that they need a dictionary that is not there.
fn damage(dir: &Path, choose: impl FnOnce(Vec<usize>) -> Vec<usize>) {
    let mut file = fs::read(dir.join("data.mdb")).unwrap();
    let is_frame = |bytes: &[u8]| bytes.starts_with(b"\x28\xB5\x2F\xFD") && bytes[5] == 1;
    let frames = file.windows(6).enumerate().filter(|(_, bytes)| is_frame(bytes)).map(|(at, _)| at).collect();
    choose(frames).into_iter().for_each(|at| file[at + 5] = 9);
    fs::write(dir.join("data.mdb"), file).unwrap();
}

#[test]
fn a_frame_that_is_damaged_is_told_and_set_aside() {
    let (dir, exported) = store(1_500);
    let dir = dir.path();
    damage(dir, |frames| vec![frames[frames.len() / 2]]);
    let said = said_on(dir, &["db", "verify"]);
    assert_eq!(said.code, Some(1));
    assert!(said.out.contains(": the dictionary of a compressed event is not there"), "{}", said.out);
    let said = said_on(dir, &["export"]);
    assert!(said.code == Some(1) && said.err.contains("the store is damaged"), "{}", said.err);
    let said = said_on(dir, &["db", "backup", dir.join("set").to_str().unwrap()]);
    assert!(said.code == Some(1) && said.err.contains("cannot be read"), "{}", said.err);
    assert_eq!(said_on(dir, &["db", "compact", "--plain"]).code, Some(1));
    let mut repair = chappe(&["--data-dir", dir.to_str().unwrap(), "db", "repair"]);
    repair.env("CHAPPE_STORE__COMPRESSION", "zstd");
    assert_eq!(run(repair).code, Some(0));
    assert_eq!(counted(&on(dir, &["db", "verify"]), "faults"), 0);
    assert!(compressed(dir) > 300);
    // One event is gone, if the frame was of an event that is served.
    let kept = on(dir, &["export"]);
    assert!(exported.lines().count() - kept.lines().count() <= 1);
    assert!(kept.lines().all(|line| exported.contains(line)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_says_that_it_cannot_read_what_is_damaged_and_goes_on() {
    let (dir, _) = store(1_000);
    damage(dir.path(), |frames| frames);
    let mut relay = Process::start(dir.path(), &[ON]).await;
    let mut client = relay.connect().await;
    client.say(r#"["REQ","all",{"kinds":[1]}]"#).await;
    client.expect_start(r#"["CLOSED","all","error: "#).await;
    // What needs no text is answered, and new events come and go.
    client.say(r#"["COUNT","all",{"kinds":[1]}]"#).await;
    assert!(client.hear().await[2]["count"].as_u64().unwrap() > 100);
    let note = EventBuilder::new(1).content("word ".repeat(50)).sign(&Keys::from_seed(77));
    client.store(&note).await;
    client.finds(&format!(r#"{{"ids":["{}"]}}"#, note.id()), &[&note]).await;
    relay.stop().await;
}

#[test]
fn writing_anew_may_be_killed_at_any_time() {
    let dir = TempDir::new().unwrap();
    import(dir.path(), &lines(&Corpus::plain(seed(), 3_000, 20).events));
    let (exported, mut rng) = (on(dir.path(), &["export"]), Rng::new(seed()));
    for n in 0..12 {
        let form = if n % 2 == 0 { "--compress" } else { "--plain" };
        let mut compact = chappe(&["--data-dir", dir.path().to_str().unwrap(), "db", "compact", form]);
        let mut child = compact.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(rng.within(0..400_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        on(dir.path(), &["db", "verify"]);
        assert_eq!(on(dir.path(), &["export"]), exported);
        assert!(!dir.path().join("rewriting").exists(), "opening removes what was left");
    }
}

/// What was acknowledged is there after a SIGKILL, compressed as it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_compresses_may_be_killed() {
    let (dir, exported) = store(1_500);
    let note = |n: u64| {
        let content = format!("note number {n} of those that are on their way: {}", "more ".repeat(20));
        EventBuilder::new(1).created_at(1_750_000_000 + n).content(content).sign(&Keys::from_seed(5))
    };
    let mut published = Vec::new();
    for round in 0..4 {
        let mut relay = Process::start(dir.path(), &[ON]).await;
        let mut client = relay.connect().await;
        let notes: Vec<_> = (0..400).map(|n| note(round * 1_000 + n)).collect();
        for note in &notes {
            client.socket.feed(Message::text(note.message())).await.unwrap();
        }
        client.socket.flush().await.unwrap();
        for note in &notes[..200] {
            assert_eq!(client.ok(note).await, (true, String::new()));
        }
        relay.kill().await;
        while let Some(Ok(_)) = client.socket.next().await {}
        published.extend(notes.into_iter().take(200));
    }
    let kept = tokio::task::block_in_place(|| on(dir.path(), &["export"]));
    let kept: std::collections::HashSet<_> = kept.lines().collect();
    assert!(published.iter().all(|note| kept.contains(note.json().as_str())));
    assert!(exported.lines().all(|line| kept.contains(line)));
    assert!(compressed(dir.path()) >= 800);
    assert_eq!(counted(&on(dir.path(), &["db", "verify"]), "faults"), 0);
}

#[tokio::test]
async fn it_is_the_same_for_clients_that_take_compressed_messages_and_is_counted() {
    let corpus = Corpus::plain(seed(), 1_500, 20).events;
    let relay = Relay::start_with(|config| {
        import(&config.store.data_dir, &lines(&corpus));
        on(&config.store.data_dir, &["db", "compact", "--compress"]);
        config.store.compression = chappe_app::config::StoreCompression::Zstd;
        config.metrics.addresses = vec!["127.0.0.1:0".parse().unwrap()];
    })
    .await;
    let note =
        EventBuilder::new(1).created_at(Relay::NOW).content("word ".repeat(100)).sign(&Keys::from_seed(1));
    let mut plain = relay.connect().await;
    plain.store(&note).await;
    let question = r#"["REQ","all",{"kinds":[1,7,30023]}]"#;
    plain.say(question).await;
    let mut expected = Vec::new();
    while expected.last().is_none_or(|last: &String| !last.starts_with(r#"["EOSE""#)) {
        expected.push(plain.hear_text().await);
    }
    assert!(expected.len() > 300);
    // The second time they come from the memory of compressed messages.
    for _ in 0..2 {
        let mut client = Deflating::offering(&relay, "permessage-deflate").await;
        client.say(question).await;
        for expected in &expected {
            assert_eq!(&client.hear().await.text(), expected);
        }
    }
    let scrape = Scrape::of(&relay).await;
    assert_eq!(scrape.get("chappe_store_dictionaries"), 1.0);
    assert_eq!(scrape.get("chappe_store_compressed_events_total"), 1.0);
    let (plain, saved) = (
        scrape.get("chappe_store_compressed_plain_bytes_total"),
        scrape.get("chappe_store_compression_saved_bytes_total"),
    );
    assert_eq!(plain, note.json().len() as f64);
    assert!(saved > plain / 2.0 && saved < plain, "{saved} of {plain}");
}
