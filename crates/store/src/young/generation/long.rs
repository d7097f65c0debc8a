//! The entries of a place that has more than one.

use chappe_protocol::Timestamp;

use super::Young;

/// Events of one place by their ordinal, the lowest position last.
#[derive(Debug)]
pub(super) struct Long {
    pub(super) events: Vec<u32>,
    /// None of them is newer. Most events are newer than this, and then none of the others has to be looked at: in a large
    /// generation each is a wait for memory.
    newest: Timestamp,
}

impl Long {
    /// A list with room for some more.
    pub(super) fn of(events: &[Young], first: u32) -> Self {
        let mut list = Self { events: Vec::with_capacity(4), newest: time_of(events, first) };
        list.events.push(first);
        list
    }

    /// Puts an event into its place. Most are newer than most before them, so it is looked for from the end.
    pub(super) fn insert(&mut self, events: &[Young], event: u32) {
        let time = time_of(events, event);
        if time > self.newest {
            self.newest = time;
            self.events.push(event);
            return;
        }
        let list = &mut self.events;
        let position = |event: u32| events.get(event as usize).map(|event| &event.position);
        let new = position(event);
        let is_before = |other: &u32| position(*other) >= new;
        let mut reach = 1;
        let near = loop {
            match list.len().checked_sub(reach) {
                Some(at) if !list.get(at).is_some_and(is_before) => reach *= 2,
                Some(at) => break at,
                None => break 0,
            }
        };
        let at = near + list.get(near..).unwrap_or_default().partition_point(is_before);
        list.insert(at, event);
    }
}

fn time_of(events: &[Young], event: u32) -> Timestamp {
    events.get(event as usize).map_or(Timestamp(0), |event| event.position.time())
}
