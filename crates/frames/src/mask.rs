//! Taking the mask off.

/// A frame's masking key (RFC 6455, section 5.3).
pub(crate) type Mask = [u8; 4];

/// Bytes in one step: the compiler makes of it what the machine's widest registers can do.
const STEP: usize = 8;

/// Unmasks in place a part of a payload which begins `offset` bytes into it.
pub(crate) fn unmask(part: &mut [u8], mask: Mask, offset: usize) {
    let mut turned = mask;
    turned.rotate_left(offset % mask.len());
    let [a, b, c, d] = turned;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (steps, rest) = part.as_chunks_mut::<STEP>();
    for step in steps {
        *step = (u64::from_ne_bytes(*step) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(wide.to_ne_bytes()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use chappe_testkit::Rng;

    use super::*;

    /// As section 5.3 has it: octet i is XORed with the mask's octet i modulo 4.
    fn naive(part: &mut [u8], mask: Mask, offset: usize) {
        for (place, byte) in part.iter_mut().enumerate() {
            *byte ^= mask[(place + offset) % 4];
        }
    }

    #[test]
    fn every_length_and_offset_is_unmasked_as_by_the_book() {
        let mut rng = Rng::new(1);
        for length in 0..100 {
            for offset in 0..9 {
                let mask = [7, 0, 255, 99];
                let bytes: Vec<u8> = (0..length).map(|_| rng.bits().to_le_bytes()[0]).collect();
                let (mut fast, mut slow) = (bytes.clone(), bytes);
                unmask(&mut fast, mask, offset);
                naive(&mut slow, mask, offset);
                assert_eq!(fast, slow, "{length} {offset}");
            }
        }
    }
}
