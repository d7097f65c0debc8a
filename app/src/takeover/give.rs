//! The old process's side.

use std::fs::Permissions;
use std::io::{self, IoSlice, Read};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};
use std::path::Path;
use std::sync::Arc;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::{UnixListener, UnixStream};

use super::{ASKS, GO, Handed, PATIENCE, SOCKETS_MAX, socket_path};

/// Processes that ask at the same time: one, and one that is about to be told that it is too late.
const BACKLOG: i32 = 2;

/// What a relay has to give: copies of the sockets that it listens on, and the door at which they are asked for.
///
/// As long as it is there, the addresses stay open: it has to be dropped when the relay takes no more connections.
#[derive(Debug)]
pub(crate) struct Giving {
    door: UnixListener,
    gift: Arc<Gift>,
}

/// The process that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Successor {
    /// Its number, where the system tells.
    pub pid: Option<u32>,
}

#[derive(Debug)]
struct Gift {
    line: Vec<u8>,
    sockets: Vec<OwnedFd>,
}

impl Giving {
    /// Opens the door in this directory, whose lock the caller has: what is left of an earlier one is nobody's.
    ///
    /// # Errors
    ///
    /// When the system has no such socket for us, as with a path of more than some hundred bytes.
    pub(crate) fn open<S: AsFd>(
        data_dir: &Path,
        sockets: &[(SocketAddr, S)],
        shutdown_seconds: u64,
    ) -> io::Result<Self> {
        if sockets.len() > SOCKETS_MAX {
            return Err(io::Error::other(format!("more than {SOCKETS_MAX} addresses")));
        }
        let addresses = sockets.iter().map(|(address, _)| *address).collect();
        let mut line = serde_json::to_vec(&Handed { shutdown_seconds, addresses })?;
        line.push(b'\n');
        let copies = sockets.iter().map(|(_, socket)| socket.as_fd().try_clone_to_owned());
        let gift = Arc::new(Gift { line, sockets: copies.collect::<io::Result<_>>()? });
        Ok(Self { door: UnixListener::from_std(bind(&socket_path(data_dir))?)?, gift })
    }

    /// Ready when another process has the sockets and wants this one to stop.
    pub(crate) async fn given(&self) -> Successor {
        loop {
            match self.door.accept().await {
                Ok((stream, _)) => match self.give(stream).await {
                    Ok(successor) => return successor,
                    Err(error) => {
                        tracing::warn!(%error, "another process asked for the sockets, and left it at that");
                    }
                },
                Err(error) => {
                    tracing::warn!(%error, "cannot be taken over from any more");
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    async fn give(&self, stream: UnixStream) -> io::Result<Successor> {
        let own = rustix::process::geteuid().as_raw();
        let theirs = stream.peer_cred()?;
        if theirs.uid() != own && theirs.uid() != 0 {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let stream = stream.into_std()?;
        let gift = Arc::clone(&self.gift);
        tokio::task::spawn_blocking(move || converse(stream, &gift)).await.map_err(io::Error::other)??;
        Ok(Successor { pid: theirs.pid().and_then(|pid| pid.try_into().ok()) })
    }
}

/// A socket that only our user can connect to: its mode is set before anybody can.
fn bind(path: &Path) -> io::Result<StdListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(OwnedFd::from(socket).into())
}

/// Gives, and waits for the word to stop.
fn converse(mut stream: StdStream, gift: &Gift) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    expect(&mut stream, ASKS)?;
    let sockets: Vec<_> = gift.sockets.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(SOCKETS_MAX))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&sockets)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let sent = sendmsg(&stream, &[IoSlice::new(&gift.line)], &mut control, SendFlags::NOSIGNAL)?;
    if sent != gift.line.len() {
        return Err(io::ErrorKind::WriteZero.into());
    }
    expect(&mut stream, GO)
}

fn expect(stream: &mut StdStream, word: &[u8]) -> io::Result<()> {
    let mut heard = vec![0; word.len()];
    stream.read_exact(&mut heard)?;
    if heard == word { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}
