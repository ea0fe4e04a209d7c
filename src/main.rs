//! The `loadplan` binary.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A panic is a bug of ours, and CI must be able to tell it from a verdict on the target.
    let outcome = std::panic::catch_unwind(|| loadplan::cli::main(std::env::args_os()));
    ExitCode::from(outcome.unwrap_or(loadplan::verdict::exit::INTERNAL))
}
