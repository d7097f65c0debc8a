//! The way of an imported event: the same stations as a client's, with the operator as its source.

use chappe_authorization::{Access, Meters, Source, authorize};
use chappe_codec::{Scratch, decode_event};
use chappe_processing::{placement, record};
use chappe_protocol::{Prefix, Refusal};
use chappe_routing::{Desks, route};
use chappe_store::{Error, Placement, Record, Space, Store, Write, Written};
use chappe_validation::{Rules, Verifier};

use super::database::Row;
use super::room::Room;
use super::{Form, Report, Stopped};
use crate::Clock;
use crate::config::Config;
use crate::relay;

/// Events are committed together up to this many, or this many bytes.
const BATCH_EVENTS_MAX: usize = 1024;
const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Takes events, verifies them and commits them in batches.
pub(super) struct Intake<'a> {
    store: &'a Store,
    clock: &'a Clock,
    rules: Rules,
    access: Access,
    meters: Meters,
    verifier: Verifier,
    scratch: Scratch,
    preimage: Vec<u8>,
    json: Vec<u8>,
    batch: Vec<(Record, Placement)>,
    batch_bytes: usize,
    batch_bytes_max: usize,
    /// None where there is no ceiling.
    room: Option<Room<'a>>,
    report: Report,
}

/// Why an event is not put into the batch.
enum No {
    Duplicate,
    Ephemeral,
    Refused(Refusal),
    Failed(Error),
}

impl<'a> Intake<'a> {
    pub(super) fn new(config: &'a Config, store: &'a Store, clock: &'a Clock, form: Form) -> Self {
        // An operator may bring in the history of years, whatever work it cost; sizes are bounded as for clients.
        let rules = Rules {
            tags_max: config.limits.event_tags_max,
            tag_value_bytes_max: config.limits.tag_value_bytes_max,
            ..Rules::import()
        };
        let room = Room::below_ceiling(config, store, clock);
        let batch_bytes_max = room.as_ref().map_or(usize::MAX, Room::batch_bytes_max).min(BATCH_BYTES_MAX);
        Self {
            store,
            clock,
            rules,
            access: Access::new(relay::access(config)),
            meters: Meters::new(),
            verifier: Verifier::new(),
            scratch: Scratch::new(),
            preimage: Vec::new(),
            json: Vec::new(),
            batch: Vec::with_capacity(BATCH_EVENTS_MAX),
            batch_bytes: 0,
            batch_bytes_max,
            room,
            report: Report::of(form),
        }
    }

    pub(super) const fn report(&self) -> &Report {
        &self.report
    }

    pub(super) fn into_report(self) -> Report {
        self.report
    }

    /// Counts a line that was too long to be read.
    pub(super) fn take_too_long(&mut self) {
        self.report.count_line();
        self.refuse_too_long();
    }

    /// Takes one line. Only a store that fails is an error.
    pub(super) fn take(&mut self, line: &[u8]) -> Result<(), Stopped> {
        self.report.count_line();
        let line = line.trim_ascii();
        if line.is_empty() { Ok(()) } else { self.take_event(line) }
    }

    /// Takes one row of a database. Only a store that fails is an error.
    pub(super) fn take_row(&mut self, row: &Row<'_>) -> Result<(), Stopped> {
        self.report.count_row(row.number);
        match row.json {
            _ if row.is_hidden => self.report.hidden += 1,
            Some(json) => return self.take_event(json),
            None => self.refuse_too_long(),
        }
        Ok(())
    }

    fn refuse_too_long(&mut self) {
        let what = self.report.form.noun();
        self.report.refuse(&Refusal::new(Prefix::Invalid, format!("the {what} is too long")));
    }

    fn take_event(&mut self, json: &[u8]) -> Result<(), Stopped> {
        match self.admit(json) {
            Ok(write) => self.batch.push(write),
            Err(No::Duplicate) => self.report.duplicates += 1,
            Err(No::Ephemeral) => self.report.ephemeral += 1,
            Err(No::Refused(refusal)) => self.report.refuse(&refusal),
            Err(No::Failed(error)) => return Err(Stopped::Store(error)),
        }
        if self.batch.len() >= BATCH_EVENTS_MAX || self.batch_bytes >= self.batch_bytes_max {
            self.commit()
        } else {
            Ok(())
        }
    }

    fn admit(&mut self, line: &[u8]) -> Result<(Record, Placement), No> {
        let now = self.clock.now();
        let event =
            decode_event(line, &mut self.scratch).map_err(|malformed| No::refused(malformed.reason))?;
        if self.store.contains(&event.head.id).map_err(No::Failed)? {
            return Err(No::Duplicate);
        }
        let verified =
            self.verifier.verify(event, &self.rules, now, &mut self.preimage).map_err(No::refused)?;
        let permit = authorize(&self.access, &self.meters, verified, Source::Operator, line.len(), now)
            .map_err(No::refused)?;
        let placement = placement(route(permit.head().kind, Desks::default())).ok_or(No::Ephemeral)?;
        let record = record(&permit, &mut self.json, self.store.compressor());
        self.batch_bytes += self.json.len();
        Ok((record, placement))
    }

    /// Puts the batch on disk, and makes room for the next one where there is a ceiling.
    pub(super) fn commit(&mut self) -> Result<(), Stopped> {
        let writes: Vec<_> =
            self.batch.iter().map(|(record, placement)| Write { record, placement: *placement }).collect();
        let report = &mut self.report;
        let mut written = self.store.write(&writes, self.clock.now());
        if let (Err(Error::Full(Space::Ceiling)), Some(room)) = (&written, &mut self.room) {
            room.make(report)?;
            written = self.store.write(&writes, self.clock.now());
        }
        match &written {
            Ok(written) => {
                for written in written {
                    match written {
                        Written::Stored(_) => report.stored += 1,
                        Written::Duplicate => report.duplicates += 1,
                        Written::Superseded => report.superseded += 1,
                        Written::Deleted => report.deleted += 1,
                    }
                }
            }
            Err(_) => report.uncommitted += writes.len() as u64,
        }
        self.batch.clear();
        self.batch_bytes = 0;
        written.map_err(Stopped::Store)?;
        self.room.as_mut().map_or(Ok(()), |room| room.keep(&mut self.report))
    }
}

impl No {
    fn refused(reason: impl Into<Refusal>) -> Self {
        Self::Refused(reason.into())
    }
}
