//! What the documents say of the configuration is so.

use chappe_app::config::Config;
use serde_json::Value;

const LIMITS: &str = include_str!("../../docs/limits.md");

/// The default that a row of docs/limits.md states for this knob: its number, 0 for `none`.
fn stated(knob: &str) -> Option<u64> {
    let first_in_its_cell =
        |row: &&str| row.split('|').nth(2).is_some_and(|cell| cell.trim().starts_with(knob));
    let row = LIMITS.lines().find(first_in_its_cell)?;
    let cell = row.split('|').nth(3)?.trim();
    if cell == "none" {
        return Some(0);
    }
    let number: String =
        cell.chars().filter(|c| !matches!(c, ',')).take_while(char::is_ascii_digit).collect();
    number.parse().ok()
}

#[test]
fn every_limit_is_listed_with_its_default() {
    let config = serde_json::to_value(Config::default()).unwrap();
    for section in
        ["limits", "timeouts", "rates", "follows", "curating", "social", "members", "policy", "management"]
    {
        let Value::Object(knobs) = &config[section] else { panic!("no section {section}") };
        // What is not a number is not a bound.
        for (key, default) in knobs.iter().filter(|(_, default)| default.is_number()) {
            let knob = format!("`{section}.{key}`");
            assert_eq!(stated(&knob), default.as_u64(), "{knob} in docs/limits.md");
        }
    }
    for knob in ["store.map_bytes", "store.map_reserve_bytes", "store.young_bytes_max"] {
        assert!(LIMITS.contains(&format!("`{knob}`")), "{knob} in docs/limits.md");
    }
}
