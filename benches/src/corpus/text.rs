//! Words to fill events with.

use chappe_testkit::Rng;

const WORDS: &[&str] = &[
    "the",
    "relay",
    "a",
    "tower",
    "sees",
    "its",
    "neighbour",
    "and",
    "passes",
    "message",
    "on",
    "before",
    "sunset",
    "to",
    "Lille",
    "in",
    "nine",
    "minutes",
    "signal",
    "clear",
    "today",
    "coffee",
    "first",
    "then",
    "weather",
    "\u{2600}",
    "gm",
    "who",
    "reads",
    "this",
    "why",
    "not",
    "\u{e9}t\u{e9}",
    "t\u{e9}l\u{e9}graphe",
    "\u{3053}\u{3093}",
    "block",
    "height",
    "sats",
    "#nostr",
    "keys",
    "of",
    "my",
    "own",
    "said:",
    "\"never",
    "again\"",
    "\n\n",
    "https://example.com/p",
];

/// About as many bytes of words, some of which need escapes in JSON.
pub(super) fn prose(rng: &mut Rng, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 24);
    while text.len() < bytes {
        if !text.is_empty() {
            text.push(' ');
        }
        let word: &&str = rng.pick(WORDS);
        text.push_str(word);
    }
    text
}

/// As many characters of base64.
pub(super) fn cipher(rng: &mut Rng, chars: usize) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (0..chars).map(|_| char::from(*rng.pick(alphabet))).collect()
}

/// A hashtag, a few of them far more often than the others.
pub(super) fn topic(rng: &mut Rng) -> &'static str {
    const TOPICS: &[&str] =
        &["nostr", "bitcoin", "art", "photography", "grownostr", "music", "food", "telegraph"];
    let bound = 1 + rng.below(TOPICS.len());
    TOPICS[rng.below(bound)]
}

pub(super) fn url(rng: &mut Rng) -> String {
    format!("wss://relay-{}.example.com/{}", rng.below(300), rng.below(10))
}
