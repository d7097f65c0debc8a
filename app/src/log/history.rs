//! The newest lines of a log, and reading them on from where somebody stopped.

use std::time::{SystemTime, UNIX_EPOCH};

use chappe_buffers::{Ring, Wait};

/// The newest lines of a log. A clone is the same history.
///
/// Each byte has a place. The first one's is the time, in microseconds since 1970, at which the history began, and the
/// others count on from there. So the places of one run are not taken for those of an earlier one, unless that logged
/// more than a million bytes a second all the time.
#[derive(Debug, Clone)]
pub(crate) struct History {
    ring: Ring,
    /// The place of the first byte.
    first: u64,
}

/// Reads a history from some place on, in whole lines.
pub(crate) struct Reader {
    history: History,
    /// The ring's offset up to which it was read.
    next: u64,
    /// What was read of a line whose end was not.
    begun: Vec<u8>,
    scratch: Box<[u8]>,
    /// Whether what comes next is the rest of a line whose start was missed.
    is_torn: bool,
    missed: u64,
    /// Whether the reader came from another run, and was not told yet that this is one.
    is_other_run: bool,
}

/// What was read at a time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Part {
    /// Whether the place that was to be read on from is of another run: reading began with the oldest line that is kept.
    pub(crate) is_other_run: bool,
    /// Bytes before the lines that are not kept any more.
    pub(crate) missed: u64,
    /// Whole lines, with their ends; none when something was missed and no line follows yet.
    pub(crate) lines: Vec<u8>,
    /// The place behind the lines: where to read on.
    pub(crate) end: u64,
}

impl Part {
    /// The place of the first byte of the lines.
    pub(crate) const fn start(&self) -> u64 {
        self.end - self.lines.len() as u64
    }
}

impl History {
    /// An empty one that keeps so many bytes. It has no memory before something is written.
    pub(crate) fn new(bytes_max: usize) -> Self {
        // A machine whose clock stands before 1970 begins at 0 each time.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::beginning_at(bytes_max, u64::try_from(since.as_micros()).unwrap_or(0))
    }

    fn beginning_at(bytes_max: usize, first: u64) -> Self {
        Self { ring: Ring::new(bytes_max), first }
    }

    /// Adds whole lines. It allocates only the first time, and waits for no reader.
    pub(crate) fn write(&self, lines: &[u8]) {
        self.ring.write(lines);
    }

    /// Whoever filled it has stopped: frees the memory, and readers come to an end.
    pub(crate) fn close(&self) {
        self.ring.close();
    }

    /// All whole lines that are kept, as one part.
    pub(crate) fn all(&self) -> Part {
        let mut lines = Vec::new();
        let start = self.ring.history_from(0, &mut lines).unwrap_or_else(|| self.ring.written());
        let end = start + lines.len() as u64;
        let torn = if start == 0 { 0 } else { line_end(&lines).unwrap_or(lines.len()) };
        lines.drain(..torn);
        Part { is_other_run: false, missed: start + torn as u64, lines, end: self.first + end }
    }

    /// Reads on from a place; without one, what is written from now on. Places of another run, and any before the first,
    /// stand for the oldest line.
    pub(crate) fn reader(&self, place: Option<u64>) -> Reader {
        let written = self.ring.written();
        let offset = place.map_or(Some(written), |place| place.checked_sub(self.first));
        let offset = offset.filter(|&offset| offset <= written);
        Reader {
            history: self.clone(),
            next: offset.unwrap_or(0),
            begun: Vec::new(),
            scratch: vec![0; Ring::PIECE_BYTES_MAX.min(self.ring.bytes_max())].into_boxed_slice(),
            is_torn: false,
            missed: 0,
            // Who asks for 0 asks for all there is.
            is_other_run: offset.is_none() && place != Some(0),
        }
    }
}

impl Reader {
    /// The place up to which lines were read.
    pub(crate) fn place(&self) -> u64 {
        self.history.first + self.next - self.begun.len() as u64
    }

    /// Ready when there is more to read, or the history is closed.
    pub(crate) fn wait(&self) -> Wait {
        self.history.ring.wait_beyond(self.next)
    }

    /// The next lines, if there are any: as many as fit into some 16 KiB, unless one is longer.
    pub(crate) fn next(&mut self) -> Option<Part> {
        let mut lines = Vec::new();
        while lines.is_empty() && self.missed_whole_lines() == 0 && !self.is_other_run {
            if !self.read_piece(&mut lines) {
                return None;
            }
        }
        let missed = self.missed_whole_lines();
        self.missed -= missed;
        Some(Part { is_other_run: std::mem::take(&mut self.is_other_run), missed, lines, end: self.place() })
    }

    /// What was missed, once it is known where the next line starts.
    const fn missed_whole_lines(&self) -> u64 {
        if self.is_torn { 0 } else { self.missed }
    }

    /// Reads a piece of the ring, and moves the whole lines that there are now. False when there is nothing to read.
    fn read_piece(&mut self, lines: &mut Vec<u8>) -> bool {
        let Some(piece) = self.history.ring.read_from(self.next, &mut self.scratch) else { return false };
        if piece.start > self.next {
            // The start of the line was read, but is no use without its rest.
            self.missed += piece.start - self.next + self.begun.len() as u64;
            self.begun.clear();
            self.is_torn = true;
        }
        self.next = piece.end();
        let torn = if self.is_torn { line_end(piece.bytes) } else { Some(0) };
        self.missed += torn.unwrap_or(piece.bytes.len()) as u64;
        self.is_torn = torn.is_none();
        let rest = torn.and_then(|torn| piece.bytes.get(torn..)).unwrap_or_default();
        let whole = rest.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        let (whole, begun) = rest.split_at(whole);
        if !whole.is_empty() {
            lines.append(&mut self.begun);
            lines.extend_from_slice(whole);
        }
        self.begun.extend_from_slice(begun);
        true
    }
}

/// Where the first line ends, its end included.
fn line_end(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&byte| byte == b'\n').map(|last| last + 1)
}

#[cfg(test)]
mod tests;
