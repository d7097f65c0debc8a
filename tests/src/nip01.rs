//! NIP-01: events, requests, subscriptions.

mod event;
mod form;
mod limits;
mod live;
mod replaceable;
mod request;

use chappe_testkit::{EventBuilder, Keys, TestEvent};

/// A note of somebody with this text.
fn note(text: &str) -> TestEvent {
    EventBuilder::new(1).content(text).sign(&Keys::from_seed(1))
}
