use chappe_testkit::Keys;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::relay::tests::{Setting, clock, config, owner, start};

/// What a call answered, and what was remarked.
fn call(config: &Config, method: &str, params: Vec<Value>) -> Result<(Value, String), String> {
    let (mut out, mut remarks) = (Vec::new(), Vec::new());
    run(config, &clock(), (method, params), &mut out, &mut remarks).map_err(|error| error.to_string())?;
    Ok((serde_json::from_slice(&out).unwrap(), String::from_utf8(remarks).unwrap()))
}

async fn call_beside(setting: &Setting, method: &'static str, params: Vec<Value>) -> Result<Value, String> {
    let config = setting.config.clone();
    let called = tokio::task::spawn_blocking(move || call(&config, method, params)).await.unwrap();
    called.map(|(answer, remark)| {
        assert_eq!(remark, "");
        answer
    })
}

#[tokio::test]
async fn running_relay_does_what_is_asked() {
    let setting = start(|config, _| config.access.owners = vec![owner().public()]).await;
    let blocked =
        call_beside(&setting, "blockip", vec![json!("192.0.2.0/24"), json!("spam"), json!(60)]).await;
    assert_eq!(blocked, Ok(json!(true)));
    let (_, answer) = setting.call(&owner(), "listblockedips", json!([])).await;
    assert_eq!(answer["result"][0]["ip"], "192.0.2.0/24");
    let error = call_beside(&setting, "blockip", vec![json!("here")]).await.unwrap_err();
    assert!(error.contains("params[0]"), "{error}");
}

#[test]
fn it_is_done_in_the_directory_of_a_relay_that_does_not_run() {
    let directory = TempDir::new().unwrap();
    let mut config = config(&directory);
    config.access.owners = vec![owner().public()];
    let banned = Keys::from_seed(7).public().to_string();
    let (answer, remark) = call(&config, "banpubkey", vec![json!(banned), json!("spam")]).unwrap();
    assert_eq!(answer, true);
    assert!(remark.contains("does not run"), "{remark}");
    // What is there is told, and nobody is connected.
    let (stats, _) = call(&config, "stats", Vec::new()).unwrap();
    assert!(stats["bytes_used"].as_u64().unwrap() > 0, "{stats}");
    assert_eq!((&stats["events_stored"], &stats["connections"]), (&json!(0), &json!(0)));
    let (settings, _) = call(&config, "listsettings", Vec::new()).unwrap();
    let owners = settings.as_array().unwrap().iter().find(|knob| knob["name"] == "access.owners").unwrap();
    assert_eq!(owners["value"][0], owner().public().to_string());
    let (list, _) = call(&config, "listbannedpubkeys", Vec::new()).unwrap();
    assert_eq!(list, json!([{ "pubkey": banned, "reason": "spam" }]));
    let error = call(&config, "banpubkeys", Vec::new()).unwrap_err();
    assert!(error.contains("unknown method"), "{error}");
}
