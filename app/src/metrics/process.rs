//! The process, as the system sees it.

use std::fmt;
use std::fs;

use rustix::param::page_size;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Handle;

use super::page::Page;
use crate::relay::Shared;

/// By the names that Prometheus's own libraries use. What the system does not tell is left out.
pub(super) fn write(page: &mut Page<'_>, shared: &Shared) -> fmt::Result {
    let memory = memory();
    page.seconds_counter(
        "process_cpu_seconds",
        "Processor time of the process, in user and system mode.",
        cpu_seconds(),
    )?;
    page.gauges(
        "process_resident_memory_bytes",
        "Resident memory; pages of the store that the system keeps in memory count in.",
        memory.map(|Memory { resident, .. }| ([], resident)),
    )?;
    page.gauges(
        "process_virtual_memory_bytes",
        "Address space, the store's map included.",
        memory.map(|Memory { virtual_, .. }| ([], virtual_)),
    )?;
    page.gauges("process_open_fds", "Open file descriptors.", open_descriptors().map(|count| ([], count)))?;
    page.gauges(
        "process_max_fds",
        "File descriptors that may be open.",
        getrlimit(Resource::Nofile).current.map(|most| ([], most)),
    )?;
    page.gauge(
        "process_start_time_seconds",
        "When the relay started, in seconds since 1970.",
        shared.started_at.0,
    )?;
    page.gauges(
        "chappe_build_info",
        "1, with the relay's version.",
        [([("version", env!("CARGO_PKG_VERSION"))], 1)],
    )?;
    page.gauges(
        "chappe_tasks",
        "Tasks that the runtime drives: one for each connection, and some more.",
        Handle::try_current().ok().map(|runtime| ([], runtime.metrics().num_alive_tasks() as u64)),
    )
}

#[derive(Debug, Clone, Copy)]
struct Memory {
    virtual_: u64,
    resident: u64,
}

/// proc(5): /proc/[pid]/statm, in pages.
fn memory() -> Option<Memory> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let mut pages = text.split_ascii_whitespace().map_while(|field| field.parse::<u64>().ok());
    let mut bytes = || Some(pages.next()?.saturating_mul(page_size() as u64));
    Some(Memory { virtual_: bytes()?, resident: bytes()? })
}

/// The one that looks is not counted.
fn open_descriptors() -> Option<u64> {
    let count = fs::read_dir("/proc/self/fd").ok()?.count();
    Some(count.saturating_sub(1) as u64)
}

fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "after 285 years of work it is off by a microsecond")]
    let seconds = time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
    seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_takes_memory_time_and_descriptors() {
        let Memory { virtual_, resident } = memory().unwrap();
        assert!(resident > 100_000 && virtual_ >= resident, "{resident} of {virtual_}");
        let before = open_descriptors().unwrap();
        let held: Vec<_> = (0..50).map(|_| fs::File::open("/proc/self/stat").unwrap()).collect();
        // Other tests open and close some meanwhile.
        assert!(open_descriptors().unwrap() >= 50 && before > 0);
        drop(held);
        let used = cpu_seconds();
        while cpu_seconds() <= used {}
    }
}
