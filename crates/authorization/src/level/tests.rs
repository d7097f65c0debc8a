use std::sync::Arc;

use chappe_policy::Follows;

use super::*;
use crate::testing::{key, keys, viewer};
use crate::{Curating, Delay, Settings, Social, Standing};

/// 1 owner, 2 admin, 3 moderator, 4 on every list there is, 5 banned, 6 blacklisted, 7 stranger, 8 banned admin.
fn access(mode: Mode, auth_read: Gate, auth_write: Gate) -> Access {
    let settings = Settings {
        mode,
        auth_read,
        auth_write,
        owners: keys([1]),
        admins: keys([2, 8]),
        moderators: keys([3]),
        ..Settings::default()
    };
    let standing = Standing {
        banned_keys: keys([5, 8]),
        allowed_keys: keys([4]),
        trusted_keys: keys([4]),
        blacklisted_keys: keys([6]),
        members: [(key(4), vec![])].into_iter().collect(),
        ..Standing::default()
    };
    // The owner's list does not count: the mode goes by the admins'.
    let follows = Follows::new([(key(2), keys([4])), (key(1), keys([7]))].into_iter());
    Access::new(settings).with_standing(Arc::new(standing)).with_follows(Arc::new(follows))
}

#[test]
fn each_mode_gives_its_levels() {
    use Level::{None, Read, Write};
    let delay = Delay { step: std::time::Duration::ZERO, max: std::time::Duration::ZERO };
    // 4 listed, 6 blacklisted, 7 stranger, nobody signed in.
    let table = [
        (Mode::Open, [Write, Write, Write, Write]),
        (Mode::Follows(Strangers::Refuse), [Write, Read, Read, Read]),
        (Mode::Follows(Strangers::Delay(delay)), [Write, Write, Write, Write]),
        (Mode::Managed, [Write, Read, Read, Read]),
        (Mode::Curating(Curating::default()), [Write, Read, Write, Write]),
        (Mode::Social(Social::default()), [Write, Write, Write, Write]),
        (Mode::Members, [Write, Read, Read, Read]),
    ];
    for (mode, expected) in table {
        let access = access(mode.clone(), Gate::Open, Gate::Open);
        let level = |people: &[u8]| access.level(&viewer(people));
        assert_eq!([level(&[4]), level(&[6]), level(&[7]), level(&[])], expected, "{mode:?}");
        let roles = [level(&[1]), level(&[2]), level(&[3]), level(&[5]), level(&[8])];
        assert_eq!(roles, [Level::Owner, Level::Admin, Write, None, None], "{mode:?}");
        assert_eq!([level(&[7, 2]), level(&[7, 5]), level(&[1, 5])], [Level::Admin, None, None], "{mode:?}");
    }
}

#[test]
fn gates_lower_the_level_of_those_who_have_not_signed_in() {
    let table = [
        (Gate::Open, Gate::Open, Level::Write),
        (Gate::Open, Gate::SignedIn, Level::Read),
        (Gate::SignedIn, Gate::Open, Level::None),
        (Gate::SignedIn, Gate::SignedIn, Level::None),
    ];
    for (auth_read, auth_write, expected) in table {
        let access = access(Mode::Open, auth_read, auth_write);
        assert_eq!(access.level(&Viewer::anonymous()), expected, "{auth_read:?} {auth_write:?}");
        assert_eq!(access.level(&viewer(&[7])), Level::Write, "{auth_read:?} {auth_write:?}");
    }
}

#[test]
fn roles_are_those_of_the_settings_unless_banned() {
    let access = access(Mode::Open, Gate::Open, Gate::Open);
    let roles = [1, 2, 3, 4, 5, 8].map(|number| access.role(&key(number)));
    let expected = [Some(Role::Owner), Some(Role::Admin), Some(Role::Moderator), None, None, None];
    assert_eq!(roles, expected);
    assert_eq!(access.role_of(&viewer(&[4, 3, 2])), Some(Role::Admin));
    assert_eq!(access.role_of(&Viewer::anonymous()), None);
    assert!(Role::Moderator < Role::Admin && Role::Admin < Role::Owner);
    let words = [Role::Moderator, Role::Admin, Role::Owner].map(|role| role.to_string());
    assert_eq!(words, ["moderator", "admin", "owner"]);
}
