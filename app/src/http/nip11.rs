//! The relay information document (NIP-11).

use chappe_protocol::SubscriptionId;
use serde::Serialize;

use super::Changing;
use crate::config::{Config, Limits};

/// The NIPs that a relay has a part in, and that always work here. AND tags (`&t`) have no number of their own yet.
const ALWAYS_SUPPORTED: [u16; 14] = [1, 2, 9, 11, 13, 17, 40, 42, 45, 59, 62, 65, 67, 70];

/// The NIPs that work here now, in order.
pub(super) fn supported_nips(changing: &Changing) -> Vec<u16> {
    let members = changing.has_members.then_some(43);
    let managers = changing.has_managers.then_some([86, 98]).into_iter().flatten();
    let mut nips: Vec<u16> = ALWAYS_SUPPORTED.into_iter().chain(members).chain(managers).collect();
    nips.sort_unstable();
    nips
}

/// The document. A text that the operator left empty is left out.
#[derive(Serialize)]
struct Document<'a> {
    name: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pubkey: Option<String>,
    #[serde(rename = "self", skip_serializing_if = "Option::is_none")]
    own_key: Option<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    contact: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    icon: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    software: &'a str,
    version: &'a str,
    supported_nips: Vec<u16>,
    limitation: Limitation,
}

/// Every number is the one that is enforced.
#[derive(Serialize)]
struct Limitation {
    max_message_length: usize,
    max_subscriptions: usize,
    max_limit: u64,
    default_limit: u64,
    max_subid_length: usize,
    max_event_tags: u32,
    max_content_length: usize,
    min_pow_difficulty: u8,
    auth_required: bool,
    payment_required: bool,
    restricted_writes: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at_lower_limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at_upper_limit: Option<u64>,
}

/// The smallest EVENT message, without its content. Nothing but the message's size bounds a content.
const EVENT_MESSAGE_LEAST_BYTES: usize =
    r#"["EVENT",{"id":"","pubkey":"","created_at":0,"kind":0,"tags":[],"content":"","sig":""}]"#.len()
        + 2 * (chappe_protocol::EventId::BYTES
            + chappe_protocol::PublicKey::BYTES
            + chappe_protocol::Signature::BYTES);

/// Writes the document as JSON.
pub(super) fn document(config: &Config, changing: &Changing) -> String {
    let Config { relay, .. } = config;
    let document = Document {
        name: changing.name(config),
        description: changing.description(config),
        pubkey: relay.pubkey.map(|key| key.to_string()),
        own_key: changing.own_key.map(|key| key.to_string()),
        contact: &relay.contact,
        icon: changing.icon(config),
        software: env!("CARGO_PKG_REPOSITORY"),
        version: env!("CARGO_PKG_VERSION"),
        supported_nips: supported_nips(changing),
        limitation: limitation(config, changing),
    };
    // Texts and numbers only: there is nothing in it that JSON could not hold.
    serde_json::to_string(&document).unwrap_or_default()
}

fn limitation(config: &Config, changing: &Changing) -> Limitation {
    let Config { limits, access, .. } = config;
    Limitation {
        max_message_length: limits.message_bytes_max,
        max_subscriptions: limits.subscriptions_max,
        max_limit: limits.limit_max,
        default_limit: limits.limit_default,
        max_subid_length: SubscriptionId::CHARS_MAX,
        max_event_tags: limits.event_tags_max,
        max_content_length: content_chars_max(limits),
        min_pow_difficulty: limits.pow_bits_min,
        // NIP-11: "before a new connection may perform any other action".
        auth_required: access.auth_read && access.auth_write,
        payment_required: false,
        // NIP-11 counts proof of work among the conditions.
        restricted_writes: changing.restricted_writes || limits.pow_bits_min > 0,
        created_at_lower_limit: bound(limits.created_at_age_seconds_max),
        created_at_upper_limit: bound(limits.created_at_ahead_seconds_max),
    }
}

/// The longest content that fits into a message: characters of one byte, which need no escape.
pub(super) const fn content_chars_max(limits: &Limits) -> usize {
    limits.message_bytes_max.saturating_sub(EVENT_MESSAGE_LEAST_BYTES)
}

/// A knob whose 0 means that there is no bound.
fn bound(seconds: u64) -> Option<u64> {
    (seconds > 0).then_some(seconds)
}

#[cfg(test)]
mod tests;
