use super::*;

#[test]
fn a_line_goes_to_the_whole_and_to_its_part() {
    let histories = Histories::new(1_000);
    let tee = Tee::new(&histories, false);
    tee.line(Component::Store).write_all(b"stored\n").unwrap();
    tee.line(Component::Plugins).write_all(b"asked\n").unwrap();
    assert_eq!(histories.whole.all().lines, b"stored\nasked\n");
    assert_eq!(histories.of(Component::Store).all().lines, b"stored\n");
    assert_eq!(histories.of(Component::Plugins).all().lines, b"asked\n");
    assert_eq!(histories.of(Component::Process).all().lines, b"");
}

#[test]
fn colours_are_for_the_terminal() {
    let histories = Histories::new(1_000);
    let tee = Tee::new(&histories, true);
    tee.line(Component::Store).write_all(b"\x1b[2m2026\x1b[0m \x1b[32m INFO\x1b[0m mmm\n").unwrap();
    assert_eq!(histories.whole.all().lines, b"2026  INFO mmm\n");
    for (coloured, plain) in [("", ""), ("\x1b", ""), ("a\x1b[", "a["), ("\x1b[0m", "")] {
        let mut out = Vec::new();
        append_plain(coloured.as_bytes(), &mut out);
        assert_eq!(out, plain.as_bytes(), "{coloured:?}");
    }
}
