use chappe_testkit::Keys;
use tempfile::TempDir;

use super::*;
use crate::config::ProxyProtocol;
use crate::relay::tests::{Setting, clock, config, owner, start};

/// What a command printed, and remarked.
fn invite(config: &Config, options: (Option<u32>, Option<u32>)) -> Result<(String, String), String> {
    let (mut out, mut remarks) = (Vec::new(), Vec::new());
    run(config, &clock(), options, &mut out, &mut remarks).map_err(|error| error.to_string())?;
    Ok((String::from_utf8(out).unwrap(), String::from_utf8(remarks).unwrap()))
}

async fn invite_by(
    setting: &Setting,
    options: (Option<u32>, Option<u32>),
) -> Result<(String, String), String> {
    let config = setting.config.clone();
    tokio::task::spawn_blocking(move || invite(&config, options)).await.unwrap()
}

fn members(config: &mut Config) {
    config.access.mode = Mode::Members;
    config.access.owners = vec![owner().public()];
}

async fn open_invites(setting: &Setting) -> Vec<Value> {
    let (_, answer) = setting.call(&owner(), "listinvites", json!([])).await;
    answer["result"].as_array().unwrap().clone()
}

#[tokio::test]
async fn running_relay_makes_invites() {
    let setting = start(|config, _| members(config)).await;
    let (code, remark) = invite_by(&setting, (None, None)).await.unwrap();
    assert_eq!(remark, "good for one, for 7 days\n");
    let (other, remark) = invite_by(&setting, (Some(5), Some(0))).await.unwrap();
    assert_eq!(remark, "good for 5, for ever\n");
    assert_ne!(code, other);
    let open = open_invites(&setting).await;
    let uses =
        |code: &str| open.iter().find(|invite| invite["code"] == code.trim_end()).unwrap()["uses"].clone();
    assert_eq!((uses(&code), uses(&other)), (json!(1), json!(5)));
}

#[tokio::test]
async fn relay_is_reached_under_its_name_and_behind_the_proxy_protocol() {
    let setting = start(|config, _| {
        members(config);
        config.relay.urls = vec!["wss://relay.example.com".to_owned()];
        config.proxy.protocol = ProxyProtocol::Proxy;
        config.listen.addresses = vec!["0.0.0.0:0".parse().unwrap()];
    })
    .await;
    invite_by(&setting, (None, None)).await.unwrap();
}

#[tokio::test]
async fn invites_of_a_stopped_relay_are_good_when_it_runs() {
    let directory = TempDir::new().unwrap();
    let mut config = config(&directory);
    members(&mut config);
    // Even before it ran for the first time.
    let (code, _) = invite(&config, (None, None)).unwrap();
    let setting = start(|other, _| *other = config).await;
    assert_eq!(open_invites(&setting).await[0]["code"], code.trim_end());
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let directory = TempDir::new().unwrap();
    let mut config = config(&directory);
    config.access.owners = vec![Keys::from_seed(1).public()];
    assert!(invite(&config, (None, None)).unwrap_err().contains("access.mode is not \"members\""));
    let setting = start(|config, _| {
        members(config);
        config.management.enabled = false;
    })
    .await;
    let error = invite_by(&setting, (None, None)).await.unwrap_err();
    assert!(error.contains("its management API is off"), "{error}");
    let mut elsewhere = setting.config.clone();
    // Nobody listens at the discard port.
    elsewhere.listen.addresses = vec!["127.0.0.1:9".parse().unwrap()];
    let error =
        tokio::task::spawn_blocking(move || invite(&elsewhere, (None, None))).await.unwrap().unwrap_err();
    assert!(error.contains("cannot be reached"), "{error}");
}
