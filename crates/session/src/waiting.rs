//! Messages that came before their turn.

use std::collections::VecDeque;

/// Whole messages in the order of their arrival. Reading stops at the bound, which one message may exceed.
pub(crate) struct Waiting {
    messages: VecDeque<Box<[u8]>>,
    bytes: usize,
    bytes_max: usize,
}

/// How many messages wait before the connection is read from no further.
const MESSAGES_MAX: usize = 64;

impl Waiting {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { messages: VecDeque::new(), bytes: 0, bytes_max }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    pub(crate) fn has_room(&self) -> bool {
        self.messages.len() < MESSAGES_MAX && self.bytes < self.bytes_max
    }

    pub(crate) fn push_back(&mut self, message: Box<[u8]>) {
        self.bytes = self.bytes.saturating_add(message.len());
        self.messages.push_back(message);
    }

    /// Puts a message back whose turn it is not yet after all.
    pub(crate) fn push_front(&mut self, message: Box<[u8]>) {
        self.bytes = self.bytes.saturating_add(message.len());
        self.messages.push_front(message);
    }

    pub(crate) fn pop_front(&mut self) -> Option<Box<[u8]>> {
        let message = self.messages.pop_front()?;
        self.bytes = self.bytes.saturating_sub(message.len());
        Some(message)
    }
}
