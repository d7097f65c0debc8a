//! Signing in (NIP-42).

use std::fmt;

use chappe_protocol::{Kind, Prefix, PublicKey, Refusal};
use chappe_validation::Verified;

use crate::{Access, Peer};

/// What a client signs to show that a key is its own. One holds as long as its connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge(String);

impl Challenge {
    /// Makes one of random bytes, which must not be guessable: who guesses it can use an AUTH made elsewhere.
    #[must_use]
    pub fn new(random: [u8; 16]) -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(random)))
    }

    /// The text to send: 32 hex characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why an AUTH was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuthRefused {
    /// The event is of another kind than 22242.
    OtherKind,
    /// The client has not been sent a challenge.
    NoChallenge,
    /// The event has no `challenge` tag.
    ChallengeMissing,
    /// The event answers another challenge.
    ChallengeWrong,
    /// The event has no `relay` tag.
    RelayMissing,
    /// The event was made for another relay.
    RelayWrong,
}

impl fmt::Display for AuthRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherKind => write!(f, "an AUTH event has kind {}", Kind::AUTH),
            Self::NoChallenge => f.write_str("no challenge has been sent"),
            Self::ChallengeMissing => f.write_str("the challenge tag is missing"),
            Self::ChallengeWrong => f.write_str("the challenge is not the one that was sent"),
            Self::RelayMissing => f.write_str("the relay tag is missing"),
            Self::RelayWrong => f.write_str("the relay tag names another relay"),
        }
    }
}

impl std::error::Error for AuthRefused {}

impl From<AuthRefused> for Refusal {
    fn from(refused: AuthRefused) -> Self {
        let prefix = match refused {
            AuthRefused::OtherKind
            | AuthRefused::NoChallenge
            | AuthRefused::ChallengeMissing
            | AuthRefused::ChallengeWrong
            | AuthRefused::RelayMissing
            | AuthRefused::RelayWrong => Prefix::Invalid,
        };
        Self::new(prefix, refused.to_string())
    }
}

/// Decides whether the event proves that the client has its author's key, and gives that key, for
/// [`crate::Viewer::add`].
///
/// `challenge` is the one that this connection was sent, if any. That the event is new enough was settled when it was
/// verified, by `chappe_validation::Rules::auth`. Of several `challenge` or `relay` tags the first counts.
///
/// # Errors
///
/// The first [`AuthRefused`] that applies.
pub fn accept_auth(
    access: &Access,
    peer: &Peer,
    challenge: Option<&Challenge>,
    verified: Verified<'_>,
) -> Result<PublicKey, AuthRefused> {
    let head = verified.head();
    if head.kind != Kind::AUTH {
        return Err(AuthRefused::OtherKind);
    }
    let sent = challenge.ok_or(AuthRefused::NoChallenge)?;
    let answered = head.tags.values_of(b"challenge").next().ok_or(AuthRefused::ChallengeMissing)?;
    if answered != sent.as_str().as_bytes() {
        return Err(AuthRefused::ChallengeWrong);
    }
    let relay = head.tags.values_of(b"relay").next().ok_or(AuthRefused::RelayMissing)?;
    if !access.is_own_url(Some(peer), relay) {
        return Err(AuthRefused::RelayWrong);
    }
    Ok(head.pubkey)
}

#[cfg(test)]
mod tests;
