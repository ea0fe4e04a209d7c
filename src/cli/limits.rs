//! What the system lets this process have.

/// More open files than any run on one machine needs: it has about 28,000 ports to connect from.
#[cfg(unix)]
const ENOUGH: u64 = 262_144;

/// Lifts the soft limit on open files to what the hard one allows. Each user of a run holds a
/// connection, and each of the sample API's another, while many systems start a process with 256 or
/// 1,024. Where it cannot be lifted, connections beyond the limit fail with a message that says so.
#[cfg(unix)]
pub(super) fn raise_open_files() {
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
pub(super) fn raise_open_files() {}
