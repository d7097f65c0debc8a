//! The example policies, as docs/policy.md says to use them: what their own tests expect is what a client sees.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use chappe_app::config::{Config, Mode};
use chappe_testkit::{EventBuilder, Keys, TestEvent};
use serde_json::{Value, json};

use crate::harness::{Client, Relay, command};

/// The owner of every example.
fn owner() -> Keys {
    Keys::from_seed(499)
}

/// Nobody that a policy names.
fn stranger() -> Keys {
    Keys::from_seed(498)
}

/// An example whose keys, which nobody has, are put in as docs/policy.md says: here by keys that the test has.
struct Example {
    text: String,
    people: BTreeMap<String, Keys>,
}

impl Example {
    fn read(name: &str) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/policies").join(name);
        let mut text = fs::read_to_string(file).unwrap();
        let mut people = BTreeMap::new();
        for digit in "0123456789abcdef".chars() {
            let placeholder = digit.to_string().repeat(64);
            let keys = Keys::from_seed(500 + u64::from(digit.to_digit(16).unwrap()));
            text = text.replace(&placeholder, &keys.public().to_string());
            people.insert(keys.public().to_string(), keys);
        }
        Self { text, people }
    }

    fn keys(&self, hex: &Value) -> &Keys {
        &self.people[hex.as_str().unwrap()]
    }

    fn tests(&self) -> Vec<Value> {
        let file: Value = serde_json::from_str(&self.text).unwrap();
        file["tests"].as_array().unwrap().clone()
    }

    /// Who has signed in for a test.
    fn viewers(&self, test: &Value) -> Vec<&Keys> {
        match &test["as"] {
            Value::Array(keys) => keys.iter().map(|hex| self.keys(hex)).collect(),
            Value::String(name) if name != "anonymous" => vec![self.keys(&test["as"])],
            _ => Vec::new(),
        }
    }

    fn event(&self, test: &Value) -> TestEvent {
        let event = &test["event"];
        let author = match &event["pubkey"] {
            Value::Null => self.viewers(test).first().map_or_else(stranger, |keys| (*keys).clone()),
            hex => self.keys(hex).clone(),
        };
        let created_at =
            Relay::NOW.checked_add_signed(event["created_at_offset"].as_i64().unwrap_or(0)).unwrap();
        let content = match (&event["content"], &event["content_bytes"]) {
            (Value::String(content), _) => content.clone(),
            (_, bytes) => "x".repeat(usize::try_from(bytes.as_u64().unwrap_or(0)).unwrap()),
        };
        let kind = u16::try_from(event["kind"].as_u64().unwrap_or(1)).unwrap();
        let tags: Vec<Vec<String>> = serde_json::from_value(event["tags"].clone()).unwrap_or_default();
        let event = EventBuilder::new(kind).created_at(created_at).content(content);
        tags.iter().fold(event, |event, tag| event.tag(tag)).sign(&author)
    }

    /// The relay of an example with what its test needs in the store: whom people follow, and what is to be read.
    async fn relay(&self, test: &Value, turn: fn(&mut Config)) -> Relay {
        let mut stored = String::new();
        if test["access"] == "read" {
            stored += &(self.event(test).json() + "\n");
        }
        for (root, followed) in test["follows"].as_object().into_iter().flatten() {
            let list = followed.as_array().unwrap().iter();
            let list = list.fold(EventBuilder::new(3), |list, hex| list.tag(&["p", hex.as_str().unwrap()]));
            stored += &(list.sign(&self.people[root]).json() + "\n");
        }
        let relay = Relay::start_with(|config| {
            import(&config.store.data_dir, &stored);
            config.access.owners = vec![owner().public()];
            config.access.admins = vec![Keys::from_seed(501).public()];
            config.policy.file = config.store.data_dir.join("policy.json");
            fs::write(&config.policy.file, &self.text).unwrap();
            turn(config);
        })
        .await;
        for keys in self.people.values().chain([&stranger()]) {
            relay.manage(&owner(), "allowpubkey", json!([keys.public().to_string()])).await;
        }
        relay
    }

    async fn check(&self, test: &Value, turn: fn(&mut Config)) {
        let relay = self.relay(test, turn).await;
        let viewers = self.viewers(test);
        let mut client =
            if viewers.is_empty() { relay.connect().await } else { relay.connect_as(&viewers).await };
        let passed = if test["filter"].is_object() {
            is_answered(&mut client, &test["filter"]).await
        } else if test["access"] == "read" {
            let filter = json!({"ids": [self.event(test).id().to_string()]});
            client.count(&filter.to_string()).await == 1
        } else {
            let (accepted, text) = client.publish_past_a_challenge(&self.event(test)).await;
            // The limit of the configuration comes before the same one of the file.
            let by_configuration = text.starts_with("invalid: created_at is more than 900 seconds ahead");
            assert!(accepted || by_configuration || !text.starts_with("invalid: "), "{test}: {text}");
            accepted
        };
        assert_eq!(passed, test["expect"] == "allow", "{test}");
    }
}

fn import(data_dir: &Path, lines: &str) {
    if lines.is_empty() {
        return;
    }
    let file = data_dir.join("events.jsonl");
    fs::write(&file, lines).unwrap();
    let mut command = command();
    command.env("CHAPPE_STORE__MAP_BYTES", (1_u64 << 30).to_string()).arg("--data-dir").arg(data_dir);
    let done = command.arg("import").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(done.success(), "{lines}");
}

/// Whether a question is answered at all.
async fn is_answered(client: &mut Client, filter: &Value) -> bool {
    client.say(&format!(r#"["COUNT","asked",{filter}]"#)).await;
    let mut heard = client.hear().await;
    if heard[0] == "AUTH" {
        heard = client.hear().await;
    }
    heard[0] == "COUNT"
}

async fn check(name: &str, turn: fn(&mut Config)) {
    let example = Example::read(name);
    let tests = example.tests();
    assert!(tests.len() >= 4, "{name}");
    for test in tests {
        // What becomes of a claim is for the members' own tests.
        if test["event"]["kind"] != 28_934 {
            example.check(&test, turn).await;
        }
    }
}

#[tokio::test]
async fn public() {
    check("public.json", |_| {}).await;
}

#[tokio::test]
async fn follows() {
    check("follows.json", |config| {
        config.access.mode = Mode::Follows;
        config.access.auth_read = true;
    })
    .await;
}

#[tokio::test]
async fn community() {
    check("community.json", |config| config.access.mode = Mode::Members).await;
}

#[tokio::test]
async fn archive() {
    check("archive.json", |config| config.access.admins = Vec::new()).await;
}

#[tokio::test]
async fn inbox() {
    check("inbox.json", |_| {}).await;
}

#[tokio::test]
async fn company() {
    check("company.json", |config| {
        config.access.auth_read = true;
        config.access.auth_write = true;
    })
    .await;
}
