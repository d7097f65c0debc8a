use super::*;

fn pack(tags: &[&[&str]]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut writer = TagsWriter::new(&mut packed);
    for tag in tags {
        assert!(writer.tag(tag));
    }
    packed
}

#[test]
fn what_was_written_is_read_back() {
    let tags: &[&[&str]] = &[&["e", "one", "wss://x"], &[], &["-"], &["t", "", "é"]];
    let packed = pack(tags);
    let read: Vec<Vec<&[u8]>> =
        Tags::from_packed(&packed).iter().map(|tag| tag.strings().collect()).collect();
    let expected: Vec<Vec<&[u8]>> =
        tags.iter().map(|tag| tag.iter().map(|string| string.as_bytes()).collect()).collect();
    assert_eq!(read, expected);
}

#[test]
fn only_single_letters_with_a_value_are_indexed() {
    let packed = pack(&[&["e", "1"], &["e"], &["alt", "x"], &["é", "x"], &["1", "x"], &["-"], &["P", ""]]);
    let indexed: Vec<_> = Tags::from_packed(&packed).indexed().collect();
    assert_eq!(indexed, [(b'e', b"1".as_slice()), (b'P', b"")]);
}

#[test]
fn a_cut_run_reads_as_its_whole_tags() {
    let packed = pack(&[&["e", "one"], &["p", "two"]]);
    let whole = pack(&[&["e", "one"]]).len();
    for end in 0..packed.len() {
        let count = Tags::from_packed(&packed[..end]).iter().count();
        assert_eq!(count, usize::from(end >= whole), "cut at {end}");
    }
}

#[test]
fn the_packed_form_is_what_storage_md_draws() {
    assert_eq!(pack(&[&["d", "ab"]]), b"\x02\x00\x0b\x00\x00\x00\x01\x00\x00\x00d\x02\x00\x00\x00ab");
}
