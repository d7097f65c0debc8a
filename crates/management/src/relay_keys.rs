//! The relay's own key (NIP-11's `self`), and what it signs.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chappe_protocol::{EventId, HexError, Kind, PublicKey, Timestamp};
use chappe_signer::Keys;
use sha2::{Digest, Sha256};

/// The file in the data directory: 64 hex characters and a line break, readable by its owner alone.
const FILE: &str = "relay.key";
/// Where it is written before it has its name, so that a half-written one is never taken for a key.
const FILE_NEW: &str = "relay.key.new";
/// Nobody needs to read more to see that it is no key.
const FILE_BYTES_MAX: u64 = 1_024;

/// The relay's own key pair. What it signs are the events of NIP-43; it is no person's key.
#[derive(Debug)]
pub struct RelayKeys(Keys);

/// Why there is no key.
#[derive(Debug)]
pub enum RelayKeysError {
    /// The file cannot be read or made.
    Io(PathBuf, io::Error),
    /// Others than the owner may read the file: the key may have been copied.
    ReadableByOthers(PathBuf),
    /// The file does not hold a secret key in hex.
    NotAKey(PathBuf),
}

impl fmt::Display for RelayKeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::ReadableByOthers(path) => write!(
                f,
                "{0} can be read by others than its owner: chmod 600 {0}, or remove it so that the relay makes a new \
                 key",
                path.display()
            ),
            Self::NotAKey(path) => write!(
                f,
                "{} does not hold a secret key (64 hex characters): put back the right file, or remove it so that \
                 the relay makes a new key",
                path.display()
            ),
        }
    }
}

impl std::error::Error for RelayKeysError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(_, error) => Some(error),
            Self::ReadableByOthers(_) | Self::NotAKey(_) => None,
        }
    }
}

impl RelayKeys {
    /// Where the key of a relay in this directory is.
    #[must_use]
    pub fn file(dir: &Path) -> PathBuf {
        dir.join(FILE)
    }

    /// Reads the key in this directory, which must exist. Where there is none, `fresh` becomes it: 32 bytes that nobody
    /// can guess, used for nothing else. The file is on disk, with mode 0600, before this returns.
    ///
    /// # Errors
    ///
    /// [`RelayKeysError`], with a text for the operator. A file that is there is never overwritten.
    pub fn open(dir: &Path, fresh: [u8; 32]) -> Result<Self, RelayKeysError> {
        let path = Self::file(dir);
        match read(&path) {
            Ok(secret) => Self::from_secret(secret).ok_or(RelayKeysError::NotAKey(path)),
            Err(RelayKeysError::Io(_, error)) if error.kind() == io::ErrorKind::NotFound => {
                let keys = Self::from_secret(fresh).ok_or_else(|| RelayKeysError::NotAKey(path.clone()))?;
                make(dir, &path, fresh).map_err(|error| RelayKeysError::Io(path, error))?;
                Ok(keys)
            }
            Err(error) => Err(error),
        }
    }

    /// All but one in 2^127 runs of 32 bytes are a secret key.
    #[must_use]
    pub fn from_secret(secret: [u8; 32]) -> Option<Self> {
        Keys::from_secret(secret).map(Self)
    }

    /// The public key: NIP-11's `self`.
    #[must_use]
    pub const fn public(&self) -> PublicKey {
        self.0.public()
    }

    /// Signs an HTTP request (NIP-98), for the header `Authorization: Nostr <base64>`: whoever has the relay's own key is
    /// at its machine, and may call its management API as an owner does.
    #[must_use]
    pub fn sign_request(&self, url: &str, method: &str, body: &[u8], now: Timestamp) -> OwnEvent {
        let payload = EventId::from_bytes(Sha256::digest(body).into()).to_string();
        let tags = [vec!["u", url], vec!["method", method], vec!["payload", &payload]];
        self.sign(Kind::HTTP_AUTH, now, &tags)
    }

    /// Makes an event of the relay's own, ready for the wire.
    pub(crate) fn sign<S: AsRef<str>>(&self, kind: Kind, created_at: Timestamp, tags: &[Vec<S>]) -> OwnEvent {
        OwnEvent { kind, json: self.0.sign(kind, created_at, tags, "").into() }
    }

    /// Sixteen bytes that nobody without the secret can guess, in hex: another for each number.
    pub(crate) fn unguessable(&self, number: u64) -> String {
        let mut hash = Sha256::new();
        hash.update(b"chappe invite");
        hash.update(self.0.secret());
        hash.update(number.to_le_bytes());
        hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// An event that the relay has signed itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnEvent {
    kind: Kind,
    json: Box<[u8]>,
}

impl OwnEvent {
    /// The event as it is sent: canonical JSON, for `chappe_codec::decode_event`.
    #[must_use]
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }
}

fn read(path: &Path) -> Result<[u8; 32], RelayKeysError> {
    let io = |error| RelayKeysError::Io(path.to_owned(), error);
    let metadata = fs::metadata(path).map_err(io)?;
    if is_open_to_others(&metadata) {
        return Err(RelayKeysError::ReadableByOthers(path.to_owned()));
    }
    let not_a_key = || RelayKeysError::NotAKey(path.to_owned());
    if metadata.len() > FILE_BYTES_MAX {
        return Err(not_a_key());
    }
    let bytes = fs::read(path).map_err(io)?;
    // An id is read as a secret is: 32 bytes in hex.
    let bytes = EventId::from_hex(bytes.trim_ascii()).map_err(|HexError| not_a_key())?;
    Ok(*bytes.as_bytes())
}

#[cfg(unix)]
fn is_open_to_others(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}

fn make(dir: &Path, path: &Path, secret: [u8; 32]) -> io::Result<()> {
    let new = dir.join(FILE_NEW);
    let mut file = create_private(&new)?;
    writeln!(file, "{}", EventId::from_bytes(secret))?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    // The name is durable only once its directory is.
    File::open(dir)?.sync_all()
}

#[cfg(unix)]
fn create_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?;
    // One that was left behind keeps its mode when it is opened again.
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).write(true).truncate(true).open(path)
}

#[cfg(test)]
mod tests;
