//! The management's desk, for commands: that of a relay that runs, or the one in the data directory of one that does not.

mod remote;

use std::fmt;
use std::sync::Arc;

use chappe_management::{CallError, Management, Numbers, Surroundings, WantedConnections};
use chappe_protocol::PublicKey;
use chappe_store::{OpenError, Store};
use serde_json::Value;

use self::remote::Remote;
pub use self::remote::RemoteError;
use super::open_store;
use crate::config::Config;
use crate::relay::{open_management, tell_settings};
use crate::{Clock, StartError};

/// Who answers calls.
pub(super) enum Desk {
    /// The relay does not run: its directory is open here.
    Here(Box<Management>, Stopped),
    /// The relay runs, and is asked.
    Running(Remote),
}

/// What is around the desk while no relay runs: what is stored, and nobody.
pub(super) struct Stopped {
    store: Arc<Store>,
    settings: Vec<Value>,
}

impl Surroundings for Stopped {
    fn numbers(&self) -> Numbers {
        let usage = self.store.usage().ok();
        Numbers {
            events_stored: usage.map_or(0, |usage| usage.events),
            bytes_used: usage.map_or(0, |usage| usage.bytes_used),
            ..Numbers::default()
        }
    }

    fn connections(&self, _: &WantedConnections) -> Vec<Value> {
        Vec::new()
    }

    fn connection_addresses(&self, _: &WantedConnections) -> Vec<Value> {
        Vec::new()
    }

    fn close_connection(&self, _: u64, _: PublicKey, _: String) -> bool {
        false
    }

    fn settings(&self) -> Vec<Value> {
        self.settings.clone()
    }
}

/// Why a call came to nothing.
#[derive(Debug)]
pub enum DeskError {
    /// The directory cannot be used.
    Open(StartError),
    /// The relay that runs does not answer as it should.
    Remote(RemoteError),
    /// The call itself failed.
    Call(String),
}

impl Desk {
    /// Opens the directory, or finds out that a relay has it open. Makes the directory when there is none.
    ///
    /// # Errors
    ///
    /// [`DeskError::Open`].
    pub(super) fn open(config: &Config, clock: &Clock) -> Result<Self, DeskError> {
        match open_store(&config.store) {
            Ok(store) => {
                let store = Arc::new(store);
                let management = open_management(config, Arc::clone(&store), clock.now());
                let management = Box::new(management.map_err(DeskError::Open)?);
                let settings = tell_settings(config, &management.identity(), None);
                Ok(Self::Here(management, Stopped { store, settings }))
            }
            Err(OpenError::InUse(_)) => Remote::new(config).map(Self::Running).map_err(DeskError::Open),
            Err(error) => Err(DeskError::Open(StartError::Store(error))),
        }
    }

    /// Does what the method says, as the relay itself.
    ///
    /// # Errors
    ///
    /// [`DeskError::Remote`] and [`DeskError::Call`].
    pub(super) fn call(&self, method: &str, params: &Value, clock: &Clock) -> Result<Value, DeskError> {
        match self {
            Self::Here(management, surroundings) => {
                let (caller, now) = (management.keys().public(), clock.now());
                management
                    .call(caller, method, params, now, surroundings)
                    .map_err(|error: CallError| DeskError::Call(error.to_string()))
            }
            Self::Running(remote) => remote.call(method, params, clock.now()),
        }
    }
}

impl fmt::Display for DeskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::Remote(error) => error.fmt(f),
            Self::Call(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for DeskError {}
