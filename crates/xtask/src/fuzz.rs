//! `fuzz`: libFuzzer on stable Rust, without cargo-fuzz.
//!
//! cargo-fuzz asks for nightly because of the sanitizers. Our crates are safe Rust, where a sanitizer has little to find;
//! what a fuzzer lives on is coverage, and that instrumentation is a pass that stable rustc offers too.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use crate::command::{self, Failure};
use crate::steps::Steps;
use crate::tools;
use crate::workspace::{FUZZ, Workspace};

/// The fuzz targets, one binary each in `tests/fuzz`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Target {
    /// Any bytes as a client's message; what decodes survives a round trip
    Message,
    /// Any bytes as an event: decode, encode, decode again, verify
    Event,
    /// Any bytes as a filter: decode and match
    Filter,
    /// Any bytes as what comes in over WebSocket
    Frames,
    /// Any sequence of messages into a session
    Conversation,
}

impl Target {
    const ALL: [Self; 5] = [Self::Message, Self::Event, Self::Filter, Self::Frames, Self::Conversation];

    const fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Event => "event",
            Self::Filter => "filter",
            Self::Frames => "frames",
            Self::Conversation => "conversation",
        }
    }

    /// The longest input worth trying, in bytes: longer ones make each run slower and reach nothing new.
    const fn input_bytes_max(self) -> u32 {
        match self {
            Self::Message | Self::Event | Self::Filter | Self::Frames => 4 << 10,
            Self::Conversation => 16 << 10,
        }
    }
}

/// What to fuzz, and for how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only this target; all of them in turn when none is named
    #[arg(value_enum)]
    target: Option<Target>,
    /// How long each target runs
    #[arg(long, default_value_t = 60, value_name = "N")]
    seconds: u64,
    /// Arguments for libFuzzer, such as `-jobs=2`, or the file of an artifact to run once more
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Runs the targets one after the other.
pub(crate) fn fuzz(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    let mut steps = Steps::default();
    let targets = options.target.map_or_else(|| Target::ALL.to_vec(), |target| vec![target]);
    run_all(workspace, &mut steps, &targets, |name, mut fuzzer| {
        fuzzer.arg(format!("-max_total_time={}", options.seconds)).args(&options.arguments);
        // A file among the arguments is an input to repeat; folders beside it would be errors.
        if options.arguments.iter().all(|argument| argument.starts_with('-')) {
            fuzzer.args(folders(name));
        }
        command::run(&mut fuzzer)
    });
    steps.finish()
}

/// Runs every target for some seconds, as steps of a bigger whole; tells no more than it must.
pub(crate) fn smoke(workspace: &Workspace, steps: &mut Steps, seconds: u64) {
    run_all(workspace, steps, &Target::ALL, |name, mut fuzzer| {
        fuzzer.arg(format!("-max_total_time={seconds}")).args(folders(name));
        run_quietly(&mut fuzzer, &workspace.target(&format!("fuzz-{name}.log")))
    });
}

/// Builds the targets, then lets `run` finish the command line of each and run it.
fn run_all(
    workspace: &Workspace,
    steps: &mut Steps,
    targets: &[Target],
    run: impl Fn(&str, Command) -> Result<(), Failure>,
) {
    let mut host = String::new();
    let is_built = steps.run("build the fuzz targets", || {
        host = host_triple()?;
        build(workspace, &host)
    });
    for &target in targets {
        let step = format!("fuzz {}", target.name());
        if is_built {
            steps.run(&step, || run(target.name(), fuzzer(workspace, &host, target)?));
        } else {
            steps.skip(&step, "it did not build");
        }
    }
}

/// The flags with which cargo-fuzz instruments for `--sanitizer none`.
const INSTRUMENTED: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

fn build(workspace: &Workspace, host: &str) -> Result<(), Failure> {
    tools::ensure_debian(tools::CXX)?;
    let mut build = workspace.cargo_outside(FUZZ, "build");
    // Naming the target, even our own, keeps build scripts and macros free of these flags: they would not link.
    build.args(["--release", "--target", host]).env("RUSTFLAGS", INSTRUMENTED);
    command::run(&mut build)
}

fn fuzzer(workspace: &Workspace, host: &str, target: Target) -> Result<Command, Failure> {
    let name = target.name();
    let package = workspace.root().join(FUZZ);
    for folder in [package.join("corpus").join(name), package.join("artifacts").join(name)] {
        fs::create_dir_all(&folder).map_err(Failure::io(folder.display()))?;
    }
    let built = workspace.target(&FUZZ.replace('/', "-")).join(host).join("release");
    let mut fuzzer = Command::new(built.join(name));
    fuzzer.current_dir(package).arg(format!("-artifact_prefix=artifacts/{name}/"));
    fuzzer.arg(format!("-max_len={}", target.input_bytes_max()));
    fuzzer.args(["-dict=nostr.dict", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]);
    Ok(fuzzer)
}

/// Inputs to start from. What is found on the way goes to the first.
fn folders(name: &str) -> [String; 2] {
    [format!("corpus/{name}"), format!("seeds/{name}")]
}

/// How many lines of a failed run are shown.
const LOG_LINES_MAX: usize = 60;

/// Runs a fuzzer that writes to a log; shows the coverage at its start and end, or what went wrong.
fn run_quietly(fuzzer: &mut Command, log: &Path) -> Result<(), Failure> {
    let output = File::create(log).map_err(Failure::io(log.display()))?;
    let errors = output.try_clone().map_err(Failure::io(log.display()))?;
    let outcome = command::run(fuzzer.stdout(output).stderr(errors));
    let text = fs::read(log).map_err(Failure::io(log.display()))?;
    let text = String::from_utf8_lossy(&text);
    if outcome.is_err() {
        let lines: Vec<&str> = text.lines().collect();
        let first = lines.len().saturating_sub(LOG_LINES_MAX);
        eprintln!("{}", lines.get(first..).unwrap_or_default().join("\n"));
        return outcome;
    }
    let told: Vec<&str> =
        text.lines().filter(|line| line.contains("INITED") || line.contains("DONE")).collect();
    eprintln!("{}", told.join("\n"));
    // Flags that a new compiler ignores would leave a fuzzer that sees nothing and passes for ever.
    if told.iter().any(|line| coverage(line).is_some_and(|edges| edges > 0)) {
        Ok(())
    } else {
        Err(Failure::new("the target tells no coverage: is it instrumented?"))
    }
}

/// The number after `cov:` in a status line such as `#13 INITED cov: 837 ft: 1610 corp: 12/10757b`.
fn coverage(line: &str) -> Option<u64> {
    let (_, after) = line.split_once("cov: ")?;
    after.split(' ').next()?.parse().ok()
}

fn host_triple() -> Result<String, Failure> {
    let answer = command::answer("rustc", "-vV").unwrap_or_default();
    let host = answer.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Failure::new("rustc -vV names no host"))
}

#[cfg(test)]
mod tests;
