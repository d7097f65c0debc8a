//! What relays send (NIP-01, NIP-42, NIP-45, NIP-67).

use chappe_protocol::{EventId, Refusal, SubscriptionId};
use faster_hex::hex_encode;

use super::text::{Controls, append_number, append_quoted, append_string, append_string_body};

/// What an OK says of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// Yes, with a remark (`duplicate: ...`, `mute: ...`) or an empty text.
    Accepted(&'a str),
    /// No, and why.
    Refused(&'a Refusal),
}

/// What an EOSE says of the stored events that were not sent (NIP-67).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// There are none.
    Finish,
    /// There are some.
    More,
}

/// Appends `["EVENT",<subscription>,<event>]`, where `append` appends the event as [`append_event`](super::append_event)
/// writes it. Returns what that one returned; when it failed, what was appended is no message.
pub fn append_event_message<R>(
    out: &mut Vec<u8>,
    subscription: &SubscriptionId,
    append: impl FnOnce(&mut Vec<u8>) -> R,
) -> R {
    append_event_prefix(out, subscription);
    let result = append(out);
    out.push(b']');
    result
}

/// Appends what stands before the event in an EVENT message, `["EVENT",<subscription>,`, for keeping. After the event
/// only `]` has to follow.
pub fn append_event_prefix(out: &mut Vec<u8>, subscription: &SubscriptionId) {
    append_start(out, "EVENT", subscription);
    out.push(b',');
}

/// Appends `["OK",<id>,<true or false>,<text>]`.
pub fn append_ok(out: &mut Vec<u8>, id: &EventId, answer: Answer<'_>) {
    out.extend_from_slice(b"[\"OK\",");
    append_quoted(out, &id.to_hex());
    match answer {
        Answer::Accepted(remark) => {
            out.extend_from_slice(b",true,");
            append_text(out, remark);
        }
        Answer::Refused(refusal) => {
            out.extend_from_slice(b",false,");
            append_refusal(out, refusal);
        }
    }
    out.push(b']');
}

/// Appends `["EOSE",<subscription>]`, with the hint when there is one: `["EOSE",<subscription>,["finish"]]`.
pub fn append_eose(out: &mut Vec<u8>, subscription: &SubscriptionId, completeness: Option<Completeness>) {
    append_start(out, "EOSE", subscription);
    out.extend_from_slice(match completeness {
        Some(Completeness::Finish) => b",[\"finish\"]]",
        Some(Completeness::More) => b",[\"more\"]]",
        None => b"]",
    });
}

/// Appends `["CLOSED",<subscription>,<text>]`.
pub fn append_closed(out: &mut Vec<u8>, subscription: &SubscriptionId, refusal: &Refusal) {
    append_start(out, "CLOSED", subscription);
    out.push(b',');
    append_refusal(out, refusal);
    out.push(b']');
}

/// Appends `["NOTICE",<text>]`.
pub fn append_notice(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(b"[\"NOTICE\",");
    append_text(out, text);
    out.push(b']');
}

/// Appends `["AUTH",<challenge>]` (NIP-42).
pub fn append_auth(out: &mut Vec<u8>, challenge: &str) {
    out.extend_from_slice(b"[\"AUTH\",");
    append_text(out, challenge);
    out.push(b']');
}

/// Appends `["COUNT",<subscription>,{"count":<count>}]`, with NIP-45's 256 HyperLogLog registers when there are any:
/// `{"count":<count>,"hll":"<512 hex>"}`.
pub fn append_count(out: &mut Vec<u8>, subscription: &SubscriptionId, count: u64, hll: Option<&[u8; 256]>) {
    append_start(out, "COUNT", subscription);
    out.extend_from_slice(b",{\"count\":");
    append_number(out, count);
    if let Some(registers) = hll {
        let mut hex = [0; 512];
        // The destination has exactly the length that is asked for, so this cannot fail.
        let _ = hex_encode(registers, &mut hex);
        out.extend_from_slice(b",\"hll\":");
        append_quoted(out, &hex);
    }
    out.extend_from_slice(b"}]");
}

/// Appends `["<type>",<subscription>`.
fn append_start(out: &mut Vec<u8>, message_type: &str, subscription: &SubscriptionId) {
    out.push(b'[');
    append_quoted(out, message_type.as_bytes());
    out.push(b',');
    append_text(out, subscription.as_str());
}

fn append_text(out: &mut Vec<u8>, text: &str) {
    append_string(out, text.as_bytes(), Controls::Escaped);
}

/// Appends `"<prefix>: <message>"`.
fn append_refusal(out: &mut Vec<u8>, refusal: &Refusal) {
    out.push(b'"');
    out.extend_from_slice(refusal.prefix.as_str().as_bytes());
    out.extend_from_slice(b": ");
    append_string_body(out, refusal.message.as_bytes(), Controls::Escaped);
    out.push(b'"');
}

#[cfg(test)]
mod tests;
