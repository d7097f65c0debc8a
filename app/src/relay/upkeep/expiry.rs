//! Tells the log when the certificate is about to expire: whatever should have replaced it has not.

use std::pin::pin;
use std::sync::Arc;

use super::{LOOK_EVERY, every};
use crate::relay::{Phase, Shared, reached};
use crate::tls::Tls;

const DAY_SECONDS: u64 = 24 * 60 * 60;

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
        let concern = tls.expires_at().and_then(|at| concern(at, shared.clock.now().0, warning_days));
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

/// What there is to say of a certificate that expires at some time, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Concern {
    Soon { at: u64, days_left: u64 },
    Expired { at: u64, days_ago: u64 },
}

fn concern(at: u64, now: u64, warning_days: u64) -> Option<Concern> {
    if warning_days == 0 {
        return None;
    }
    match at.checked_sub(now) {
        None => Some(Concern::Expired { at, days_ago: now.saturating_sub(at) / DAY_SECONDS }),
        Some(left) => {
            let days_left = left / DAY_SECONDS;
            (days_left < warning_days).then_some(Concern::Soon { at, days_left })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_days_are_a_concern() {
        let at = 100 * DAY_SECONDS;
        let rows = [
            (86 * DAY_SECONDS, 14, None),
            (86 * DAY_SECONDS + 1, 14, Some(Concern::Soon { at, days_left: 13 })),
            (99 * DAY_SECONDS, 14, Some(Concern::Soon { at, days_left: 1 })),
            (at, 14, Some(Concern::Soon { at, days_left: 0 })),
            (at + 1, 14, Some(Concern::Expired { at, days_ago: 0 })),
            (at + 3 * DAY_SECONDS, 14, Some(Concern::Expired { at, days_ago: 3 })),
            (at + 1, 0, None),
        ];
        for (now, warning_days, expected) in rows {
            assert_eq!(concern(at, now, warning_days), expected, "at {now}");
        }
    }
}
