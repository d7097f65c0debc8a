//! The addresses where whoever watches the relay asks, and where it can be managed when its own are full: in a wave of
//! connections `chappe admin` finds no place there.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::http::{alive, manage, ready};
use crate::relay::Shared;
use crate::server::{HTTP_BUFFER_BYTES_MAX, Slots};

/// Connections of those who watch. There are few, and each asks now and then.
const CONNECTIONS_MAX: u32 = 16;

/// How long one of them may stay.
const CONNECTION_PATIENCE: Duration = Duration::from_secs(60);

/// Between two attempts to listen on an address that somebody else has.
const LISTEN_EVERY: Duration = Duration::from_secs(1);

/// Listens on these addresses for as long as the set lives, and gives those on which it does so at once.
///
/// What watches the relay does not keep it from running: an address that cannot be listened on is told to the log and
/// tried again. So a relay that takes another's place gets its address when that one has gone.
pub(crate) fn listen(addresses: &[SocketAddr], shared: &Arc<Shared>) -> (Vec<SocketAddr>, JoinSet<()>) {
    let routes = routes(Arc::clone(shared));
    let slots = Arc::new(Slots::new(CONNECTIONS_MAX));
    let mut listening = Vec::new();
    let mut tasks = JoinSet::new();
    for &address in addresses {
        let listener = bind(address);
        let listener = listener.inspect_err(|error| {
            tracing::warn!(%address, %error, "no metrics: cannot listen there, trying again every second");
        });
        listening.extend(listener.as_ref().ok().and_then(|listener| listener.local_addr().ok()));
        let server = Server {
            address,
            slots: Arc::clone(&slots),
            routes: routes.clone(),
            header: shared.timeouts.header,
        };
        tasks.spawn(server.run(listener.ok()));
    }
    (listening, tasks)
}

fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", post(manage::<Arc<Shared>>))
        .route("/metrics", get(metrics))
        .route("/healthz", get(alive))
        .route("/readyz", get(ready::<Arc<Shared>>))
        .fallback(async || (StatusCode::NOT_FOUND, "here are /metrics, /healthz and /readyz\n"))
        .with_state(shared)
}

async fn metrics(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let text = tokio::task::spawn_blocking(move || super::text(&shared)).await;
    match text {
        Ok(text) => ([(header::CONTENT_TYPE, super::CONTENT_TYPE)], text).into_response(),
        // It has panicked, and said so in the log.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

struct Server {
    address: SocketAddr,
    slots: Arc<Slots>,
    routes: Router,
    header: Duration,
}

impl Server {
    async fn run(self, listener: Option<TcpListener>) {
        let listener = match listener {
            Some(listener) => listener,
            None => self.wait_for_address().await,
        };
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            match listener.accept().await {
                Ok((socket, _)) => {
                    // Over the bound the connection is just closed: it is for few, and they come back.
                    if let Some(slot) = self.slots.take() {
                        let serving = serve(socket, self.routes.clone(), self.header);
                        connections.spawn(async move {
                            let _ = timeout(CONNECTION_PATIENCE, serving).await;
                            drop(slot);
                        });
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "cannot accept a connection for metrics");
                    sleep(LISTEN_EVERY).await;
                }
            }
        }
    }

    async fn wait_for_address(&self) -> TcpListener {
        loop {
            sleep(LISTEN_EVERY).await;
            if let Ok(listener) = bind(self.address) {
                tracing::info!(address = %self.address, "metrics are to be had there now");
                return listener;
            }
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

async fn serve(socket: TcpStream, routes: Router, header: Duration) {
    let routes = TowerToHyperService::new(routes);
    let service = service_fn(|request: Request<Incoming>| {
        let answering = routes.call(request.map(Body::new));
        async move { Ok::<_, Infallible>(answering.await.unwrap_or_else(|never| match never {})) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header)
        .max_buf_size(HTTP_BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(socket), service);
    // What the other side makes of its connection is its own concern.
    let _ = connection.await;
}
