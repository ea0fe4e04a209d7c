//! From YAML text to a typed [`Plan`] in which every value knows its line, or every finding at once.
//!
//! The way in is [`load()`]: it reads the file, `pitfalls` lists the places plain YAML would
//! misread, [`yaml`] makes the tree, profiles and command-line overrides are laid over it, and
//! `lower` types it, with [`keys`] as the one description of every key.

mod foreign;
pub mod keys;
mod load;
mod lower;
mod overlay;
mod pitfalls;
pub mod reference;
mod scalars;
pub mod schema;
mod statics;
mod strangers;
mod types;
pub mod yaml;

pub(crate) use load::shown as shown_path;
pub use load::{LoadOptions, LoadOverride, Loaded, load};
pub(crate) use lower::parse_think_time;
pub(crate) use pitfalls::{quoted, written_path};
pub use scalars::{UnitError, bare_number, parse_duration, parse_rate, parse_share, parse_size, written_duration};
pub(crate) use statics::{environment, finding, plain_value};
pub(crate) use strangers::is_data;
pub use types::*;
