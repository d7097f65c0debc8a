use chappe_testkit::Rng;

use super::*;

const FIRST: u64 = 1_000_000;

fn history(bytes_max: usize) -> History {
    History::beginning_at(bytes_max, FIRST)
}

fn lines(part: &Part) -> &str {
    str::from_utf8(&part.lines).unwrap()
}

#[test]
fn whole_lines_are_told_with_their_places() {
    let history = history(12);
    assert_eq!(history.all(), Part { end: FIRST, ..Part::default() });
    history.write(b"one\n");
    history.write(b"two\n");
    let all = history.all();
    assert_eq!((lines(&all), all.start(), all.end, all.missed), ("one\ntwo\n", FIRST, FIRST + 8, 0));
    // Overruns the first line by half.
    history.write(b"three\n");
    let all = history.all();
    assert_eq!((lines(&all), all.start(), all.end, all.missed), ("two\nthree\n", FIRST + 4, FIRST + 14, 4));
    // Larger than the ring: of the line only an end is kept, which is none.
    history.write(b"much longer than that\n");
    let all = history.all();
    assert_eq!((lines(&all), all.end, all.missed), ("", FIRST + 36, 36));
}

#[test]
fn a_reader_goes_on_where_another_stopped() {
    let history = history(100);
    history.write(b"one\ntwo\n");
    let mut reader = history.reader(Some(0));
    let first = reader.next().unwrap();
    assert_eq!((lines(&first), first.missed, first.is_other_run), ("one\ntwo\n", 0, false));
    assert_eq!(reader.next(), None);
    assert!(history.reader(Some(first.end)).next().is_none());
    history.write(b"three\n");
    for reader in [&mut reader, &mut history.reader(Some(first.end))] {
        let part = reader.next().unwrap();
        assert_eq!((lines(&part), part.start(), part.missed), ("three\n", first.end, 0));
        assert_eq!(reader.next(), None);
    }
    let late = history.reader(None).next();
    assert_eq!(late, None, "only what comes now");
}

#[test]
fn who_comes_too_late_is_told_how_much_was_missed() {
    let history = history(10);
    history.write(b"one\n");
    let mut reader = history.reader(Some(FIRST));
    history.write(b"two\nthree\n");
    // What is kept begins with the second line, but nobody can tell that it is its start.
    let part = reader.next().unwrap();
    assert_eq!((part.missed, lines(&part), part.end), (8, "three\n", FIRST + 14));
    assert_eq!(part.start(), FIRST + 8);
    // From the start on, that is as much.
    assert_eq!(history.reader(Some(0)).next().unwrap().missed, 8);
}

#[test]
fn a_line_that_was_read_by_half_counts_as_missed_as_a_whole() {
    let history = history(2 * Ring::PIECE_BYTES_MAX);
    let long = [vec![b'x'; Ring::PIECE_BYTES_MAX + 100], b"\n".to_vec()].concat();
    let mut reader = history.reader(Some(0));
    let mut out = Vec::new();
    history.write(&long);
    assert!(reader.read_piece(&mut out) && out.is_empty());
    history.write(&long);
    history.write(&vec![b'y'; Ring::PIECE_BYTES_MAX]);
    history.write(b"\nlast\n");
    let mut missed = 0;
    let mut told = String::new();
    while let Some(part) = reader.next() {
        missed += part.missed;
        told.push_str(lines(&part));
    }
    assert!(told.ends_with("\nlast\n") && !told.contains('x'), "{}", told.len());
    assert_eq!(missed + told.len() as u64, 2 * long.len() as u64 + Ring::PIECE_BYTES_MAX as u64 + 6);
}

#[test]
fn places_of_another_run_are_told_apart() {
    let history = history(100);
    history.write(b"one\n");
    for place in [1, FIRST - 1, FIRST + 5, u64::MAX] {
        let part = history.reader(Some(place)).next().unwrap();
        assert!(part.is_other_run && part.lines.is_empty() && part.end == FIRST, "{place}: {part:?}");
    }
    let mut reader = history.reader(Some(7));
    assert!(reader.next().unwrap().is_other_run);
    let part = reader.next().unwrap();
    assert_eq!((part.is_other_run, lines(&part)), (false, "one\n"));
    for place in [0, FIRST, FIRST + 4] {
        assert!(history.reader(Some(place)).next().is_none_or(|part| !part.is_other_run), "{place}");
    }
}

#[test]
fn runs_have_places_of_their_own() {
    let earlier = History::new(10);
    earlier.write(b"0123456789\n");
    let place = earlier.all().end;
    std::thread::sleep(std::time::Duration::from_millis(1));
    let later = History::new(10);
    assert!(later.reader(Some(place)).next().unwrap().is_other_run);
}

/// Against a model that forgets nothing: what is told and what is said to be missed is everything, in order, once.
#[test]
fn what_is_told_and_what_is_missed_is_all_there_was() {
    for seed in 0..200 {
        let mut rng = Rng::new(seed);
        let bytes_max = *rng.pick(&[20, 100, 1_000, 40_000]);
        let (history, mut all) = (history(bytes_max), Vec::new());
        let mut reader = history.reader(Some(FIRST));
        for _ in 0..150 {
            if rng.below(3) > 0 {
                let line = random_line(&mut rng, bytes_max);
                history.write(&line);
                all.extend_from_slice(&line);
                continue;
            }
            let before = usize::try_from(reader.place() - FIRST).unwrap();
            let read = read_all(&mut reader, &all, before);
            assert_eq!(read, all.len(), "seed {seed}");
            if rng.below(4) == 0 {
                // It is cut off, and another goes on from the last place.
                reader = history.reader(Some(reader.place()));
            }
            check_all(&history.all(), &all);
        }
    }
}

fn random_line(rng: &mut Rng, bytes_max: usize) -> Vec<u8> {
    let length = rng.below(*rng.clone().pick(&[2, 20, bytes_max / 3 + 1, 2 * bytes_max]));
    let letters = (0..length).map(|_| b'a' + rng.bits().to_le_bytes()[0] % 26);
    letters.chain([b'\n']).collect()
}

/// Reads to the end and gives the model's offset that it came to.
fn read_all(reader: &mut Reader, all: &[u8], before: usize) -> usize {
    let mut at = before;
    let kept = all.len().saturating_sub(reader.history.ring.bytes_max());
    while let Some(part) = reader.next() {
        assert!(!part.is_other_run && (part.missed > 0 || !part.lines.is_empty()));
        assert!(part.missed == 0 || at < kept, "nothing is missed that the ring holds");
        at += usize::try_from(part.missed).unwrap();
        assert_eq!(part.start(), FIRST + at as u64);
        assert_eq!(part.lines, all[at..at + part.lines.len()]);
        assert!(part.lines.is_empty() || part.lines.ends_with(b"\n"));
        assert!(at == 0 || all[at - 1] == b'\n', "lines are whole");
        at += part.lines.len();
        assert_eq!(part.end, FIRST + at as u64);
    }
    at
}

fn check_all(told: &Part, all: &[u8]) {
    let start = usize::try_from(told.start() - FIRST).unwrap();
    assert_eq!((told.lines.as_slice(), told.end), (&all[start..], FIRST + all.len() as u64));
    assert!(start == 0 || all[start - 1] == b'\n');
    assert_eq!(told.missed, start as u64);
}
