//! Authors' keys, parsed.

use std::sync::{Mutex, OnceLock, TryLockError};

use chappe_protocol::PublicKey;
use secp256k1::XOnlyPublicKey;

/// The authors seen lately, 8,192 at most, in 0.8 MiB once there is one.
///
/// A key is 32 bytes of which the point has to be computed: a square root, a seventh of what checking a signature costs.
/// Most events are by somebody of whom there were others just before.
///
/// Nobody waits here: a place that another thread is just using counts as empty.
#[derive(Debug, Default)]
pub(crate) struct KnownKeys(OnceLock<Box<[Mutex<Place>]>>);

/// A key and its point.
type Known = (PublicKey, XOnlyPublicKey);

/// The two keys that were kept here last, the newer one first.
#[derive(Debug, Default, Clone, Copy)]
struct Place([Option<Known>; 2]);

const PLACES: usize = 4096;

impl KnownKeys {
    pub(crate) fn find(&self, key: &PublicKey) -> Option<XOnlyPublicKey> {
        let places = self.0.get()?;
        let place = *try_lock(places.get(place_of(key))?)?;
        place.0.iter().flatten().find(|(known, _)| known == key).map(|&(_, point)| point)
    }

    /// To be called only for an author who has signed something: others could fill it with keys that nobody has.
    pub(crate) fn keep(&self, key: &PublicKey, point: XOnlyPublicKey) {
        let places = self.0.get_or_init(|| (0..PLACES).map(|_| Mutex::default()).collect());
        if let Some(Place(kept)) = places.get(place_of(key)).and_then(try_lock).as_deref_mut() {
            let [newest, older] = kept;
            *older = newest.replace((*key, point));
        }
    }
}

/// By the end of the key: people look for keys that begin beautifully. Who looks for one that ends as somebody else's has
/// only made both slower.
fn place_of(key: &PublicKey) -> usize {
    let end = key.as_bytes().last_chunk().copied().map_or(0, u16::from_be_bytes);
    usize::from(end) % PLACES
}

fn try_lock(place: &Mutex<Place>) -> Option<std::sync::MutexGuard<'_, Place>> {
    match place.try_lock() {
        Ok(place) => Some(place),
        // Whoever panicked did so elsewhere: a place is whole at every moment.
        Err(TryLockError::Poisoned(place)) => Some(place.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

#[cfg(test)]
mod tests;
