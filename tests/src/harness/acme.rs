//! Pebble, which Let's Encrypt's makers wrote to try ACME clients (RFC 8555) with, and the names that it looks up.
//!
//! Both programs are in Debian's package `pebble`. As it comes it refuses some good nonces and remembers some names that it
//! has verified, which a client has to bear with.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::tls::{self, Authority};
use super::{Client, free_address, http};

/// How long it may take to start before a test gives it up.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long its certificates are good: as long as those of Let's Encrypt.
pub const LIFE_SECONDS: u64 = 90 * 86_400;

/// The authority, while it runs.
pub struct AcmeAuthority {
    dir: TempDir,
    programs: [Child; 2],
    address: SocketAddr,
    /// Where is decided whereto names lead.
    names: SocketAddr,
    /// Where a relay has to answer plain HTTP.
    pub http: SocketAddr,
    /// What vouches for what it issues.
    root: CertificateDer<'static>,
}

impl AcmeAuthority {
    /// Starts it. All names lead to this machine.
    pub async fn start() -> Self {
        let (dir, vouches) = (TempDir::new().unwrap(), Authority::new());
        let [address, management, names, dns, http, unused] = std::array::from_fn(|_| free_address());
        let [certificate, key] = vouches.issue().write(dir.path());
        let config = json!({ "pebble": {
            "listenAddress": address.to_string(),
            "managementListenAddress": management.to_string(),
            "certificate": certificate,
            "privateKey": key,
            "httpPort": http.port(),
            "tlsPort": unused.port(),
            "certificateValidityPeriod": LIFE_SECONDS,
        } });
        let file = dir.path().join("pebble.json");
        std::fs::write(&file, config.to_string()).unwrap();
        std::fs::write(dir.path().join("root.pem"), vouches.root()).unwrap();
        let none = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""].map(str::to_owned);
        let lookup = ["-dns01".to_owned(), dns.to_string(), "-management".to_owned(), names.to_string()];
        let pebble = ["-strict", "-config", file.to_str().unwrap(), "-dnsserver"].map(str::to_owned);
        let log = dir.path().join("log");
        let programs = [
            run("pebble-challtestsrv", &[&none[..], &lookup].concat(), &dir.path().join("names.log")),
            run("pebble", &[&pebble[..], &[dns.to_string()]].concat(), &log),
        ];
        for address in [names, address] {
            let listens = async {
                while TcpStream::connect(address).await.is_err() {
                    sleep(Duration::from_millis(20)).await;
                }
            };
            timeout(PATIENCE, listens).await.expect("pebble does not start");
        }
        let root = root(&vouches, management).await;
        Self { dir, programs, address, names, http, root }
    }

    /// Where a client starts.
    pub fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.address.port())
    }

    /// The root that vouches for its address, as a file.
    pub fn root_file(&self) -> PathBuf {
        self.dir.path().join("root.pem")
    }

    /// Names lead to this address from now on.
    pub async fn names_lead_to(&self, ip: &str) {
        let body = json!({ "ip": ip }).to_string();
        let answer = http::post_to(&self.names.to_string(), "/set-default-ipv4", &[], &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// How many accounts and orders there were so far.
    pub fn counts(&self) -> (usize, usize) {
        let log = std::fs::read_to_string(self.dir.path().join("log")).unwrap();
        let count = |what: &str| log.lines().filter(|line| line.contains(what)).count();
        (count("accounts in memory"), count("orders in the db"))
    }

    /// A TLS connection to this address, with a certificate for this name that it issued.
    pub async fn connect(&self, address: SocketAddr, name: &str) -> io::Result<TlsStream<TcpStream>> {
        tls::connect(&tls::trusting(&self.root, &["http/1.1"]), &address.to_string(), name).await
    }

    /// A WebSocket over one.
    pub async fn join(&self, address: SocketAddr, name: &str) -> Client<TlsStream<TcpStream>> {
        tls::join(self.connect(address, name).await.unwrap(), name).await
    }

    /// The certificate for this name that is shown there, if one is.
    pub async fn shown(&self, address: SocketAddr, name: &str) -> Option<CertificateDer<'static>> {
        let stream = self.connect(address, name).await.ok()?;
        Some(stream.get_ref().1.peer_certificates()?[0].clone())
    }
}

impl Drop for AcmeAuthority {
    fn drop(&mut self) {
        for program in &mut self.programs {
            let _ = program.kill();
            let _ = program.wait();
        }
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.dir.path().join("log"));
            eprintln!("pebble logged:\n{}", log.unwrap_or_default());
        }
    }
}

fn run(program: &str, arguments: &[String], log: &std::path::Path) -> Child {
    let log = File::create(log).unwrap();
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    // Waiting for seconds before it looks at a name is for shows.
    command.env("PEBBLE_VA_NOSLEEP", "1");
    // By itself it refuses one request in twenty, to see it sent again; three in a row are a failure, now and then.
    command.env("PEBBLE_WFE_NONCEREJECT", "0");
    command.spawn().expect("Debian's package pebble; `cargo xtask test` installs it")
}

/// What vouches for what it issues: made anew at each start.
async fn root(vouches: &Authority, management: SocketAddr) -> CertificateDer<'static> {
    let mut stream = vouches.connect(&management.to_string()).await.unwrap();
    stream.write_all(b"GET /roots/0 HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    CertificateDer::from_pem_slice(answer.as_bytes()).unwrap()
}
