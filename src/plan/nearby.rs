//! Plans in a folder: for a file name that is misspelt or missing.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::sanitize::shown_path;
use crate::suggest::nearest;

/// How many entries of a folder are looked at.
const MOST_ENTRIES: usize = 2000;
/// How much of a file is read to see whether it is a plan, in bytes.
const BEGINNING: u64 = 64 * 1024;
/// How many plans a message names.
const NAMED: usize = 5;

/// The remedy for a file that does not exist: the nearest name, else the plans that are there.
pub(super) fn remedy(missing: &Path) -> Option<String> {
    let folder = missing.parent().unwrap_or(Path::new(""));
    if let Some(near) = near(missing, folder) {
        return Some(format!("did you mean {}?", shown_path(&near)));
    }
    let plans = plans_in(folder);
    (!plans.is_empty()).then(|| format!("plans in this folder: {}", names(&plans)))
}

/// The remedy for a folder that was named as a plan.
pub(super) fn in_folder(folder: &Path) -> Option<String> {
    let plans = plans_in(folder);
    (!plans.is_empty()).then(|| format!("name a plan in it: {}", names(&plans)))
}

/// The file whose name is nearest: beside the missing one or a folder further down, or in the folder whose
/// name is nearest.
fn near(missing: &Path, folder: &Path) -> Option<PathBuf> {
    let name = missing.file_name()?.to_string_lossy().into_owned();
    if !or_here(folder).is_dir() {
        let parent = folder.parent()?;
        let (_, folders) = entries(parent);
        let known: Vec<String> = folders.iter().map(|folder| last(folder)).collect();
        let meant = nearest(&last(folder), known.iter().map(String::as_str))?;
        return pick(&name, &entries(&parent.join(meant)).0);
    }
    let (files, folders) = entries(folder);
    pick(&name, &files).or_else(|| {
        // Only the very name: a near one in another folder is hardly what was meant.
        let same = |file: &PathBuf| same_name(&last(file), &name);
        folders.iter().flat_map(|folder| entries(folder).0).find(same)
    })
}

/// The file of the nearest name, with or without its ending.
fn pick(name: &str, files: &[PathBuf]) -> Option<PathBuf> {
    let known: Vec<String> = files.iter().map(|file| last(file)).collect();
    if let Some(at) = known.iter().position(|known| same_name(known, name)) {
        return files.get(at).cloned();
    }
    // The ending is the same for all: only what is before it tells how near a name is.
    let stems: Vec<&str> = known.iter().map(|known| stem(known)).collect();
    let meant = nearest(stem(name), stems.iter().copied())?;
    let at = stems.iter().position(|stem| *stem == meant)?;
    files.get(at).cloned()
}

/// Whether two names differ in their ending or in upper and lower case only.
fn same_name(known: &str, name: &str) -> bool {
    stem(known).eq_ignore_ascii_case(stem(name))
}

/// A name without the ending of a plan.
fn stem(name: &str) -> &str {
    name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")).unwrap_or(name)
}

fn last(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The folder, where an empty path means the current one.
fn or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// The YAML files of a folder, and the folders in it, in order.
fn entries(folder: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    let Ok(read) = std::fs::read_dir(or_here(folder)) else { return (files, folders) };
    for entry in read.flatten().take(MOST_ENTRIES) {
        let name = entry.file_name();
        let path = folder.join(&name);
        // A link leads to what it names; a pipe or a device is never opened.
        let Ok(about) = std::fs::metadata(&path) else { continue };
        if about.is_dir() && !name.to_string_lossy().starts_with('.') {
            folders.push(path);
        } else if about.is_file() && path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
            files.push(path);
        }
    }
    files.sort();
    folders.sort();
    (files, folders)
}

/// The plans of a folder, and those of its folder `plans` if it has none itself.
pub(crate) fn plans_in(folder: &Path) -> Vec<PathBuf> {
    let plans = |folder: &Path| entries(folder).0.into_iter().filter(|file| is_plan(file)).collect::<Vec<_>>();
    let own = plans(folder);
    if own.is_empty() { plans(&folder.join("plans")) } else { own }
}

/// The names of plans in a sentence: the first few, and how many more there are.
pub(crate) fn names(plans: &[PathBuf]) -> String {
    let named: Vec<String> = plans.iter().take(NAMED).map(|plan| shown_path(plan)).collect();
    let more = plans.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", named.join(", "))
}

/// Whether a file looks like a plan: it has thread groups.
fn is_plan(file: &Path) -> bool {
    let mut beginning = Vec::new();
    let read = File::open(file).and_then(|file| file.take(BEGINNING).read_to_end(&mut beginning));
    read.is_ok() && String::from_utf8_lossy(&beginning).contains("thread_groups")
}
