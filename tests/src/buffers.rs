//! Memory for messages: what an operator hears of it.

use std::time::Duration;

use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::harness::Process;

/// Some looks at the buffers.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn too_many_buffers_in_use_are_told_to_the_log() {
    let dir = TempDir::new().unwrap();
    let knobs = [("BUFFERS__IN_USE_BYTES_MAX", "1000"), ("LOG__FILTER", "info,chappe_app=debug")];
    let relay = Process::start(dir.path(), &knobs).await;
    let mut client = TcpStream::connect(relay.addresses()[0]).await.unwrap();
    let request = "GET / HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    client.write_all(request.as_bytes()).await.unwrap();
    // The start of a frame, whose rest the relay has to wait for.
    client.write_all(&[0x81, 0x80 | 100, 0, 0, 0, 0, b'[']).await.unwrap();
    let said = "bytes of buffers are lent at the same time, more than 1000";
    let told = timeout(PATIENCE, async {
        while !relay.log().contains(said) {
            sleep(Duration::from_millis(50)).await;
        }
    });
    told.await.expect("the log says so");
    assert!(relay.log().contains("from_thread_percent"), "and how they are used, at debug");
}
