//! Tells the log when the certificate is about to expire: whatever should have replaced it has not.

use std::pin::pin;
use std::sync::Arc;

use super::{LOOK_EVERY, every};
use crate::relay::{Phase, Shared, reached};
use crate::tls::{Concern, Tls};

/// Says so once a day while the certificate in force has fewer days left than this; 0: never.
pub(super) async fn tell(shared: Arc<Shared>, tls: Arc<Tls>, warning_days: u64) {
    let mut closed = pin!(reached(shared.phase.clone(), Phase::Closed));
    let mut ticks = every(LOOK_EVERY);
    let mut said = None;
    loop {
        tokio::select! {
            () = &mut closed => return,
            _ = ticks.tick() => {}
        }
        let concern = tls.expires_at().and_then(|at| Concern::of(at, shared.clock.now().0, warning_days));
        if said == concern {
            continue;
        }
        match &concern {
            Some(Concern::Soon { days_left, .. }) => {
                tracing::warn!(days_left, "the certificate expires soon");
            }
            Some(Concern::Expired { days_ago, .. }) => {
                tracing::error!(days_ago, "the certificate has expired, and clients refuse it");
            }
            None => {}
        }
        said = concern;
    }
}
