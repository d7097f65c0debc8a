use std::io::Read;

use chappe_store::Options;
use chappe_testkit::{Corpus, EventBuilder, Keys, TestEvent};

use super::*;

const NOW: u64 = 1_700_000_000;

fn store(directory: &Path) -> Store {
    let options = Options { map_bytes: 64 << 20, map_reserve_bytes: 1 << 20, ..Options::default() };
    Store::open(directory, &options).unwrap()
}

fn import_text(store: &Store, input: impl Read + 'static) -> (Report, Result<(), Stopped>) {
    import(
        &Config::default(),
        store,
        &Clock::system(),
        Input::new(input, None).unwrap(),
        &mut Progress::silent(),
    )
}

fn import_events(events: &[&TestEvent]) -> Report {
    let directory = tempfile::tempdir().unwrap();
    let lines: String = events.iter().map(|event| event.json() + "\n").collect();
    let (report, done) = import_text(&store(directory.path()), io::Cursor::new(lines));
    done.unwrap();
    report
}

fn note(content: &str) -> EventBuilder {
    EventBuilder::new(1).created_at(NOW).content(content)
}

#[test]
fn every_line_is_in_one_count() {
    let (author, other) = (Keys::from_seed(1), Keys::from_seed(2));
    let first = note("first").sign(&author);
    let profile = |at| EventBuilder::new(0).created_at(at).content("{}").sign(&author);
    let report = import_events(&[
        &first,
        &first,
        &profile(NOW),
        &profile(NOW - 1),
        &note("gone").sign(&other),
        &EventBuilder::new(5)
            .created_at(NOW)
            .tag(&["e", &note("gone").sign(&other).id().to_string()])
            .sign(&other),
        &note("gone").sign(&other),
        &EventBuilder::new(20_001).created_at(NOW).sign(&author),
        &note("forged").sign(&author).with_wrong_sig(),
        &note("forged").sign(&author).with_wrong_id(&author),
    ]);
    assert_eq!(report.lines, 10);
    let kept = (report.stored, report.duplicates, report.superseded, report.deleted);
    assert_eq!((kept, report.ephemeral, report.refused()), ((4, 1, 1, 1), 1, 2));
}

#[test]
fn age_is_no_matter_but_expiry_is() {
    let author = Keys::from_seed(1);
    let report = import_events(&[
        &EventBuilder::new(1).created_at(1).sign(&author),
        &EventBuilder::new(1).created_at(32_000_000_000).sign(&author),
        &note("gone by now").tag(&["expiration", "1700000001"]).sign(&author),
        &note("the operator may bring it").tag(&["-"]).sign(&author),
    ]);
    assert_eq!((report.stored, report.refused()), (3, 1));
    assert!(report.to_string().contains("(line 3)"), "{report}");
}

#[test]
fn bad_lines_are_told_and_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let good = note("good").sign(&Keys::from_seed(1)).json();
    let input = format!("{{\n\nnull\n{good}\r\n[]\n\u{7f}\n{{}}\n{{}}\n{{}}\n{{}}\n{{}}\n{{}}\n{good}");
    let (report, done) = import_text(&store(directory.path()), io::Cursor::new(input));
    done.unwrap();
    assert_eq!((report.lines, report.stored, report.duplicates, report.refused()), (13, 1, 1, 10));
    assert!(report.to_string().contains("(line 7, 8, 9, 10, 11, ...)"), "{report}");
}

#[test]
fn endless_line_is_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let good = note("good").sign(&Keys::from_seed(1)).json();
    let long = io::repeat(b'x').take(lines::LINE_BYTES_MAX as u64 + 5);
    let input = long.chain(b"\n".as_slice()).chain(io::Cursor::new(good));
    let (report, done) = import_text(&store(directory.path()), input);
    done.unwrap();
    assert_eq!((report.lines, report.stored, report.refused()), (2, 1, 1));
    assert!(report.to_string().contains("the line is too long (line 1)"), "{report}");
}

#[test]
fn what_came_before_a_broken_input_is_kept() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the cable is out"))
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let good = note("good").sign(&Keys::from_seed(1)).json() + "\n";
    let (report, done) = import_text(&store(directory.path()), io::Cursor::new(good).chain(Broken));
    assert!(matches!(done, Err(Stopped::Input(_))));
    assert_eq!(report.stored, 1);
}

#[test]
fn full_store_stops_the_import() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { map_bytes: 2 << 20, map_reserve_bytes: 1 << 20, ..Options::default() };
    let store = Store::open(directory.path(), &options).unwrap();
    let corpus = Corpus::plain(7, 5_000, 20);
    let lines: String = corpus.events.iter().map(|event| event.json() + "\n").collect();
    let (report, done) = import_text(&store, io::Cursor::new(lines));
    assert!(matches!(done, Err(Stopped::Store(_))), "{report}");
    assert!(report.uncommitted > 0);
    assert_eq!(store.usage().unwrap().events, report.stored);
}
