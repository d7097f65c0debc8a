//! Where the answers to a question can be.

use chappe_protocol::{EventId, Filter, Kind, PublicKey, TagFilter, TagMode};

use crate::asking::{binds, is_never_shown};
use crate::visibility::{is_banned, needs_auth};
use crate::{Access, Viewer};

/// Filters that between them match all that the filter matches and the viewer may see, and as little else as filters
/// can say: where a query has to look, so that it neither reads nor counts what [`crate::can_see`] would only throw
/// away. At most three, normalized but for a second `#p`, and without limits.
///
/// None of them stands for the filter as it is. Where nothing can be seen there is one that never matches.
///
/// Kinds are left out that the viewer never sees; of private kinds, only what the viewer's keys wrote or are named in
/// (`p`) is looked at; authors and events that are hidden are left out. A filter without kinds keeps none out, except
/// where `auth_read` leaves only the exempt ones.
///
/// Allocates nothing where there is nothing to leave out.
#[must_use]
pub fn narrow(access: &Access, viewer: &Viewer, filter: &Filter) -> Vec<Filter> {
    let narrowing = Narrowing { access, viewer, is_staff: access.role_of(viewer).is_some() };
    if is_banned(access, viewer) {
        return vec![never()];
    }
    if narrowing.is_idle(filter) {
        return Vec::new();
    }
    let mut parts = narrowing.split_private(narrowing.leave_out(filter));
    parts.retain(|part| !part.is_never());
    if parts.is_empty() {
        parts.push(never());
    }
    parts
}

fn never() -> Filter {
    Filter { kinds: Some(Vec::new()), ..Filter::default() }
}

struct Narrowing<'a> {
    access: &'a Access,
    viewer: &'a Viewer,
    /// Whether the viewer sees what is hidden from others.
    is_staff: bool,
}

impl Narrowing<'_> {
    /// Whether nothing can be left out.
    fn is_idle(&self, filter: &Filter) -> bool {
        let kinds = filter.kinds.as_deref().unwrap_or_default();
        let by_policy = binds(self.access, self.viewer, kinds);
        let is_gated = needs_auth(self.access, self.viewer);
        let loses_kind = |&kind: &Kind| {
            self.is_private(kind)
                || (is_gated && !self.is_exempt(kind))
                || (by_policy && is_never_shown(self.access, self.viewer, kind))
        };
        let loses_all_others = is_gated && filter.kinds.is_none();
        !loses_all_others
            && !kinds.iter().any(loses_kind)
            && filter.authors.iter().flatten().all(|author| !self.hides_author(author))
            && filter.ids.iter().flatten().all(|id| !self.hides_event(id))
    }

    /// The filter without the kinds, authors and events that are not shown.
    fn leave_out(&self, filter: &Filter) -> Filter {
        let mut narrowed = Filter { limit: None, ..filter.clone() };
        if needs_auth(self.access, self.viewer) {
            match &mut narrowed.kinds {
                Some(kinds) => kinds.retain(|&kind| self.is_exempt(kind)),
                None => narrowed.kinds = Some(self.access.settings().auth_exempt_kinds.iter().collect()),
            }
        }
        if let Some(kinds) = &mut narrowed.kinds
            && binds(self.access, self.viewer, kinds)
        {
            kinds.retain(|&kind| !is_never_shown(self.access, self.viewer, kind));
        }
        if let Some(authors) = &mut narrowed.authors {
            authors.retain(|author| !self.hides_author(author));
        }
        if let Some(ids) = &mut narrowed.ids {
            ids.retain(|id| !self.hides_event(id));
        }
        narrowed
    }

    /// Asks for public kinds as before, and for private ones by author and by recipient.
    fn split_private(&self, filter: Filter) -> Vec<Filter> {
        let kinds = filter.kinds.iter().flatten().copied();
        let (private, public): (Vec<Kind>, Vec<Kind>) = kinds.partition(|&kind| self.is_private(kind));
        if private.is_empty() {
            return vec![filter];
        }
        let written = Filter { kinds: Some(private.clone()), ..self.by_viewer(filter.clone()) };
        let received = Filter { kinds: Some(private), ..self.to_viewer(filter.clone()) };
        vec![Filter { kinds: Some(public), ..filter }, written, received]
    }

    /// What the viewer wrote.
    fn by_viewer(&self, filter: Filter) -> Filter {
        let mut own = self.viewer.keys().to_vec();
        own.sort_unstable();
        if let Some(authors) = &filter.authors {
            own.retain(|key| authors.binary_search(key).is_ok());
        }
        Filter { authors: Some(own), ..filter }
    }

    /// What names the viewer in a `p` tag. An event may name others as well, so a `#p` that asks for those stays
    /// beside the viewer's own, unless it asks for nobody but the viewer.
    fn to_viewer(&self, mut filter: Filter) -> Filter {
        let mut values: Vec<Box<[u8]>> =
            self.viewer.iter().map(|key| key.to_hex().as_slice().into()).collect();
        values.sort_unstable();
        let names_viewer = |tag: &TagFilter| {
            tag.letter == b'p' && tag.values.iter().all(|value| values.binary_search(value).is_ok())
        };
        if !filter.tags.iter().any(names_viewer) {
            // All `#x` stand before all `&x`.
            let place = filter.tags.partition_point(|tag| tag.mode == TagMode::Any);
            filter.tags.insert(place, TagFilter { letter: b'p', mode: TagMode::Any, values });
        }
        filter
    }

    fn is_private(&self, kind: Kind) -> bool {
        self.access.settings().private_kinds.contains(kind)
    }

    fn is_exempt(&self, kind: Kind) -> bool {
        self.access.settings().auth_exempt_kinds.contains(kind)
    }

    fn hides_author(&self, author: &PublicKey) -> bool {
        !self.is_staff && (self.access.is_banned(author) || self.access.is_blacklisted(author))
    }

    fn hides_event(&self, id: &EventId) -> bool {
        !self.is_staff && self.access.standing().banned_events.contains(id)
    }
}

#[cfg(test)]
mod tests;
