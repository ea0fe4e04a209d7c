//! From YAML text to a typed [`Plan`] in which every value knows its line, or every finding at once.
//!
//! The way in is [`load()`]: it reads the file, `pitfalls` lists the places plain YAML would
//! misread, [`yaml`](crate::yaml) makes the tree, profiles and command-line overrides are laid over it, and
//! `lower` types it, with [`keys`] as the one description of every key.

pub mod keys;
mod load;
mod lower;
mod other_tools;
mod overlay;
mod pitfalls;
mod quotable_files;
pub mod reference;
mod requires;
pub mod schema;
mod statics;
mod types;

pub use load::{LoadOptions, LoadOverride, Loaded, load};
pub(crate) use lower::{Fields, Lower};
pub(crate) use quotable_files::is_data;
pub(crate) use statics::{environment, finding};
pub use types::*;
