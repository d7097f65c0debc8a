//! NIP-45's HyperLogLog: counts from several relays that can be merged.

use chappe_protocol::{Filter, PublicKey, TagMode};
use sha2::{Digest, Sha256};

/// The 256 registers of one count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HyperLogLog {
    offset: usize,
    registers: [u8; 256],
}

impl HyperLogLog {
    /// Registers for a COUNT with these filters, when NIP-45 defines them: one filter, one `#` condition with one value.
    pub(crate) fn for_filters(filters: &[Filter]) -> Option<Box<Self>> {
        let [filter] = filters else { return None };
        let [tag] = filter.tags.as_slice() else { return None };
        let [value] = tag.values.as_slice() else { return None };
        (tag.mode == TagMode::Any).then(|| Box::new(Self { offset: offset(value), registers: [0; 256] }))
    }

    /// Counts an author.
    pub(crate) fn add(&mut self, author: &PublicKey) {
        let Some((&register, rest)) = author.as_bytes().get(self.offset..).and_then(<[u8]>::split_first)
        else {
            return;
        };
        let zeros: u32 = rest
            .iter()
            .scan(true, |all_zero, &byte| {
                let counted = all_zero.then(|| byte.leading_zeros());
                *all_zero &= byte == 0;
                counted
            })
            .sum();
        if let Some(highest) = self.registers.get_mut(usize::from(register)) {
            *highest = (*highest).max(u8::try_from(zeros + 1).unwrap_or(u8::MAX));
        }
    }

    pub(crate) const fn registers(&self) -> &[u8; 256] {
        &self.registers
    }
}

/// Where in a public key the register index is read, 8 to 23: from the 33rd hex digit of the tag's value.
fn offset(value: &[u8]) -> usize {
    let digit = |hex: &[u8]| hex.get(32).and_then(|&digit| char::from(digit).to_digit(16));
    let named = if PublicKey::from_hex(value).is_ok() {
        digit(value)
    } else {
        // An address names its author; anything else counts by its hash.
        let author =
            value.splitn(3, |&byte| byte == b':').nth(1).filter(|hex| PublicKey::from_hex(hex).is_ok());
        author.and_then(digit)
    };
    let digit = named.unwrap_or_else(|| {
        let hash: [u8; 32] = Sha256::digest(value).into();
        let [.., high] = hash.first_chunk::<17>().copied().unwrap_or_default();
        u32::from(high >> 4)
    });
    8 + digit as usize
}

#[cfg(test)]
mod tests;
