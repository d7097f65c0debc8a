//! One life of a program.

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncWriteExt;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::lines::{Line, Lines};
use crate::log::Journal;

/// The longest answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The longest line of its standard error that is logged whole.
const LOG_LINE_BYTES_MAX: usize = 4 * 1024;

/// How long a program may take to end once its input has.
const END_PATIENCE: Duration = Duration::from_millis(500);

/// How to start a program.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    /// What it and the relay have to say.
    pub(super) journal: Arc<Journal>,
    pub(super) program: Program,
    /// Where it is started.
    pub(super) folder: PathBuf,
}

/// What to start.
#[derive(Debug, Clone)]
pub(super) enum Program {
    /// A command line of the operator's configuration, for `sh`: it may set variables and give arguments.
    Shell(String),
    /// A file that a policy names. No shell reads the name, and it gets no arguments: a policy can be replaced from
    /// afar, and must not be able to say more than which of the programs that are there.
    File(PathBuf),
}

/// A running program and its pipes. Dropped, it is killed, together with what it has started.
pub(super) struct Child {
    process: tokio::process::Child,
    group: Option<Pid>,
    /// Nothing once its input has ended.
    stdin: Option<ChildStdin>,
    stdout: Lines<ChildStdout>,
}

/// What a program did.
pub(super) enum Happening {
    /// It wrote something: see [`Child::lines`].
    Said,
    /// It took so many bytes.
    Took(usize),
    /// It closed a pipe.
    Closed(&'static str),
    /// It ended.
    Exited(io::Result<ExitStatus>),
}

impl Launch {
    /// Starts the program. What it writes to its standard error goes to the log.
    ///
    /// # Errors
    ///
    /// When the system cannot start it.
    pub(super) fn start(&self) -> io::Result<Child> {
        let mut command = match &self.program {
            Program::Shell(line) => {
                let mut shell = Command::new("/bin/sh");
                shell.arg("-c").arg(line);
                shell
            }
            Program::File(file) => Command::new(file),
        };
        // A group of its own, so that Ctrl-C on a terminal ends the relay first and the program in its turn, and so
        // that a shell's children can be ended with it.
        let mut process = command
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let pipes = (process.stdin.take(), process.stdout.take(), process.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(io::Error::other("it was started without pipes"));
        };
        let group = process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        tracing::info!(target: "chappe_app::plugins", plugin = self.journal.program(), process = process.id(), "started");
        self.journal.remark(format_args!("started"));
        tokio::spawn(log_lines(Arc::clone(&self.journal), stderr));
        Ok(Child { process, group, stdin: Some(stdin), stdout: Lines::new(stdout, ANSWER_BYTES_MAX) })
    }
}

impl Child {
    /// Writes of `out` what its input takes at once, reads its answers, and watches its life: whichever comes first.
    /// Nothing is lost when this is cancelled.
    pub(super) async fn next(&mut self, out: &[u8]) -> Happening {
        let Self { process, stdin, stdout, .. } = self;
        let writing = async {
            match stdin {
                Some(stdin) => stdin.write(out).await,
                None => Err(io::ErrorKind::BrokenPipe.into()),
            }
        };
        tokio::select! {
            read = stdout.read() => match read {
                Ok(1..) => Happening::Said,
                Ok(0) | Err(_) => Happening::Closed("output"),
            },
            written = writing, if !out.is_empty() => match written {
                Ok(bytes @ 1..) => Happening::Took(bytes),
                Ok(0) | Err(_) => Happening::Closed("input"),
            },
            status = process.wait() => Happening::Exited(status),
        }
    }

    /// Ready when the program has ended.
    ///
    /// # Errors
    ///
    /// When the system cannot say.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.process.wait().await
    }

    /// What it has said and nobody has looked at yet.
    pub(super) const fn lines(&mut self) -> &mut Lines<ChildStdout> {
        &mut self.stdout
    }

    /// Lets the program end by the end of its input, and kills it when it does not.
    pub(super) async fn finish(mut self) {
        self.stdin = None;
        let _ = timeout(END_PATIENCE, self.process.wait()).await;
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // The id is gone once the program has ended and been waited for: then the number may be another's by now.
        if let (Some(_), Some(group)) = (self.process.id(), self.group) {
            // It may have ended just now, which is what was wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Logs what the program has to say, until it ends.
async fn log_lines(journal: Arc<Journal>, stderr: ChildStderr) {
    let mut lines = Lines::new(stderr, LOG_LINE_BYTES_MAX);
    while let Ok(1..) = lines.read().await {
        while let Some(line) = lines.next() {
            let (text, cut) = match line {
                Line::Whole(text) => (text, ""),
                Line::TooLong(text) => (text, "..."),
            };
            log_line(&journal, text, cut);
        }
    }
    if let Some(text) = lines.last() {
        log_line(&journal, text, "");
    }
}

fn log_line(journal: &Journal, text: &[u8], cut: &str) {
    let text = String::from_utf8_lossy(text);
    let (plugin, text) = (journal.program(), text.trim_end());
    tracing::info!(target: "chappe_app::plugins", plugin, "{text}{cut}");
    journal.said(format_args!("{text}{cut}"));
}
