//! Where a relay listens, and what is spoken there.

use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;

use super::StartError;
use crate::config::Config;
use crate::http;
use crate::server::{Front, Link};
use crate::tls::Tls;

/// A listener that serves nothing yet: connections to it wait.
pub(super) struct Listener {
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
    /// Where clients find it.
    pub(super) fn url(&self) -> Option<String> {
        let address = self.listener.local_addr().ok()?;
        Some(format!("{}://{address}/", self.role.scheme()))
    }
}

/// Listens at every address of the configuration, in its order.
pub(super) async fn listen(config: &Config) -> Result<Vec<Listener>, StartError> {
    let roles = [
        (Role::Plain, &config.listen.addresses),
        (Role::Tls, &config.tls.addresses),
        (Role::Redirect, &config.tls.redirect_addresses),
    ];
    let mut listeners = Vec::new();
    for (role, addresses) in roles {
        for &address in addresses {
            let failed = |error| StartError::Listen(address, error);
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            listeners.push(Listener { listener, role });
        }
    }
    Ok(listeners)
}

/// Puts behind each listener what is spoken there.
pub(super) fn open(listeners: Vec<Listener>, tls: Option<&Arc<Tls>>, routes: &Router) -> Vec<Front> {
    let secure = listeners.iter().find(|listener| listener.role == Role::Tls);
    let https_port = secure.and_then(|secure| Some(secure.listener.local_addr().ok()?.port()));
    let open = |Listener { listener, role }| {
        let (link, routes) = match role {
            Role::Plain => (Link::Plain, routes.clone()),
            Role::Tls => (Link::Tls(Arc::clone(tls?)), routes.clone()),
            Role::Redirect => (Link::Plain, http::redirect(https_port?)),
        };
        Some(Front { listener, link, routes })
    };
    // Without TLS there is no listener that needs it: the configuration was checked.
    listeners.into_iter().filter_map(open).collect()
}
