//! An event that owns its parts, and its wrong variants.

use std::io;

use chappe_protocol::{Event, EventHead, EventId, Kind, PublicKey, Signature, Tags, TagsWriter, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};
use sha2::{Digest, Sha256};

use crate::Keys;

/// An event that owns its parts; [`crate::EventBuilder`] makes one.
///
/// The `with_*` functions make it wrong in one way each, and leave all else as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestEvent {
    id: EventId,
    pubkey: PublicKey,
    created_at: u64,
    kind: u16,
    tags: Vec<Vec<String>>,
    content: String,
    sig: Signature,
    packed_tags: Vec<u8>,
}

/// How an id's serialisation writes control characters that have no short escape (U+0001 and its like).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdControls {
    /// `\u0001`, as JSON.stringify does.
    Escaped,
    /// As they are, by the letter of NIP-01.
    Verbatim,
}

/// The parts that an id is computed from.
#[derive(Debug, Clone)]
pub(crate) struct Unsigned {
    pub(crate) pubkey: PublicKey,
    pub(crate) created_at: u64,
    pub(crate) kind: u16,
    pub(crate) tags: Vec<Vec<String>>,
    pub(crate) content: String,
}

impl Unsigned {
    pub(crate) fn id(&self, controls: IdControls) -> EventId {
        let parts = (0, self.pubkey.to_string(), self.created_at, self.kind, &self.tags, &self.content);
        let mut preimage = Vec::new();
        match controls {
            IdControls::Escaped => parts.serialize(&mut Serializer::new(&mut preimage)),
            IdControls::Verbatim => {
                parts.serialize(&mut Serializer::with_formatter(&mut preimage, VerbatimControls))
            }
        }
        .expect("text and numbers become JSON");
        EventId::from_bytes(Sha256::digest(&preimage).into())
    }

    pub(crate) fn sealed(self, id: EventId, sig: Signature) -> TestEvent {
        let mut packed_tags = Vec::new();
        let mut writer = TagsWriter::new(&mut packed_tags);
        for tag in &self.tags {
            assert!(writer.tag(tag), "a tag holds at most 65,535 strings");
        }
        let Self { pubkey, created_at, kind, tags, content } = self;
        TestEvent { id, pubkey, created_at, kind, tags, content, sig, packed_tags }
    }
}

struct VerbatimControls;

impl Formatter for VerbatimControls {
    fn write_char_escape<W: io::Write + ?Sized>(
        &mut self,
        out: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        if let CharEscape::AsciiControl(byte) = escape {
            return out.write_all(&[byte]);
        }
        CompactFormatter.write_char_escape(out, escape)
    }
}

impl TestEvent {
    /// An event that a relay sent, as it claims to be.
    #[must_use]
    pub fn from_json(event: &Value) -> Self {
        let text = |field: &str| event[field].as_str().expect("a string");
        let number = |field: &str| event[field].as_u64().expect("a number");
        let tags = event["tags"].as_array().expect("a list of tags").iter();
        let unsigned = Unsigned {
            pubkey: PublicKey::from_hex(text("pubkey").as_bytes()).expect("a key"),
            created_at: number("created_at"),
            kind: u16::try_from(number("kind")).expect("a kind"),
            tags: tags.map(|tag| Vec::deserialize(tag).expect("strings")).collect(),
            content: text("content").to_owned(),
        };
        let id = EventId::from_hex(text("id").as_bytes()).expect("an id");
        unsigned.sealed(id, Signature::from_hex(text("sig").as_bytes()).expect("a signature"))
    }

    /// The view that the relay's functions take.
    #[must_use]
    pub fn event(&self) -> Event<'_> {
        Event { head: self.head(), content: &self.content, sig: self.sig }
    }

    /// The view without content and signature.
    #[must_use]
    pub fn head(&self) -> EventHead<'_> {
        EventHead {
            id: self.id,
            pubkey: self.pubkey,
            created_at: Timestamp(self.created_at),
            kind: Kind(self.kind),
            tags: Tags::from_packed(&self.packed_tags),
        }
    }

    /// The id, as claimed.
    #[must_use]
    pub const fn id(&self) -> EventId {
        self.id
    }

    /// The author, as claimed.
    #[must_use]
    pub const fn pubkey(&self) -> PublicKey {
        self.pubkey
    }

    /// Seconds since the epoch.
    #[must_use]
    pub const fn created_at(&self) -> u64 {
        self.created_at
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> u16 {
        self.kind
    }

    /// The tags, as lists of strings.
    #[must_use]
    pub fn tags(&self) -> &[Vec<String>] {
        &self.tags
    }

    /// The values of all tags with this name.
    pub fn tag_values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.tags
            .iter()
            .filter(move |tag| tag.first().is_some_and(|first| first == name))
            .filter_map(|tag| tag.get(1))
            .map(String::as_str)
    }

    /// The text.
    #[must_use]
    pub fn content(&self) -> &str {
        &self.content
    }

    /// The canonical JSON on the wire: fields in the order id, pubkey, created_at, kind, tags, content, sig.
    #[must_use]
    pub fn json(&self) -> String {
        format!(
            r#"{{"id":"{}","pubkey":"{}","created_at":{},"kind":{},"tags":{},"content":{},"sig":"{}"}}"#,
            self.id,
            self.pubkey,
            self.created_at,
            self.kind,
            json(&self.tags),
            json(&self.content),
            self.sig,
        )
    }

    /// The message that publishes it: `["EVENT",{...}]`.
    #[must_use]
    pub fn message(&self) -> String {
        format!(r#"["EVENT",{}]"#, self.json())
    }

    /// The message that signs in with it: `["AUTH",{...}]` (NIP-42).
    #[must_use]
    pub fn auth_message(&self) -> String {
        format!(r#"["AUTH",{}]"#, self.json())
    }

    /// The message that delivers it: `["EVENT","subscription",{...}]`.
    #[must_use]
    pub fn delivery(&self, subscription: &str) -> String {
        format!(r#"["EVENT",{},{}]"#, json(&subscription), self.json())
    }

    /// With an id that is not its own, and the author's true signature over that id.
    #[must_use]
    pub fn with_wrong_id(mut self, keys: &Keys) -> Self {
        let mut id = *self.id.as_bytes();
        id[31] ^= 1;
        self.id = EventId::from_bytes(id);
        self.sig = keys.sign(&self.id);
        self
    }

    /// With one bit of the signature turned.
    #[must_use]
    pub fn with_wrong_sig(mut self) -> Self {
        let mut sig = *self.sig.as_bytes();
        sig[63] ^= 1;
        self.sig = Signature::from_bytes(sig);
        self
    }

    /// With the signature of somebody else.
    #[must_use]
    pub fn with_sig_by(mut self, other: &Keys) -> Self {
        self.sig = other.sign(&self.id);
        self
    }

    /// With another author, the id that goes with it, and the old signature.
    #[must_use]
    pub fn with_author(self, pubkey: PublicKey) -> Self {
        let Self { created_at, kind, tags, content, sig, .. } = self;
        let unsigned = Unsigned { pubkey, created_at, kind, tags, content };
        let id = unsigned.id(IdControls::Escaped);
        unsigned.sealed(id, sig)
    }

    /// With another text under the old id and signature.
    #[must_use]
    pub fn with_content(mut self, content: &str) -> Self {
        content.clone_into(&mut self.content);
        self
    }
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("text and numbers become JSON")
}

#[cfg(test)]
mod tests;
