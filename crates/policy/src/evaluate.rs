//! The order of the stations, the same for writing and reading.

use chappe_protocol::Kind;

use crate::denial::{Bound, Denial};
use crate::rule::Rule;
use crate::witness::{Mark, Witness};
use crate::{Decision, Direction, Field, KeySet, Policy, Station, Verdict};

/// One of the two questions, put to rule after rule.
pub(crate) trait Question {
    const DIRECTION: Direction;

    fn kind(&self) -> Kind;

    /// The field of the rule that grants; none when the rule does not restrict the direction.
    fn ask(
        &self,
        rule: &Rule,
        admins: &KeySet,
        desk: &mut Desk<'_, impl Witness>,
    ) -> Result<Option<Field>, Denial>;
}

/// Where a rule is judged: at which station, and who watches.
pub(crate) struct Desk<'w, W> {
    station: Station,
    kind: Kind,
    direction: Direction,
    witness: &'w mut W,
}

impl<W: Witness> Desk<'_, W> {
    pub(crate) fn note(&mut self, field: Field, mark: Mark, text: impl FnOnce() -> String) {
        self.witness.note(self.station, Some(field), mark, text);
    }

    /// Passes or denies.
    pub(crate) fn check(
        &mut self,
        field: Field,
        holds: Holds,
        bound: Bound,
        text: impl FnOnce() -> String,
    ) -> Result<(), Denial> {
        match holds {
            Holds::Yes => self.note(field, Mark::Passes, text),
            Holds::No => {
                self.note(field, Mark::Denies, text);
                return Err(self.denial(field, bound));
            }
        }
        Ok(())
    }

    pub(crate) const fn denial(&self, field: Field, bound: Bound) -> Denial {
        let Self { station, kind, direction, .. } = self;
        Denial { station: *station, field, direction: *direction, kind: *kind, bound }
    }
}

/// Whether a condition is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Yes,
    No,
}

impl From<bool> for Holds {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// Asks the stations in their order: kind lists, global rule, the kind's rule, default policy.
pub(crate) fn decide<'p, Q: Question>(
    policy: &'p Policy,
    question: &Q,
    witness: &mut impl Witness,
) -> Decision<'p> {
    if policy.is_permissive() {
        witness.note(Station::Unrestricted, None, Mark::Allows, || "everything is allowed".to_owned());
        return Decision::allow(Station::Unrestricted, None);
    }
    match pass(policy, question, witness) {
        Ok((station, field)) => Decision::allow(station, field),
        Err(denial) => Decision::deny(denial),
    }
}

fn pass<Q: Question>(
    policy: &Policy,
    question: &Q,
    witness: &mut impl Witness,
) -> Result<(Station, Option<Field>), Denial> {
    let kind = question.kind();
    let mut desk = Desk { station: Station::KindLists, kind, direction: Q::DIRECTION, witness };
    check_kind_lists(policy, &mut desk)?;

    desk.station = Station::Global;
    let granted = question.ask(&policy.global, &policy.admins, &mut desk)?;

    if let Some(rule) = policy.rule(kind) {
        desk.station = Station::Kind(kind);
        let granted = question.ask(rule, &policy.admins, &mut desk)?;
        desk.witness
            .note(desk.station, granted, Mark::Allows, || "the kind has a rule, and passes it".to_owned());
        return Ok((desk.station, granted));
    }
    if let Some(field) = granted {
        desk.witness.note(Station::Global, granted, Mark::Allows, || {
            "the kind has no rule, and the global rule grants".to_owned()
        });
        return Ok((Station::Global, Some(field)));
    }
    desk.station = Station::Default;
    let nothing = || "the kind has no rule, and the global rule grants nothing".to_owned();
    match policy.default {
        Verdict::Allow => {
            desk.note(Field::DefaultPolicy, Mark::Allows, nothing);
            Ok((Station::Default, Some(Field::DefaultPolicy)))
        }
        Verdict::Deny => {
            desk.note(Field::DefaultPolicy, Mark::Denies, nothing);
            Err(desk.denial(Field::DefaultPolicy, Bound::Plain))
        }
    }
}

fn check_kind_lists(policy: &Policy, desk: &mut Desk<'_, impl Witness>) -> Result<(), Denial> {
    let (lists, kind) = (&policy.kinds, desk.kind);
    if !lists.blacklist.is_empty() {
        let listed = lists.blacklist.binary_search(&kind).is_ok();
        desk.check(Field::KindBlacklist, (!listed).into(), Bound::Plain, || {
            format!("kind {kind} is {}listed", if listed { "" } else { "not " })
        })?;
    }
    if lists.whitelist.is_empty() {
        return Ok(());
    }
    if lists.whitelist.binary_search(&kind).is_ok() {
        desk.note(Field::KindWhitelist, Mark::Passes, || format!("kind {kind} is listed"));
        return Ok(());
    }
    let permissive = match desk.direction {
        Direction::Write => policy.global.write_allow_permissive.then_some(Field::WriteAllowPermissive),
        Direction::Read => policy.global.read_allow_permissive.then_some(Field::ReadAllowPermissive),
    };
    if let Some(field) = permissive {
        desk.note(field, Mark::Passes, || {
            format!("kind {kind} is not listed, and this direction need not be")
        });
        return Ok(());
    }
    desk.note(Field::KindWhitelist, Mark::Denies, || format!("kind {kind} is not listed"));
    Err(desk.denial(Field::KindWhitelist, Bound::Plain))
}

/// The allow-type fields of one rule, one after the other: the first that grants ends the search.
pub(crate) struct Gate {
    restricted: Option<Field>,
    granted: Option<Field>,
}

impl Gate {
    pub(crate) const fn new() -> Self {
        Self { restricted: None, granted: None }
    }

    /// Asks one field. An absent one neither restricts nor grants.
    pub(crate) fn offer(
        &mut self,
        field: Field,
        present: Holds,
        grants: impl FnOnce() -> bool,
        desk: &mut Desk<'_, impl Witness>,
    ) {
        if present == Holds::No || self.granted.is_some() {
            return;
        }
        self.restricted = self.restricted.or(Some(field));
        if grants() {
            self.granted = Some(field);
            desk.note(field, Mark::Grants, || format!("grants {}", desk_words(field)));
        } else {
            desk.note(field, Mark::GrantsNot, || format!("does not name {}", desk_words(field)));
        }
    }

    /// The field that grants; none when no field restricts.
    pub(crate) fn close(self, desk: &mut Desk<'_, impl Witness>) -> Result<Option<Field>, Denial> {
        let Some(field) = self.restricted else { return Ok(None) };
        if self.granted.is_some() {
            return Ok(self.granted);
        }
        let direction = desk.direction;
        desk.note(field, Mark::Denies, || format!("{direction} is restricted, and nothing grants it"));
        Err(desk.denial(field, Bound::Plain))
    }
}

fn desk_words(field: Field) -> &'static str {
    if field == Field::WriteAllowIfTagged { "a p tag of the event" } else { "the asker" }
}
