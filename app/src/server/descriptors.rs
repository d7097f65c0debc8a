//! File descriptors: each connection needs one, and systems give few unless asked.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that are no connections: the store, listeners, the log, the runtime.
const OTHERS: u64 = 64;

/// Asks for as many descriptors as this process may have, and says how many connections that allows.
///
/// systemd and most shells give 1,024 and allow half a million: the low number is for programs that use `select`.
pub(crate) fn raise_limit() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: maximum, maximum };
    let limit = if setrlimit(Resource::Nofile, raised).is_ok() { maximum } else { current };
    // None stands for no limit at all.
    limit.unwrap_or(u64::MAX).saturating_sub(OTHERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_is_raised_to_what_is_allowed() {
        let connections = raise_limit();
        let now = getrlimit(Resource::Nofile);
        assert_eq!(now.current, now.maximum);
        assert_eq!(connections, now.current.unwrap_or(u64::MAX).saturating_sub(OTHERS));
    }
}
