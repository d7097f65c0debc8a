//! The tables of the LMDB file, by name.

use std::borrow::Cow;

use heed::byteorder::BigEndian;
use heed::types::{Bytes, Str, U64, Unit};
use heed::{
    BoxedError, BytesDecode, BytesEncode, CommitToken, Database, DatabaseOpener, DatabaseStat, OnCommit,
    RoTxn, RwTxn, WithoutTls,
};

use crate::compression::Dictionaries;
use crate::error::Error;
use crate::hint::Hint;
use crate::record::RecordView;
use crate::store::Seq;

/// How many tables there are, as LMDB must be told before it opens the file.
pub(crate) const TABLES: u32 = 17;

pub(crate) type Number = U64<BigEndian>;

/// A table whose keys the record alone decides, and whose value is the record's [`Seq`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Index {
    Id,
    Time,
    Author,
    AuthorKind,
    Kind,
    Tag,
    TagKind,
    Expiration,
    /// The current version at each address. A record that has an address is in the store only as that.
    Head,
}

impl Index {
    pub(crate) const ALL: [Self; 9] = [
        Self::Id,
        Self::Time,
        Self::Author,
        Self::AuthorKind,
        Self::Kind,
        Self::Tag,
        Self::TagKind,
        Self::Expiration,
        Self::Head,
    ];

    /// The table's name in the file.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Id => "by_id",
            Self::Time => "by_time",
            Self::Author => "by_author",
            Self::AuthorKind => "by_author_kind",
            Self::Kind => "by_kind",
            Self::Tag => "by_tag",
            Self::TagKind => "by_tag_kind",
            Self::Expiration => "by_expiration",
            Self::Head => "heads",
        }
    }
}

pub(crate) type IndexTable<'e> = Database<'e, Bytes, Pointer>;

/// What an index entry says: whose it is, and a hint where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pointer {
    pub(crate) seq: Seq,
    pub(crate) hint: Hint,
}

const POINTER_BYTES: usize = 2 * size_of::<u64>();

impl BytesEncode<'_> for Pointer {
    type EItem = Self;

    fn bytes_encode(pointer: &Self) -> Result<Cow<'_, [u8]>, BoxedError> {
        let mut bytes = Vec::with_capacity(POINTER_BYTES);
        bytes.extend_from_slice(&pointer.seq.0.to_be_bytes());
        if pointer.hint != Hint::NONE {
            bytes.extend_from_slice(&pointer.hint.0.to_be_bytes());
        }
        Ok(bytes.into())
    }
}

impl BytesDecode<'_> for Pointer {
    type DItem = Self;

    fn bytes_decode(bytes: &[u8]) -> Result<Self, BoxedError> {
        let (seq, hint) = bytes.split_first_chunk().ok_or("an index entry is too short")?;
        let hint = hint.first_chunk().map_or(Hint::NONE, |hint| Hint(u64::from_be_bytes(*hint)));
        Ok(Self { seq: Seq(u64::from_be_bytes(*seq)), hint })
    }
}

/// Handles of all tables.
pub(crate) struct Tables<'e> {
    pub(crate) meta: Database<'e, Str, Number>,
    pub(crate) records: Database<'e, Number, Bytes>,
    pub(crate) deleted_ids: Database<'e, Bytes, Unit>,
    pub(crate) deleted_addresses: Database<'e, Bytes, Number>,
    pub(crate) vanished: Database<'e, Bytes, Number>,
    pub(crate) state: Database<'e, Bytes, Bytes>,
    /// Records that were removed, without their wire form, until their index entries are, too.
    pub(crate) leaving: Database<'e, Number, Bytes>,
    /// What wire forms were compressed by. None in a store that was last written by a version that knew no such table.
    pub(crate) dictionary_bytes: Option<Database<'e, Number, Bytes>>,
    /// The same, ready for use, as far as they are [loaded](Tables::load_dictionaries).
    pub(crate) dictionaries: Dictionaries,
    indexes: [IndexTable<'e>; Index::ALL.len()],
}

/// The table of what holds for the store as a whole.
pub(crate) const META: &str = "meta";
/// In `meta`: which layout the file has.
pub(crate) const META_SCHEMA: &str = "schema";
/// In `meta`: which layout the file had, as long as it is being brought up to date.
pub(crate) const META_FROM: &str = "from";
/// In `meta`: the last sequence number given out.
pub(crate) const META_LAST_SEQ: &str = "last_seq";
/// In `meta`: the sequence number up to which records have all their index entries in the tables.
pub(crate) const META_SETTLED: &str = "settled";
/// In `meta`: the sequence number beyond which records have none there.
pub(crate) const META_BEGUN: &str = "begun";

/// In `meta`: the number by which the store is told from others; not in every store.
pub(crate) const META_LINE: &str = "line";

/// In `meta`: the last sequence number that was given out when it was last tried to make a dictionary.
pub(crate) const META_TRAINED: &str = "trained";

/// A way to a table by its name.
pub(crate) trait Door<'e> {
    /// None when there is none and it is not made.
    fn find<K: 'static, V: 'static>(&mut self, name: &str) -> heed::Result<Option<Database<'e, K, V>>>;

    /// Fails where [`Self::find`] gives none.
    fn table<K: 'static, V: 'static>(&mut self, name: &str) -> heed::Result<Database<'e, K, V>> {
        self.find(name)?.ok_or(heed::Error::Mdb(heed::MdbError::NotFound))
    }
}

/// Makes the table when there is none.
pub(crate) struct Making<'a, 'e>(pub(crate) &'a DatabaseOpener<'e, WithoutTls>, pub(crate) &'a mut RwTxn<'e>);

/// Makes none.
pub(crate) struct Finding<'a, 'e>(
    pub(crate) &'a DatabaseOpener<'e, WithoutTls>,
    pub(crate) &'a RoTxn<'e, WithoutTls>,
);

impl<'e> Door<'e> for Making<'_, 'e> {
    fn find<K: 'static, V: 'static>(&mut self, name: &str) -> heed::Result<Option<Database<'e, K, V>>> {
        self.0.create_database(self.1, Some(name)).map(Some)
    }
}

impl<'e> Door<'e> for Finding<'_, 'e> {
    fn find<K: 'static, V: 'static>(&mut self, name: &str) -> heed::Result<Option<Database<'e, K, V>>> {
        self.0.open_database(self.1, Some(name))
    }
}

impl<'e> Tables<'e> {
    pub(crate) fn through(door: &mut impl Door<'e>) -> heed::Result<Self> {
        let mut index = |index: Index| door.table::<Bytes, Pointer>(index.name());
        let indexes = [
            index(Index::Id)?,
            index(Index::Time)?,
            index(Index::Author)?,
            index(Index::AuthorKind)?,
            index(Index::Kind)?,
            index(Index::Tag)?,
            index(Index::TagKind)?,
            index(Index::Expiration)?,
            index(Index::Head)?,
        ];
        Ok(Self {
            meta: door.table(META)?,
            records: door.table("records")?,
            deleted_ids: door.table("deleted_ids")?,
            deleted_addresses: door.table("deleted_addresses")?,
            vanished: door.table("vanished")?,
            state: door.table("state")?,
            leaving: door.table("leaving")?,
            dictionary_bytes: door.find("dictionaries")?,
            dictionaries: Dictionaries::new(),
            indexes,
        })
    }

    /// The tables that are neither `meta`, the records and what they are compressed by, nor follow from the records.
    pub(crate) fn others(&self) -> [Database<'e, Bytes, Bytes>; 5] {
        let Self { deleted_ids, deleted_addresses, vanished, state, leaving, .. } = self;
        [
            deleted_ids.remap_types(),
            deleted_addresses.remap_types(),
            vanished.remap_types(),
            *state,
            leaving.remap_types(),
        ]
    }

    pub(crate) const fn index(&self, index: Index) -> IndexTable<'e> {
        let [id, time, author, author_kind, kind, tag, tag_kind, expiration, head] = self.indexes;
        match index {
            Index::Id => id,
            Index::Time => time,
            Index::Author => author,
            Index::AuthorKind => author_kind,
            Index::Kind => kind,
            Index::Tag => tag,
            Index::TagKind => tag_kind,
            Index::Expiration => expiration,
            Index::Head => head,
        }
    }

    /// The record with this number, if it is still there.
    pub(crate) fn record<'t>(
        &'t self,
        txn: &'t RoTxn<'_>,
        seq: Seq,
    ) -> Result<Option<RecordView<'t>>, Error> {
        let Some(bytes) = self.records.get(txn, &seq.0)? else { return Ok(None) };
        self.parse(bytes).map(Some).ok_or(Error::Corrupt("a record ends too early"))
    }

    /// Reads a record of the table.
    pub(crate) fn parse<'t>(&'t self, bytes: &'t [u8]) -> Option<RecordView<'t>> {
        RecordView::parse_by(bytes, &self.dictionaries)
    }

    /// Makes the dictionaries ready for use. Without one, the records that need it cannot be read, and all others can.
    pub(crate) fn load_dictionaries(&self, txn: &RoTxn<'_>) -> Result<(), Error> {
        let Some(table) = &self.dictionary_bytes else { return Ok(()) };
        for entry in table.iter(txn)? {
            let (number, bytes) = entry?;
            self.dictionaries.add(number, bytes);
        }
        Ok(())
    }

    /// The last number that a record can have: of what was given out and what is there, the larger one.
    pub(crate) fn last_record(&self, txn: &RoTxn<'_>) -> Result<Seq, Error> {
        let given = self.last_seq(txn)?;
        // Where the last page is damaged, what was given out has to do.
        let there = self.records.last(txn).ok().flatten();
        Ok(there.map_or(given, |(seq, _)| given.max(Seq(seq))))
    }

    pub(crate) fn last_seq(&self, txn: &RoTxn<'_>) -> Result<Seq, Error> {
        self.meta_seq(txn, META_LAST_SEQ)
    }

    pub(crate) fn meta_seq(&self, txn: &RoTxn<'_>, key: &str) -> Result<Seq, Error> {
        Ok(Seq(self.meta.get(txn, key)?.unwrap_or_default()))
    }

    /// Bytes of the pages that hold entries. Pages that were freed and can be used again do not count.
    pub(crate) fn bytes_used(&self, txn: &RoTxn<'_>) -> Result<u64, Error> {
        let mut bytes = 0;
        self.for_each(txn, |_, stat| bytes += bytes_of(stat))?;
        Ok(bytes)
    }

    /// Calls with each table's name and size.
    pub(crate) fn for_each(
        &self,
        txn: &RoTxn<'_>,
        mut each: impl FnMut(&'static str, &DatabaseStat),
    ) -> Result<(), Error> {
        each("records", &self.records.stat(txn)?);
        for index in Index::ALL {
            each(index.name(), &self.index(index).stat(txn)?);
        }
        each("leaving", &self.leaving.stat(txn)?);
        if let Some(dictionaries) = &self.dictionary_bytes {
            each("dictionaries", &dictionaries.stat(txn)?);
        }
        each("deleted_ids", &self.deleted_ids.stat(txn)?);
        each("deleted_addresses", &self.deleted_addresses.stat(txn)?);
        each("vanished", &self.vanished.stat(txn)?);
        each("state", &self.state.stat(txn)?);
        each("meta", &self.meta.stat(txn)?);
        Ok(())
    }
}

/// Bytes of a table's pages.
pub(crate) fn bytes_of(stat: &DatabaseStat) -> u64 {
    let pages = stat.branch_pages + stat.leaf_pages + stat.overflow_pages;
    pages as u64 * u64::from(stat.page_size)
}

impl OnCommit for Tables<'_> {
    type Committed = Tables<'static>;

    fn on_commit(self, token: &CommitToken) -> Tables<'static> {
        Tables {
            meta: self.meta.on_commit(token),
            records: self.records.on_commit(token),
            deleted_ids: self.deleted_ids.on_commit(token),
            deleted_addresses: self.deleted_addresses.on_commit(token),
            vanished: self.vanished.on_commit(token),
            state: self.state.on_commit(token),
            leaving: self.leaving.on_commit(token),
            dictionary_bytes: self.dictionary_bytes.map(|table| table.on_commit(token)),
            dictionaries: self.dictionaries,
            indexes: self.indexes.on_commit(token),
        }
    }
}
