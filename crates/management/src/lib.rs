//! What changes while the relay runs: bans and lists, members and invites, the policy file, who follows whom.
//!
//! [`Management`] keeps all of it, on disk and in memory, and compiles it into the [`chappe_authorization::Access`] by
//! which everything is decided. Three doors lead in: [`Management::call`] for the management API (NIP-86),
//! [`Management::join`], [`Management::leave`] and [`Management::update_policy`] for events that speak to the relay itself
//! (NIP-43, kind 12345), and [`Management::after_save`] for stored events that change something by what they say.
//!
//! It knows no socket, no HTTP and no clock, and draws no random numbers: the caller brings who calls, the time, and
//! thirty-two bytes for the relay's first key. It decides nothing about events; `chappe_authorization` does that.
//!
//! The one decision: every change goes one way. It is a list of edits, which are on disk before they are in memory, in
//! memory before they are in force, and in force before the answer is given. The price is that a change waits for the
//! writer's turn, some milliseconds, and that each one compiles the lists anew.
//!
//! Start with `management.rs`, then `state.rs`, then `methods.rs`.

mod announce;
mod call;
mod call_error;
mod compiled;
mod following;
mod identity;
mod invites;
mod management;
mod membership;
mod methods;
mod packed;
mod params;
mod policy_files;
mod reading;
mod relay_keys;
mod reports;
mod state;
mod stored;
mod surroundings;
mod terms;
#[cfg(test)]
mod testing;
mod update;
mod upkeep;
mod values;

pub use call_error::CallError;
pub use identity::Identity;
pub use management::{Management, OpenError};
pub use membership::Answer;
pub use methods::explain_by;
pub use policy_files::{PolicyFileError, PolicyFileFault, PolicyFiles};
pub use reading::{read_access, store_access};
pub use relay_keys::{OwnEvent, RelayKeys, RelayKeysError};
pub use state::{ListFull, StateError};
pub use surroundings::{ConnectionOrder, Numbers, Surroundings, WantedConnections};
pub use terms::{InvitesBy, Terms};
