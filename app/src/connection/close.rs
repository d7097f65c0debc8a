//! How a connection ends.

use std::future::poll_fn;
use std::io;
use std::time::Duration;

use chappe_frames::{Violation, append_close};
use chappe_session::Closing;
use tokio::time::timeout;

use super::Connection;
use crate::metrics::Ending;

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The client closed it, with this code.
    Client(Option<u16>),
    /// It broke off.
    Gone,
    /// The session has a reason.
    Session(Closing),
    /// More live events came than may wait for a client that does not read.
    Overflow,
    /// The client took nothing of what was ready for it.
    NotReading,
    /// The relay stops, and the client does not read.
    Stopped,
    /// The client sent no frame, not even an answer to a ping.
    Idle,
    /// The client's address was blocked.
    Blocked,
    /// The client broke a rule of WebSocket.
    Violation(Violation),
}

/// How long events on their way to the disk are waited for, so that their OKs are still told.
const OUTCOMES_PATIENCE: Duration = Duration::from_secs(1);

/// How long the last messages and the close frame may take to be written.
const WRITE_PATIENCE: Duration = Duration::from_secs(1);

/// How long, and for how many bytes, the client is read from after the close frame. Closing a socket that holds unread
/// bytes resets it, and a client that is still sending would never see why.
const DRAIN_PATIENCE: Duration = Duration::from_secs(2);
const DRAIN_BYTES_MAX: usize = 64 * 1024 * 1024;

impl End {
    /// Code and reason for the close frame (RFC 6455, section 7.4.1). None where the client closed or is gone.
    const fn frame(self) -> Option<(u16, &'static str)> {
        match self {
            Self::Client(_) | Self::Gone => None,
            Self::Session(closing) => Some((closing.code(), closing.reason())),
            Self::Overflow | Self::NotReading => Some((Closing::TooSlow.code(), Closing::TooSlow.reason())),
            Self::Stopped => Some((Closing::ShuttingDown.code(), Closing::ShuttingDown.reason())),
            Self::Idle => Some((1001, "nothing was heard of you")),
            Self::Blocked => Some((1008, "your address is blocked here")),
            Self::Violation(violation) => Some((violation.close_code(), violation.reason())),
        }
    }
}

impl From<End> for Ending {
    fn from(end: End) -> Self {
        match end {
            End::Client(_) => Self::Client,
            End::Gone => Self::Gone,
            End::Session(Closing::ShuttingDown) | End::Stopped => Self::Stopping,
            End::Session(Closing::MessageTooLong) => Self::TooLong,
            End::Session(Closing::TooSlow) | End::Overflow => Self::Backlog,
            End::Session(Closing::Dismissed) => Self::Dismissed,
            End::NotReading => Self::NotReading,
            End::Idle => Self::Idle,
            End::Blocked => Self::Blocked,
            End::Violation(_) => Self::Violation,
        }
    }
}

impl Connection<'_> {
    /// Says goodbye as well as the client lets us, within bounded time.
    pub(super) async fn close(&mut self, end: End) {
        if let End::Client(code) = end {
            // It is answered in kind (section 5.5.1), and everything is said.
            self.session.outbox().control(|out| append_close(out, code.map(|code| (code, ""))));
            let _ = timeout(WRITE_PATIENCE, self.write_out()).await;
        }
        let Some(why) = end.frame() else { return };
        let _ = timeout(OUTCOMES_PATIENCE, self.settle()).await;
        self.session.outbox().control(|out| append_close(out, Some(why)));
        // Closing is best effort: a client that is gone, or reads nothing, misses it.
        if matches!(timeout(WRITE_PATIENCE, self.write_out()).await, Ok(Ok(()))) {
            let _ = timeout(DRAIN_PATIENCE, self.socket.drain(DRAIN_BYTES_MAX)).await;
        }
    }

    /// Waits for the outcomes of events that are on their way.
    async fn settle(&mut self) {
        // An overflow is turned into a NOTICE here.
        self.session.advance(self.shared.clock.now());
        while self.session.has_events_in_flight() {
            poll_fn(|context| self.inbox.poll_arrival(context)).await;
            self.session.advance(self.shared.clock.now());
        }
    }

    /// Writes what is left, and that there is no more.
    async fn write_out(&mut self) -> io::Result<()> {
        let outbox = self.session.outbox();
        while !outbox.is_empty() {
            let count = self.socket.writer().0.write(outbox.frames()).await?;
            outbox.mark_sent(count);
        }
        self.socket.shut_down().await
    }
}
