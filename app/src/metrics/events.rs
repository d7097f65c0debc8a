//! What clients say, and what they are answered.

use std::fmt;

use chappe_session::Snapshot;

use super::page::Page;

pub(super) fn write(page: &mut Page<'_>, session: &Snapshot) -> fmt::Result {
    page.counters(
        "chappe_messages_received",
        "Messages of clients that had their turn, by type; event includes events that could not be read.",
        session.messages.iter().map(|(message, count)| ([("type", message.as_str())], *count)),
    )?;
    page.counters(
        "chappe_events_accepted",
        "Events of clients answered by OK true, by what became of them.",
        session.accepted.iter().map(|(accepted, count)| ([("outcome", accepted.as_str())], *count)),
    )?;
    page.counters(
        "chappe_events_refused",
        "Events of clients answered by OK false, by the first word of the reason.",
        session.refused.iter().map(|(prefix, count)| ([("prefix", prefix.as_str())], *count)),
    )?;
    page.counters(
        "chappe_requests_refused",
        "REQs and COUNTs answered by CLOSED, by the first word of the reason.",
        session.requests_refused.iter().map(|(prefix, count)| ([("prefix", prefix.as_str())], *count)),
    )?;
    page.counters(
        "chappe_rate_limited",
        "Events and requests refused because there were too many, by the bound.",
        session.limited.iter().map(|(limit, count)| ([("limit", limit.as_str())], *count)),
    )?;
    let sign_ins = [("accepted", session.sign_ins_accepted), ("refused", session.sign_ins_refused)];
    page.counters(
        "chappe_sign_ins",
        "AUTH messages (NIP-42), by what was answered.",
        sign_ins.map(|(answer, count)| ([("answer", answer)], count)),
    )?;
    page.counters(
        "chappe_events_sent",
        "Events sent to clients: stored ones before EOSE, live ones after it.",
        session.sent.iter().map(|(sent, count)| ([("source", sent.as_str())], *count)),
    )
}
