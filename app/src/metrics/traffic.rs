//! What the sockets count.

use chappe_counters::Counters;

use crate::address::TooMany;
use crate::server::Refused;

/// What came and went over the sockets of a relay.
#[derive(Default)]
pub(crate) struct Traffic {
    /// Bytes received and sent.
    bytes: Counters<2>,
    opened: Counters<1>,
    ended: Counters<{ Ending::ALL.len() }>,
    turned: Counters<{ Turned::ALL.len() }>,
}

/// Why a WebSocket connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The client closed it.
    Client,
    /// It broke off.
    Gone,
    /// The relay stopped.
    Stopping,
    /// The client's message was too long.
    TooLong,
    /// More live events came than may wait for the client.
    Backlog,
    /// The client took nothing of what was ready for it.
    NotReading,
    /// Nothing was heard of the client.
    Idle,
    /// The client's address was blocked.
    Blocked,
    /// The client broke a rule of WebSocket.
    Violation,
    /// An administrator closed it.
    Dismissed,
}

/// Why somebody was turned away before anything else: a connection, or a request to one that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turned {
    /// There were as many connections as there may be.
    Full,
    /// The address was blocked.
    Blocked,
    /// The address had as many connections as it may have.
    AddressOpen,
    /// The address came too often.
    AddressRate,
    /// Nobody could tell whose it was.
    Unreadable,
}

impl Traffic {
    pub(crate) fn receive(&self, bytes: usize) {
        self.bytes.add(0, bytes as u64);
    }

    pub(crate) fn send(&self, bytes: usize) {
        self.bytes.add(1, bytes as u64);
    }

    pub(crate) fn open(&self) {
        self.opened.count(0);
    }

    pub(crate) fn end(&self, ending: Ending) {
        self.ended.count(ending as usize);
    }

    pub(crate) fn turn_away(&self, refused: Refused) {
        self.turned.count(Turned::of(refused) as usize);
    }

    /// Bytes received, and bytes sent.
    pub(super) fn bytes(&self) -> [u64; 2] {
        self.bytes.sums()
    }

    pub(super) fn opened(&self) -> u64 {
        let [opened] = self.opened.sums();
        opened
    }

    pub(super) fn ended(&self) -> impl Iterator<Item = (Ending, u64)> {
        Ending::ALL.into_iter().zip(self.ended.sums())
    }

    pub(super) fn turned(&self) -> impl Iterator<Item = (Turned, u64)> {
        Turned::ALL.into_iter().zip(self.turned.sums())
    }
}

impl Ending {
    const ALL: [Self; 10] = [
        Self::Client,
        Self::Gone,
        Self::Stopping,
        Self::TooLong,
        Self::Backlog,
        Self::NotReading,
        Self::Idle,
        Self::Blocked,
        Self::Violation,
        Self::Dismissed,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Gone => "gone",
            Self::Stopping => "stopping",
            Self::TooLong => "too_long",
            Self::Backlog => "backlog",
            Self::NotReading => "not_reading",
            Self::Idle => "idle",
            Self::Blocked => "blocked",
            Self::Violation => "violation",
            Self::Dismissed => "dismissed",
        }
    }
}

impl Turned {
    const ALL: [Self; 5] =
        [Self::Full, Self::Blocked, Self::AddressOpen, Self::AddressRate, Self::Unreadable];

    const fn of(refused: Refused) -> Self {
        match refused {
            Refused::Full => Self::Full,
            Refused::Blocked => Self::Blocked,
            Refused::TooMany(TooMany::Open(_)) => Self::AddressOpen,
            Refused::TooMany(TooMany::AMinute { .. }) => Self::AddressRate,
            Refused::Unreadable(_) => Self::Unreadable,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Blocked => "blocked",
            Self::AddressOpen => "address_open",
            Self::AddressRate => "address_rate",
            Self::Unreadable => "unreadable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counters are found by the numbers of the values, and named by the lists.
    #[test]
    fn lists_are_in_the_order_of_their_values() {
        assert!(Ending::ALL.iter().enumerate().all(|(place, word)| *word as usize == place));
        assert!(Turned::ALL.iter().enumerate().all(|(place, word)| *word as usize == place));
    }
}
