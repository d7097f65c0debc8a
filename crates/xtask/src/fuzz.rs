//! `fuzz`: libFuzzer on stable Rust, without cargo-fuzz.
//!
//! cargo-fuzz asks for nightly because of the sanitizers. Our crates are safe Rust, where a sanitizer has little to find;
//! what a fuzzer lives on is coverage, and that instrumentation is a pass that stable rustc offers too.

use std::fs;
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
    /// Any sequence of frames into a session
    Conversation,
}

impl Target {
    const ALL: [Self; 4] = [Self::Message, Self::Event, Self::Filter, Self::Conversation];

    const fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Event => "event",
            Self::Filter => "filter",
            Self::Conversation => "conversation",
        }
    }

    /// The longest input worth trying, in bytes: longer ones make each run slower and reach nothing new.
    const fn input_bytes_max(self) -> u32 {
        match self {
            Self::Message | Self::Event | Self::Filter => 4 << 10,
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
    let targets = options
        .target
        .map_or_else(|| Target::ALL.to_vec(), |target| vec![target]);
    run_all(
        workspace,
        &mut steps,
        &targets,
        options.seconds,
        &options.arguments,
    );
    steps.finish()
}

/// Runs every target for some seconds, as steps of a bigger whole.
pub(crate) fn smoke(workspace: &Workspace, steps: &mut Steps, seconds: u64) {
    run_all(workspace, steps, &Target::ALL, seconds, &[]);
}

fn run_all(workspace: &Workspace, steps: &mut Steps, targets: &[Target], seconds: u64, arguments: &[String]) {
    let mut host = String::new();
    let is_built = steps.run("build the fuzz targets", || {
        host = host_triple()?;
        build(workspace, &host)
    });
    for &target in targets {
        let step = format!("fuzz {}", target.name());
        if is_built {
            steps.run(&step, || run_one(workspace, &host, target, seconds, arguments));
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
    build
        .args(["--release", "--target", host])
        .env("RUSTFLAGS", INSTRUMENTED);
    command::run(&mut build)
}

fn run_one(
    workspace: &Workspace,
    host: &str,
    target: Target,
    seconds: u64,
    arguments: &[String],
) -> Result<(), Failure> {
    let name = target.name();
    let package = workspace.root().join(FUZZ);
    let (corpus, seeds) = (
        package.join("corpus").join(name),
        package.join("seeds").join(name),
    );
    let artifacts = package.join("artifacts").join(name);
    for folder in [&corpus, &artifacts] {
        fs::create_dir_all(folder).map_err(Failure::io(folder.display()))?;
    }
    let binary = workspace
        .target(&FUZZ.replace('/', "-"))
        .join(host)
        .join("release")
        .join(name);
    let mut fuzzer = Command::new(binary);
    fuzzer.current_dir(&package);
    fuzzer
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()));
    fuzzer.arg(format!("-max_len={}", target.input_bytes_max()));
    fuzzer.args([
        "-dict=nostr.dict",
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
    ]);
    fuzzer.args(arguments);
    // New finds go to the first folder. A file among the arguments is an input to repeat; folders would then be errors.
    if arguments.iter().all(|argument| argument.starts_with('-')) {
        fuzzer.arg(corpus).arg(seeds);
    }
    command::run(&mut fuzzer)
}

fn host_triple() -> Result<String, Failure> {
    let answer = command::answer("rustc", "-vV").unwrap_or_default();
    let host = answer.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| Failure::new("rustc -vV names no host"))
}
