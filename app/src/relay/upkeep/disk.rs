//! Telling the log when the disk becomes low, and when it has room again. The store itself refuses events meanwhile.

use std::pin::pin;
use std::sync::Arc;

use chappe_store::Disk;

use super::{LOOK_EVERY, every};
use crate::relay::{Phase, Shared, reached};

/// Looks at the disk, whether events come or not.
pub(super) async fn watch_disk(shared: Arc<Shared>) {
    let mut closed = pin!(reached(shared.phase.clone(), Phase::Closed));
    let mut ticks = every(LOOK_EVERY);
    let mut was_low = false;
    loop {
        tokio::select! {
            () = &mut closed => return,
            _ = ticks.tick() => {
                let store = Arc::clone(&shared.services.store);
                // It asks the system, which may wait for the disk. What it does not say is as it was.
                let looked = tokio::task::spawn_blocking(move || store.disk()).await;
                let Ok(Ok(Some(disk))) = looked else { continue };
                tell(was_low, disk);
                was_low = disk.is_low;
            }
        }
    }
}

fn tell(was_low: bool, disk: Disk) {
    let Disk { free_bytes, free_bytes_min, is_low } = disk;
    if is_low && !was_low {
        tracing::error!(free_bytes, free_bytes_min, "events are refused: the disk is nearly full");
    } else if was_low && !is_low {
        tracing::info!(free_bytes, free_bytes_min, "the disk has room again: events are taken");
    }
}
