//! Problems in a plan and their positions: one type for all findings, rendered as text, as JSON and
//! for GitHub.

mod render;
mod source;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use render::{Format, annotation, json, render};

/// A file of a plan: the plan itself, an include, or the command line's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FileId(pub u32);

/// A range of bytes in one of the plan's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// Whether a finding stops the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is sent.
    Error,
    /// Told, but the run goes on and the exit code is unchanged.
    Warning,
}

/// A replacement that mends a finding.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fix {
    /// What to replace.
    pub span: Span,
    /// What to write there.
    pub replacement: String,
}

/// One finding: what is wrong, where, and how to fix it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// The very value it concerns.
    pub span: Span,
    /// A plain sentence, without a full stop.
    pub message: String,
    /// The remedy, in words.
    pub help: Option<String>,
    /// The remedy, as text to put in place.
    pub fix: Option<Fix>,
    /// Other places that matter ("first written here").
    pub related: Vec<(Span, String)>,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, span, message: message.into(), help: None, fix: None, related: Vec::new() }
    }

    /// A warning at `span`.
    pub fn warning(span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(span, message) }
    }

    /// Adds the remedy in words.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a remedy as text to put in place of `span`. A finding whose place is empty is about a value that is not
    /// in the file but was put in place by another finding's patch: it has none of its own.
    #[must_use]
    pub fn fix(mut self, span: Span, replacement: impl Into<String>) -> Self {
        if span.start == span.end && span == self.span {
            return self;
        }
        self.fix = Some(Fix { span, replacement: replacement.into() });
        self
    }

    /// Adds another place that matters.
    #[must_use]
    pub fn related(mut self, span: Span, note: impl Into<String>) -> Self {
        self.related.push((span, note.into()));
        self
    }
}

/// A file's text and where its lines begin.
#[derive(Debug)]
pub struct SourceFile {
    /// As the user named it.
    pub path: PathBuf,
    /// The whole text, without a byte order mark.
    pub text: Arc<str>,
    line_starts: Vec<u32>,
}

/// Every file a plan consists of.
#[derive(Debug, Default, Clone)]
pub struct Sources {
    files: Vec<Arc<SourceFile>>,
    /// The keys a file may begin a line with, so that a section of secrets ends where the next one begins.
    sections: Vec<&'static str>,
}

/// What stands for a file's name where the text is an option of the command line.
pub const COMMAND_LINE: &str = "command line";

impl Sources {
    /// No files yet; `sections` are the keys at the top of a file.
    pub fn with_sections(sections: impl IntoIterator<Item = &'static str>) -> Self {
        Self { sections: sections.into_iter().collect(), ..Self::default() }
    }

    /// Whether a place is in an option of the command line, where no patch can be applied.
    pub fn is_command_line(&self, span: Span) -> bool {
        self.path(span.file) == Path::new(COMMAND_LINE)
    }

    /// Adds a file and tells its number.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> FileId {
        let text = text.into();
        let line_starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at as u32 + 1))
            .collect();
        self.files.push(Arc::new(SourceFile { path: path.into(), text, line_starts }));
        FileId(self.files.len() as u32 - 1)
    }

    /// The file with this number.
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize).map(|file| &**file)
    }

    /// Every file's path, in the order they were read.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }

    /// The text of the file with this path, if it was read.
    pub fn text_of(&self, path: &Path) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| &*file.text)
    }

    /// The file's path.
    pub fn path(&self, id: FileId) -> &Path {
        self.file(id).map_or(Path::new(""), |file| &file.path)
    }

    /// Line and column of a span's start; both count from 1, columns in characters.
    pub fn position(&self, span: Span) -> (usize, usize) {
        self.file(span.file).map_or((1, 1), |file| file.position(span.start))
    }

    /// The text under a span.
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).and_then(|file| file.text.get(span.start as usize..span.end as usize)).unwrap_or("")
    }
}

impl SourceFile {
    /// Line and column of a byte offset; both count from 1, columns in characters.
    pub fn position(&self, offset: u32) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts[line - 1] as usize;
        let end = self.text.floor_char_boundary(offset as usize).max(start);
        let column = self.text[start..end].chars().count();
        (line, column + 1)
    }

    /// The lines that hold these ranges: the number of the first, and the bytes of all.
    fn lines_of(&self, ranges: &[std::ops::Range<usize>]) -> (usize, std::ops::Range<usize>) {
        let line = |at: usize| self.line_starts.partition_point(|start| *start as usize <= at).max(1);
        let first = ranges.iter().map(|range| line(range.start)).min().unwrap_or(1);
        let last = ranges.iter().map(|range| line(range.end)).max().unwrap_or(first);
        let start = self.line_starts.get(first - 1).map_or(0, |at| *at as usize);
        let end = self.line_starts.get(last).map_or(self.text.len(), |at| *at as usize);
        (first, start..end.max(start))
    }

    /// The range of bytes of a line (counted from 1), without its line break.
    pub fn line_range(&self, line: usize) -> std::ops::Range<usize> {
        let start = self.line_starts.get(line - 1).map_or(self.text.len(), |at| *at as usize);
        let end = self.line_starts.get(line).map_or(self.text.len(), |at| *at as usize);
        let trimmed = self.text[start..end].trim_end_matches(['\n', '\r']).len();
        start..start + trimmed
    }
}
