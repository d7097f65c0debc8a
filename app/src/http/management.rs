//! The management API (NIP-86): calls that are signed (NIP-98), over HTTP, at the relay's own address.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use chappe_protocol::PublicKey;
use serde_json::{Value, json};

use super::{Backstage, SignedCall};

/// The longest call: a reason for each of some hundred keys, or a long description.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Answers a call.
pub(super) async fn answer<S: Backstage>(state: S, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = match read_body(&state, body).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let call = SignedCall::new(&parts, Some(&body));
    let caller = match state.signer(&call) {
        Ok(caller) => caller,
        Err(unsigned) => return unsigned.response(error),
    };
    perform(state, caller, &body).await
}

/// Reads a call to its end, or says why not.
pub(super) async fn read_body<S: Backstage>(state: &S, body: Body) -> Result<Bytes, Response<Body>> {
    let reading = axum::body::to_bytes(body, BODY_BYTES_MAX);
    match tokio::time::timeout(state.body_patience(), reading).await {
        Ok(Ok(body)) => Ok(body),
        // Broken off, or too long; to the former nobody listens.
        Ok(Err(_)) => {
            let text = format!("a call has at most {BODY_BYTES_MAX} bytes");
            Err(error(StatusCode::PAYLOAD_TOO_LARGE, &text))
        }
        Err(_) => Err(error(StatusCode::REQUEST_TIMEOUT, "the call did not arrive in time")),
    }
}

/// Does what a call asks for, whose caller is known.
pub(super) async fn perform<S: Backstage>(state: S, caller: PublicKey, body: &[u8]) -> Response<Body> {
    let Some((method, params)) = read(body) else {
        return error(StatusCode::BAD_REQUEST, "a call is {\"method\":\"...\",\"params\":[...]}");
    };
    // It waits for the disk.
    let called = tokio::task::spawn_blocking(move || state.call(caller, &method, &params)).await;
    match called {
        Ok(Ok(result)) => respond(StatusCode::OK, &json!({ "result": result })),
        Ok(Err(failed)) => error(StatusCode::OK, &failed.to_string()),
        Err(_) => error(StatusCode::INTERNAL_SERVER_ERROR, "the relay could not do this"),
    }
}

/// Method and parameters. None when it is no call.
fn read(body: &[u8]) -> Option<(String, Value)> {
    let Ok(Value::Object(mut call)) = serde_json::from_slice(body) else { return None };
    let Value::String(method) = call.remove("method")? else { return None };
    // Methods without parameters are often called without the field.
    let params = call.remove("params").unwrap_or_else(|| Value::Array(Vec::new()));
    params.is_array().then_some((method, params))
}

fn error(status: StatusCode, text: &str) -> Response<Body> {
    respond(status, &json!({ "error": text }))
}

fn respond(status: StatusCode, body: &Value) -> Response<Body> {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(super::wanted::NOSTR_RPC)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, body.to_string()).into_response()
}
