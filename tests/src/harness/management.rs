//! Calls of the management API (NIP-86), signed as NIP-98 says.

use chappe_testkit::{EventBuilder, Keys, TestEvent, http_auth_event};
use serde_json::{Value, json};

use super::http::{self, Response};
use super::{Relay, base64};

/// What a right request has, for a test to make wrong.
pub struct Call {
    pub body: String,
    /// The NIP-98 event.
    pub event: EventBuilder,
}

impl Call {
    /// A right one to this relay, now. `nonce` tells two equal calls of the same second apart.
    pub fn new(relay: &Relay, method: &str, params: &Value, nonce: u64) -> Self {
        let body = json!({"method": method, "params": params}).to_string();
        let url = format!("http://{}/", relay.address());
        let event = http_auth_event(&url, "POST", body.as_bytes(), relay.now());
        let event = event.tag(&["nonce", &nonce.to_string()]);
        Self { body, event }
    }

    pub async fn send(&self, relay: &Relay, keys: &Keys) -> Response {
        post(relay, &self.event.clone().sign(keys), &self.body).await
    }
}

/// Sends the body with this event as its authorization.
pub async fn post(relay: &Relay, event: &TestEvent, body: &str) -> Response {
    let authorization = format!("Authorization: Nostr {}", base64(event.json().as_bytes()));
    let lines = ["Content-Type: application/nostr+json+rpc", &authorization];
    http::post(&relay.address(), &lines, body).await
}

/// The whole answer to a right call.
pub async fn call(relay: &Relay, keys: &Keys, method: &str, params: Value) -> Value {
    let response = Call::new(relay, method, &params, super::unique()).send(relay, keys).await;
    assert_eq!(response.status, 200, "{method}: {}", response.body);
    serde_json::from_str(&response.body).unwrap_or_else(|e| panic!("{}: {e}", response.body))
}
