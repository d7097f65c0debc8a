//! Telling the log of queries that took long: what was asked, how it was answered, and what that took.

use std::fmt::{self, Write};
use std::time::Duration;

use chappe_protocol::{Filter, TagMode};
use chappe_store::{Query, Role};

/// How much of what was asked is told, in bytes.
const ASKED_BYTES_MAX: usize = 1_000;
/// How many values of each list.
const VALUES_MAX: usize = 3;
/// How many characters of a tag's value.
const VALUE_CHARS_MAX: usize = 64;

/// Writes a line about a query of this connection that has worked for so long.
pub(crate) fn tell(connection: u64, query: &Query, worked: Duration, bound: Option<Duration>) {
    if bound.is_none_or(|bound| worked < bound) {
        return;
    }
    let (mut asked, mut plans) = (String::new(), String::new());
    for filter in query.filters() {
        // Writing into a string cannot fail.
        let _ = write!(asked, "{}", Asked(filter));
        if asked.len() > ASKED_BYTES_MAX {
            asked.truncate(asked.floor_char_boundary(ASKED_BYTES_MAX));
            asked.push_str("...");
            break;
        }
    }
    let explanation = query.explain();
    for way in explanation.parts.iter().flat_map(|part| &part.ways) {
        let _ = match way.role {
            Role::Chosen => write!(plans, "[{} {}]", way.plan, way.ranges),
            Role::Left => write!(plans, "[left: {} {}]", way.plan, way.ranges),
            Role::Retreat | Role::Idle => Ok(()),
        };
        if plans.len() > ASKED_BYTES_MAX {
            plans.push_str("...");
            break;
        }
    }
    let cost = explanation.cost;
    tracing::warn!(
        connection,
        milliseconds = u64::try_from(worked.as_millis()).unwrap_or(u64::MAX),
        plans,
        look_ups = cost.look_ups,
        skipped = cost.skipped,
        records = cost.records,
        events = cost.events,
        asked,
        "a slow query"
    );
}

/// A filter in few words.
struct Asked<'f>(&'f Filter);

impl fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Filter { ids, authors, kinds, tags, since, until, limit } = self.0;
        f.write_char('{')?;
        list(f, "ids", ids.as_deref(), |f, id| write!(f, "{id}"))?;
        list(f, "authors", authors.as_deref(), |f, author| write!(f, "{author}"))?;
        list(f, "kinds", kinds.as_deref(), |f, kind| write!(f, "{}", kind.0))?;
        for tag in tags {
            let sign = match tag.mode {
                TagMode::Any => '#',
                TagMode::All => '&',
            };
            let name = format!("{sign}{}", char::from(tag.letter));
            list(f, &name, Some(&tag.values), |f, value| {
                let text = String::from_utf8_lossy(value);
                write!(f, "{:?}", text.chars().take(VALUE_CHARS_MAX).collect::<String>())
            })?;
        }
        let numbers = [("since", since.map(|at| at.0)), ("until", until.map(|at| at.0)), ("limit", *limit)];
        for (name, number) in numbers {
            number.map(|number| write!(f, " {name} {number}")).transpose()?;
        }
        f.write_str(" }")
    }
}

/// The first values, and how many there are.
fn list<T>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    values: Option<&[T]>,
    each: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    let Some(values) = values else { return Ok(()) };
    write!(f, " {name}")?;
    for value in values.iter().take(VALUES_MAX) {
        f.write_char(' ')?;
        each(f, value)?;
    }
    match values.len().checked_sub(VALUES_MAX) {
        Some(more) if more > 0 => write!(f, " and {more} more"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
