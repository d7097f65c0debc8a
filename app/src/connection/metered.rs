//! A stream that counts what it has written: the sign of life of a client that only reads.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The stream.
pub(super) struct Metered<S> {
    stream: S,
    meter: Meter,
}

/// How many bytes were written so far; readable while the stream is in use.
#[derive(Clone, Default)]
pub(super) struct Meter(Arc<AtomicU64>);

/// Counts from now on.
pub(super) fn meter<S>(stream: S) -> (Metered<S>, Meter) {
    let meter = Meter::default();
    (Metered { stream, meter: meter.clone() }, meter)
}

impl Meter {
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = written {
            self.meter.0.fetch_add(count as u64, Ordering::Relaxed);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn only_what_was_taken_is_counted() {
        let (near, mut far) = tokio::io::duplex(4);
        let (mut near, meter) = meter(near);
        let mut writing = std::pin::pin!(near.write_all(b"123456"));
        assert!((&mut writing).now_or_never().is_none());
        assert_eq!(meter.bytes(), 4);
        let mut taken = [0; 4];
        far.read_exact(&mut taken).await.unwrap();
        writing.await.unwrap();
        assert_eq!(meter.bytes(), 6);
    }
}
