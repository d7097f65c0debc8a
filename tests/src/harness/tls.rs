//! Certificates of a test's own authority, and clients that trust it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::Client;

/// Whom the test's clients trust.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key.
pub struct Pair {
    pub certificate: String,
    pub key: String,
    pub der: CertificateDer<'static>,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self { issuer: CertifiedIssuer::self_signed(params, key).unwrap() }
    }

    /// A new pair for `localhost`, which is good for longer than any test.
    pub fn issue(&self) -> Pair {
        self.sign(&CertificateParams::new(["localhost".to_owned()]).unwrap())
    }

    /// One that expires then, in seconds since 1970.
    pub fn issue_until(&self, expires_at: u64) -> Pair {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(1970, 1, 1) + Duration::from_secs(expires_at);
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Pair {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Pair { certificate: certificate.pem(), key: key.serialize_pem(), der: certificate.der().clone() }
    }

    /// Its own certificate, in PEM.
    pub fn root(&self) -> String {
        self.issuer.pem()
    }

    /// What a client needs that trusts it and speaks these protocols (ALPN).
    pub fn client(&self, protocols: &[&str]) -> TlsConnector {
        trusting(self.issuer.der(), protocols)
    }

    /// A TLS connection to this address.
    pub async fn connect(&self, address: &str) -> std::io::Result<TlsStream<TcpStream>> {
        connect(&self.client(&["http/1.1"]), address, "localhost").await
    }

    /// A WebSocket over TLS.
    pub async fn join(&self, address: &str) -> Client<TlsStream<TcpStream>> {
        join(self.connect(address).await.unwrap(), "localhost").await
    }

    /// The certificate that is shown there now.
    pub async fn shown(&self, address: &str) -> CertificateDer<'static> {
        let stream = self.connect(address).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone()
    }
}

impl Pair {
    /// Writes both files, and says where they are.
    pub fn write(&self, dir: &Path) -> [PathBuf; 2] {
        let files = [dir.join("certificate.pem"), dir.join("key.pem")];
        std::fs::write(&files[0], &self.certificate).unwrap();
        std::fs::write(&files[1], &self.key).unwrap();
        files
    }
}

/// What a client needs that trusts this root and speaks these protocols (ALPN).
pub fn trusting(root: &CertificateDer<'static>, protocols: &[&str]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

/// A TLS connection to this address, where this name is expected.
pub async fn connect(
    client: &TlsConnector,
    address: &str,
    name: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(address).await.unwrap();
    // As browsers do: see the plain client.
    socket.set_nodelay(true).unwrap();
    client.connect(ServerName::try_from(name.to_owned()).unwrap(), socket).await
}

/// A WebSocket over it.
pub async fn join(stream: TlsStream<TcpStream>, name: &str) -> Client<TlsStream<TcpStream>> {
    let (socket, _) = tokio_tungstenite::client_async(format!("wss://{name}/"), stream).await.unwrap();
    Client { socket }
}
