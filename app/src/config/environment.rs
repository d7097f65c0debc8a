//! Overrides from the environment: `CHAPPE_LIMITS__LIMIT_MAX=1000` sets `limit_max` of `[limits]`.

use std::ffi::OsString;

use serde::Deserialize;
use toml::{Table, Value};

use super::{Config, ConfigError, Origin, Origins};

const PREFIX: &str = "CHAPPE_";
const SEPARATOR: &str = "__";

/// Applies every variable that names a knob.
///
/// Each is applied by itself, so that an error names the variable that caused it.
pub(super) fn apply(
    mut config: Config,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    origins: &mut Origins,
) -> Result<Config, ConfigError> {
    for (name, value) in environment {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
            continue;
        };
        let fault = |reason: String| ConfigError::Environment { name: name.to_owned(), reason };
        let mut table = Table::try_from(&config).map_err(|error| fault(error.to_string()))?;
        let Some(knob) = knob(&mut table, name).map_err(fault)? else {
            continue;
        };
        let text = value.to_str().ok_or_else(|| fault("the value is not UTF-8".to_owned()))?;
        *knob = parse(knob, text).map_err(fault)?;
        config = Config::deserialize(table).map_err(|error| fault(error.message().to_owned()))?;
        origins.set(path(name).replacen(SEPARATOR, ".", 1), Origin::Environment(name.to_owned()));
    }
    Ok(config)
}

/// The knob's section and key, joined as in the variable.
fn path(name: &str) -> String {
    name.strip_prefix(PREFIX).unwrap_or_default().to_ascii_lowercase()
}

/// The knob that the variable names. None when the name is not of our form at all: `CHAPPE_HOME` may be anybody's.
fn knob<'a>(table: &'a mut Table, name: &str) -> Result<Option<&'a mut Value>, String> {
    let path = path(name);
    let Some((section, key)) = path.split_once(SEPARATOR) else {
        // A forgotten underscore must not be a knob that silently does nothing.
        let near = table
            .keys()
            .find(|section| path.strip_prefix(*section).is_some_and(|rest| rest.starts_with('_')));
        return near.map_or(Ok(None), |section| {
            let (section, rest) = path.split_at(section.len());
            let meant =
                format!("{PREFIX}{section}{SEPARATOR}{}", rest.trim_start_matches('_')).to_ascii_uppercase();
            Err(format!("unknown; section and key are joined by two underscores: {meant}"))
        });
    };
    let Some(Value::Table(section)) = table.get_mut(section) else {
        return Err(format!("unknown section [{section}]"));
    };
    let known = section.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    section.get_mut(key).map(Some).ok_or_else(|| format!("unknown key, expected one of {known}"))
}

/// Reads the text as what the knob holds now. Lists are TOML (`["a", "b"]`) or separated by commas (`a,b`).
fn parse(now: &Value, text: &str) -> Result<Value, String> {
    let text = text.trim();
    match now {
        Value::String(_) => Ok(Value::String(text.to_owned())),
        Value::Array(_) if !text.starts_with('[') => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Ok(Value::Array(items.map(scalar).collect()))
        }
        Value::Array(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Table(_) => text.parse().map_err(|error: toml::de::Error| error.message().to_owned()),
    }
}

/// An item of a comma separated list: a number where it is one, else a string.
fn scalar(item: &str) -> Value {
    item.parse().map_or_else(|_| Value::String(item.to_owned()), Value::Integer)
}
