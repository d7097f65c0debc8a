//! Connections that are not let in: a clear no instead of a closed door.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::front::Link;
use super::{Refused, Slot};

/// How long the client has for a handshake, sending its request and reading the answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Gives this answer, whatever is asked.
pub(super) async fn refuse(socket: TcpStream, link: Link, refused: Refused, turn: Slot) {
    // What comes of it is the client's concern: it is over for us in any case.
    let _ = tokio::time::timeout(PATIENCE, async {
        let mut socket = link.establish(socket).await?;
        // Read first: closing with unread bytes would reset the connection, and the answer be lost.
        let mut request = [0; 2048];
        let _ = socket.read(&mut request).await?;
        socket.write_all(answer(refused).as_bytes()).await?;
        socket.shutdown().await?;
        while socket.read(&mut request).await? > 0 {}
        std::io::Result::Ok(())
    })
    .await;
    drop(turn);
}

fn answer(refused: Refused) -> String {
    let status = refused.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let retry =
        refused.retry_seconds().map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default();
    let body = format!("{refused}\n");
    format!(
        "HTTP/1.1 {} {reason}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n{retry}\
         connection: close\r\n\r\n{body}",
        status.as_u16(),
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::TooMany;

    #[test]
    fn answer_is_http() {
        assert_eq!(
            answer(Refused::Full),
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\n\
             content-length: 49\r\nretry-after: 30\r\nconnection: close\r\n\r\n\
             the relay has as many connections as it may hold\n"
        );
        let answer = answer(Refused::TooMany(TooMany::Open(5)));
        assert!(answer.starts_with("HTTP/1.1 429 Too Many Requests\r\n"), "{answer}");
        assert!(!answer.contains("retry-after"), "{answer}");
    }
}
