//! Memory for taking one message apart, lent for as long as that takes.

use chappe_codec::Scratch;
use parking_lot::Mutex;

/// Holds the unescaped and packed parts of the message at hand, and the bytes its id is computed over.
#[derive(Default)]
pub(crate) struct Workspace {
    pub(crate) scratch: Scratch,
    pub(crate) buffer: Vec<u8>,
}

/// How large a buffer may have grown and still be kept, in bytes.
const BUFFER_BYTES_KEPT: usize = 1 << 20;

/// Workspaces that are not in use. A connection holds one only while it reads a message, so an idle one costs nothing
/// and there are never more than threads.
#[derive(Default)]
pub struct Workspaces(Mutex<Vec<Workspace>>);

impl Workspaces {
    /// How many are kept; more than relays have threads.
    const KEPT_MAX: usize = 64;

    pub(crate) fn take(&self) -> Workspace {
        self.0.lock().pop().unwrap_or_default()
    }

    pub(crate) fn give_back(&self, mut workspace: Workspace) {
        workspace.scratch.shrink();
        workspace.buffer.clear();
        workspace.buffer.shrink_to(BUFFER_BYTES_KEPT);
        let mut kept = self.0.lock();
        if kept.len() < Self::KEPT_MAX {
            kept.push(workspace);
        }
    }
}
