//! Key pairs.

use chappe_protocol::{EventId, PublicKey, Signature};
use secp256k1::{Keypair, schnorr};

use crate::Rng;

/// A person: a key pair made from a seed.
#[derive(Debug, Clone)]
pub struct Keys {
    pair: Keypair,
}

impl Keys {
    /// The key pair of this seed.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        // All but one in 2^127 runs of 32 bytes are a secret key.
        let secret = Rng::new(seed).bytes32();
        Self { pair: Keypair::from_secret_bytes(secret).expect("a secret key") }
    }

    /// The public key, as events carry it.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey::from_bytes(self.pair.x_only_public_key().0.to_byte_array())
    }

    /// The public key in hex, as tags carry it.
    #[must_use]
    pub fn hex(&self) -> String {
        self.public().to_string()
    }

    /// Signs an id (BIP-340, without randomness of its own, so that the same seed gives the same signature).
    #[must_use]
    pub fn sign(&self, id: &EventId) -> Signature {
        Signature::from_bytes(schnorr::sign_no_aux_rand(id.as_bytes(), &self.pair).to_byte_array())
    }
}
