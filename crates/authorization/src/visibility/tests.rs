use chappe_protocol::{Kind, Timestamp};
use chappe_testkit::{EventBuilder, Keys};

use super::*;

fn viewer(keys: &[&Keys]) -> Viewer {
    let mut viewer = Viewer::anonymous();
    keys.iter().for_each(|keys| viewer.add(keys.public()).unwrap());
    viewer
}

#[test]
fn private_kinds_are_for_their_author_and_recipients() {
    let [author, recipient, second, stranger] = [1, 2, 3, 4].map(Keys::from_seed);
    let viewers = [
        ("nobody", viewer(&[]), false),
        ("author", viewer(&[&author]), true),
        ("recipient", viewer(&[&recipient]), true),
        ("second recipient", viewer(&[&second]), true),
        ("stranger", viewer(&[&stranger]), false),
        ("stranger and recipient", viewer(&[&stranger, &recipient]), true),
        ("several strangers", viewer(&[&stranger, &Keys::from_seed(5)]), false),
    ];
    for kind in [0, 1, 3, 4, 5, 12, 13, 14, 15, 16, 1058, 1059, 1060, 1061, 10_050, 20_000, 30_023] {
        let is_private = [4, 13, 14, 15, 1059, 1060].contains(&kind);
        // Junk before the recipients must not end the search; other tags with the key give no right.
        let event = EventBuilder::new(kind)
            .tag(&["p"])
            .tag(&["p", "junk"])
            .tag(&["p", &recipient.hex()])
            .tag(&["p", &second.hex(), "wss://relay.example.com"])
            .tag(&["P", &stranger.hex()])
            .tag(&["e", &stranger.hex()])
            .tag(&["p", "", &stranger.hex()])
            .sign(&author);
        for (name, viewer, involved) in &viewers {
            let expected = *involved || !is_private;
            assert_eq!(can_see(&Access::default(), viewer, &event.head()), expected, "{name}, kind {kind}");
        }
    }
}

#[test]
fn a_gift_wrap_without_recipient_is_for_its_author() {
    let (author, stranger) = (Keys::from_seed(1), Keys::from_seed(2));
    let event = EventBuilder::new(1059).sign(&author);
    assert!(can_see(&Access::default(), &viewer(&[&author]), &event.head()));
    assert!(!can_see(&Access::default(), &viewer(&[&stranger]), &event.head()));
}

#[test]
fn the_operator_says_which_kinds_are_private() {
    let event = EventBuilder::new(1059).sign(&Keys::from_seed(1));
    let note = EventBuilder::new(1).sign(&Keys::from_seed(1));
    let none = Access { private_kinds: Vec::new(), ..Access::default() };
    assert!(can_see(&none, &Viewer::anonymous(), &event.head()));
    let notes = Access { private_kinds: vec![Kind(1)], ..Access::default() };
    assert!(!can_see(&notes, &Viewer::anonymous(), &note.head()));
}

#[test]
fn asking_for_private_kinds_alone_needs_auth() {
    let kinds = |kinds: &[u16]| Filter {
        kinds: Some(kinds.iter().copied().map(Kind).collect()),
        ..Filter::default()
    };
    let backwards = Filter { since: Some(Timestamp(2)), until: Some(Timestamp(1)), ..Filter::default() };
    let by_id =
        Filter { ids: Some(vec![EventBuilder::new(4).sign(&Keys::from_seed(1)).id()]), ..Filter::default() };
    let limited = Filter { limit: Some(0), ..kinds(&[1059]) };
    let needs_auth = Err(AskDenied::PrivateNeedsAuth);
    let table = [
        ("direct messages", vec![kinds(&[4])], needs_auth),
        ("gift wraps", vec![kinds(&[1059])], needs_auth),
        ("only live ones", vec![limited], needs_auth),
        ("several private kinds", vec![kinds(&[4, 1059, 1060])], needs_auth),
        ("several such filters", vec![kinds(&[4]), kinds(&[1059])], needs_auth),
        ("beside a filter that never matches", vec![kinds(&[4]), kinds(&[]), backwards.clone()], needs_auth),
        ("mixed kinds", vec![kinds(&[1, 4])], Ok(())),
        ("mixed filters", vec![kinds(&[4]), kinds(&[1])], Ok(())),
        ("mixed the other way round", vec![kinds(&[1]), kinds(&[4])], Ok(())),
        ("everything", vec![Filter::default()], Ok(())),
        ("by id", vec![by_id], Ok(())),
        ("public kinds", vec![kinds(&[0, 1])], Ok(())),
        ("no kind at all", vec![kinds(&[])], Ok(())),
        ("a window that never was", vec![backwards], Ok(())),
        ("no filter", vec![], Ok(())),
    ];
    for (name, filters, expected) in table {
        assert_eq!(may_ask(&Access::default(), &Viewer::anonymous(), &filters), expected, "{name}");
        let signed_in = viewer(&[&Keys::from_seed(9)]);
        assert_eq!(may_ask(&Access::default(), &signed_in, &filters), Ok(()), "{name}, signed in");
    }
}

#[test]
fn the_no_has_its_words() {
    let words = "auth-required: events of these kinds are shown to their author and recipients only";
    assert_eq!(Refusal::from(AskDenied::PrivateNeedsAuth).to_string(), words);
}
