//! Running the micro-benchmarks, and what their counts depend on.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::command::{self, Failure};
use crate::workspace::Workspace;

/// Instructions by the benchmark's path and id, such as `event::event::decode.note`.
pub(super) type Counts = BTreeMap<String, u64>;

/// All that changes the counts without a change of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Surroundings(pub(super) BTreeMap<String, String>);

impl Surroundings {
    /// Of this machine and toolchain.
    pub(super) fn here() -> Result<Self, Failure> {
        let rustc = command::answer("rustc", "-vV")
            .ok_or_else(|| Failure::new("`rustc -vV` does not answer, so the counts cannot be told apart"))?;
        let field = |name: &str| {
            let line = rustc.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or("unknown").trim().to_owned()
        };
        let first_line = |program: &str| {
            let answer = command::answer(program, "--version").unwrap_or_default();
            answer.lines().next().unwrap_or("unknown").to_owned()
        };
        // Valgrind shows the program one of a few processors of its own, and takes the one with AVX2 where the machine
        // has that. By this libc and our libraries choose how they copy and compare.
        let flags = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let has_avx2 = flags.split_whitespace().any(|flag| flag == "avx2");
        Ok(Self(BTreeMap::from([
            ("rustc".to_owned(), field("release:")),
            ("target".to_owned(), field("host:")),
            ("valgrind".to_owned(), first_line("valgrind")),
            ("libc".to_owned(), first_line("ldd")),
            ("processor".to_owned(), if has_avx2 { "with AVX2" } else { "without AVX2" }.to_owned()),
        ])))
    }

    /// What differs, one line for each.
    pub(super) fn differences(&self, other: &Self) -> Vec<String> {
        let unknown = "unknown".to_owned();
        let differing = other.0.iter().filter(|(name, value)| self.0.get(*name) != Some(value));
        differing
            .map(|(name, value)| {
                format!("{name}: {} then, {value} now", self.0.get(name).unwrap_or(&unknown))
            })
            .collect()
    }
}

/// Runs the benchmarks; the arguments are for their binaries.
pub(super) fn count(workspace: &Workspace, arguments: &[String]) -> Result<Counts, Failure> {
    let mut bench = workspace.cargo("bench");
    bench.args(["--package", "chappe-benches", "--benches", "--", "--output-format=json"]).args(arguments);
    let counts = read(&command::output(&mut bench)?)?;
    if counts.is_empty() { Err(Failure::new("no benchmark has such a name")) } else { Ok(counts) }
}

/// Reads gungraun's summaries, one JSON object a line.
fn read(lines: &str) -> Result<Counts, Failure> {
    lines.lines().filter(|line| line.starts_with('{')).map(entry).collect()
}

fn entry(line: &str) -> Result<(String, u64), Failure> {
    let wrong = |what: &str| Failure::new(format!("gungraun's summary has no {what}: {line:.200}"));
    let summary: Value = serde_json::from_str(line).map_err(|error| wrong(&error.to_string()))?;
    let path = summary.get("module_path").and_then(Value::as_str).ok_or_else(|| wrong("module_path"))?;
    let name = match summary.get("id").and_then(Value::as_str) {
        Some(id) => format!("{path}.{id}"),
        None => path.to_owned(),
    };
    let profiles = summary.get("profiles").and_then(Value::as_array).ok_or_else(|| wrong("profiles"))?;
    let count = profiles.iter().find_map(instructions).ok_or_else(|| wrong("instructions"))?;
    Ok((name, count))
}

/// The count of this run; that of the run before stands beside it as `old`.
fn instructions(profile: &Value) -> Option<u64> {
    profile.pointer("/data/total/metrics/Ir/values/new").and_then(Value::as_u64)
}

/// The version that the runner must have.
pub(super) fn gungraun_version(workspace: &Workspace) -> Result<String, Failure> {
    let path = workspace.root().join("Cargo.lock");
    let lock = fs::read_to_string(&path).map_err(Failure::io(path.display()))?;
    version_in(&lock, "gungraun").ok_or_else(|| Failure::new("Cargo.lock has no gungraun"))
}

/// The version of a package in the text of a lock file.
fn version_in(lock: &str, package: &str) -> Option<String> {
    let mut lines = lock.lines();
    lines.find(|line| *line == format!("name = \"{package}\""))?;
    let version = lines.next()?.strip_prefix("version = \"")?;
    version.strip_suffix('"').map(str::to_owned)
}

#[cfg(test)]
mod tests;
