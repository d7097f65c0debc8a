//! With real processes: shell programs that a test writes into a folder of its own.

mod failures;
mod life;
mod order;
mod support;

use std::time::{Duration, Instant};

use chappe_authorization::Peer;
use chappe_processing::Outcome;
use chappe_testkit::{EventBuilder, Keys};

use self::support::{FAILED, Setup, note, rejected};
use super::*;

/// Does what the event's content says.
const OBEY: &str = r#"
case $content in
  reject*) say "$id" reject 'not this one';;
  shadow*) say "$id" shadowReject '';;
  *) say "$id" accept '';;
esac"#;

#[tokio::test]
async fn each_answer_has_its_outcome_in_both_dialects() {
    for dialect in [Dialect::Strfry, Dialect::Orly] {
        let bench = Setup::new().plugin(OBEY).set(|settings| settings.plugin_dialect = dialect).start();
        let table = [
            ("accept", Outcome::Stored, true),
            ("reject", rejected("not this one"), false),
            ("shadow", Outcome::Shadowed, false),
        ];
        for (content, outcome, stored) in table {
            assert_eq!(bench.outcome(content).await, outcome, "{content}, {dialect:?}");
            assert_eq!(bench.has(&note(content)), stored, "{content}, {dialect:?}");
        }
    }
}

#[tokio::test]
async fn a_command_line_is_the_shells() {
    let bench = Setup::new()
        .program("plugin", r#"read -r line; echo "$WORD $1" > heard; read -r line"#)
        .command("WORD=tower ./plugin 'two words'")
        .set(|settings| settings.timeout = Duration::from_millis(50))
        .start();
    bench.say("");
    assert_eq!(bench.file("heard").await, "tower two words\n");
}

#[tokio::test]
async fn a_script_is_a_file_and_not_a_command_line() {
    let bench = Setup::new()
        .script("allow it", r#"say "$id" accept ''"#)
        .rules(r#"{"1":{"script":"allow it"},"7":{"script":"touch made"}}"#)
        .set(|settings| settings.timeout = Duration::from_millis(500))
        .start();
    bench.submit(&EventBuilder::new(7).sign(&Keys::from_seed(1)));
    assert_eq!(bench.outcomes(1).await, [FAILED]);
    assert!(!bench.path().join("made").exists());
    let bench = Setup::new()
        .script("allow it", r#"say "$id" accept ''"#)
        .rules(r#"{"1":{"script":"allow it"}}"#)
        .start();
    assert_eq!(bench.outcome("note").await, Outcome::Stored);
}

/// A bare name would be looked for where the system keeps its commands.
#[test]
fn folders_become_whole_paths() {
    let here = std::env::current_dir().unwrap();
    for (folder, expected) in
        [("", here.clone()), (".", here.clone()), ("a/b", here.join("a/b")), ("/a", "/a".into())]
    {
        assert_eq!(whole(Path::new(folder)), expected, "{folder:?}");
    }
}

#[tokio::test]
async fn the_plugin_comes_first_and_its_no_is_the_last_word() {
    let bench = Setup::new()
        .plugin(OBEY)
        .script("script", r#"printf '%s\n' "$content" >> asked; say "$id" reject 'nor this'"#)
        .rules(r#"{"1":{"script":"script"}}"#)
        .start();
    assert_eq!(bench.outcome("reject").await, rejected("not this one"));
    assert_eq!(bench.outcome("shadow").await, Outcome::Shadowed);
    assert_eq!(bench.outcome("accept").await, rejected("nor this"));
    assert_eq!(bench.file("asked").await, "accept\n");
}

/// The lines that a program is sent, for a note brought by this peer.
async fn questions(setup: Setup, contents: &[&str]) -> Vec<serde_json::Value> {
    let bench = setup.plugin(r#"printf '%s\n' "$line" >> asked; say "$id" accept ''"#).start();
    for content in contents {
        assert_eq!(bench.outcome(content).await, Outcome::Stored);
    }
    let asked = bench.file("asked").await;
    asked.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn questions_have_the_fields_of_their_dialect() {
    let (author, other) = (Keys::from_seed(1), Keys::from_seed(2));
    let event: serde_json::Value = serde_json::from_str(&note("a \"note\"\n").json()).unwrap();
    let peers: [(&str, &[&Keys], _); 4] = [
        ("192.0.2.7", &[], ("IP4", "192.0.2.7", None)),
        ("::ffff:192.0.2.7", &[&other], ("IP4", "192.0.2.7", Some(other.hex()))),
        ("2001:db8::7", &[&other, &author], ("IP6", "2001:db8::7", Some(author.hex()))),
        ("", &[], ("Import", "", None)),
    ];
    for (address, keys, (source_type, source, key)) in peers {
        for dialect in [Dialect::Strfry, Dialect::Orly] {
            let mut setup = Setup::new().set(|settings| settings.plugin_dialect = dialect);
            setup.peer = Peer { address: address.parse().ok(), ..Peer::default() };
            for keys in keys {
                setup.peer.viewer.add(keys.public()).unwrap();
            }
            let mut expected = match dialect {
                Dialect::Strfry => serde_json::json!({
                    "type": "new", "event": event, "receivedAt": 1_700_000_000,
                    "sourceType": source_type, "sourceInfo": source,
                }),
                Dialect::Orly => event.clone(),
            };
            let names = match dialect {
                Dialect::Strfry => ["authed", "", ""],
                Dialect::Orly => ["logged_in_pubkey", "ip_address", "access_type"],
            };
            let address = (!source.is_empty()).then(|| source.to_owned());
            for (name, value) in names.into_iter().zip([key.clone(), address, Some("write".to_owned())]) {
                if let (false, Some(value)) = (name.is_empty(), value) {
                    expected[name] = value.into();
                }
            }
            assert_eq!(questions(setup, &["a \"note\"\n"]).await, [expected], "{source} {dialect:?}");
        }
    }
}

/// Programs read lines by functions that end them at more than a line feed.
#[tokio::test]
async fn a_question_is_one_line_for_every_reader() {
    let content = "a\nb\rc\u{2028}d\u{2029}e\u{2027}f€";
    let bench = Setup::new().plugin(r#"printf '%s\n' "$line" >> asked; say "$id" accept ''"#).start();
    assert_eq!(bench.outcome(content).await, Outcome::Stored);
    let asked = bench.file("asked").await;
    let line = asked.strip_suffix('\n').unwrap();
    assert!(!line.contains(['\n', '\r', '\u{2028}', '\u{2029}']), "{line}");
    let question: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(question["event"]["content"], content);
}

#[tokio::test]
async fn an_event_that_is_held_back_goes_on_after_its_delay() {
    let delay = Duration::from_millis(200);
    let bench = Setup::new().delay(delay).start();
    let started = Instant::now();
    assert_eq!(bench.outcome("late").await, Outcome::Stored);
    assert!(started.elapsed() >= delay);
    let bench = Setup::new().delay(Duration::from_secs(20)).start();
    bench.say("too late");
    bench.plugins.stop().await;
    assert_eq!(bench.outcomes(1).await, [FAILED]);
}
