//! Publishing to subscribers who wait.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chappe_benches::Writer;
use chappe_protocol::{EventId, Filter, Kind, PublicKey, Timestamp};
use chappe_testkit::{Rng, req_message};
use foldhash::fast::RandomState;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::answer::Answer;
use crate::client::{Connection, Target, Traffic};
use crate::failure::Failure;
use crate::histogram::Histogram;
use crate::known::Known;
use crate::options::{Fanout, Follows, Rate};
use crate::process::Meter;
use crate::publish::Publisher;
use crate::report::{Phase, Report};

/// Notes in flight in a burst.
const BURST_WINDOW: usize = 64;
/// After so long without a delivery the missing ones are taken for lost.
const SILENCE_MAX: Duration = Duration::from_secs(5);
/// After the last expected delivery, the time for those that should not come.
const GRACE: Duration = Duration::from_millis(300);
/// Connections opened at once.
pub(crate) const OPENING_MAX: usize = 64;

/// The notes of this run, by number, with the time at which each left.
#[derive(Debug)]
struct Notes {
    begin: Instant,
    known: Vec<Known>,
    numbers: HashMap<EventId, usize, RandomState>,
    /// Nanoseconds after `begin`; 0 until then.
    sent: Vec<AtomicU64>,
    /// Over all subscribers, to know when to stop.
    delivered: AtomicU64,
}

/// One who waits, and what came.
#[derive(Debug)]
struct Subscriber {
    connection: Connection,
    filter: Filter,
    /// How often each note came.
    came: Vec<u32>,
    latency: Histogram,
    last: Option<Instant>,
    /// Why the connection ended before the run did.
    lost: Option<String>,
}

impl Notes {
    fn new(writer: &mut Writer, count: u32, now: u64) -> Result<Self, Failure> {
        let notes = (0..count).map(|_| Known::from_json(&writer.note_by_anybody(now).json()));
        let known = notes.collect::<Result<Vec<_>, _>>()?;
        let numbers = known.iter().enumerate().map(|(number, note)| (note.head().id, number)).collect();
        let sent = known.iter().map(|_| AtomicU64::new(0)).collect();
        Ok(Self { begin: Instant::now(), known, numbers, sent, delivered: AtomicU64::new(0) })
    }

    fn mark_sent(&self, number: usize) {
        if let Some(sent) = self.sent.get(number) {
            let nanos = u64::try_from(self.begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
            sent.store(nanos, Ordering::Relaxed);
        }
    }

    fn since_sent(&self, number: usize) -> Duration {
        let sent = self.sent.get(number).map_or(0, |sent| sent.load(Ordering::Relaxed));
        self.begin.elapsed().saturating_sub(Duration::from_nanos(sent))
    }
}

impl Subscriber {
    async fn open(target: &Target, filter: Filter, notes: usize) -> Result<Self, Failure> {
        let mut connection = Connection::open(target, Traffic::Sparse).await?;
        connection.send(req_message("live", std::slice::from_ref(&filter))).await?;
        connection.wait_for_eose().await?;
        let (latency, came) = (Histogram::default(), vec![0; notes]);
        Ok(Self { connection, filter, came, latency, last: None, lost: None })
    }

    async fn listen(mut self, notes: Arc<Notes>, mut stop: watch::Receiver<()>) -> Self {
        loop {
            tokio::select! {
                _ = stop.changed() => return self,
                text = self.connection.next_after_any_time() => match text {
                    Ok(text) => self.take(&text, &notes),
                    Err(failure) => {
                        self.lost = Some(failure.to_string());
                        return self;
                    }
                },
            }
        }
    }

    fn take(&mut self, text: &str, notes: &Notes) {
        let Answer::Event(id) = Answer::read(text) else { return };
        // Notes of other runs are none of this one's business.
        let Some(&number) = notes.numbers.get(&id) else { return };
        if let Some(came) = self.came.get_mut(number) {
            *came += 1;
        }
        self.latency.record(notes.since_sent(number));
        self.last = Some(Instant::now());
        notes.delivered.fetch_add(1, Ordering::Relaxed);
    }

    /// How many notes did not come, came though they do not match, and came more than once.
    fn wrong(&self, notes: &Notes) -> [u64; 3] {
        let mut wrong = [0; 3];
        let [missing, uncalled, double] = &mut wrong;
        for (note, &came) in notes.known.iter().zip(&self.came) {
            match (self.filter.matches(&note.head()), came) {
                (true, 0) => *missing += 1,
                (false, 1..) => *uncalled += 1,
                (true, 2..) => *double += 1,
                (true, 1) | (false, 0) => {}
            }
        }
        wrong
    }
}

pub(crate) async fn run(task: &Fanout, pid: Option<u32>) -> Result<Report, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seed = task.seed.unwrap_or_else(|| u64::from(now.subsec_nanos()) ^ now.as_secs());
    let mut writer = Writer::new(seed, task.authors.get());
    let notes = Arc::new(Notes::new(&mut writer, task.notes.get(), now.as_secs())?);
    let filters = filters(task, &writer, Timestamp(now.as_secs()), seed);
    let expected = expected(&filters, &notes);
    let opening = filters.into_iter().map(|filter| Subscriber::open(&task.url, filter, notes.known.len()));
    let subscribers: Vec<Subscriber> =
        stream::iter(opening).buffer_unordered(OPENING_MAX).try_collect().await?;

    let meter = Meter::start(pid, &task.url)?;
    let begin = Instant::now();
    let (stop, stopped) = watch::channel(());
    let listen =
        |subscriber: Subscriber| tokio::spawn(subscriber.listen(Arc::clone(&notes), stopped.clone()));
    let tasks: Vec<_> = subscribers.into_iter().map(listen).collect();
    let publisher = publish(task, &notes).await?;
    wait_for(&notes, expected).await;
    let spent = meter.spent()?;
    drop(stop);
    let mut subscribers = Vec::new();
    for task in tasks {
        subscribers.push(task.await?);
    }

    let delivered = notes.delivered.load(Ordering::Relaxed);
    let last = subscribers.iter().filter_map(|subscriber| subscriber.last).max().unwrap_or(begin);
    let missing = subscribers.iter().map(|subscriber| subscriber.wrong(&notes)[0]).sum();
    let mut latency = Histogram::default();
    subscribers.iter().for_each(|subscriber| latency.add(&subscriber.latency));
    let mut phase = Phase::new("fanout");
    phase.count("notes", notes.known.len() as u64);
    phase.count("refused", publisher.tally.refused());
    phase.count("expected", expected);
    phase.count("deliveries", delivered);
    phase.count("missing", missing);
    phase.rate("deliveries/s", delivered, last.duration_since(begin));
    phase.latency(&latency);
    phase.cost(&spent, delivered);
    let mut faults = publisher.tally.faults();
    faults.extend(subscriber_faults(&subscribers, &notes));
    Ok(Report {
        workload: "fanout",
        relay: task.url.url.clone(),
        phases: vec![phase],
        notes: publisher.tally.notes(),
        faults,
    })
}

/// What each subscriber waits for. The stored events that a relay sends before are of no interest: one at most.
fn filters(task: &Fanout, writer: &Writer, now: Timestamp, seed: u64) -> Vec<Filter> {
    let mut people: Vec<PublicKey> = writer.keys().iter().map(chappe_testkit::Keys::public).collect();
    let mut rng = Rng::new(seed.wrapping_add(1));
    let mut authors = || match task.follows {
        Follows::All => None,
        Follows::Authors(count) => {
            rng.shuffle(&mut people);
            Some(people.iter().take(count.get()).copied().collect())
        }
    };
    let mut filter = || {
        let mut filter = Filter {
            authors: authors(),
            kinds: Some(vec![Kind(1)]),
            since: Some(now),
            limit: Some(1),
            ..Filter::default()
        };
        filter.normalize();
        filter
    };
    (0..task.subscribers.get()).map(|_| filter()).collect()
}

fn expected(filters: &[Filter], notes: &Notes) -> u64 {
    let wanted =
        |filter: &Filter| notes.known.iter().filter(|note| filter.matches(&note.head())).count() as u64;
    filters.iter().map(wanted).sum()
}

async fn publish(task: &Fanout, notes: &Notes) -> Result<Publisher, Failure> {
    let mut publisher = Publisher::new(Connection::open(&task.url, Traffic::Busy).await?);
    // A note is sent as soon as it is asked for, so that is when its time begins.
    let start = |number: usize| {
        notes.mark_sent(number);
        notes.known.get(number).map(|note| (note.head().id, &note.message))
    };
    let mut numbers = 0..notes.known.len();
    match task.rate {
        Rate::Burst => publisher.publish_all(numbers.filter_map(start), BURST_WINDOW).await?,
        Rate::PerSecond(rate) => {
            let mut ticks = interval(Duration::from_secs(1) / rate.get());
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            while !numbers.is_empty() || publisher.in_flight() > 0 {
                tokio::select! {
                    _ = ticks.tick(), if !numbers.is_empty() => {
                        if let Some((id, message)) = numbers.next().and_then(start) {
                            publisher.feed(id, message.clone()).await?;
                            publisher.connection.flush().await?;
                        }
                    }
                    text = publisher.connection.next() => publisher.take(&text?),
                }
            }
        }
    }
    Ok(publisher)
}

/// Returns when everything has come and a little later, or when nothing more comes.
async fn wait_for(notes: &Notes, expected: u64) {
    let (mut seen, mut since) = (0, Instant::now());
    loop {
        let delivered = notes.delivered.load(Ordering::Relaxed);
        if delivered >= expected {
            return sleep(GRACE).await;
        }
        if delivered != seen {
            (seen, since) = (delivered, Instant::now());
        } else if since.elapsed() > SILENCE_MAX {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

fn subscriber_faults(subscribers: &[Subscriber], notes: &Notes) -> Vec<String> {
    let mut sums = [0; 3];
    for subscriber in subscribers {
        sums.iter_mut().zip(subscriber.wrong(notes)).for_each(|(sum, count)| *sum += count);
    }
    let whats = ["deliveries missing", "deliveries of notes that do not match", "notes delivered twice"];
    let wrong =
        sums.iter().zip(whats).filter(|(sum, _)| **sum > 0).map(|(sum, what)| format!("{sum} {what}"));
    let lost: Vec<&String> = subscribers.iter().filter_map(|subscriber| subscriber.lost.as_ref()).collect();
    let example = lost.first().map(|first| format!("{} subscribers lost, e.g. {first}", lost.len()));
    wrong.chain(example).collect()
}
