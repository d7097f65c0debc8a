//! `chappe db ...`.

use std::path::PathBuf;

use chappe_protocol::Filter;
use clap::Subcommand;

/// What to do with the store.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum DbCommand {
    /// Say how many events there are, what room they take (by table, kind, author and day), and how fast they become more
    ///
    /// Reads every event. The relay may be running.
    Info {
        /// How many kinds, authors and days to list
        #[arg(long, value_name = "N", default_value_t = 10)]
        top: usize,
    },

    /// Check every event and every index entry
    ///
    /// Ids are computed again, signatures checked, and records and indexes held against each other both ways. Changes
    /// nothing. The relay may be running. Ends with exit code 1 when something is wrong, and says what.
    Verify,

    /// Build the store again from its own events
    ///
    /// For when `db verify` finds something wrong. Every event whose id and signature are right is kept and indexed anew, with
    /// what was deleted, the lists and the members. An event that is not right, or is there twice, is written into
    /// set-aside-N.jsonl in the data directory, and told. The new file takes the place of the old one at the end, in one step; killed
    /// before, this leaves the store as it was. The old file is kept beside it, so the disk needs room for both. The relay
    /// must not be running.
    Repair {
        /// Do not write down what is not kept, only tell it
        #[arg(long)]
        drop: bool,
    },

    /// Say what the rules of retention keep, and what they would remove now
    ///
    /// Rule by rule: events, bytes, what is too old; and what would go, turn by turn, to make room below store.bytes_max.
    /// Reads every event and changes nothing: the relay removes by itself. The relay may be running, also by other rules.
    Retention,

    /// Make the store's file smaller
    ///
    /// Writes what it holds into a new file, without the pages that were freed, and puts that into place in one step. The
    /// disk needs room for both. Nothing else may have the store open: stop the relay first.
    Compact {
        /// Compress all events on the way, by one dictionary made from them; store.compression is for new ones
        #[arg(long, conflicts_with = "plain")]
        compress: bool,

        /// Keep all events as they are served, so that an earlier version can open the store
        #[arg(long)]
        plain: bool,
    },

    /// Bring a store of an earlier version up to date
    ///
    /// Starting the relay does the same. An earlier version cannot open the store any more. The relay must not be running.
    Migrate,

    /// Remove the events that match a filter
    ///
    /// Without --yes it only says how many there are. What is removed may come back when somebody sends it again, unless
    /// --for-good is given. Nobody is told. The relay must not be running.
    Delete {
        /// A NIP-01 filter
        #[arg(long, value_name = "JSON", value_parser = super::parse_filter)]
        filter: Filter,

        /// Do it
        #[arg(long)]
        yes: bool,

        /// Never take these events again, as if their authors had deleted them
        #[arg(long)]
        for_good: bool,
    },

    /// Save what has come since the last time
    ///
    /// Consistent, and the relay may be running. The first run into a directory saves everything, each further one what is
    /// new, and what is gone by then. Keep all runs of a directory together; begin a new directory now and then, and
    /// after a restore.
    Backup {
        /// Where the backups are kept; it is made
        dir: PathBuf,
    },

    /// Build the store again from a backup
    ///
    /// Into the data directory, which must have no store yet. Every byte is held against its hash and every event
    /// against its id on the way; what is damaged is refused, with its place, and leaves nothing.
    Restore {
        /// Where the backups are kept
        dir: PathBuf,

        /// Only say whether the backup is whole; write nothing
        #[arg(long)]
        check: bool,
    },
}
