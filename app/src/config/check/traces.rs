//! Where traces are sent to.

use axum::http::Uri;

use super::{Faults, nothing_through};
use crate::config::Traces;

pub(super) fn check(traces: &Traces, faults: &mut Faults) {
    let Traces { endpoint, one_in } = traces;
    faults.unless(*one_in > 0, "traces.one_in", nothing_through);
    if endpoint.is_empty() {
        return;
    }
    faults.unless(cfg!(feature = "otel"), "traces.endpoint", || {
        "this relay is built without traces; build it with --features otel".to_owned()
    });
    let is_http = endpoint
        .parse::<Uri>()
        .is_ok_and(|uri| uri.scheme_str() == Some("http") && uri.host().is_some_and(|host| !host.is_empty()));
    faults.unless(is_http, "traces.endpoint", || {
        format!("{endpoint:?} is no address with http://, such as http://127.0.0.1:4318/v1/traces")
    });
}
