//! The SQLite file of nostr-rs-relay, which is only read.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::Stopped;
use super::lines::LINE_BYTES_MAX;

/// What a SQLite database begins with (<https://www.sqlite.org/fileformat2.html>).
const START: &[u8; 16] = b"SQLite format 3\0";
/// Its events: the JSON as the relay serves it. They come in the order in which they were stored; there is one for each id.
const EVENTS: &str =
    "SELECT id, CASE WHEN octet_length(content) <= ?1 THEN content END, {hidden} FROM event ORDER BY id";
/// What that relay does not show any more: replaced and deleted ones. Databases from before 2022 have no such column.
const HIDDEN: &str = "hidden IS TRUE";

/// An open database.
pub(super) struct Database {
    connection: Connection,
    has_hidden: bool,
    /// How many events it has, hidden ones included.
    pub(super) rows: u64,
}

/// An event in a database.
pub(super) struct Row<'a> {
    /// Its number there.
    pub(super) number: u64,
    /// Its JSON; none when that is longer than a line may be.
    pub(super) json: Option<&'a [u8]>,
    /// Whether the relay does not show it any more.
    pub(super) is_hidden: bool,
}

/// Why a database cannot be imported.
#[derive(Debug)]
pub enum DatabaseError {
    /// It has no events as nostr-rs-relay keeps them.
    OtherTables,
    /// SQLite cannot read it.
    Sqlite(rusqlite::Error),
}

/// Whether something that begins like this is a database.
pub(super) fn is_start(bytes: &[u8]) -> bool {
    bytes.starts_with(START)
}

/// Whether this is the file of a database.
pub(super) fn is_database(file: &Path) -> io::Result<bool> {
    if !std::fs::metadata(file).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(false);
    }
    let mut start = Vec::new();
    File::open(file)?.take(START.len() as u64).read_to_end(&mut start)?;
    Ok(is_start(&start))
}

impl Database {
    /// Opens it to read.
    pub(super) fn open(file: &Path) -> Result<Self, DatabaseError> {
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(address(file), flags)?;
        let has = |column: &str| {
            let known = "SELECT count(*) FROM pragma_table_info('event') WHERE name = ?1";
            connection.query_row(known, [column], |row| row.get::<_, bool>(0))
        };
        if !has("id")? || !has("content")? {
            return Err(DatabaseError::OtherTables);
        }
        let has_hidden = has("hidden")?;
        let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        let rows = connection.query_row("SELECT count(*) FROM event", [], count)?;
        let rows = u64::try_from(rows).unwrap_or_default();
        Ok(Self { connection, has_hidden, rows })
    }

    /// Shows each event, as one moment saw them all.
    pub(super) fn each(&self, mut each: impl FnMut(Row<'_>) -> Result<(), Stopped>) -> Result<(), Stopped> {
        let hidden = if self.has_hidden { HIDDEN } else { "FALSE" };
        let mut events = self.connection.prepare(&EVENTS.replace("{hidden}", hidden))?;
        let mut rows = events.query([i64::try_from(LINE_BYTES_MAX).unwrap_or(i64::MAX)])?;
        while let Some(row) = rows.next()? {
            let json = match row.get_ref(1)? {
                ValueRef::Null => None,
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(bytes),
                // No event, and it is told as that.
                ValueRef::Integer(_) | ValueRef::Real(_) => Some(b"".as_slice()),
            };
            let number = u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default();
            each(Row { number, json, is_hidden: row.get(2)? })?;
        }
        Ok(())
    }
}

/// As SQLite's `file:` address. With nothing beside the file that would have to be read or made with it, nobody has it open, and
/// nothing is made: a log or an index of ours could keep the relay from writing its own.
fn address(file: &Path) -> String {
    let mut address = "file:".to_owned();
    for &byte in file.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => address.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => address.push(char::from(byte)),
            byte => address += &format!("%{byte:02X}"),
        }
    }
    if !["-wal", "-journal"].iter().any(|ending| beside(file, ending).exists()) {
        address += "?immutable=1";
    }
    address
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl std::fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OtherTables => f.write_str(
                "it is a SQLite database, but none of nostr-rs-relay: it has no table \"event\" with a column \"content\"",
            ),
            Self::Sqlite(error) => write!(f, "SQLite says: {error}"),
        }
    }
}

#[cfg(test)]
mod tests;
