//! Proxies and rates.

use super::{Faults, nothing_through};
use crate::config::{Config, ProxyProtocol};

pub(super) fn check(config: &Config, faults: &mut Faults) {
    let Config { proxy, rates, .. } = config;
    let expects = proxy.protocol == ProxyProtocol::Proxy;
    faults.unless(!expects || !proxy.trusted.is_empty(), "proxy.protocol", || {
        "\"proxy\" is spoken by trusted peers only, and proxy.trusted is empty".to_owned()
    });
    faults.unless(rates.addresses_max > 0, "rates.addresses_max", nothing_through);
}
