//! What there is to say of a certificate's end.

use std::fmt;

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// What there is to say of a certificate that expires at some time, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Concern {
    Soon { at: u64, days_left: u64 },
    Expired { at: u64, days_ago: u64 },
}

impl Concern {
    /// Nothing where more days are left than this, or it is 0.
    pub(crate) fn of(at: u64, now: u64, warning_days: u64) -> Option<Self> {
        if warning_days == 0 {
            return None;
        }
        match at.checked_sub(now) {
            None => Some(Self::Expired { at, days_ago: now.saturating_sub(at) / DAY_SECONDS }),
            Some(left) => {
                let days_left = left / DAY_SECONDS;
                (days_left < warning_days).then_some(Self::Soon { at, days_left })
            }
        }
    }
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Soon { days_left, .. } => write!(f, "the certificate expires soon; days left: {days_left}"),
            Self::Expired { days_ago, .. } => {
                write!(f, "the certificate has expired, and clients refuse it; days since then: {days_ago}")
            }
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
            assert_eq!(Concern::of(at, now, warning_days), expected, "at {now}");
        }
    }
}
