//! External checks: programs of the operator that are asked whether an event may be written.
//!
//! Each is a long-lived process that reads questions from its standard input and writes answers to its standard output,
//! one JSON object a line, in one of two [dialects](Dialect); docs/plugins.md describes them. A task of its own speaks
//! with each ([`runner`]): what waits for one program holds up nothing but itself.
//!
//! The one decision: whatever a program does, an event's fate is settled within the time-out, and by `on_failure` when
//! the program did not settle it. The price is that a program which is slow for a moment costs its events an error.
//!
//! Start with [`Plugins::checker`], then [`Course`], an event's way through its checks, then [`runner`].

mod answer;
mod child;
mod course;
mod lines;
mod noise;
mod question;
mod runner;
mod tally;
mod waiting;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chappe_authorization::Check;
use chappe_processing::Checker;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use self::child::{Launch, Program};
use self::course::{Course, Held};
use self::noise::Noise;
use self::runner::Runner;
pub(crate) use self::tally::Tally;
use crate::config::{Dialect, OnFailure};
use crate::log::Journals;

/// How many scripts may run beside the plugin. Events that need one more are not checked, and fail.
const SCRIPTS_MAX: usize = 64;

/// What events hold of the memory that wait for the same program, or for their delay.
const WAITING_KIB_MAX: usize = 32 * 1024;

/// Which programs there are, and how they are spoken to.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The relay-wide plugin: a command line for the shell; empty: none.
    pub(crate) plugin: String,
    pub(crate) plugin_dialect: Dialect,
    /// Where the plugin is started.
    pub(crate) plugin_folder: PathBuf,
    pub(crate) script_dialect: Dialect,
    /// Where scripts are looked for that are not named by a whole path, and started.
    pub(crate) scripts_folder: PathBuf,
    pub(crate) on_failure: OnFailure,
    /// How long an event waits for one program at most.
    pub(crate) timeout: Duration,
    /// Questions that one program is sent before it has answered.
    pub(crate) in_flight_max: usize,
}

/// The programs. Dropped without [`Plugins::stop`], they are killed when the runtime ends.
pub(crate) struct Plugins(Arc<Shared>);

/// What every event's [`Course`] knows.
struct Shared {
    settings: Settings,
    runtime: Handle,
    stopping: watch::Sender<Stopping>,
    running: Mutex<Running>,
    /// For events that are held back.
    delayed: Arc<Semaphore>,
    journals: Journals,
}

/// Whether the programs are being stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stopping {
    NotYet,
    Now,
}

#[derive(Default)]
struct Running {
    plugin: Option<Runner>,
    scripts: HashMap<Arc<str>, Runner>,
    tasks: Vec<JoinHandle<()>>,
    /// Scripts that could not be started because there are too many.
    refused: Noise,
}

impl Plugins {
    /// Starts the plugin, if there is one; scripts start when the first event needs them. Programs and their tasks live
    /// in the current tokio runtime. Each has a journal for as long as it is kept running.
    pub(crate) fn start(mut settings: Settings, journals: Journals) -> Self {
        for folder in [&mut settings.plugin_folder, &mut settings.scripts_folder] {
            *folder = whole(folder);
        }
        let shared = Shared {
            runtime: Handle::current(),
            stopping: watch::Sender::new(Stopping::NotYet),
            running: Mutex::default(),
            delayed: Arc::new(Semaphore::new(WAITING_KIB_MAX)),
            journals,
            settings,
        };
        if !shared.settings.plugin.is_empty() {
            let mut running = shared.running.lock();
            running.plugin = Some(shared.start_plugin(&mut running.tasks));
        }
        Self(Arc::new(shared))
    }

    /// What a [`Processor`](chappe_processing::Processor) hands events to that have to be checked.
    pub(crate) fn checker(&self) -> Checker {
        let shared = Arc::clone(&self.0);
        Box::new(move |awaiting| Course::begin(awaiting, Arc::clone(&shared)))
    }

    /// What is counted of the programs there are: the plugin, and scripts that have been asked and are still named.
    pub(crate) fn tallies(&self) -> Vec<Arc<Tally>> {
        let running = self.0.running.lock();
        let mut tallies: Vec<_> =
            running.plugin.iter().chain(running.scripts.values()).map(Runner::tally).collect();
        tallies.sort_unstable_by(|one, other| one.name().cmp(other.name()));
        tallies
    }

    /// Ends the scripts that a new policy no longer names, once they have answered what they were asked.
    pub(crate) fn keep_scripts<'a>(&self, named: impl IntoIterator<Item = &'a str>) {
        let named: Vec<_> = named.into_iter().collect();
        let mut running = self.0.running.lock();
        running.scripts.retain(|script, _| named.contains(&&**script));
        running.tasks.retain(|task| !task.is_finished());
    }

    /// Fails what waits, and ends all programs: each is told by the end of its input, and killed when that was not
    /// enough after half a second. Events that come later fail.
    pub(crate) async fn stop(&self) {
        self.0.stopping.send_replace(Stopping::Now);
        let Running { tasks, .. } = std::mem::take(&mut *self.0.running.lock());
        for task in tasks {
            // One that panicked has said so in the log.
            let _ = task.await;
        }
    }
}

impl Shared {
    /// Hands an event to who checks it, or gives it back when there is nobody.
    fn hand_over(&self, check: &Check, course: Course) -> Result<(), Box<Course>> {
        let mut running = self.running.lock();
        if *self.stopping.borrow() == Stopping::Now {
            return Err(Box::new(course));
        }
        match check {
            Check::Plugin => match &running.plugin {
                Some(plugin) => plugin.ask(course),
                None => Err(Box::new(course)),
            },
            Check::Script(name) => match running.scripts.get(name) {
                Some(script) => script.ask(course),
                None if running.scripts.len() >= SCRIPTS_MAX => {
                    running.refused.log(name, "there are too many scripts already");
                    Err(Box::new(course))
                }
                None => {
                    let script = self.start_script(name, &mut running.tasks);
                    running.scripts.entry(Arc::clone(name)).or_insert(script).ask(course)
                }
            },
        }
    }

    fn start_plugin(&self, tasks: &mut Vec<JoinHandle<()>>) -> Runner {
        let Settings { plugin, plugin_dialect, plugin_folder, .. } = &self.settings;
        let launch = Launch {
            journal: self.journals.begin_plugin().into(),
            program: Program::Shell(plugin.clone()),
            folder: plugin_folder.clone(),
        };
        // Not by its command line, which may hold what is nobody's business.
        self.start_runner(launch, *plugin_dialect, Tally::new("plugin".into()), tasks)
    }

    fn start_script(&self, name: &Arc<str>, tasks: &mut Vec<JoinHandle<()>>) -> Runner {
        let Settings { script_dialect, scripts_folder, .. } = &self.settings;
        let launch = Launch {
            journal: self.journals.begin_script(name).into(),
            program: Program::File(scripts_folder.join(&**name)),
            folder: scripts_folder.clone(),
        };
        self.start_runner(launch, *script_dialect, Tally::new(format!("script:{name}").into()), tasks)
    }

    fn start_runner(
        &self,
        launch: Launch,
        dialect: Dialect,
        tally: Tally,
        tasks: &mut Vec<JoinHandle<()>>,
    ) -> Runner {
        let manner = runner::Manner {
            dialect,
            timeout: self.settings.timeout,
            in_flight_max: self.settings.in_flight_max,
        };
        let (runner, task) = runner::start(launch, manner, tally, self.stopping.subscribe());
        tasks.retain(|task| !task.is_finished());
        tasks.push(self.runtime.spawn(task));
        runner
    }

    /// Room among the events that are held back, if there is any.
    fn hold_back(&self, bytes: usize) -> Option<Held> {
        Held::room(&self.delayed, bytes)
    }
}

/// The folder by its whole path: a file in it is then never looked for where the system keeps its commands.
fn whole(folder: &Path) -> PathBuf {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    // Without a working directory it stays what it is, and names itself.
    std::path::absolute(folder).unwrap_or_else(|_| Path::new(".").join(folder))
}

#[cfg(test)]
mod tests;
