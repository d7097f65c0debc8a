//! Encryption between two keys (NIP-44, version 2).

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use data_encoding::BASE64;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use secp256k1::{Keypair, Parity, XOnlyPublicKey, ecdh};
use sha2::Sha256;

const VERSION: u8 = 2;
const SALT: &[u8] = b"nip44-v2";
const NONCE_BYTES: usize = 32;
const MAC_BYTES: usize = 32;
/// The longest text. Its length has two bytes.
const TEXT_BYTES_MAX: usize = 65_535;
/// Version, nonce, the shortest padded text with its length, and the code that tells a change.
const PAYLOAD_BYTES_MIN: usize = 1 + NONCE_BYTES + 2 + 32 + MAC_BYTES;

/// What two keys have in common; both find the same.
pub(crate) struct ConversationKey([u8; 32]);

/// Keys for one message.
struct MessageKeys {
    cipher: ChaCha20,
    code: Hmac<Sha256>,
}

impl ConversationKey {
    /// None when the other key is no point of the curve.
    pub(crate) fn new(own: &Keypair, other: &[u8; 32]) -> Option<Self> {
        let other = XOnlyPublicKey::from_byte_array(*other).ok()?.public_key(Parity::Even);
        let point = ecdh::shared_secret_point(&other, &own.secret_key());
        let (x, _) = point.split_at(32);
        let (key, _) = Hkdf::<Sha256>::extract(Some(SALT), x);
        Some(Self(key.into()))
    }

    /// The text as it is sent, in base64. None for an empty text, or one longer than 65,535 bytes.
    pub(crate) fn encrypt(&self, text: &str, nonce: [u8; NONCE_BYTES]) -> Option<String> {
        let mut sealed = pad(text)?;
        let MessageKeys { mut cipher, mut code } = self.message_keys(&nonce)?;
        cipher.apply_keystream(&mut sealed);
        code.update(&nonce);
        code.update(&sealed);
        let code = code.finalize().into_bytes();
        Some(BASE64.encode(&[&[VERSION], nonce.as_slice(), &sealed, &code].concat()))
    }

    /// The text of what was sent. None for what is not whole, was changed, or is in another version.
    pub(crate) fn decrypt(&self, payload: &str) -> Option<String> {
        let bytes = BASE64.decode(payload.as_bytes()).ok()?;
        if bytes.len() < PAYLOAD_BYTES_MIN || bytes.first() != Some(&VERSION) {
            return None;
        }
        let (nonce, rest) = bytes.get(1..)?.split_at_checked(NONCE_BYTES)?;
        let (sealed, told) = rest.split_at_checked(rest.len().checked_sub(MAC_BYTES)?)?;
        let MessageKeys { mut cipher, mut code } = self.message_keys(nonce.try_into().ok()?)?;
        code.update(nonce);
        code.update(sealed);
        // Compared in constant time, and before anything is made of the text.
        code.verify_slice(told).ok()?;
        let mut padded = sealed.to_vec();
        cipher.apply_keystream(&mut padded);
        let (length, text) = padded.split_at_checked(2)?;
        let length = usize::from(u16::from_be_bytes(length.try_into().ok()?));
        if length == 0 || text.len() != padded_bytes(length) {
            return None;
        }
        let (text, padding) = text.split_at_checked(length)?;
        let is_whole = padding.iter().all(|byte| *byte == 0);
        String::from_utf8(text.to_vec()).ok().filter(|_| is_whole)
    }

    fn message_keys(&self, nonce: &[u8; NONCE_BYTES]) -> Option<MessageKeys> {
        let mut keys = [0; 76];
        Hkdf::<Sha256>::from_prk(&self.0).ok()?.expand(nonce, &mut keys).ok()?;
        let (cipher_key, rest) = keys.split_at_checked(32)?;
        let (cipher_nonce, code_key) = rest.split_at_checked(12)?;
        Some(MessageKeys {
            cipher: ChaCha20::new_from_slices(cipher_key, cipher_nonce).ok()?,
            code: Hmac::<Sha256>::new_from_slice(code_key).ok()?,
        })
    }
}

/// Length, text and zeros, so that few lengths are to be told apart.
fn pad(text: &str) -> Option<Vec<u8>> {
    let length = Some(text.len()).filter(|length| (1..=TEXT_BYTES_MAX).contains(length))?;
    let mut padded = u16::try_from(length).ok()?.to_be_bytes().to_vec();
    padded.extend_from_slice(text.as_bytes());
    padded.resize(2 + padded_bytes(length), 0);
    Some(padded)
}

/// How long a text of so many bytes is made.
fn padded_bytes(length: usize) -> usize {
    if length <= 32 {
        return 32;
    }
    let next_power = length.next_power_of_two();
    let chunk = if next_power <= 256 { 32 } else { next_power / 8 };
    length.div_ceil(chunk) * chunk
}

#[cfg(test)]
mod tests;
