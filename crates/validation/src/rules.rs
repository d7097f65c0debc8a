//! The bounds that an event has to keep.

use chappe_protocol::{Event, Timestamp};

use crate::{Invalid, repost, work};

/// The bounds of one way into the relay. `None` is no bound.
///
/// The defaults are those of docs/limits.md for events that clients publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How many tags an event may have. Default 5,000: a follow list of so many fits.
    pub tags_max: u32,
    /// How long a string in a tag may be, in bytes of UTF-8. Default 65,536: a zap receipt holds a whole event in one.
    pub tag_value_bytes_max: u32,
    /// How long the content may be, in bytes of UTF-8. Default none: the frame's bound is enough.
    pub content_bytes_max: Option<u32>,
    /// How far `created_at` may lie ahead of the relay's clock. Default 900: clocks go wrong.
    pub ahead_seconds_max: Option<u64>,
    /// How far `created_at` may lie back. Default none: people move their history from relay to relay.
    pub age_seconds_max: Option<u64>,
    /// How many leading zero bits an id must have, and its `nonce` tag commit to (NIP-13). Default 0: no work asked.
    pub pow_bits_min: u8,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            tags_max: 5_000,
            tag_value_bytes_max: 65_536,
            content_bytes_max: None,
            ahead_seconds_max: Some(900),
            age_seconds_max: None,
            pow_bits_min: 0,
        }
    }
}

impl Rules {
    /// For NIP-42's AUTH: made within 600 seconds of now, before or after, else by the defaults.
    #[must_use]
    pub fn auth() -> Self {
        Self { ahead_seconds_max: Some(600), age_seconds_max: Some(600), ..Self::default() }
    }

    /// For an operator's import: of any time, else by the defaults. What has expired stays out here too.
    #[must_use]
    pub fn import() -> Self {
        Self { ahead_seconds_max: None, age_seconds_max: None, ..Self::default() }
    }

    /// Everything that can be told without a hash.
    pub(crate) fn check(&self, event: &Event<'_>, now: Timestamp) -> Result<(), Invalid> {
        self.check_sizes(event)?;
        self.check_times(event, now)?;
        work::check(&event.head, self.pow_bits_min)?;
        repost::check(event)
    }

    fn check_sizes(&self, event: &Event<'_>) -> Result<(), Invalid> {
        let mut tags = 0_usize;
        for tag in event.head.tags.iter() {
            tags += 1;
            if exceeds(tags, self.tags_max) {
                return Err(Invalid::TooManyTags { tags_max: self.tags_max });
            }
            if tag.strings().any(|string| exceeds(string.len(), self.tag_value_bytes_max)) {
                return Err(Invalid::TagTooLong { bytes_max: self.tag_value_bytes_max });
            }
        }
        match self.content_bytes_max {
            Some(bytes_max) if exceeds(event.content.len(), bytes_max) => {
                Err(Invalid::ContentTooLong { bytes_max })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn check_times(&self, event: &Event<'_>, now: Timestamp) -> Result<(), Invalid> {
        let created_at = event.head.created_at;
        if let Some(seconds_max) = self.ahead_seconds_max
            && created_at > now.plus_seconds(seconds_max)
        {
            return Err(Invalid::TooFarAhead { seconds_max });
        }
        if let Some(seconds_max) = self.age_seconds_max
            && created_at < now.minus_seconds(seconds_max)
        {
            return Err(Invalid::TooOld { seconds_max });
        }
        if event.head.is_expired(now) { Err(Invalid::Expired) } else { Ok(()) }
    }
}

fn exceeds(length: usize, max: u32) -> bool {
    u32::try_from(length).map_or(true, |length| length > max)
}

#[cfg(test)]
mod tests;
