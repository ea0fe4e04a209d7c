//! Reports of runs made by hand.

mod console;
mod document;
mod files;
mod html;
mod json;
mod junit;
mod progress;
mod sanitize;
