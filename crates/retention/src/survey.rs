//! What a plan means for all that is stored, without touching it.

use std::collections::BTreeMap;

use chappe_authorization::Access;
use chappe_protocol::Timestamp;
use chappe_store::RecordView;

use crate::plan::{Order, Plan};
use crate::tally::Evicted;

const SECONDS_A_DAY: u64 = 86_400;

/// Events that one rule decides about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Row {
    /// All of them.
    pub stored: Evicted,
    /// Those that are too old.
    pub too_old: Evicted,
}

/// What goes in one turn to make room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Whose.
    pub order: Order,
    /// How much goes, about.
    pub going: Evicted,
    /// The day of the newest that goes, counted from 1 January 1970.
    pub until_day: u64,
}

/// Counts what is stored, rule by rule.
#[derive(Debug)]
pub struct Survey<'p> {
    plan: &'p Plan,
    access: &'p Access,
    now: Timestamp,
    rules: Vec<Row>,
    unruled: Row,
    protected: Row,
    turns: BTreeMap<(Order, u64), Evicted>,
}

impl<'p> Survey<'p> {
    /// By these lists, now.
    #[must_use]
    pub fn new(plan: &'p Plan, access: &'p Access, now: Timestamp) -> Self {
        let rules = vec![Row::default(); plan.rules.len()];
        let (unruled, protected, turns) = (Row::default(), Row::default(), BTreeMap::new());
        Self { plan, access, now, rules, unruled, protected, turns }
    }

    /// Counts one event.
    pub fn count(&mut self, record: &RecordView<'_>) {
        let (head, bytes) = (record.head(), record.bytes() as u64);
        let fate = self.plan.fate(self.access, &head, record.json_bytes());
        let row = match (fate.rule, fate.order) {
            (Some(rule), _) => self.rules.get_mut(rule),
            (None, Some(_)) => Some(&mut self.unruled),
            (None, None) => Some(&mut self.protected),
        };
        let Some(row) = row else { return };
        row.stored.add(bytes);
        if fate.is_too_old(head.created_at, self.now) {
            row.too_old.add(bytes);
        } else if let Some(order) = fate.order {
            self.turns.entry((order, head.created_at.0 / SECONDS_A_DAY)).or_default().add(bytes);
        }
    }

    /// What each rule decides about, in their order.
    #[must_use]
    pub fn rules(&self) -> &[Row] {
        &self.rules
    }

    /// Of what no rule speaks.
    #[must_use]
    pub const fn unruled(&self) -> Row {
        self.unruled
    }

    /// What no rule speaks of, and is never removed.
    #[must_use]
    pub const fn protected(&self) -> Row {
        self.protected
    }

    /// What would go to make room, turn by turn, when so many bytes are used; about, because what an event's index entries
    /// take is not counted one by one. Whole days, so a little more than would really go.
    #[must_use]
    pub fn making_room(&self, used_bytes: u64) -> Vec<Turn> {
        let rows = self.rules.iter().chain([&self.unruled, &self.protected]);
        let (all, too_old) =
            rows.fold((0, 0), |(all, too_old), row| (all + row.stored.bytes, too_old + row.too_old.bytes));
        // What a byte of a record takes, with what belongs to it.
        let taken = |bytes: u64| {
            let scaled = u128::from(bytes) * u128::from(used_bytes) / u128::from(all.max(1));
            u64::try_from(scaled).unwrap_or(u64::MAX)
        };
        let mut used = used_bytes.saturating_sub(taken(too_old));
        let mut turns: Vec<Turn> = Vec::new();
        if self.plan.bytes_max == 0 || used <= self.plan.begins_at() {
            return turns;
        }
        for (&(order, day), &going) in &self.turns {
            if used <= self.plan.ends_at() {
                break;
            }
            used = used.saturating_sub(taken(going.bytes));
            match turns.last_mut().filter(|turn| turn.order == order) {
                Some(turn) => {
                    turn.going.events += going.events;
                    turn.going.bytes += going.bytes;
                    turn.until_day = day;
                }
                None => turns.push(Turn { order, going, until_day: day }),
            }
        }
        turns
    }
}

impl Evicted {
    const fn add(&mut self, bytes: u64) {
        self.events += 1;
        self.bytes += bytes;
    }
}
