use std::sync::Arc;

use chappe_protocol::Kind;
use chappe_testkit::{EventBuilder, Keys};

use super::*;
use crate::testing::{event, head, key, keys, policy};
use crate::{Curating, Mode, Settings, Shadow, Standing};

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
    let private = |kinds: &[u16]| {
        let private_kinds = kinds.iter().copied().map(Kind).collect();
        Access::new(Settings { private_kinds, ..Settings::default() })
    };
    let none = private(&[]);
    assert!(can_see(&none, &Viewer::anonymous(), &event.head()));
    let notes = private(&[1]);
    assert!(!can_see(&notes, &Viewer::anonymous(), &note.head()));
}

/// People: 1 owner, 2 admin, 3 moderator, 4 stranger, 5 banned, 6 blacklisted, 7 author of a banned event, 8 author.
fn moderated(mode: Mode) -> Access {
    let standing = Standing {
        banned_keys: keys([1, 5]),
        blacklisted_keys: keys([6]),
        banned_events: [head(1, 7).id].into_iter().collect(),
        ..Standing::default()
    };
    let settings =
        Settings { mode, owners: keys([1]), admins: keys([2]), moderators: keys([3]), ..Settings::default() };
    Access::new(settings).with_standing(Arc::new(standing))
}

#[test]
fn what_is_banned_is_hidden_from_all_but_those_who_moderate() {
    let curating = moderated(Mode::Curating(Curating::default()));
    let open = moderated(Mode::Open);
    let everybody: [&[u8]; 6] = [&[], &[1], &[2], &[3], &[4], &[8]];
    for (access, name) in [(&curating, "curating"), (&open, "open")] {
        for signed_in in everybody {
            let viewer = crate::testing::viewer(signed_in);
            let moderates = matches!(signed_in, [1..=3]);
            let sees = |kind, author| can_see(access, &viewer, &head(kind, author));
            assert_eq!(sees(1, 5), moderates, "banned key, {signed_in:?}");
            assert_eq!(sees(1, 7), moderates, "banned event, {signed_in:?}");
            assert_eq!(sees(1, 6), moderates || name == "open", "blacklisted key, {signed_in:?}, {name}");
            assert!(sees(1, 8), "{signed_in:?}");
            assert!(sees(1, 1), "an owner cannot be banned, {signed_in:?}");
            assert_eq!(sees(4, 8), signed_in == [8], "private, {signed_in:?}");
        }
    }
    let both = crate::testing::viewer(&[4, 3]);
    assert!(can_see(&open, &both, &head(1, 5)), "one role is enough");
}

#[test]
fn a_banned_viewer_sees_nothing() {
    let access = moderated(Mode::Open);
    for signed_in in [&[5][..], &[4, 5], &[3, 5], &[1, 5]] {
        let viewer = crate::testing::viewer(signed_in);
        for kind in [0, 1, 4, 24_133] {
            assert!(!can_see(&access, &viewer, &head(kind, 8)), "{signed_in:?}, kind {kind}");
        }
    }
}

#[test]
fn where_reading_needs_auth_only_exempt_kinds_are_shown_before() {
    let settings = Settings { auth_read: Gate::SignedIn, ..Settings::default() };
    let access = Access::new(settings);
    for kind in [0, 1, 4, 13_194, 23_195, 24_133, 30_023] {
        let is_exempt = [13_194, 23_195, 24_133].contains(&kind);
        let sees = |signed_in: &[u8]| can_see(&access, &crate::testing::viewer(signed_in), &head(kind, 8));
        assert_eq!(sees(&[]), is_exempt, "kind {kind}");
        assert_eq!(sees(&[4]), kind != 4, "kind {kind}");
    }
}

#[test]
fn the_policy_file_binds_everybody_but_owners() {
    let file = r#"{
        "default_policy": "allow",
        "owners": ["OWNER"],
        "kind": {"blacklist": [7]},
        "rules": {"30023": {"read_allow": ["READER"]}, "1059": {"read_allow": ["READER"]}}
    }"#;
    let file = file.replace("OWNER", &key(9).to_string()).replace("READER", &key(4).to_string());
    let access = moderated(Mode::Open).with_policy(policy(&file));
    let table: [(u16, &[u8], bool); 11] = [
        (1, &[], true),
        (7, &[], false),
        (7, &[2], false),
        (7, &[1], true),
        (7, &[9], true),
        (30_023, &[], false),
        (30_023, &[2], false),
        (30_023, &[8], false),
        (30_023, &[4], true),
        // Both rules hold: a reader who is no party to it does not see it, and a party who is no reader neither.
        (1059, &[4], false),
        (1059, &[8], false),
    ];
    for (kind, signed_in, expected) in table {
        let viewer = crate::testing::viewer(signed_in);
        assert_eq!(can_see(&access, &viewer, &head(kind, 8)), expected, "kind {kind}, {signed_in:?}");
    }
    assert!(
        can_see(&access, &crate::testing::viewer(&[4, 8]), &head(1059, 8)),
        "both keys on one connection"
    );
}

#[test]
fn a_shadow_is_asked_about_reading_and_changes_nothing() {
    let shadow = policy(r#"{"default_policy": "allow", "kind": {"blacklist": [1]}}"#);
    let shadow = Arc::new(Shadow::new(chappe_policy::Policy::clone(&shadow)));
    let access = Access::default().with_shadow(Some(Arc::clone(&shadow)));
    assert!(can_see(&access, &Viewer::anonymous(), &event(1, 1).head()));
    assert!(can_see(&access, &Viewer::anonymous(), &event(0, 1).head()));
    assert_eq!((shadow.reads().agreed, shadow.reads().only_shadow_denies), (1, 1));
    assert_eq!(shadow.writes().agreed, 0);
}
