//! What stands under `assert:`.
use super::Word;
pub(super) static WORDS: &[Word] = &[];
pub(super) static BESIDE: &[Word] = &[];
pub(super) fn of_text(_: &str) -> Option<String> { None }
