//! A rule, compiled.

use std::fmt;

use chappe_protocol::Kind;
use regex::bytes::{Regex, RegexBuilder};

use crate::{Direction, Field, KeySet, Rate};

/// What one rule of the file says. Nothing by default: an empty list and a missing bound restrict nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) write_allow: KeySet,
    pub(crate) write_deny: KeySet,
    pub(crate) read_allow: KeySet,
    pub(crate) read_deny: KeySet,
    pub(crate) privileged: bool,
    pub(crate) write_allow_follows: bool,
    pub(crate) follows_whitelist_admins: KeySet,
    pub(crate) read_follows_whitelist: KeySet,
    pub(crate) write_follows_whitelist: KeySet,
    pub(crate) write_allow_if_tagged: KeySet,
    /// The global rule's alone.
    pub(crate) read_allow_permissive: bool,
    /// The global rule's alone.
    pub(crate) write_allow_permissive: bool,
    /// Bytes.
    pub(crate) size_limit: Option<u64>,
    /// Bytes.
    pub(crate) content_limit: Option<u64>,
    /// Seconds.
    pub(crate) max_age_of_event: Option<u64>,
    /// Seconds.
    pub(crate) max_age_event_in_future: Option<u64>,
    /// Seconds after `created_at`, and which of the two fields says so.
    pub(crate) max_expiry: Option<(Field, u64)>,
    pub(crate) must_have_tags: Names,
    pub(crate) allowed_tags: Names,
    pub(crate) tag_validation: Box<[(Box<str>, Pattern)]>,
    pub(crate) identifier_regex: Option<Pattern>,
    pub(crate) protected_required: bool,
    pub(crate) rate_limit: Option<Rate>,
    pub(crate) script: Option<Box<str>>,
}

impl Rule {
    /// The first field that makes the direction one for chosen keys only; none when everybody may.
    pub(crate) fn restriction(&self, direction: Direction) -> Option<Field> {
        let write = [
            (Field::WriteAllow, !self.write_allow.is_empty()),
            (Field::WriteAllowFollows, self.write_allow_follows),
            (Field::FollowsWhitelistAdmins, !self.follows_whitelist_admins.is_empty()),
            (Field::WriteFollowsWhitelist, !self.write_follows_whitelist.is_empty()),
            (Field::WriteAllowIfTagged, !self.write_allow_if_tagged.is_empty()),
        ];
        let read = [
            (Field::ReadAllow, !self.read_allow.is_empty()),
            (Field::WriteAllowFollows, self.write_allow_follows),
            (Field::FollowsWhitelistAdmins, !self.follows_whitelist_admins.is_empty()),
            (Field::ReadFollowsWhitelist, !self.read_follows_whitelist.is_empty()),
            (Field::Privileged, self.privileged),
        ];
        let fields = match direction {
            Direction::Write => write,
            Direction::Read => read,
        };
        fields.into_iter().find(|(_, present)| *present).map(|(field, _)| field)
    }

    /// The key lists of the rule, with their fields.
    pub(crate) const fn key_lists(&self) -> [(Field, &KeySet); 8] {
        [
            (Field::WriteAllow, &self.write_allow),
            (Field::WriteDeny, &self.write_deny),
            (Field::ReadAllow, &self.read_allow),
            (Field::ReadDeny, &self.read_deny),
            (Field::FollowsWhitelistAdmins, &self.follows_whitelist_admins),
            (Field::ReadFollowsWhitelist, &self.read_follows_whitelist),
            (Field::WriteFollowsWhitelist, &self.write_follows_whitelist),
            (Field::WriteAllowIfTagged, &self.write_allow_if_tagged),
        ]
    }

    /// The upper bounds of the rule, with their fields. A higher one allows more.
    pub(crate) fn bounds(&self) -> [(Field, Option<u64>); 6] {
        let (expiry_field, expiry) = self.max_expiry.unzip();
        [
            (Field::SizeLimit, self.size_limit),
            (Field::ContentLimit, self.content_limit),
            (Field::MaxAgeOfEvent, self.max_age_of_event),
            (Field::MaxAgeEventInFuture, self.max_age_event_in_future),
            (expiry_field.unwrap_or(Field::MaxExpiryDuration), expiry),
            (Field::RateLimit, self.rate_limit.map(|rate| rate.per_minute.into())),
        ]
    }
}

/// `kind.whitelist` and `kind.blacklist`, sorted. An empty list restricts nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KindLists {
    pub(crate) whitelist: Box<[Kind]>,
    pub(crate) blacklist: Box<[Kind]>,
}

/// Tag names, sorted. Most tags have a name of one letter, for which a bit is enough.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Names {
    all: Box<[Box<str>]>,
    /// One bit for each ASCII character that is a name.
    letters: u128,
}

impl Names {
    pub(crate) fn contains(&self, name: &[u8]) -> bool {
        match name {
            [letter @ 0..128] => self.letters >> letter & 1 == 1,
            _ => self.all.binary_search_by(|candidate| candidate.as_bytes().cmp(name)).is_ok(),
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|name| &**name)
    }
}

impl FromIterator<Box<str>> for Names {
    fn from_iter<I: IntoIterator<Item = Box<str>>>(names: I) -> Self {
        let mut names: Vec<_> = names.into_iter().collect();
        names.sort_unstable();
        names.dedup();
        let letters = names.iter().fold(0, |letters, name| match name.as_bytes() {
            [letter @ 0..128] => letters | 1 << letter,
            _ => letters,
        });
        Self { all: names.into(), letters }
    }
}

/// A regex and its text. It matches anywhere in a value, unless `^` and `$` say otherwise.
#[derive(Clone)]
pub(crate) struct Pattern {
    text: Box<str>,
    regex: Regex,
}

impl Pattern {
    /// How large a regex may become when it is compiled.
    const BYTES_MAX: usize = 1 << 20;
    /// How much a regex may remember of the states it met, for each thread that uses it.
    const CACHE_BYTES_MAX: usize = 256 << 10;

    /// Compiles it. The engine's time grows with the value's length alone, whatever the regex.
    ///
    /// # Errors
    ///
    /// Says what is wrong, in one line.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let regex = RegexBuilder::new(text)
            .size_limit(Self::BYTES_MAX)
            .dfa_size_limit(Self::CACHE_BYTES_MAX)
            .build()
            .map_err(|error| in_one_line(&error))?;
        Ok(Self { text: text.into(), regex })
    }

    pub(crate) fn matches(&self, value: &[u8]) -> bool {
        self.regex.is_match(value)
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// A syntax error comes with a drawing of the place; its last line says what is wrong.
fn in_one_line(error: &regex::Error) -> String {
    if let regex::Error::CompiledTooBig(bytes) = error {
        return format!(
            "becomes larger than {bytes} bytes when compiled: repeat less, or repeat smaller classes"
        );
    }
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim().trim_start_matches("error: ").to_owned()
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}
