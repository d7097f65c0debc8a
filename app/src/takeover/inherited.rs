//! Sockets that another process opened: an older relay, or systemd.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};

use listenfd::ListenFd;
use rustix::io::{FdFlags, fcntl_setfd};

/// Listening sockets that are there already.
#[derive(Debug, Default)]
pub(crate) struct Inherited(Vec<Socket>);

#[derive(Debug)]
struct Socket {
    listener: TcpListener,
    /// What the one who opened it calls it.
    address: SocketAddr,
}

/// Why sockets that systemd opened cannot be used.
#[derive(Debug)]
pub enum ActivationError {
    /// One is not a TCP socket that listens, or broken.
    Unusable(io::Error),
    /// The configuration has no use for one at this address.
    Unwanted(SocketAddr),
}

impl fmt::Display for ActivationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(error) => write!(f, "a socket of systemd's (LISTEN_FDS) cannot be used: {error}"),
            Self::Unwanted(address) => write!(
                f,
                "systemd listens on {address} (LISTEN_FDS), which is none of listen.addresses, tls.addresses and \
                 tls.redirect_addresses"
            ),
        }
    }
}

impl std::error::Error for ActivationError {}

impl Inherited {
    /// The sockets that systemd opened for this process (`LISTEN_FDS`); mostly none.
    ///
    /// # Errors
    ///
    /// [`ActivationError::Unusable`]
    pub(crate) fn from_systemd() -> Result<Self, ActivationError> {
        let mut handed = ListenFd::from_env();
        let mut sockets = Self::default();
        for place in 0..handed.len() {
            let listener = handed.take_tcp_listener(place).map_err(ActivationError::Unusable)?;
            if let Some(listener) = listener {
                let address = listener.local_addr().map_err(ActivationError::Unusable)?;
                sockets.add(listener, address).map_err(ActivationError::Unusable)?;
            }
        }
        Ok(sockets)
    }

    /// Adds a socket that was opened as this address.
    pub(super) fn add(&mut self, listener: TcpListener, address: SocketAddr) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        // Plugins are started with what is left open.
        fcntl_setfd(&listener, FdFlags::CLOEXEC)?;
        self.0.push(Socket { listener, address });
        Ok(())
    }

    /// Adds what else is there.
    pub(crate) fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    /// The socket at this address, if there is one.
    pub(crate) fn take(&mut self, wanted: SocketAddr) -> Option<TcpListener> {
        let is_it = |socket: &Socket| {
            socket.address == wanted || socket.listener.local_addr().is_ok_and(|real| real == wanted)
        };
        let place = self.0.iter().position(is_it)?;
        Some(self.0.remove(place).listener)
    }

    /// Checks that every socket was taken.
    ///
    /// # Errors
    ///
    /// [`ActivationError::Unwanted`]
    pub(crate) fn none_left(&self) -> Result<(), ActivationError> {
        self.0.first().map_or(Ok(()), |socket| Err(ActivationError::Unwanted(socket.address)))
    }
}
