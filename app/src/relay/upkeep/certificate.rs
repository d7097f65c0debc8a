//! The certificate: read again when its files change, or replaced in time by ACME.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::{LOOK_EVERY, every, stamps};
use crate::relay::errand::Wishes;
use crate::relay::{Phase, Shared, reached};
use crate::tls::{self, Tls};

/// A certificate's remaining life is looked at again after so long: clocks are set, and machines sleep.
const LOOK_AGAIN: Duration = Duration::from_secs(60 * 60);

/// Has the certificate read again when its files have changed, or when somebody asks for it.
///
/// Certificate and key are changed one after the other: they are read once nothing has changed between two looks.
pub(super) async fn watch(shared: Arc<Shared>, tls: Arc<Tls>, mut wishes: Wishes) {
    let mut closed = pin!(reached(shared.phase.clone(), Phase::Closed));
    let mut ticks = every(LOOK_EVERY);
    let mut seen = stamps(tls.files());
    let mut is_changed = false;
    loop {
        let asked = tokio::select! {
            () = &mut closed => return,
            _ = ticks.tick() => None,
            wish = wishes.next() => Some(wish),
        };
        let now = stamps(tls.files());
        let has_moved = now != std::mem::replace(&mut seen, now.clone());
        is_changed |= has_moved;
        if asked.is_none() && (!is_changed || has_moved) {
            continue;
        }
        is_changed = false;
        let reading = Arc::clone(&tls);
        let _ = tokio::task::spawn_blocking(move || reading.reload()).await;
        asked.into_iter().for_each(|wish| tls.asked.finish(wish));
    }
}

/// Has a certificate got by ACME where there is none, and another one before it expires, or when its file was removed. After a failure it is tried again
/// when a pause is over, or when somebody asks for it.
pub(super) async fn renew(shared: Arc<Shared>, tls: Arc<Tls>, mut wishes: Wishes) {
    let mut closed = pin!(reached(shared.phase.clone(), Phase::Closed));
    let renewal_in = || tls.renewal_in(shared.clock.now().0);
    let mut failures = 0_u32;
    loop {
        let wait = match failures {
            0 => renewal_in().map_or(Duration::ZERO, |wait| wait.min(LOOK_AGAIN)),
            _ => tls::pause(failures),
        };
        tokio::select! {
            () = &mut closed => return,
            () = sleep(wait) => {}
            _ = wishes.next() => {}
        }
        if renewal_in().is_some_and(|wait| !wait.is_zero()) {
            continue;
        }
        let renewed = tokio::select! {
            () = &mut closed => return,
            renewed = tls.renew() => renewed,
        };
        let is_due = renewal_in().is_none_or(|wait| wait.is_zero());
        if renewed.is_ok() && !is_due {
            failures = 0;
            continue;
        }
        failures = failures.saturating_add(1);
        let pause_seconds = tls::pause(failures).as_secs();
        match renewed {
            Err(error) if renewal_in().is_some() => {
                tracing::error!(%error, pause_seconds, "no new certificate: the old one stays in force");
            }
            Err(error) => tracing::error!(%error, pause_seconds, "no certificate yet, so no TLS"),
            // It would be asked for ever.
            Ok(()) => tracing::warn!(pause_seconds, "the new certificate is due for renewal already"),
        }
    }
}
