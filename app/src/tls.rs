//! TLS: the certificate in force, and the handshake.
//!
//! A handshake takes the certificate that is in force at that moment. Connections that are open keep what they were made
//! with, so that a new certificate disturbs nobody.

mod acme;
mod concern;
mod life;
mod pair;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

use self::acme::Acme;
pub(crate) use self::concern::Concern;
use self::life::Life;
use crate::config;
use crate::relay::Errand;
use crate::stream::Stream;

pub(crate) use self::acme::{AcmeError, pause};
pub use self::pair::PairError;

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

/// Says that TLS can be spoken as it is configured, if it is, and when the certificate expires, in seconds since 1970. None
/// where there are no files to be read, or the certificate does not tell.
///
/// # Errors
///
/// [`TlsError`]
pub(crate) fn check(config: &config::Tls) -> Result<Option<u64>, TlsError> {
    let is_read = !config.addresses.is_empty() && config.acme_domains.is_empty();
    // What is got by ACME is not there before the relay runs.
    if is_read { Tls::open(config, Path::new("")).map(|tls| tls.expires_at()) } else { Ok(None) }
}

/// What all connections with TLS share.
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    current: Arc<Current>,
    /// The certificate's file and the key's; one file where they are got by ACME.
    files: [PathBuf; 2],
    acme: Option<Arc<Acme>>,
    /// That the files are read at once, or the authority is asked again.
    pub(crate) asked: Errand,
}

/// The certificate in force; none before the first one is got.
#[derive(Debug)]
struct Current(ArcSwapOption<Shown>);

/// What clients are shown.
#[derive(Debug)]
struct Shown {
    pair: Arc<CertifiedKey>,
    life: Option<Life>,
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load().as_ref().map(|shown| Arc::clone(&shown.pair))
    }
}

impl Current {
    fn show(&self, pair: CertifiedKey) {
        let life = pair.end_entity_cert().ok().and_then(Life::read);
        self.0.store(Some(Arc::new(Shown { pair: Arc::new(pair), life })));
    }
}

/// The cryptography that is used everywhere.
fn provider() -> CryptoProvider {
    ring::default_provider()
}

impl Tls {
    /// Reads certificate and key. Where they are got by ACME they may be missing.
    ///
    /// # Errors
    ///
    /// [`TlsError`]
    pub(crate) fn open(config: &config::Tls, data_dir: &Path) -> Result<Self, TlsError> {
        let acme = Acme::new(config, data_dir).map(Arc::new);
        let files = match &acme {
            None => [config.certificate.clone(), config.key.clone()],
            Some(acme) => [acme.pair(), acme.pair()],
        };
        let current = Arc::new(Current(ArcSwapOption::empty()));
        let [certificate, key] = &files;
        match pair::read(certificate, key) {
            Ok(pair) => current.show(pair),
            Err(error) if acme.is_none() => return Err(TlsError::Pair(error)),
            Err(PairError::Read(_, error)) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%error, "another certificate is asked for"),
        }
        let mut setup = ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Setup)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        setup.alpn_protocols = vec![HTTP_1.to_vec()];
        // The client keeps what a resumed session needs, under a key of ours that changes every few hours.
        setup.ticketer = ring::Ticketer::new().map_err(TlsError::Setup)?;
        setup.send_tls13_tickets = TICKETS;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(setup)),
            current,
            files,
            acme,
            asked: Errand::default(),
        })
    }

    /// The files that it was read from.
    pub(crate) const fn files(&self) -> &[PathBuf; 2] {
        &self.files
    }

    /// Reads the files again. What is wrong with them is told to the log, and the certificate in force stays.
    pub(crate) fn reload(&self) {
        let [certificate, key] = &self.files;
        match pair::read(certificate, key) {
            Ok(pair) => {
                self.current.show(pair);
                tracing::info!(file = %certificate.display(), "took over a new certificate");
            }
            Err(error) => tracing::error!(%error, "the old certificate stays in force"),
        }
    }

    /// Whether its certificates are got by ACME, and not read from files that others change.
    pub(crate) const fn is_by_acme(&self) -> bool {
        self.acme.is_some()
    }

    /// What an authority is answered when it looks for a token, if it is one of ours.
    pub(crate) fn token_answer(&self, token: &str) -> Option<String> {
        self.acme.as_ref()?.answer(token)
    }

    /// How long it is until another certificate has to be got by ACME. None where there is no certificate yet.
    ///
    /// One whose file is gone is replaced at once, by one with a new key: somebody has removed it because others know it, and after
    /// a restart there would be none.
    pub(crate) fn renewal_in(&self, now: u64) -> Option<Duration> {
        let shown = self.current.0.load();
        let shown = shown.as_ref()?;
        if self.acme.as_ref().is_some_and(|acme| acme.is_gone()) {
            return Some(Duration::ZERO);
        }
        let wanted = self.acme.as_ref().map_or(&[][..], |acme| acme.domains());
        // One for other names is replaced at once: the configuration has changed.
        let life = shown.life.as_ref().filter(|life| life.is_for(wanted));
        Some(Duration::from_secs(life.map_or(0, |life| life.renewal().saturating_sub(now))))
    }

    /// When the certificate in force expires, in seconds since 1970. None without one, or where that cannot be read.
    pub(crate) fn expires_at(&self) -> Option<u64> {
        self.current.0.load().as_ref()?.life.as_ref().map(Life::until)
    }

    /// Gets a new certificate by ACME, and takes it over.
    ///
    /// # Errors
    ///
    /// [`AcmeError`]; the certificate in force stays.
    pub(crate) async fn renew(&self) -> Result<(), AcmeError> {
        if let Some(acme) = &self.acme {
            acme.obtain().await?;
            self.reload();
        }
        Ok(())
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
