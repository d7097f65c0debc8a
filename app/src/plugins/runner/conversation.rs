//! Questions and answers, for one life of a program.

use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};

use super::{Inlet, Manner, Order};
use crate::log::Journal;
use crate::plugins::answer::{Answer, NoAnswer};
use crate::plugins::child::{Child, Happening};
use crate::plugins::lines::Line;
use crate::plugins::noise::Noise;
use crate::plugins::question::append_question;
use crate::plugins::waiting::Waiting;

/// Questions are put together until they are this long, then written.
const QUESTIONS_BYTES: usize = 64 * 1024;

/// A program that owes answers and has given none for this many time-outs hangs. One is not enough: a program may take
/// its time to start.
const SILENT_TIMEOUTS_MAX: u32 = 6;

/// How long a program that ends is listened to, and waited for.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Why a conversation is over.
#[derive(Debug)]
pub(super) enum End {
    /// The relay stops.
    Stopped,
    /// No policy names the program any more.
    Retired,
    /// The program has ended.
    Exited(io::Result<ExitStatus>),
    /// It has closed one of its pipes.
    Closed(&'static str),
    /// It answers nothing any more.
    Hung,
}

/// One life of a program.
pub(super) struct Conversation<'a> {
    child: Child,
    journal: &'a Journal,
    manner: Manner,
    waiting: &'a mut Waiting,
    /// Questions that are being written, and how much of them has been.
    out: Vec<u8>,
    written: usize,
    /// Since when the program owes an answer and has given none.
    silent_since: Option<Instant>,
    nonsense: Noise,
    timeouts: Noise,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(child: Child, journal: &'a Journal, manner: Manner, waiting: &'a mut Waiting) -> Self {
        Self {
            child,
            journal,
            manner,
            waiting,
            out: Vec::new(),
            written: 0,
            silent_since: None,
            nonsense: Noise::default(),
            timeouts: Noise::default(),
        }
    }

    /// Asks and listens until there is an end to it. The program does not live on.
    pub(super) async fn hold(mut self, inlet: &mut Inlet) -> End {
        let end = self.converse(inlet).await;
        match end {
            End::Stopped | End::Retired => {
                self.child.finish().await;
                end
            }
            End::Exited(_) => {
                let _ = timeout(LAST_WORDS, self.hear_last_words()).await;
                end
            }
            End::Closed(_) => {
                let _ = timeout(LAST_WORDS, self.hear_last_words()).await;
                // Most programs that close a pipe are about to end, and how they do says more.
                timeout(LAST_WORDS, self.child.ended()).await.map_or(end, End::Exited)
            }
            End::Hung => end,
        }
    }

    async fn converse(&mut self, inlet: &mut Inlet) -> End {
        let mut retired = false;
        loop {
            if retired && self.waiting.is_empty() {
                return End::Retired;
            }
            self.put_questions();
            let deadline = self.waiting.deadline();
            tokio::select! {
                order = inlet.next(), if !retired => match order {
                    Order::Ask(asked) => self.waiting.push(asked),
                    Order::Retire => retired = true,
                    Order::Stop => return End::Stopped,
                },
                happening = self.child.next(self.out.get(self.written..).unwrap_or_default()) => match happening {
                    Happening::Said => self.hear(),
                    Happening::Took(bytes) => self.written += bytes,
                    Happening::Closed(pipe) => return End::Closed(pipe),
                    Happening::Exited(status) => return End::Exited(status),
                },
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    let now = Instant::now();
                    self.expire(now);
                    if self.hangs(now) {
                        return End::Hung;
                    }
                }
            }
        }
    }

    /// Puts the next questions together once those before them are written: what the program does not take is not put
    /// together either.
    fn put_questions(&mut self) {
        if self.written < self.out.len() {
            return;
        }
        self.written = 0;
        self.out.clear();
        while self.out.len() < QUESTIONS_BYTES
            && let Some(course) = self.waiting.send_next()
        {
            append_question(&mut self.out, self.manner.dialect, course.awaiting());
            self.silent_since.get_or_insert_with(Instant::now);
        }
    }

    fn hear(&mut self) {
        while let Some(line) = self.child.lines().next() {
            let answer = match line {
                Line::Whole(b"") => continue,
                Line::Whole(line) => Answer::read(line),
                Line::TooLong(_) => Err(NoAnswer),
            };
            self.take(answer);
        }
    }

    async fn hear_last_words(&mut self) {
        while let Ok(1..) = self.child.lines().read().await {
            self.hear();
        }
        if let Some(line) = self.child.lines().last() {
            let answer = Answer::read(line);
            self.take(answer);
        }
    }

    fn take(&mut self, answer: Result<Answer, NoAnswer>) {
        let Answer { id, verdict } = match answer {
            Ok(answer) => answer,
            Err(NoAnswer) => return self.nonsense.log_to(self.journal, "wrote a line that is no answer"),
        };
        let course = self.waiting.answered(id, &verdict);
        // Late or wrong, it shows that the program is alive.
        self.silent_since = self.waiting.awaits_answers().then(Instant::now);
        match (course, verdict) {
            (None, _) => self
                .nonsense
                .log_to(self.journal, "answered about an event that it was not, or no longer, asked about"),
            (Some(course), Ok(verdict)) => course.settle(verdict),
            (Some(course), Err(_)) => {
                self.nonsense.log_to(
                    self.journal,
                    "answered with an action that is none of accept, reject, shadowReject",
                );
                course.fail();
            }
        }
    }

    fn expire(&mut self, now: Instant) {
        for _ in 0..self.waiting.expire(now) {
            self.timeouts.log_to(self.journal, "gave no answer in time");
        }
    }

    fn hangs(&self, now: Instant) -> bool {
        let patience = self.manner.timeout.saturating_mul(SILENT_TIMEOUTS_MAX);
        self.silent_since.is_some_and(|since| now.saturating_duration_since(since) >= patience)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped"),
            Self::Retired => f.write_str("stopped: no policy names it any more"),
            Self::Exited(Ok(status)) => write!(f, "ended by itself, and will be started again: {status}"),
            Self::Exited(Err(error)) => write!(f, "cannot be watched, and will be started again: {error}"),
            Self::Closed(pipe) => write!(f, "closed its {pipe}, and will be started again"),
            Self::Hung => f.write_str("answers nothing, and will be started again"),
        }
    }
}
