//! Files that are named while the run goes on: `file()` and computed `body_file`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// The largest file that `file()` reads, in bytes.
pub(crate) const MAX_FILE: u64 = 10 * 1024 * 1024;

/// Reads an ordinary file of at most `max` bytes. Pipes and devices are not opened: one that nobody
/// writes to would stop the thread with all its users for good, one that never ends would take all memory.
///
/// # Errors
/// A fragment that says why it cannot be read.
pub(crate) fn read(path: &Path, max: u64) -> Result<Vec<u8>, String> {
    let told = |error: std::io::Error| error.to_string();
    let meta = std::fs::metadata(path).map_err(told)?;
    if meta.is_dir() {
        return Err("it is a folder, not a file".to_owned());
    }
    if !meta.is_file() {
        return Err("it is a pipe or a device, not an ordinary file".to_owned());
    }
    if meta.len() > max {
        return Err(format!("the file has {} bytes; at most {max} are read", meta.len()));
    }
    // It may have been exchanged or have grown meanwhile, and some files of the system tell no size.
    let file = File::open(path).map_err(told)?;
    if !file.metadata().map_err(told)?.is_file() {
        return Err("it is a pipe or a device, not an ordinary file".to_owned());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0));
    file.take(max + 1).read_to_end(&mut bytes).map_err(told)?;
    if bytes.len() as u64 > max {
        return Err(format!("the file has more than {max} bytes"));
    }
    Ok(bytes)
}
