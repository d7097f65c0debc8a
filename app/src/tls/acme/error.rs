//! Why there is no new certificate.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use tokio::task::JoinError;

/// Why there is no new certificate.
#[derive(Debug)]
pub(crate) enum AcmeError {
    /// The authority cannot be reached, or says no.
    Authority(instant_acme::Error),
    /// It could not convince itself that the names lead here.
    NotVerified(String),
    /// It cannot check this name by HTTP.
    NoHttp(String),
    /// What it sent is no certificate for our key and names.
    Unusable(String),
    /// It took too long over it.
    TooLong,
    /// It said something that the library panicked at.
    Broken(JoinError),
    /// A file cannot be read or written.
    File(PathBuf, io::Error),
}

impl fmt::Display for AcmeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authority(error) => {
                write!(f, "{error}")?;
                // "client error (Connect)" alone helps nobody.
                let mut source = error.source();
                while let Some(reason) = source {
                    write!(f, ": {reason}")?;
                    source = reason.source();
                }
                Ok(())
            }
            Self::NotVerified(details) => write!(f, "the authority could not verify the names: {details}"),
            Self::NoHttp(name) => write!(f, "the authority does not check {name} by HTTP (http-01)"),
            Self::Unusable(reason) => write!(f, "what the authority sent cannot be used: {reason}"),
            Self::TooLong => f.write_str("the authority took too long over it"),
            Self::Broken(error) => write!(f, "what the authority said cannot be understood: {error}"),
            Self::File(file, error) => write!(f, "{}: {error}", file.display()),
        }
    }
}

impl Error for AcmeError {}

impl From<instant_acme::Error> for AcmeError {
    fn from(error: instant_acme::Error) -> Self {
        Self::Authority(error)
    }
}
