//! Where an import reads from, and how far it is.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use super::database::is_start;
use crate::commands::packing::unpack;

/// How much of an input is read at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// What is imported, as text.
pub(super) struct Input {
    pub(super) text: Box<dyn BufRead>,
    /// Bytes of the file that were read.
    read: Rc<Cell<u64>>,
    /// Bytes of the file, if it is one.
    pub(super) total: Option<u64>,
}

/// Counts what is read through it.
struct Counted<R> {
    inner: R,
    read: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.inner.read(buffer)?;
        self.read.set(self.read.get() + bytes as u64);
        Ok(bytes)
    }
}

impl Input {
    /// Opens the file, or standard input for `-`.
    pub(super) fn open(file: &Path) -> io::Result<Self> {
        if file == Path::new("-") {
            return Self::new(io::stdin().lock(), None);
        }
        let file = File::open(file)?;
        let metadata = file.metadata()?;
        Self::new(file, metadata.is_file().then_some(metadata.len()))
    }

    /// What is packed is unpacked.
    pub(super) fn new(source: impl Read + 'static, total: Option<u64>) -> io::Result<Self> {
        let read = Rc::new(Cell::new(0));
        let counted = Counted { inner: source, read: Rc::clone(&read) };
        let mut text = unpack(BufReader::with_capacity(BUFFER_BYTES, counted))?;
        if is_start(text.fill_buf()?) {
            let why = "a SQLite database has to be a file of its own, neither packed nor piped";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        Ok(Self { text, read, total })
    }

    /// How many bytes of it were read so far.
    pub(super) fn read(&self) -> u64 {
        self.read.get()
    }
}
