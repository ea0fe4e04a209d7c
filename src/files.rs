//! Files that are named during the run: `file()` and computed `body_file`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::problem::Problem;

/// The largest file that `file()` reads, in bytes.
pub(crate) const MAX_FILE: u64 = 10 * 1024 * 1024;

/// Reads an ordinary file of at most `max` bytes. Pipes and devices are not opened: one that nobody
/// writes to would stop the thread with all its users for good, one that never ends would take all memory.
///
/// # Errors
/// A fragment that says why it cannot be read.
pub(crate) fn read(path: &Path, max: u64) -> Result<Vec<u8>, Problem> {
    let in_words = |error: std::io::Error| Problem::from(error.to_string());
    let meta = std::fs::metadata(path).map_err(in_words)?;
    if meta.is_dir() {
        return Err("it is a folder, not a file".into());
    }
    if !meta.is_file() {
        return Err("it is a pipe or a device, not a regular file".into());
    }
    if meta.len() > max {
        return Err(format!("the file has {} bytes; at most {max} are read", meta.len()).into());
    }
    // It may have been exchanged or have grown meanwhile, and some files of the system tell no size.
    let file = File::open(path).map_err(in_words)?;
    if !file.metadata().map_err(in_words)?.is_file() {
        return Err("it is a pipe or a device, not a regular file".into());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0));
    file.take(max + 1).read_to_end(&mut bytes).map_err(in_words)?;
    if bytes.len() as u64 > max {
        return Err(format!("the file has more than {max} bytes").into());
    }
    Ok(bytes)
}
