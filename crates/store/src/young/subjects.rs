//! Byte strings, each kept once and known by its number.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Up to 2^32 of them, numbered from 0 in the order of coming.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    hasher: RandomState,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    numbers: HashTable<u32>,
}

impl Subjects {
    pub(super) fn new(hasher: &RandomState) -> Self {
        Self { hasher: hasher.clone(), ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Makes room for as many as these, in an empty table.
    pub(super) fn reserve_for(&mut self, others: &Self) {
        self.bytes.reserve(others.bytes.len());
        self.ends.reserve(others.ends.len());
        self.numbers.reserve(others.numbers.len(), |_| 0);
    }

    /// How long all of them are together.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn get(&self, number: u32) -> &[u8] {
        get(&self.bytes, &self.ends, number)
    }

    /// Its first byte; 0 of an empty one.
    pub(super) fn first_byte(&self, number: u32) -> u8 {
        self.get(number).first().copied().unwrap_or_default()
    }

    /// The number of this string. `hash` is what the hasher of this table makes of it.
    pub(super) fn find(&self, hash: u64, subject: &[u8]) -> Option<u32> {
        self.numbers.find(hash, |&number| self.get(number) == subject).copied()
    }

    pub(super) fn find_or_add(&mut self, subject: &[u8]) -> u32 {
        let hash = self.hasher.hash_one(subject);
        if let Some(number) = self.find(hash, subject) {
            return number;
        }
        let number = super::ordinal(self.ends.len());
        self.bytes.extend_from_slice(subject);
        self.ends.push(self.bytes.len());
        let Self { hasher, bytes, ends, numbers } = self;
        numbers.insert_unique(hash, number, |&number| hasher.hash_one(get(bytes, ends, number)));
        number
    }

    /// Forgets all but the first ones.
    pub(super) fn truncate(&mut self, len: usize) {
        self.ends.truncate(len);
        self.bytes.truncate(self.ends.last().copied().unwrap_or_default());
        self.numbers.retain(|number| (*number as usize) < len);
    }
}

fn get<'b>(bytes: &'b [u8], ends: &[usize], number: u32) -> &'b [u8] {
    let number = number as usize;
    let start = number.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or_default();
    ends.get(number).and_then(|&end| bytes.get(start..end)).unwrap_or_default()
}
