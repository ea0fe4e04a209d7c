//! Programs that run alongside the load: started before it, stopped after it.
//!
//! A service is the built-in sample API, or a command line in its own process group, so that everything
//! that the command starts can be stopped with it.

mod process;
mod ready;
mod service;
mod start;
#[cfg(test)]
mod tests;

pub use process::kill_all;
pub use service::{Service, ServiceKind};
pub use start::{Started, start};
