//! What is asked of a signer, and what it answers.

use std::fmt;

use chappe_protocol::{Kind, PublicKey, Timestamp};
use serde_json::{Value, json};

use crate::Keys;
use crate::nip44::ConversationKey;

/// NIP-46: both sides speak in events of this kind, which nobody stores.
const REMOTE_SIGNING: Kind = Kind(24_133);

/// One side of conversations with signers. Its key is made for it and good for nothing else.
#[derive(Debug)]
pub struct Client(Keys);

/// Why something cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsayable {
    /// The other's key is none: no point of the curve.
    NoKey,
    /// It is empty, or longer than 65,535 bytes.
    Length,
}

/// What a signer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Whose key the message was encrypted and signed by.
    pub from: PublicKey,
    /// The name of what it answers.
    pub id: String,
    /// The answer.
    pub said: Said,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// What was asked for.
    Result(String),
    /// Why there is none.
    Error(String),
    /// The person has to go to this address first; the answer comes later.
    AuthUrl(String),
}

impl fmt::Display for Unsayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoKey => "the signer's key is no public key",
            Self::Length => "it is too long for a remote signer",
        })
    }
}

impl std::error::Error for Unsayable {}

impl Client {
    /// All but one in 2^127 runs of 32 bytes are a secret key. They have to be ones that nobody can guess.
    #[must_use]
    pub fn from_secret(secret: [u8; 32]) -> Option<Self> {
        Keys::from_secret(secret).map(Self)
    }

    /// By which signers know it.
    #[must_use]
    pub const fn public(&self) -> PublicKey {
        self.0.public()
    }

    /// The event to publish, in JSON, that asks `signer` for something. `nonce` is used for this message alone.
    ///
    /// # Errors
    ///
    /// As [`Self::say`].
    pub fn ask(
        &self,
        signer: &PublicKey,
        (id, method, params): (&str, &str, &[&str]),
        nonce: [u8; 32],
        now: Timestamp,
    ) -> Result<Vec<u8>, Unsayable> {
        let question = json!({ "id": id, "method": method, "params": params }).to_string();
        self.say(signer, &question, nonce, now)
    }

    /// The event to publish, in JSON, that says this to whoever has that key, and to nobody else.
    ///
    /// # Errors
    ///
    /// [`Unsayable`].
    pub fn say(
        &self,
        to: &PublicKey,
        text: &str,
        nonce: [u8; 32],
        now: Timestamp,
    ) -> Result<Vec<u8>, Unsayable> {
        let key = ConversationKey::new(self.0.pair(), to.as_bytes()).ok_or(Unsayable::NoKey)?;
        let content = key.encrypt(text, nonce).ok_or(Unsayable::Length)?;
        Ok(self.0.sign(REMOTE_SIGNING, now, &[vec!["p", &to.to_string()]], &content))
    }

    /// What an event says to this client, by its author and its content. None when it is not for it.
    ///
    /// The event has to be verified.
    #[must_use]
    pub fn open(&self, from: PublicKey, content: &str) -> Option<String> {
        ConversationKey::new(self.0.pair(), from.as_bytes())?.decrypt(content)
    }

    /// The same, understood as an answer. None when it is none.
    #[must_use]
    pub fn hear(&self, from: PublicKey, content: &str) -> Option<Heard> {
        let Ok(Value::Object(mut answer)) = serde_json::from_str(&self.open(from, content)?) else {
            return None;
        };
        let mut text = |name: &str| match answer.remove(name) {
            Some(Value::String(text)) => text,
            _ => String::new(),
        };
        let (id, result, error) = (text("id"), text("result"), text("error"));
        let said = match (result.as_str(), error.as_str()) {
            ("auth_url", _) => Said::AuthUrl(error),
            (_, "") => Said::Result(result),
            _ => Said::Error(error),
        };
        Some(Heard { from, id, said })
    }
}

#[cfg(test)]
mod tests;
