use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    options: Options,
}

#[test]
fn the_command_line_is_understood() {
    let read = |line: &str| Line::try_parse_from(line.split(' '));
    let options =
        read("peers --out /tmp/here --only mix,home --peers rnostr,nostr-rs-relay --runs 3").unwrap().options;
    assert_eq!(options.only, [Step::Mix, Step::Home]);
    assert_eq!(options.peers, [Contender::Rnostr, Contender::NostrRsRelay]);
    // Ours is always there, and is no peer.
    for wrong in
        ["peers", "peers --out a --peers chappe", "peers --out a --runs 0", "peers --out a --only all"]
    {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_asks_brings_the_ingest_along_and_the_order_stays() {
    assert_eq!(steps(&[]), Step::ALL);
    assert_eq!(steps(&[Step::Home, Step::Mix]), [Step::Ingest, Step::Mix, Step::Home]);
    assert_eq!(steps(&[Step::Idle, Step::Live]), [Step::Live, Step::Idle]);
}

#[test]
fn another_relay_begins_in_each_run() {
    let entrants = [Contender::Chappe, Contender::Rnostr, Contender::Strfry]
        .map(|contender| Entrant::of_version(contender, "1"));
    let names = |run| in_turn(&entrants, run).map(|entrant| entrant.contender.name()).collect::<Vec<_>>();
    assert_eq!(names(0), ["Chappe", "rnostr", "strfry"]);
    assert_eq!(names(1), ["rnostr", "strfry", "Chappe"]);
    assert_eq!(names(5), ["strfry", "Chappe", "rnostr"]);
}
