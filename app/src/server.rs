//! Sockets: listening, accepting, and a connection's way from its first byte to its last.

mod admission;
mod descriptors;
mod refuse;
mod slots;

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

use self::admission::{Admission, Admitted};
pub(crate) use admission::Refused;
pub(crate) use descriptors::raise_limit;
pub(crate) use slots::{Slot, Slots};

use crate::address::{HeaderError, read_header};
use crate::config::ProxyProtocol;
use crate::connection::{self, Opened};
use crate::http::{Caller, Handover};
use crate::relay::{Phase, Shared, reached};

/// The least that hyper allows. A request's head has to fit, and the buffer is gone once the connection is upgraded.
const HTTP_BUFFER_BYTES_MAX: usize = 8 * 1024;

/// How much the kernel may hold that is not on its way yet. The default lets megabytes pile up there: then a stored
/// query would run far ahead of a slow reader, and minutes could pass between two signs that it is alive.
const UNSENT_BYTES_MAX: u32 = 128 * 1024;

/// How long to wait after an accept that failed for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until the relay stops, and gives each a task.
pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>, routes: Router) {
    let mut closed = pin!(reached(shared.phase.clone(), Phase::Closed));
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut closed => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, remote)) => start(socket, remote, &shared, &routes),
            // The client was gone before we came to it.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn start(socket: TcpStream, remote: SocketAddr, shared: &Arc<Shared>, routes: &Router) {
    let Some(slot) = shared.slots.take() else {
        if let Some(turn) = shared.slots.take_refusal() {
            tokio::spawn(refuse::refuse(socket, Refused::Full, turn));
        }
        return;
    };
    if let Err(error) = prepare(&socket) {
        tracing::debug!(%remote, %error, "the connection was gone at once");
        return;
    }
    tokio::spawn(serve(socket, remote, slot, Arc::clone(shared), routes.clone()));
}

/// An answer leaves when it is written (no waiting for more to send with it), and not much earlier than it is taken.
fn prepare(socket: &TcpStream) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    SockRef::from(socket).set_tcp_notsent_lowat(UNSENT_BYTES_MAX)?;
    Ok(())
}

/// One connection: HTTP first, and WebSocket if it asks for that.
///
/// The slot is free again when this ends, even by a panic. It stands before what is shared because it has to be dropped
/// after it: once all slots are free, nobody holds the store any more.
async fn serve(mut socket: TcpStream, remote: SocketAddr, slot: Slot, shared: Arc<Shared>, routes: Router) {
    let peer = match peer(&mut socket, remote, &shared).await {
        Ok(peer) => peer,
        Err(error) => return tracing::debug!(%remote, %error, "a proxy said nothing useful"),
    };
    let (admission, _pass) = match Admission::ask(peer, &shared) {
        Ok(admitted) => admitted,
        Err(refused) => {
            tracing::debug!(%remote, %peer, %refused, "not let in");
            let turn = shared.slots.take_refusal();
            drop((routes, shared));
            drop(slot);
            if let Some(turn) = turn {
                refuse::refuse(socket, refused, turn).await;
            }
            return;
        }
    };
    let handover = Handover::default();
    // In a box of its own: the memory is free again when the long WebSocket part begins.
    let http = Box::pin(serve_http(socket, admission, handover.clone(), Arc::clone(&shared), routes));
    if let Err(error) = http.await {
        tracing::debug!(%remote, %error, "http connection failed");
    }
    if let Some(upgrading) = handover.take()
        && let Ok(upgraded) = upgrading.socket.await
        && let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>()
    {
        let Caller { address } = upgrading.caller;
        let opened = Opened { remote, address, host: upgrading.host, read: parts.read_buf };
        connection::run(parts.io.into_inner(), opened, &shared).await;
    }
}

/// Who is at the other end, as far as can be told before HTTP.
async fn peer(socket: &mut TcpStream, remote: SocketAddr, shared: &Shared) -> Result<IpAddr, HeaderError> {
    let itself = remote.ip().to_canonical();
    if shared.proxy_protocol == ProxyProtocol::None || !shared.door.is_trusted(itself) {
        return Ok(itself);
    }
    tokio::select! {
        biased;
        header = read_header(socket) => Ok(header?.unwrap_or(itself)),
        () = tokio::time::sleep(shared.timeouts.header) => Err(HeaderError::TooSlow),
        () = reached(shared.phase.clone(), Phase::Stopping) => Err(HeaderError::TooSlow),
    }
}

async fn serve_http(
    socket: TcpStream,
    admission: Admission,
    handover: Handover,
    shared: Arc<Shared>,
    routes: Router,
) -> Result<(), hyper::Error> {
    let routes = TowerToHyperService::new(routes);
    // Requests of one connection come one after the other: nobody ever waits for this lock.
    let admission = Mutex::new(admission);
    let service = service_fn(|request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        let mut admission = admission.lock().unwrap_or_else(PoisonError::into_inner);
        let admitted = admission.ask_request(request.headers(), &shared);
        let answer = admitted.map(|Admitted { address, pass }| {
            handover.hold(pass);
            request.extensions_mut().insert(Caller { address });
            request.extensions_mut().insert(handover.clone());
            routes.call(request)
        });
        async move {
            match answer {
                Ok(answering) => answering.await,
                Err(refused) => Ok(refused.response()),
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.timeouts.header)
        .max_buf_size(HTTP_BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    tokio::select! {
        biased;
        done = connection => done,
        () = reached(shared.phase.clone(), Phase::Stopping) => Ok(()),
    }
}
