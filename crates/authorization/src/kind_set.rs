//! Sets of kinds, and the words for them in a configuration.

use std::fmt;
use std::ops::RangeInclusive;

use chappe_protocol::Kind;

/// A set of kinds, as sorted ranges that neither touch nor overlap: a binary search to find one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KindSet(Box<[RangeInclusive<u16>]>);

/// A word in a list of kinds that is no number, range or category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindSetError {
    /// The word.
    pub word: String,
}

impl fmt::Display for KindSetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = CATEGORIES.iter().map(|category| category.name).collect();
        write!(
            f,
            "{:?} is no kind (0 to 65535), no range of kinds (\"30000-39999\") and none of the categories {}",
            self.word,
            names.join(", ")
        )
    }
}

impl std::error::Error for KindSetError {}

/// Kinds that go together, by one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Category {
    /// The name in a configuration.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub about: &'static str,
    /// Its kinds, in any order.
    pub kinds: &'static [RangeInclusive<u16>],
}

/// The categories that [`KindSet::parse`] knows.
pub const CATEGORIES: &[Category] = &[
    Category {
        name: "social",
        about: "profiles, notes, follow lists, reposts, reactions, comments, reports, relay lists (NIP-01, 02, 18, 22, 25, 56, 65)",
        kinds: &[0..=1, 3..=3, 5..=7, 16..=16, 1111..=1111, 1984..=1984, 10_002..=10_002],
    },
    Category {
        name: "dm",
        about: "direct messages, seals, gift wraps, lists of DM relays (NIP-04, 17, 59)",
        kinds: &[4..=4, 13..=15, 1059..=1060, 10_050..=10_050],
    },
    Category {
        name: "longform",
        about: "articles, their drafts, highlights (NIP-23, 37, 84)",
        kinds: &[9802..=9802, 30_023..=30_024, 31_234..=31_234],
    },
    Category {
        name: "wiki",
        about: "wiki articles, merge requests and redirects (NIP-54)",
        kinds: &[818..=818, 10_102..=10_102, 30_818..=30_819],
    },
    Category {
        name: "lists",
        about: "lists and sets (NIP-51)",
        kinds: &[
            10_000..=10_099,
            10_101..=10_102,
            30_000..=30_007,
            30_015..=30_015,
            30_030..=30_030,
            39_089..=39_089,
            39_092..=39_092,
        ],
    },
    Category {
        name: "media",
        about: "pictures, videos, files, voice messages (NIP-68, 71, 94, A0)",
        kinds: &[20..=22, 1063..=1063, 1222..=1222, 1244..=1244, 34_235..=34_236],
    },
    Category {
        name: "chat",
        about: "public channels, chat messages, threads, group events (NIP-28, 7D, C7, 29)",
        kinds: &[9..=9, 11..=11, 40..=44, 9000..=9030, 39_000..=39_009],
    },
    Category {
        name: "live",
        about: "live streams and their chat, meeting rooms (NIP-53)",
        kinds: &[1311..=1311, 10_312..=10_312, 30_311..=30_313],
    },
    Category {
        name: "calendar",
        about: "calendars, their events and answers to them (NIP-52)",
        kinds: &[31_922..=31_925],
    },
    Category {
        name: "marketplace",
        about: "stalls, products, auctions, bids, classified listings (NIP-15, 99)",
        kinds: &[1021..=1022, 30_017..=30_020, 30_402..=30_403],
    },
    Category {
        name: "payments",
        about: "zaps, zap goals, nutzaps, wallet connect, wallets (NIP-47, 57, 60, 61, 75)",
        kinds: &[
            7374..=7376,
            9041..=9041,
            9321..=9321,
            9734..=9735,
            10_019..=10_019,
            13_194..=13_194,
            17_375..=17_375,
            23_194..=23_197,
        ],
    },
    Category {
        name: "git",
        about: "repositories, patches, issues, their states (NIP-34)",
        kinds: &[1617..=1622, 1630..=1633, 10_317..=10_317, 30_617..=30_618],
    },
    Category {
        name: "apps",
        about: "application data, handlers, remote signing (NIP-46, 78, 89)",
        kinds: &[24_133..=24_133, 30_078..=30_078, 31_989..=31_990],
    },
];

impl KindSet {
    /// Every kind there is.
    #[must_use]
    pub fn all() -> Self {
        Self(Box::new([0..=u16::MAX]))
    }

    /// Takes ranges in any order, which may overlap.
    #[must_use]
    pub fn from_ranges(ranges: impl IntoIterator<Item = RangeInclusive<u16>>) -> Self {
        let mut ranges: Vec<_> = ranges.into_iter().filter(|range| !range.is_empty()).collect();
        ranges.sort_unstable_by_key(|range| *range.start());
        let mut merged: Vec<RangeInclusive<u16>> = Vec::new();
        for range in ranges {
            match merged.last_mut() {
                Some(last) if *range.start() <= last.end().saturating_add(1) => {
                    *last = *last.start()..=*last.end().max(range.end());
                }
                Some(_) | None => merged.push(range),
            }
        }
        Self(merged.into())
    }

    /// Reads the words of a configuration: kinds (`"1"`), ranges with both ends (`"30000-39999"`), and the names of
    /// [`CATEGORIES`]. No words give the empty set.
    ///
    /// # Errors
    ///
    /// [`KindSetError`] with the first word that is none of these.
    pub fn parse<S: AsRef<str>>(words: &[S]) -> Result<Self, KindSetError> {
        let mut ranges = Vec::new();
        for word in words.iter().map(AsRef::as_ref) {
            match CATEGORIES.iter().find(|category| category.name == word) {
                Some(category) => ranges.extend_from_slice(category.kinds),
                None => ranges.push(range(word).ok_or_else(|| KindSetError { word: word.to_owned() })?),
            }
        }
        Ok(Self::from_ranges(ranges))
    }

    /// Whether the kind is in the set.
    #[must_use]
    pub fn contains(&self, kind: Kind) -> bool {
        let after = self.0.partition_point(|range| *range.start() <= kind.0);
        after.checked_sub(1).and_then(|place| self.0.get(place)).is_some_and(|range| range.contains(&kind.0))
    }

    /// Whether no kind is in the set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The kinds, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Kind> {
        self.0.iter().cloned().flatten().map(Kind)
    }
}

impl FromIterator<Kind> for KindSet {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        Self::from_ranges(kinds.into_iter().map(|kind| kind.0..=kind.0))
    }
}

fn range(word: &str) -> Option<RangeInclusive<u16>> {
    let kind =
        |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?;
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let range = kind(first)?..=kind(last)?;
    (!range.is_empty()).then_some(range)
}

#[cfg(test)]
mod tests;
