use super::*;

fn pair(byte: u8) -> Keypair {
    let mut secret = [0; 32];
    secret[31] = byte;
    Keypair::from_secret_bytes(secret).unwrap()
}

fn key(own: u8, other: u8) -> ConversationKey {
    ConversationKey::new(&pair(own), &pair(other).x_only_public_key().0.to_byte_array()).unwrap()
}

fn nonce(last: u8) -> [u8; 32] {
    let mut nonce = [0; 32];
    nonce[31] = last;
    nonce
}

/// NIP-44's own example.
#[test]
fn example_of_the_nip_is_right() {
    let key = key(1, 2);
    let expected = "c41c775356fd92eadc63ff5a0dc1da211b268cbea22316767095b2871ea1412d";
    assert_eq!(data_encoding::HEXLOWER.encode(&key.0), expected);
    let payload = "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABee0G5VSK0/9YypIObAtDKfYEAjD35uVkHyB0F4DwrcNaCXlCWZKaArsGrY6M9wnuTMxWfp1RTN9Xga8no+kF5Vsb";
    assert_eq!(key.encrypt("a", nonce(1)).unwrap(), payload);
    assert_eq!(key.decrypt(payload).unwrap(), "a");
}

#[test]
fn both_find_the_same_text_of_any_length() {
    for length in [1, 2, 31, 32, 33, 64, 65, 256, 257, 1_000, 65_535] {
        let text = "x".repeat(length);
        let payload = key(1, 2).encrypt(&text, nonce(7)).unwrap();
        assert_eq!(key(2, 1).decrypt(&payload).as_deref(), Some(text.as_str()), "{length}");
        assert_eq!(key(3, 1).decrypt(&payload), None);
    }
    assert_eq!(key(1, 2).encrypt("", nonce(7)), None);
    assert_eq!(key(1, 2).encrypt(&"x".repeat(65_536), nonce(7)), None);
}

/// The table of the NIP.
#[test]
fn lengths_are_rounded_up() {
    for (length, padded) in [
        (16, 32),
        (32, 32),
        (33, 64),
        (49, 64),
        (64, 64),
        (65, 96),
        (100, 128),
        (200, 224),
        (250, 256),
        (320, 320),
        (383, 384),
        (400, 448),
        (515, 640),
        (1_020, 1_024),
    ] {
        assert_eq!(padded_bytes(length), padded, "{length}");
    }
}

#[test]
fn whatever_was_changed_is_no_text() {
    let payload = key(1, 2).encrypt("a secret", nonce(9)).unwrap();
    let bytes = BASE64.decode(payload.as_bytes()).unwrap();
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert_eq!(key(1, 2).decrypt(&BASE64.encode(&changed)), None, "{place}");
    }
    for length in 0..bytes.len() {
        assert_eq!(key(1, 2).decrypt(&BASE64.encode(&bytes[..length])), None, "{length}");
    }
    for text in ["", "#", "not base64", "AAAA"] {
        assert_eq!(key(1, 2).decrypt(text), None);
    }
}
