//! The management's desk, for commands: that of a relay that runs, or the one in the data directory of one that does not.

mod remote;

use std::fmt;
use std::sync::Arc;

use chappe_management::{CallError, Management, Numbers, Surroundings, WantedConnections};
use chappe_protocol::PublicKey;
use chappe_store::OpenError;
use serde_json::Value;

use self::remote::Remote;
pub use self::remote::RemoteError;
use super::open_store;
use crate::config::Config;
use crate::relay::{open_management, tell_settings};
use crate::{Clock, StartError};

/// Who answers calls.
pub(super) enum Desk<'a> {
    /// The relay does not run: its directory is open here, with this configuration.
    Here(Box<Management>, &'a Config),
    /// The relay runs, and is asked.
    Running(Remote),
}

/// What is around the desk while no relay runs: a configuration, and nobody.
struct Stopped<'a> {
    config: &'a Config,
    management: &'a Management,
}

impl Surroundings for Stopped<'_> {
    fn numbers(&self) -> Numbers {
        Numbers::default()
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
        tell_settings(self.config, &self.management.identity(), None)
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

impl<'a> Desk<'a> {
    /// Opens the directory, or finds out that a relay has it open. Makes the directory when there is none.
    ///
    /// # Errors
    ///
    /// [`DeskError::Open`].
    pub(super) fn open(config: &'a Config, clock: &Clock) -> Result<Self, DeskError> {
        match open_store(&config.store) {
            Ok(store) => {
                let management = open_management(config, Arc::new(store), clock.now());
                Ok(Self::Here(Box::new(management.map_err(DeskError::Open)?), config))
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
            Self::Here(management, config) => {
                let (caller, now) = (management.keys().public(), clock.now());
                let stopped = Stopped { config, management };
                management
                    .call(caller, method, params, now, &stopped)
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
