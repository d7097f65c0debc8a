//! What a plugin or script says, in a history of its own.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::Arc;

use parking_lot::Mutex;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

use super::History;

/// The histories of a relay's plugins and scripts. A clone shares them.
#[derive(Debug, Clone)]
pub(crate) struct Journals {
    bytes_max: usize,
    open: Arc<Mutex<BTreeMap<String, Open>>>,
}

#[derive(Debug, Clone)]
struct Open {
    /// What it is of.
    program: Arc<str>,
    history: History,
}

/// Writes the history of one program. When it is dropped, the history is gone.
pub(crate) struct Journal {
    journals: Journals,
    /// In addresses.
    name: String,
    /// In lines of the log.
    program: Arc<str>,
    history: History,
    /// A line that is being put together; kept, so that lines allocate nothing.
    line: Mutex<String>,
}

impl Journals {
    /// None yet. Each will keep so many bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, open: Arc::default() }
    }

    /// Begins that of the relay's plugin. It is called `plugin`: the command line may hold a password.
    pub(crate) fn begin_plugin(&self) -> Journal {
        self.begin("plugin", "plugin".into())
    }

    /// Begins that of a script that the policy file calls so. Its name in addresses is made of that.
    pub(crate) fn begin_script(&self, script: &Arc<str>) -> Journal {
        self.begin(&address_name(script), Arc::clone(script))
    }

    /// Two of the same name are told apart by a number.
    fn begin(&self, base: &str, program: Arc<str>) -> Journal {
        let mut open = self.open.lock();
        let mut name = base.to_owned();
        let mut number = 1;
        while open.contains_key(&name) {
            number += 1;
            name = format!("{base}-{number}");
        }
        let history = History::new(self.bytes_max);
        open.insert(name.clone(), Open { program: Arc::clone(&program), history: history.clone() });
        Journal { journals: self.clone(), name, program, history, line: Mutex::default() }
    }

    /// The one with this name.
    pub(crate) fn find(&self, name: &str) -> Option<History> {
        self.open.lock().get(name).map(|open| open.history.clone())
    }

    /// Name and program of each.
    pub(crate) fn list(&self) -> Vec<(String, Arc<str>)> {
        let open = self.open.lock();
        open.iter().map(|(name, open)| (name.clone(), Arc::clone(&open.program))).collect()
    }
}

/// The name of a script in an address: that of its file, in letters that an address holds as they are.
///
/// All begin so that no other part of the log is called the same.
fn address_name(script: &str) -> String {
    let file = script.rsplit('/').next().unwrap_or_default();
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    let file: String = file.chars().map(|letter| if fits(letter) { letter } else { '_' }).collect();
    format!("script-{file}")
}

impl Journal {
    /// What the log calls the program.
    pub(crate) fn program(&self) -> &str {
        &self.program
    }

    /// Keeps a line that the program wrote to its standard error.
    pub(crate) fn said(&self, text: fmt::Arguments<'_>) {
        self.write(text);
    }

    /// Keeps what the relay has to say of the program.
    pub(crate) fn remark(&self, remark: fmt::Arguments<'_>) {
        self.write(format_args!("[chappe] {remark}"));
    }

    fn write(&self, text: fmt::Arguments<'_>) {
        let mut line = self.line.lock();
        line.clear();
        // Writing into a string cannot fail, and a clock that cannot be told leaves a line without its time.
        let _ = SystemTime.format_time(&mut Writer::new(&mut *line));
        let _ = writeln!(line, " {text}");
        self.history.write(line.as_bytes());
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.journals.open.lock().remove(&self.name);
        self.history.close();
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
