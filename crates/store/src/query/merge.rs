//! Answering: all sources of all filters merged into one sequence, a bounded step at a time.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap};
use std::ops::{Bound, ControlFlow};

use chappe_protocol::{Filter, Timestamp};
use foldhash::fast::RandomState;

use super::plan::{self, Part, Source};
use super::{Ask, Completeness, Progress, QueryBounds, Step};
use crate::error::Error;
use crate::indexes::{Entries, Indexes, Within};
use crate::keys::Position;
use crate::record::RecordView;
use crate::store::{Seq, Store};
use crate::tables::Index;

/// How many index entries to look at, once a filter has reached its limit, for one match more (NIP-67).
const PEEKS_MAX: u32 = 10_000;

/// The answer to a question, as far as it was given.
///
/// Between two calls of [`Query::advance`] it holds no transaction: only the filters, and for each index range that
/// answers them the place of its next entry. It costs memory in proportion to its filters.
#[derive(Debug)]
pub struct Query {
    asks: Vec<Open>,
    streams: Vec<Stream>,
    /// Streams whose next entry is to be looked up; those that were not begun have no position yet.
    waiting: Vec<(usize, Option<Position>)>,
    /// The next entry of all others, lowest position first.
    heads: BinaryHeap<Reverse<StreamHead>>,
    /// The asks that match the event at hand; kept for its memory.
    matching: Vec<usize>,
    newest: Seq,
    peeks_left: u32,
    more_stored: bool,
    unasked: bool,
}

/// An ask's filter and how many events it still takes.
#[derive(Debug)]
struct Open {
    filter: Filter,
    left: u64,
}

/// One part of one ask.
#[derive(Debug)]
struct Stream {
    ask: usize,
    part: Part,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct StreamHead {
    position: Position,
    // An event that was removed and came again has two numbers. They are candidates one after the other.
    seq: Seq,
    stream: usize,
}

/// What became of a candidate.
enum Candidate<'t> {
    /// Nobody wants it, or nobody may.
    Passed,
    /// It matches, and every filter it matches is at its limit.
    Unsent,
    Sent(RecordView<'t>),
}

impl Query {
    pub(super) fn new(questions: impl Iterator<Item = Ask>, bounds: QueryBounds) -> Self {
        let (mut asks, mut streams, mut unasked) = (Vec::new(), Vec::new(), false);
        for Ask { filter, within } in questions.filter(|ask| !ask.filter.is_never()) {
            let left = filter.limit.unwrap_or(bounds.default_limit).min(bounds.limit_max);
            if left == 0 {
                unasked = true;
                continue;
            }
            let parts = plan::parts(&filter, &within);
            streams.extend(parts.into_iter().map(|part| Stream { ask: asks.len(), part }));
            asks.push(Open { filter, left });
        }
        Self {
            waiting: (0..streams.len()).map(|stream| (stream, None)).collect(),
            asks,
            streams,
            heads: BinaryHeap::new(),
            matching: Vec::new(),
            newest: bounds.newest,
            peeks_left: PEEKS_MAX,
            more_stored: false,
            unasked,
        }
    }

    /// Gives the next events: newest first, equal times by lowest id, each once.
    ///
    /// `see` says who may be shown what: it is asked about each match before that counts towards a limit. `each` takes
    /// an event; when it breaks, the event counts as taken and the call returns. Events that were removed or expired
    /// (at `now`) between two calls are passed over.
    ///
    /// Opens one read transaction. At most `step.scans_max` index entries are looked at and `step.events_max` events
    /// given; the first entry of each range costs a seek, as does the first entry of a range in a later call.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`], [`Error::Engine`]. The query is not usable after that.
    pub fn advance(
        &mut self,
        store: &Store,
        now: Timestamp,
        step: Step,
        see: &mut dyn FnMut(&RecordView<'_>) -> bool,
        each: &mut dyn FnMut(RecordView<'_>) -> ControlFlow<()>,
    ) -> Result<Progress, Error> {
        if self.waiting.is_empty() && self.heads.is_empty() {
            return Ok(Progress::Done(self.completeness()));
        }
        let snapshot = store.snapshot()?;
        let mut open = HashMap::default();
        open.reserve(self.waiting.len());
        let mut cursors = Cursors { indexes: snapshot.indexes(), newest: self.newest, open };
        let (mut events_left, mut scans_left) = (step.events_max.max(1), step.scans_max.max(1));
        let mut group = Vec::new();
        loop {
            while let Some((stream, after)) = self.waiting.pop() {
                if !self.is_alive(stream) {
                    continue;
                }
                if scans_left == 0 {
                    self.waiting.push((stream, after));
                    return Ok(Progress::More);
                }
                scans_left -= 1;
                self.look_up(stream, after, &mut cursors)?;
            }
            let Some((position, seq)) = self.take_group(&mut group) else {
                return Ok(Progress::Done(self.completeness()));
            };
            let candidate = self.judge(seq, &group, now, &cursors, see)?;
            self.waiting.extend(group.iter().map(|&stream| (stream, Some(position))));
            match candidate {
                Candidate::Passed => {}
                Candidate::Unsent => self.more_stored = true,
                Candidate::Sent(record) => {
                    events_left -= 1;
                    if each(record).is_break() || events_left == 0 {
                        return Ok(Progress::More);
                    }
                }
            }
        }
    }

    /// Moves a stream to its next entry.
    fn look_up(
        &mut self,
        stream: usize,
        after: Option<Position>,
        cursors: &mut Cursors<'_>,
    ) -> Result<(), Error> {
        let Some((Stream { part, .. }, ask)) = self.stream(stream) else { return Ok(()) };
        let is_peek = ask.left == 0;
        let next = match (&part.source, after) {
            (Source::Id(_), Some(_)) => None,
            (Source::Id(id), None) => cursors.by_id(id.as_bytes())?,
            (Source::Entries(index, prefix), after) => cursors.next(stream, *index, prefix, after, part)?,
        };
        self.heads.extend(next.map(|(position, seq)| Reverse(StreamHead { position, seq, stream })));
        if is_peek {
            self.peeks_left -= 1;
        }
        Ok(())
    }

    /// Takes the next event that any living stream has, and all streams that have it, in the order of their filters.
    fn take_group(&mut self, group: &mut Vec<usize>) -> Option<(Position, Seq)> {
        group.clear();
        let mut found = None;
        while let Some(Reverse(next)) = self.heads.peek() {
            if found.is_some_and(|found| found != (next.position, next.seq)) {
                break;
            }
            let Some(Reverse(head)) = self.heads.pop() else { break };
            if self.is_alive(head.stream) {
                found = Some((head.position, head.seq));
                group.push(head.stream);
            }
        }
        found
    }

    /// Decides about an event, and counts it towards the limits of all filters that match.
    fn judge<'t>(
        &mut self,
        seq: Seq,
        group: &[usize],
        now: Timestamp,
        cursors: &Cursors<'t>,
        see: &mut dyn FnMut(&RecordView<'_>) -> bool,
    ) -> Result<Candidate<'t>, Error> {
        if seq > self.newest {
            return Ok(Candidate::Passed);
        }
        // It may have been removed since its entry was looked up.
        let Some(record) = cursors.record(seq)?.filter(|record| !record.is_expired(now)) else {
            return Ok(Candidate::Passed);
        };
        let head = record.head();
        self.matching.clear();
        for ask in group.iter().filter_map(|&stream| self.streams.get(stream).map(|stream| stream.ask)) {
            // The streams of an ask follow each other, so a double would be the one before.
            let is_new = self.matching.last() != Some(&ask);
            if is_new && self.asks.get(ask).is_some_and(|ask| ask.filter.matches(&head)) {
                self.matching.push(ask);
            }
        }
        if self.matching.is_empty() || !see(&record) {
            return Ok(Candidate::Passed);
        }
        let mut is_wanted = false;
        for &ask in &self.matching {
            if let Some(ask) = self.asks.get_mut(ask).filter(|ask| ask.left > 0) {
                ask.left -= 1;
                is_wanted = true;
            }
        }
        Ok(if is_wanted { Candidate::Sent(record) } else { Candidate::Unsent })
    }

    /// Whether the stream can still change the answer: by an event to send, or by one that shows there is more.
    fn is_alive(&self, stream: usize) -> bool {
        let is_peeking = !self.more_stored && self.peeks_left > 0;
        self.stream(stream).is_some_and(|(_, ask)| ask.left > 0 || is_peeking)
    }

    fn stream(&self, stream: usize) -> Option<(&Stream, &Open)> {
        let stream = self.streams.get(stream)?;
        Some((stream, self.asks.get(stream.ask)?))
    }

    fn completeness(&self) -> Completeness {
        match (self.more_stored, self.unasked || self.peeks_left == 0) {
            (true, _) => Completeness::MoreStored,
            (false, true) => Completeness::Unknown,
            (false, false) => Completeness::Finished,
        }
    }
}

/// The places in the indexes that one step has found.
struct Cursors<'t> {
    indexes: Indexes<'t>,
    newest: Seq,
    open: HashMap<usize, Entries<'t>, RandomState>,
}

impl<'t> Cursors<'t> {
    fn record(&self, seq: Seq) -> Result<Option<RecordView<'t>>, Error> {
        self.indexes.tables.record(self.indexes.txn, seq)
    }

    fn by_id(&self, id: &[u8]) -> Result<Option<(Position, Seq)>, Error> {
        let Some(seq) = self.indexes.find(Index::Id, id)?.filter(|&seq| seq <= self.newest) else {
            return Ok(None);
        };
        Ok(self.record(seq)?.map(|record| (Position::of(&record.head()), seq)))
    }

    fn next(
        &mut self,
        stream: usize,
        index: Index,
        prefix: &[u8],
        after: Option<Position>,
        part: &Part,
    ) -> Result<Option<(Position, Seq)>, Error> {
        let entries = match self.open.entry(stream) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(place) => {
                let from = after.map_or(Bound::Included(Position::first_at(part.newest)), Bound::Excluded);
                let to = Position::last_at(part.oldest);
                place.insert(self.indexes.entries(&Within { index, prefix, from, to })?)
            }
        };
        entries.next()
    }
}
