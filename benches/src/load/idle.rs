//! Connections on which nothing happens.

use std::time::{Duration, Instant};

use chappe_protocol::{Filter, Kind, PublicKey};
use chappe_testkit::{Rng, req_message};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::client::{Connection, Traffic};
use crate::failure::Failure;
use crate::fanout::OPENING_MAX;
use crate::options::Idle;
use crate::process::Meter;
use crate::report::{Phase, Report};

pub(crate) async fn run(task: &Idle, pid: Option<u32>) -> Result<Report, Failure> {
    let meter = Meter::start(pid, &task.url)?;
    let begin = Instant::now();
    let connections = open_all(task).await?;
    let opened = begin.elapsed();

    let (stop, stopped) = watch::channel(());
    let hold = |connection: Connection| tokio::spawn(hold(connection, stopped.clone()));
    let tasks: Vec<_> = connections.into_iter().map(hold).collect();
    sleep(Duration::from_secs(task.seconds)).await;
    let spent = meter.spent()?;
    drop(stop);
    let mut lost = Vec::new();
    for task in tasks {
        lost.extend(task.await?.err());
    }

    let count = task.connections.get() as u64;
    let mut phase = Phase::new("idle");
    phase.count("connections", count);
    phase.rate("opened/s", count, opened);
    if let (Some(relay), Some(before)) = (spent.relay, meter.own_kb_before()) {
        let grown_kb = relay.own_kb.saturating_sub(before);
        phase.figure("memory", "kB a connection", grown_kb as f64 / count as f64);
    }
    phase.cost(&spent, count);
    let faults = lost.first().map(|first| format!("{} connections lost, e.g. {first}", lost.len()));
    Ok(Report {
        workload: "idle",
        relay: task.url.url.clone(),
        phases: vec![phase],
        notes: Vec::new(),
        faults: faults.into_iter().collect(),
    })
}

/// Opens the connections, each with a subscription whose stored events have been sent.
async fn open_all(task: &Idle) -> Result<Vec<Connection>, Failure> {
    let mut rng = Rng::new(1);
    let opening = (0..task.connections.get()).map(|_| {
        // Nobody writes under these keys.
        let authors = (0..task.authors.get()).map(|_| PublicKey::from_bytes(rng.bytes32())).collect();
        let mut filter = Filter {
            authors: Some(authors),
            kinds: Some(vec![Kind(1)]),
            limit: Some(1),
            ..Filter::default()
        };
        filter.normalize();
        async move {
            let mut connection = Connection::open(&task.url, Traffic::Sparse).await?;
            connection.send(req_message("idle", &[filter])).await?;
            connection.wait_for_eose().await?;
            Ok::<_, Failure>(connection)
        }
    });
    let result = stream::iter(opening).buffer_unordered(OPENING_MAX).try_collect().await;
    result.map_err(|failure| {
        Failure::new(format!("{failure} (is `ulimit -n` above the number of connections, on both sides?)"))
    })
}

/// Answers pings until the end.
async fn hold(mut connection: Connection, mut stop: watch::Receiver<()>) -> Result<(), Failure> {
    loop {
        tokio::select! {
            _ = stop.changed() => return Ok(()),
            text = connection.next_after_any_time() => drop(text?),
        }
    }
}
