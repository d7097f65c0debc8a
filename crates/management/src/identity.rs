//! What the relay calls itself.

use crate::methods::{DESCRIPTION, ICON, NAME};
use crate::packed::Name;
use crate::state::State;

/// What the relay calls itself where that was changed by the management API; else the configuration has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The name in the NIP-11 document.
    pub name: Option<String>,
    /// The description there.
    pub description: Option<String>,
    /// The address of the icon there.
    pub icon: Option<String>,
}

impl Identity {
    pub(crate) fn of(state: &State) -> Self {
        let text = |what: &str| state.identity.get(&Name(what.to_owned())).cloned();
        Self { name: text(NAME), description: text(DESCRIPTION), icon: text(ICON) }
    }
}
