//! Who follows whom.

use chappe_protocol::PublicKey;

use crate::KeySet;

/// The follow lists (NIP-02) of the keys that a policy asks about, turned around: for each followed key, its followers.
///
/// 36 bytes a followed key and 4 bytes for each that follows it.
#[derive(Debug, Clone, Default)]
pub struct Follows {
    roots: KeySet,
    followed: Box<[PublicKey]>,
    /// Where the followers of each followed key end.
    ends: Box<[u32]>,
    /// Places in `roots`, ascending for each followed key.
    followers: Box<[u32]>,
}

impl Follows {
    /// Takes each root with the keys it follows. Lists of a root that comes twice are put together.
    ///
    /// At most 2^32 follows are kept.
    #[must_use]
    pub fn new(lists: impl Iterator<Item = (PublicKey, KeySet)>) -> Self {
        let lists: Vec<_> = lists.collect();
        let roots: KeySet = lists.iter().map(|(root, _)| *root).collect();
        let mut pairs: Vec<(PublicKey, u32)> = Vec::new();
        for (root, list) in &lists {
            let Some(place) = place_of(&roots, root) else { continue };
            pairs.extend(list.iter().map(|key| (*key, place)));
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs.truncate(u32::MAX as usize);
        let (mut followed, mut ends, mut followers) = (Vec::new(), Vec::<u32>::new(), Vec::new());
        for (key, place) in pairs {
            if followed.last() != Some(&key) {
                followed.push(key);
                ends.push(ends.last().copied().unwrap_or_default());
            }
            if let Some(end) = ends.last_mut() {
                *end += 1;
            }
            followers.push(place);
        }
        Self { roots, followed: followed.into(), ends: ends.into(), followers: followers.into() }
    }

    /// Whether the root's list names the key. Costs two binary searches.
    #[must_use]
    pub fn follows(&self, root: &PublicKey, key: &PublicKey) -> bool {
        place_of(&self.roots, root).is_some_and(|place| self.followers_of(key).binary_search(&place).is_ok())
    }

    /// Whether one of the roots follows the key. Costs a search for each root or for each follower of the key,
    /// whichever are fewer.
    #[must_use]
    pub fn any_follows(&self, roots: &KeySet, key: &PublicKey) -> bool {
        let followers = self.followers_of(key);
        if roots.len() <= followers.len() {
            let mut places = roots.iter().filter_map(|root| place_of(&self.roots, root));
            return places.any(|place| followers.binary_search(&place).is_ok());
        }
        followers
            .iter()
            .filter_map(|&place| self.roots.get(place as usize))
            .any(|follower| roots.contains(follower))
    }

    fn followers_of(&self, key: &PublicKey) -> &[u32] {
        let Ok(place) = self.followed.binary_search(key) else { return &[] };
        let start =
            place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        let end = self.ends.get(place).copied().unwrap_or_default();
        self.followers.get(start as usize..end as usize).unwrap_or_default()
    }
}

fn place_of(roots: &KeySet, root: &PublicKey) -> Option<u32> {
    u32::try_from(roots.place_of(root)?).ok()
}
