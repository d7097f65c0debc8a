//! A store in a directory of its own, and short ways to ask it.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use chappe_protocol::{EventId, Filter, Kind, KindClass, Timestamp};
use chappe_testkit::{Corpus, TestEvent};
use tempfile::TempDir;

use crate::compression::Dictionaries;
use crate::keys::{Position, RecordKeys};
use crate::tables::{Index, META_BEGUN, META_SCHEMA, META_SETTLED};
use crate::training::write_number;
use crate::write::Writer;
use crate::{
    Ask, Completeness, Compression, Error, Options, Placement, Progress, Query, QueryBounds, Record,
    RecordView, Seq, Step, Store, Write, Written, query,
};

/// Small enough to open quickly, big enough for every test but those of a full store.
pub(crate) const OPTIONS: Options = Options {
    map_bytes: 1 << 30,
    map_reserve_bytes: 1 << 20,
    bytes_max: 0,
    disk_free_bytes_min: 0,
    readers_max: 64,
    young_bytes_max: 32 << 20,
    compression: Compression::Off,
    line: 0,
};

/// A time at which nothing has expired that was made with [`chappe_testkit::EventBuilder`]'s own time.
pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000);

/// Memory for young entries: none at all, so that everything settles with the next batch; enough for a handful of
/// events, for some dozens, and for more than any test has.
pub(crate) const YOUNG_BYTES: [usize; 4] = [0, 8 << 10, 64 << 10, OPTIONS.young_bytes_max];

pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) dir: TempDir,
    pub(crate) options: Options,
}

impl TestStore {
    pub(crate) fn new() -> Self {
        Self::with(&OPTIONS)
    }

    pub(crate) fn with(options: &Options) -> Self {
        Self::open(TempDir::new().unwrap(), options)
    }

    pub(crate) fn with_young_bytes(young_bytes_max: usize) -> Self {
        Self::with(&Options { young_bytes_max, ..OPTIONS })
    }

    pub(crate) fn open(dir: TempDir, options: &Options) -> Self {
        Self { store: Store::open(dir.path(), options).unwrap(), dir, options: options.clone() }
    }

    /// The same, with a dictionary, so that all that is put in is compressed.
    pub(crate) fn compressing(young_bytes_max: usize) -> Self {
        let test = Self::with(&Options { young_bytes_max, compression: Compression::Zstd, ..OPTIONS });
        let (bytes, dictionaries) = (dictionary(1), Dictionaries::new());
        dictionaries.add(1, &bytes);
        test.store.take_dictionaries(dictionaries.iter(), Seq(0)).unwrap();
        test
    }

    /// Closes and opens it again. Nothing is written on closing, so it is what a kill would leave.
    pub(crate) fn reopened(self) -> Self {
        let Self { store, dir, options } = self;
        drop(store);
        Self::open(dir, &options)
    }

    /// Settles everything.
    pub(crate) fn settle(&self) {
        for _ in 0..2 {
            let mut writer = Writer::begin(&self.store, NOW).unwrap();
            if !writer.turn.is_settling() {
                writer.turn.rotate(0);
            }
            writer.settle(usize::MAX).unwrap();
            writer.commit().unwrap();
        }
        assert_eq!(self.store.young.view().generations().count(), 1, "what has settled is given back");
        assert_eq!(self.marks(), (self.store.last_seq().unwrap(), self.store.last_seq().unwrap()));
    }

    /// `settled` and `begun`, as the tables have them.
    pub(crate) fn marks(&self) -> (Seq, Seq) {
        let txn = self.store.env.read_txn().unwrap();
        let mark = |key| self.store.tables.meta_seq(&txn, key).unwrap();
        (mark(META_SETTLED), mark(META_BEGUN))
    }

    pub(crate) fn put(&self, event: &TestEvent) -> Written {
        self.put_all([event])[0]
    }

    /// One batch.
    pub(crate) fn put_all<'a>(&self, events: impl IntoIterator<Item = &'a TestEvent>) -> Vec<Written> {
        self.try_put_all(events, NOW).unwrap()
    }

    pub(crate) fn try_put_all<'a>(
        &self,
        events: impl IntoIterator<Item = &'a TestEvent>,
        now: Timestamp,
    ) -> Result<Vec<Written>, Error> {
        let compressor = self.store.compressor();
        let compressed = |event| {
            let plain = record(event);
            Record::kept_anew(plain.view(), plain.as_bytes(), &mut Vec::new(), compressor).unwrap()
        };
        let placed: Vec<_> = events.into_iter().map(|event| (compressed(event), placement(event))).collect();
        let batch: Vec<_> =
            placed.iter().map(|(record, placement)| Write { record, placement: *placement }).collect();
        self.store.write(&batch, now)
    }

    /// Everything there is, newest first.
    pub(crate) fn ids(&self) -> Vec<EventId> {
        self.ask(&[Filter::default()], NOW)
    }

    pub(crate) fn ask(&self, filters: &[Filter], now: Timestamp) -> Vec<EventId> {
        let bounds = QueryBounds::unlimited(Seq(u64::MAX));
        let step = Step { events_max: 1_000_000, scans_max: 1_000_000 };
        self.answer(filters, bounds, now, step, &mut |_| true).0
    }

    /// Asks and waits for the end.
    pub(crate) fn answer(
        &self,
        asks: &[impl Into<Ask> + Clone],
        bounds: QueryBounds,
        now: Timestamp,
        step: Step,
        see: &mut dyn FnMut(&RecordView<'_>) -> bool,
    ) -> (Vec<EventId>, Completeness) {
        self.finish(query(asks.to_vec(), bounds), now, step, see)
    }

    /// Runs a query to its end.
    pub(crate) fn finish(
        &self,
        mut query: Query,
        now: Timestamp,
        step: Step,
        see: &mut dyn FnMut(&RecordView<'_>) -> bool,
    ) -> (Vec<EventId>, Completeness) {
        let mut ids = Vec::new();
        loop {
            let mut each = |record: RecordView<'_>| {
                ids.push(record.head().id);
                ControlFlow::Continue(())
            };
            match query.advance(&self.store, now, step, see, &mut each).unwrap() {
                Progress::More => {}
                Progress::Done(completeness) => return (ids, completeness),
            }
        }
    }

    /// Everything there is, as it is served, newest first.
    pub(crate) fn served(&self) -> Result<Vec<String>, Error> {
        let (mut served, mut room, mut failed) = (Vec::new(), Vec::new(), Ok(()));
        let mut query = query(vec![Filter::default()], QueryBounds::unlimited(Seq(u64::MAX)));
        let step = Step { events_max: 100, scans_max: 1_000 };
        let mut each = |record: RecordView<'_>| {
            match record.json(&mut room) {
                Ok(json) => served.push(String::from_utf8(json.to_vec()).unwrap()),
                Err(error) => failed = Err(error),
            }
            ControlFlow::Continue(())
        };
        while query.advance(&self.store, NOW, step, &mut |_| true, &mut each)? == Progress::More {}
        failed.map(|()| served)
    }

    /// Records as they lie on disk: how many are compressed, and how many are not.
    pub(crate) fn kept(&self) -> (usize, usize) {
        let txn = self.store.env.read_txn().unwrap();
        let records = self.store.tables.records.iter(&txn).unwrap();
        let is_plain = |bytes: &[u8]| self.store.tables.parse(bytes).unwrap().plain().is_some();
        let (plain, compressed): (Vec<bool>, Vec<bool>) =
            records.map(|entry| is_plain(entry.unwrap().1)).partition(|&plain| plain);
        (compressed.len(), plain.len())
    }

    pub(crate) fn layout(&self) -> u64 {
        let txn = self.store.env.read_txn().unwrap();
        self.store.tables.meta.get(&txn, META_SCHEMA).unwrap().unwrap()
    }

    #[track_caller]
    pub(crate) fn assert_sound(&self) {
        let audit = self.store.audit().unwrap();
        assert!(audit.is_clean(), "{:?}", audit.faults);
        assert_eq!(audit.events, self.store.usage().unwrap().events);
    }
}

/// A dictionary with this number.
pub(crate) fn dictionary(number: u64) -> Vec<u8> {
    static MADE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let events = Corpus::plain(99, 2_000, 40).events;
        let samples: Vec<_> = events.iter().map(|event| event.json()).collect();
        zstd::dict::from_samples(&samples, 16 << 10).unwrap()
    });
    let mut bytes = MADE.clone();
    write_number(&mut bytes, number);
    bytes
}

pub(crate) fn record(event: &TestEvent) -> Record {
    Record::new(&event.event(), event.json().as_bytes())
}

/// The keys that a record had in `by_tag` before the third layout: one for each in `by_tag_kind`, whatever its kind.
pub(crate) fn tag_keys_before(keys: &RecordKeys) -> Vec<Vec<u8>> {
    let with_kinds = keys.iter().filter(|(index, _)| *index == Index::TagKind);
    let without_kind = with_kinds.map(|(index, key)| {
        let (tag, _) = index.split_prefix(index.prefix(key));
        [tag, Position::of_key(key).unwrap().as_bytes()].concat()
    });
    without_kind.collect()
}

pub(crate) fn placement(event: &TestEvent) -> Placement {
    let kind = Kind(event.kind());
    match (kind, kind.class()) {
        (Kind::DELETION, _) => Placement::Delete,
        (Kind::VANISH, _) => Placement::Vanish,
        (_, KindClass::Replaceable) => Placement::Replaceable,
        (_, KindClass::Addressable) => Placement::Addressable,
        (_, KindClass::Regular | KindClass::Ephemeral) => Placement::Regular,
    }
}

pub(crate) const fn stored(seq: u64) -> Written {
    Written::Stored(Seq(seq))
}
