//! The `loadplan` binary.
fn main() {}
