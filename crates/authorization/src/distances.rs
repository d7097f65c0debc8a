//! How far keys are away in the graph of follows.

use std::collections::HashSet;

use chappe_policy::KeySet;
use chappe_protocol::PublicKey;

/// For each key that can be reached from the owners and admins by follow lists, the number of hops: 1 for whom they
/// follow themselves. 33 bytes a key, and a binary search to find one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Distances(Box<[(PublicKey, u8)]>);

impl Distances {
    /// Walks the graph breadth first, from the roots (0 hops) to `depth_max` hops, and stops when it has `keys_max`
    /// keys: those nearer to the roots are kept.
    ///
    /// `follows` gives the keys on somebody's follow list (NIP-02) and is asked once for each key nearer than
    /// `depth_max`.
    ///
    /// # Errors
    ///
    /// The first error of `follows`.
    pub fn walk<E>(
        roots: &KeySet,
        depth_max: u8,
        keys_max: usize,
        mut follows: impl FnMut(&PublicKey) -> Result<Vec<PublicKey>, E>,
    ) -> Result<Self, E> {
        let mut seen: HashSet<PublicKey, foldhash::fast::RandomState> =
            roots.iter().copied().take(keys_max).collect();
        let mut found: Vec<_> = roots.iter().take(keys_max).map(|&key| (key, 0)).collect();
        let mut ring = 0..found.len();
        for hops in 1..=depth_max {
            for place in ring.clone() {
                let Some(&(key, _)) = found.get(place) else { break };
                for followed in follows(&key)? {
                    if found.len() >= keys_max {
                        return Ok(found.into_iter().collect());
                    }
                    if seen.insert(followed) {
                        found.push((followed, hops));
                    }
                }
            }
            ring = ring.end..found.len();
        }
        Ok(found.into_iter().collect())
    }

    /// How many hops the key is away; none when it was not reached.
    #[must_use]
    pub fn hops(&self, key: &PublicKey) -> Option<u8> {
        let place = self.0.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
        self.0.get(place).map(|&(_, hops)| hops)
    }

    /// How many keys were reached, the roots among them.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none was reached.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(PublicKey, u8)> for Distances {
    /// Of a key that comes twice, the shorter way counts.
    fn from_iter<I: IntoIterator<Item = (PublicKey, u8)>>(keys: I) -> Self {
        let mut keys: Vec<_> = keys.into_iter().collect();
        keys.sort_unstable();
        keys.dedup_by_key(|&mut (key, _)| key);
        Self(keys.into())
    }
}

#[cfg(test)]
mod tests;
