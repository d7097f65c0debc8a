use super::{NODE_LEAST, node_version};

#[test]
fn versions_of_node_are_compared_by_their_numbers() {
    for (answer, is_new_enough) in [
        ("v18.20.4\n", false),
        ("v9.11.2\n", false),
        ("v20.9.0\n", false),
        ("v20.19.0\n", true),
        ("v24.21.0\n", true),
        ("v100.0.0-nightly\n", true),
        ("20.19.0\n", false),
        ("v24\n", false),
        ("", false),
    ] {
        assert_eq!(node_version(answer) >= Some(NODE_LEAST), is_new_enough, "{answer:?}");
    }
}
