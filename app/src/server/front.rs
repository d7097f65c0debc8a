//! What a listener's connections speak, and what they are served.

use std::io;
use std::sync::Arc;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};

use super::{Slot, Slots};
use crate::http::Scheme;
use crate::stream::Stream;
use crate::tls::Tls;

/// What lies between us and the other end.
#[derive(Clone)]
pub(crate) enum Link {
    /// TCP as it is.
    Plain,
    /// TLS over it.
    Tls(Arc<Tls>),
}

impl Link {
    /// Makes the stream. It waits for as long as a handshake takes: the caller sets a bound.
    ///
    /// # Errors
    ///
    /// When the handshake fails; the connection is of no use then.
    pub(super) async fn establish(&self, socket: TcpStream) -> io::Result<Stream> {
        match self {
            Self::Plain => Ok(Stream::Plain(socket)),
            Self::Tls(tls) => tls.accept(socket).await,
        }
    }

    /// How an address on it begins.
    pub(super) const fn scheme(&self) -> Scheme {
        match self {
            Self::Plain => Scheme::Plain,
            Self::Tls(_) => Scheme::Tls,
        }
    }

    /// A place for somebody who is only told that they are not let in.
    pub(super) fn take_refusal(&self, slots: &Slots) -> Option<Slot> {
        match self {
            Self::Plain => slots.take_refusal(),
            Self::Tls(_) => slots.take_tls_refusal(),
        }
    }
}

/// A listener, and what is behind it.
pub(crate) struct Front {
    pub(crate) listener: TcpListener,
    pub(crate) link: Link,
    pub(crate) routes: Router,
}
