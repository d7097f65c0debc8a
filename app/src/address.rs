//! Addresses: which one a client really has, and how much each may do.
//!
//! A connection's own address is the client's, unless it comes from a trusted proxy: then that says whose it is, in a
//! PROXY protocol header before the first byte, or in each HTTP request's headers.

mod door;
mod forwarded;
mod proxy_protocol;

use std::net::IpAddr;

use chappe_authorization::AddressRange;

pub(crate) use door::{Door, Pass, TooMany};
pub(crate) use forwarded::{Unreadable, client, names_client};
pub(crate) use proxy_protocol::{HeaderError, read_header};

/// Whether the address is one of a trusted proxy's.
fn is_in(trusted: &[AddressRange], address: IpAddr) -> bool {
    trusted.iter().any(|range| range.contains(address))
}
