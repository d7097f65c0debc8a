//! Files whose hash is taken while they are written or read.

use std::fs::File;
use std::io::{self, Read, Write};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// A file, how much of it has passed, and the hash of that.
pub(super) struct Hashed {
    file: File,
    hash: Sha256,
    bytes: u64,
}

impl Hashed {
    pub(super) fn new(file: File) -> Self {
        Self { file, hash: Sha256::new(), bytes: 0 }
    }

    /// How many bytes have passed.
    pub(super) const fn passed(&self) -> u64 {
        self.bytes
    }

    /// The file, how many bytes have passed, and their hash in hex.
    pub(super) fn finish(self) -> (File, u64, String) {
        (self.file, self.bytes, HEXLOWER.encode(&self.hash.finalize()))
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.pass(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.pass(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}
