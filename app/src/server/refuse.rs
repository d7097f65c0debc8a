//! Connections over the bound: a clear no instead of a closed door.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Slot;

const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: text/plain; charset=utf-8\r\n\
    content-length: 50\r\n\
    retry-after: 30\r\n\
    connection: close\r\n\r\n\
    the relay has as many connections as it may hold\r\n";

/// How long the client has for sending its request and reading the answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Answers 503 whatever is asked.
pub(super) async fn refuse(mut socket: TcpStream, turn: Slot) {
    // What comes of it is the client's concern: it is over for us in any case.
    let _ = tokio::time::timeout(PATIENCE, async {
        // Read first: closing with unread bytes would reset the connection, and the answer be lost.
        let mut request = [0; 2048];
        let _ = socket.read(&mut request).await?;
        socket.write_all(ANSWER).await?;
        socket.shutdown().await?;
        while socket.read(&mut request).await? > 0 {}
        std::io::Result::Ok(())
    })
    .await;
    drop(turn);
}

#[cfg(test)]
mod tests {
    use super::ANSWER;

    #[test]
    fn length_is_right() {
        let answer = std::str::from_utf8(ANSWER).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
    }
}
