//! What plugins and scripts say, each by itself.

use super::*;

#[tokio::test]
async fn a_plugins_standard_error_has_a_history_of_its_own() {
    let setting = Setting::start(&[]).await;
    setting.say(4).await;
    let plugin = setting.get("/logs/plugin").await;
    let lines: Vec<&str> = plugin.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(lines[0], "[chappe] started");
    assert_eq!(lines[4], "000004 of 4: the plugin has something to say, and says it at some length");
    assert_eq!(lines.len(), 5);
    // It is in the log as well, by the name that is shown to nobody's password.
    let whole = setting.get("/logs").await;
    assert!(whole.contains(r#"at some length plugin="plugin""#), "{whole}");
    assert!(!whole.contains("plugin.sh"), "{whole}");
    assert!(setting.get("/logs/components").await.contains(r#""name":"plugin""#));
}

#[tokio::test]
async fn a_script_has_one_for_as_long_as_a_policy_names_it() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("plugin.sh"), PLUGIN).unwrap();
    let script = dir.path().join("ask.sh");
    std::fs::write(&script, format!("#!/bin/sh\n{PLUGIN}")).unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let policy = dir.path().join("policy.json");
    let write = |rules: Value| {
        let text = json!({ "default_policy": "allow", "rules": rules }).to_string();
        std::fs::write(dir.path().join("new.json"), text).unwrap();
        std::fs::rename(dir.path().join("new.json"), &policy).unwrap();
    };
    write(json!({ "1": { "script": "./ask.sh" } }));
    let process = start_on(&dir, &[("POLICY__FILE", policy.to_str().unwrap())]).await;
    let setting = Setting { process, dir };
    assert_eq!(
        setting.get_as(&owner(), "/logs/script-ask.sh").await.status,
        404,
        "it starts when it is asked"
    );
    setting.say(3).await;
    setting.wait_for("/logs/script-ask.sh", "000003 of 3: ").await;
    let mut reader = setting.stream("/logs/stream/script-ask.sh", Some(0)).await;
    assert_eq!(reader.lines_to("000003 of 3: ").await.len(), 4);
    // The plugin, which was asked as well, has another.
    assert!(setting.get("/logs/plugin").await.contains("000003 of 3: "));
    let components = setting.get("/logs/components").await;
    assert!(components.contains(r#""about":"./ask.sh","name":"script-ask.sh""#), "{components}");

    write_nothing(&setting, &policy);
    while reader.next().await.is_some() {}
    assert!(reader.ended_well());
    assert_eq!(setting.get_as(&owner(), "/logs/script-ask.sh").await.status, 404);
    // The log as a whole still knows.
    assert!(setting.get("/logs/plugins").await.contains("no policy names it any more"));
}

fn write_nothing(setting: &Setting, policy: &std::path::Path) {
    let new = setting.dir.path().join("new.json");
    std::fs::write(&new, json!({ "default_policy": "allow" }).to_string()).unwrap();
    std::fs::rename(new, policy).unwrap();
    setting.process.signal("HUP");
}
