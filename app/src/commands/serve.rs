//! `chappe serve`.

use std::future::pending;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};

use chappe_buffers::Pool;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

use super::config::{CheckError, check};
use crate::config::Config;
use crate::supervisor::Supervisor;
use crate::takeover::{ActivationError, Inherited};
use crate::{Clock, Log, Relay, Running, StartError};

/// The exit code after a second signal.
const EXIT_IMPATIENT: i32 = 1;

/// Serves until SIGTERM or SIGINT, then stops in an orderly way. A second signal ends the process at once. On SIGHUP the
/// policy files and the certificate are read again. systemd is told how it goes.
///
/// # Errors
///
/// When the relay cannot be started.
pub fn run(config: Config, predecessor: Predecessor) -> Result<(), ServeError> {
    let log = Log::install(&config.log);
    let buffers = Arc::new(OnceLock::new());
    let runtime = runtime(Arc::clone(&buffers)).map_err(ServeError::Runtime)?;
    let done = runtime.block_on(serve(config, log, predecessor, &buffers));
    // Whatever has not ended by now has had its time: a commit that hangs must not hold up the exit.
    runtime.shutdown_background();
    done
}

/// What becomes of a relay that runs on the same directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predecessor {
    /// It keeps the directory: this one does not start.
    Stays,
    /// It goes, and this one takes its place.
    Goes,
}

/// Why the relay did not serve.
#[derive(Debug)]
pub enum ServeError {
    /// The system has no threads or no signals for us.
    Runtime(io::Error),
    /// What is to take over would not serve.
    Check(CheckError),
    /// What systemd has opened cannot be used.
    Activation(ActivationError),
    /// The relay did not start.
    Start(StartError),
}

impl std::fmt::Display for ServeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Runtime(error) => write!(f, "cannot start: {error}"),
            Self::Check(error) => error.fmt(f),
            Self::Activation(error) => error.fmt(f),
            Self::Start(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ServeError {}

/// The threads that all connections share. One that is about to sleep gives back the buffers that it has not needed lately,
/// because nobody can take them from it.
fn runtime(buffers: Arc<OnceLock<Pool>>) -> io::Result<Runtime> {
    let settle = move || buffers.get().into_iter().for_each(Pool::settle);
    tokio::runtime::Builder::new_multi_thread().enable_all().on_thread_park(settle).build()
}

async fn serve(
    config: Config,
    log: Log,
    predecessor: Predecessor,
    buffers: &OnceLock<Pool>,
) -> Result<(), ServeError> {
    let mut signals = Signals::new().map_err(ServeError::Runtime)?;
    let supervisor = Arc::new(Supervisor::from_environment());
    let data_dir = config.store.data_dir.clone();
    let sockets = Inherited::from_systemd().map_err(ServeError::Activation)?;
    supervisor.starting();
    // A task of its own: opening a store keeps this one.
    let asking = Arc::clone(&supervisor);
    let asking = tokio::spawn(async move { asking.still_starting().await });
    let running = match predecessor {
        Predecessor::Stays => Relay::start_on(config, Clock::system(), log, sockets).await,
        Predecessor::Goes => {
            check(&config, &Clock::system(), io::sink(), io::sink()).map_err(ServeError::Check)?;
            Relay::take_over(config, Clock::system(), log, sockets).await
        }
    };
    asking.abort();
    let running = running.map_err(ServeError::Start)?;
    buffers.get_or_init(|| running.buffers().clone());
    for url in running.urls() {
        tracing::info!("listening on {url}");
    }
    tracing::info!(data_dir = %data_dir.display(), version = env!("CARGO_PKG_VERSION"), "ready");
    supervisor.ready();
    until_the_end(&running, &mut signals, &supervisor).await;
    tracing::info!("stopping");
    tokio::select! {
        () = running.stop() => tracing::info!("stopped"),
        () = signals.end() => {
            tracing::warn!("stopped at once by a second signal; what was not committed was not acknowledged");
            std::process::exit(EXIT_IMPATIENT);
        }
    }
    Ok(())
}

/// Serves until somebody wants the relay to end.
async fn until_the_end(running: &Running, signals: &mut Signals, supervisor: &Supervisor) {
    let mut beats = pin!(beats(running, supervisor));
    let mut reload: Pin<Box<dyn Future<Output = ()>>> = Box::pin(pending());
    loop {
        tokio::select! {
            wish = signals.next() => match wish {
                Wish::End => {
                    supervisor.stopping(running.shutdown());
                    return;
                }
                Wish::Reload => {
                    supervisor.reloading();
                    // One that was asked for before is done with this one.
                    reload = Box::pin(running.reload());
                }
            },
            () = &mut reload => {
                supervisor.ready();
                reload = Box::pin(pending());
            }
            successor = running.taken_over() => {
                tracing::info!("another process takes over");
                // The service goes on: it does not stop with this process.
                successor.pid.into_iter().for_each(|pid| supervisor.hands_over_to(pid));
                return;
            }
            () = &mut beats => {}
        }
    }
}

/// Tells whoever watches that the relay is alive, as long as it is. Never ready.
async fn beats(running: &Running, supervisor: &Supervisor) {
    let Some(beat) = supervisor.beat() else { return pending().await };
    loop {
        if running.is_alive().await {
            supervisor.alive();
        }
        sleep(beat).await;
    }
}

/// The signals that mean something to us.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.terminate.recv() => Wish::End,
            _ = self.interrupt.recv() => Wish::End,
            _ = self.hangup.recv() => Wish::Reload,
        }
    }

    async fn end(&mut self) {
        while self.next().await != Wish::End {}
    }
}

/// What somebody wants of the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    End,
    /// That files are read again.
    Reload,
}
