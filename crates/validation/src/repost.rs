//! Reposts of protected events (NIP-70).

use chappe_codec::{Scratch, decode_event};
use chappe_protocol::{Event, Kind};

use crate::Invalid;

/// NIP-70: a protected event may be published by its author only, so a repost may name it but not carry it.
///
/// A content that is no event carries nothing.
pub(crate) fn check(event: &Event<'_>) -> Result<(), Invalid> {
    let is_repost = matches!(event.head.kind, Kind::REPOST | Kind::GENERIC_REPOST);
    if !is_repost || !may_hold_dash_tag(event.content) {
        return Ok(());
    }
    match decode_event(event.content.as_bytes(), &mut Scratch::new()) {
        Ok(embedded) if embedded.head.is_protected() => Err(Invalid::EmbedsProtected),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Whether a `"-"` stands somewhere in the JSON, plain or escaped. Spares nearly all reposts the decoding.
fn may_hold_dash_tag(json: &str) -> bool {
    json.contains("\"-\"") || json.contains("\\u002")
}

#[cfg(test)]
mod tests;
