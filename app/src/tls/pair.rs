//! A certificate and its key, from files.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;

use super::provider;

/// Longer files are not read: a chain has a few kilobytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Why a certificate and its key cannot be used.
#[derive(Debug)]
pub enum PairError {
    /// A file cannot be read.
    Read(PathBuf, io::Error),
    /// A file holds nothing of the sort, or something that is broken.
    Pem(PathBuf, pem::Error),
    /// A file is far too long.
    TooLong(PathBuf),
    /// They do not go together, or are of a sort that is not known here.
    Unusable(PathBuf, rustls::Error),
}

impl fmt::Display for PairError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(file, error) => write!(f, "cannot read {}: {error}", file.display()),
            Self::Pem(file, error) => write!(f, "{} is not as it has to be, in PEM: {error}", file.display()),
            Self::TooLong(file) => write!(f, "{} is longer than {FILE_BYTES_MAX} bytes", file.display()),
            Self::Unusable(file, error) => {
                write!(f, "the certificate in {} cannot be used with its key: {error}", file.display())
            }
        }
    }
}

impl std::error::Error for PairError {}

/// Reads a certificate, with its chain behind it, and the key that belongs to it.
///
/// # Errors
///
/// [`PairError`], also when the key belongs to another certificate.
pub(super) fn read(certificate: &Path, key: &Path) -> Result<CertifiedKey, PairError> {
    from_pem(&read_file(certificate)?, &read_file(key)?, (certificate, key))
}

/// The same from what is in the files, which errors name.
pub(super) fn from_pem(
    chain: &[u8],
    secret: &[u8],
    (certificate, key): (&Path, &Path),
) -> Result<CertifiedKey, PairError> {
    let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
    let chain =
        chain.and_then(|chain| if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) });
    let chain = chain.map_err(|error| PairError::Pem(certificate.to_owned(), error))?;
    let secret = PrivateKeyDer::from_pem_slice(secret);
    let secret = secret.map_err(|error| PairError::Pem(key.to_owned(), error))?;
    CertifiedKey::from_der(chain, secret, &provider())
        .map_err(|error| PairError::Unusable(certificate.to_owned(), error))
}

fn read_file(file: &Path) -> Result<Vec<u8>, PairError> {
    let failed = |error| PairError::Read(file.to_owned(), error);
    if std::fs::metadata(file).map_err(failed)?.len() > FILE_BYTES_MAX {
        return Err(PairError::TooLong(file.to_owned()));
    }
    std::fs::read(file).map_err(failed)
}
