//! What an authority is asked for.

use std::net::IpAddr;

use super::Faults;
use crate::config::Tls;

/// What Let's Encrypt puts into one certificate.
const DOMAINS_MAX: usize = 100;

/// The longest name that DNS has (RFC 1035, section 2.3.4), written out.
const NAME_CHARS_MAX: usize = 253;

pub(super) fn check(tls: &Tls, faults: &mut Faults) {
    let wanted = &tls.acme_domains;
    let key = "tls.acme_domains";
    faults.unless(wanted.is_empty() || !tls.addresses.is_empty(), key, || {
        "a certificate is of no use: tls.addresses is empty".to_owned()
    });
    faults.unless(wanted.is_empty() || !tls.redirect_addresses.is_empty(), key, || {
        "the authority asks at port 80, so tls.redirect_addresses is needed".to_owned()
    });
    faults.unless(wanted.len() <= DOMAINS_MAX, key, || {
        format!("{} names are more than go into one certificate, {DOMAINS_MAX}", wanted.len())
    });
    for (place, name) in wanted.iter().enumerate() {
        faults.unless(is_name(name), key, || {
            format!(
                "{name:?} is no name that can be verified by HTTP: letters, digits and hyphens between dots (others as \
                 xn--), no addresses and no wildcards"
            )
        });
        let is_new = !wanted.iter().take(place).any(|other| other.eq_ignore_ascii_case(name));
        faults.unless(is_new, key, || format!("{name} is there twice"));
    }
    for contact in &tls.acme_contact {
        let is_uri =
            contact.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
        faults.unless(is_uri, "tls.acme_contact", || {
            format!("{contact:?} is no URI, such as mailto:me@example.com")
        });
    }
    faults.unless(tls.acme_directory.starts_with("https://"), "tls.acme_directory", || {
        format!("{:?} does not begin with https://", tls.acme_directory)
    });
}

fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(is_plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= NAME_CHARS_MAX && name.parse::<IpAddr>().is_err() && name.split('.').all(is_label)
}
