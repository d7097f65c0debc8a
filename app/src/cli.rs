//! The command line.

mod db;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use chappe_protocol::{Filter, PublicKey, Refusal};
use chappe_store::Plan;
use clap::{Args, Parser, Subcommand};
use serde_json::Value;

pub use self::db::DbCommand;
use crate::config::{self, Config, ConfigError};

const EXAMPLES: &str = "\
Examples:
  chappe                                       serve on 127.0.0.1:7447
  chappe --listen 0.0.0.0:7447 --data-dir /var/lib/chappe
  chappe --config /etc/chappe.toml config check
  CHAPPE_LIMITS__LIMIT_MAX=1000 chappe         override one knob of the configuration
  chappe export > events.jsonl                 everything that is stored, a line an event
  chappe export --filter '{\"kinds\":[0,3],\"since\":1700000000}'
  chappe export events.jsonl.zst               the same into a file, packed
  chappe query '{\"#t\":[\"nostr\"],\"limit\":10}' --explain
  chappe import events.jsonl.zst               verify and store; run it with the relay stopped
  strfry export | chappe import -              the same from another relay, or from its database:
  chappe import nostr.db
  chappe policy check policy.json              is this policy in order, do its tests pass?
  chappe policy explain --event note.json --as npub1...
  chappe admin blockip 192.0.2.0/24 spam 86400 what the management API does, without a client
  chappe invite --uses 5                       a code by which five can become members
  chappe db verify                             is everything there as it was signed and indexed?
  chappe db repair                             build it again from the events that are right

The configuration is read from --config, then from environment variables named CHAPPE_SECTION__KEY,
then from the command line; the later one counts. `chappe config show` prints the result.

Exit codes:
  0  done; for `serve`, stopped by SIGTERM or SIGINT
  1  failed: an address is taken, the store cannot be opened, read or written, ...;
     for `serve`, also ended by a second signal; for `policy check`, the file has
     faults or one of its tests failed; for `db verify`, something is wrong with the store
  2  the command line or the configuration is wrong";

/// A Nostr relay.
///
/// Chappe stores and forwards the events of Nostr clients, which speak to it over WebSocket. Without a command it
/// serves. Events are kept in one directory, which one process at a time may use.
#[derive(Debug, Parser)]
#[command(name = "chappe", version, after_long_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// The configuration file, in TOML [default: built-in defaults only]
    ///
    /// config/chappe.toml in the source explains every knob.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Where events are kept [default: $XDG_DATA_HOME/chappe or ~/.local/share/chappe]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// An address to listen on; may be given several times [default: 127.0.0.1:7447]
    #[arg(long, global = true, value_name = "ADDR:PORT")]
    pub listen: Vec<SocketAddr>,

    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Run the relay until SIGTERM or SIGINT (the default)
    ///
    /// On the first signal the relay takes no new connections, closes the open ones with code 1001, commits what it
    /// has accepted, and exits within timeouts.shutdown_seconds. On the second it exits at once. On SIGHUP it reads the
    /// policy file and the certificate again; it also does so when one of them changes.
    Serve {
        /// Take the place of the relay that runs on the same directory, without closing its addresses
        ///
        /// The new process gets the sockets that the old one listens on, has it stop as by SIGTERM, and serves as soon as
        /// the store is free. Connections that are made meanwhile wait. If the new one cannot serve, because of its
        /// configuration, its policy file or its certificate, the old one goes on. Where no relay runs it just starts.
        #[arg(long)]
        take_over: bool,
    },

    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),

    /// Look at a policy
    #[command(subcommand)]
    Policy(PolicyCommand),

    /// Look at the store and keep it in order
    #[command(subcommand)]
    Db(DbCommand),

    /// Ask for something by the management API (NIP-86), as the relay itself, and print the answer as JSON
    ///
    /// A relay that is running is asked; else it is done in its data directory. The relay itself may do whatever owners may.
    /// docs/management.md explains the methods.
    Admin {
        /// Such as banpubkey, blockip, listconnections or listauditlog; `supportedmethods` names all of them
        #[arg(value_name = "METHOD")]
        method: String,

        /// Its parameters in order: keys (npub or hex), numbers, objects in JSON, and texts
        #[arg(value_name = "PARAMETER", value_parser = parse_parameter)]
        params: Vec<Value>,
    },

    /// Make an invite for new members (NIP-43) and print its code
    ///
    /// It works while the relay runs, and when it does not. Only in mode "members".
    Invite {
        /// How many can join by it [default: members.invite_uses]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        uses: Option<u32>,

        /// For how many days; 0: for ever [default: members.invite_days]
        #[arg(long, value_name = "N")]
        days: Option<u32>,
    },

    /// Verify and store events, one JSON object a line, or those of another relay's database
    ///
    /// Every id and signature is checked, and deletions, replaceable events and expirations count as if the events had
    /// come by WebSocket, except that an event may be of any age. Bad lines are counted and told, and do not stop the
    /// import. What is packed by gzip or zstd is unpacked. FILE may be the SQLite database of nostr-rs-relay, too; it is only
    /// read. The relay must not be running on the same directory.
    Import {
        /// The file to read; `-` or nothing: standard input
        #[arg(value_name = "FILE", default_value = "-")]
        file: PathBuf,
    },

    /// Print the manual page, or write those of all commands into a directory
    Man {
        /// The directory, which is made when there is none
        #[arg(value_name = "DIR")]
        dir: Option<PathBuf>,
    },

    /// Print what a shell needs to complete this command line
    ///
    /// For bash: chappe completions bash > ~/.local/share/bash-completion/completions/chappe
    Completions {
        /// Which shell
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },

    /// Write stored events, one JSON object a line
    ///
    /// Newest first. Everything is written, private kinds too; expired events are not. The relay must not be running on
    /// the same directory.
    Export {
        /// Only events that match this NIP-01 filter
        #[arg(long, value_name = "JSON", default_value = "{}", value_parser = parse_filter)]
        filter: Filter,

        /// The file to write, packed when it is named .gz or .zst; `-` or nothing: standard output
        #[arg(value_name = "FILE", default_value = "-")]
        file: PathBuf,
    },

    /// Answer a filter from the store on standard output, one JSON object a line
    ///
    /// Newest first, up to the filter's limit, as the relay would answer somebody who may see everything. The relay must
    /// not be running on the same directory.
    Query {
        /// A NIP-01 filter
        #[arg(value_name = "FILTER", default_value = "{}", value_parser = parse_filter)]
        filter: Filter,

        /// Instead of the events, tell how they were found and what it took
        #[arg(long)]
        explain: bool,

        /// How to find them, whatever it costs: ids, time, kinds, authors, or a tag's letter [default: the cheapest way]
        #[arg(long, value_name = "PLAN", value_parser = parse_plan)]
        by: Option<Plan>,
    },
}

/// What to do with a policy.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum PolicyCommand {
    /// Say whether a policy file can be used, and run the tests that it holds
    ///
    /// Faults and warnings are told as FILE:LINE:COLUMN. Warnings are about rules that can have no effect.
    Check {
        /// The file [default: policy.file of the configuration]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },

    /// Say step by step why an event may be written and read, or a filter be asked
    ///
    /// Everything counts: the mode, the lists, the policy. A relay that is running is asked, by its management API; else
    /// the lists are read from its data directory.
    Explain {
        /// A policy file to try instead of the configured one
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,

        /// What is to be explained.
        #[command(flatten)]
        subject: Subject,

        /// A key that has signed in, as npub or hex; may be given several times [default: nobody]
        #[arg(long = "as", value_name = "KEY", value_parser = config::parse_key)]
        signed_in: Vec<PublicKey>,

        /// The address it comes from
        #[arg(long = "ip", value_name = "ADDR")]
        address: Option<IpAddr>,
    },
}

/// An event or a filter.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[group(required = true, multiple = false)]
pub struct Subject {
    /// A file with an event in JSON; `-`: standard input. What it lacks is made up: {"kind":1} will do
    #[arg(long, value_name = "FILE")]
    pub event: Option<PathBuf>,

    /// A NIP-01 filter
    #[arg(long, value_name = "JSON", value_parser = parse_filter_json)]
    pub filter: Option<Value>,
}

/// What to do with the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Say whether the configuration can be used, with the policy files and the certificate that it names
    Check,
    /// Print the configuration in effect, as TOML
    Show {
        /// Say where each value comes from, in a comment behind it
        #[arg(long)]
        origins: bool,
    },
}

impl Cli {
    /// Reads the configuration that this command line asks for, from the file and this process's environment.
    ///
    /// # Errors
    ///
    /// As [`config::load`].
    pub fn load_config(&self) -> Result<Config, ConfigError> {
        let overrides = config::Overrides { data_dir: self.data_dir.clone(), listen: self.listen.clone() };
        config::load(self.config.as_deref(), std::env::vars_os(), &overrides)
    }
}

fn parse_filter(text: &str) -> Result<Filter, String> {
    chappe_codec::decode_filter(text.as_bytes())
        .map_err(|malformed| Refusal::from(malformed.reason).message.into_owned())
}

fn parse_plan(text: &str) -> Result<Plan, String> {
    match (text, text.as_bytes()) {
        ("ids", _) => Ok(Plan::Ids),
        ("time", _) => Ok(Plan::Time),
        ("kinds", _) => Ok(Plan::Kinds),
        ("authors", _) => Ok(Plan::Authors),
        (_, &[letter]) if letter.is_ascii_alphabetic() => Ok(Plan::Tags(letter)),
        _ => Err("ids, time, kinds, authors, or one letter".to_owned()),
    }
}

/// A parameter of the management API. What looks like none of the others is a text, as most reasons do.
#[expect(clippy::unnecessary_wraps, reason = "clap takes no other function")]
fn parse_parameter(text: &str) -> Result<Value, Infallible> {
    if let Ok(key) = config::parse_key(text) {
        // Hex may look like a number.
        return Ok(Value::String(key.to_string()));
    }
    Ok(match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_))) => value,
        Ok(Value::Null | Value::Bool(_)) | Err(_) => Value::String(text.to_owned()),
    })
}

/// A filter as it was written, if it can be read as one.
fn parse_filter_json(text: &str) -> Result<Value, String> {
    parse_filter(text)?;
    serde_json::from_str(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
