//! docs/metrics.md and the dashboard name what there is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Scrape, promtool, start_with, with_tls};
use crate::harness::tls::Authority;

const METRICS: &str = include_str!("../../../docs/metrics.md");
const DASHBOARD: &str = include_str!("../../../config/grafana/chappe.json");

/// A plugin that is there, and is not asked.
const ANSWERS_NOTHING: &str = "exec cat >/dev/null";

/// Type, labels in order, and what it says.
type Description = (String, BTreeSet<String>, String);

/// The rows of the tables: | `name` | type | labels | what |.
fn documented() -> BTreeMap<String, Description> {
    let of_metrics = |line: &&str| line.starts_with("| `chappe_") || line.starts_with("| `process_");
    let rows = METRICS.lines().filter(of_metrics);
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [name, kind, labels, what] = cells[..] else { panic!("{row}") };
        let labels = labels.split(", ").filter(|label| !label.is_empty());
        let labels = labels.map(|label| label.trim_matches('`').to_owned()).collect();
        (name.trim_matches('`').to_owned(), (kind.to_owned(), labels, what.to_owned()))
    })
    .collect()
}

fn scraped(text: &str) -> BTreeMap<String, Description> {
    let mut metrics = BTreeMap::new();
    let mut what = String::new();
    let mut last = String::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            what = help.split_once(' ').unwrap().1.to_owned();
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            last = name.to_owned();
            let before =
                metrics.insert(last.clone(), (kind.to_owned(), BTreeSet::new(), std::mem::take(&mut what)));
            assert!(before.is_none(), "{name} is there twice");
        } else {
            assert!(line.starts_with(&last), "{line} stands below {last}");
            let labels = line.split_once('{').map_or("", |(_, rest)| rest.rsplit_once('}').unwrap().0);
            let names = labels.split(',').filter_map(|label| Some(label.split_once('=')?.0.to_owned()));
            let labels: &mut BTreeSet<String> = &mut metrics.get_mut(&last).unwrap().1;
            labels.extend(names.filter(|name| name != "le"));
        }
    }
    metrics
}

#[tokio::test]
async fn every_metric_is_documented_and_nothing_else_is() {
    let pair = Authority::new().issue();
    let relay = start_with(|config| {
        config.policy.plugin = ANSWERS_NOTHING.to_owned();
        with_tls(config, &pair);
    })
    .await;
    // Some numbers are there only once something has happened.
    let mut client = relay.connect().await;
    client.query("{}").await;
    let (documented, scraped) = (documented(), scraped(&Scrape::of(&relay).await.text));
    for (name, found) in &scraped {
        assert_eq!(documented.get(name), Some(found), "{name} in docs/metrics.md");
    }
    for name in documented.keys() {
        assert!(scraped.contains_key(name), "{name} of docs/metrics.md is not there");
    }
}

/// Every query of the dashboard, and every alarm of the document.
fn queries() -> Vec<String> {
    fn collect(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("expr").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| collect(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(&serde_json::from_str(DASHBOARD).unwrap(), &mut found);
    found.extend(METRICS.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).map(str::to_owned));
    found
}

/// The metrics that a query names, each with the labels that it is selected by.
fn named(query: &str) -> Vec<(String, BTreeSet<String>)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = query;
    while let Some(start) = rest.find("chappe_").into_iter().chain(rest.find("process_")).min() {
        let (name, after) =
            rest[start..].split_at(rest[start..].find(|c| !is_word(c)).unwrap_or(rest.len() - start));
        let selector = after.strip_prefix('{').map_or("", |after| after.split('}').next().unwrap());
        let labels = selector.split(',').filter_map(|label| Some(label.split(['=', '!']).next()?.to_owned()));
        found.push((name.to_owned(), labels.filter(|label| !label.is_empty()).collect()));
        rest = after;
    }
    found
}

#[test]
fn queries_name_what_there_is() {
    let documented = documented();
    let queries = queries();
    assert!(queries.len() > 40, "{}", queries.len());
    let mut used = BTreeSet::new();
    for query in &queries {
        let named = named(query);
        assert!(!named.is_empty() || query == "up", "{query}");
        for (name, labels) in named {
            let histogram = ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end));
            let is_histogram =
                |name: &&str| documented.get(*name).is_some_and(|(kind, ..)| kind == "histogram");
            let name = histogram.filter(is_histogram).unwrap_or(&name).to_owned();
            let (_, known, _) = documented.get(&name).unwrap_or_else(|| panic!("{name} of {query}"));
            let of_scrapes = ["instance", "job"].map(str::to_owned);
            assert!(
                labels.iter().all(|label| known.contains(label) || of_scrapes.contains(label)),
                "{query}"
            );
            used.insert(name);
        }
    }
    // The others are for a closer look.
    assert!(used.len() > 25, "{used:?}");
}

/// As rules, which is how `promtool` reads queries.
#[test]
fn queries_are_ones() {
    let rules: Vec<_> = queries()
        .iter()
        .enumerate()
        .map(|(number, query)| {
            let query = query.replace("$__rate_interval", "5m").replace("$instance", ".*");
            json!({ "record": format!("query_{number}"), "expr": query })
        })
        .collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    // YAML is what the tool reads, and JSON is YAML.
    let groups = json!({ "groups": [{ "name": "queries", "rules": rules }] });
    std::fs::write(file.path(), groups.to_string()).unwrap();
    let (done, said) = promtool(&["check", "rules", file.path().to_str().unwrap()], "");
    assert!(done, "{said}");
}
