//! The files of the checkout, read once.

use std::fs;
use std::path::Path;

use crate::command::Failure;

/// Every file that belongs to the project.
#[derive(Debug, Default)]
pub(super) struct Tree {
    files: Vec<File>,
}

/// A file. What is not text has no text.
#[derive(Debug)]
pub(super) struct File {
    /// Relative to the top, with `/`.
    pub(super) path: String,
    /// Empty for a file that is not UTF-8.
    pub(super) text: String,
}

/// Folders that a build or an editor makes; `.gitignore` names the same.
const NOT_OURS: &[&str] = &["target", "node_modules", "corpus", "artifacts"];
/// Hidden folders that are ours all the same.
const HIDDEN_OURS: &[&str] = &[".cargo", ".ci", ".github"];

impl Tree {
    pub(super) fn read(root: &Path) -> Result<Self, Failure> {
        let mut tree = Self::default();
        tree.read_folder(root, "")?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) -> Result<(), Failure> {
        for entry in fs::read_dir(folder).map_err(Failure::io(folder.display()))? {
            let entry = entry.map_err(Failure::io(folder.display()))?;
            let kind = entry.file_type().map_err(Failure::io(folder.display()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            let is_hidden = name.starts_with('.') && !HIDDEN_OURS.contains(&name.as_str());
            if kind.is_dir() && !is_hidden && !NOT_OURS.contains(&name.as_str()) {
                self.read_folder(&entry.path(), &format!("{path}/"))?;
            } else if kind.is_file() {
                let bytes = fs::read(entry.path()).map_err(Failure::io(entry.path().display()))?;
                self.files.push(File { path, text: String::from_utf8(bytes).unwrap_or_default() });
            }
        }
        Ok(())
    }

    pub(super) fn files(&self) -> &[File] {
        &self.files
    }

    /// The files below a folder, or the one at exactly this path.
    pub(super) fn below<'a>(&'a self, place: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| is_at_or_below(&file.path, place))
    }

    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// A tree for tests.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let file = |&(path, text): &(&str, &str)| File { path: path.to_owned(), text: text.to_owned() };
        Self { files: files.iter().map(file).collect() }
    }
}

fn is_at_or_below(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests;
