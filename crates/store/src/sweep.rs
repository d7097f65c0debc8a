//! Removing what has expired (NIP-40). Queries hide it from the second it expires; this gives the room back.

use chappe_protocol::Timestamp;

use crate::error::Error;
use crate::store::Store;
use crate::write::Writer;

impl Store {
    /// Removes up to `events_max` expired events and says how many: call again while it is `events_max`.
    ///
    /// Takes the write lock only when something is due. Works in a full store too: on the reserves of the map and the
    /// disk, by fewer events at once if need be.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], [`Error::Corrupt`], [`Error::Engine`]. Nothing was removed then.
    pub fn sweep_expired(&self, now: Timestamp, events_max: usize) -> Result<usize, Error> {
        if self.snapshot()?.indexes().expiring(now.0, 1)?.is_empty() {
            return Ok(0);
        }
        let (mut swept, mut at_once) = (0, events_max);
        while swept < events_max {
            match self.sweep(now, at_once.min(events_max - swept)) {
                Ok(0) => break,
                Ok(events) => swept += events,
                Err(Error::Full(_) | Error::Engine(heed::Error::Io(_))) if at_once > 1 => at_once /= 2,
                Err(_) if swept > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(swept)
    }

    fn sweep(&self, now: Timestamp, events_max: usize) -> Result<usize, Error> {
        let mut writer = Writer::begin(self, now)?;
        let due = writer.indexes().expiring(now.0, events_max)?;
        if !due.is_empty() {
            due.iter().try_for_each(|&seq| writer.remove(seq))?;
            writer.commit()?;
        }
        Ok(due.len())
    }
}
