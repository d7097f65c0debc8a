//! What the relay is set to, and who has set it: on the command line and for administrators.

use chappe_testkit::Keys;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::management::call;
use crate::harness::{Relay, chappe, run};

#[test]
fn command_line_tells_the_origin_of_each_value() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("chappe.toml");
    std::fs::write(&file, "[limits]\nlimit_max = 600\nfilters_max = 7\n").unwrap();
    let show = |file: &std::path::Path| {
        let file = file.to_str().unwrap();
        let mut command =
            chappe(&["--config", file, "--listen", "127.0.0.1:9", "config", "show", "--origins"]);
        command.env("CHAPPE_LIMITS__LIMIT_MAX", "700");
        let said = run(command);
        assert_eq!(said.code, Some(0), "{}", said.err);
        said.out
    };
    let shown = show(&file);
    for line in [
        "limit_max = 700 # environment: CHAPPE_LIMITS__LIMIT_MAX".to_owned(),
        format!("filters_max = 7 # file: {}:3", file.display()),
        "addresses = [\"127.0.0.1:9\"] # command line: --listen".to_owned(),
        "subscriptions_max = 300 # default".to_owned(),
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line} in {shown}");
    }
    // It can be loaded again, and then all of it is from that file.
    let again = dir.path().join("again.toml");
    std::fs::write(&again, &shown).unwrap();
    let shown = show(&again);
    assert!(shown.contains(&format!("subscriptions_max = 300 # file: {}:", again.display())), "{shown}");
}

#[tokio::test]
async fn administrators_see_what_is_in_effect_and_no_secret() {
    let (admin, moderator) = (Keys::from_seed(941), Keys::from_seed(942));
    let relay = Relay::start_with(|config| {
        config.access.admins = vec![admin.public()];
        config.access.moderators = vec![moderator.public()];
        config.relay.name = "Before".to_owned();
        config.policy.plugin = "/bin/cat --token=secret".to_owned();
        config.limits.limit_max = 700;
        config.relay.icon = "https://me:secret@pictures.example/a.png".to_owned();
    })
    .await;
    assert!(call(&relay, &moderator, "listsettings", json!([])).await.get("error").is_some());
    call(&relay, &admin, "changerelayname", json!(["After"])).await;
    let settings = call(&relay, &admin, "listsettings", json!([])).await;
    assert!(!settings.to_string().contains("secret"), "{settings}");
    let of = |name: &str| {
        let found = settings["result"].as_array().unwrap().iter().find(|entry| entry["name"] == name);
        found.unwrap_or_else(|| panic!("{name} in {settings}")).clone()
    };
    assert_eq!(of("limits.limit_max")["value"], 700);
    assert_eq!(of("limits.limit_max")["default"], 5_000);
    assert_eq!(
        (&of("relay.name")["value"], &of("relay.name")["from"]),
        (&json!("After"), &json!("administration"))
    );
    assert_eq!(of("policy.plugin")["value"], "/bin/cat (arguments are not shown)");
    assert_eq!(of("relay.icon")["value"], "https://...@pictures.example/a.png");
    assert_eq!(of("limits.filters_max")["from"], "default");
    assert_eq!(of("limits.filters_max")["place"], Value::Null);
}
