//! Sets of keys.

use chappe_protocol::PublicKey;

/// A set of keys, sorted by their bytes: 32 bytes a key, and a binary search to find one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet(Box<[PublicKey]>);

impl KeySet {
    /// Whether the key is in the set.
    #[must_use]
    pub fn contains(&self, key: &PublicKey) -> bool {
        self.0.binary_search(key).is_ok()
    }

    /// How many keys there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys, in the order of their bytes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &PublicKey> + Clone {
        self.0.iter()
    }

    pub(crate) fn place_of(&self, key: &PublicKey) -> Option<usize> {
        self.0.binary_search(key).ok()
    }

    pub(crate) fn get(&self, place: usize) -> Option<&PublicKey> {
        self.0.get(place)
    }

    /// The keys that are in the other set, too.
    pub fn common<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a PublicKey> {
        self.iter().filter(|key| other.contains(key))
    }

    /// Whether all of these keys are in the other set.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.iter().all(|key| other.contains(key))
    }
}

impl FromIterator<PublicKey> for KeySet {
    fn from_iter<I: IntoIterator<Item = PublicKey>>(keys: I) -> Self {
        let mut keys: Vec<_> = keys.into_iter().collect();
        keys.sort_unstable();
        keys.dedup();
        Self(keys.into())
    }
}

impl IntoIterator for KeySet {
    type Item = PublicKey;
    type IntoIter = std::vec::IntoIter<PublicKey>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
