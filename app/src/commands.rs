//! What the command line can ask for; each command is a function that runs to its end.

pub mod admin;
pub mod config;
pub mod db;
mod desk;
pub mod export;
pub mod import;
pub mod invite;
pub mod owner;
mod packing;
pub mod pages;
pub mod policy;
mod progress;
pub mod query;
pub mod serve;

pub use desk::{DeskError, RemoteError};

use chappe_store::{OpenError, Store};

use self::progress::{Progress, Unit};
use crate::relay::new_store_options;

/// Opens the store that the configuration names. With one of an earlier layout that may take a while, and shows how far it is.
fn open_store(config: &crate::config::Store) -> Result<Store, OpenError> {
    let mut progress = None;
    let opened = Store::open_telling(&config.data_dir, &new_store_options(config)?, &mut |migrated| {
        let begin = || Progress::new("migrate", Unit::Entries, Some(migrated.total));
        progress.get_or_insert_with(begin).show(migrated.entries, String::new);
    });
    if let Some(progress) = progress {
        progress.clear();
    }
    opened
}
