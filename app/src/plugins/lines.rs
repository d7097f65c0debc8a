//! Lines out of a pipe, of bounded length.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// How much is read at a time.
const READ_BYTES: usize = 8 * 1024;

/// Takes lines out of what is read.
pub(super) struct Lines<R> {
    pipe: R,
    buffer: Vec<u8>,
    /// What of the buffer has been handed out.
    taken: usize,
    bytes_max: usize,
    progress: Progress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// In a line, or between two.
    Reading,
    /// In a line that is too long and has been said to be.
    Skipping,
}

/// What came out of the pipe.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// A line, without its end.
    Whole(&'a [u8]),
    /// The first so many bytes of a line with more; the rest is left out.
    TooLong(&'a [u8]),
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Lines have at most this many bytes, and what is read at a time.
    pub(super) const fn new(pipe: R, bytes_max: usize) -> Self {
        Self { pipe, buffer: Vec::new(), taken: 0, bytes_max, progress: Progress::Reading }
    }

    /// Reads more; 0 bytes are the end. Nothing is lost when this is cancelled.
    ///
    /// # Errors
    ///
    /// When the pipe cannot be read.
    pub(super) async fn read(&mut self) -> io::Result<usize> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        self.buffer.reserve(READ_BYTES);
        (&mut self.pipe).take(READ_BYTES as u64).read_buf(&mut self.buffer).await
    }

    /// The next line of what was read.
    pub(super) fn next(&mut self) -> Option<Line<'_>> {
        loop {
            let start = self.taken;
            let rest = self.buffer.get(start..)?;
            let Some(length) = rest.iter().position(|&byte| byte == b'\n') else {
                return self.cut();
            };
            self.taken = start + length + 1;
            if self.progress == Progress::Skipping {
                self.progress = Progress::Reading;
                continue;
            }
            let line = self.buffer.get(start..start + length)?;
            return Some(Line::Whole(line.strip_suffix(b"\r").unwrap_or(line)));
        }
    }

    /// What stands at the end of the pipe without an end of its own.
    pub(super) fn last(&mut self) -> Option<&[u8]> {
        let start = std::mem::replace(&mut self.taken, self.buffer.len());
        let rest = self.buffer.get(start..)?;
        (self.progress == Progress::Reading && !rest.is_empty()).then_some(rest)
    }

    /// Does not wait for the end of a line that is too long already.
    fn cut(&mut self) -> Option<Line<'_>> {
        let start = self.taken;
        match self.progress {
            Progress::Reading if self.buffer.len() - start <= self.bytes_max => None,
            Progress::Reading => {
                self.progress = Progress::Skipping;
                self.taken = self.buffer.len();
                self.buffer.get(start..start + self.bytes_max).map(Line::TooLong)
            }
            Progress::Skipping => {
                self.taken = self.buffer.len();
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
