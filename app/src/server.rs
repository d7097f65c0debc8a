//! Sockets: listening, accepting, and a connection's way from its first byte to its last.

mod admission;
mod descriptors;
mod front;
mod patience;
mod refuse;
mod slots;

use std::io;
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
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use self::admission::{Admission, Admitted};
use self::patience::Patient;
pub(crate) use admission::Refused;
pub(crate) use descriptors::raise_limit;
pub(crate) use front::{Front, Link};
pub(crate) use slots::{Slot, Slots};

use crate::address::{HeaderError, read_header};
use crate::config::ProxyProtocol;
use crate::connection::{self, Opened};
use crate::http::{Caller, Handover, Scheme, Upgrading};
use crate::relay::{Phase, Shared, reached};
use crate::stream::Stream;

/// The least that hyper allows. A request's head has to fit, and the buffer is gone once the connection is upgraded.
pub(crate) const HTTP_BUFFER_BYTES_MAX: usize = 8 * 1024;

/// How much the kernel may hold that is not on its way yet. The default lets megabytes pile up there: then a stored
/// query would run far ahead of a slow reader, and minutes could pass between two signs that it is alive.
const UNSENT_BYTES_MAX: u32 = 128 * 1024;

/// How long to wait after an accept that failed for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a client that has connected, and not yet asked for anything, may take for that when the relay stops. It is
/// answered then: where another process takes over, nobody's attempt fails.
const STOP_PATIENCE: Duration = Duration::from_secs(1);

/// Accepts connections until the relay stops, and gives each a task.
pub(crate) async fn accept(front: Front, shared: Arc<Shared>) {
    let mut closed = pin!(reached(shared.phase.clone(), Phase::Closed));
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut closed => return,
            accepted = front.listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, remote)) => start(socket, remote, &front, &shared),
            // The client was gone before we came to it.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn start(socket: TcpStream, remote: SocketAddr, front: &Front, shared: &Arc<Shared>) {
    let Some(slot) = shared.slots.take() else {
        shared.traffic.turn_away(Refused::Full);
        if let Some(turn) = front.link.take_refusal(&shared.slots) {
            tokio::spawn(refuse::refuse(socket, front.link.clone(), Refused::Full, turn));
        }
        return;
    };
    if let Err(error) = prepare(&socket) {
        tracing::debug!(%remote, %error, "the connection was gone at once");
        return;
    }
    let (link, routes) = (front.link.clone(), front.routes.clone());
    tokio::spawn(serve(socket, remote, slot, Arc::clone(shared), (link, routes)));
}

/// An answer leaves when it is written (no waiting for more to send with it), and not much earlier than it is taken.
fn prepare(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    SockRef::from(socket).set_tcp_notsent_lowat(UNSENT_BYTES_MAX)?;
    Ok(())
}

/// One connection: HTTP first, and WebSocket if it asks for that.
///
/// The slot is free again when this ends, even by a panic. It stands before what is shared because it has to be dropped
/// after it: once all slots are free, nobody holds the store any more.
async fn serve(
    mut socket: TcpStream,
    remote: SocketAddr,
    slot: Slot,
    shared: Arc<Shared>,
    (link, routes): (Link, Router),
) {
    // In boxes of their own, this and what follows: the memory is free again when the long WebSocket part begins.
    let peer = match Box::pin(peer(&mut socket, remote, &shared)).await {
        Ok(peer) => peer,
        Err(error) => return tracing::debug!(%remote, %error, "a proxy said nothing useful"),
    };
    let (admission, _pass) = match Admission::ask(peer, &shared) {
        Ok(admitted) => admitted,
        Err(refused) => {
            tracing::debug!(%remote, %peer, %refused, "not let in");
            shared.traffic.turn_away(refused);
            let turn = link.take_refusal(&shared.slots);
            drop((routes, shared));
            drop(slot);
            if let Some(turn) = turn {
                Box::pin(refuse::refuse(socket, link, refused, turn)).await;
            }
            return;
        }
    };
    let scheme = link.scheme();
    let stream = match Box::pin(establish(socket, link, &shared)).await {
        Ok(stream) => stream,
        Err(error) => return tracing::debug!(%remote, %peer, %error, "no TLS handshake"),
    };
    let handover = Handover::default();
    let asking = (admission, scheme, handover.clone());
    if let Err(error) = Box::pin(serve_http(stream, asking, Arc::clone(&shared), routes)).await {
        tracing::debug!(%remote, %error, "http connection failed");
    }
    if let Some((stream, opened)) = Box::pin(upgraded(&handover, remote)).await {
        connection::run(stream, opened, &shared).await;
    }
}

/// What became of the connection when its HTTP part was over: a WebSocket, if it was asked for.
async fn upgraded(handover: &Handover, remote: SocketAddr) -> Option<(Stream, Opened)> {
    let upgrading = handover.take()?;
    let parts = upgrading.socket.await.ok()?.downcast::<TokioIo<Patient<Stream>>>().ok()?;
    let Upgrading { host, compression, caller: Caller { address, .. }, .. } = upgrading;
    let opened = Opened { remote, address, host, compression, read: parts.read_buf };
    Some((parts.io.into_inner().into_inner(), opened))
}

/// Ready when the relay stops, and who has just connected has had the time to ask for something.
async fn stopped(shared: &Shared) {
    reached(shared.phase.clone(), Phase::Stopping).await;
    sleep(STOP_PATIENCE).await;
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
        () = sleep(shared.timeouts.header) => Err(HeaderError::TooSlow),
        () = stopped(shared) => Err(HeaderError::TooSlow),
    }
}

/// The stream, after its handshake if it needs one.
async fn establish(socket: TcpStream, link: Link, shared: &Shared) -> io::Result<Stream> {
    tokio::select! {
        biased;
        stream = link.establish(socket) => stream,
        () = sleep(shared.timeouts.header) => Err(io::ErrorKind::TimedOut.into()),
        () = stopped(shared) => Err(io::ErrorKind::TimedOut.into()),
    }
}

async fn serve_http(
    stream: Stream,
    (admission, scheme, handover): (Admission, Scheme, Handover),
    shared: Arc<Shared>,
    routes: Router,
) -> Result<(), hyper::Error> {
    let routes = TowerToHyperService::new(routes);
    // Requests of one connection come one after the other: nobody ever waits for this lock.
    let admission = Mutex::new(admission);
    let traffic = &shared.traffic;
    let asked = Notify::new();
    let service = service_fn(|request: Request<Incoming>| {
        asked.notify_one();
        let mut request = request.map(Body::new);
        let mut admission = admission.lock().unwrap_or_else(PoisonError::into_inner);
        let admitted = admission.ask_request(request.headers(), &shared);
        let answer = admitted.map(|Admitted { address, pass }| {
            handover.hold(pass);
            request.extensions_mut().insert(Caller { address, scheme });
            request.extensions_mut().insert(handover.clone());
            routes.call(request)
        });
        async move {
            match answer {
                Ok(answering) => answering.await,
                Err(refused) => {
                    traffic.turn_away(refused);
                    Ok(refused.response())
                }
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.timeouts.header)
        .max_buf_size(HTTP_BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(Patient::new(stream, shared.timeouts.write)), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        done = connection.as_mut() => return done,
        () = reached(shared.phase.clone(), Phase::Stopping) => {}
    }
    // Who has asked for something already, or is about to, is still answered. One that has sent nothing yet is closed by a
    // graceful shutdown at once.
    tokio::select! {
        biased;
        done = connection.as_mut() => return done,
        () = asked.notified() => {}
        () = sleep(STOP_PATIENCE) => {}
    }
    connection.as_mut().graceful_shutdown();
    timeout(STOP_PATIENCE, connection).await.unwrap_or(Ok(()))
}
