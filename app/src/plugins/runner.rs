//! The task that keeps one program running and speaks with it.
//!
//! The program is started, asked and listened to until it ends ([`conversation`]); then it is started again after a
//! pause that grows with each short life.

mod conversation;
mod pause;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep_until};

use self::conversation::{Conversation, End};
use self::pause::Pause;
use super::child::Launch;
use super::course::{Course, Held};
use super::tally::{Failed, Tally};
use super::waiting::{Asked, Waiting};
use super::{Stopping, WAITING_KIB_MAX};
use crate::config::Dialect;

/// Where the events go that a program is to be asked about. When it is dropped, the program answers what it has been
/// asked, and ends.
pub(super) struct Runner {
    // Unbounded by itself: everything in it holds a share of `room`.
    sender: UnboundedSender<Asked>,
    room: Arc<Semaphore>,
    tally: Arc<Tally>,
}

/// How a program is spoken with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    pub(super) dialect: Dialect,
    /// How long an event waits.
    pub(super) timeout: Duration,
    /// Questions without an answer.
    pub(super) in_flight_max: usize,
}

/// Makes the task of a program. The program starts when the task is first run.
pub(super) fn start(
    launch: Launch,
    manner: Manner,
    tally: Tally,
    stopping: watch::Receiver<Stopping>,
) -> (Runner, impl Future<Output = ()> + Send + 'static) {
    let (sender, asked) = mpsc::unbounded_channel();
    let tally = Arc::new(tally);
    let room = Arc::new(Semaphore::new(WAITING_KIB_MAX));
    let runner = Runner { sender, room, tally: Arc::clone(&tally) };
    (runner, run(launch, manner, Inlet { asked, stopping }, tally))
}

impl Runner {
    /// Has the program asked about the event, or gives it back when too much waits already.
    pub(super) fn ask(&self, course: Course) -> Result<(), Box<Course>> {
        let Some(held) = Held::room(&self.room, course.bytes()) else {
            self.tally.fail(Failed::Busy, 1);
            return Err(Box::new(course));
        };
        self.tally.ask();
        let asked = Asked { course, since: Instant::now(), _held: held };
        self.sender.send(asked).map_err(|refused| {
            self.tally.fail(Failed::Ended, 1);
            Box::new(refused.0.course)
        })
    }

    /// What is counted of the program.
    pub(super) fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }
}

/// Where a task hears what to do.
struct Inlet {
    asked: UnboundedReceiver<Asked>,
    stopping: watch::Receiver<Stopping>,
}

/// What a task is to do.
enum Order {
    /// Ask about an event.
    Ask(Asked),
    /// Nothing more will come: end when everything is answered.
    Retire,
    /// End now.
    Stop,
}

impl Inlet {
    /// The next order. Nothing is lost when this is cancelled.
    async fn next(&mut self) -> Order {
        tokio::select! {
            biased;
            // An error means that the relay was dropped, which is as good as stopping.
            _ = self.stopping.wait_for(|stopping| *stopping == Stopping::Now) => Order::Stop,
            asked = self.asked.recv() => asked.map_or(Order::Retire, Order::Ask),
        }
    }
}

async fn run(launch: Launch, manner: Manner, mut inlet: Inlet, tally: Arc<Tally>) {
    let journal = &*launch.journal;
    let plugin = journal.program();
    let mut waiting = Waiting::new(manner.timeout, manner.in_flight_max, Arc::clone(&tally));
    let mut pause = Pause::default();
    loop {
        let started = Instant::now();
        match launch.start() {
            Ok(child) => {
                tally.start();
                let end = Conversation::new(child, journal, manner, &mut waiting).hold(&mut inlet).await;
                match end {
                    End::Stopped | End::Retired => {
                        tracing::info!(target: "chappe_app::plugins", plugin, "{end}");
                        return;
                    }
                    End::Exited(_) | End::Closed(_) | End::Hung => {
                        let failed = waiting.fail_sent();
                        tracing::error!(target: "chappe_app::plugins", plugin, failed, "{end}");
                        journal.remark(format_args!("{end}"));
                    }
                }
            }
            Err(error) => {
                tracing::error!(target: "chappe_app::plugins", plugin, %error, "cannot be started");
                journal.remark(format_args!("cannot be started: {error}"));
            }
        }
        let next_start = Instant::now() + pause.after(started.elapsed());
        if let Rest::End = rest(next_start, &mut waiting, &mut inlet).await {
            return;
        }
    }
}

/// What comes after a pause.
enum Rest {
    Start,
    End,
}

/// Waits until the program is to be started again. Events that cannot wait for it are failed at once.
async fn rest(next_start: Instant, waiting: &mut Waiting, inlet: &mut Inlet) -> Rest {
    loop {
        waiting.expire(next_start);
        tokio::select! {
            () = sleep_until(next_start) => return Rest::Start,
            order = inlet.next() => match order {
                Order::Ask(asked) => waiting.push(asked),
                Order::Retire => {
                    waiting.fail_all();
                    return Rest::End;
                }
                Order::Stop => return Rest::End,
            },
        }
    }
}
