//! Certificates from an authority that speaks ACME (RFC 8555), such as Let's Encrypt.
//!
//! The authority asks for a token by plain HTTP at each name (http-01, section 8.3); the redirect listeners answer that.
//! Key and certificate are kept in the data directory, in one file, so that they can only change together.

mod error;
mod files;
mod order;
mod tokens;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use self::tokens::Tokens;
use crate::config;

pub(crate) use error::AcmeError;

/// The first pause after a failure; each further one is twice as long. Let's Encrypt allows five failures an hour.
const PAUSE_FIRST: Duration = Duration::from_secs(60);

/// The longest pause after failures.
const PAUSE_MAX: Duration = Duration::from_secs(12 * 60 * 60);

/// An order takes some seconds. The library waits for an answer for ever.
const ORDER_MAX: Duration = Duration::from_secs(5 * 60);

/// Certificates for these names, from this authority.
#[derive(Debug)]
pub(crate) struct Acme {
    domains: Vec<String>,
    contact: Vec<String>,
    directory: String,
    /// The authority's own root, where no public one vouches for it.
    root: Option<PathBuf>,
    /// Where account, key and certificate are kept.
    folder: PathBuf,
    tokens: Tokens,
}

impl Acme {
    /// What the configuration asks for; none when it has no domains.
    pub(super) fn new(config: &config::Tls, data_dir: &Path) -> Option<Self> {
        let has_root = !config.acme_root.as_os_str().is_empty();
        let acme = Self {
            domains: config.acme_domains.clone(),
            contact: config.acme_contact.clone(),
            directory: config.acme_directory.clone(),
            root: has_root.then(|| config.acme_root.clone()),
            folder: data_dir.join("acme").join(folder_name(&config.acme_directory)),
            tokens: Tokens::default(),
        };
        (!acme.domains.is_empty()).then_some(acme)
    }

    /// The names that the certificate is to be for.
    pub(super) fn domains(&self) -> &[String] {
        &self.domains
    }

    /// Where certificate and key are.
    pub(super) fn pair(&self) -> PathBuf {
        self.folder.join("pair.pem")
    }

    /// Whether that file is not there.
    pub(super) fn is_gone(&self) -> bool {
        self.pair().try_exists().is_ok_and(|is_there| !is_there)
    }

    /// What the authority is answered when it looks for a token, if it is one of ours.
    pub(super) fn answer(&self, token: &str) -> Option<String> {
        self.tokens.answer(token)
    }

    /// Gets a new certificate and puts it in place. Dropped, it is given up.
    ///
    /// # Errors
    ///
    /// [`AcmeError`]; what was in place still is.
    pub(super) async fn obtain(self: &Arc<Self>) -> Result<(), AcmeError> {
        // A task of its own: what the authority says is not worth the task that asks it.
        let mut order = JoinSet::new();
        order.spawn(Arc::clone(self).order());
        let done = timeout(ORDER_MAX, order.join_next()).await;
        self.tokens.clear();
        match done {
            Ok(Some(Ok(done))) => done,
            Ok(Some(Err(error))) => Err(AcmeError::Broken(error)),
            Ok(None) | Err(_) => Err(AcmeError::TooLong),
        }
    }
}

/// A name for the files of one authority: another one's account and certificates are of no use.
fn folder_name(directory: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-');
    let address = directory.split_once("://").map_or(directory, |(_, address)| address);
    address.chars().map(|character| if is_plain(character) { character } else { '_' }).collect()
}

/// How long to wait after so many failures in a row.
pub(crate) fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    PAUSE_FIRST.saturating_mul(1 << doublings).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests;
