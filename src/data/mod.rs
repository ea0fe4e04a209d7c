//! Tables of test data: reading and checking files, and handing out rows to users.

mod quotes;
mod row_pool;
mod table;

pub use row_pool::{Draw, Pile};
pub use table::{Rows, Spec};
