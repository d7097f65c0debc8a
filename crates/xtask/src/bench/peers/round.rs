//! One relay, taken through all steps on stores that begin empty.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::contender::Entrant;
use super::samples::{Outcome, Report};
use super::step::{Sizes, Step};
use crate::command::{self, Failure};
use crate::relay::Relay;
use crate::workspace::Workspace;

/// What a round needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) entrant: &'a Entrant,
    pub(super) steps: &'a [Step],
    pub(super) sizes: &'a Sizes,
    pub(super) corpus: &'a Path,
}

/// How often we look whether a step has ended.
const POLL: Duration = Duration::from_millis(20);

impl Round<'_> {
    /// Does the steps that the same relay can take one after the other, then the others on a relay just started.
    pub(super) fn run(&self, mut tell: impl FnMut(Step, Outcome)) -> Result<(), Failure> {
        for fresh in [false, true] {
            let steps: Vec<Step> =
                self.steps.iter().copied().filter(|step| step.wants_fresh_relay() == fresh).collect();
            if !steps.is_empty() {
                self.run_on_one_relay(&steps, &mut tell)?;
            }
        }
        Ok(())
    }

    fn run_on_one_relay(&self, steps: &[Step], tell: &mut impl FnMut(Step, Outcome)) -> Result<(), Failure> {
        // What the relay before has left for the system to write is not to slow this one down.
        command::run(&mut Command::new("sync"))?;
        let relay = match self.start() {
            Ok(relay) => relay,
            Err(failure) => {
                let why = format!("it did not start: {failure}");
                steps.iter().for_each(|&step| tell(step, Outcome::Refused(why.clone())));
                return Ok(());
            }
        };
        for &step in steps {
            let begin = Instant::now();
            let outcome = self.load(step, &relay)?;
            let shown = match &outcome {
                Outcome::Done(report) if report.faults.is_empty() => "all answers right".to_owned(),
                Outcome::Done(report) => report.faults.join("; "),
                Outcome::Refused(why) => format!("not measured: {why}"),
            };
            eprintln!("{:>10}  {:>4} s  {shown}", step.name(), begin.elapsed().as_secs());
            tell(step, outcome);
        }
        // How it stops is no part of the comparison; dropping it kills it.
        if let Err(failure) = relay.stop() {
            eprintln!("{failure}");
        }
        Ok(())
    }

    /// On the disk of the target directory: that of the system's temporary files may be memory, where a commit is free.
    fn start(&self) -> Result<Relay, Failure> {
        let name = self.entrant.contender.program();
        let data = tempfile::tempdir_in(self.workspace.target("bench"));
        let data = data.map_err(Failure::io("a directory for the relay's data"))?;
        let log = self.workspace.target("bench").join(format!("{name}.log"));
        let files = self.sizes.open_files();
        Relay::launch(data, log, |data, address| Ok(with_files(&self.entrant.command(data, address)?, files)))
    }

    fn load(&self, step: Step, relay: &Relay) -> Result<Outcome, Failure> {
        let mut load = Command::new(self.workspace.target("release").join("load"));
        let arguments = step.arguments(self.corpus, self.sizes);
        let mut words = arguments.iter();
        // The address comes after the workload's name.
        load.args(words.next()).arg(relay.url()).args(words);
        load.args(["--json", "--pid", &relay.pid().to_string()]);
        let load = with_files(&load, self.sizes.open_files());
        finish(load, Duration::from_secs(self.sizes.step_seconds_max()))
    }
}

/// The same command with so many files allowed, or as many as the system allows.
fn with_files(command: &Command, files: usize) -> Command {
    let script = r#"ulimit -n "$0" 2>/dev/null || ulimit -n "$(ulimit -H -n)"; exec "$@""#;
    let mut shell = Command::new("sh");
    shell.args(["-c", script, &files.to_string()]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    shell
}

/// Runs the load generator and reads what it tells. What the relay is to blame for is an outcome, not a failure.
fn finish(mut load: Command, time_max: Duration) -> Result<Outcome, Failure> {
    let [out, err] = [tempfile::tempfile(), tempfile::tempfile()];
    let (mut out, mut err) = (out.map_err(Failure::io("a file"))?, err.map_err(Failure::io("a file"))?);
    let copy = |file: &File| file.try_clone().map_err(Failure::io("a file"));
    load.stdin(Stdio::null()).stdout(copy(&out)?).stderr(copy(&err)?);
    let mut child = load.spawn().map_err(Failure::io("load"))?;
    let Some(status) = wait(&mut child, time_max).map_err(Failure::io("load"))? else {
        return Ok(Outcome::Refused(format!("not done after {} s", time_max.as_secs())));
    };
    // 0: all right. 1: wrong answers, told in the report. Others: no report.
    if !matches!(status.code(), Some(0 | 1)) {
        let text = read(&mut err).map_err(Failure::io("load"))?;
        let line = text.lines().last().unwrap_or_default();
        return Ok(Outcome::Refused(line.strip_prefix("load: ").unwrap_or(line).to_owned()));
    }
    let text = read(&mut out).map_err(Failure::io("load"))?;
    let report = Report::parse(&text).map_err(|why| Failure::new(format!("load told nonsense: {why}")))?;
    Ok(report.judged())
}

/// Its status, or nothing when it took too long and was ended.
fn wait(child: &mut Child, time_max: Duration) -> io::Result<Option<ExitStatus>> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begin.elapsed() > time_max {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

fn read(file: &mut File) -> io::Result<String> {
    io::Seek::rewind(file)?;
    io::read_to_string(file)
}

#[cfg(test)]
mod tests;
