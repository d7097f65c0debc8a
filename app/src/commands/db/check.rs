//! Holding a record against the event that it says it is.

use std::fmt;

use chappe_codec::{Scratch, decode_event};
use chappe_protocol::{Event, Refusal};
use chappe_store::{Error, Record, RecordView};
use chappe_validation::{Invalid, check_id, check_signature};

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Damage {
    /// Its wire form cannot be read.
    Unreadable(&'static str),
    /// Its wire form is no event.
    NoEvent(String),
    /// Its head is not that of the event in its wire form.
    OtherHead,
    /// The event is not what its author signed.
    Forged(Invalid),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => f.write_str(why),
            Self::NoEvent(why) => write!(f, "it holds no event: {why}"),
            Self::OtherHead => f.write_str("its head does not fit its event"),
            Self::Forged(invalid) => f.write_str(&Refusal::from(*invalid).message),
        }
    }
}

/// The event of a wire form, if it is one.
pub(super) fn decode<'a>(json: &'a [u8], scratch: &'a mut Scratch) -> Result<Event<'a>, Damage> {
    let no_event = |reason| Damage::NoEvent(Refusal::from(reason).message.into_owned());
    decode_event(json, scratch).map_err(|malformed| no_event(malformed.reason))
}

/// The wire form as it is served, of a record that is compressed perhaps.
pub(super) fn read<'r>(record: &RecordView<'r>, room: &'r mut Vec<u8>) -> Result<&'r [u8], Damage> {
    record.json(room).map_err(|error| match error {
        Error::Corrupt(why) => Damage::Unreadable(why),
        Error::Full(_) | Error::Misplaced(_) | Error::StateKey { .. } | Error::Engine(_) => {
            Damage::Unreadable("there is no memory to decompress it")
        }
    })
}

/// Whether the record's head is that of its event, which is in this wire form: what it costs to read it, and no hash.
pub(super) fn check_form(record: &RecordView<'_>, json: &[u8], scratch: &mut Scratch) -> Result<(), Damage> {
    let event = decode(json, scratch)?;
    let made = Record::new(&event, json);
    if made.view().has_head_of(record) { Ok(()) } else { Err(Damage::OtherHead) }
}

/// The event of a wire form, if it is what its author signed.
pub(super) fn prove<'a>(
    json: &'a [u8],
    scratch: &'a mut Scratch,
    buffer: &mut Vec<u8>,
) -> Result<Event<'a>, Damage> {
    let event = decode(json, scratch)?;
    check_id(&event, buffer).and_then(|()| check_signature(&event)).map_err(Damage::Forged)?;
    Ok(event)
}
