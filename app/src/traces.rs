//! Sends the stages of single events to a collector: OpenTelemetry's OTLP over HTTP, in its JSON form.
//!
//! An event is a trace, named by the first half of its id, so that whoever knows the event finds the trace. Its stages are
//! spans below that of its validation. It does not know which events are traced: `chappe_counters::Spans` does.
//!
//! Nothing waits for the collector. What it does not take in time is gone, and the log says so once.

mod otlp;

use std::fmt;
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::{Request, StatusCode, Uri, header};
use chappe_counters::{Reading, Spans, Stopwatch};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::otlp::Encoder;
use crate::config;
use crate::relay::{Phase, reached};

/// Between two parcels: whoever looks at a trace does so later.
const SEND_EVERY: Duration = Duration::from_secs(1);

/// How long the collector may take over one.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where OTLP is taken when the address says no port.
const HTTP_PORT: u16 = 80;

/// Sends what was noted of single events.
pub(crate) struct Exporter {
    endpoint: Uri,
    spans: Spans,
    encoder: Encoder,
    /// Whether the last parcel did not arrive.
    has_failed: bool,
}

/// Why a parcel did not arrive.
#[derive(Debug)]
enum SendError {
    Io(io::Error),
    Http(hyper::Error),
    Refused(StatusCode),
    TooLong,
}

impl Exporter {
    /// None where nothing is traced. The stopwatch is that by which the stages are measured.
    pub(crate) fn new(config: &config::Traces, spans: Spans, stopwatch: Stopwatch) -> Option<Self> {
        let endpoint = config.endpoint.parse().ok().filter(|_| spans.is_on())?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let began_at = now.saturating_sub(stopwatch.read().since(Reading::default()));
        Some(Self { endpoint, spans, encoder: Encoder::new(began_at), has_failed: false })
    }

    /// Sends until the relay takes no more connections, and once more then.
    pub(crate) async fn run(mut self, phase: watch::Receiver<Phase>) {
        loop {
            let is_over = timeout(SEND_EVERY, reached(phase.clone(), Phase::Closed)).await.is_ok();
            let (spans, left_out) = self.spans.take();
            if left_out > 0 {
                tracing::warn!(left_out, "more stages of events than are kept for the collector");
            }
            if !spans.is_empty() {
                let parcel = self.encoder.encode(&spans);
                let sent = timeout(PATIENCE, self.post(parcel)).await.unwrap_or(Err(SendError::TooLong));
                self.note(sent);
            }
            if is_over {
                return;
            }
        }
    }

    /// Tells the log when it changes.
    fn note(&mut self, sent: Result<(), SendError>) {
        let had_failed = std::mem::replace(&mut self.has_failed, sent.is_err());
        match sent {
            Err(error) if !had_failed => {
                tracing::warn!(%error, endpoint = %self.endpoint, "the collector takes no traces");
            }
            Ok(()) if had_failed => tracing::info!("the collector takes traces again"),
            Ok(()) | Err(_) => {}
        }
    }

    async fn post(&self, parcel: String) -> Result<(), SendError> {
        let host = self.endpoint.host().unwrap_or_default();
        let port = self.endpoint.port_u16().unwrap_or(HTTP_PORT);
        let stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Ends with this function, whatever the collector does.
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        let path = self.endpoint.path_and_query().map_or("/", |path| path.as_str());
        let request = Request::post(path)
            .header(header::HOST, format!("{host}:{port}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(parcel))
            .map_err(io::Error::other)?;
        let status = sender.send_request(request).await?.status();
        if status.is_success() { Ok(()) } else { Err(SendError::Refused(status)) }
    }
}

impl From<io::Error> for SendError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<hyper::Error> for SendError {
    fn from(error: hyper::Error) -> Self {
        Self::Http(error)
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Http(error) => error.fmt(f),
            Self::Refused(status) => write!(f, "it answers {status}"),
            Self::TooLong => write!(f, "it took longer than {} seconds", PATIENCE.as_secs()),
        }
    }
}
