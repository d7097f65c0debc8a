//! `chappe db retention`.

use std::fmt::{self, Write as _};
use std::io::Write;
use std::ops::ControlFlow;

use chappe_authorization::Access;
use chappe_protocol::Timestamp;
use chappe_retention::{Order, Plan, Row, Survey, Turn};
use chappe_store::{Reader, Seq};

use super::DbError;
use crate::Clock;
use crate::commands::progress::{Progress, Unit};
use crate::config::Config;
use crate::figures::{bytes, date, grouped, many};
use crate::relay::{read_access, retention};

/// The rules, and the lists that they go by, as a reader finds them.
pub(super) struct Judge {
    plan: Plan,
    access: Access,
    now: Timestamp,
}

/// Judges everything that is stored, and tells.
pub(super) fn run(reader: &Reader, config: &Config, mut out: impl Write) -> Result<(), DbError> {
    let judge = Judge::open(reader, config)?;
    let usage = reader.usage().map_err(DbError::Store)?;
    let mut progress = Progress::new("retention", Unit::Events, Some(usage.events));
    let (mut survey, mut events) = (judge.survey(), 0);
    let read = reader.records(Seq(0), &mut |_, record| {
        record.iter().for_each(|record| survey.count(record));
        events += 1;
        progress.show(events, String::new);
        ControlFlow::Continue(())
    });
    progress.clear();
    read.map_err(DbError::Store)?;
    let mut text = String::new();
    judge.tell(&mut text, &survey, usage.bytes_used);
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(DbError::Write)
}

impl Judge {
    pub(super) fn open(reader: &Reader, config: &Config) -> Result<Self, DbError> {
        let now = Clock::system().now();
        let access = read_access(config, reader, now).map_err(DbError::Lists)?;
        Ok(Self { plan: retention(config), access, now })
    }

    pub(super) fn survey(&self) -> Survey<'_> {
        Survey::new(&self.plan, &self.access, self.now)
    }

    /// What the rules mean for what was counted.
    pub(super) fn tell(&self, text: &mut String, survey: &Survey<'_>, used: u64) {
        let heads = ["by rule of retention", "order", "events", "bytes", "too old", "bytes"];
        put(
            text,
            format_args!(
                "{:<36}{:>8}{:>14}{:>12}{:>12}{:>12}\n",
                heads[0], heads[1], heads[2], heads[3], heads[4], heads[5]
            ),
        );
        for (rule, row) in self.plan.rules.iter().zip(survey.rules()) {
            row_of(text, &rule.name, &order(rule.order), *row);
        }
        row_of(text, "(no rule)", &order(Some(Order::LAST)), survey.unruled());
        row_of(text, "(no rule, never removed)", &order(None), survey.protected());
        let (max, begins) = (self.plan.bytes_max, self.plan.begins_at());
        if max == 0 {
            put(text, format_args!("in use {}; store.bytes_max sets no ceiling\n", bytes(used)));
            return;
        }
        put(
            text,
            format_args!(
                "in use {} of {} (store.bytes_max); room is made from {} on, down to {}\n",
                bytes(used),
                bytes(max),
                bytes(begins),
                bytes(self.plan.ends_at())
            ),
        );
        self.tell_turns(text, &survey.making_room(used));
    }

    fn tell_turns(&self, text: &mut String, turns: &[Turn]) {
        if turns.is_empty() {
            put(text, format_args!("nothing has to make room now\n"));
        }
        for Turn { order: turn, going, until_day } in turns {
            let (events, size) = (many(going.events, "event"), bytes(going.bytes));
            let (turn, until) = (order(Some(*turn)), date(*until_day));
            put(
                text,
                format_args!(
                    "to make room, order {turn}: {events}, {size}, from the oldest to about {until}\n"
                ),
            );
        }
    }
}

fn order(order: Option<Order>) -> String {
    match order {
        None => "never".to_owned(),
        Some(Order::LAST) => "last".to_owned(),
        Some(Order(order)) => order.to_string(),
    }
}

fn row_of(text: &mut String, name: &str, order: &str, row: Row) {
    let Row { stored, too_old } = row;
    let (events, old) = (grouped(stored.events), grouped(too_old.events));
    let (size, old_size) = (bytes(stored.bytes), bytes(too_old.bytes));
    put(text, format_args!("  {name:<34}{order:>8}{events:>14}{size:>12}{old:>12}{old_size:>12}\n"));
}

fn put(text: &mut String, line: fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(line);
}
