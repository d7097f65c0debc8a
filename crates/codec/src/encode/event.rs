//! Events in their two fixed forms: the one that is stored and sent, and the one whose hash is the id.

use chappe_protocol::{Event, Tag, Tags};

use super::text::{Controls, append_number, append_quoted, append_string, has_bare_control};

/// Appends the event as it is stored and sent: fields in the order id, pubkey, created_at, kind, tags, content, sig,
/// no white space, NIP-01's escapes.
pub fn append_event(out: &mut Vec<u8>, event: &Event<'_>) {
    let Event { head, content, sig } = event;
    // Without escapes this is enough: three runs of hex, names and brackets, a number or two, tags and content.
    const FIXED_BYTES: usize = 360;
    out.reserve(FIXED_BYTES + head.tags.as_packed().len() + content.len());
    out.extend_from_slice(b"{\"id\":");
    append_quoted(out, &head.id.to_hex());
    out.extend_from_slice(b",\"pubkey\":");
    append_quoted(out, &head.pubkey.to_hex());
    out.extend_from_slice(b",\"created_at\":");
    append_number(out, head.created_at.0);
    out.extend_from_slice(b",\"kind\":");
    append_number(out, head.kind.0.into());
    out.extend_from_slice(b",\"tags\":");
    append_tags(out, head.tags, Controls::Escaped);
    out.extend_from_slice(b",\"content\":");
    append_string(out, content.as_bytes(), Controls::Escaped);
    out.extend_from_slice(b",\"sig\":");
    append_quoted(out, &sig.to_hex());
    out.push(b'}');
}

/// Appends the serialisation whose SHA-256 is the event's id (NIP-01): `[0,pubkey,created_at,kind,tags,content]`.
///
/// The two forms of [`Controls`] differ only where [`has_bare_controls`].
pub fn append_preimage(out: &mut Vec<u8>, event: &Event<'_>, controls: Controls) {
    let Event { head, content, sig: _ } = event;
    const FIXED_BYTES: usize = 110;
    out.reserve(FIXED_BYTES + head.tags.as_packed().len() + content.len());
    out.extend_from_slice(b"[0,");
    append_quoted(out, &head.pubkey.to_hex());
    out.push(b',');
    append_number(out, head.created_at.0);
    out.push(b',');
    append_number(out, head.kind.0.into());
    out.push(b',');
    append_tags(out, head.tags, controls);
    out.push(b',');
    append_string(out, content.as_bytes(), controls);
    out.push(b']');
}

/// Whether the event's tags or content hold a control character that has no short escape, so that the two forms of
/// its serialisation differ. Costs a look at every byte.
#[must_use]
pub fn has_bare_controls(event: &Event<'_>) -> bool {
    has_bare_control(event.content.as_bytes())
        || event.head.tags.iter().any(|tag| tag.strings().any(has_bare_control))
}

fn append_tags(out: &mut Vec<u8>, tags: Tags<'_>, controls: Controls) {
    append_array(out, tags.iter(), |out, tag| append_tag(out, tag, controls));
}

fn append_tag(out: &mut Vec<u8>, tag: Tag<'_>, controls: Controls) {
    append_array(out, tag.strings(), |out, string| {
        append_string(out, string, controls);
    });
}

fn append_array<T>(
    out: &mut Vec<u8>,
    elements: impl Iterator<Item = T>,
    mut append: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (index, element) in elements.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        append(out, element);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests;
