//! Words, links and cipher texts.

use crate::Rng;

const WORDS: &[&str] = &[
    "the",
    "a",
    "of",
    "relay",
    "note",
    "zap",
    "and",
    "morning",
    "coffee",
    "GM",
    "bitcoin",
    "signal",
    "tower",
    "station",
    "to",
    "is",
    "on",
    "we",
    "they",
    "nostr",
    "client",
    "event",
    "\"quoted\"",
    "back\\slash",
    "\n\n",
    "\t",
    "été",
    "Größe",
    "привет",
    "こんにちは",
    "你好",
    "مرحبا",
    "🤙",
    "👩‍💻",
    "e\u{301}",
    "https://example.com/p?q=1&r=2",
    "nostr:npub1",
    "#asknostr",
    "10,000",
    "</b>",
    "\u{200b}",
];

const TOPICS: &[&str] =
    &["nostr", "bitcoin", "rust", "asknostr", "photography", "Kunst", "日本", "grownostr"];

/// Makes texts by chance.
pub(super) struct Text<'a>(pub(super) &'a mut Rng);

impl Text<'_> {
    /// About so many bytes, or much less, or now and then much more.
    pub(super) fn length(&mut self, usual: usize) -> usize {
        match self.0.below(20) {
            0 => usual * 8,
            1..=4 => usual / 8,
            _ => usual / 2 + self.0.below(usual),
        }
    }

    /// At least so many bytes of words.
    pub(super) fn prose(&mut self, bytes: usize) -> String {
        let mut text = String::new();
        while text.len() < bytes {
            text.push_str(WORDS[self.0.below(WORDS.len())]);
            text.push(' ');
        }
        text
    }

    pub(super) fn topic(&mut self) -> &'static str {
        TOPICS[self.0.below(TOPICS.len())]
    }

    pub(super) fn url(&mut self) -> String {
        format!("wss://relay{}.example.com/", self.0.below(40))
    }

    /// So many characters of base64.
    pub(super) fn cipher(&mut self, chars: usize) -> String {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        (0..chars).map(|_| char::from(*self.0.pick(ALPHABET))).collect()
    }
}
