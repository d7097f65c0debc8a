//! What keeps a relay from being ready.

use chappe_protocol::Timestamp;
use chappe_testkit::EventBuilder;

use super::*;

#[tokio::test]
async fn relay_whose_writer_has_ended_is_not_ready() {
    let setting = start(|_, _| {}).await;
    assert_eq!(setting.running.shared.unready(), []);
    setting.running.shared.services.processor.stop();
    assert_eq!(setting.running.shared.unready(), [Unready::NoWriter]);
}

/// It is not sent any event that could show that there is room again, and has to find out by itself.
#[tokio::test]
async fn relay_finds_out_that_there_is_room_again() {
    let setting = start(|config, _| {
        config.store.map_bytes = 6 << 20;
        config.store.map_reserve_bytes = 2 << 20;
    })
    .await;
    let shared = &setting.running.shared;
    let processor = &shared.services.processor;
    let mut client =
        client_async(format!("ws://{}/", setting.address()), setting.socket().await).await.unwrap().0;
    let expires = (NOW + 10).to_string();
    for number in 0.. {
        let content = format!("{number} {}", "x".repeat(60_000));
        let event = EventBuilder::new(1).tag(&["expiration", &expires]).content(content).created_at(NOW);
        client.send(Message::text(event.sign(&owner()).message())).await.unwrap();
        if hear(&mut client).await.to_text().unwrap().contains("error: ") {
            break;
        }
    }
    assert!(!processor.stored_last());
    assert_eq!(shared.unready(), [Unready::Full]);
    while !shared.unready().is_empty() {
        processor.sweep_expired(Timestamp(NOW + 20));
        tokio::task::yield_now().await;
    }
    assert!(!processor.stored_last(), "no event came since");
}
