//! Reading what a method was given: a JSON array, in the order that docs/management.md gives.

use chappe_protocol::{EventId, Kind, PublicKey};
use serde_json::{Map, Value};

use crate::CallError;

/// The longest reason, in bytes.
const REASON_BYTES_MAX: usize = 500;

/// The parameters of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Params<'a>(&'a [Value]);

/// Which part of a list is asked for: the last parameter, an object `{"limit": 100, "after": "..."}`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page<'a> {
    /// At least 1.
    pub(crate) entries_max: usize,
    /// The last entry of the page before.
    pub(crate) after: Option<&'a Value>,
}

impl<'a> Params<'a> {
    /// Absent parameters are none.
    pub(crate) fn new(params: &'a Value) -> Result<Self, CallError> {
        match params {
            Value::Array(list) => Ok(Self(list)),
            Value::Null => Ok(Self(&[])),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Err(CallError::Params("params has to be an array".to_owned()))
            }
        }
    }

    /// More parameters than the method knows are a mistake of somebody who wants something else.
    pub(crate) fn at_most(self, count: usize) -> Result<Self, CallError> {
        if self.0.len() > count {
            return Err(CallError::Params(format!("this method takes {count} parameters at most")));
        }
        Ok(self)
    }

    /// What stands there; null counts as absent.
    pub(crate) fn get(self, place: usize) -> Option<&'a Value> {
        self.0.get(place).filter(|value| !value.is_null())
    }

    pub(crate) fn key(self, place: usize) -> Result<PublicKey, CallError> {
        let hex = self.get(place).and_then(Value::as_str);
        let key = hex.and_then(|hex| PublicKey::from_hex(hex.as_bytes()).ok());
        key.ok_or_else(|| wrong(place, "a public key: 64 lowercase hex characters"))
    }

    pub(crate) fn event_id(self, place: usize) -> Result<EventId, CallError> {
        let hex = self.get(place).and_then(Value::as_str);
        let id = hex.and_then(|hex| EventId::from_hex(hex.as_bytes()).ok());
        id.ok_or_else(|| wrong(place, "an event's id: 64 lowercase hex characters"))
    }

    pub(crate) fn kind(self, place: usize) -> Result<Kind, CallError> {
        let number = self.get(place).and_then(Value::as_u64);
        let kind = number.and_then(|number| u16::try_from(number).ok()).map(Kind);
        kind.ok_or_else(|| wrong(place, "a kind: a number from 0 to 65535"))
    }

    /// A reason, empty when there is none.
    pub(crate) fn reason(self, place: usize) -> Result<String, CallError> {
        Ok(self.optional_text(place, "a reason", REASON_BYTES_MAX)?.unwrap_or_default().to_owned())
    }

    pub(crate) fn text(self, place: usize, what: &str, bytes_max: usize) -> Result<&'a str, CallError> {
        let text = self.optional_text(place, what, bytes_max)?;
        text.ok_or_else(|| wrong(place, &format!("{what}: a text of at most {bytes_max} bytes")))
    }

    pub(crate) fn optional_text(
        self,
        place: usize,
        what: &str,
        bytes_max: usize,
    ) -> Result<Option<&'a str>, CallError> {
        let Some(value) = self.get(place) else { return Ok(None) };
        let text = value.as_str().filter(|text| text.len() <= bytes_max);
        text.map(Some).ok_or_else(|| wrong(place, &format!("{what}: a text of at most {bytes_max} bytes")))
    }

    /// A whole number in this range. NIP-43's tags hold numbers as text, so that is taken too.
    pub(crate) fn optional_number(
        self,
        place: usize,
        what: &str,
        (least, most): (i64, i64),
    ) -> Result<Option<i64>, CallError> {
        let Some(value) = self.get(place) else { return Ok(None) };
        let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        let number = number.filter(|number| (least..=most).contains(number));
        number.map(Some).ok_or_else(|| wrong(place, &format!("{what}: a number from {least} to {most}")))
    }

    /// An object of options.
    pub(crate) fn options(self, place: usize) -> Result<Option<&'a Map<String, Value>>, CallError> {
        let Some(value) = self.get(place) else { return Ok(None) };
        value.as_object().map(Some).ok_or_else(|| wrong(place, "an object"))
    }

    /// The page that the last parameter, at this place, asks for; by default the first, as long as it may be.
    pub(crate) fn page(self, place: usize, entries_max: usize) -> Result<Page<'a>, CallError> {
        self.at_most(place + 1)?;
        let mut page = Page { entries_max: entries_max.max(1), after: None };
        for (name, value) in self.options(place)?.into_iter().flatten() {
            match name.as_str() {
                "limit" => {
                    let limit = value.as_u64().and_then(|limit| usize::try_from(limit).ok());
                    let limit = limit.filter(|&limit| limit > 0);
                    let limit = limit.ok_or_else(|| wrong(place, "an object whose limit is 1 or more"))?;
                    page.entries_max = page.entries_max.min(limit);
                }
                "after" => page.after = Some(value).filter(|value| !value.is_null()),
                _ => return Err(wrong(place, "an object with the members limit and after")),
            }
        }
        Ok(page)
    }
}

impl Page<'_> {
    /// Reads `after`; an entry that is no longer on the list has its place all the same.
    pub(crate) fn after<T>(&self, read: impl FnOnce(&Value) -> Option<T>) -> Result<Option<T>, CallError> {
        let Some(value) = self.after else { return Ok(None) };
        let place = read(value).map(Some);
        place.ok_or_else(|| CallError::Params("after has to be the last entry of the page before".to_owned()))
    }
}

/// The mistake that a parameter is not what it has to be.
pub(crate) fn wrong(place: usize, what: &str) -> CallError {
    CallError::Params(format!("params[{place}] has to be {what}"))
}

#[cfg(test)]
mod tests;
