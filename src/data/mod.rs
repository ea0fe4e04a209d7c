//! Tables of data: reading and checking files, and piles that users draw rows from.

mod pile;
mod quotes;
mod table;

pub use pile::{Draw, Pile};
pub use table::{Rows, Spec};
