//! Proof of work (NIP-13).

use chappe_protocol::{EventHead, EventId};

use crate::Invalid;

/// Whether the id has the work and the first `nonce` tag commits to it.
///
/// NIP-13: the commitment keeps an id that was mined for less from passing by luck, so a claim counts for no more
/// than the target it names.
pub(crate) fn check(head: &EventHead<'_>, bits_min: u8) -> Result<(), Invalid> {
    if bits_min == 0 {
        return Ok(());
    }
    if committed_bits(head).is_none_or(|bits| bits < u32::from(bits_min)) {
        return Err(Invalid::WorkNotCommitted { bits_min });
    }
    if leading_zero_bits(&head.id) < u32::from(bits_min) {
        return Err(Invalid::TooLittleWork { bits_min });
    }
    Ok(())
}

/// The target that the first `nonce` tag names in its third place.
fn committed_bits(head: &EventHead<'_>) -> Option<u32> {
    let nonce = head.tags.iter().find(|tag| tag.name() == b"nonce")?;
    str::from_utf8(nonce.strings().nth(2)?).ok()?.parse().ok()
}

fn leading_zero_bits(id: &EventId) -> u32 {
    let mut bits = 0;
    for byte in id.as_bytes() {
        bits += byte.leading_zeros();
        if *byte != 0 {
            break;
        }
    }
    bits
}

#[cfg(test)]
mod tests;
