//! Reports of runs made by hand.

mod annotations;
mod console;
mod document;
mod files;
mod forges;
mod html;
mod json;
mod junit;
mod progress;
mod sanitize;
