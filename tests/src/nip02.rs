//! NIP-02: follow lists.

use chappe_testkit::{EventBuilder, Keys, TestEvent};

use crate::harness::Relay;

fn follows(seed: u64, seconds: u64, followed: &[&str]) -> TestEvent {
    let list = EventBuilder::new(3).created_at(seconds);
    let list =
        followed.iter().fold(list, |list, key| list.tag(&["p", key, "wss://relay.example.com", "petname"]));
    list.sign(&Keys::from_seed(seed))
}

#[tokio::test]
async fn the_newest_follow_list_of_an_author_is_served() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let [ann, ben] = [1, 2].map(|seed| Keys::from_seed(seed).hex());
    let [old, new] = [follows(1, 1_000, &[&ben]), follows(1, 1_001, &[])];
    client.store(&old).await;
    client.store(&new).await;
    client.finds(&format!(r#"{{"kinds":[3],"authors":["{ann}"]}}"#), &[&new]).await;
}

#[tokio::test]
async fn followers_are_found_and_lost_with_the_lists() {
    let relay = Relay::start().await;
    let mut client = relay.connect().await;
    let [cat, dan] = [3, 4].map(|seed| Keys::from_seed(seed).hex());
    let followers = format!(r##"{{"kinds":[3],"#p":["{cat}"]}}"##);
    let ann = follows(1, 1_000, &[&dan, &cat]);
    let ben = follows(2, 1_001, &[&cat]);
    client.store(&ann).await;
    client.store(&ben).await;
    client.finds(&followers, &[&ben, &ann]).await;
    client.store(&follows(2, 1_002, &[&dan])).await;
    client.finds(&followers, &[&ann]).await;
    assert_eq!(client.count(&followers).await, 1);
}
