//! From the sources to one checked [`Config`].

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::origins::lines;
use super::{Config, Fault, Origin, Origins, environment};

/// What the command line overrides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overrides {
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// `--listen`, as often as it was given; replaces the whole list.
    pub listen: Vec<SocketAddr>,
}

/// Why there is no configuration. Its text names the key, and for the file the line.
#[derive(Debug)]
pub enum ConfigError {
    /// The file cannot be read.
    Read {
        /// Which file.
        file: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// The file is not TOML, or holds an unknown key or a value of the wrong type.
    File {
        /// Which file.
        file: PathBuf,
        /// Where and what.
        error: Box<toml::de::Error>,
    },
    /// A variable names no knob, or its value does not fit.
    Environment {
        /// The variable.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// Values that are out of range or do not go together.
    Faults(Vec<LocatedFault>),
    /// Neither `data_dir` nor a place for user data is known.
    NoDataHome,
}

/// A [`Fault`] and where its key is written.
#[derive(Debug)]
pub struct LocatedFault {
    /// What is wrong.
    pub fault: Fault,
    /// File and line, counted from 1, when the file holds the key.
    pub place: Option<(PathBuf, usize)>,
}

/// Reads the configuration: defaults, then the file, then the environment, then the command line; and checks it.
///
/// # Errors
///
/// The first source that cannot be read or understood, else all values that are impossible.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    overrides: &Overrides,
) -> Result<Config, ConfigError> {
    let environment: Vec<_> = environment.into_iter().collect();
    let text = file.map(read).transpose()?;
    let config = match (file, &text) {
        (Some(file), Some(text)) => parse(file, text)?,
        (None, _) | (_, None) => Config::default(),
    };
    let data_home = data_home(&environment);
    let mut origins = match (file, &text) {
        (Some(file), Some(text)) => Origins::of_file(file, text),
        (None, _) | (_, None) => Origins::default(),
    };
    let mut config = environment::apply(config, environment, &mut origins)?;
    if let Some(data_dir) = &overrides.data_dir {
        origins.set("store.data_dir", Origin::CommandLine("--data-dir"));
        config.store.data_dir.clone_from(data_dir);
    }
    if !overrides.listen.is_empty() {
        origins.set("listen.addresses", Origin::CommandLine("--listen"));
        config.listen.addresses.clone_from(&overrides.listen);
    }
    if config.store.data_dir.as_os_str().is_empty() {
        config.store.data_dir = data_home.ok_or(ConfigError::NoDataHome)?.join("chappe");
    }
    let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
    let Config { policy, tls, .. } = &mut config;
    let files =
        [&mut policy.file, &mut policy.shadow_file, &mut tls.certificate, &mut tls.key, &mut tls.acme_root];
    for path in files {
        *path = from_folder(folder, path);
    }
    folder.clone_into(&mut config.policy.folder);
    config.origins = origins;
    let faults = config.faults();
    if faults.is_empty() {
        return Ok(config);
    }
    let lines = text.as_deref().map(lines).unwrap_or_default();
    let place = |fault: &Fault| Some((file?.to_owned(), *lines.get(fault.key)?));
    let located = faults.into_iter().map(|fault| LocatedFault { place: place(&fault), fault });
    Err(ConfigError::Faults(located.collect()))
}

fn read(file: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(file).map_err(|error| ConfigError::Read { file: file.to_owned(), error })
}

fn parse(file: &Path, text: &str) -> Result<Config, ConfigError> {
    toml::from_str(text).map_err(|error| ConfigError::File { file: file.to_owned(), error: Box::new(error) })
}

/// Where user data belongs, by the XDG base directory specification, which says to ignore relative paths.
fn data_home(environment: &[(OsString, OsString)]) -> Option<PathBuf> {
    let variable = |name: &str| {
        let found = environment.iter().find(|(candidate, _)| candidate == OsStr::new(name));
        found.map(|(_, value)| PathBuf::from(value)).filter(|path| path.is_absolute())
    };
    variable("XDG_DATA_HOME").or_else(|| Some(variable("HOME")?.join(".local/share")))
}

/// A path as it is meant in a file of that folder. The process may have another working directory.
fn from_folder(folder: &Path, path: &Path) -> PathBuf {
    if path.as_os_str().is_empty() {
        return PathBuf::new();
    }
    let path = folder.join(path);
    // Without a working directory the path stays what it is, and cannot be read.
    std::path::absolute(&path).unwrap_or(path)
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { file, error } => write!(f, "cannot read {}: {error}", file.display()),
            Self::File { file, error } => write!(f, "{}: {}", file.display(), error.to_string().trim_end()),
            Self::Environment { name, reason } => write!(f, "environment variable {name}: {reason}"),
            Self::Faults(faults) => {
                let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
            Self::NoDataHome => f.write_str(
                "store.data_dir: no directory for the events; set it, pass --data-dir, or set XDG_DATA_HOME or HOME",
            ),
        }
    }
}

impl fmt::Display for LocatedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((file, line)) = &self.place {
            write!(f, "{}:{line}: ", file.display())?;
        }
        self.fault.fmt(f)
    }
}

impl std::error::Error for ConfigError {}
