//! Reading events.

use chappe_protocol::{
    Event, EventHead, EventId, HexError, Kind, PublicKey, Signature, Tags, TagsWriter, Timestamp,
};

use crate::reader::{Bracket, JsonFault, Reader};
use crate::{About, EventField, Malformed, MalformedReason, Scratch};

/// Reads a text that is one event object: a line of an import, or the event embedded in a repost.
///
/// The event borrows from the text and from `scratch`, whose former contents are forgotten.
///
/// # Errors
///
/// [`Malformed`] when the bytes are anything but one event with each field once and of its type. Other fields are
/// passed over.
pub fn decode_event<'a>(text: &'a [u8], scratch: &'a mut Scratch) -> Result<Event<'a>, Malformed> {
    read_lone_event(text, scratch).map_err(|reason| Malformed { about: About::event(text), reason })
}

fn read_lone_event<'a>(text: &'a [u8], scratch: &'a mut Scratch) -> Result<Event<'a>, MalformedReason> {
    let mut reader = Reader::new(str::from_utf8(text).map_err(|_| MalformedReason::NotUtf8)?);
    let event = read_event(&mut reader, scratch)?;
    if reader.at_end() { Ok(event) } else { Err(MalformedReason::TrailingBytes) }
}

/// The fields that have been read so far.
#[derive(Default)]
struct Fields<'a> {
    id: Option<EventId>,
    pubkey: Option<PublicKey>,
    created_at: Option<Timestamp>,
    kind: Option<Kind>,
    tags: Option<Tags<'a>>,
    content: Option<&'a str>,
    sig: Option<Signature>,
}

/// Reads an event object.
pub(crate) fn read_event<'a>(
    reader: &mut Reader<'a>,
    scratch: &'a mut Scratch,
) -> Result<Event<'a>, MalformedReason> {
    scratch.clear();
    let Scratch { tags, content, word } = scratch;
    // Each is given away to the field that fills it, so a second field of the name finds it gone.
    let (mut tags, mut content) = (Some(tags), Some(content));
    let mut fields = Fields::default();
    let mut more =
        reader.open(Bracket::Object).map_err(|fault| fault.when_reading(MalformedReason::NotAnEvent))?;
    while more {
        match EventField::from_name(reader.key(word)?) {
            Some(EventField::Tags) => {
                let packed = tags.take().ok_or(MalformedReason::RepeatedField(EventField::Tags))?;
                fields.tags = Some(read_tags(reader, packed)?);
            }
            Some(EventField::Content) => {
                let unescaped = content.take().ok_or(MalformedReason::RepeatedField(EventField::Content))?;
                once(&mut fields.content, EventField::Content, reader.string(unescaped))?;
            }
            Some(field) => fields.read_simple(field, reader, word)?,
            None => reader.skip_value()?,
        }
        more = reader.more(Bracket::Object)?;
    }
    fields.into_event()
}

impl<'a> Fields<'a> {
    /// Reads a field whose value is a number or hex.
    fn read_simple(
        &mut self,
        field: EventField,
        reader: &mut Reader<'_>,
        word: &mut String,
    ) -> Result<(), MalformedReason> {
        match field {
            EventField::Id => once(&mut self.id, field, read_hex(reader, word, EventId::from_hex)),
            EventField::Pubkey => once(&mut self.pubkey, field, read_hex(reader, word, PublicKey::from_hex)),
            EventField::CreatedAt => once(&mut self.created_at, field, reader.natural().map(Timestamp)),
            EventField::Kind => once(&mut self.kind, field, read_kind(reader)),
            EventField::Sig => once(&mut self.sig, field, read_hex(reader, word, Signature::from_hex)),
            EventField::Tags | EventField::Content => Ok(()),
        }
    }

    fn into_event(self) -> Result<Event<'a>, MalformedReason> {
        let missing = MalformedReason::MissingField;
        let head = EventHead {
            id: self.id.ok_or(missing(EventField::Id))?,
            pubkey: self.pubkey.ok_or(missing(EventField::Pubkey))?,
            created_at: self.created_at.ok_or(missing(EventField::CreatedAt))?,
            kind: self.kind.ok_or(missing(EventField::Kind))?,
            tags: self.tags.ok_or(missing(EventField::Tags))?,
        };
        let content = self.content.ok_or(missing(EventField::Content))?;
        Ok(Event { head, content, sig: self.sig.ok_or(missing(EventField::Sig))? })
    }
}

/// Fills a slot that must still be empty.
fn once<T>(
    slot: &mut Option<T>,
    field: EventField,
    value: Result<T, JsonFault>,
) -> Result<(), MalformedReason> {
    match slot.replace(value.map_err(|fault| fault.when_reading(MalformedReason::WrongField(field)))?) {
        Some(_) => Err(MalformedReason::RepeatedField(field)),
        None => Ok(()),
    }
}

/// Reads a string of hex; any other string is unexpected.
pub(crate) fn read_hex<T>(
    reader: &mut Reader<'_>,
    word: &mut String,
    parse: fn(&[u8]) -> Result<T, HexError>,
) -> Result<T, JsonFault> {
    parse(reader.string(word)?.as_bytes()).map_err(|HexError| JsonFault::Unexpected)
}

/// Reads a kind; a number over 65,535 is unexpected.
pub(crate) fn read_kind(reader: &mut Reader<'_>) -> Result<Kind, JsonFault> {
    u16::try_from(reader.natural()?).map(Kind).map_err(|_| JsonFault::Unexpected)
}

fn read_tags<'a>(reader: &mut Reader<'_>, packed: &'a mut Vec<u8>) -> Result<Tags<'a>, MalformedReason> {
    let not_tags = |fault: JsonFault| fault.when_reading(MalformedReason::WrongField(EventField::Tags));
    let mut writer = TagsWriter::new(packed);
    let mut more = reader.open(Bracket::Array).map_err(not_tags)?;
    while more {
        // NIP-01: each tag is an array of one or more strings.
        if !reader.open(Bracket::Array).map_err(not_tags)? {
            return Err(MalformedReason::WrongField(EventField::Tags));
        }
        read_tag(reader, &mut writer)?;
        more = reader.more(Bracket::Array).map_err(not_tags)?;
    }
    Ok(Tags::from_packed(packed))
}

fn read_tag(reader: &mut Reader<'_>, writer: &mut TagsWriter<'_>) -> Result<(), MalformedReason> {
    let not_tags = |fault: JsonFault| fault.when_reading(MalformedReason::WrongField(EventField::Tags));
    writer.begin_tag();
    loop {
        writer.begin_string();
        reader.string_pieces(|piece| writer.piece(piece.as_bytes())).map_err(not_tags)?;
        if !writer.end_string() {
            return Err(MalformedReason::TagTooLong);
        }
        if !reader.more(Bracket::Array).map_err(not_tags)? {
            break;
        }
    }
    if writer.end_tag() { Ok(()) } else { Err(MalformedReason::TagTooLong) }
}

#[cfg(test)]
mod tests;
