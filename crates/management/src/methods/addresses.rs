//! Addresses that may not connect.

use std::net::IpAddr;

use chappe_authorization::AddressRange;
use serde_json::{Value, json};

use crate::CallError;
use crate::call::{Act, after, done};
use crate::params::wrong;
use crate::state::Edit;
use crate::values::Block;

/// The longest text of an address, in bytes.
const TEXT_BYTES_MAX: usize = 64;
/// The longest block that ends by itself: a hundred years.
const SECONDS_MAX: i64 = 100 * 366 * 86_400;
/// The widest network that can be blocked, in bits: IPv4 and IPv6.
const BITS_MIN: (u8, u8) = (8, 16);

/// `[address or network, reason, seconds]`; the last two may be absent.
pub(super) fn block(act: &mut Act<'_>) -> Result<Value, CallError> {
    let params = act.params.at_most(3)?;
    let range = range(act)?;
    let seconds = params.optional_number(2, "a time in seconds", (1, SECONDS_MAX))?;
    let until = seconds.and_then(|seconds| u64::try_from(seconds).ok()).map(|s| act.now.plus_seconds(s));
    let block = Block { note: act.note(params.reason(1)?), until };
    act.edits.push(Edit::BlockedAddress(range, Some(block)));
    done()
}

/// Exactly what was blocked, address or network.
pub(super) fn unblock(act: &mut Act<'_>) -> Result<Value, CallError> {
    act.params.at_most(2)?;
    let text = act.params.text(0, "an address", TEXT_BYTES_MAX)?;
    let range = text.parse::<AddressRange>().map_err(|error| wrong(0, &format!("an address: {error}")))?;
    act.edits.push(Edit::BlockedAddress(range, None));
    done()
}

pub(super) fn list(act: &mut Act<'_>) -> Result<Value, CallError> {
    let page = act.page(0)?;
    let start = page.after(|value| value.as_str()?.parse::<AddressRange>().ok())?;
    let blocks = act.state.blocked_addresses.range(after(start));
    let now = act.now;
    let holds =
        blocks.filter(|(_, block)| block.until.is_none_or(|until| now < until)).take(page.entries_max);
    let entry = |(range, block): (&AddressRange, &Block)| {
        json!({
            "ip": range.to_string(),
            "reason": block.note.reason,
            "until": block.until.map(|until| until.0),
        })
    };
    Ok(holds.map(entry).collect())
}

/// A slip of the keyboard must not shut out half the world, or the proxy beside the relay.
fn range(act: &Act<'_>) -> Result<AddressRange, CallError> {
    let text = act.params.text(0, "an address", TEXT_BYTES_MAX)?;
    let range = text.parse::<AddressRange>().map_err(|error| wrong(0, &format!("an address: {error}")))?;
    let canonical = range.to_string();
    let (network, bits) = canonical.split_once('/').unwrap_or((&canonical, "128"));
    let is_v4 = network.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4());
    let bits_min = if is_v4 { BITS_MIN.0 } else { BITS_MIN.1 };
    if bits.parse().is_ok_and(|bits: u8| bits < bits_min) {
        return Err(wrong(0, &format!("a network of {bits_min} bits or more")));
    }
    let loopback = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
    let own_network = "127.0.0.0/8".parse::<AddressRange>();
    let is_own = network.parse().is_ok_and(|address| own_network.is_ok_and(|own| own.contains(address)));
    if is_own || loopback.iter().any(|&address| range.contains(address)) {
        return Err(wrong(0, "an address of others: this one is the relay's own machine"));
    }
    Ok(range)
}
