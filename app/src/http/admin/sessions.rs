//! Who is signed in to the administration page.

use std::collections::HashMap;
use std::fmt;

use axum::http::{HeaderMap, header};
use chappe_protocol::{PublicKey, Timestamp};
use data_encoding::HEXLOWER;
use parking_lot::Mutex;

/// How long one signature lasts. Using a session does not make it longer: a page left open signs nobody in for ever.
const SESSION_SECONDS: u64 = 30 * 60;

/// Sessions of one key at the same time. One more ends the oldest.
const SESSIONS_PER_KEY_MAX: usize = 8;

/// Sessions of all keys at the same time.
const SESSIONS_MAX: usize = 256;

/// What whoever has it is signed in by: random bytes that are in no file and no cookie.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Token([u8; 32]);

/// The open sessions. They end with the process.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<Token, Session>>);

/// One sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session {
    /// Who signed in.
    pub(crate) key: PublicKey,
    /// From then on it is over.
    pub(crate) expires_at: Timestamp,
}

/// Why nobody was signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotOpened {
    /// There are as many sessions as there may be.
    Full,
    /// The system has no random numbers.
    NoRandom,
}

impl Token {
    /// One that nobody can guess.
    pub(super) fn random() -> Result<Self, getrandom::Error> {
        let mut random = [0; 32];
        getrandom::fill(&mut random)?;
        Ok(Self(random))
    }

    /// The token of a request: `Authorization: Bearer <64 hex characters>`.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = value.trim().split_once(' ')?;
        let token = token.trim().as_bytes();
        // Longer or shorter ones would not fit, and the decoder would say so by a panic.
        if !scheme.eq_ignore_ascii_case("bearer") || token.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        HEXLOWER.decode_mut(token, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// As it is sent.
    pub(super) fn to_hex(self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It is as good as a key while it lasts: no log is to have it.
        f.write_str("Token")
    }
}

impl Sessions {
    /// Signs a key in.
    pub(super) fn open(&self, key: PublicKey, now: Timestamp) -> Result<(Token, Session), NotOpened> {
        let token = Token::random().map_err(|_| NotOpened::NoRandom)?;
        let session = Session { key, expires_at: now.plus_seconds(SESSION_SECONDS) };
        let mut open = self.0.lock();
        open.retain(|_, session| now < session.expires_at);
        let own = open.iter().filter(|(_, session)| session.key == key);
        if own.clone().count() >= SESSIONS_PER_KEY_MAX {
            let oldest = own.min_by_key(|(_, session)| session.expires_at).map(|(token, _)| *token);
            if let Some(oldest) = oldest {
                open.remove(&oldest);
            }
        }
        if open.len() >= SESSIONS_MAX {
            return Err(NotOpened::Full);
        }
        open.insert(token, session);
        Ok((token, session))
    }

    /// The session of this token, if it is not over.
    pub(crate) fn find(&self, token: Token, now: Timestamp) -> Option<Session> {
        self.0.lock().get(&token).copied().filter(|session| now < session.expires_at)
    }

    /// Ends a session. Nothing when there is none.
    pub(crate) fn close(&self, token: Token) {
        self.0.lock().remove(&token);
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    fn key(byte: u8) -> PublicKey {
        PublicKey::from_bytes([byte; 32])
    }

    #[test]
    fn session_lasts_so_long_and_no_longer() {
        let sessions = Sessions::default();
        let (token, session) = sessions.open(key(1), NOW).unwrap();
        let end = NOW.plus_seconds(SESSION_SECONDS);
        assert_eq!(session, Session { key: key(1), expires_at: end });
        assert_eq!(sessions.find(token, Timestamp(end.0 - 1)), Some(session));
        assert_eq!(sessions.find(token, end), None);
        sessions.close(token);
        assert_eq!(sessions.find(token, NOW), None);
    }

    #[test]
    fn one_key_has_so_many_and_all_have_so_many() {
        let sessions = Sessions::default();
        let at = |second: usize| Timestamp(NOW.0 + second as u64);
        let own: Vec<_> =
            (0..=SESSIONS_PER_KEY_MAX).map(|second| sessions.open(key(1), at(second)).unwrap().0).collect();
        assert_eq!(sessions.find(own[0], at(9)), None, "the oldest gives way");
        assert!(own.iter().skip(1).all(|token| sessions.find(*token, at(9)).is_some()));
        for number in 2.. {
            let opened = sessions.open(key(number), at(9));
            if usize::from(number) + SESSIONS_PER_KEY_MAX - 2 == SESSIONS_MAX {
                assert_eq!(opened, Err(NotOpened::Full));
                break;
            }
            opened.unwrap();
        }
        // Those that are over make room.
        sessions.open(key(255), at(10 + 30 * 60)).unwrap();
    }

    #[test]
    fn token_is_read_from_its_header_only_as_it_was_given() {
        let (token, _) = Sessions::default().open(key(1), NOW).unwrap();
        let hex = token.to_hex();
        let read = |value: String| {
            let value = HeaderValue::from_str(&value).unwrap();
            Token::of(&HeaderMap::from_iter([(header::AUTHORIZATION, value)]))
        };
        assert_eq!(read(format!("Bearer {hex}")), Some(token));
        assert_eq!(read(format!("bearer  {hex} ")), Some(token));
        for wrong in
            [hex.clone(), format!("Nostr {hex}"), format!("Bearer {hex}00"), format!("Bearer {}", &hex[2..])]
        {
            assert_eq!(read(wrong.clone()), None, "{wrong}");
        }
        assert_eq!(read(format!("Bearer {}", "g".repeat(64))), None);
        assert_eq!(format!("{token:?}"), "Token");
    }
}
