//! A policy file that changes while the relay runs.

use chappe_testkit::EventBuilder;

use super::*;

const ALLOW: &str = r#"{"default_policy":"allow"}"#;
const DENY: &str = r#"{"default_policy":"deny"}"#;

async fn with_policy(text: &str) -> Setting {
    start(|config, directory| {
        config.policy.file = directory.path().join("policy.json");
        std::fs::write(&config.policy.file, text).unwrap();
    })
    .await
}

impl Setting {
    fn write_policy(&self, text: &str) {
        std::fs::write(self.directory.path().join("policy.json"), text).unwrap();
    }

    /// Whether a note is taken now.
    async fn takes(&self, client: &mut Client, seed: &mut u64) -> bool {
        *seed += 1;
        let event = EventBuilder::new(1).created_at(NOW).content(seed.to_string()).sign(&Keys::from_seed(1));
        client.send(Message::text(event.message())).await.unwrap();
        let heard: Value = serde_json::from_str(hear(client).await.to_text().unwrap()).unwrap();
        heard[2].as_bool().unwrap()
    }

    async fn takes_soon(&self, client: &mut Client, seed: &mut u64, wanted: bool) {
        let wait = async {
            while self.takes(client, seed).await != wanted {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(Duration::from_secs(5), wait).await.expect("the new policy is not in force");
    }
}

#[tokio::test]
async fn changed_file_is_in_force_on_open_connections() {
    let setting = with_policy(ALLOW).await;
    let (mut client, mut seed) = (setting.connect_from("192.0.2.1").await.unwrap(), 0);
    assert!(setting.takes(&mut client, &mut seed).await);
    setting.write_policy(DENY);
    setting.takes_soon(&mut client, &mut seed, false).await;
    setting.write_policy(ALLOW);
    setting.takes_soon(&mut client, &mut seed, true).await;
}

#[tokio::test]
async fn file_with_a_fault_leaves_the_old_policy_in_force() {
    let setting = with_policy(DENY).await;
    let (mut client, mut seed) = (setting.connect_from("192.0.2.1").await.unwrap(), 0);
    for bad in ["", r#"{"default_policy":"#, r#"{"default_polizy":"allow"}"#] {
        setting.write_policy(bad);
        setting.running.reload().await;
        assert!(!setting.takes(&mut client, &mut seed).await, "{bad}");
    }
    std::fs::remove_file(setting.directory.path().join("policy.json")).unwrap();
    setting.running.reload().await;
    assert!(!setting.takes(&mut client, &mut seed).await, "no file");
    setting.write_policy(ALLOW);
    setting.running.reload().await;
    assert!(setting.takes(&mut client, &mut seed).await);
}

#[tokio::test]
async fn relay_does_not_start_on_a_bad_policy() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(&directory);
    config.policy.file = directory.path().join("policy.json");
    for (text, expected) in
        [(None, "policy.json: "), (Some("{\n\"rules\": []}"), "policy.json: line 2, column 10: rules")]
    {
        if let Some(text) = text {
            std::fs::write(&config.policy.file, text).unwrap();
        }
        let Err(error) = Relay::start(config.clone(), clock(), log(&config)).await else {
            panic!("it started")
        };
        assert!(error.to_string().contains(expected), "{error}");
    }
}
