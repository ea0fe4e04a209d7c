//! From YAML text to a typed [`Plan`] in which every value knows its line, or to a list of all findings.
//!
//! The entry point is [`load()`]. It reads the file, `pitfalls` lists the places that plain YAML would
//! misread, [`yaml`](crate::yaml) builds the tree, profiles and command-line overrides are applied to it, and
//! `lower` types it, using [`keys`] as the single description of every key.

pub mod keys;
mod load;
mod lower;
mod nearby;
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
pub(crate) use nearby::{names, plans_in};
pub(crate) use quotable_files::is_data;
pub(crate) use statics::{environment, finding};
pub use types::*;
