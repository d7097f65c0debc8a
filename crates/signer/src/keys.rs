//! A key pair of the program's own, and what it signs.

use std::fmt;

use chappe_codec::{Controls, append_event, append_preimage};
use chappe_protocol::{Event, EventHead, EventId, Kind, PublicKey, Signature, Tags, TagsWriter, Timestamp};
use secp256k1::{Keypair, schnorr};
use sha2::{Digest, Sha256};

/// A key pair that events are signed by. It is no person's.
pub struct Keys {
    pair: Keypair,
    public: PublicKey,
}

/// Never shows the secret.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("public", &self.public).finish_non_exhaustive()
    }
}

impl Keys {
    /// All but one in 2^127 runs of 32 bytes are a secret key. They have to be ones that nobody can guess.
    #[must_use]
    pub fn from_secret(secret: [u8; 32]) -> Option<Self> {
        let pair = Keypair::from_secret_bytes(secret).ok()?;
        let public = PublicKey::from_bytes(pair.x_only_public_key().0.to_byte_array());
        Some(Self { pair, public })
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> PublicKey {
        self.public
    }

    /// The secret key.
    #[must_use]
    pub fn secret(&self) -> [u8; 32] {
        self.pair.to_secret_bytes()
    }

    pub(crate) const fn pair(&self) -> &Keypair {
        &self.pair
    }

    /// Makes an event, in canonical JSON and ready for the wire. The tags have to be short: they are the program's own.
    #[must_use]
    pub fn sign<S: AsRef<str>>(
        &self,
        kind: Kind,
        created_at: Timestamp,
        tags: &[Vec<S>],
        content: &str,
    ) -> Vec<u8> {
        let mut packed = Vec::new();
        let mut writer = TagsWriter::new(&mut packed);
        for tag in tags {
            writer.begin_tag();
            let fits = tag.iter().all(|string| writer.string(string.as_ref().as_bytes())) && writer.end_tag();
            debug_assert!(fits, "the program's own tags are short");
        }
        let head = EventHead {
            id: EventId::from_bytes([0; 32]),
            pubkey: self.public,
            created_at,
            kind,
            tags: Tags::from_packed(&packed),
        };
        let mut event = Event { head, content, sig: Signature::from_bytes([0; 64]) };
        let mut bytes = Vec::new();
        append_preimage(&mut bytes, &event, Controls::Escaped);
        event.head.id = EventId::from_bytes(Sha256::digest(&bytes).into());
        let signature = schnorr::sign_no_aux_rand(event.head.id.as_bytes(), &self.pair);
        event.sig = Signature::from_bytes(signature.to_byte_array());
        bytes.clear();
        append_event(&mut bytes, &event);
        bytes
    }
}
