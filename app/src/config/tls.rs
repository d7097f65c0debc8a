//! Listening with TLS.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Listening with TLS, besides `listen.addresses`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
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
}
