//! A stream of the log: an answer that goes on for as long as somebody reads it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use chappe_buffers::News;
use hyper::body::Frame;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};

use super::events::{SIGN_OF_LIFE, append_events, append_place};
use super::{Asker, Backstage};
use crate::log::Reader;
use crate::relay::{Phase, reached};

/// Between two looks at whether a reader to whom nothing is said may still read.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What one reader is told, piece by piece. It ends when the relay stops, when the reader may not read any more, and
/// when what it reads has an end.
pub(super) struct Feed<S> {
    state: S,
    reader: Reader,
    asker: Asker,
    stopping: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// When it is to give a sign of life.
    next_sign: Instant,
    progress: Progress,
    _turn: OwnedSemaphorePermit,
}

/// How far a feed has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Nothing was said yet.
    New,
    /// It says what comes.
    Following,
    /// It says what there is, and ends.
    Ending,
}

impl<S: Backstage> Feed<S> {
    pub(super) fn new(state: S, reader: Reader, asker: Asker, turn: OwnedSemaphorePermit) -> Self {
        let stopping = Box::pin(reached(state.phase(), Phase::Closed));
        let next_sign = Instant::now() + state.ping_every();
        Self { state, reader, asker, stopping, next_sign, progress: Progress::New, _turn: turn }
    }

    /// The feed as the body of an answer. Pieces are made when the socket has room for them.
    pub(super) fn body(self) -> Body {
        Body::new(Pieces { next: Box::pin(self.next()) })
    }

    /// The next piece, and the feed that makes those after it. None at the end.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        let mut out = Vec::new();
        while out.is_empty() {
            super::reader(&self.state, self.asker)?;
            if self.progress == Progress::New {
                self.progress = Progress::Following;
                append_place(&mut out, self.reader.place());
            }
            if let Some(part) = self.reader.next() {
                append_events(&mut out, &part);
            } else if out.is_empty() && self.progress == Progress::Ending {
                return None;
            } else if out.is_empty() {
                self.wait(&mut out).await;
            }
        }
        self.next_sign = Instant::now() + self.state.ping_every();
        Some((out.into(), self))
    }

    /// Waits until it is worth looking again.
    async fn wait(&mut self, out: &mut Vec<u8>) {
        let look = self.next_sign.min(Instant::now() + LOOK_EVERY);
        tokio::select! {
            biased;
            () = &mut self.stopping => self.progress = Progress::Ending,
            news = self.reader.wait() => if news == News::Closed {
                self.progress = Progress::Ending;
            },
            () = sleep_until(look) => if Instant::now() >= self.next_sign {
                out.extend_from_slice(SIGN_OF_LIFE);
            },
        }
    }
}

type NextPiece<S> = Pin<Box<dyn Future<Output = Option<(Bytes, Feed<S>)>> + Send>>;

/// The pieces of a feed, one after the other.
struct Pieces<S> {
    next: NextPiece<S>,
}

impl<S: Backstage> hyper::body::Body for Pieces<S> {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        // After the last one nobody asks again.
        let Some((piece, feed)) = ready!(self.next.as_mut().poll(context)) else { return Poll::Ready(None) };
        self.next = Box::pin(feed.next());
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}
