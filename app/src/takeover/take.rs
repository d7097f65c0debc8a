//! The new process's side.

use std::fmt;
use std::io::{self, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use super::{ASKS, GO, Handed, Inherited, LINE_BYTES_MAX, PATIENCE, SOCKETS_MAX, socket_path};

/// How much longer than it says the old one may take to end.
const MARGIN: Duration = Duration::from_secs(5);

/// A relay that is ready to be taken over from.
#[derive(Debug)]
pub(crate) struct Taking {
    stream: UnixStream,
    /// For how long the store may still be in use, once it was told to go.
    pub(crate) patience: Duration,
}

/// Why a relay that runs cannot be taken over from. It goes on serving.
#[derive(Debug)]
pub enum TakeOverError {
    /// It could not be spoken to.
    Unreachable(io::Error),
    /// What it said makes no sense; it may be of another version.
    Garbled,
}

impl fmt::Display for TakeOverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot take over from the relay that runs, which goes on: ")?;
        match self {
            Self::Unreachable(error) => error.fmt(f),
            Self::Garbled => f.write_str("what it says cannot be understood"),
        }
    }
}

impl std::error::Error for TakeOverError {}

impl From<io::Error> for TakeOverError {
    fn from(error: io::Error) -> Self {
        Self::Unreachable(error)
    }
}

/// Asks the relay that runs on this directory for its sockets. None when no relay does.
///
/// # Errors
///
/// [`TakeOverError`]
pub(crate) fn ask(data_dir: &Path) -> Result<Option<(Taking, Inherited)>, TakeOverError> {
    let mut stream = match UnixStream::connect(socket_path(data_dir)) {
        Ok(stream) => stream,
        // Never one there, or one that has ended.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(ASKS)?;
    let (line, sockets) = receive(&stream)?;
    let handed: Handed = serde_json::from_slice(&line).map_err(|_| TakeOverError::Garbled)?;
    if handed.addresses.len() != sockets.len() {
        return Err(TakeOverError::Garbled);
    }
    let mut inherited = Inherited::default();
    for (socket, address) in sockets.into_iter().zip(handed.addresses) {
        inherited.add(TcpListener::from(socket), address)?;
    }
    let patience = Duration::from_secs(handed.shutdown_seconds).saturating_add(MARGIN);
    Ok(Some((Taking { stream, patience }, inherited)))
}

/// The line, and the sockets that came with it.
fn receive(stream: &UnixStream) -> Result<(Vec<u8>, Vec<OwnedFd>), TakeOverError> {
    let (mut line, mut sockets) = (Vec::new(), Vec::new());
    let mut bytes = vec![0; LINE_BYTES_MAX];
    while !line.ends_with(b"\n") {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(SOCKETS_MAX))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut pieces = [IoSliceMut::new(&mut bytes)];
        let received = recvmsg(stream, &mut pieces, &mut control, RecvFlags::CMSG_CLOEXEC);
        let count = received.map_err(io::Error::from)?.bytes;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(handed) = message {
                sockets.extend(handed);
            }
        }
        line.extend_from_slice(bytes.get(..count).unwrap_or_default());
        if count == 0 || line.len() > LINE_BYTES_MAX {
            return Err(TakeOverError::Garbled);
        }
    }
    Ok((line, sockets))
}

impl Taking {
    /// Has the old one stop. From here on there is no way back.
    ///
    /// # Errors
    ///
    /// When it is gone already; then the store is free, too.
    pub(crate) fn go(mut self) -> io::Result<()> {
        self.stream.write_all(GO)
    }
}
