//! For how long a certificate is good, and for which names: what it says of itself.

use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// A certificate's validity, in seconds since 1970, and the names that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Life {
    from: u64,
    until: u64,
    /// In lower case, and in order. Addresses and whatever else is no DNS name are not among them.
    names: Vec<String>,
}

impl Life {
    /// None for what cannot be read, though a client may well do so.
    pub(super) fn read(certificate: &CertificateDer<'_>) -> Option<Self> {
        let certificate = Certificate::from_der(certificate).ok()?;
        let certificate = certificate.tbs_certificate();
        let validity = certificate.validity();
        let [from, until] =
            [validity.not_before, validity.not_after].map(|time| time.to_unix_duration().as_secs());
        let names = certificate.get_extension::<SubjectAltName>().ok()?;
        let names = names.map_or_else(Vec::new, |(_, SubjectAltName(names))| names);
        Some(Self { from, until, names: sorted(names.iter().filter_map(dns_name)) })
    }

    /// When it is over, in seconds since 1970.
    pub(super) const fn until(&self) -> u64 {
        self.until
    }

    /// When a third of it is left: time to get the next one, and to try again for a while where that fails.
    pub(super) const fn renewal(&self) -> u64 {
        self.until.saturating_sub(self.until.saturating_sub(self.from) / 3)
    }

    /// Whether it is for these names, and no others.
    pub(super) fn is_for(&self, names: &[String]) -> bool {
        self.names == sorted(names.iter().map(String::as_str))
    }
}

fn dns_name(name: &GeneralName) -> Option<&str> {
    if let GeneralName::DnsName(name) = name { Some(name.as_str()) } else { None }
}

fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<_> = names.map(str::to_ascii_lowercase).collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests;
