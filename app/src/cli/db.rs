//! `chappe db ...`.

use clap::Subcommand;

/// What to do with the store.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum DbCommand {
    /// Say how many events there are and what room they take: by table, kind, author and day
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
}
