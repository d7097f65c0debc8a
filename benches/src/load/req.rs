//! Asking for stored events.

use std::sync::Arc;
use std::time::Instant;

use chappe_protocol::EventId;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::answer::Answer;
use crate::client::{Connection, Target, Traffic};
use crate::failure::Failure;
use crate::histogram::Histogram;
use crate::known::{self, shown};
use crate::options::Req;
use crate::process::Meter;
use crate::report::{Phase, Report};
use crate::shapes::{Asker, Question, SUBSCRIPTION, Shape};

/// What came of one connection's requests.
#[derive(Debug, Default)]
struct Tally {
    latency: Histogram,
    events: u64,
    closed: u64,
    wrong_count: u64,
    wrong_ids: u64,
    wrong_order: u64,
    /// The first wrong answer, to look into.
    example: Option<String>,
}

pub(crate) async fn run(task: &Req, pid: Option<u32>) -> Result<Report, Failure> {
    let events = known::gather(&task.source)?;
    let mut asker = Asker::new(shown(&events))?;
    let mut report = Report {
        workload: "req",
        relay: task.url.url.clone(),
        phases: Vec::new(),
        notes: Vec::new(),
        faults: Vec::new(),
    };
    for &shape in &task.shapes {
        // Made and answered before the clock starts.
        let questions = Arc::new(asker.questions(shape, task.questions.get()));
        let meter = Meter::start(pid, &task.url)?;
        let begin = Instant::now();
        let tally = ask_shared(task, &questions).await?;
        let elapsed = begin.elapsed();
        let requests = task.requests as u64;
        let mut phase = Phase::new(shape.name());
        phase.count("requests", requests);
        phase.rate("req/s", requests, elapsed);
        phase.latency(&tally.latency);
        phase.figure("events", "a req", tally.events as f64 / requests.max(1) as f64);
        phase.count("refused", tally.closed);
        phase.count("other events", tally.wrong_count + tally.wrong_ids);
        phase.count("other order", tally.wrong_order);
        phase.cost(&meter.spent()?, requests);
        report.phases.push(phase);
        report.faults.extend(tally.faults(shape));
    }
    Ok(report)
}

async fn ask_shared(task: &Req, questions: &Arc<Vec<Question>>) -> Result<Tally, Failure> {
    let connections = task.connections.get();
    let mut tasks = Vec::new();
    for number in 0..connections {
        let (target, questions, requests) = (task.url.clone(), Arc::clone(questions), task.requests);
        tasks.push(tokio::spawn(async move {
            let turns = (number..requests).step_by(connections);
            ask_all(&target, turns.filter_map(|turn| questions.get(turn % questions.len()))).await
        }));
    }
    let mut tally = Tally::default();
    for task in tasks {
        tally.add(task.await??);
    }
    Ok(tally)
}

/// Asks one question after the other, each closed when it is answered.
async fn ask_all<'a>(
    target: &Target,
    questions: impl Iterator<Item = &'a Question>,
) -> Result<Tally, Failure> {
    let mut connection = Connection::open(target, Traffic::Busy).await?;
    let close = Utf8Bytes::from(format!(r#"["CLOSE","{SUBSCRIPTION}"]"#));
    let mut tally = Tally::default();
    let mut ids = Vec::new();
    for question in questions {
        ids.clear();
        let begin = Instant::now();
        connection.feed(question.message.clone()).await?;
        connection.flush().await?;
        let closed = listen(&mut connection, &mut ids).await?;
        tally.latency.record(begin.elapsed());
        tally.judge(question, &ids, closed);
        // Leaves together with the next request.
        connection.feed(close.clone()).await?;
    }
    Ok(tally)
}

/// Whether the relay ended the subscription instead of answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Eose,
    Closed,
}

async fn listen(connection: &mut Connection, ids: &mut Vec<EventId>) -> Result<End, Failure> {
    loop {
        match Answer::read(&connection.next().await?) {
            Answer::Event(id) => ids.push(id),
            Answer::Eose => return Ok(End::Eose),
            Answer::Closed(_) => return Ok(End::Closed),
            Answer::Ok { .. } | Answer::Other => {}
        }
    }
}

impl Tally {
    fn judge(&mut self, question: &Question, ids: &[EventId], end: End) {
        self.events += ids.len() as u64;
        let right = question.answer.as_slice();
        let counter = if end == End::Closed {
            &mut self.closed
        } else if ids == right {
            return;
        } else if ids.len() != right.len() {
            &mut self.wrong_count
        } else if sorted(ids) != sorted(right) {
            &mut self.wrong_ids
        } else {
            &mut self.wrong_order
        };
        *counter += 1;
        self.example.get_or_insert_with(|| {
            format!(
                "e.g. {} events instead of {} to {:.300}",
                ids.len(),
                right.len(),
                question.message.as_str()
            )
        });
    }

    fn add(&mut self, other: Self) {
        self.latency.add(&other.latency);
        self.events += other.events;
        self.closed += other.closed;
        self.wrong_count += other.wrong_count;
        self.wrong_ids += other.wrong_ids;
        self.wrong_order += other.wrong_order;
        self.example = self.example.take().or(other.example);
    }

    fn faults(&self, shape: Shape) -> Vec<String> {
        let counts = [
            (self.closed, "requests refused"),
            (self.wrong_count, "answers with too many or too few events"),
            (self.wrong_ids, "answers with other events"),
            (self.wrong_order, "answers in another order"),
        ];
        let found = counts.into_iter().filter(|(count, _)| *count > 0);
        let lines = found.map(|(count, what)| format!("{}: {count} {what}", shape.name()));
        lines.chain(self.example.clone()).collect()
    }
}

fn sorted(ids: &[EventId]) -> Vec<EventId> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids
}
