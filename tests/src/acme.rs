//! Certificates by ACME, from an authority that runs beside the relay.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::harness::acme::{AcmeAuthority, LIFE_SECONDS};
use crate::harness::{Process, Relay, free_address, http, now};

/// What must come is waited for so long at most; only a failing test takes it.
const PATIENCE: Duration = Duration::from_secs(30);

const NAME: &str = "relay.example";

/// Starts a relay that asks this authority for these names. Plain, TLS, redirects: three addresses, in this order.
async fn start(dir: &Path, authority: &AcmeAuthority, names: &str) -> Process {
    let (directory, root) = (authority.directory(), authority.root_file());
    start_with(dir, names, authority.http, &[("DIRECTORY", &directory), ("ROOT", root.to_str().unwrap())])
        .await
}

async fn start_with(dir: &Path, names: &str, redirect: SocketAddr, more: &[(&str, &str)]) -> Process {
    let redirect = redirect.to_string();
    let acme = more.iter().map(|(knob, value)| (format!("TLS__ACME_{knob}"), *value)).collect::<Vec<_>>();
    let mut knobs = vec![
        ("TLS__ADDRESSES", "127.0.0.1:0"),
        ("TLS__REDIRECT_ADDRESSES", redirect.as_str()),
        ("TLS__ACME_DOMAINS", names),
        ("TLS__ACME_CONTACT", "mailto:operator@relay.example"),
    ];
    knobs.extend(acme.iter().map(|(knob, value)| (knob.as_str(), *value)));
    Process::start_with_more(dir, &["127.0.0.1:0"], &knobs, 2).await
}

/// Waits until this is so.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let wait = async {
        while !holds().await {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("not in time: {what}"));
}

/// Waits until TLS is spoken there with a certificate of this authority for this name.
async fn speaks_tls(authority: &AcmeAuthority, address: SocketAddr, name: &str) {
    until(name, async || authority.shown(address, name).await.is_some()).await;
}

/// All files below, with their modes.
fn files(dir: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), std::fs::metadata(&path).unwrap().permissions().mode() & 0o777));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_certificate_is_got_and_kept() {
    let (dir, authority) = (TempDir::new().unwrap(), AcmeAuthority::start().await);
    let names = ["relay.example", "www.relay.example"];
    let mut relay = start(dir.path(), &authority, &names.join(",")).await;
    for name in names {
        speaks_tls(&authority, relay.addresses()[1], name).await;
        authority.join(relay.addresses()[1], name).await.hears_nothing_more().await;
    }
    assert!(authority.connect(relay.addresses()[1], "other.example").await.is_err());
    assert_eq!(authority.counts(), (1, 1));
    let files = files(&dir.path().join("acme"));
    assert_eq!(files.len(), 2, "{files:?}");
    assert!(files.iter().all(|(_, mode)| *mode == 0o600), "{files:?}");
    // What the authority does not ask for leads to HTTPS as everything else.
    for path in ["/", "/.well-known/acme-challenge/none", "/.well-known/acme-challenge/"] {
        assert_eq!(http::request(&authority.http.to_string(), "GET", path, &[]).await.status, 308, "{path}");
    }
    // It is there at once after a restart, and nobody is asked for another one.
    let first = authority.shown(relay.addresses()[1], NAME).await.unwrap();
    relay.stop().await;
    let relay = start(dir.path(), &authority, &names.join(",")).await;
    assert_eq!(authority.shown(relay.addresses()[1], NAME).await, Some(first));
    assert_eq!(authority.counts(), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_renewed_before_it_expires() {
    let authority = AcmeAuthority::start().await;
    let any = "127.0.0.1:0".parse().unwrap();
    let relay = Relay::start_with(|config| {
        config.tls.addresses = vec![any];
        config.tls.redirect_addresses = vec![authority.http];
        config.tls.acme_domains = vec![NAME.to_owned()];
        (config.tls.acme_directory, config.tls.acme_root) = (authority.directory(), authority.root_file());
    })
    .await;
    let address = relay.addresses()[1];
    speaks_tls(&authority, address, NAME).await;
    let first = authority.shown(address, NAME).await;
    let mut early = authority.join(address, NAME).await;
    // The relay's clock goes to the last third of the certificate's life.
    relay.pass_seconds(now() + LIFE_SECONDS / 3 * 2 + 60 - relay.now());
    relay.reload().await;
    until("another one", async || authority.shown(address, NAME).await != first).await;
    // By the same account, in one order, and without touching a connection.
    assert_eq!(authority.counts(), (1, 2));
    early.hears_nothing_more().await;
    authority.join(address, NAME).await.hears_nothing_more().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_others_know_are_replaced_at_once() {
    let (dir, authority) = (TempDir::new().unwrap(), AcmeAuthority::start().await);
    let relay = start(dir.path(), &authority, NAME).await;
    let address = relay.addresses()[1];
    speaks_tls(&authority, address, NAME).await;
    let folder = dir.path().join("acme");
    let key = || {
        let pair = files(&folder).into_iter().find(|(file, _)| file.ends_with("pair.pem"))?.0;
        Some(std::fs::read_to_string(pair).unwrap().split_once("PRIVATE KEY").unwrap().1.to_owned())
    };
    let (first, known) = (authority.shown(address, NAME).await, key().unwrap());
    let mut early = authority.join(address, NAME).await;
    std::fs::remove_dir_all(&folder).unwrap();
    relay.signal("HUP");
    until("another one", async || authority.shown(address, NAME).await != first).await;
    assert!(key().is_some_and(|key| key != known));
    assert_eq!(authority.counts(), (2, 2), "by another account");
    early.hears_nothing_more().await;
    // It is asked once.
    relay.signal("HUP");
    until("the reading", async || relay.log().matches("took over a new certificate").count() == 2).await;
    assert_eq!(authority.counts(), (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_leaves_the_old_one_in_force() {
    let (dir, authority) = (TempDir::new().unwrap(), AcmeAuthority::start().await);
    let mut relay = start(dir.path(), &authority, NAME).await;
    speaks_tls(&authority, relay.addresses()[1], NAME).await;
    relay.stop().await;
    // Another name is wanted, and names lead elsewhere.
    authority.names_lead_to("127.0.0.9").await;
    let names = ["relay.example", "new.relay.example"];
    let relay = start(dir.path(), &authority, &names.join(",")).await;
    until("the first failure", async || relay.log().contains("pause_seconds=60")).await;
    let log = relay.log();
    assert!(log.contains("no new certificate: the old one stays in force"), "{log}");
    assert!(log.contains("the authority could not verify the names: "), "{log}");
    assert!(log.contains("new.relay.example: ") && log.contains("connection refused"), "{log}");
    let address = relay.addresses()[1];
    authority.join(address, NAME).await.hears_nothing_more().await;
    assert!(authority.connect(address, names[1]).await.is_err());
    // It is not asked again by itself within a minute, but when somebody wants it; and then the pause is longer.
    assert_eq!(authority.counts(), (1, 2));
    relay.signal("HUP");
    until("the second failure", async || relay.log().contains("pause_seconds=120")).await;
    assert_eq!(authority.counts(), (1, 3));
    authority.names_lead_to("127.0.0.1").await;
    relay.signal("HUP");
    speaks_tls(&authority, address, names[1]).await;
    authority.join(address, NAME).await.hears_nothing_more().await;
    assert_eq!(authority.counts(), (1, 4), "by the account of the first day");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_authority_the_rest_serves() {
    let dir = TempDir::new().unwrap();
    let directory = format!("https://{}/dir", free_address());
    let relay = start_with(dir.path(), NAME, free_address(), &[("DIRECTORY", &directory)]).await;
    until("the failure", async || relay.log().contains("no certificate yet, so no TLS")).await;
    assert!(relay.log().contains("Connection refused"), "{}", relay.log());
    relay.connect().await.hears_nothing_more().await;
    let trusting = crate::harness::tls::Authority::new();
    assert!(trusting.connect(&relay.addresses()[1].to_string()).await.is_err());
}
