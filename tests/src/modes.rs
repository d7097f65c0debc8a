//! The modes of access: who may write in each, and that everybody may read.

use std::time::{Duration, Instant};

use chappe_app::config::{Config, Kinds, Mode, Others};
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use serde_json::json;

use crate::harness::{Client, Relay, unique};

fn owner() -> Keys {
    Keys::from_seed(900)
}

fn admin() -> Keys {
    Keys::from_seed(901)
}

fn stranger() -> Keys {
    Keys::from_seed(1)
}

fn friend() -> Keys {
    Keys::from_seed(2)
}

async fn relay(mode: Mode) -> Relay {
    relay_with(mode, |_| {}).await
}

async fn relay_with(mode: Mode, turn: impl FnOnce(&mut Config)) -> Relay {
    Relay::start_with(|config| {
        config.access.mode = mode;
        config.access.owners = vec![owner().public()];
        config.access.admins = vec![admin().public()];
        turn(config);
    })
    .await
}

/// One that nobody has published yet.
fn note(keys: &Keys) -> TestEvent {
    EventBuilder::new(1).content(format!("note {}", unique())).sign(keys)
}

fn follow_list(keys: &Keys, created_at: u64, followed: &[&Keys]) -> TestEvent {
    let list = EventBuilder::new(3).created_at(created_at);
    followed.iter().fold(list, |list, keys| list.tag(&["p", &keys.public().to_string()])).sign(keys)
}

/// What has to hear an `auth-required:`; the challenge that comes before it the first time is not looked at.
async fn needs_auth(client: &mut Client, event: &TestEvent) {
    let (accepted, text) = client.publish_past_a_challenge(event).await;
    assert!(!accepted && text.starts_with("auth-required: "), "{accepted} {text}");
}

#[tokio::test]
async fn open_lets_everybody_write_and_read() {
    let relay = relay(Mode::Open).await;
    let mut client = relay.connect().await;
    let event = note(&stranger());
    client.store(&event).await;
    client.finds(r#"{"kinds":[1]}"#, &[&event]).await;
}

#[tokio::test]
async fn owners_and_admins_write_in_every_mode() {
    for mode in [Mode::Open, Mode::Follows, Mode::Managed, Mode::Curating, Mode::Social, Mode::Members] {
        let relay = relay(mode).await;
        let mut client = relay.connect().await;
        for keys in [owner(), admin()] {
            client.store(&note(&keys)).await;
        }
        // Who has signed in may bring what others wrote.
        relay.connect_as(&[&admin()]).await.store(&note(&stranger())).await;
        // And everybody reads.
        assert_eq!(relay.connect().await.count(r#"{"kinds":[1]}"#).await, 3, "{mode:?}");
    }
}

#[tokio::test]
async fn follows_lets_write_whom_an_admin_follows_until_they_are_followed_no_longer() {
    let relay = relay(Mode::Follows).await;
    let mut client = relay.connect().await;
    needs_auth(&mut client, &note(&friend())).await;
    relay.connect_as(&[&friend()]).await.refused(&note(&friend()), "restricted: ").await;

    client.store(&follow_list(&admin(), Relay::NOW, &[&friend()])).await;
    client.store(&note(&friend())).await;
    needs_auth(&mut client, &note(&stranger())).await;
    // What others follow or say of themselves changes nothing.
    client.store(&follow_list(&friend(), Relay::NOW, &[&stranger()])).await;
    client.store(&EventBuilder::new(0).content("{}").sign(&friend())).await;
    client.store(&EventBuilder::new(10_002).sign(&friend())).await;
    needs_auth(&mut client, &note(&stranger())).await;
    client.store(&note(&friend())).await;

    client.store(&follow_list(&admin(), Relay::NOW + 1, &[&stranger()])).await;
    client.store(&note(&stranger())).await;
    needs_auth(&mut client, &note(&friend())).await;
}

#[tokio::test]
async fn follows_are_found_again_after_a_restart_and_gone_with_the_list() {
    let mut relay = relay(Mode::Follows).await;
    let list = follow_list(&admin(), Relay::NOW, &[&friend()]);
    relay.connect().await.store(&list).await;
    relay.restart().await;
    let mut client = relay.connect().await;
    client.store(&note(&friend())).await;
    let deletion = EventBuilder::new(5).tag(&["e", &list.id().to_string()]).sign(&admin());
    client.store(&deletion).await;
    needs_auth(&mut client, &note(&friend())).await;
}

#[tokio::test]
async fn follows_may_make_strangers_wait_instead() {
    let relay = relay_with(Mode::Follows, |config| {
        config.follows.others = Others::Delay;
        config.follows.delay_step_milliseconds = 150;
        config.follows.delay_max_milliseconds = 400;
    })
    .await;
    let mut client = relay.connect_from("203.0.113.7").await;
    let begun = Instant::now();
    for _ in 0..4 {
        client.store(&note(&stranger())).await;
    }
    // 150 and more: each waits a step longer than the one before, whether or not the first does.
    assert!(begun.elapsed() >= Duration::from_millis(150 + 300 + 400), "{:?}", begun.elapsed());
    client.store(&note(&admin())).await;
}

#[tokio::test]
async fn managed_lets_write_who_is_on_the_list() {
    let mut relay = relay(Mode::Managed).await;
    let mut client = relay.connect().await;
    needs_auth(&mut client, &note(&friend())).await;
    let key = friend().public().to_string();
    assert_eq!(relay.manage(&admin(), "allowpubkey", json!([key, "a friend"])).await, json!(true));
    client.store(&note(&friend())).await;
    relay.connect_as(&[&friend()]).await.store(&note(&stranger())).await;
    relay.restart().await;
    let mut client = relay.connect().await;
    client.store(&note(&friend())).await;
    assert_eq!(relay.manage(&admin(), "unallowpubkey", json!([key])).await, json!(true));
    needs_auth(&mut client, &note(&friend())).await;
}

#[tokio::test]
async fn curating_lets_strangers_write_a_little_a_day() {
    let relay = relay_with(Mode::Curating, |config| {
        config.curating.events_per_key_a_day = 2;
        config.curating.kinds = vec![Kinds::One(1), Kinds::Named("30000-39999".into())];
    })
    .await;
    let mut client = relay.connect_from("203.0.113.7").await;
    client.refused(&EventBuilder::new(7).sign(&stranger()), "blocked: ").await;
    client.store(&note(&stranger())).await;
    client.store(&EventBuilder::new(30_023).sign(&stranger())).await;
    client.refused(&note(&stranger()), "rate-limited: ").await;
    client.store(&note(&friend())).await;

    relay.manage(&admin(), "trustpubkey", json!([stranger().public().to_string()])).await;
    for _ in 0..3 {
        client.store(&note(&stranger())).await;
    }
    relay.pass_seconds(86_400);
    for _ in 0..2 {
        let note = EventBuilder::new(1).content(format!("{}", unique())).sign(&friend());
        client.store(&note).await;
    }
}

#[tokio::test]
async fn curating_counts_by_address_too_and_keeps_it_out_for_longer_each_time() {
    let relay = relay_with(Mode::Curating, |config| {
        config.curating.events_per_address_a_day = 2;
        config.curating.ban_hours_first = 1;
    })
    .await;
    let mut client = relay.connect_from("203.0.113.7").await;
    for seed in 10..12 {
        client.store(&note(&Keys::from_seed(seed))).await;
    }
    client.refused(&note(&Keys::from_seed(12)), "rate-limited: ").await;
    client.refused(&note(&Keys::from_seed(13)), "").await;
    // Another address is another matter.
    relay.connect_from("203.0.113.8").await.store(&note(&Keys::from_seed(14))).await;
}

#[tokio::test]
async fn curating_survives_a_restart() {
    let mut relay = relay_with(Mode::Curating, |config| config.curating.events_per_key_a_day = 2).await;
    let mut client = relay.connect_from("203.0.113.7").await;
    client.store(&note(&stranger())).await;
    client.store(&note(&stranger())).await;
    relay.restart().await;
    relay.connect_from("203.0.113.7").await.refused(&note(&stranger()), "rate-limited: ").await;
}

#[tokio::test]
async fn curating_refuses_and_hides_who_is_blacklisted() {
    let relay = relay(Mode::Curating).await;
    let mut client = relay.connect().await;
    let event = note(&stranger());
    client.store(&event).await;
    let key = stranger().public().to_string();
    relay.manage(&admin(), "blacklistpubkey", json!([key, "spam"])).await;
    client.refused(&note(&stranger()), "blocked: ").await;
    client.finds(r#"{"kinds":[1]}"#, &[]).await;
    assert_eq!(client.count(r#"{"kinds":[1]}"#).await, 0);
    relay.manage(&admin(), "unblacklistpubkey", json!([key])).await;
    client.finds(r#"{"kinds":[1]}"#, &[&event]).await;
}

#[tokio::test]
async fn social_makes_wait_by_distance() {
    let relay = relay_with(Mode::Social, |config| {
        config.social.depth_max = 2;
        config.social.delay_step_milliseconds = 200;
    })
    .await;
    let (near, far) = (Keys::from_seed(31), Keys::from_seed(32));
    let mut client = relay.connect_from("203.0.113.7").await;
    client.store(&follow_list(&admin(), Relay::NOW, &[&near])).await;
    client.store(&follow_list(&near, Relay::NOW, &[&far])).await;
    let mut took = async |keys: &Keys| {
        let begun = Instant::now();
        client.store(&note(keys)).await;
        begun.elapsed()
    };
    // The graph is walked again a moment after a list has changed.
    for round in 0.. {
        let near = took(&near).await;
        if near < Duration::from_millis(150) {
            break;
        }
        assert!(round < 50, "the graph is never walked: {near:?}");
    }
    let mut far_took = took(&far).await;
    for _ in 0..50 {
        if far_took < Duration::from_millis(390) {
            break;
        }
        far_took = took(&far).await;
    }
    assert!(far_took >= Duration::from_millis(200), "{far_took:?}");
    assert!(took(&stranger()).await >= Duration::from_millis(400));
}

#[tokio::test]
async fn members_lets_members_write() {
    let mut relay = relay(Mode::Members).await;
    let mut client = relay.connect().await;
    needs_auth(&mut client, &note(&friend())).await;
    let invite = relay.manage(&admin(), "createinvite", json!([])).await;
    let code = invite["code"].as_str().unwrap_or_else(|| panic!("{invite}")).to_owned();
    let join = EventBuilder::new(28_934).tag(&["claim", &code]).sign(&friend());
    let (accepted, text) = client.publish(&join).await;
    assert!(accepted && text.starts_with("info: "), "{text}");
    client.store(&note(&friend())).await;
    needs_auth(&mut client, &note(&stranger())).await;
    relay.restart().await;
    relay.connect().await.store(&note(&friend())).await;
}

#[tokio::test]
async fn exempt_kinds_pass_the_list_and_the_gates() {
    let relay = relay_with(Mode::Managed, |config| {
        config.access.auth_write = true;
        config.access.auth_read = true;
    })
    .await;
    let mut wallet = relay.connect().await;
    wallet.subscribe("requests", r#"{"kinds":[24133]}"#).await;
    let request = EventBuilder::new(24_133).content("sign this").sign(&stranger());
    relay.connect().await.store(&request).await;
    wallet.hears_event("requests", &request).await;
    needs_auth(&mut wallet, &note(&stranger())).await;
}
