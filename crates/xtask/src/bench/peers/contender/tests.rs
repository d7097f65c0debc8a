use super::*;

const ADDRESS: &str = "127.0.0.1:7501";

fn started(contender: Contender) -> (String, String) {
    let dir = tempfile::tempdir().unwrap();
    let entrant = Entrant::of_version(contender, "1");
    let command = entrant.command(dir.path(), ADDRESS.parse().unwrap()).unwrap();
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    let mut configuration = String::new();
    for entry in fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            assert!(configuration.is_empty(), "one file is enough");
            configuration = fs::read_to_string(path).unwrap();
        }
    }
    let place = dir.path().to_string_lossy().into_owned();
    (words.join(" ").replace(&place, "DIR"), configuration.replace(&place, "DIR"))
}

#[test]
fn each_is_started_with_its_own_words() {
    let expected = [
        (Contender::Chappe, "--config DIR/chappe.toml --data-dir DIR/data --listen 127.0.0.1:7501 serve"),
        (Contender::Rnostr, "relay -c DIR/rnostr.toml"),
        (Contender::NostrRsRelay, "--config DIR/config.toml"),
        (Contender::Strfry, "--config=DIR/strfry.conf relay"),
    ];
    for (contender, words) in expected {
        assert_eq!(started(contender).0, words);
    }
}

#[test]
fn each_peer_listens_where_it_should_keeps_its_data_there_and_takes_large_messages() {
    let expected: [(Contender, &[&str]); 3] = [
        (Contender::Rnostr, &["path = \"DIR/data\"", "host = \"127.0.0.1\"", "max_message_length = 1048576"]),
        (
            Contender::NostrRsRelay,
            &["data_directory = \"DIR\"", "address = \"127.0.0.1\"", "max_event_bytes = 1048576"],
        ),
        (
            Contender::Strfry,
            &["db = \"DIR/db/\"", "bind = \"127.0.0.1\"", "maxWebsocketPayloadSize = 1048576"],
        ),
    ];
    for (contender, lines) in expected {
        let configuration = started(contender).1;
        for line in lines.iter().chain(&["port = 7501"]) {
            let there = configuration.lines().any(|there| there.trim() == *line);
            assert!(there, "{line} is missing in\n{configuration}");
        }
    }
}

#[test]
fn what_is_no_relay_is_no_entrant() {
    assert!(Entrant::ours(PathBuf::from("/nowhere/chappe")).is_err());
}
