//! Making a dictionary from the events that are stored.

use heed::RoTxn;
use zstd::dict::from_continuous;

use crate::compression::{Compression, Compressor, DICTIONARIES_MAX, Dictionary};
use crate::env::SCHEMA_COMPRESSED;
use crate::error::Error;
use crate::store::{Seq, Store};
use crate::tables::{META_SCHEMA, META_TRAINED, Tables};

/// The first dictionary is made from as many events as make a good one.
const FIRST_EVENTS: u64 = 10_000;
/// Each further one is tried when the store has given out so many times the numbers of the time before: what people write
/// changes, and a good dictionary stays good for long.
const AGAIN: u64 = 8;
/// What it takes to make one: so many events at most, from all over the store, of so many bytes each and in all.
const SAMPLES_MAX: u64 = 8_192;
const SAMPLE_BYTES_MAX: usize = 16 << 10;
const ALL_BYTES_MAX: usize = 4 << 20;
/// Fewer tell nothing.
const SAMPLES_MIN: usize = 256;
/// One sample in so many is kept back, to see how good it is.
const HELD_BACK: usize = 8;
/// What zstd's authors advise is a hundredth of the samples; this much still fits beside the rest in a core's own memory.
const DICTIONARY_BYTES_MAX: usize = 64 << 10;
/// A new one must save a part more than what there is, one in so many.
const BETTER: usize = 20;

/// What came of making a dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Training {
    /// New events are compressed by it from here on, where compression is on.
    Kept(Trained),
    /// It compresses no better than what there is.
    NoBetter(Trained),
    /// There are too few events to make one.
    TooFew,
    /// There are as many dictionaries as there can be.
    TooMany,
}

/// How good a dictionary is, on events that it was not made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trained {
    /// Its number.
    pub number: u64,
    /// How long it is.
    pub bytes: usize,
    /// Bytes of the wire forms.
    pub plain_bytes: usize,
    /// Bytes that they take without it.
    pub before_bytes: usize,
    /// Bytes that they take with it.
    pub after_bytes: usize,
}

/// A dictionary that was made, and what came of it.
pub(crate) struct Made {
    pub(crate) training: Training,
    /// Whether it is better or not; none when there are too few events.
    pub(crate) dictionary: Option<Vec<u8>>,
    /// The last number that was given out then.
    pub(crate) last: Seq,
}

/// Wire forms, one behind the other.
#[derive(Default)]
struct Samples {
    bytes: Vec<u8>,
    sizes: Vec<usize>,
}

impl Store {
    /// Whether it is time to make a dictionary.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub fn is_training_due(&self) -> Result<bool, Error> {
        if self.compression == Compression::Off {
            return Ok(false);
        }
        let txn = self.env.read_txn()?;
        let trained = self.tables.meta_seq(&txn, META_TRAINED)?;
        let due = FIRST_EVENTS.max(trained.0.saturating_mul(AGAIN));
        Ok(self.tables.last_seq(&txn)?.0 >= due && next_dictionary(&self.tables, &txn)?.is_some())
    }

    /// Makes a dictionary from events of the whole store, and keeps it when it is better than the newest one. Takes about a
    /// second and 20 MB of memory. Others write meanwhile, and wait for nothing but the commit at the end.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], [`Error::Engine`]. There is no new dictionary then.
    pub fn train(&self) -> Result<Training, Error> {
        let txn = self.env.read_txn()?;
        let Some(number) = next_dictionary(&self.tables, &txn)? else { return Ok(Training::TooMany) };
        let made = make(&self.tables, &txn, number)?;
        drop(txn);
        match made.training {
            Training::Kept(_) => self.keep(number, made.dictionary.as_deref(), made.last)?,
            // Also what is not to be tried again until there are more.
            Training::NoBetter(_) | Training::TooFew => self.keep(number, None, made.last)?,
            Training::TooMany => {}
        }
        Ok(made.training)
    }

    /// Writes down that it was tried, and the dictionary, if it is to be kept. Only then is it used.
    pub(crate) fn keep(&self, number: u64, dictionary: Option<&[u8]>, last: Seq) -> Result<(), Error> {
        let mut txn = self.env.write_txn()?;
        self.check_room(&txn, dictionary.map_or(0, <[u8]>::len))?;
        self.tables.meta.put(&mut txn, META_TRAINED, &last.0)?;
        if let (Some(bytes), Some(table)) = (dictionary, &self.tables.dictionary_bytes) {
            table.put(&mut txn, &number, bytes)?;
            // Who knows no dictionaries must not read what is compressed by them.
            self.tables.meta.put(&mut txn, META_SCHEMA, &SCHEMA_COMPRESSED)?;
        }
        txn.commit()?;
        if let Some(bytes) = dictionary {
            self.tables.dictionaries.add(number, bytes);
        }
        Ok(())
    }

    /// Takes over the dictionaries of another store, for records that come from there.
    pub(crate) fn take_dictionaries<'d>(
        &self,
        dictionaries: impl Iterator<Item = (u64, &'d Dictionary)>,
        last: Seq,
    ) -> Result<(), Error> {
        for (number, dictionary) in dictionaries {
            self.keep(number, Some(dictionary.bytes()), last)?;
        }
        Ok(())
    }
}

/// Makes a dictionary with this number from what is in these tables.
pub(crate) fn make(tables: &Tables<'static>, txn: &RoTxn<'_>, number: u64) -> Result<Made, Error> {
    let last = tables.last_seq(txn)?;
    let too_few = || Made { training: Training::TooFew, dictionary: None, last };
    let (samples, held_back) = samples(tables, txn, last)?;
    if samples.sizes.len() < SAMPLES_MIN {
        return Ok(too_few());
    }
    // zstd refuses what is too little to learn from.
    let made = from_continuous(&samples.bytes, &samples.sizes, DICTIONARY_BYTES_MAX);
    let Ok(mut bytes) = made else { return Ok(too_few()) };
    write_number(&mut bytes, number);
    let Some(dictionary) = Dictionary::new(number, &bytes) else { return Ok(too_few()) };
    let trained = Trained {
        number,
        bytes: bytes.len(),
        plain_bytes: held_back.bytes.len(),
        before_bytes: held_back.compressed(Compressor::by(tables.dictionaries.newest())),
        after_bytes: held_back.compressed(Compressor::by(Some(&dictionary))),
    };
    let is_better = trained.after_bytes <= trained.before_bytes - trained.before_bytes / BETTER;
    let training = if is_better { Training::Kept(trained) } else { Training::NoBetter(trained) };
    Ok(Made { training, dictionary: Some(bytes), last })
}

/// The number that the next dictionary gets. None when there are as many as there can be.
fn next_dictionary(tables: &Tables<'static>, txn: &RoTxn<'_>) -> Result<Option<u64>, Error> {
    let last = tables.dictionary_bytes.map(|table| table.last(txn)).transpose()?.flatten();
    let next = last.map_or(1, |(number, _)| number + 1);
    Ok(Some(next).filter(|&next| next <= DICTIONARIES_MAX as u64))
}

/// Events from all over the store, so that the kinds come as often as they are there: those to learn from, and those to judge
/// by.
fn samples(tables: &Tables<'static>, txn: &RoTxn<'_>, last: Seq) -> Result<(Samples, Samples), Error> {
    let (mut samples, mut held_back, mut count) = (Samples::default(), Samples::default(), 0);
    let stride = last.0.div_ceil(SAMPLES_MAX).max(1);
    let (mut next, mut room) = (1, Vec::new());
    while samples.bytes.len() < ALL_BYTES_MAX {
        let Some(entry) = tables.records.range(txn, &(next..))?.next() else { break };
        let (seq, bytes) = entry?;
        next = seq.max(next).saturating_add(stride);
        let Some(record) = tables.parse(bytes) else { continue };
        // One that is damaged is for others to tell of.
        let Ok(json) = record.json(&mut room) else { continue };
        if json.len() <= SAMPLE_BYTES_MAX {
            count += 1;
            let is_held_back = usize::is_multiple_of(count, HELD_BACK);
            if is_held_back { &mut held_back } else { &mut samples }.add(json);
        }
    }
    Ok((samples, held_back))
}

impl Samples {
    fn add(&mut self, json: &[u8]) {
        self.bytes.extend_from_slice(json);
        self.sizes.push(json.len());
    }

    /// How many bytes they take, each compressed for itself.
    fn compressed(&self, compressor: Compressor<'_>) -> usize {
        let (mut rest, mut room, mut sum) = (self.bytes.as_slice(), Vec::new(), 0);
        for &size in &self.sizes {
            let Some((json, after)) = rest.split_at_checked(size) else { break };
            rest = after;
            room.clear();
            room.extend_from_slice(json);
            sum += compressor.append(&mut room, 0).unwrap_or(size);
        }
        sum
    }
}

/// A dictionary has its number behind its first four bytes, and each frame says the number of its own.
pub(crate) fn write_number(dictionary: &mut [u8], number: u64) {
    let place = dictionary.get_mut(size_of::<u32>()..2 * size_of::<u32>());
    if let (Some(place), Ok(number)) = (place, u32::try_from(number)) {
        place.copy_from_slice(&number.to_le_bytes());
    }
}

#[cfg(test)]
mod tests;
