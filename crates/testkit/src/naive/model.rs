//! What a relay holds after a sequence of events.

use crate::TestEvent;

/// The events a relay should hold, after each was offered in turn.
///
/// What is deleted follows from the deletions and vanish requests that are held at that moment, so the same events
/// exported and imported again give the same model.
#[derive(Debug, Clone, Default)]
pub struct Model {
    held: Vec<TestEvent>,
}

/// What became of an offered event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// Kept; what it replaces or deletes is gone.
    Stored,
    /// The same event is held already.
    Duplicate,
    /// A newer version is held, or one of the same second with a lower id.
    Superseded,
    /// A deletion or a vanish request covers it.
    Deleted,
    /// It had expired before it came (NIP-40).
    Expired,
    /// To be delivered, never to be kept.
    Ephemeral,
}

impl Model {
    /// Holds nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { held: Vec::new() }
    }

    /// Offers a valid event at this time (seconds since the epoch).
    ///
    /// Asked in this order: is it held, ephemeral, expired, deleted, superseded?
    pub fn offer(&mut self, event: &TestEvent, now: u64) -> Offered {
        if self.held.iter().any(|held| held.id() == event.id()) {
            return Offered::Duplicate;
        }
        if (20_000..30_000).contains(&event.kind()) {
            return Offered::Ephemeral;
        }
        if expired(event, now) {
            return Offered::Expired;
        }
        if self.held.iter().any(|held| deletes(held, event)) {
            return Offered::Deleted;
        }
        if self.held.iter().any(|held| replaces(held, event)) {
            return Offered::Superseded;
        }
        self.held.retain(|held| !replaces(event, held) && !deletes(event, held));
        self.held.push(event.clone());
        Offered::Stored
    }

    /// What is served at this time: everything held but what has expired. In order of arrival.
    pub fn served(&self, now: u64) -> impl Iterator<Item = &TestEvent> + Clone {
        self.held.iter().filter(move |event| !expired(event, now))
    }

    /// Forgets what has expired.
    pub fn sweep(&mut self, now: u64) {
        self.held.retain(|event| !expired(event, now));
    }
}

/// NIP-40: gone from the second it names.
fn expired(event: &TestEvent, now: u64) -> bool {
    let digits = |value: &&str| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let mut times =
        event.tag_values("expiration").filter(digits).filter_map(|value| value.parse::<u64>().ok());
    times.next().is_some_and(|at| at <= now)
}

/// `kind:pubkey:d` of replaceable and addressable events (NIP-01).
fn address(event: &TestEvent) -> Option<String> {
    let d = match event.kind() {
        0 | 3 | 10_000..20_000 => "",
        30_000..40_000 => {
            let first = event.tags().iter().find(|tag| tag.first().is_some_and(|name| name == "d"));
            first.and_then(|tag| tag.get(1)).map_or("", String::as_str)
        }
        _ => return None,
    };
    Some(format!("{}:{}:{d}", event.kind(), event.pubkey()))
}

/// Whether `new` takes the place of `old`: same address, and later or, in the same second, of a lower id.
fn replaces(new: &TestEvent, old: &TestEvent) -> bool {
    if new.kind() != old.kind() || new.pubkey() != old.pubkey() {
        return false;
    }
    if address(new).is_none() || address(new) != address(old) {
        return false;
    }
    let later = new.created_at() > old.created_at();
    let same_second = new.created_at() == old.created_at();
    later || (same_second && new.id().as_bytes() < old.id().as_bytes())
}

/// Whether a deletion (NIP-09) or vanish request (NIP-62) covers the event.
fn deletes(request: &TestEvent, event: &TestEvent) -> bool {
    if !matches!(request.kind(), 5 | 62) {
        return false;
    }
    let own = request.pubkey() == event.pubkey();
    // NIP-59: a gift wrap's author is a throw-away key, so its recipient may act on it.
    let wrapped_for = |key: &str| event.kind() == 1059 && event.tag_values("p").any(|to| to == key);
    let received = wrapped_for(&request.pubkey().to_string());
    match request.kind() {
        // NIP-09: deleting a deletion has no effect. NIP-62: nor has deleting a vanish request.
        5 if event.kind() == 5 || event.kind() == 62 => false,
        5 => {
            let by_id = request.tag_values("e").any(|id| id == event.id().to_string());
            let address = address(event);
            let by_address = request.tag_values("a").any(|named| address.as_deref() == Some(named));
            (by_id && (own || received)) || (by_address && own && event.created_at() <= request.created_at())
        }
        62 => (own || received) && event.created_at() <= request.created_at() && event.id() != request.id(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
