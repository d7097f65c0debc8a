//! Deletion by request (NIP-09) and vanishing (NIP-62), and the tombstones that keep the deleted away.

use std::sync::Arc;

use chappe_protocol::{Address, EventHead, EventId, Kind, KindClass, PublicKey, Timestamp};

use crate::error::Error;
use crate::hint::Sieve;
use crate::indexes::{Ahead, Skips, Within};
use crate::keys::{self, Mark, Position};
use crate::store::Seq;
use crate::tables::Index;
use crate::write::Writer;

/// How many records a vanish removes before it looks for the next ones: what bounds its memory.
const VANISH_CHUNK_EVENTS: usize = 1024;

impl Writer<'_> {
    /// Whether an event that arrives was deleted before, or its author vanished after it was made.
    pub(crate) fn is_deleted(&self, head: &EventHead<'_>) -> Result<bool, Error> {
        if self.has_vanished(&head.pubkey, head.created_at)? || self.has_id_tombstone(head, &head.pubkey)? {
            return Ok(true);
        }
        if head.kind == Kind::GIFT_WRAP {
            for recipient in head.tags.values_of(b"p").filter_map(|value| PublicKey::from_hex(value).ok()) {
                if self.has_vanished(&recipient, head.created_at)?
                    || self.has_id_tombstone(head, &recipient)?
                {
                    return Ok(true);
                }
            }
        }
        let Some(address) = head.address() else { return Ok(false) };
        let deleted_until = self.tables.deleted_addresses.get(&self.txn, &keys::address_key(&address))?;
        Ok(deleted_until.is_some_and(|until| head.created_at.0 <= until))
    }

    fn has_vanished(&self, pubkey: &PublicKey, created_at: Timestamp) -> Result<bool, Error> {
        let until = self.tables.vanished.get(&self.txn, pubkey.as_bytes())?;
        Ok(until.is_some_and(|until| created_at.0 <= until))
    }

    fn has_id_tombstone(&self, head: &EventHead<'_>, deleter: &PublicKey) -> Result<bool, Error> {
        let key = keys::deleted_id_key(&head.id, deleter);
        Ok(is_deletable(head.kind) && self.tables.deleted_ids.get(&self.txn, &key)?.is_some())
    }

    /// Does what a kind 5 asks for.
    pub(crate) fn delete_targets(&mut self, request: &EventHead<'_>) -> Result<(), Error> {
        for id in request.tags.values_of(b"e").filter_map(|value| EventId::from_hex(value).ok()) {
            self.delete_id(&id, &request.pubkey)?;
        }
        for address in request.tags.values_of(b"a").filter_map(Address::from_tag_value) {
            self.delete_address(&address, request)?;
        }
        Ok(())
    }

    fn delete_id(&mut self, id: &EventId, deleter: &PublicKey) -> Result<(), Error> {
        if let Some(seq) = self.find(Index::Id, id.as_bytes())? {
            if !may_delete(deleter, &self.record(seq)?.head()) {
                return Ok(());
            }
            self.remove(seq)?;
        }
        // Kept for an event that was never seen, too: it may arrive later.
        let key = keys::deleted_id_key(id, deleter);
        Ok(self.tables.deleted_ids.put(&mut self.txn, &key, &())?)
    }

    fn delete_address(&mut self, address: &Address<'_>, request: &EventHead<'_>) -> Result<(), Error> {
        let names_a_place = match address.kind.class() {
            KindClass::Replaceable => address.d.is_empty(),
            KindClass::Addressable => true,
            KindClass::Regular | KindClass::Ephemeral => false,
        };
        if address.pubkey != request.pubkey || !names_a_place {
            return Ok(());
        }
        let key = keys::address_key(address);
        if let Some(seq) = self.find(Index::Head, &key)?
            && self.record(seq)?.head().created_at <= request.created_at
        {
            self.remove(seq)?;
        }
        let before = self.tables.deleted_addresses.get(&self.txn, &key)?.unwrap_or_default();
        let until = before.max(request.created_at.0);
        Ok(self.tables.deleted_addresses.put(&mut self.txn, &key, &until)?)
    }

    /// Removes all that the author published, and all gift wraps to them, up to the request's own time.
    pub(crate) fn vanish(&mut self, request: &EventHead<'_>) -> Result<(), Error> {
        let (pubkey, until) = (&request.pubkey, request.created_at);
        // `is_deleted` has refused a request that is not newer than the mark.
        self.tables.vanished.put(&mut self.txn, pubkey.as_bytes(), &until.0)?;
        self.remove_all(Index::Author, pubkey.as_bytes(), until)?;
        let wraps = keys::with_kind(keys::tag_prefix(b'p', &pubkey.to_hex()), Kind::GIFT_WRAP);
        self.remove_all(Index::TagKind, &wraps, until)
    }

    fn remove_all(&mut self, index: Index, prefix: &[u8], until: Timestamp) -> Result<(), Error> {
        let (mut from, sieve) = ((Position::first_at(until), Seq(0)), Arc::new(Sieve::default()));
        loop {
            let (to, sieve) = (Position::last_at(Timestamp(0)), Arc::clone(&sieve));
            let within = Within { index, prefix, from, to, sieve };
            let chunk = self.next_chunk(&within)?;
            let Some(&last) = chunk.last() else { return Ok(()) };
            chunk.into_iter().try_for_each(|(_, seq)| self.remove(seq))?;
            from = last;
        }
    }

    fn next_chunk(&self, within: &Within<'_>) -> Result<Vec<Mark>, Error> {
        let (indexes, mut chunk) = (self.indexes(), Vec::new());
        let (mut entries, mut skips) = (indexes.entries(within)?, Skips::UNBOUNDED);
        while chunk.len() < VANISH_CHUNK_EVENTS {
            let Ahead::Entry((position, seq)) = entries.next(&mut skips)? else { break };
            if indexes.has_record(seq)? {
                chunk.push((position, seq));
            }
        }
        Ok(chunk)
    }
}

/// NIP-09: a deletion of a deletion has no effect. NIP-62: nor has one of a request to vanish.
pub(crate) fn is_deletable(kind: Kind) -> bool {
    kind != Kind::DELETION && kind != Kind::VANISH
}

/// NIP-09: one's own events. NIP-59: gift wraps by whom they are for, because their own key was thrown away.
fn may_delete(deleter: &PublicKey, target: &EventHead<'_>) -> bool {
    let involved = target.pubkey == *deleter || (target.kind == Kind::GIFT_WRAP && target.mentions(deleter));
    involved && is_deletable(target.kind)
}
