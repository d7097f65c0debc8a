//! Putting events into the store and getting them back. Instructions only: what the disk takes is the load
//! generator's to measure.

#![allow(missing_docs, unused_qualifications, reason = "the macros write code of their own")]
#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    reason = "a benchmark stops without its input, and owns it"
)]

use std::hint::black_box;
use std::ops::ControlFlow;

use chappe_benches::Plan;
use chappe_protocol::{Filter, Kind, KindClass, PublicKey, Timestamp};
use chappe_store::{Options, Placement, Progress, QueryBounds, Record, Seq, Step, Store, Write, query};
use chappe_testkit::TestEvent;
use gungraun::prelude::*;
use tempfile::TempDir;

const PLAN: Plan = Plan { seed: 1, events: 4_000, authors: 400, newest: 1_760_000_000 };
const NOW: Timestamp = Timestamp(PLAN.newest);

struct Filled {
    store: Store,
    filter: Filter,
    /// The next batch to put.
    records: Vec<(Record, Placement)>,
    _dir: TempDir,
}

fn placed(event: &TestEvent) -> (Record, Placement) {
    let placement = match Kind(event.kind()).class() {
        KindClass::Replaceable => Placement::Replaceable,
        KindClass::Addressable => Placement::Addressable,
        KindClass::Regular | KindClass::Ephemeral => Placement::Regular,
    };
    (Record::new(&event.event(), event.json().as_bytes()), placement)
}

fn put_all(store: &Store, records: &[(Record, Placement)]) {
    let batch: Vec<Write<'_>> =
        records.iter().map(|(record, placement)| Write { record, placement: *placement }).collect();
    store.write(&batch, NOW).expect("room for all");
}

/// A store of some thousand events, and a batch of so many more.
fn filled(batch: usize, filter: fn(&[TestEvent]) -> Filter) -> Filled {
    let dir = tempfile::tempdir().expect("a directory");
    // Valgrind does not give the address space of the default map.
    let options = Options { map_bytes: 1 << 30, map_reserve_bytes: 1 << 20, ..Options::default() };
    let store = Store::open(dir.path(), &options).expect("a store");
    let events: Vec<_> = PLAN.events().collect();
    let (stored, new) = events.split_at(events.len() - batch);
    let stored: Vec<_> = stored.iter().map(placed).collect();
    stored.chunks(500).for_each(|records| put_all(&store, records));
    let mut filter = filter(&events);
    filter.normalize();
    let records = new.iter().map(placed).collect();
    drop((stored, events));
    settle_allocator();
    Filled { store, filter, records, _dir: dir }
}

/// Has the allocator put together what the setup gave back. It does so when it is next asked for more than some pieces, and that
/// would be counted as the benchmark's own work: up to two million instructions, as chance has it.
fn settle_allocator() {
    drop(black_box(Vec::<u8>::with_capacity(64 << 10)));
}

fn nothing(_: &[TestEvent]) -> Filter {
    Filter::default()
}

fn global(_: &[TestEvent]) -> Filter {
    Filter { kinds: Some(vec![Kind(1)]), limit: Some(100), ..Filter::default() }
}

fn home(events: &[TestEvent]) -> Filter {
    let mut authors: Vec<PublicKey> = events.iter().map(TestEvent::pubkey).collect();
    authors.sort_unstable();
    authors.dedup();
    authors.truncate(200);
    Filter {
        authors: Some(authors),
        kinds: Some(vec![Kind(1), Kind(6)]),
        limit: Some(50),
        ..Filter::default()
    }
}

fn ids(events: &[TestEvent]) -> Filter {
    let ids = events.iter().step_by(150).take(20).map(TestEvent::id).collect();
    Filter { ids: Some(ids), ..Filter::default() }
}

fn profile(events: &[TestEvent]) -> Filter {
    let author = events.iter().find(|event| event.kind() == 0).map(TestEvent::pubkey);
    Filter {
        authors: author.map(|key| vec![key]),
        kinds: Some(vec![Kind(0)]),
        limit: Some(1),
        ..Filter::default()
    }
}

#[library_benchmark(setup = filled)]
#[bench::one(1, nothing)]
#[bench::batch_of_100(100, nothing)]
fn put(filled: Filled) -> Filled {
    put_all(&filled.store, black_box(&filled.records));
    filled
}

#[library_benchmark(setup = filled)]
#[bench::global_100(0, global)]
#[bench::home_of_200_authors_50(0, home)]
#[bench::ids_20(0, ids)]
#[bench::profile(0, profile)]
fn get(filled: Filled) -> (Filled, usize) {
    let (mut bytes, mut room) = (0, Vec::new());
    let mut query = query(vec![filled.filter.clone()], QueryBounds::unlimited(Seq(u64::MAX)));
    let step = Step { events_max: 100, scans_max: 1_000 };
    let mut each = |record: chappe_store::RecordView<'_>| {
        bytes += black_box(record.json(&mut room).expect("a sound record")).len();
        ControlFlow::Continue(())
    };
    while let Progress::More =
        query.advance(&filled.store, NOW, step, &mut |_| true, &mut each).expect("a sound store")
    {}
    assert!(bytes > 0, "the question has an answer");
    (filled, bytes)
}

library_benchmark_group!(name = store, benchmarks = [put, get]);
main!(library_benchmark_groups = store);
