//! Whether the relay is alive, and whether it is ready: for whoever starts it, and whoever sends clients to it.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;

use super::Backstage;

/// That this is answered is the answer.
pub(crate) async fn alive() -> Response<Body> {
    plain(StatusCode::OK, "alive\n".to_owned())
}

/// 200 when everything that a client sends can be taken, else 503 and a line for each reason.
pub(crate) async fn ready<S: Backstage>(State(state): State<S>) -> Response<Body> {
    // It asks the disk.
    let asked = tokio::task::spawn_blocking(move || state.unready()).await;
    match asked {
        Ok(unready) if unready.is_empty() => plain(StatusCode::OK, "ready\n".to_owned()),
        Ok(unready) => {
            let reasons = unready.iter().map(|reason| format!("{reason}\n")).collect();
            plain(StatusCode::SERVICE_UNAVAILABLE, reasons)
        }
        // It has panicked, and said so in the log.
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "nobody can tell\n".to_owned()),
    }
}

fn plain(status: StatusCode, text: String) -> Response<Body> {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, text).into_response()
}
