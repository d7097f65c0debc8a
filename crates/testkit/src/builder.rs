//! Makes events.

use chappe_protocol::EventId;
use sha2::{Digest, Sha256};

use crate::event::{IdControls, Unsigned};
use crate::{Keys, TestEvent};

/// What an event will be, before it is signed.
#[derive(Debug, Clone)]
pub struct EventBuilder {
    kind: u16,
    created_at: u64,
    tags: Vec<Vec<String>>,
    content: String,
    controls: IdControls,
    work_bits: u32,
}

impl EventBuilder {
    /// An event of this kind without tags and text, made at second 1,700,000,000 (November 2023).
    #[must_use]
    pub const fn new(kind: u16) -> Self {
        Self {
            kind,
            created_at: 1_700_000_000,
            tags: Vec::new(),
            content: String::new(),
            controls: IdControls::Escaped,
            work_bits: 0,
        }
    }

    /// Made at another time, in seconds since the epoch.
    #[must_use]
    pub const fn created_at(mut self, seconds: u64) -> Self {
        self.created_at = seconds;
        self
    }

    /// With one more tag.
    #[must_use]
    pub fn tag<S: AsRef<str>>(mut self, strings: &[S]) -> Self {
        self.tags.push(strings.iter().map(|string| string.as_ref().to_owned()).collect());
        self
    }

    /// With another text.
    #[must_use]
    pub fn content(mut self, content: impl Into<String>) -> Self {
        self.content = content.into();
        self
    }

    /// With an id over control characters as they are, by the letter of NIP-01, instead of over `\u0001` and its like.
    #[must_use]
    pub const fn id_over_verbatim_controls(mut self) -> Self {
        self.controls = IdControls::Verbatim;
        self
    }

    /// With proof of work (NIP-13): an id of at least so many leading zero bits, committed to. Costs 2^bits hashes.
    #[must_use]
    pub fn mined(self, bits: u32) -> Self {
        self.mined_with(bits, &["nonce", "0", &bits.to_string()])
    }

    /// With proof of work and a `nonce` tag of one's own making, whose second string is counted up.
    #[must_use]
    pub fn mined_with<S: AsRef<str>>(mut self, bits: u32, nonce: &[S]) -> Self {
        self.work_bits = bits;
        self.tag(nonce)
    }

    /// Computes the id and signs it.
    #[must_use]
    pub fn sign(self, keys: &Keys) -> TestEvent {
        let Self { kind, created_at, tags, content, controls, work_bits } = self;
        let mut unsigned = Unsigned { pubkey: keys.public(), created_at, kind, tags, content };
        let mut id = unsigned.id(controls);
        let mut nonce = 0_u64;
        while zero_bits(&id) < work_bits {
            nonce += 1;
            let tag = unsigned
                .tags
                .iter_mut()
                .find(|tag| tag.first().is_some_and(|name| name == "nonce"))
                .expect("mined_with() added it");
            tag[1] = nonce.to_string();
            id = unsigned.id(controls);
        }
        unsigned.sealed(id, keys.sign(&id))
    }
}

/// A client's answer to a challenge (NIP-42), ready to be signed.
#[must_use]
pub fn auth_event(relay: &str, challenge: &str, created_at: u64) -> EventBuilder {
    EventBuilder::new(22242).created_at(created_at).tag(&["relay", relay]).tag(&["challenge", challenge])
}

/// What authorizes an HTTP request with a body (NIP-98), ready to be signed.
#[must_use]
pub fn http_auth_event(url: &str, method: &str, body: &[u8], created_at: u64) -> EventBuilder {
    let digest = EventId::from_bytes(Sha256::digest(body).into()).to_string();
    let event = EventBuilder::new(27235).created_at(created_at);
    event.tag(&["u", url]).tag(&["method", method]).tag(&["payload", &digest])
}

fn zero_bits(id: &EventId) -> u32 {
    let mut bits = 0;
    for byte in id.as_bytes() {
        bits += byte.leading_zeros();
        if *byte != 0 {
            break;
        }
    }
    bits
}
