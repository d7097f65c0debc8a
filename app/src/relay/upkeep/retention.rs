//! Removing what is kept no longer, step by step. Who goes is chosen here, beside the writer; the writer removes them.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chappe_protocol::EventId;
use chappe_retention::{Eviction, HASTE_MAX, Keeper, State, Step};
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::{LOOK_EVERY, every};
use crate::relay::{Phase, Shared, reached};

/// Between two steps, so that reading and writing have the disk to themselves for most of the time; shorter the nearer the ceiling
/// is, and none at it.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks every second whether something has to go.
pub(super) async fn retain(shared: Arc<Shared>) {
    let mut closed = pin!(reached(shared.phase.clone(), Phase::Closed));
    let mut ticks = every(LOOK_EVERY);
    let keeper = Arc::new(Mutex::new(Keeper::new(Arc::clone(&shared.services.retention))));
    let mut was_stuck = false;
    loop {
        tokio::select! {
            () = &mut closed => return,
            _ = ticks.tick() => {}
        }
        let is_stuck = tokio::select! {
            () = &mut closed => return,
            is_stuck = catch_up(&shared, &keeper) => is_stuck,
        };
        tell(was_stuck, is_stuck);
        was_stuck = is_stuck;
    }
}

/// Takes steps until nothing more is to do. Whether room is wanted that cannot be made.
async fn catch_up(shared: &Arc<Shared>, keeper: &Arc<Mutex<Keeper>>) -> bool {
    let mut events = 0;
    let state = loop {
        let Some(Step { evictions, state, haste }) = next_step(shared, keeper).await else {
            break State::Kept;
        };
        if !evictions.is_empty() {
            if !remove(shared, &evictions).await {
                // Why is in the log. They are found again.
                keeper.lock().start_over();
                break State::Kept;
            }
            events += evictions.len();
        }
        if state != State::More {
            break state;
        }
        sleep(PAUSE * HASTE_MAX.saturating_sub(haste) / HASTE_MAX).await;
    };
    if events > 0 {
        tracing::debug!(events, "removed what is kept no longer");
    }
    state == State::Stuck
}

async fn next_step(shared: &Arc<Shared>, keeper: &Arc<Mutex<Keeper>>) -> Option<Step> {
    let (shared, keeper) = (Arc::clone(shared), Arc::clone(keeper));
    let look = move || {
        let services = &shared.services;
        let mut keeper = keeper.lock();
        if let Some(oldest) = services.processor.take_oldest_stored() {
            keeper.note_stored(oldest);
        }
        keeper.step(&services.store, &services.management.live().load(), shared.clock.now())
    };
    // One that panicked has said so in the log.
    match tokio::task::spawn_blocking(look).await.ok()? {
        Ok(step) => Some(step),
        Err(error) => {
            tracing::error!(%error, "could not look for what is kept no longer");
            None
        }
    }
}

/// Has the writer remove them, and counts them. False when it could not.
async fn remove(shared: &Shared, evictions: &[Eviction]) -> bool {
    let ids: Vec<EventId> = evictions.iter().map(|eviction| eviction.id).collect();
    let (send, removed) = oneshot::channel();
    let done = move |removed| {
        // Nobody waits any more when the relay stops.
        let _ = send.send(removed);
    };
    shared.services.processor.evict(ids, Box::new(done));
    let is_done = matches!(removed.await, Ok(Ok(_)));
    if is_done {
        shared.evicted.add(evictions);
    }
    is_done
}

fn tell(was_stuck: bool, is_stuck: bool) {
    if is_stuck && !was_stuck {
        tracing::error!(
            "the store is nearly as large as store.bytes_max, and nothing may be removed: see [retention]"
        );
    } else if was_stuck && !is_stuck {
        tracing::info!("the store has room again below store.bytes_max");
    }
}
