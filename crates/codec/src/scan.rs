//! Finding the end of plain text, eight bytes at a time.

/// How many bytes of `text` come before its first quote, backslash or control character (below 0x20).
///
/// These are the bytes that a JSON string cannot hold as they are, so reading and writing both stop at them.
#[must_use]
pub(crate) fn plain_length(text: &[u8]) -> usize {
    let (words, tail) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let marks = special_bytes(u64::from_le_bytes(*word));
        if marks != 0 {
            return index * 8 + marks.trailing_zeros() as usize / 8;
        }
    }
    let plain = tail.iter().position(|&byte| byte < 0x20 || matches!(byte, b'"' | b'\\'));
    words.len() * 8 + plain.unwrap_or(tail.len())
}

/// Sets the top bit of each special byte. Only the lowest mark is exact: a subtraction may borrow from the bytes above
/// the one that it marks, never from those below.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const TOPS: u64 = ONES * 0x80;
    // With its second bit turned, a quote (0x22) comes right above the control characters, and nothing between.
    let quotes_and_controls = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslashes = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
    (quotes_and_controls | backslashes) & !word & TOPS
}

#[cfg(test)]
mod tests;
