//! From YAML text to a typed [`Plan`] in which every value knows its line, or every finding at once.
//!
//! The way in is [`load()`]: it reads the file, `pitfalls` lists the places plain YAML would
//! misread, [`yaml`](crate::yaml) makes the tree, profiles and command-line overrides are laid over it, and
//! `lower` types it, with [`keys`] as the one description of every key.

mod foreign;
pub mod keys;
mod load;
mod lower;
mod overlay;
mod pitfalls;
pub mod reference;
pub mod schema;
mod statics;
mod strangers;
mod types;

pub use load::{LoadOptions, LoadOverride, Loaded, load};
pub(crate) use lower::{Fields, Lower};
pub(crate) use statics::{environment, finding};
pub(crate) use strangers::is_data;
pub use types::*;
