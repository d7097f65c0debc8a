//! The subscriptions that a connection has open.

use chappe_protocol::SubscriptionId;
use chappe_store::Seq;
use chappe_subscriptions::Token;

/// The subscriptions of a connection, in the order of their tokens (that of their opening).
#[derive(Default)]
pub(crate) struct OpenSubscriptions(Vec<Open>);

pub(crate) struct Open {
    pub(crate) id: SubscriptionId,
    pub(crate) token: Token,
    /// Events up to this commit come from the store, later ones live.
    pub(crate) hand_over: Seq,
    /// Bytes of the REQ message, and of what is kept for each of its values.
    pub(crate) bytes: usize,
}

impl OpenSubscriptions {
    /// Adds one whose token is higher than all before.
    pub(crate) fn push(&mut self, open: Open) {
        self.0.push(open);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Open> {
        self.0.iter()
    }

    pub(crate) fn by_token(&self, token: Token) -> Option<&Open> {
        let place = self.0.binary_search_by_key(&token, |open| open.token).ok()?;
        self.0.get(place)
    }

    pub(crate) fn remove(&mut self, id: &SubscriptionId) -> Option<Open> {
        let place = self.0.iter().position(|open| open.id == *id)?;
        Some(self.0.remove(place))
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.iter().map(|open| open.bytes).sum()
    }
}
