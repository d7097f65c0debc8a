//! Whom to answer about a message that could not be read: a second, tolerant pass, on the cold path only.

use chappe_protocol::{EventId, SubscriptionId};

use crate::message::{MessageType, read_subscription, read_type};
use crate::reader::{Bracket, Reader};

/// What an answer to a malformed message has to name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// An event whose id could be read: answer OK.
    Event(EventId),
    /// A REQ, COUNT or CLOSE whose subscription id could be read: answer CLOSED.
    Subscription(SubscriptionId),
    /// Nothing that has a name: answer NOTICE.
    Message,
}

impl About {
    /// Finds whom a malformed message is about. Costs one more pass over the text.
    #[cold]
    pub(crate) fn message(text: &[u8]) -> Self {
        // The type and a subscription id stand at the start; an event's id may come after bytes that are not UTF-8.
        let valid = text.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let mut reader = Reader::new(valid);
        let Ok(message_type) = read_type(&mut reader, &mut String::new()) else {
            return Self::Message;
        };
        match message_type {
            MessageType::Event | MessageType::Auth => {
                Self::event(text.get(reader.position()..).unwrap_or_default())
            }
            MessageType::Req | MessageType::Count | MessageType::Close => {
                let follows = reader.more(Bracket::Array) == Ok(true);
                let subscription = follows.then(|| read_subscription(&mut reader, &mut String::new()).ok());
                subscription.flatten().map_or(Self::Message, Self::Subscription)
            }
        }
    }

    /// Finds the id of a malformed event. Costs one more pass over the text.
    #[cold]
    pub(crate) fn event(text: &[u8]) -> Self {
        event_id(text).map_or(Self::Message, Self::Event)
    }
}

/// Looks for `"id": "<64 lowercase hex>"` among the members of the first object, whatever is wrong around it.
///
/// Keys belong to objects, so only `{` and `}` are counted: an array that nobody closed hides nothing.
fn event_id(text: &[u8]) -> Option<EventId> {
    let mut rest = text;
    let mut depth: usize = 0;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'{' => depth += 1,
            b'}' if depth <= 1 => return None,
            b'}' => depth -= 1,
            b'"' => {
                let string = take_string(&mut rest)?;
                if depth == 1
                    && string == b"id"
                    && let Some(id) = id_after_key(rest)
                {
                    return Some(id);
                }
            }
            _ => {}
        }
    }
    None
}

/// Takes what stands before the quote that ends a string, with its escapes as they are.
fn take_string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let mut escaped = false;
    let end = rest.iter().position(|&byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    let (string, after) = rest.split_at_checked(end)?;
    *rest = after.strip_prefix(b"\"")?;
    Some(string)
}

fn id_after_key(rest: &[u8]) -> Option<EventId> {
    let value = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    let (hex, after) = value.split_first_chunk::<{ 2 * EventId::BYTES }>()?;
    after.strip_prefix(b"\"")?;
    EventId::from_hex(hex).ok()
}

#[cfg(test)]
mod tests;
