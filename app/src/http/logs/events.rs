//! Lines of the log as server-sent events (HTML standard, section 9.2).

use std::io::Write;

use crate::log::Part;

/// A comment, which says that the stream is alive.
pub(super) const SIGN_OF_LIFE: &[u8] = b":\n\n";

/// Tells a reader where it is, without telling it anything else: no event comes of it.
pub(super) fn append_place(out: &mut Vec<u8>, place: u64) {
    put(out, format_args!("id: {place}\n\n"));
}

/// Appends an event for each line; its id is the place behind it. Before them, what was missed.
pub(super) fn append_events(out: &mut Vec<u8>, part: &Part) {
    let mut place = part.start();
    if part.is_other_run {
        put(out, format_args!("event: restarted\nid: {place}\ndata: this log began anew\n\n"));
    }
    if part.missed > 0 {
        put(out, format_args!("event: missed\nid: {place}\ndata: {}\n\n", part.missed));
    }
    for line in part.lines.split_inclusive(|&byte| byte == b'\n') {
        place += line.len() as u64;
        put(out, format_args!("id: {place}\n"));
        // A carriage return ends a line, too: the reader puts the pieces together again, with line feeds.
        for piece in line.strip_suffix(b"\n").unwrap_or(line).split(|&byte| byte == b'\r') {
            out.extend_from_slice(b"data: ");
            out.extend_from_slice(piece);
            out.push(b'\n');
        }
        out.push(b'\n');
    }
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing into a vector cannot fail.
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(part: &Part) -> String {
        let mut out = Vec::new();
        append_events(&mut out, part);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_line_is_an_event_with_the_place_behind_it() {
        let part = Part { lines: b"one\n\ntwo\rhalves\n".to_vec(), end: 116, ..Part::default() };
        let expected = "id: 104\ndata: one\n\nid: 105\ndata: \n\nid: 116\ndata: two\ndata: halves\n\n";
        assert_eq!(events(&part), expected);
        assert_eq!(events(&Part { end: 7, ..Part::default() }), "");
    }

    #[test]
    fn what_was_missed_comes_first() {
        let part = Part { missed: 12, lines: b"on\n".to_vec(), end: 103, ..Part::default() };
        assert_eq!(events(&part), "event: missed\nid: 100\ndata: 12\n\nid: 103\ndata: on\n\n");
        let part = Part { is_other_run: true, missed: 12, lines: Vec::new(), end: 5 };
        assert_eq!(
            events(&part),
            "event: restarted\nid: 5\ndata: this log began anew\n\nevent: missed\nid: 5\ndata: 12\n\n"
        );
    }

    #[test]
    fn a_place_alone_is_no_event() {
        let mut out = Vec::new();
        append_place(&mut out, 12);
        assert_eq!(out, b"id: 12\n\n");
    }
}
