//! The command `chappe`, as an operator uses it.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use chappe_testkit::naive::{self, Limits, Model, Offered};
use chappe_testkit::{Corpus, EventBuilder, Keys, TestEvent};
use tempfile::TempDir;

use crate::harness::{Process, chappe, counted, import, lines, on, run, said_on, seed};

fn note(content: &str) -> TestEvent {
    EventBuilder::new(1).content(content).sign(&Keys::from_seed(1))
}

#[test]
fn help_tells_what_there_is() {
    let said = run(chappe(&["--help"]));
    assert_eq!(said.code, Some(0));
    let words = [
        "serve",
        "config",
        "import",
        "export",
        "--config",
        "--data-dir",
        "--listen",
        "127.0.0.1:7447",
        "CHAPPE_",
    ];
    for word in words {
        assert!(said.out.contains(word), "{word} is missing from:\n{}", said.out);
    }
    for command in ["serve", "config", "import", "export", "query"] {
        let said = run(chappe(&[command, "--help"]));
        assert!(said.code == Some(0) && said.out.contains("Usage: chappe"), "{}", said.out);
    }
    assert!(run(chappe(&["--version"])).out.starts_with("chappe "));
    for wrong in [&["--wrong"][..], &["wrong"], &["--listen", "here"], &["config"], &["export", "--filter"]] {
        let said = run(chappe(wrong));
        assert_eq!(said.code, Some(2), "{wrong:?}: {}", said.out);
        assert!(said.err.contains("Usage") || said.err.contains("--help"), "{}", said.err);
    }
}

#[test]
fn config_is_checked_and_shown() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("chappe.toml");
    let file = file.to_str().unwrap();
    let documented = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/chappe.toml");
    std::fs::write(file, "[limits]\nlimit_max = 700\n[relay]\nname = \"from the file\"\n").unwrap();
    for good in [documented, file] {
        let said = run(chappe(&["--config", good, "config", "check"]));
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{good}");
    }
    let mut show = chappe(&["config", "show", "--config", file, "--data-dir", "/from/the/line"]);
    show.env("CHAPPE_LIMITS__LIMIT_MAX", "800").env("CHAPPE_STORE__DATA_DIR", "/from/the/environment");
    let shown = run(show).out;
    for line in [
        "limit_max = 800",
        "name = \"from the file\"",
        "data_dir = \"/from/the/line\"",
        "limit_default = 500",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line} is missing from:\n{shown}");
    }
    // What is shown is a configuration.
    std::fs::write(file, &shown).unwrap();
    assert_eq!(run(chappe(&["--config", file, "config", "show"])).out, shown);
}

#[test]
fn config_errors_name_the_key() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("chappe.toml");
    let place = file.to_str().unwrap();
    let files: [(&str, &[&str]); 8] = [
        ("[limits]\nlimits_max = 1\n", &["limits_max", place, "2"]),
        ("[limit]\n", &["limit", place]),
        ("limit_max = 1\n", &["limit_max", place]),
        ("[limits]\nlimit_max = \"many\"\n", &["limit_max", place]),
        ("[limits]\nlimit_max = -1\n", &["limit_max", place]),
        ("[limits]\nlimit_max = 5\nlimit_default = 6\n", &["limits.limit_default", "limits.limit_max", ":3"]),
        ("[timeouts]\nping_seconds = 200\n", &["timeouts.ping_seconds", "timeouts.idle_seconds", ":2"]),
        ("[limits\n", &[place]),
    ];
    let fails = |command: Command, words: &[&str]| {
        let said = run(command);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{words:?}");
        for word in words {
            assert!(said.err.contains(word), "{word} is missing from: {}", said.err);
        }
    };
    for (text, words) in files {
        std::fs::write(&file, text).unwrap();
        for arguments in [&["config", "check"][..], &["config", "show"], &["serve"], &["export"]] {
            fails(chappe(&[&["--config", place], arguments].concat()), words);
        }
    }
    fails(chappe(&["config", "check", "--config", "/no/such/file"]), &["/no/such/file"]);
    for (name, value) in [
        ("CHAPPE_LIMITS__LIMITS_MAX", "1"),
        ("CHAPPE_LIMIT__LIMIT_MAX", "1"),
        ("CHAPPE_LIMITS_LIMIT_MAX", "1"),
        ("CHAPPE_LIMITS__LIMIT_MAX", "many"),
        ("CHAPPE_LISTEN__ADDRESSES", "here"),
    ] {
        let mut check = chappe(&["config", "check"]);
        check.env(name, value);
        fails(check, &[name]);
    }
    let mut check = chappe(&["config", "check"]);
    check.env("CHAPPE_LIMITS__LIMIT_DEFAULT", "6000");
    fails(check, &["limits.limit_default", "limits.limit_max"]);
}

#[test]
fn import_counts_every_line() {
    let dir = TempDir::new().unwrap();
    let keys = Keys::from_seed(1);
    let good = note("good");
    let old = EventBuilder::new(1).created_at(1).sign(&keys);
    let profile = |at| EventBuilder::new(0).created_at(at).sign(&keys);
    let deletion = EventBuilder::new(5).tag(&["e", &note("deleted").id().to_string()]).sign(&keys);
    let mut input = lines([&good, &good, &old, &profile(20), &profile(10), &deletion, &note("deleted")]);
    input += "\n  \nno event\n{}\n[\"EVENT\"]\n";
    input += &lines([&note("forged").with_wrong_sig(), &note("forged").with_wrong_id(&keys)]);
    input += &lines([&EventBuilder::new(20_001).sign(&keys)]);
    // The last line may end without a line break.
    input += note("last").json().as_str();

    let report = import(dir.path(), &input);
    let expected = [
        ("lines read", 16),
        ("stored", 5),
        ("duplicates", 1),
        ("superseded by newer ones", 1),
        ("deleted by their authors", 1),
        ("ephemeral, never stored", 1),
        ("refused", 5),
    ];
    for (name, count) in expected {
        assert_eq!(counted(&report, name), count, "{name} in:\n{report}");
    }
    for reason in
        ["invalid: the signature is wrong (line 13)", "invalid: the id is not", "invalid: id is missing"]
    {
        assert!(report.contains(reason), "{reason} is missing from:\n{report}");
    }
    // From a file, and `-` for standard input.
    let file = dir.path().join("events.jsonl");
    std::fs::write(&file, lines([&note("last"), &note("from a file")])).unwrap();
    let report = on(dir.path(), &["import", file.to_str().unwrap()]);
    assert_eq!((counted(&report, "stored"), counted(&report, "duplicates")), (1, 1), "{report}");
    assert_eq!(counted(&on(dir.path(), &["import", "-"]), "lines read"), 0);
    let said = run(chappe(&["import", "/no/such/file", "--data-dir", dir.path().to_str().unwrap()]));
    assert!(said.code == Some(1) && said.err.contains("/no/such/file"), "{}", said.err);
}

#[test]
fn export_writes_what_matches() {
    let dir = TempDir::new().unwrap();
    let events: Vec<_> = (0..600_u64)
        .map(|number| {
            let kind = if number % 3 == 0 { 4 } else { 1 };
            let event = EventBuilder::new(kind).created_at(1_000 + number / 2).content("x".repeat(700));
            event.tag(&["t", &(number % 5).to_string()]).sign(&Keys::from_seed(number % 7))
        })
        .collect();
    import(dir.path(), &lines(&events));
    let filters = [
        "{}",
        r#"{"kinds":[4]}"#,
        r##"{"#t":["1"],"until":1200,"kinds":[1]}"##,
        r#"{"limit":7}"#,
        r#"{"ids":[]}"#,
    ];
    for filter in filters {
        let parsed = parsed(filter);
        let expected = naive::query(&events, &[parsed], Limits::NONE);
        let exported = on(dir.path(), &["export", "--filter", filter]);
        let by_id = |id| events.iter().find(|event| event.id() == id).unwrap();
        assert_eq!(exported, lines(expected.into_iter().map(by_id)), "{filter}");
    }
    assert_eq!(on(dir.path(), &["export"]), on(dir.path(), &["export", "--filter", "{}"]));
    for wrong in ["", "[]", "{", r#"{"kinds":1}"#, r#"{"search":"x"}"#] {
        let said = run(chappe(&["--data-dir", dir.path().to_str().unwrap(), "export", "--filter", wrong]));
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{wrong}");
        assert!(said.err.contains("filter"), "{wrong}: {}", said.err);
    }
    let said = run(chappe(&["--data-dir", "/no/such/directory", "export"]));
    assert!(said.code == Some(1) && said.err.contains("/no/such/directory"), "{}", said.err);
}

/// The few filters above, read without the relay's own decoder.
fn parsed(filter: &str) -> chappe_protocol::Filter {
    use chappe_protocol::{Kind, TagFilter, TagMode, Timestamp};
    let value: serde_json::Value = serde_json::from_str(filter).unwrap();
    let kinds = value["kinds"].as_array();
    let texts = value["#t"].as_array();
    chappe_protocol::Filter {
        ids: value["ids"].as_array().map(|_| Vec::new()),
        kinds: kinds.map(|kinds| kinds.iter().map(|kind| Kind(kind.to_string().parse().unwrap())).collect()),
        tags: texts.map_or_else(Vec::new, |texts| {
            let values = texts.iter().map(|text| text.as_str().unwrap().as_bytes().into()).collect();
            vec![TagFilter { letter: b't', mode: TagMode::Any, values }]
        }),
        until: value["until"].as_u64().map(Timestamp),
        limit: value["limit"].as_u64(),
        ..chappe_protocol::Filter::default()
    }
}

#[test]
fn export_into_a_closed_pipe_is_no_failure() {
    let dir = TempDir::new().unwrap();
    let events: Vec<_> = (0..400).map(|number| note(&format!("{number} {}", "x".repeat(1_000)))).collect();
    import(dir.path(), &lines(&events));
    let mut export = chappe(&["--data-dir", dir.path().to_str().unwrap(), "export"]);
    let mut child = export.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // More than a pipe holds is still to come when the reader has had enough.
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.starts_with("{\"id\":"), "{line}");
    drop(reader);
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}

/// Imports the events and holds the report against the model, which goes on from where it was.
fn import_like(model: &mut Model, dir: &Path, events: &[TestEvent]) {
    // All of the corpus that expires did so years ago.
    let now = 2_000_000_000;
    let became: Vec<_> = events.iter().map(|event| model.offer(event, now)).collect();
    let report = import(dir, &lines(events));
    for (kind, name) in [
        (Offered::Stored, "stored"),
        (Offered::Deleted, "deleted by their authors"),
        (Offered::Ephemeral, "ephemeral, never stored"),
        (Offered::Expired, "refused"),
    ] {
        let expected = became.iter().filter(|became| **became == kind).count() as u64;
        assert_eq!(counted(&report, name), expected, "{name} in:\n{report}");
    }
    // An older version that is in the same batch twice is a duplicate the second time, though it was never stored.
    let again = [(Offered::Duplicate, "duplicates"), (Offered::Superseded, "superseded by newer ones")];
    let expected =
        became.iter().filter(|became| again.iter().any(|(kind, _)| *became == kind)).count() as u64;
    assert_eq!(
        again.iter().map(|(_, name)| counted(&report, name)).sum::<u64>(),
        expected,
        "again in:\n{report}"
    );
    let served: Vec<_> = model.served(now).collect();
    let order = naive::query(served.iter().copied(), &[chappe_protocol::Filter::default()], Limits::NONE);
    let by_id = |id| *served.iter().find(|event| event.id() == id).unwrap();
    assert_eq!(on(dir, &["export"]), lines(order.into_iter().map(by_id)));
}

#[test]
fn export_and_import_give_the_same_relay() {
    let (first, second) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut corpus = Corpus::eventful(seed(), 2_500, 25);
    // A line that comes again is a duplicate if the first is on disk, whatever lines between them will do to it: when
    // that is depends on how the import cuts its batches, which the model does not know.
    let mut known = HashSet::new();
    corpus.events.retain(|event| known.insert(event.id()));
    let mut model = Model::new();
    import_like(&mut model, first.path(), &corpus.events);

    let mut export = chappe(&["--data-dir", first.path().to_str().unwrap(), "export"]);
    let mut exporting = export.stdout(Stdio::piped()).spawn().unwrap();
    let mut import = chappe(&["--data-dir", second.path().to_str().unwrap(), "import"]);
    let said = run({
        import.stdin(exporting.stdout.take().unwrap());
        import
    });
    assert!(exporting.wait().unwrap().success());
    assert_eq!(said.code, Some(0), "{}", said.err);
    let exported = on(first.path(), &["export"]);
    assert_eq!(counted(&said.out, "stored"), exported.lines().count() as u64, "{}", said.out);
    assert_eq!(on(second.path(), &["export"]), exported);
    // What was deleted, and who has vanished, stays so: everything once more is decided alike by both.
    import_like(&mut model.clone(), second.path(), &corpus.events);
    import_like(&mut model, first.path(), &corpus.events);
}

#[tokio::test]
async fn deletions_hold_after_export_and_import() {
    let (first, second) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (author, leaving) = (Keys::from_seed(1), Keys::from_seed(2));
    let deleted = note("deleted");
    let article = EventBuilder::new(30_023).tag(&["d", "a"]).created_at(100).sign(&author);
    let wrap = EventBuilder::new(1_059).tag(&["p", &leaving.hex()]).sign(&Keys::from_seed(3));
    let forgotten = EventBuilder::new(1).content("forgotten").sign(&leaving);
    let address = format!("30023:{}:a", author.hex());
    let by_id = EventBuilder::new(5).tag(&["e", &deleted.id().to_string()]).sign(&author);
    let by_address = EventBuilder::new(5).tag(&["a", &address]).created_at(100).sign(&author);
    let vanish = EventBuilder::new(62).tag(&["relay", "ALL_RELAYS"]).sign(&leaving);
    let stays = note("stays");
    import(
        first.path(),
        &lines([&deleted, &article, &wrap, &forgotten, &by_id, &by_address, &vanish, &stays]),
    );
    import(second.path(), &on(first.path(), &["export"]));
    let relay = Process::start(second.path(), &[]).await;
    let mut client = relay.connect().await;
    for event in [&deleted, &article, &wrap, &forgotten] {
        client.refused(event, "blocked: ").await;
    }
    assert_eq!(client.count(r#"{"kinds":[1,5,62,30023]}"#).await, 4);
    client.store(&EventBuilder::new(30_023).tag(&["d", "a"]).created_at(101).sign(&author)).await;
}

#[tokio::test]
async fn it_listens_on_every_address_given() {
    let dir = TempDir::new().unwrap();
    let relay = Process::start_on(dir.path(), &["127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"], &[]).await;
    let event = note("everywhere");
    for (place, address) in relay.addresses().iter().enumerate() {
        let mut client = crate::harness::Client::connect(&format!("ws://{address}")).await;
        assert_eq!(client.publish(&event).await.1.is_empty(), place == 0);
        client.finds("{}", &[&event]).await;
    }
    // One that is taken already is an error that names it.
    let taken = relay.addresses()[1].to_string();
    let other = TempDir::new().unwrap();
    let said = run(chappe(&["--data-dir", other.path().to_str().unwrap(), "--listen", &taken]));
    assert!(said.code == Some(1) && said.err.contains(&taken), "{}", said.err);
}

#[test]
fn events_are_kept_in_the_users_data_home() {
    let home = TempDir::new().unwrap();
    let (data, elsewhere) = (home.path().join("data"), home.path().join(".local/share"));
    for (variable, place) in [(Some(&data), &data), (None, &elsewhere)] {
        let mut import = chappe(&["import"]);
        import.env("HOME", home.path()).env_remove("XDG_DATA_HOME");
        import.envs(variable.map(|data| ("XDG_DATA_HOME", data)));
        let said = run(import);
        assert_eq!(said.code, Some(0), "{}", said.err);
        assert!(place.join("chappe").is_dir(), "nothing at {}", place.display());
        assert_eq!(on(&place.join("chappe"), &["export"]), "");
    }
    let mut homeless = chappe(&["export"]);
    homeless.env_remove("HOME").env_remove("XDG_DATA_HOME");
    let said = run(homeless);
    assert!(said.code == Some(2) && said.err.contains("--data-dir"), "{}", said.err);
}

#[test]
fn pages_and_completions_need_no_home() {
    let dir = TempDir::new().unwrap();
    let say = |arguments: &[&str]| {
        let mut command = chappe(arguments);
        command.env_remove("HOME").env_remove("XDG_DATA_HOME");
        let said = run(command);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{arguments:?}");
        said.out
    };
    let page = say(&["man"]);
    assert!(page.contains(".TH chappe 1") && page.contains("Exit codes"), "{page}");
    for shell in ["bash", "zsh", "fish"] {
        assert!(say(&["completions", shell]).contains("explain"), "{shell}");
    }
    let man = dir.path().join("man");
    say(&["man", man.to_str().unwrap()]);
    for page in ["chappe.1", "chappe-serve.1", "chappe-policy-explain.1"] {
        assert!(man.join(page).is_file(), "{page}");
    }
}

#[test]
fn what_is_packed_is_exported_and_imported() {
    let dir = TempDir::new().unwrap();
    let events: Vec<_> = (0..500).map(|number| note(&format!("{number} {}", "x".repeat(200)))).collect();
    import(dir.path(), &lines(&events));
    let exported = on(dir.path(), &["export"]);
    for (name, start) in [
        ("all.jsonl", &b"{\"id\""[..]),
        ("all.jsonl.gz", &[0x1f, 0x8b]),
        ("all.zst", &[0x28, 0xb5, 0x2f, 0xfd]),
    ] {
        let file = dir.path().join(name);
        assert_eq!(on(dir.path(), &["export", file.to_str().unwrap()]), "");
        let bytes = std::fs::read(&file).unwrap();
        assert!(bytes.starts_with(start), "{name}");
        assert_eq!(bytes.len() < exported.len() / 2, name != "all.jsonl", "{name}: {} bytes", bytes.len());
        // By what is in it, whatever it is called; from standard input too.
        let (other, third) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let renamed = other.path().join("events");
        std::fs::copy(&file, &renamed).unwrap();
        assert_eq!(counted(&on(other.path(), &["import", renamed.to_str().unwrap()]), "stored"), 500);
        assert_eq!(on(other.path(), &["export"]), exported);
        let mut piped = chappe(&["--data-dir", third.path().to_str().unwrap(), "import"]);
        piped.stdin(std::fs::File::open(&file).unwrap());
        assert_eq!(counted(&run(piped).out, "stored"), 500);
    }
    let gzip = Command::new("gzip").arg("-dc").arg(dir.path().join("all.jsonl.gz")).output().unwrap();
    assert_eq!(String::from_utf8(gzip.stdout).unwrap(), exported);
    // Two packed files one after the other are the two texts one after the other.
    let gz = std::fs::read(dir.path().join("all.jsonl.gz")).unwrap();
    let twice = dir.path().join("twice");
    std::fs::write(&twice, [gz.clone(), gz].concat()).unwrap();
    let report = on(TempDir::new().unwrap().path(), &["import", twice.to_str().unwrap()]);
    assert_eq!((counted(&report, "lines read"), counted(&report, "stored")), (1_000, 500));
}

#[test]
fn a_packed_file_that_is_damaged_is_told_and_what_came_before_is_kept() {
    let dir = TempDir::new().unwrap();
    // More than one block, so that something comes before the damage.
    let events: Vec<_> = (0..3_000).map(|number| note(&format!("{number} {}", "y".repeat(200)))).collect();
    import(dir.path(), &lines(&events));
    for name in ["all.gz", "all.zst"] {
        let file = dir.path().join(name);
        on(dir.path(), &["export", file.to_str().unwrap()]);
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(&file, &bytes[..bytes.len() * 3 / 4]).unwrap();
        let other = TempDir::new().unwrap();
        let said =
            run(chappe(&["--data-dir", other.path().to_str().unwrap(), "import", file.to_str().unwrap()]));
        assert_eq!(said.code, Some(1), "{name}: {}", said.out);
        assert!(said.err.contains(file.to_str().unwrap()), "{name}: {}", said.err);
        assert!(counted(&said.out, "stored") > 0, "{name}: {}", said.out);
    }
    let nowhere = run(chappe(&["--data-dir", dir.path().to_str().unwrap(), "export", "/no/such/dir/all.gz"]));
    assert!(nowhere.code == Some(1) && nowhere.err.contains("/no/such/dir/all.gz"), "{}", nowhere.err);
}

#[test]
fn a_query_is_answered_and_explained() {
    let dir = TempDir::new().unwrap();
    let alice = Keys::from_seed(1);
    let notes: Vec<_> = (0..60)
        .map(|n| EventBuilder::new(1).created_at(1_000 + n).tag(&["t", "nostr"]).sign(&alice))
        .chain([EventBuilder::new(1).created_at(10).tag(&["t", "nostr"]).tag(&["t", "rare"]).sign(&alice)])
        .collect();
    import(dir.path(), &lines(&notes));
    let newest = on(dir.path(), &["query", r##"{"#t":["nostr"],"limit":2}"##]);
    assert_eq!(newest, lines([&notes[59], &notes[58]]));
    // The popular value would be sixty entries, the rare one is a single one.
    let both = r##"{"&t":["nostr","rare"],"limit":5}"##;
    assert_eq!(on(dir.path(), &["query", both]), notes[60].json() + "\n");
    let explained = on(dir.path(), &["query", "--explain", both]);
    let line = |start: &str| explained.lines().find(|line| line.starts_with(start)).unwrap_or_default();
    assert_eq!(explained.lines().filter(|line| line.ends_with("  taken")).count(), 1, "{explained}");
    assert_eq!(line("records read").split_whitespace().last(), Some("1"), "{explained}");
    assert_eq!(line("events found").split_whitespace().last(), Some("1"), "{explained}");
    // Another plan gives the same answer.
    for plan in ["time", "t", "authors"] {
        assert_eq!(on(dir.path(), &["query", both, "--by", plan]), notes[60].json() + "\n");
    }
    for wrong in [&["query", "{"][..], &["query", "{}", "--by", "luck"]] {
        assert_eq!(run(chappe(wrong)).code, Some(2), "{wrong:?}");
    }
    let nowhere = dir.path().join("nowhere");
    let said = run(chappe(&["--data-dir", nowhere.to_str().unwrap(), "query"]));
    assert!(said.code == Some(1) && said.err.contains("there is no store at"), "{}", said.err);
}

#[test]
fn root_leaves_no_files_in_somebody_elses_store() {
    let dir = TempDir::new().unwrap();
    import(dir.path(), &lines([&note("hello")]));
    // Only root can give a directory away; and only for root this is about anything.
    if std::os::unix::fs::chown(dir.path(), Some(7447), None).is_err() {
        return;
    }
    for command in
        [&["db", "compact"][..], &["db", "info"], &["export"], &["import"], &["query"], &["invite"]]
    {
        let said = said_on(dir.path(), command);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{command:?}");
        assert!(said.err.contains("another user") && said.err.contains("sudo -u '#7447'"), "{}", said.err);
    }
    // What does not touch the store is done by anybody.
    on(dir.path(), &["config", "check"]);
    std::os::unix::fs::chown(dir.path(), Some(0), None).unwrap();
    assert!(on(dir.path(), &["db", "info"]).contains("events"));
}
