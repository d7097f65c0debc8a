//! Public keys as operators write them: npub (NIP-19) or hex.

use std::fmt;

use chappe_protocol::PublicKey;

/// The text is neither an npub nor 64 characters of lowercase hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyError;

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a public key, as npub or as 64 characters of lowercase hex")
    }
}

impl std::error::Error for KeyError {}

/// Reads a public key.
///
/// # Errors
///
/// [`KeyError`] for anything but an npub with a right checksum or hex.
pub fn parse_key(text: &str) -> Result<PublicKey, KeyError> {
    if let Ok(key) = PublicKey::from_hex(text.as_bytes()) {
        return Ok(key);
    }
    let (prefix, bytes) = bech32::decode(text).map_err(|_| KeyError)?;
    match <[u8; PublicKey::BYTES]>::try_from(bytes) {
        Ok(bytes) if prefix.as_str() == "npub" => Ok(PublicKey::from_bytes(bytes)),
        Ok(_) | Err(_) => Err(KeyError),
    }
}

/// A key that may be missing: an empty string, so that every knob has a value that can be shown and overridden.
pub(super) mod optional {
    use chappe_protocol::PublicKey;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(in crate::config) fn serialize<S: Serializer>(
        key: &Option<PublicKey>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match key {
            Some(key) => serializer.collect_str(key),
            None => serializer.serialize_str(""),
        }
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<PublicKey>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(None);
        }
        super::parse_key(&text).map(Some).map_err(D::Error::custom)
    }
}

/// Keys, each as npub or hex; written as hex.
pub(super) mod list {
    use chappe_protocol::PublicKey;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(in crate::config) fn serialize<S: Serializer>(
        keys: &[PublicKey],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(keys.iter().map(ToString::to_string))
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<PublicKey>, D::Error> {
        let read = |text: &String| super::parse_key(text).map_err(|error| format!("{text:?}: {error}"));
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.iter().map(read).collect::<Result<_, _>>().map_err(D::Error::custom)
    }
}
