//! What a relay holds after a sequence of events.

use crate::TestEvent;

/// The events a relay should hold, after each was offered in turn.
///
/// Requests to delete or to vanish bind it for ever, even when they are no longer held themselves.
#[derive(Debug, Clone, Default)]
pub struct Model {
    held: Vec<TestEvent>,
    requests: Vec<TestEvent>,
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
        Self { held: Vec::new(), requests: Vec::new() }
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
        if self.requests.iter().any(|request| deletes(request, event)) {
            return Offered::Deleted;
        }
        // What has expired stands in nobody's way, though it may not have been swept yet.
        if self.held.iter().any(|held| replaces(held, event) && !expired(held, now)) {
            return Offered::Superseded;
        }
        self.held.retain(|held| !have_same_address(held, event) && !deletes(event, held));
        self.held.push(event.clone());
        if matches!(event.kind(), 5 | 62) {
            self.requests.push(event.clone());
        }
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

fn have_same_address(one: &TestEvent, other: &TestEvent) -> bool {
    let may = one.kind() == other.kind() && one.pubkey() == other.pubkey();
    may && address(one).is_some() && address(one) == address(other)
}

/// Whether `new` takes the place of `old`: same address, and later or, in the same second, of a lower id.
fn replaces(new: &TestEvent, old: &TestEvent) -> bool {
    let later = new.created_at() > old.created_at();
    let same_second = new.created_at() == old.created_at();
    have_same_address(new, old) && (later || (same_second && new.id().as_bytes() < old.id().as_bytes()))
}

/// Whether a deletion (NIP-09) or vanish request (NIP-62) covers the event.
fn deletes(request: &TestEvent, event: &TestEvent) -> bool {
    let own = request.pubkey() == event.pubkey();
    let in_time = event.created_at() <= request.created_at();
    match request.kind() {
        // NIP-09: deleting a deletion has no effect. NIP-62: nor has deleting a vanish request.
        5 if event.kind() == 5 || event.kind() == 62 => false,
        5 => {
            let id = event.id().to_string();
            let by_id = request.tag_values("e").any(|named| named == id);
            let by_address = || request.tag_values("a").any(|named| address(event).as_deref() == Some(named));
            (by_id && (own || is_wrapped_for(event, request))) || (own && in_time && by_address())
        }
        62 => in_time && event.id() != request.id() && (own || is_wrapped_for(event, request)),
        _ => false,
    }
}

/// NIP-59: a gift wrap's author is a throw-away key, so its recipient may act on it.
fn is_wrapped_for(event: &TestEvent, request: &TestEvent) -> bool {
    event.kind() == 1059 && event.tag_values("p").any(|to| to == request.pubkey().to_string())
}

#[cfg(test)]
mod tests;
