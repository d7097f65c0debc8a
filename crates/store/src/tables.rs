//! The tables of the LMDB file, by name.

use heed::byteorder::BigEndian;
use heed::types::{Bytes, Str, U64, Unit};
use heed::{CommitToken, Database, DatabaseOpener, OnCommit, RoTxn, RwTxn, WithoutTls};

use crate::error::Error;
use crate::record::RecordView;
use crate::store::Seq;

/// How many tables there are, as LMDB must be told before it opens the file.
pub(crate) const TABLES: u32 = 16;

type Number = U64<BigEndian>;

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

pub(crate) type IndexTable<'e> = Database<'e, Bytes, Number>;

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
    indexes: [IndexTable<'e>; Index::ALL.len()],
}

/// In `meta`: which layout the file has.
pub(crate) const META_SCHEMA: &str = "schema";
/// In `meta`: the last sequence number given out.
pub(crate) const META_LAST_SEQ: &str = "last_seq";
/// In `meta`: the sequence number up to which records have all their index entries in the tables.
pub(crate) const META_SETTLED: &str = "settled";
/// In `meta`: the sequence number beyond which records have none there.
pub(crate) const META_BEGUN: &str = "begun";

impl<'e> Tables<'e> {
    pub(crate) fn create(opener: &DatabaseOpener<'e, WithoutTls>, txn: &mut RwTxn<'e>) -> heed::Result<Self> {
        let mut index = |index: Index| opener.create_database::<Bytes, Number>(txn, Some(index.name()));
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
            meta: opener.create_database(txn, Some("meta"))?,
            records: opener.create_database(txn, Some("records"))?,
            deleted_ids: opener.create_database(txn, Some("deleted_ids"))?,
            deleted_addresses: opener.create_database(txn, Some("deleted_addresses"))?,
            vanished: opener.create_database(txn, Some("vanished"))?,
            state: opener.create_database(txn, Some("state"))?,
            leaving: opener.create_database(txn, Some("leaving"))?,
            indexes,
        })
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
    pub(crate) fn record<'t>(&self, txn: &'t RoTxn<'_>, seq: Seq) -> Result<Option<RecordView<'t>>, Error> {
        let Some(bytes) = self.records.get(txn, &seq.0)? else { return Ok(None) };
        RecordView::parse(bytes).map(Some).ok_or(Error::Corrupt("a record ends too early"))
    }

    pub(crate) fn last_seq(&self, txn: &RoTxn<'_>) -> Result<Seq, Error> {
        self.meta_seq(txn, META_LAST_SEQ)
    }

    pub(crate) fn meta_seq(&self, txn: &RoTxn<'_>, key: &str) -> Result<Seq, Error> {
        Ok(Seq(self.meta.get(txn, key)?.unwrap_or_default()))
    }

    /// Bytes of the pages that hold entries. Pages that were freed and can be used again do not count.
    pub(crate) fn bytes_used(&self, txn: &RoTxn<'_>) -> Result<u64, Error> {
        let mut stats = vec![
            self.meta.stat(txn)?,
            self.records.stat(txn)?,
            self.deleted_ids.stat(txn)?,
            self.deleted_addresses.stat(txn)?,
            self.vanished.stat(txn)?,
            self.state.stat(txn)?,
            self.leaving.stat(txn)?,
        ];
        for index in self.indexes {
            stats.push(index.stat(txn)?);
        }
        let bytes = stats.iter().map(|stat| {
            let pages = stat.branch_pages + stat.leaf_pages + stat.overflow_pages;
            pages as u64 * u64::from(stat.page_size)
        });
        Ok(bytes.sum())
    }
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
            indexes: self.indexes.on_commit(token),
        }
    }
}
