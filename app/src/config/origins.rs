//! Where the values of a configuration come from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::de::DeTable;
use toml::{Table, Value};

use super::Config;

/// Where one value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody has set it.
    Default,
    /// The configuration file.
    File {
        /// Which file.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// This variable of the environment.
    Environment(String),
    /// This option of the command line.
    CommandLine(&'static str),
}

/// Where all values come from, by `section.key`; those that are not here are defaults.
///
/// It is no part of what is configured: configurations that say the same are equal, wherever they have it from.
#[derive(Debug, Clone, Default)]
pub struct Origins(BTreeMap<String, Origin>);

impl PartialEq for Origins {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Origins {}

/// One knob, as it is set.
#[derive(Debug, Clone, PartialEq)]
pub struct Knob {
    /// `limits`.
    pub section: String,
    /// `limit_max`.
    pub key: String,
    /// What is in effect.
    pub value: Value,
    /// What would be, if nobody had set it. Of `store.data_dir` it is empty.
    pub default: Value,
    /// Who has set it.
    pub origin: Origin,
}

impl Origins {
    /// What this text of a file sets. Nothing where it cannot be read.
    pub(super) fn of_file(file: &Path, text: &str) -> Self {
        let lines = lines(text).into_iter();
        Self(lines.map(|(knob, line)| (knob, Origin::File { file: file.to_owned(), line })).collect())
    }

    /// Takes note of where the value of `section.key` comes from after all.
    pub(super) fn set(&mut self, knob: impl Into<String>, origin: Origin) {
        self.0.insert(knob.into(), origin);
    }

    fn of(&self, knob: &str) -> Origin {
        self.0.get(knob).cloned().unwrap_or(Origin::Default)
    }
}

/// The line, counted from 1, on which the text sets each `section.key`.
pub(super) fn lines(text: &str) -> BTreeMap<String, usize> {
    let Ok(table) = DeTable::parse(text) else { return BTreeMap::new() };
    let mut found = BTreeMap::new();
    for (section, knobs) in table.get_ref() {
        for (key, _) in knobs.get_ref().as_table().into_iter().flatten() {
            let before = text.get(..key.span().start).unwrap_or_default();
            found
                .insert(format!("{}.{}", section.get_ref(), key.get_ref()), before.matches('\n').count() + 1);
        }
    }
    found
}

impl Config {
    /// Every knob, in the order of its name.
    ///
    /// # Errors
    ///
    /// When a value cannot be written as TOML: no number is so large.
    pub fn knobs(&self) -> Result<Vec<Knob>, toml::ser::Error> {
        let (values, mut defaults) = (Table::try_from(self)?, Table::try_from(Self::default())?);
        let mut knobs = Vec::new();
        for (section, values) in values {
            let Value::Table(values) = values else { continue };
            for (key, value) in values {
                let default =
                    defaults.get_mut(&section).and_then(|defaults| defaults.as_table_mut()?.remove(&key));
                let origin = self.origins.of(&format!("{section}.{key}"));
                let default = default.unwrap_or_else(|| value.clone());
                knobs.push(Knob { section: section.clone(), key, value, default, origin });
            }
        }
        Ok(knobs)
    }
}

impl Origin {
    /// The sort of place, in one word.
    pub(crate) const fn sort(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File { .. } => "file",
            Self::Environment(_) => "environment",
            Self::CommandLine(_) => "command line",
        }
    }

    /// Which one of them; none for a default.
    pub(crate) fn place(&self) -> Option<String> {
        match self {
            Self::Default => None,
            Self::File { file, line } => Some(format!("{}:{line}", file.display())),
            Self::Environment(name) => Some(name.clone()),
            Self::CommandLine(option) => Some((*option).to_owned()),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place() {
            None => f.write_str(self.sort()),
            Some(place) => write!(f, "{}: {place}", self.sort()),
        }
    }
}
