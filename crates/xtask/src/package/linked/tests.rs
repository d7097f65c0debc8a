use clap::{Args, FromArgMatches};

use super::CLibrary;
use crate::package::Options;

/// What a command line asks for, if it can be understood.
fn asked(line: &str) -> Option<Option<CLibrary>> {
    let command = Options::augment_args(clap::Command::new("package").no_binary_name(true));
    let matches = command.try_get_matches_from(line.split_whitespace()).ok()?;
    Options::from_arg_matches(&matches).ok().map(|options| options.static_with)
}

#[test]
fn a_library_may_be_chosen_for_what_is_static() {
    assert_eq!(asked(""), Some(None));
    assert_eq!(asked("--static"), Some(Some(CLibrary::Gnu)));
    assert_eq!(asked("--static=gnu"), Some(Some(CLibrary::Gnu)));
    assert_eq!(asked("--static=musl"), Some(Some(CLibrary::Musl)));
    assert_eq!(asked("--static=dietlibc"), None);
    assert_eq!(asked("--static musl"), None, "a word of its own is something else");
}

#[test]
fn systems_are_called_as_rust_calls_them() {
    assert_eq!(CLibrary::Gnu.system("x86_64"), "x86_64-unknown-linux-gnu");
    assert_eq!(CLibrary::Musl.system("aarch64"), "aarch64-unknown-linux-musl");
}
