//! Which files a plan may have quoted. `check` is run on the plans of strangers: what it prints of
//! a file must be nothing but plans and data, or a plan could read out `.env` and `/etc/shadow`.

use std::path::{Component, Path};

/// How names of plans end, and of files that are included in them.
const PLANS: [&str; 2] = ["yaml", "yml"];
/// How names of data end.
const DATA: [&str; 10] = ["csv", "tsv", "tab", "txt", "dat", "json", "jsonl", "ndjson", "yaml", "yml"];

/// Whether a file's name, or that of the file it is a link to, ends as those of plans do.
pub(crate) fn is_plan(path: &Path) -> bool {
    ends_in(path, &PLANS) && path.canonicalize().map_or(true, |target| ends_in(&target, &PLANS))
}

/// Whether a path, links followed, leads to somewhere below the folder of a plan.
pub(crate) fn is_beside(path: &Path, plan: &Path) -> bool {
    let folder = plan.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (path.canonicalize(), folder.canonicalize()) {
        (Ok(path), Ok(folder)) => path.starts_with(folder),
        (Ok(_) | Err(_), _) => false,
    }
}

/// Whether what a file of data holds may be reported: its name, links followed, ends as those of data
/// do, and below the plan's folder no part of its path begins with a dot.
pub(crate) fn is_data(path: &Path, plan: &Path) -> bool {
    let Ok(target) = path.canonicalize() else { return false };
    let folder = plan.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().unwrap_or_default();
    let below = target.strip_prefix(&folder).ok().or_else(|| target.file_name().map(Path::new));
    let hidden = |part: Component<'_>| part.as_os_str().as_encoded_bytes().starts_with(b".");
    ends_in(&target, &DATA) && below.is_some_and(|below| !below.components().any(hidden))
}

fn ends_in(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| endings.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}
