//! Programs that run beside the load: started before it, stopped after it.
//!
//! A service is the built-in sample API, or a command line in a process group of its own, so that
//! whatever the command starts can be ended with it.

mod process;
mod ready;
mod service;
mod start;
#[cfg(test)]
mod tests;

pub use process::kill_all;
pub use service::{Service, ServiceKind};
pub use start::{Started, start};
