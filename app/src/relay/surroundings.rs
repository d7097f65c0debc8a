//! What the management asks of the process.

use chappe_management::{Identity, Numbers, Surroundings, WantedConnections};
use chappe_processing::Dismissal;
use chappe_protocol::PublicKey;
use serde_json::{Value, json};

use super::Shared;
use crate::config::{Config, Knob};

impl Surroundings for Shared {
    fn numbers(&self) -> Numbers {
        Numbers {
            connections: self.slots.taken() as u64,
            subscriptions: self.services.processor.subscriptions() as u64,
            uptime_seconds: self.started.elapsed().as_secs(),
        }
    }

    fn connections(&self, wanted: &WantedConnections) -> Vec<Value> {
        self.connections.list(wanted)
    }

    fn connection_addresses(&self, wanted: &WantedConnections) -> Vec<Value> {
        self.connections.list_addresses(wanted)
    }

    fn close_connection(&self, number: u64, by: PublicKey, reason: String) -> bool {
        let Some(inbox) = self.connections.find(number) else { return false };
        let account = inbox.account();
        let address = account.address().map(|address| address.to_string());
        let key = account.key().map(|key| key.to_string());
        tracing::info!(%by, number, address, key, reason, "an administrator closes a connection");
        inbox.dismiss(Dismissal { reason });
        true
    }

    fn settings(&self) -> Vec<Value> {
        tell_settings(&self.config, &self.services.management.identity(), Some(&self.logs.filter()))
    }
}

/// The configuration as the administration shows it: each knob with where it comes from. The identity may differ from it, and the
/// log's filter of a relay that runs.
pub(crate) fn tell_settings(config: &Config, identity: &Identity, filter: Option<&str>) -> Vec<Value> {
    let knobs = config.knobs().unwrap_or_else(|error| {
        tracing::error!(%error, "cannot tell the configuration");
        Vec::new()
    });
    let told = knobs.into_iter().map(|knob| {
        let name = format!("{}.{}", knob.section, knob.key);
        let changed = match name.as_str() {
            "relay.name" => identity.name.clone(),
            "relay.description" => identity.description.clone(),
            "relay.icon" => identity.icon.clone(),
            "log.filter" => filter.filter(|&filter| knob.value.as_str() != Some(filter)).map(str::to_owned),
            _ => None,
        };
        told(&name, &knob, changed)
    });
    told.collect()
}

/// A knob as the administration shows it. `changed` is what was put in the place of its value while the relay runs.
fn told(name: &str, knob: &Knob, changed: Option<String>) -> Value {
    let value = without_secrets(name, json!(knob.value));
    let default = json!(knob.default);
    match changed {
        Some(changed) => json!({
            "name": name, "value": changed, "default": default, "from": "administration",
            "place": format!("in place of {value} ({})", knob.origin),
        }),
        None => json!({
            "name": name, "value": value, "default": default, "from": knob.origin.sort(), "place": knob.origin.place(),
        }),
    }
}

/// The relay's own key and the certificate's are in files of their own. What is left that can hold a secret are the command
/// line of a program, and an address with a password in it.
fn without_secrets(name: &str, value: Value) -> Value {
    let Some(text) = value.as_str() else { return value };
    if name == "policy.plugin" {
        let Some((program, _)) = text.split_once(' ') else { return value };
        return json!(format!("{program} (arguments are not shown)"));
    }
    let Some((scheme, rest)) = text.split_once("://") else { return value };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match host.rsplit_once('@') {
        Some((user, _)) => json!(format!("{scheme}://...{}", rest.get(user.len()..).unwrap_or_default())),
        None => value,
    }
}
