//! The way from a claim to evidence.

use chappe_codec::{Controls, append_preimage, has_bare_controls};
use chappe_counters::Counters;
use chappe_protocol::{Event, EventHead, PublicKey, Timestamp};
use secp256k1::{XOnlyPublicKey, schnorr};
use sha2::{Digest, Sha256};

use crate::known_keys::KnownKeys;
use crate::{Invalid, Rules};

/// An event whose id and signature are right and which keeps the [`Rules`] it was held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified<'a>(Event<'a>);

impl<'a> Verified<'a> {
    /// The event.
    #[must_use]
    pub const fn event(&self) -> Event<'a> {
        self.0
    }

    /// The event without content and signature.
    #[must_use]
    pub const fn head(&self) -> EventHead<'a> {
        self.0.head
    }
}

/// Makes events [`Verified`].
///
/// It remembers the keys of authors seen lately, and nothing else of them; libsecp256k1 keeps one context a thread, made at
/// that thread's first signature.
#[derive(Debug, Default)]
pub struct Verifier {
    keys: KnownKeys,
    /// How often an author's key was at hand, and how often not.
    found: Counters<2>,
}

/// How often the author of an event had been seen lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyLookups {
    /// So that the key was at hand.
    pub hits: u64,
    /// Or not, so that it had to be made ready once more.
    pub misses: u64,
}

impl Verifier {
    /// Makes one; any number of threads may share it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Holds the event against the rules, its id against its fields and its signature against its author's key, in
    /// this order: a signature costs a hundred times as much as all else together.
    ///
    /// `buffer` is working memory: its content is lost, and while its capacity holds the event's serialisation
    /// nothing is allocated (but for reposts that seem to embed a protected event).
    ///
    /// # Errors
    ///
    /// The first [`Invalid`] that was found. No kind is exempt from any check.
    pub fn verify<'a>(
        &self,
        event: Event<'a>,
        rules: &Rules,
        now: Timestamp,
        buffer: &mut Vec<u8>,
    ) -> Result<Verified<'a>, Invalid> {
        rules.check(&event, now)?;
        check_id(&event, buffer)?;
        self.check_author(&event)?;
        Ok(Verified(event))
    }

    /// What remembering keys was good for so far.
    #[must_use]
    pub fn key_lookups(&self) -> KeyLookups {
        let [hits, misses] = self.found.sums();
        KeyLookups { hits, misses }
    }

    /// As [`check_signature`], with the author's key at hand if it was seen lately.
    fn check_author(&self, event: &Event<'_>) -> Result<(), Invalid> {
        let author = &event.head.pubkey;
        let known = self.keys.find(author);
        self.found.count(usize::from(known.is_none()));
        let key = known.map_or_else(|| parse(author), Ok)?;
        check_signature_by(event, &key)?;
        if known.is_none() {
            self.keys.keep(author, key);
        }
        Ok(())
    }
}

/// Holds the id against the event's fields, and nothing else. Clients serialise control characters in two ways; the id
/// may be of either. `buffer` is working memory.
///
/// # Errors
///
/// [`Invalid::WrongId`].
pub fn check_id(event: &Event<'_>, buffer: &mut Vec<u8>) -> Result<(), Invalid> {
    let mut has_id = |controls| {
        buffer.clear();
        append_preimage(buffer, event, controls);
        Sha256::digest(buffer.as_slice()).as_slice() == event.head.id.as_bytes()
    };
    let right = has_id(Controls::Escaped) || (has_bare_controls(event) && has_id(Controls::Verbatim));
    if right { Ok(()) } else { Err(Invalid::WrongId) }
}

/// BIP-340, over the id as it stands: [`check_id`] says whether it is the event's.
///
/// # Errors
///
/// [`Invalid::NoSuchKey`] and [`Invalid::WrongSignature`].
pub fn check_signature(event: &Event<'_>) -> Result<(), Invalid> {
    check_signature_by(event, &parse(&event.head.pubkey)?)
}

fn check_signature_by(event: &Event<'_>, key: &XOnlyPublicKey) -> Result<(), Invalid> {
    let signature = schnorr::Signature::from_byte_array(*event.sig.as_bytes());
    schnorr::verify(&signature, event.head.id.as_bytes(), key).map_err(|_| Invalid::WrongSignature)
}

fn parse(key: &PublicKey) -> Result<XOnlyPublicKey, Invalid> {
    XOnlyPublicKey::from_byte_array(*key.as_bytes()).map_err(|_| Invalid::NoSuchKey)
}

#[cfg(test)]
mod tests;
