//! Reports of runs made by hand.

mod console;
mod files;
mod json;
mod junit;
mod progress;
mod sanitize;
