//! Files that are packed: gzip and zstd.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

/// What a gzip stream begins with (RFC 1952).
const GZIP_START: &[u8] = &[0x1f, 0x8b];
/// What a zstd frame begins with (RFC 8878).
const ZSTD_START: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// Level 3 is zstd's own default: some hundred megabytes a second.
const ZSTD_LEVEL: i32 = 3;

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    /// As the name's ending says: `.gz`, `.zst`, or neither.
    pub(super) fn by_name(file: &Path) -> Self {
        match file.extension().and_then(|ending| ending.to_str()) {
            Some("gz") => Self::Gzip,
            Some("zst") => Self::Zstd,
            Some(_) | None => Self::Plain,
        }
    }

    fn by_content(start: &[u8]) -> Self {
        if start.starts_with(GZIP_START) {
            Self::Gzip
        } else if start.starts_with(ZSTD_START) {
            Self::Zstd
        } else {
            Self::Plain
        }
    }
}

/// What is packed in there, by how it begins: no event begins like a packed file.
pub(super) fn unpack(mut source: impl BufRead + 'static) -> io::Result<Box<dyn BufRead>> {
    Ok(match Packing::by_content(source.fill_buf()?) {
        Packing::Plain => Box::new(source),
        Packing::Gzip => Box::new(BufReader::new(MultiGzDecoder::new(source))),
        Packing::Zstd => Box::new(BufReader::new(zstd::stream::read::Decoder::with_buffer(source)?)),
    })
}

/// Packs what is written.
pub(super) enum Packer<W: Write> {
    Plain(W),
    Gzip(GzEncoder<W>),
    Zstd(zstd::stream::write::Encoder<'static, W>),
}

impl<W: Write> Packer<W> {
    pub(super) fn new(out: W, packing: Packing) -> io::Result<Self> {
        Ok(match packing {
            Packing::Plain => Self::Plain(out),
            Packing::Gzip => Self::Gzip(GzEncoder::new(out, Compression::default())),
            Packing::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(out, ZSTD_LEVEL)?;
                // So that whoever unpacks it finds out when a bit has turned.
                encoder.include_checksum(true)?;
                Self::Zstd(encoder)
            }
        })
    }

    /// Writes what a packed file ends with.
    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(out) => Ok(out),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Packer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}
