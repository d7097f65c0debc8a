//! Network addresses, as far as limits and bans care.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use chappe_protocol::Timestamp;

/// A network: all addresses that begin with the same bits.
///
/// Addresses are looked at in their shortest form: `::ffff:192.0.2.1` is `192.0.2.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressRange {
    network: IpAddr,
    bits: u8,
}

/// The text is no address and no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRangeError;

impl fmt::Display for AddressRangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an address (192.0.2.1, 2001:db8::1) or network (192.0.2.0/24, 2001:db8::/32)")
    }
}

impl std::error::Error for AddressRangeError {}

impl AddressRange {
    /// The network of this address with so many leading bits; none when the address has fewer bits (32 or 128).
    #[must_use]
    pub fn new(address: IpAddr, bits: u8) -> Option<Self> {
        let address = address.to_canonical();
        (bits <= width(address)).then(|| Self { network: masked(address, bits), bits })
    }

    /// Whether the address lies in the network.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.network.is_ipv4() && masked(address, self.bits) == self.network
    }
}

impl From<IpAddr> for AddressRange {
    /// The address alone.
    fn from(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { network: address, bits: width(address) }
    }
}

impl FromStr for AddressRange {
    type Err = AddressRangeError;

    /// Reads an address, or a network in the form `address/bits`; bits of the address behind them do not count.
    fn from_str(text: &str) -> Result<Self, AddressRangeError> {
        let Some((address, bits)) = text.split_once('/') else {
            return Ok(text.parse::<IpAddr>().map_err(|_| AddressRangeError)?.into());
        };
        let address = address.parse().map_err(|_| AddressRangeError)?;
        if bits.is_empty() || !bits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(AddressRangeError);
        }
        let bits = bits.parse().map_err(|_| AddressRangeError)?;
        Self::new(address, bits).ok_or(AddressRangeError)
    }
}

impl fmt::Display for AddressRange {
    /// The address alone when it is only one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.network.fmt(f)?;
        if self.bits < width(self.network) { write!(f, "/{}", self.bits) } else { Ok(()) }
    }
}

/// Those who share the limits of an address: an IPv4 address, or an IPv6 network of 64 bits, which is what one
/// household or one rented server gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressGroup {
    /// One address.
    V4(Ipv4Addr),
    /// The leading 64 bits.
    V6(u64),
}

impl From<IpAddr> for AddressGroup {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self::V6(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
            }
        }
    }
}

impl fmt::Display for AddressGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(address) => address.fmt(f),
            Self::V6(prefix) => write!(f, "{}/64", Ipv6Addr::from_bits(u128::from(*prefix) << 64)),
        }
    }
}

/// Networks that are kept out, each for a while or for good.
///
/// Looking an address up costs a binary search for each length of network that is in use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlockedAddresses(Box<[SameLength]>);

/// Networks with the same number of bits.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SameLength {
    bits: u8,
    /// Sorted by network.
    networks: Vec<(IpAddr, Until)>,
}

/// How long something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Until {
    /// Up to this second and not in it.
    Time(Timestamp),
    /// Until it is taken back.
    Undone,
}

impl Until {
    /// Whether it still holds.
    #[must_use]
    pub fn is_after(self, now: Timestamp) -> bool {
        match self {
            Self::Time(end) => now < end,
            Self::Undone => true,
        }
    }
}

impl BlockedAddresses {
    /// Whether the address lies in a network that is blocked now.
    #[must_use]
    pub fn contains(&self, address: IpAddr, now: Timestamp) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|SameLength { bits, networks }| {
            let wanted = masked(address, *bits);
            let found = networks.binary_search_by_key(&wanted, |&(network, _)| network).ok();
            found.and_then(|place| networks.get(place)).is_some_and(|(_, until)| until.is_after(now))
        })
    }

    /// Whether no network is listed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(AddressRange, Until)> for BlockedAddresses {
    /// Of a network that comes twice, the longer ban counts.
    fn from_iter<I: IntoIterator<Item = (AddressRange, Until)>>(ranges: I) -> Self {
        let mut ranges: Vec<_> = ranges.into_iter().collect();
        ranges.sort_unstable_by_key(|&(range, until)| (range.bits, range.network, std::cmp::Reverse(until)));
        ranges.dedup_by_key(|&mut (range, _)| range);
        let groups = ranges.chunk_by(|(one, _), (other, _)| one.bits == other.bits).filter_map(|group| {
            let bits = group.first()?.0.bits;
            Some(SameLength {
                bits,
                networks: group.iter().map(|&(range, until)| (range.network, until)).collect(),
            })
        });
        Self(groups.collect())
    }
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// The address with all but its leading bits cleared.
fn masked(address: IpAddr, bits: u8) -> IpAddr {
    let cleared = u32::from(width(address).saturating_sub(bits));
    match address {
        IpAddr::V4(address) => {
            Ipv4Addr::from_bits(address.to_bits() & u32::MAX.checked_shl(cleared).unwrap_or(0)).into()
        }
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & u128::MAX.checked_shl(cleared).unwrap_or(0)).into()
        }
    }
}

#[cfg(test)]
mod tests;
