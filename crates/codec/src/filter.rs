//! Reading filters.

use chappe_protocol::{EventId, Filter, PublicKey, TagFilter, TagMode, Timestamp};

use crate::event::{read_hex, read_kind};
use crate::reader::{Bracket, JsonFault, Reader};
use crate::{About, FilterKey, Malformed, MalformedReason};

/// Reads a text that is one filter object. The filter comes normalized.
///
/// # Errors
///
/// [`Malformed`] when the bytes are anything but one filter, each key known, given once and of its type.
pub fn decode_filter(text: &[u8]) -> Result<Filter, Malformed> {
    read_lone_filter(text).map_err(|reason| Malformed { about: About::Message, reason })
}

fn read_lone_filter(text: &[u8]) -> Result<Filter, MalformedReason> {
    let mut reader = Reader::new(str::from_utf8(text).map_err(|_| MalformedReason::NotUtf8)?);
    let filter = read_filter(&mut reader, &mut String::new())?;
    if reader.at_end() { Ok(filter) } else { Err(MalformedReason::TrailingBytes) }
}

/// Reads a filter object and normalizes it.
pub(crate) fn read_filter(reader: &mut Reader<'_>, word: &mut String) -> Result<Filter, MalformedReason> {
    let mut filter = Filter::default();
    let mut more =
        reader.open(Bracket::Object).map_err(|fault| fault.when_reading(MalformedReason::NotAFilter))?;
    while more {
        let name = reader.key(word)?;
        let Some(key) = FilterKey::from_name(name) else {
            return Err(MalformedReason::UnknownKey(MalformedReason::shorten(name)));
        };
        read_condition(&mut filter, key, reader, word)?;
        more = reader.more(Bracket::Object)?;
    }
    filter.normalize();
    shrink(&mut filter);
    Ok(filter)
}

/// Reads the value of one key into its place, which must still be empty.
fn read_condition(
    filter: &mut Filter,
    key: FilterKey,
    reader: &mut Reader<'_>,
    word: &mut String,
) -> Result<(), MalformedReason> {
    match key {
        FilterKey::Ids => {
            once(&mut filter.ids, key, read_list(reader, |reader| read_hex(reader, word, EventId::from_hex)))
        }
        FilterKey::Authors => once(
            &mut filter.authors,
            key,
            read_list(reader, |reader| read_hex(reader, word, PublicKey::from_hex)),
        ),
        FilterKey::Kinds => once(&mut filter.kinds, key, read_list(reader, read_kind)),
        FilterKey::Since => once(&mut filter.since, key, reader.natural().map(Timestamp)),
        FilterKey::Until => once(&mut filter.until, key, reader.natural().map(Timestamp)),
        FilterKey::Limit => once(&mut filter.limit, key, reader.natural()),
        FilterKey::Tag(mode, letter) => {
            let values = read_list(reader, |reader| read_tag_value(reader, word, letter));
            let values = values.map_err(|fault| fault.when_reading(MalformedReason::WrongKey(key)))?;
            add_tag(&mut filter.tags, mode, letter, values)
        }
    }
}

/// Adds a tag condition. At most 104 differ, so looking through them is cheap.
fn add_tag(
    tags: &mut Vec<TagFilter>,
    mode: TagMode,
    letter: u8,
    values: Vec<Box<[u8]>>,
) -> Result<(), MalformedReason> {
    if tags.iter().any(|tag| tag.mode == mode && tag.letter == letter) {
        return Err(MalformedReason::RepeatedKey(FilterKey::Tag(mode, letter)));
    }
    tags.push(TagFilter { letter, mode, values });
    Ok(())
}

fn read_tag_value(reader: &mut Reader<'_>, word: &mut String, letter: u8) -> Result<Box<[u8]>, JsonFault> {
    let value = reader.string(word)?.as_bytes();
    // NIP-01: `#e` and `#p` lists MUST contain exact 64-character lowercase hex values.
    if matches!(letter, b'e' | b'p') && EventId::from_hex(value).is_err() {
        return Err(JsonFault::Unexpected);
    }
    Ok(value.into())
}

fn read_list<'a, T>(
    reader: &mut Reader<'a>,
    mut read: impl FnMut(&mut Reader<'a>) -> Result<T, JsonFault>,
) -> Result<Vec<T>, JsonFault> {
    let mut list = Vec::new();
    let mut more = reader.open(Bracket::Array)?;
    while more {
        list.push(read(reader)?);
        more = reader.more(Bracket::Array)?;
    }
    Ok(list)
}

/// Gives back the memory of doubles: a filter may live as long as its connection.
fn shrink(filter: &mut Filter) {
    filter.ids.iter_mut().for_each(Vec::shrink_to_fit);
    filter.authors.iter_mut().for_each(Vec::shrink_to_fit);
    filter.kinds.iter_mut().for_each(Vec::shrink_to_fit);
    filter.tags.iter_mut().for_each(|tag| tag.values.shrink_to_fit());
}

fn once<T>(slot: &mut Option<T>, key: FilterKey, value: Result<T, JsonFault>) -> Result<(), MalformedReason> {
    match slot.replace(value.map_err(|fault| fault.when_reading(MalformedReason::WrongKey(key)))?) {
        Some(_) => Err(MalformedReason::RepeatedKey(key)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
