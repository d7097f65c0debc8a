//! Who is believed about addresses, and how much one address may do.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use chappe_authorization::AddressRange;
use serde::{Deserialize, Serialize};

/// Proxies in front of the relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Proxy {
    /// Peers that are believed when they say for whom they speak. They are themselves never limited.
    #[serde(with = "ranges")]
    pub trusted: Vec<AddressRange>,
    /// What these peers say before the first byte of the client.
    pub protocol: ProxyProtocol,
}

/// What a trusted peer says before the first byte of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProxyProtocol {
    /// Nothing: if anything, it tells the client's address in HTTP headers.
    None,
    /// A header of the PROXY protocol, version 1 or 2.
    Proxy,
}

/// How much one address or key may do; 0 stands for any amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rates {
    /// Open connections of one address.
    pub connections_per_address_max: u32,
    /// New connections, and further HTTP requests, of one address in a minute.
    pub connections_per_address_a_minute: u32,
    /// Events from one address in a minute.
    pub events_per_address_a_minute: u32,
    /// Events of one key in a minute.
    pub events_per_key_a_minute: u32,
    /// REQ and COUNT messages from one address in a minute.
    pub requests_per_address_a_minute: u32,
    /// Addresses, or keys, that each of these tables remembers at most.
    pub addresses_max: usize,
}

impl Default for Proxy {
    fn default() -> Self {
        let loopback = [(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8), (IpAddr::V6(Ipv6Addr::LOCALHOST), 128)];
        let trusted = loopback.into_iter().filter_map(|(address, bits)| AddressRange::new(address, bits));
        Self { trusted: trusted.collect(), protocol: ProxyProtocol::None }
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            connections_per_address_max: 50,
            connections_per_address_a_minute: 120,
            events_per_address_a_minute: 600,
            events_per_key_a_minute: 600,
            requests_per_address_a_minute: 1_200,
            addresses_max: 100_000,
        }
    }
}

/// Addresses and networks, as texts.
mod ranges {
    use chappe_authorization::AddressRange;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        ranges: &[AddressRange],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(ranges.iter().map(ToString::to_string))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<AddressRange>, D::Error> {
        let read = |text: &String| text.parse().map_err(|error| format!("{text:?}: {error}"));
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.iter().map(read).collect::<Result<_, _>>().map_err(D::Error::custom)
    }
}
