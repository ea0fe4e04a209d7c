//! The limits that the system sets for this process, and the resources it has used.

use std::time::Duration;

/// More open files than any run on one machine needs: it has about 28,000 ports to connect from.
#[cfg(unix)]
const ENOUGH: u64 = 262_144;

/// Lifts the soft limit on open files to what the hard one allows. Each user of a run holds a
/// connection, and each of the sample API's another, while many systems start a process with 256 or
/// 1,024. Where it cannot be lifted, connections beyond the limit fail with a message that says so.
#[cfg(unix)]
pub(crate) fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let Some(current) = limit.current else { return };
    // macOS refuses more than 10,240 where its hard limit says "unlimited".
    for wanted in [limit.maximum.unwrap_or(ENOUGH).min(ENOUGH), 10_240] {
        if wanted <= current || setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit }).is_ok() {
            return;
        }
    }
}

/// Windows has no such limit.
#[cfg(not(unix))]
pub(crate) fn raise_open_files() {}

/// How many files this process may have open, where the system says.
#[cfg(unix)]
pub(crate) fn open_files() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// Windows has no such limit.
#[cfg(not(unix))]
pub(crate) fn open_files() -> Option<u64> {
    None
}

/// The processor time this process has used so far, where the system says.
pub(crate) fn process_time() -> Option<Duration> {
    #[cfg(unix)]
    return clock(rustix::time::ClockId::ProcessCPUTime);
    #[cfg(not(unix))]
    None
}

/// The processor time the calling thread has used so far, where the system says.
pub(crate) fn thread_time() -> Option<Duration> {
    #[cfg(unix)]
    return clock(rustix::time::ClockId::ThreadCPUTime);
    #[cfg(not(unix))]
    None
}

#[cfg(unix)]
fn clock(which: rustix::time::ClockId) -> Option<Duration> {
    let time = rustix::time::clock_gettime(which);
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?))
}
