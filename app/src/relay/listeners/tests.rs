use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use super::bind;

/// While one process takes over from another, nobody accepts for a moment.
#[tokio::test]
async fn hundreds_may_wait_to_be_accepted() {
    let listener = bind((Ipv4Addr::LOCALHOST, 0).into(), &[]).expect("a listener");
    let address = listener.local_addr().expect("its address");
    // Whom a full queue has no room for hears nothing, however long it waits.
    let connect = |_| TcpStream::connect_timeout(&address, Duration::from_secs(10));
    let waiting: Vec<_> = (0..300).map(connect).collect();
    assert!(waiting.iter().all(Result::is_ok), "{:?}", waiting.iter().find(|result| result.is_err()));
}
