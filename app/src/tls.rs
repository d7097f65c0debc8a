//! TLS: the certificate in force, and the handshake.
//!
//! A handshake takes the certificate that is in force at that moment. Connections that are open keep what they were made
//! with, so that a new certificate disturbs nobody.

mod pair;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

pub use self::pair::PairError;
use crate::config;
use crate::stream::Stream;

/// What is spoken in it. A client that insists on something else is turned away in the handshake.
const HTTP_1: &[u8] = b"http/1.1";

/// A session can be resumed without a certificate and a signature; more than one ticket is for browsers that open
/// several connections to a host.
const TICKETS: usize = 1;

/// Why TLS cannot be spoken.
#[derive(Debug)]
pub enum TlsError {
    /// There is no certificate that can be used.
    Pair(PairError),
    /// The library cannot be set up.
    Setup(rustls::Error),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pair(error) => error.fmt(f),
            Self::Setup(error) => write!(f, "cannot set up TLS: {error}"),
        }
    }
}

impl std::error::Error for TlsError {}

/// Says that TLS can be spoken as it is configured, if it is.
///
/// # Errors
///
/// [`TlsError`]
pub(crate) fn check(config: &config::Tls) -> Result<(), TlsError> {
    if config.addresses.is_empty() { Ok(()) } else { Tls::open(config).map(drop) }
}

/// What all connections with TLS share.
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    provider: Arc<CryptoProvider>,
    current: Arc<Current>,
    /// The certificate's file and the key's.
    files: [PathBuf; 2],
    /// Told when the files are to be looked at at once.
    pub(crate) asked: Notify,
}

/// The certificate in force.
#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    ///
    /// [`TlsError`]
    pub(crate) fn open(config: &config::Tls) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let pair = pair::read(&config.certificate, &config.key, &provider).map_err(TlsError::Pair)?;
        let current = Arc::new(Current(ArcSwap::from_pointee(pair)));
        let mut setup = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Setup)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        setup.alpn_protocols = vec![HTTP_1.to_vec()];
        // The client keeps what a resumed session needs, under a key of ours that changes every few hours.
        setup.ticketer = ring::Ticketer::new().map_err(TlsError::Setup)?;
        setup.send_tls13_tickets = TICKETS;
        let files = [config.certificate.clone(), config.key.clone()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(setup)),
            provider,
            current,
            files,
            asked: Notify::new(),
        })
    }

    /// The files that it was read from.
    pub(crate) const fn files(&self) -> &[PathBuf; 2] {
        &self.files
    }

    /// Reads the files again. What is wrong with them is told to the log, and the certificate in force stays.
    pub(crate) fn reload(&self) {
        let [certificate, key] = &self.files;
        match pair::read(certificate, key, &self.provider) {
            Ok(pair) => {
                self.current.0.store(Arc::new(pair));
                tracing::info!(file = %certificate.display(), "took over a new certificate");
            }
            Err(error) => tracing::error!(%error, "the old certificate stays in force"),
        }
    }

    /// Does the handshake. It waits for as long as that takes: the caller sets a bound.
    ///
    /// # Errors
    ///
    /// When the client breaks off, or does not agree with us; the connection is of no use then.
    pub(crate) async fn accept(&self, socket: TcpStream) -> io::Result<Stream> {
        Ok(Stream::Tls(Box::new(self.acceptor.accept(socket).await?)))
    }
}
