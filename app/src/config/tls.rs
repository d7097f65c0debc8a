//! Listening with TLS.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Listening with TLS, besides `listen.addresses`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// Addresses with a port; empty: none.
    pub addresses: Vec<SocketAddr>,
    /// The certificate and its chain, in PEM; [`load`](super::load) makes the path absolute.
    pub certificate: PathBuf,
    /// The certificate's key, in PEM; the same.
    pub key: PathBuf,
    /// Addresses where plain HTTP is answered by a redirect to the first of `addresses`.
    pub redirect_addresses: Vec<SocketAddr>,
    /// Fewer days of a certificate's life are told to the log; 0: none.
    pub expiry_warning_days: u64,
    /// Names for which certificates are got by ACME; empty: none.
    pub acme_domains: Vec<String>,
    /// How the authority reaches the operator, as URIs.
    pub acme_contact: Vec<String>,
    /// Where the authority is asked.
    pub acme_directory: String,
    /// The authority's own root, in PEM; empty: a public one vouches for it.
    pub acme_root: PathBuf,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            addresses: Vec::new(),
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            redirect_addresses: Vec::new(),
            expiry_warning_days: 14,
            acme_domains: Vec::new(),
            acme_contact: Vec::new(),
            acme_directory: "https://acme-v02.api.letsencrypt.org/directory".to_owned(),
            acme_root: PathBuf::new(),
        }
    }
}
