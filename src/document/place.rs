//! Places in the plan, as reports name them.

use std::path::{Path, PathBuf};

use super::{Document, Repository, RunInfo, RunRecord};
use crate::diagnostic::{FileId, Span};
use crate::sanitize::defused;

/// A place in one of the plan's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileLine {
    /// Relative to the repository's root if there is one, else as the user named it; with `/`.
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: usize,
}

impl std::fmt::Display for FileLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl Document<'_> {
    /// A line of another file, or else of the plan's own.
    pub(crate) fn place(&self, file: Option<&String>, line: usize) -> FileLine {
        // Names of files are foreign too: of a plan in a stranger's change, of saved results.
        FileLine { file: defused(file.unwrap_or(&self.plan.file)).replace(['\r', '\n'], " "), line }
    }
}

impl RunRecord<'_> {
    /// The plan's own file.
    pub(super) fn plan_file(&self) -> String {
        self.shown(&self.graph.file)
    }

    /// The file of a place, if it is another one than the plan's own.
    pub(super) fn other_file(&self, span: Span) -> Option<String> {
        let file = self.file(span.file);
        (file != self.plan_file()).then_some(file)
    }

    fn file(&self, id: FileId) -> String {
        match self.graph.sources.file(id) {
            Some(file) => self.shown(&file.path),
            None => self.plan_file(),
        }
    }

    fn shown(&self, path: &std::path::Path) -> String {
        self.info.shown(path)
    }
}

impl RunInfo {
    /// A path as reports name it: from the repository's root if there is one, with `/`.
    pub(super) fn shown(&self, path: &std::path::Path) -> String {
        shown_from(self.repository.as_ref(), path)
    }
}

fn shown_from(repository: Option<&Repository>, path: &Path) -> String {
    let relative = repository.and_then(|repository| repository.relative(path));
    let path = relative.as_deref().unwrap_or(path).to_string_lossy();
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.into_owned() };
    path.strip_prefix("./").map(str::to_owned).unwrap_or(path)
}

fn repository() -> Option<Repository> {
    std::env::current_dir().ok().and_then(|folder| Repository::around(&folder))
}

/// A plan's file as its results will have it.
pub fn plan_file(path: &Path) -> String {
    shown_from(repository().as_ref(), path)
}

/// A file that results name by a relative path.
pub(super) fn from_root(path: &Path) -> PathBuf {
    repository().map_or_else(|| path.to_owned(), |repository| repository.root.join(path))
}
