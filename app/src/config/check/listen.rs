//! Where the relay listens, and what it needs for that.

use std::net::SocketAddr;

use super::Faults;
use crate::config::Config;

pub(super) fn check(config: &Config, faults: &mut Faults) {
    let Config { listen, tls, .. } = config;
    faults.unless(!listen.addresses.is_empty() || !tls.addresses.is_empty(), "listen.addresses", || {
        "at least one is needed, here or in tls.addresses".to_owned()
    });
    let by_acme = !tls.acme_domains.is_empty();
    let speaks_tls = !tls.addresses.is_empty();
    for (key, file) in [("tls.certificate", &tls.certificate), ("tls.key", &tls.key)] {
        let is_named = !file.as_os_str().is_empty();
        faults.unless(!speaks_tls || is_named || by_acme, key, || {
            "is needed for tls.addresses, or tls.acme_domains".to_owned()
        });
        faults.unless(!(is_named && by_acme), key, || {
            "tls.acme_domains get a certificate of their own".to_owned()
        });
    }
    faults.unless(speaks_tls || tls.redirect_addresses.is_empty(), "tls.redirect_addresses", || {
        "there is nothing to redirect to: tls.addresses is empty".to_owned()
    });
    let mut seen: Vec<SocketAddr> = Vec::new();
    let lists = [
        ("listen.addresses", &listen.addresses),
        ("tls.addresses", &tls.addresses),
        ("tls.redirect_addresses", &tls.redirect_addresses),
    ];
    for (key, addresses) in lists {
        for &address in addresses {
            // Port 0 is another one each time.
            let is_taken = address.port() != 0 && seen.contains(&address);
            faults.unless(!is_taken, key, || format!("{address} is listened on already"));
            seen.push(address);
        }
    }
}
