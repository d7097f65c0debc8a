use chappe_testkit::{EventBuilder, Keys};

use super::*;

#[test]
fn a_repost_may_not_carry_a_protected_event() {
    let alice = Keys::from_seed(1);
    let open = EventBuilder::new(1).content("{\"-\"}").tag(&["t", "-"]).sign(&alice).json();
    let protected =
        EventBuilder::new(1).content("members only").tag(&["t", "x"]).tag(&["-"]).sign(&alice).json();
    let escaped = protected.replace("\"-\"", "\"\\u002d\"");
    let escaped_large = protected.replace("\"-\"", "\"\\u002D\"");
    assert_ne!(escaped, protected);
    let spaced = format!(" {} ", protected.replace(',', " ,\n"));
    let refused = Err(Invalid::EmbedsProtected);
    let table = [
        ("repost", 6, protected.as_str(), refused),
        ("generic repost", 16, &protected, refused),
        ("escaped", 6, &escaped, refused),
        ("escaped in capitals", 16, &escaped_large, refused),
        ("with white space", 6, &spaced, refused),
        ("open event", 6, &open, Ok(())),
        ("nothing", 6, "", Ok(())),
        ("text", 6, "see \"-\" here", Ok(())),
        ("cut short", 6, &protected[..protected.len() - 1], Ok(())),
        ("quoted in a note", 1, &protected, Ok(())),
    ];
    for (name, kind, content, expected) in table {
        let event = EventBuilder::new(kind).content(content).sign(&alice);
        assert_eq!(check(&event.event()), expected, "{name}");
    }
}
