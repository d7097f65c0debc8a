use super::{TABLE, Tree, faults};

const NIP01: &str = "#[tokio::test]\nasync fn stored_is_ok() {}\n\nfn not_a_test() {}\n";
const CODEC: &str = "#[test]\n#[expect(clippy::x, reason = \"y\")]\nfn lone_surrogates() {}\n";

fn house(table: &str) -> Tree {
    Tree::of(&[
        (TABLE, table),
        ("tests/src/nip01.rs", NIP01),
        ("tests/src/nip42/keys.rs", "#[test]\nfn two_keys() {}\n"),
        ("crates/codec/src/decode/tests.rs", CODEC),
        ("app/src/http/tests.rs", "#[test]\nfn nip11() {}\n"),
    ])
}

#[test]
fn every_way_to_name_a_test_is_followed() {
    let table = "| case | test |\n|---|---|\n| a | `nip01::stored_is_ok` |\n| b | `codec: lone_surrogates`, \
        `nip42::two_keys` |\n| c | `codec::decode::tests::lone_surrogates` |\n| d | `app: nip11` |\n\n\
        | limit | default |\n|---|---|\n| x | 5 |\n";
    assert_eq!(faults(&house(table)), []);
}

#[test]
fn rows_without_a_test_are_found() {
    let cases = [
        ("", "names no test"),
        ("soon", "names no test"),
        ("`nip01::gone`", "no test `nip01::gone`"),
        ("`nip01::not_a_test`", "no test `nip01::not_a_test`"),
        ("`nip01::stored_is`", "no test"),
        ("`nip02::stored_is_ok`", "no test"),
        ("`stored_is_ok`", "no test"),
        ("`codec: lone_surrogates`, `codec: gone`", "no test `codec: gone`"),
    ];
    for (cell, fault) in cases {
        let found = faults(&house(&format!("# T\n\n| case | Tests |\n|:--|--:|\n| a | {cell} |\n")));
        let as_expected = found.len() == 1 && found[0].line == 5 && found[0].text.contains(fault);
        assert!(as_expected, "{cell:?} gave {found:?}, not {fault:?}");
    }
}

#[test]
fn a_document_without_rows_is_a_fault() {
    assert_eq!(faults(&house("| case | answer |\n|---|---|\n| a | b |\n")).len(), 1);
    assert_eq!(faults(&Tree::of(&[])).len(), 1);
}
