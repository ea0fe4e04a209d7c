//! Tables of data: reading and checking files, and piles that users draw rows from.

mod quotes;
mod row_pool;
mod table;

pub use row_pool::{Draw, Pile};
pub use table::{Rows, Spec};
