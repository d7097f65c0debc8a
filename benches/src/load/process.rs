//! What a process has cost, from Linux's /proc.

use std::fs;
use std::time::Duration;

use crate::client::Target;
use crate::failure::Failure;

/// The processor time of a process so far, and the memory it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// In user and system mode, all threads together. Counted in steps of 10 ms.
    pub(crate) cpu: Duration,
    /// Heap and stacks, in kB.
    pub(crate) own_kb: u64,
    /// Pages of files, such as a memory-mapped store, in kB. The system may take them back at any time.
    pub(crate) file_kb: u64,
}

/// Linux reports processor time in hundredths of a second, whatever its own clock does.
const MILLIS_A_TICK: u64 = 10;

impl Usage {
    /// Of the process with this id.
    pub(crate) fn of(pid: u32) -> Result<Self, Failure> {
        let read = |file: &str| {
            let path = format!("/proc/{pid}/{file}");
            fs::read_to_string(&path).map_err(|error| Failure::new(format!("{path}: {error}")))
        };
        Self::parse(&read("stat")?, &read("status")?)
            .ok_or_else(|| Failure::new(format!("/proc/{pid} does not read like Linux")))
    }

    /// Of this process.
    pub(crate) fn own() -> Result<Self, Failure> {
        Self::of(std::process::id())
    }

    fn parse(stat: &str, status: &str) -> Option<Self> {
        // The second field is the command's name in brackets, which may hold anything.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_ascii_whitespace();
        let user: u64 = fields.nth(11)?.parse().ok()?;
        let system: u64 = fields.next()?.parse().ok()?;
        let kb = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.strip_prefix(':')?.trim().strip_suffix(" kB")?.parse::<u64>().ok()
        };
        Some(Self {
            cpu: Duration::from_millis((user + system) * MILLIS_A_TICK),
            own_kb: kb("RssAnon")?,
            file_kb: kb("RssFile")? + kb("RssShmem")?,
        })
    }
}

/// Watches the relay, when its process id is known, and this generator beside it.
#[derive(Debug)]
pub(crate) struct Meter {
    relay: Option<(u32, Usage)>,
    own: Usage,
    /// Whom it is about, and what had come from there.
    target: Target,
    received: u64,
}

/// What happened between two looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    /// The relay's processor time and its memory now.
    pub(crate) relay: Option<Usage>,
    /// The generator's processor time.
    pub(crate) own_cpu: Duration,
    /// Bytes that came from the relay.
    pub(crate) received: u64,
}

impl Meter {
    pub(crate) fn start(pid: Option<u32>, target: &Target) -> Result<Self, Failure> {
        let relay = pid.map(|pid| Usage::of(pid).map(|usage| (pid, usage))).transpose()?;
        Ok(Self { relay, own: Usage::own()?, received: target.received(), target: target.clone() })
    }

    pub(crate) fn spent(&self) -> Result<Spent, Failure> {
        let relay = self.relay.map(|(pid, before)| {
            let now = Usage::of(pid)?;
            Ok::<_, Failure>(Usage { cpu: now.cpu.saturating_sub(before.cpu), ..now })
        });
        let own_cpu = Usage::own()?.cpu.saturating_sub(self.own.cpu);
        let received = self.target.received().saturating_sub(self.received);
        Ok(Spent { relay: relay.transpose()?, own_cpu, received })
    }

    /// The relay's own memory when the watch began, in kB.
    pub(crate) fn own_kb_before(&self) -> Option<u64> {
        self.relay.map(|(_, before)| before.own_kb)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_after_the_name_whatever_it_holds() {
        let stat = "42 (a ) b (c)) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 7 7 20 0 5 0 1000 0 0";
        let status = "Name:\ta\nVmRSS:\t     900 kB\nRssAnon:\t     600 kB\nRssFile:\t     290 kB\nRssShmem:\t      10 kB\n";
        let usage = Usage { cpu: Duration::from_secs(3), own_kb: 600, file_kb: 300 };
        assert_eq!(Usage::parse(stat, status), Some(usage));
        assert_eq!(Usage::parse("42 cut", status), None);
        assert_eq!(Usage::parse(stat, "RssAnon: much"), None);
    }

    #[test]
    fn a_process_can_be_watched_and_a_missing_one_is_named() {
        let meter = Meter::start(Some(std::process::id()), &"ws://localhost".parse().unwrap()).unwrap();
        let spent = meter.spent().unwrap();
        assert!(spent.relay.is_some_and(|usage| usage.own_kb > 0));
        let failure = Usage::of(u32::MAX).unwrap_err().to_string();
        assert!(failure.contains("/proc/4294967295"), "{failure}");
    }
}
