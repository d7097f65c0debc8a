//! What the relay says of itself follows what it is.

use super::*;
use crate::config::{Mode, Others};

#[tokio::test]
async fn changed_name_is_shown_at_once() {
    let setting = start(|config, _| config.access.owners = vec![owner().public()]).await;
    assert_eq!(setting.document().await["name"], "Chappe");
    for (method, text) in [
        ("changerelayname", "Tower <1>"),
        ("changerelaydescription", "On a hill"),
        ("changerelayicon", "https://example.com/tower.png"),
    ] {
        let (_, answer) = setting.call(&owner(), method, json!([text])).await;
        assert_eq!(answer["result"], true, "{answer}");
    }
    let document = setting.document().await;
    assert_eq!(document["name"], "Tower <1>");
    assert_eq!(document["description"], "On a hill");
    assert_eq!(document["icon"], "https://example.com/tower.png");
    let page = setting.ask("GET", &[], "").await.body;
    assert!(page.contains("Tower &lt;1&gt;") && page.contains("On a hill"), "{page}");
}

#[tokio::test]
async fn own_key_is_told_and_stays() {
    let setting = start(|_, _| {}).await;
    let own = setting.document().await["self"].clone();
    assert_eq!(own.as_str().unwrap().len(), 64);
    let directory = setting.directory;
    setting.running.stop().await;
    let again = start(|config, _| config.store.data_dir = directory.path().to_owned()).await;
    assert_eq!(again.document().await["self"], own);
}

#[tokio::test]
async fn restricted_writes_and_nips_are_true_exactly_when_so() {
    let owners = |config: &mut Config| config.access.admins = vec![owner().public()];
    let mode = |mode| move |config: &mut Config| config.access.mode = mode;
    type Turn = Box<dyn Fn(&mut Config)>;
    let cases: Vec<(&str, Turn, bool, bool)> = vec![
        ("open", Box::new(mode(Mode::Open)), false, false),
        ("follows", Box::new(mode(Mode::Follows)), true, false),
        (
            "follows, with delay",
            Box::new(|config| {
                config.access.mode = Mode::Follows;
                config.follows.others = Others::Delay;
            }),
            false,
            false,
        ),
        ("managed", Box::new(mode(Mode::Managed)), true, false),
        ("curating", Box::new(mode(Mode::Curating)), false, false),
        ("social", Box::new(mode(Mode::Social)), false, false),
        ("members", Box::new(mode(Mode::Members)), true, true),
        ("pow", Box::new(|config| config.limits.pow_bits_min = 8), true, false),
        ("auth_write", Box::new(|config| config.access.auth_write = true), false, false),
    ];
    for (name, turn, restricted, members) in cases {
        let setting = start(|config, _| {
            owners(config);
            turn(config);
        })
        .await;
        let document = setting.document().await;
        assert_eq!(document["limitation"]["restricted_writes"], restricted, "{name}");
        let nips = document["supported_nips"].as_array().unwrap().clone();
        assert_eq!(nips.contains(&json!(43)), members, "{name}");
        assert!(nips.contains(&json!(86)) && nips.contains(&json!(98)), "{name}");
    }
}
