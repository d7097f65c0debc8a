//! What clients send (NIP-01, NIP-42, NIP-45).

use chappe_protocol::{Event, Filter, SubscriptionId};

use crate::event::read_event;
use crate::filter::read_filter;
use crate::reader::{Bracket, JsonFault, Reader};
use crate::{About, Malformed, MalformedReason, Scratch};

/// How many filters a REQ or COUNT may hold: a bound on memory, since `{}` is three bytes of text and a hundred times
/// as much when read. The relay's own limit may be lower.
pub const FILTERS_MAX: usize = 256;

/// A message from a client. Nothing in it has been checked beyond its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientMessage<'a> {
    /// Publish this.
    Event(Event<'a>),
    /// Here is my proof that a key is mine.
    Auth(Event<'a>),
    /// Send me what matches, stored and live.
    Req {
        /// The client's name for it.
        subscription: SubscriptionId,
        /// At least one, normalized.
        filters: Vec<Filter>,
    },
    /// Tell me how many stored events match.
    Count {
        /// The client's name for it.
        subscription: SubscriptionId,
        /// At least one, normalized.
        filters: Vec<Filter>,
    },
    /// End a subscription.
    Close {
        /// The client's name for it.
        subscription: SubscriptionId,
    },
}

/// The first element of a client's message.
#[derive(Debug, Clone, Copy)]
pub(crate) enum MessageType {
    Event,
    Auth,
    Req,
    Count,
    Close,
}

/// Reads one frame's text.
///
/// The message borrows from the text and from `scratch`, whose former contents are forgotten.
///
/// # Errors
///
/// [`Malformed`] when the bytes are anything but one message of a known type, whole and of the right types; it names
/// the event or subscription to answer about where that can be read.
pub fn decode_message<'a>(text: &'a [u8], scratch: &'a mut Scratch) -> Result<ClientMessage<'a>, Malformed> {
    read_message(text, scratch).map_err(|reason| Malformed { about: About::message(text), reason })
}

fn read_message<'a>(text: &'a [u8], scratch: &'a mut Scratch) -> Result<ClientMessage<'a>, MalformedReason> {
    let text = str::from_utf8(text).map_err(|_| MalformedReason::NotUtf8)?;
    let mut reader = Reader::new(text);
    let message = match read_type(&mut reader, &mut scratch.word)? {
        MessageType::Event => ClientMessage::Event(read_only_event(&mut reader, scratch)?),
        MessageType::Auth => ClientMessage::Auth(read_only_event(&mut reader, scratch)?),
        MessageType::Req => {
            let (subscription, filters) = read_request(&mut reader, &mut scratch.word)?;
            ClientMessage::Req { subscription, filters }
        }
        MessageType::Count => {
            let (subscription, filters) = read_request(&mut reader, &mut scratch.word)?;
            ClientMessage::Count { subscription, filters }
        }
        MessageType::Close => {
            let subscription = read_next_subscription(&mut reader, &mut scratch.word)?;
            end_array(&mut reader)?;
            ClientMessage::Close { subscription }
        }
    };
    if reader.at_end() { Ok(message) } else { Err(MalformedReason::TrailingBytes) }
}

/// Enters the message and reads its type.
pub(crate) fn read_type(
    reader: &mut Reader<'_>,
    buffer: &mut String,
) -> Result<MessageType, MalformedReason> {
    let not_a_message = |fault: JsonFault| fault.when_reading(MalformedReason::NotAMessage);
    if !reader.open(Bracket::Array).map_err(not_a_message)? {
        return Err(MalformedReason::NotAMessage);
    }
    match reader.string(buffer).map_err(not_a_message)? {
        "EVENT" => Ok(MessageType::Event),
        "AUTH" => Ok(MessageType::Auth),
        "REQ" => Ok(MessageType::Req),
        "COUNT" => Ok(MessageType::Count),
        "CLOSE" => Ok(MessageType::Close),
        other => Err(MalformedReason::UnknownType(MalformedReason::shorten(other))),
    }
}

/// Reads a subscription id.
pub(crate) fn read_subscription(
    reader: &mut Reader<'_>,
    buffer: &mut String,
) -> Result<SubscriptionId, MalformedReason> {
    let wrong = MalformedReason::WrongSubscription;
    let text = reader.string(buffer).map_err(|fault| fault.when_reading(wrong.clone()))?;
    SubscriptionId::new(text).map_err(|_| wrong)
}

/// Reads the event that is all the rest of the message.
fn read_only_event<'a>(
    reader: &mut Reader<'a>,
    scratch: &'a mut Scratch,
) -> Result<Event<'a>, MalformedReason> {
    if !reader.more(Bracket::Array)? {
        return Err(MalformedReason::NotAnEvent);
    }
    let event = read_event(reader, scratch)?;
    end_array(reader)?;
    Ok(event)
}

fn read_next_subscription(
    reader: &mut Reader<'_>,
    buffer: &mut String,
) -> Result<SubscriptionId, MalformedReason> {
    if reader.more(Bracket::Array)? {
        read_subscription(reader, buffer)
    } else {
        Err(MalformedReason::WrongSubscription)
    }
}

fn read_request(
    reader: &mut Reader<'_>,
    buffer: &mut String,
) -> Result<(SubscriptionId, Vec<Filter>), MalformedReason> {
    let subscription = read_next_subscription(reader, buffer)?;
    let mut filters = Vec::new();
    while reader.more(Bracket::Array)? {
        if filters.len() == FILTERS_MAX {
            return Err(MalformedReason::TooManyFilters);
        }
        filters.push(read_filter(reader, buffer)?);
    }
    if filters.is_empty() { Err(MalformedReason::NoFilter) } else { Ok((subscription, filters)) }
}

fn end_array(reader: &mut Reader<'_>) -> Result<(), MalformedReason> {
    if reader.more(Bracket::Array)? { Err(MalformedReason::ExtraElement) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
