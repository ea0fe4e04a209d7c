//! Result files: opened before the first request, so that a bad path fails at once; written under
//! a temporary name and renamed, so that a killed run leaves nothing half-written.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::document::Document;
use crate::problem::Problem;

/// What the names of files begin and end with that are not complete yet.
const PREFIX: &str = ".loadplan-";
const SUFFIX: &str = ".tmp";

/// What stands for standard output where a file is named.
pub const STDOUT: &str = "-";

/// A way to write a run down.
pub trait Format {
    /// What it is called in messages: `results`, `JUnit`.
    fn name(&self) -> &'static str;

    /// Writes the whole document.
    ///
    /// # Errors
    /// When the sink refuses.
    fn render(&self, document: &Document<'_>, out: &mut dyn Write) -> io::Result<()>;
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// What it is called.
    pub name: &'static str,
    /// Where it lies.
    pub path: PathBuf,
}

/// Result files that wait for the end of the run.
#[derive(Default)]
pub struct OutputFiles {
    outputs: Vec<Output>,
}

struct Output {
    content: Content,
    /// As the user named it.
    path: PathBuf,
    /// The same without links and detours.
    target: PathBuf,
    sink: Destination,
}

enum Content {
    /// A document that is made when the run has ended.
    Document(Box<dyn Format>),
    /// Rows that are written while the run goes, by somebody who holds the file too.
    Stream(&'static str),
}

impl Content {
    fn name(&self) -> &'static str {
        match self {
            Self::Document(format) => format.name(),
            Self::Stream(name) => name,
        }
    }
}

enum Destination {
    /// A file beside the final name, and that name.
    Renamed(NamedTempFile, PathBuf),
    /// A pipe or a device, with the document that goes there once the verdict is final. Standard output is one.
    Direct(File, Vec<u8>),
    /// It failed; nothing more is written.
    Broken,
}

/// Holds a folder for one run's reports: while it is held, no other run writes there. A process
/// that ends in any way lets go of it, and leaves nothing behind.
#[derive(Debug)]
pub struct FolderLock {
    /// The folder itself, where the system can lock one; a file in it elsewhere.
    _held: Option<File>,
}

/// Takes a folder for a run's reports, and makes it if need be.
///
/// # Errors
/// When another run holds it, or it cannot be made.
pub fn lock(folder: &Path) -> Result<FolderLock, Problem> {
    fs::create_dir_all(folder).map_err(|error| {
        Problem::new(format!("the folder {} for results cannot be made: {error}", folder.display()), remedy(&error))
    })?;
    // Where a folder cannot be opened or locked, as on some network file systems, nobody is refused.
    let Ok(file) = open_folder(folder) else { return Ok(FolderLock { _held: None }) };
    match file.try_lock() {
        Err(fs::TryLockError::WouldBlock) => Err(Problem::new(
            format!("another run is writing to the folder {}", folder.display()),
            "give this run a folder of its own with --out DIR, or wait for the other to end",
        )),
        Ok(()) | Err(fs::TryLockError::Error(_)) => Ok(FolderLock { _held: Some(file) }),
    }
}

#[cfg(unix)]
fn open_folder(folder: &Path) -> io::Result<File> {
    File::open(folder)
}

#[cfg(not(unix))]
fn open_folder(folder: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(folder.join(".loadplan.lock"))
}

impl OutputFiles {
    /// Makes a place for every file, folders included.
    ///
    /// # Errors
    /// When a path cannot be written to, or is named twice.
    pub fn open(wanted: Vec<(Box<dyn Format>, PathBuf)>) -> Result<Self, Problem> {
        let mut files = Self::default();
        for (format, path) in wanted {
            files.add(Content::Document(format), path)?;
        }
        Ok(files)
    }

    /// Makes a place for one more file.
    ///
    /// # Errors
    /// When its path cannot be written to, or is named twice.
    pub fn also(&mut self, format: Box<dyn Format>, path: PathBuf) -> Result<(), Problem> {
        self.add(Content::Document(format), path).map(drop)
    }

    /// The files beside the final ones, which are not complete yet.
    pub fn temporary(&self) -> impl Iterator<Item = &Path> {
        self.outputs.iter().filter_map(|output| match &output.sink {
            Destination::Renamed(file, _) => Some(file.path()),
            Destination::Direct(..) | Destination::Broken => None,
        })
    }

    /// Makes a place for rows that are written while the run goes: where to write them.
    ///
    /// # Errors
    /// When the path cannot be written to, or is named twice.
    pub fn stream(&mut self, name: &'static str, path: PathBuf) -> Result<File, Problem> {
        let output = self.add(Content::Stream(name), path)?;
        let file = match &output.sink {
            Destination::Renamed(file, _) => file.reopen(),
            Destination::Direct(file, _) => file.try_clone(),
            Destination::Broken => Err(io::Error::other("it was closed")),
        };
        file.map_err(|error| Problem::new(output.failure(&error), remedy(&error)))
    }

    fn add(&mut self, content: Content, path: PathBuf) -> Result<&mut Output, Problem> {
        let target = target(&path);
        if let Some(other) = self.outputs.iter().find(|other| is_same(&other.target, &target)) {
            return Err(Problem::new(
                format!("{} and {} would both be written to {}", other.content.name(), content.name(), path.display()),
                "give each its own file",
            ));
        }
        let place = || format!("{} cannot be written to {}", content.name(), path.display());
        let sink = open(&path).map_err(|problem| problem.at(place()))?;
        self.outputs.push(Output { content, path, target, sink });
        let last = self.outputs.len() - 1;
        Ok(&mut self.outputs[last])
    }

    /// Drops rows that are not complete: they get no name, and an older file of that name would be
    /// taken for this run's.
    pub fn drop_stream(&mut self, name: &'static str) {
        for output in &mut self.outputs {
            if matches!(output.content, Content::Stream(own) if own == name) {
                output.sink = Destination::Broken;
            }
        }
    }

    /// Writes every file. When one cannot be written, the document's verdict is turned to exit 4
    /// and the others tell so too.
    pub fn write(mut self, document: &mut Document<'_>) -> Vec<Written> {
        loop {
            let failures = self.render_all(document);
            if failures.is_empty() {
                break;
            }
            failures.into_iter().for_each(|reason| document.verdict.results_not_written(reason));
        }
        let mut written: Vec<(Written, Output)> = Vec::new();
        let mut failures = Vec::new();
        for mut output in self.outputs {
            if matches!(output.sink, Destination::Broken) {
                output.remove_older();
            }
            match output.finish() {
                Ok(true) => {
                    written.push((Written { name: output.content.name(), path: output.path.clone() }, output));
                }
                Ok(false) => {}
                Err(error) => {
                    output.remove_older();
                    failures.push(output.failure(&error));
                }
            }
        }
        if !failures.is_empty() {
            failures.into_iter().for_each(|reason| document.verdict.results_not_written(reason));
            // What is in place already must not claim another verdict.
            for (_, output) in &mut written {
                if matches!(output.sink, Destination::Direct(..)) || matches!(output.content, Content::Stream(_)) {
                    continue;
                }
                let again = open(&output.path).map_err(|problem| io::Error::other(problem.message)).and_then(|sink| {
                    output.sink = sink;
                    output.render(document)?;
                    output.finish()
                });
                if let Err(error) = again {
                    document.verdict.results_not_written(output.failure(&error));
                }
            }
        }
        // A report that is nowhere to be found afterwards is not listed.
        let listed = written.into_iter().map(|(written, _)| written);
        listed.filter(|written| written.path != Path::new(STDOUT)).collect()
    }

    fn render_all(&mut self, document: &Document<'_>) -> Vec<String> {
        let mut failures = Vec::new();
        for output in &mut self.outputs {
            if let Err(error) = output.render(document) {
                failures.push(output.failure(&error));
                output.sink = Destination::Broken;
            }
        }
        failures
    }
}

impl Output {
    /// Takes away what an earlier run left where this one could not be written down: it would be
    /// taken for this run's.
    fn remove_older(&self) {
        if self.target.is_file() {
            let _ = fs::remove_file(&self.target);
        }
    }

    fn failure(&self, error: &io::Error) -> String {
        format!("{} could not be written to {}: {error}", self.content.name(), self.path.display())
    }

    /// Makes the document, over an earlier one.
    fn render(&mut self, document: &Document<'_>) -> io::Result<()> {
        let Content::Document(format) = &self.content else { return Ok(()) };
        match &mut self.sink {
            Destination::Renamed(file, _) => {
                let file = file.as_file_mut();
                file.seek(SeekFrom::Start(0))?;
                file.set_len(0)?;
                let mut out = BufWriter::new(file);
                format.render(document, &mut out)?;
                out.flush()
            }
            Destination::Direct(_, whole) => {
                whole.clear();
                format.render(document, whole)?;
                if self.path == Path::new(STDOUT) {
                    *whole = crate::sanitize::json_for_logs(&String::from_utf8_lossy(whole)).into_bytes();
                }
                Ok(())
            }
            Destination::Broken => Ok(()),
        }
    }

    /// Puts the document where it belongs; whether there is one.
    fn finish(&mut self) -> io::Result<bool> {
        match std::mem::replace(&mut self.sink, Destination::Broken) {
            Destination::Renamed(file, target) => {
                file.as_file().sync_all()?;
                file.persist(target).map_err(|error| error.error)?;
                Ok(true)
            }
            Destination::Direct(mut file, document) => {
                file.write_all(&document)?;
                self.sink = Destination::Direct(file, Vec::new());
                Ok(true)
            }
            Destination::Broken => Ok(false),
        }
    }
}

fn open(path: &Path) -> Result<Destination, Problem> {
    let refuse = |error: &io::Error| Problem::new(error.to_string(), remedy(error));
    if path == Path::new(STDOUT) {
        return stdout().map(|file| Destination::Direct(file, Vec::new())).map_err(|error| refuse(&error));
    }
    let target = target(path);
    if let Ok(known) = fs::metadata(&target) {
        if known.is_dir() {
            return Err(Problem::new("it is a folder", "name a file in it"));
        }
        if !known.is_file() {
            return File::options()
                .write(true)
                .open(&target)
                .map(|file| Destination::Direct(file, Vec::new()))
                .map_err(|error| refuse(&error));
        }
    }
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)
        .map_err(|error| Problem::new(format!("its folder cannot be made: {error}"), remedy(&error)))?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Results are read by other users of a CI machine; the umask still applies.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    remove_leftovers(folder);
    let file = held(|| builder.tempfile_in(folder)).map_err(|error| refuse(&error))?;
    Ok(Destination::Renamed(file, target))
}

/// Standard output as a file.
fn stdout() -> io::Result<File> {
    #[cfg(unix)]
    let owned = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned()?;
    #[cfg(windows)]
    let owned = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned()?;
    Ok(File::from(owned))
}

/// Makes a file and locks it until it has its name: who can lock one knows that its run is gone.
/// Another run may take it for such a one before it is locked, and remove it; then it is made anew.
/// Where files cannot be locked, leftovers stay.
fn held(make: impl Fn() -> io::Result<NamedTempFile>) -> io::Result<NamedTempFile> {
    loop {
        let file = make()?;
        if file.as_file().lock().is_err() || fs::symlink_metadata(file.path()).is_ok() {
            return Ok(file);
        }
    }
}

/// Where a path leads: a link is followed, so that the file it names is replaced and not the link.
fn target(path: &Path) -> PathBuf {
    let real = |path: &Path| fs::canonicalize(path).ok();
    let new = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(real(folder)?.join(path.file_name()?))
    };
    real(path).or_else(new).unwrap_or_else(|| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}

/// Whether two paths are one file, under whatever name. A device takes what several write to it.
fn is_same(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(one), Ok(other)) = (fs::metadata(one), fs::metadata(other)) {
        use std::os::unix::fs::MetadataExt;
        return one.is_file() && (one.dev(), one.ino()) == (other.dev(), other.ino());
    }
    one == other
}

/// Whether two paths name one file, which need not be there yet.
pub fn same_file(one: &Path, other: &Path) -> bool {
    is_same(&target(one), &target(other))
}

/// Removes what runs that were killed have left in a folder, each while it is locked (see [`held`]).
fn remove_leftovers(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !(name.starts_with(PREFIX) && name.ends_with(SUFFIX)) {
            continue;
        }
        // Opening a pipe would wait for somebody to write to it, and a link leads elsewhere.
        let regular = fs::symlink_metadata(entry.path()).is_ok_and(|known| known.is_file());
        if regular
            && let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn remedy(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "choose a folder you may write to",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "a part of the path is a file, not a folder; choose another path"
        }
        io::ErrorKind::StorageFull => "free some space, or choose another disk",
        _ => "choose another path",
    }
    .into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_file_that_another_run_took_for_a_leftover_is_made_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let made = std::cell::Cell::new(0);
        let file = super::held(|| {
            let file = tempfile::NamedTempFile::new_in(folder.path())?;
            if made.replace(made.get() + 1) == 0 {
                std::fs::remove_file(file.path())?;
            }
            Ok(file)
        });
        assert_eq!(made.get(), 2);
        assert!(file.is_ok_and(|file| file.path().exists()));
    }
}
