//! What the tests of this crate share.

use std::sync::Arc;

use chappe_policy::{KeySet, Policy};
use chappe_protocol::{EventHead, Kind, PublicKey, Timestamp};
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use chappe_validation::{Rules, Verifier};

use crate::permit::Grant;
use crate::{Access, Denied, Meters, Peer, Source, Viewer};

/// A second in November 2023, at which test events are made.
pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000);

/// The key of the person with this number, who signs with [`person`].
pub(crate) fn key(number: u8) -> PublicKey {
    person(number).public()
}

pub(crate) fn person(number: u8) -> Keys {
    Keys::from_seed(number.into())
}

pub(crate) fn keys<const N: usize>(numbers: [u8; N]) -> KeySet {
    numbers.map(key).into_iter().collect()
}

pub(crate) fn viewer(numbers: &[u8]) -> Viewer {
    let mut viewer = Viewer::anonymous();
    numbers.iter().for_each(|&number| viewer.add(key(number)).unwrap());
    viewer
}

/// A connection on which these people have signed in.
pub(crate) fn peer(numbers: &[u8]) -> Peer {
    Peer { viewer: viewer(numbers), ..Peer::default() }
}

/// The same, from an address.
pub(crate) fn peer_at(address: &str, numbers: &[u8]) -> Peer {
    Peer { address: Some(address.parse().unwrap()), ..peer(numbers) }
}

pub(crate) fn policy(text: &str) -> Arc<Policy> {
    Arc::new(Policy::parse(text).unwrap())
}

pub(crate) fn event(kind: u16, author: u8) -> TestEvent {
    EventBuilder::new(kind).sign(&person(author))
}

/// An event that nobody signed, which is quicker.
pub(crate) fn head(kind: u16, author: u8) -> EventHead<'static> {
    let id = chappe_protocol::EventId::from_bytes([author; 32]);
    let tags = chappe_protocol::Tags::default();
    EventHead { id, pubkey: key(author), created_at: NOW, kind: Kind(kind), tags }
}

/// What the relay says to this event.
pub(crate) fn submit(
    access: &Access,
    meters: &Meters,
    event: &TestEvent,
    source: Source<'_>,
    now: Timestamp,
) -> Result<Grant, Denied> {
    let verified = Verifier::new().verify(event.event(), &Rules::import(), Timestamp(0), &mut Vec::new());
    let permit = crate::authorize(access, meters, verified.unwrap(), source, event.json().len(), now)?;
    assert_eq!((permit.event(), permit.head()), (event.event(), event.head()));
    assert_eq!(permit.verified(), verified.unwrap());
    Ok(Grant { delay: permit.delay(), checks: permit.checks().to_vec() })
}

/// What it says to the first event that these people bring.
pub(crate) fn ask(access: &Access, event: &TestEvent, signed_in: &[u8]) -> Result<(), Denied> {
    let peer = peer(signed_in);
    submit(access, &Meters::new(), event, Source::Client(&peer), NOW).map(drop)
}
