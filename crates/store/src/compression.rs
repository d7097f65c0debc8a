//! Wire forms that take less room: zstd frames, by dictionaries that were made from the store's own events.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use zstd::zstd_safe::{CCtx, CDict, DCtx, DDict, get_dict_id_from_frame, get_frame_content_size};

use crate::error::Error;

/// What a zstd frame begins with (RFC 8878), and no JSON: that is how the two are told apart.
const FRAME_START: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];

/// How many dictionaries a store may have. None of them goes while it has records.
pub(crate) const DICTIONARIES_MAX: usize = 16;

/// What is longer stays as it is, and no frame is taken at its word that says it holds more: an event of the longest
/// messages that a relay takes by default, twice.
pub(crate) const PLAIN_BYTES_MAX: usize = 1 << 20;

/// A frame may hold bytes that look like the beginning of one. So many places are tried at most, the last ones.
const PLACES_MAX: usize = 8;

/// Three is zstd's own default.
const LEVEL: i32 = 3;

/// What does not get shorter by this part stays as it is: it is served faster.
const GAIN: usize = 8;

thread_local! {
    // What zstd works in. One of each for each thread that needs it, and never given back: some 200 kB to compress and
    // 160 kB to decompress.
    static COMPRESSING: RefCell<Option<CCtx<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSING: RefCell<Option<DCtx<'static>>> = const { RefCell::new(None) };
}

/// Whether new records are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// They are kept as they are served. What is compressed already stays so, and can be read.
    #[default]
    Off,
    /// As soon as there is a dictionary.
    Zstd,
}

/// A dictionary, ready for use.
pub(crate) struct Dictionary {
    bytes: Box<[u8]>,
    decompressing: DDict<'static>,
    /// Made when it is first used: most dictionaries are only read by.
    compressing: OnceLock<Option<CDict<'static>>>,
}

/// The dictionaries of a store, by their numbers, which are those that zstd writes into its frames: the first is 1.
pub(crate) struct Dictionaries([OnceLock<Dictionary>; DICTIONARIES_MAX]);

/// Compresses what goes into a store, or leaves it as it is.
#[derive(Clone, Copy)]
pub struct Compressor<'a>(Option<&'a Dictionary>);

/// What records that were stored since the store was opened have saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Saved {
    /// Records whose wire forms were compressed.
    pub events: u64,
    /// Bytes of those wire forms.
    pub plain_bytes: u64,
    /// Bytes that they take.
    pub kept_bytes: u64,
}

/// The same, counted by whoever writes.
#[derive(Debug, Default)]
pub(crate) struct Savings {
    events: AtomicU64,
    plain_bytes: AtomicU64,
    kept_bytes: AtomicU64,
}

impl Dictionary {
    /// None, when these bytes are not the dictionary with this number.
    pub(crate) fn new(number: u64, bytes: &[u8]) -> Option<Self> {
        let decompressing = DDict::try_create(bytes)?;
        decompressing.get_dict_id().filter(|id| u64::from(id.get()) == number)?;
        Some(Self { bytes: bytes.into(), decompressing, compressing: OnceLock::new() })
    }

    pub(crate) const fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Compresses into this room, and says how much of it was taken. None, when it is too small.
    fn compress(&self, plain: &[u8], room: &mut [u8]) -> Option<usize> {
        let dictionary = self.compressing.get_or_init(|| CDict::try_create(&self.bytes, LEVEL)).as_ref()?;
        COMPRESSING.with_borrow_mut(|context| {
            if context.is_none() {
                *context = CCtx::try_create();
            }
            context.as_mut()?.compress_using_cdict(room, plain, dictionary).ok()
        })
    }

    fn decompress(&self, frame: &[u8], room: &mut [u8]) -> Result<usize, Error> {
        DECOMPRESSING.with_borrow_mut(|context| {
            if context.is_none() {
                *context = DCtx::try_create();
            }
            let out_of_memory = || heed::Error::Io(io::Error::from(io::ErrorKind::OutOfMemory));
            let context = context.as_mut().ok_or_else(out_of_memory)?;
            context
                .decompress_using_ddict(room, frame, &self.decompressing)
                .map_err(|_| Error::Corrupt("a compressed event cannot be decompressed"))
        })
    }
}

impl Dictionaries {
    pub(crate) const fn new() -> Self {
        Self([const { OnceLock::new() }; DICTIONARIES_MAX])
    }

    /// Takes one in. One that is no dictionary is missed when a record needs it.
    pub(crate) fn add(&self, number: u64, bytes: &[u8]) {
        if let (Some(place), Some(dictionary)) = (self.place(number), Dictionary::new(number, bytes)) {
            // A number is given once.
            let _ = place.set(dictionary);
        }
    }

    pub(crate) fn newest(&self) -> Option<&Dictionary> {
        self.0.iter().rev().find_map(OnceLock::get)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &Dictionary)> {
        (1..).zip(&self.0).filter_map(|(number, place)| Some((number, place.get()?)))
    }

    fn place(&self, number: u64) -> Option<&OnceLock<Dictionary>> {
        self.0.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    /// The record with its wire form as it is served, if that is compressed and can be read. Its head may be wrong: the
    /// frame is the last thing in the record that begins like one.
    pub(crate) fn plain_record(&self, record: &[u8]) -> Option<Vec<u8>> {
        let starts = (0..record.len()).rev().filter(|&at| record.get(at..).is_some_and(is_frame));
        let mut plain = Vec::new();
        starts.take(PLACES_MAX).find_map(|at| {
            let (head, frame) = record.split_at_checked(at)?;
            plain.clear();
            plain.extend_from_slice(head);
            self.decompress(frame, &mut plain).is_ok().then(|| std::mem::take(&mut plain))
        })
    }

    /// Appends what was compressed to this frame.
    pub(crate) fn decompress(&self, frame: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let number = get_dict_id_from_frame(frame).map_or(0, |number| u64::from(number.get()));
        let dictionary = self
            .place(number)
            .and_then(OnceLock::get)
            .ok_or(Error::Corrupt("the dictionary of a compressed event is not there"))?;
        let bytes = plain_bytes(frame).ok_or(Error::Corrupt("a compressed event does not say its length"))?;
        let start = out.len();
        out.resize(start + bytes, 0);
        let done = match dictionary.decompress(frame, out.get_mut(start..).unwrap_or_default()) {
            Ok(written) if written == bytes => Ok(()),
            Ok(_) => Err(Error::Corrupt("a compressed event is shorter than it says")),
            Err(error) => Err(error),
        };
        if done.is_err() {
            out.truncate(start);
        }
        done
    }
}

/// Whether a wire form is compressed.
pub(crate) fn is_frame(wire: &[u8]) -> bool {
    wire.starts_with(FRAME_START)
}

/// How long that is which was compressed to this frame, by what it says. None for more than can be.
pub(crate) fn plain_bytes(frame: &[u8]) -> Option<usize> {
    let bytes = get_frame_content_size(frame).ok().flatten()?;
    usize::try_from(bytes).ok().filter(|&bytes| bytes <= PLAIN_BYTES_MAX)
}

impl<'a> Compressor<'a> {
    /// Leaves everything as it is.
    pub const NONE: Self = Self(None);

    pub(crate) const fn by(dictionary: Option<&'a Dictionary>) -> Self {
        Self(dictionary)
    }

    /// Appends the compressed form of what begins here, and says how long it is. None, and nothing, when it stays as it is.
    pub(crate) fn append(self, bytes: &mut Vec<u8>, start: usize) -> Option<usize> {
        let dictionary = self.0?;
        let end = bytes.len();
        let plain = end.checked_sub(start).filter(|&plain| plain <= PLAIN_BYTES_MAX)?;
        bytes.resize(end + (plain - plain / GAIN), 0);
        let (before, room) = bytes.split_at_mut_checked(end)?;
        let written = before.get(start..).and_then(|plain| dictionary.compress(plain, room));
        bytes.truncate(end + written.unwrap_or_default());
        written
    }
}

impl Savings {
    /// Adds what was committed.
    pub(crate) fn add(&self, saved: &Saved) {
        if saved.events > 0 {
            self.events.fetch_add(saved.events, Ordering::Relaxed);
            self.plain_bytes.fetch_add(saved.plain_bytes, Ordering::Relaxed);
            self.kept_bytes.fetch_add(saved.kept_bytes, Ordering::Relaxed);
        }
    }

    pub(crate) fn read(&self) -> Saved {
        Saved {
            events: self.events.load(Ordering::Relaxed),
            plain_bytes: self.plain_bytes.load(Ordering::Relaxed),
            kept_bytes: self.kept_bytes.load(Ordering::Relaxed),
        }
    }
}

impl fmt::Debug for Dictionaries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Dictionaries").field(&self.iter().count()).finish()
    }
}

impl fmt::Debug for Compressor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Compressor").field(&self.0.is_some()).finish()
    }
}

#[cfg(test)]
mod tests;
