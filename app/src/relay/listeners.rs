//! Where a relay listens, and what is spoken there.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use super::StartError;
use crate::config::Config;
use crate::http;
use crate::server::{Front, Link};
use crate::takeover::Inherited;
use crate::tls::Tls;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// A listener that serves nothing yet: connections to it wait.
pub(super) struct Listener {
    /// What the configuration calls it.
    address: SocketAddr,
    listener: TcpListener,
    role: Role,
}

/// What is spoken at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// HTTP and WebSocket.
    Plain,
    /// The same over TLS.
    Tls,
    /// HTTP, which leads to TLS.
    Redirect,
}

impl Role {
    /// How the address of what is there begins.
    const fn scheme(self) -> &'static str {
        match self {
            Self::Plain => "ws",
            Self::Tls => "wss",
            Self::Redirect => "http",
        }
    }
}

impl Listener {
    /// What it was configured as, and its socket.
    pub(super) const fn socket(&self) -> (SocketAddr, &TcpListener) {
        (self.address, &self.listener)
    }

    /// Where clients find it.
    pub(super) fn url(&self) -> Option<String> {
        let address = self.listener.local_addr().ok()?;
        Some(format!("{}://{address}/", self.role.scheme()))
    }
}

/// Listens at every address of the configuration, in its order; by a socket that is there already, where there is one.
pub(super) fn listen(config: &Config, inherited: &mut Inherited) -> Result<Vec<Listener>, StartError> {
    let roles = [
        (Role::Plain, &config.listen.addresses),
        (Role::Tls, &config.tls.addresses),
        (Role::Redirect, &config.tls.redirect_addresses),
    ];
    let mut listeners = Vec::new();
    for (role, addresses) in roles {
        for &address in addresses {
            let failed = |error| StartError::Listen(address, error);
            let listener = match inherited.take(address) {
                Some(socket) => TcpListener::from_std(socket),
                None => bind(address, &roles),
            };
            listeners.push(Listener { address, listener: listener.map_err(failed)?, role });
        }
    }
    Ok(listeners)
}

/// Opens it, with room for [`BACKLOG`] connections that wait to be accepted: the library's own way has 128.
fn bind(address: SocketAddr, roles: &[(Role, &Vec<SocketAddr>)]) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if is_v6_alone(address, roles) {
        socket.set_only_v6(true)?;
    }
    // A relay that has just stopped must not keep the next one from its port.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket.into())
}

/// Whether this is every address of IPv6, and every address of IPv4 is listened on at the same port. Most systems take
/// `[::]` for both unless they are told, and would refuse the second.
fn is_v6_alone(address: SocketAddr, roles: &[(Role, &Vec<SocketAddr>)]) -> bool {
    let of_v4 = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port());
    let is_any = address.ip() == Ipv6Addr::UNSPECIFIED && address.port() != 0;
    is_any && roles.iter().any(|(_, addresses)| addresses.contains(&of_v4))
}

/// Puts behind each listener what is spoken there.
pub(super) fn open(listeners: Vec<Listener>, tls: Option<&Arc<Tls>>, routes: &Router) -> Vec<Front> {
    let secure = listeners.iter().find(|listener| listener.role == Role::Tls);
    let https_port = secure.and_then(|secure| Some(secure.listener.local_addr().ok()?.port()));
    let open = |Listener { listener, role, .. }| {
        let (link, routes) = match role {
            Role::Plain => (Link::Plain, routes.clone()),
            Role::Tls => (Link::Tls(Arc::clone(tls?)), routes.clone()),
            Role::Redirect => (Link::Plain, http::redirect(https_port?, Arc::clone(tls?))),
        };
        Some(Front { listener, link, routes })
    };
    // Without TLS there is no listener that needs it: the configuration was checked.
    listeners.into_iter().filter_map(open).collect()
}

#[cfg(test)]
mod tests;
