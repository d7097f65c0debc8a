//! Answering: all sources of all filters merged into one sequence, a bounded step at a time.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap};
use std::iter::repeat_n;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use chappe_protocol::{Filter, Timestamp};
use foldhash::fast::RandomState;

use super::choice::LOOK_UP;
use super::cost::Cost;
use super::plan::{Plan, Source};
use super::strand::{Strand, strands};
use super::{Ask, Completeness, Progress, QueryBounds, Step};
use crate::error::Error;
use crate::indexes::{Ahead, Entries, Indexes, Skips, Within};
use crate::keys::{Mark, Position};
use crate::record::RecordView;
use crate::store::{Seq, Store};
use crate::tables::Index;

/// What looking for one match more may cost, once a filter has reached its limit (NIP-67): 10,000 look-ups.
const PEEK_COST_MAX: usize = 10_000 * LOOK_UP;

/// The answer to a question, as far as it was given.
///
/// Between two calls of [`Query::advance`] it holds no transaction: only the filters, and for each index range that
/// answers them and has entries left the place of the next one. It costs memory in proportion to its filters.
#[derive(Debug)]
pub struct Query {
    asks: Vec<Open>,
    strands: Vec<Strand>,
    /// How many strands have their way.
    chosen: usize,
    /// The plan that was asked for.
    forced: Option<Plan>,
    /// Each source of each strand's way, in their order: whose it is. There may be a hundred thousand of them, most without
    /// entries, so what each one is is made out when it is looked up.
    streams: Vec<usize>,
    /// Streams that were not begun, and behind what they begin.
    unopened: Vec<(Range<usize>, Option<Mark>)>,
    /// Streams whose next entry is to be looked up, and behind what.
    waiting: Vec<(usize, Option<Mark>)>,
    /// The next entry of all others, lowest position first.
    heads: BinaryHeap<Reverse<StreamHead>>,
    /// Up to here every event was judged.
    judged: Option<Mark>,
    /// The asks that match the event at hand; kept for its memory.
    matching: Vec<usize>,
    newest: Seq,
    peek_cost_left: usize,
    more_stored: bool,
    unasked: bool,
    cost: Cost,
}

/// An ask's filter and how many events it still takes.
#[derive(Debug)]
struct Open {
    filter: Filter,
    left: u64,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct StreamHead {
    // An event that was removed and came again has two numbers. They are candidates one after the other.
    mark: Mark,
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
        let (mut asks, mut all_strands, mut unasked) = (Vec::new(), Vec::new(), false);
        for Ask { filter, within } in questions.filter(|ask| !ask.filter.is_never()) {
            let left = filter.limit.unwrap_or(bounds.default_limit).min(bounds.limit_max);
            if left == 0 {
                unasked = true;
                continue;
            }
            all_strands.extend(strands(asks.len(), &filter, within));
            asks.push(Open { filter, left });
        }
        Self {
            asks,
            strands: all_strands,
            chosen: 0,
            forced: None,
            streams: Vec::new(),
            unopened: Vec::new(),
            waiting: Vec::new(),
            heads: BinaryHeap::new(),
            judged: None,
            matching: Vec::new(),
            newest: bounds.newest,
            peek_cost_left: PEEK_COST_MAX,
            more_stored: false,
            unasked,
            cost: Cost::default(),
        }
    }

    /// Has each filter answered by this plan where it can be, whatever it costs: to compare. To be said before the first
    /// call of [`Query::advance`]. The answer is the same.
    #[must_use]
    pub fn by(self, plan: Plan) -> Self {
        Self { forced: Some(plan), ..self }
    }

    /// What answering has taken so far.
    #[must_use]
    pub const fn cost(&self) -> Cost {
        self.cost
    }

    /// What is asked, but for filters that nothing can match and those that ask for nothing.
    pub fn filters(&self) -> impl Iterator<Item = &Filter> {
        self.asks.iter().map(|ask| &ask.filter)
    }

    pub(super) fn strands(&self) -> &[Strand] {
        &self.strands
    }

    /// Gives the next events: newest first, equal times by lowest id, each once.
    ///
    /// `see` says who may be shown what: it is asked about each match before that counts towards a limit. `each` takes
    /// an event; when it breaks, the event counts as taken and the call returns. Events that were removed or expired
    /// (at `now`) between two calls are passed over.
    ///
    /// Opens one read transaction. The first call finds out which way to go, which costs some look-ups where there are
    /// several; the first entry of each range costs a seek, as does the first entry of a range in a later call.
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
        if self.is_done() {
            return Ok(Progress::Done(self.completeness()));
        }
        let before = self.cost;
        let snapshot = store.snapshot()?;
        let cursors =
            Cursors { store, indexes: snapshot.indexes(), newest: self.newest, open: HashMap::default() };
        let progress = self.run(cursors, now, step, see, each);
        store.counters.count_cost(&before, &self.cost);
        progress
    }

    fn is_done(&self) -> bool {
        let none_waits =
            self.unopened.iter().all(|(streams, _)| streams.is_empty()) && self.waiting.is_empty();
        none_waits && self.chosen == self.strands.len() && self.heads.is_empty()
    }

    fn run(
        &mut self,
        mut cursors: Cursors<'_>,
        now: Timestamp,
        step: Step,
        see: &mut dyn FnMut(&RecordView<'_>) -> bool,
        each: &mut dyn FnMut(RecordView<'_>) -> ControlFlow<()>,
    ) -> Result<Progress, Error> {
        let mut events_left = step.events_max.max(1);
        let mut cost_left = step.scans_max.max(1).saturating_mul(LOOK_UP);
        let mut group = Vec::new();
        loop {
            while self.chosen < self.strands.len() {
                if cost_left == 0 {
                    return Ok(Progress::More);
                }
                self.choose(&cursors, &mut cost_left)?;
            }
            while let Some((stream, after)) = self.next_waiting() {
                if !self.is_alive(stream) {
                    continue;
                }
                if cost_left == 0 {
                    self.waiting.push((stream, after));
                    return Ok(Progress::More);
                }
                self.look_up(stream, after, &mut cursors, &mut cost_left)?;
            }
            let Some(mark) = self.take_group(&mut group) else {
                return Ok(Progress::Done(self.completeness()));
            };
            let candidate = self.judge(mark.1, &group, now, &cursors, see)?;
            self.judged = Some(mark);
            self.waiting.extend(group.iter().map(|&stream| (stream, Some(mark))));
            match candidate {
                Candidate::Passed => {}
                Candidate::Unsent => self.more_stored = true,
                Candidate::Sent(record) => {
                    events_left -= 1;
                    self.cost.events += 1;
                    if each(record).is_break() || events_left == 0 {
                        return Ok(Progress::More);
                    }
                }
            }
        }
    }

    /// Finds the next strand's way.
    fn choose(&mut self, cursors: &Cursors<'_>, cost_left: &mut usize) -> Result<(), Error> {
        let number = self.chosen;
        self.chosen += 1;
        let Some(strand) = self.strands.get_mut(number) else { return Ok(()) };
        let Some(ask) = self.asks.get(strand.ask) else { return Ok(()) };
        let mut look_ups = 0;
        let asked = (&ask.filter, ask.left);
        strand.choose(asked, self.forced, &cursors.indexes, self.streams.len(), &mut look_ups)?;
        *cost_left = cost_left.saturating_sub(look_ups.saturating_mul(LOOK_UP));
        self.cost.look_ups += look_ups as u64;
        self.begin(number, None, cursors);
        Ok(())
    }

    /// Opens the streams of a strand's way, behind what was judged already.
    fn begin(&mut self, number: usize, after: Option<Mark>, cursors: &Cursors<'_>) {
        let Some(course) = self.strands.get(number).and_then(|strand| strand.course.as_ref()) else { return };
        let Some(way) = course.choice.way() else { return };
        cursors.store.counters.count_plan(way.plan);
        let first = self.streams.len();
        self.streams.extend(repeat_n(number, way.ranges));
        self.unopened.push((first..self.streams.len(), after));
    }

    /// The next stream to look up, and behind what.
    fn next_waiting(&mut self) -> Option<(usize, Option<Mark>)> {
        if let Some(waiting) = self.waiting.pop() {
            return Some(waiting);
        }
        loop {
            let (streams, after) = self.unopened.last_mut()?;
            if let Some(stream) = streams.next() {
                return Some((stream, *after));
            }
            self.unopened.pop();
        }
    }

    /// Moves a stream to its next entry.
    fn look_up(
        &mut self,
        number: usize,
        after: Option<Mark>,
        cursors: &mut Cursors<'_>,
        cost_left: &mut usize,
    ) -> Result<(), Error> {
        let Some(&owner) = self.streams.get(number) else { return Ok(()) };
        let Some(strand) = self.strands.get_mut(owner) else { return Ok(()) };
        let Some(ask) = self.asks.get(strand.ask) else { return Ok(()) };
        let is_peek = ask.left == 0;
        let peek_cost_left = if is_peek { self.peek_cost_left } else { usize::MAX };
        let mut skips = Skips { left: (*cost_left).min(peek_cost_left).min(strand.credit()), done: 0 };
        let ahead = match strand.id(&ask.filter, number) {
            Some(_) if after.is_some() => Ahead::Nothing,
            Some(id) => cursors.by_id(id.as_bytes())?,
            None => cursors.next(number, after, (strand, &ask.filter), &mut skips)?,
        };
        match ahead {
            Ahead::Entry(mark) => self.heads.push(Reverse(StreamHead { mark, stream: number })),
            Ahead::NotYet(mark) => self.waiting.push((number, Some(mark))),
            Ahead::Nothing => {}
        }
        let cost = LOOK_UP + skips.done;
        *cost_left = cost_left.saturating_sub(cost);
        self.cost.look_ups += 1;
        self.cost.skipped += skips.done as u64;
        if is_peek {
            self.peek_cost_left = self.peek_cost_left.saturating_sub(cost);
        }
        strand.pay(cost);
        if strand.retreat(&ask.filter, self.streams.len()) {
            cursors.store.counters.count_retreat();
            self.begin(owner, self.judged, cursors);
        }
        Ok(())
    }

    /// Takes the next event that any living stream has, and all streams that have it.
    fn take_group(&mut self, group: &mut Vec<usize>) -> Option<Mark> {
        group.clear();
        let mut found = None;
        while let Some(Reverse(next)) = self.heads.peek() {
            if found.is_some_and(|found| found != next.mark) {
                break;
            }
            let Some(Reverse(head)) = self.heads.pop() else { break };
            if self.is_alive(head.stream) {
                found = Some(head.mark);
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
        self.cost.records += 1;
        // It may have been removed since its entry was looked up.
        let Some(record) = cursors.record(seq)?.filter(|record| !record.is_expired(now)) else {
            return Ok(Candidate::Passed);
        };
        let head = record.head();
        self.matching.clear();
        for stream in group {
            let Some(strand) = self.streams.get(*stream).and_then(|&strand| self.strands.get_mut(strand))
            else {
                continue;
            };
            let is_known = self.matching.contains(&strand.ask);
            if is_known || self.asks.get(strand.ask).is_some_and(|ask| ask.filter.matches(&head)) {
                strand.earn();
                if !is_known {
                    self.matching.push(strand.ask);
                }
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
    fn is_alive(&self, number: usize) -> bool {
        let is_peeking = !self.more_stored && self.peek_cost_left > 0;
        let Some(strand) = self.streams.get(number).and_then(|&strand| self.strands.get(strand)) else {
            return false;
        };
        // The others are of a way that was left.
        strand.course.as_ref().is_some_and(|course| number >= course.first_stream)
            && (is_peeking || self.asks.get(strand.ask).is_some_and(|ask| ask.left > 0))
    }

    fn completeness(&self) -> Completeness {
        match (self.more_stored, self.unasked || self.peek_cost_left == 0) {
            (true, _) => Completeness::MoreStored,
            (false, true) => Completeness::Unknown,
            (false, false) => Completeness::Finished,
        }
    }
}

/// The places in the indexes that one step has found.
struct Cursors<'t> {
    store: &'t Store,
    indexes: Indexes<'t>,
    newest: Seq,
    open: HashMap<usize, Entries<'t>, RandomState>,
}

impl<'t> Cursors<'t> {
    fn record(&self, seq: Seq) -> Result<Option<RecordView<'t>>, Error> {
        self.indexes.tables.record(self.indexes.txn, seq)
    }

    fn by_id(&self, id: &[u8]) -> Result<Ahead, Error> {
        let Some(seq) = self.indexes.find(Index::Id, id)?.filter(|&seq| seq <= self.newest) else {
            return Ok(Ahead::Nothing);
        };
        let record = self.record(seq)?;
        Ok(record.map_or(Ahead::Nothing, |record| Ahead::Entry((Position::of(&record.head()), seq))))
    }

    fn next(
        &mut self,
        stream: usize,
        after: Option<Mark>,
        (strand, filter): (&Strand, &Filter),
        skips: &mut Skips,
    ) -> Result<Ahead, Error> {
        let entries = match self.open.entry(stream) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(place) => {
                let Some(Source::Range(index, prefix)) = strand.source(filter, stream) else {
                    return Ok(Ahead::Nothing);
                };
                let first = (Position::first_at(strand.newest), Seq(0));
                let from = after.map_or(first, |after| after.max(first));
                let to = Position::last_at(strand.oldest);
                let sieve =
                    strand.course.as_ref().map(|course| Arc::clone(&course.sieve)).unwrap_or_default();
                let within = Within { index, prefix: prefix.as_bytes(), from, to, sieve };
                place.insert(self.indexes.entries(&within)?)
            }
        };
        entries.next(skips)
    }
}
