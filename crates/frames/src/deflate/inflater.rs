//! Decompression, up to a bound.

use std::sync::Arc;

use flate2::{Decompress, FlushDecompress, Status};

use super::idle::Idle;
use super::tally::{Compressed, Tally};
use super::{TAIL, behind};
use crate::Violation;

/// The least that a message grows by while it is decompressed.
const GROWTH_BYTES_MIN: usize = 1024;

/// How often a message may say that its compression ends and then go on. Once is what some clients do (RFC 7692, section
/// 7.2.3.4).
pub(super) const ENDS_MAX: usize = 4;

/// Decompresses messages. A clone shares the states.
#[derive(Debug, Clone)]
pub struct Inflater(Arc<States>);

#[derive(Debug)]
struct States {
    idle: Idle<Decompress>,
    tally: Tally,
}

impl Inflater {
    /// Keeps at most `states_max` states: as many as there are threads.
    #[must_use]
    pub fn new(states_max: usize) -> Self {
        Self(Arc::new(States { idle: Idle::new(states_max), tally: Tally::default() }))
    }

    /// What was decompressed so far, all clones together.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.0.tally
    }

    /// Appends what the bytes are decompressed, up to `bytes_max`.
    pub(crate) fn inflate(
        &self,
        deflated: &[u8],
        out: &mut Vec<u8>,
        bytes_max: usize,
    ) -> Result<(), Violation> {
        let States { idle, tally } = &*self.0;
        let before = out.len();
        let mut state = idle.take_or(|| Decompress::new(false));
        state.reset(false);
        let done = inflate(&mut state, deflated, out, bytes_max);
        idle.give_back(state);
        tally.add(Compressed::one(out.len() - before, deflated.len()));
        done
    }
}

fn inflate(
    state: &mut Decompress,
    deflated: &[u8],
    out: &mut Vec<u8>,
    bytes_max: usize,
) -> Result<(), Violation> {
    let mut ends = 0;
    for part in [deflated, TAIL] {
        let mut rest = part;
        loop {
            make_room(out, rest.len(), bytes_max);
            let (taken_before, length_before) = (state.total_in(), out.len());
            let status =
                state.decompress_vec(rest, out, FlushDecompress::Sync).map_err(|_| Violation::NotDeflate)?;
            let taken = state.total_in() - taken_before;
            rest = behind(rest, taken);
            if out.len() > bytes_max {
                return Err(Violation::TooLong);
            }
            if status == Status::StreamEnd {
                ends += 1;
                if rest.is_empty() {
                    return Ok(());
                }
                if ends > ENDS_MAX {
                    return Err(Violation::NotDeflate);
                }
                state.reset(false);
            } else if rest.is_empty() && out.len() < out.capacity() {
                break;
            } else if taken == 0 && out.len() == length_before {
                // There is room, there is input, and nothing comes of it.
                return Err(Violation::NotDeflate);
            }
        }
    }
    Ok(())
}

/// Has `out` be able to grow, by no more than what was decompressed so far or is likely to come, and not much further than
/// to the bound.
fn make_room(out: &mut Vec<u8>, deflated_bytes: usize, bytes_max: usize) {
    if out.len() < out.capacity() {
        return;
    }
    let likely = out.len().max(deflated_bytes.saturating_mul(2)).max(GROWTH_BYTES_MIN);
    let allowed = bytes_max.saturating_sub(out.len()).saturating_add(1);
    out.reserve_exact(likely.min(allowed));
}
