//! Open connections: which are dear, and an end to one.

use chappe_authorization::AddressRange;
use serde_json::{Value, json};

use crate::call::{Act, done};
use crate::params::wrong;
use crate::{CallError, ConnectionOrder, WantedConnections};

/// What a list can be put in order by, as it is asked for.
const ORDERS: [(&str, ConnectionOrder); 6] = [
    ("work", ConnectionOrder::Work),
    ("bytes_received", ConnectionOrder::BytesReceived),
    ("bytes_sent", ConnectionOrder::BytesSent),
    ("messages", ConnectionOrder::Messages),
    ("subscriptions", ConnectionOrder::Subscriptions),
    ("number", ConnectionOrder::Number),
];

/// Numbers of connections are told as JSON numbers, which are exact up to there.
const NUMBER_MAX: i64 = 1 << 53;

/// `[{"by": "work", "address": "192.0.2.0/24", "limit": 50}]`: all optional.
pub(super) fn list(act: &mut Act<'_>) -> Result<Value, CallError> {
    Ok(json!(act.around.connections(&wanted(act)?)))
}

/// The same without `address`.
pub(super) fn list_addresses(act: &mut Act<'_>) -> Result<Value, CallError> {
    let wanted = wanted(act)?;
    if wanted.within.is_some() {
        return Err(wrong(0, "an object with the members by and limit"));
    }
    Ok(json!(act.around.connection_addresses(&wanted)))
}

/// `[number, reason]`; the client hears the reason.
pub(super) fn close(act: &mut Act<'_>) -> Result<Value, CallError> {
    let params = act.params.at_most(2)?;
    let what = "a connection's number, as listconnections tells it";
    let number = params.optional_number(0, what, (1, NUMBER_MAX))?;
    let number = number.and_then(|number| u64::try_from(number).ok()).ok_or_else(|| wrong(0, what))?;
    if !act.around.close_connection(number, act.caller, params.reason(1)?) {
        return Err(CallError::Refused("this connection is not open any more".to_owned()));
    }
    done()
}

fn wanted(act: &Act<'_>) -> Result<WantedConnections, CallError> {
    let params = act.params.at_most(1)?;
    let entries_max = act.terms.page_max.max(1);
    let mut wanted = WantedConnections { order: ConnectionOrder::Work, within: None, entries_max };
    for (name, value) in params.options(0)?.into_iter().flatten() {
        match name.as_str() {
            "by" => wanted.order = order(value)?,
            "address" => wanted.within = address(value)?,
            "limit" => {
                let limit = value.as_u64().and_then(|limit| usize::try_from(limit).ok());
                let limit = limit.filter(|&limit| limit > 0);
                let limit = limit.ok_or_else(|| wrong(0, "an object whose limit is 1 or more"))?;
                wanted.entries_max = entries_max.min(limit);
            }
            _ => return Err(wrong(0, "an object with the members by, address and limit")),
        }
    }
    Ok(wanted)
}

fn order(value: &Value) -> Result<ConnectionOrder, CallError> {
    let found = ORDERS.iter().find(|(name, _)| value.as_str() == Some(name));
    found.map(|(_, order)| *order).ok_or_else(|| {
        let names = ORDERS.map(|(name, _)| name).join(", ");
        wrong(0, &format!("an object whose by is one of {names}"))
    })
}

fn address(value: &Value) -> Result<Option<AddressRange>, CallError> {
    if value.is_null() {
        return Ok(None);
    }
    let range = value.as_str().and_then(|text| text.parse().ok());
    range.map(Some).ok_or_else(|| wrong(0, "an object whose address is an address or network"))
}
