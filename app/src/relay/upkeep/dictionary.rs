//! Making dictionaries for the store, when it is time.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chappe_store::{Store, Training};

use super::every;
use crate::relay::{Phase, Shared, reached};

/// Between two looks whether there are enough events.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Looks, and has one made in a thread of its own.
pub(super) async fn keep_dictionary(shared: Arc<Shared>) {
    let mut closed = pin!(reached(shared.phase.clone(), Phase::Closed));
    let mut ticks = every(LOOK_EVERY);
    loop {
        tokio::select! {
            () = &mut closed => return,
            _ = ticks.tick() => {
                let store = Arc::clone(&shared.services.store);
                // One that panicked has said so in the log. Events are kept as they are then.
                let looked = tokio::task::spawn_blocking(move || look(&store)).await;
                if !looked.unwrap_or(false) {
                    return;
                }
            }
        }
    }
}

/// Says whether it is worth looking again.
fn look(store: &Store) -> bool {
    let made = match store.is_training_due() {
        Ok(true) => store.train(),
        Ok(false) => return true,
        Err(error) => Err(error),
    };
    match made {
        Ok(Training::Kept(trained)) => {
            let (number, plain_bytes, bytes) = (trained.number, trained.plain_bytes, trained.after_bytes);
            tracing::info!(
                number,
                plain_bytes,
                bytes,
                "new events are compressed by a new dictionary; what it makes of events that it does not come from"
            );
        }
        Ok(Training::NoBetter(_)) => tracing::debug!("a new dictionary is no better than the one there is"),
        Ok(Training::TooFew) => tracing::debug!("there are too few events for a dictionary"),
        Ok(Training::TooMany) => return false,
        Err(error) => {
            tracing::error!(%error, "could not make a dictionary; it is tried again after the next start");
            return false;
        }
    }
    true
}
