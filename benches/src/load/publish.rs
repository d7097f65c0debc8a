//! Publishing with a window in flight.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chappe_protocol::{EventId, Filter};
use chappe_testkit::req_message;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::answer::{Accepted, Answer};
use crate::client::{Connection, Target, Traffic};
use crate::failure::Failure;
use crate::histogram::Histogram;
use crate::known::{self, Known, shown};
use crate::options::Publish;
use crate::process::Meter;
use crate::report::{Phase, Report};

/// What came of one connection's events.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    latency: Histogram,
    accepted: HashSet<EventId>,
    /// Accepted ones that the relay had already.
    known_before: u64,
    /// By the first word of the message.
    refused: BTreeMap<String, u64>,
    /// OKs for events that were not in flight.
    strange: u64,
}

/// A connection with events in flight.
#[derive(Debug)]
pub(crate) struct Publisher {
    pub(crate) connection: Connection,
    in_flight: VecDeque<(EventId, Instant)>,
    pub(crate) tally: Tally,
}

impl Publisher {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, in_flight: VecDeque::new(), tally: Tally::default() }
    }

    /// Publishes all, keeping so many in flight. Answers that have come are all read before more is sent, as a client
    /// does that is not faster than its socket.
    pub(crate) async fn publish_all<'a>(
        &mut self,
        events: impl Iterator<Item = (EventId, &'a Utf8Bytes)>,
        window: usize,
    ) -> Result<(), Failure> {
        let mut events = events.fuse();
        loop {
            for (id, message) in events.by_ref().take(window.saturating_sub(self.in_flight.len())) {
                self.feed(id, message.clone()).await?;
            }
            if self.in_flight.is_empty() {
                return Ok(());
            }
            self.connection.flush().await?;
            let text = self.connection.next().await?;
            self.take(&text);
            while let Some(text) = self.connection.next_ready()? {
                self.take(&text);
            }
        }
    }

    /// Queues an event.
    pub(crate) async fn feed(&mut self, id: EventId, message: Utf8Bytes) -> Result<(), Failure> {
        self.in_flight.push_back((id, Instant::now()));
        self.connection.feed(message).await
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Notes an answer.
    pub(crate) fn take(&mut self, text: &str) {
        let Answer::Ok { id, accepted, message } = Answer::read(text) else { return };
        // Relays answer in order, or nearly so: the first is mostly the one.
        let place = self.in_flight.iter().position(|(waiting, _)| *waiting == id);
        let Some((_, sent)) = place.and_then(|place| self.in_flight.remove(place)) else {
            self.tally.strange += 1;
            return;
        };
        self.tally.latency.record(sent.elapsed());
        match accepted {
            Accepted::Yes => {
                self.tally.accepted.insert(id);
                self.tally.known_before += u64::from(message.starts_with("duplicate"));
            }
            Accepted::No => {
                let word: String = message.split(':').next().unwrap_or_default().chars().take(40).collect();
                *self.tally.refused.entry(word).or_default() += 1;
            }
        }
    }
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.latency.add(&other.latency);
        self.accepted.extend(other.accepted);
        self.known_before += other.known_before;
        other.refused.into_iter().for_each(|(word, count)| *self.refused.entry(word).or_default() += count);
        self.strange += other.strange;
    }

    pub(crate) fn refused(&self) -> u64 {
        self.refused.values().sum()
    }

    /// Why events were refused, a line each.
    pub(crate) fn notes(&self) -> Vec<String> {
        let line = |(word, count): (&String, &u64)| format!("refused with \"{word}\": {count}");
        self.refused.iter().map(line).collect()
    }

    pub(crate) fn faults(&self) -> Vec<String> {
        let strange =
            (self.strange > 0).then(|| format!("{} OKs for events that were not in flight", self.strange));
        strange.into_iter().collect()
    }
}

pub(crate) async fn run(task: &Publish, pid: Option<u32>) -> Result<Report, Failure> {
    let events = Arc::new(known::gather(&task.source)?);
    let mut publishers = Vec::new();
    for _ in 0..task.connections.get() {
        publishers.push(Publisher::new(Connection::open(&task.url, Traffic::Busy).await?));
    }
    let meter = Meter::start(pid, &task.url)?;
    let begin = Instant::now();
    let tally = publish_shared(publishers, &events, task.window.get()).await?;
    let elapsed = begin.elapsed();
    let mut phase = phase(&tally, events.len() as u64, elapsed);
    phase.cost(&meter.spent()?, events.len() as u64);
    let mut faults = tally.faults();
    faults.extend(fetch_back(&task.url, &events, &tally.accepted, task.verify).await?);
    Ok(Report {
        workload: "publish",
        relay: task.url.url.clone(),
        notes: tally.notes(),
        phases: vec![phase],
        faults,
    })
}

/// Deals the events out over the connections, like cards.
async fn publish_shared(
    publishers: Vec<Publisher>,
    events: &Arc<Vec<Known>>,
    window: usize,
) -> Result<Tally, Failure> {
    let connections = publishers.len();
    let tasks: Vec<_> = publishers
        .into_iter()
        .enumerate()
        .map(|(number, mut publisher)| {
            let events = Arc::clone(events);
            tokio::spawn(async move {
                let share = events.iter().skip(number).step_by(connections);
                publisher.publish_all(share.map(|event| (event.head().id, &event.message)), window).await?;
                Ok::<_, Failure>(publisher.tally)
            })
        })
        .collect();
    let mut tally = Tally::default();
    for task in tasks {
        tally.add(task.await??);
    }
    Ok(tally)
}

fn phase(tally: &Tally, events: u64, elapsed: Duration) -> Phase {
    let mut phase = Phase::new("publish");
    phase.count("events", events);
    phase.count("accepted", tally.accepted.len() as u64);
    phase.count("known before", tally.known_before);
    phase.count("refused", tally.refused());
    phase.rate("events/s", events, elapsed);
    phase.latency(&tally.latency);
    phase
}

/// Asks for some of the events that were accepted and should be shown, and tells how many did not come.
async fn fetch_back(
    target: &Target,
    events: &[Known],
    accepted: &HashSet<EventId>,
    at_most: usize,
) -> Result<Option<String>, Failure> {
    const IDS_A_REQUEST: usize = 100;
    let shown = shown(events.iter().filter(|event| accepted.contains(&event.head().id)));
    let step = shown.len().div_ceil(at_most.max(1)).max(1);
    let wanted: Vec<EventId> =
        shown.iter().step_by(step).take(at_most).map(|event| event.head().id).collect();
    let mut connection = Connection::open(target, Traffic::Busy).await?;
    let mut missing = 0;
    for ids in wanted.chunks(IDS_A_REQUEST) {
        let filter = Filter { ids: Some(ids.to_vec()), limit: Some(ids.len() as u64), ..Filter::default() };
        connection.send(req_message("back", &[filter])).await?;
        let mut came = HashSet::new();
        loop {
            match Answer::read(&connection.next().await?) {
                Answer::Event(id) => came.insert(id),
                Answer::Eose | Answer::Closed(_) => break,
                Answer::Ok { .. } | Answer::Other => continue,
            };
        }
        missing += ids.iter().filter(|id| !came.contains(id)).count();
    }
    let lost = || format!("{missing} of {} accepted events cannot be fetched back", wanted.len());
    Ok((missing > 0).then(lost))
}
