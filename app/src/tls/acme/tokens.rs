//! What the authority is answered.

use std::collections::HashMap;

use parking_lot::Mutex;

/// Answers by token. There are as many as names in the order that is under way.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<HashMap<String, String>>);

impl Tokens {
    pub(super) fn put(&self, token: &str, answer: &str) {
        self.0.lock().insert(token.to_owned(), answer.to_owned());
    }

    /// What is to be answered, if this is asked for now.
    pub(super) fn answer(&self, token: &str) -> Option<String> {
        self.0.lock().get(token).cloned()
    }

    pub(super) fn clear(&self) {
        self.0.lock().clear();
    }
}
