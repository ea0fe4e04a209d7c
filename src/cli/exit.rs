//! exit
pub(super) const PASSED: u8 = 0;
pub(super) const INVALID_PLAN: u8 = 2;
