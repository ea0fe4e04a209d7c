//! The scanner on a few lines of code each.

use crate::scan::{Sources, files};

/// What the file `src/room/file.rs` names, each with its line.
fn named(text: &str) -> Result<Vec<String>, String> {
    let sources = Sources::from([
        ("lib.rs".to_owned(), "mod room;".to_owned()),
        ("room/mod.rs".to_owned(), "pub(crate) mod file;".to_owned()),
        ("room/file.rs".to_owned(), text.to_owned()),
    ]);
    let files = files(&sources)?;
    let file = files.iter().find(|file| file.path == "room/file.rs").unwrap();
    let named = file.mentions.iter().map(|mention| {
        let glob = if mention.is_glob { "::*" } else { "" };
        format!("{} {}{glob}", mention.line, mention.path.join("::"))
    });
    Ok(named.collect())
}

#[test]
fn braces_are_taken_apart_over_several_lines() {
    let text = "use crate::{
    a::{self, b::C as D},
    e::*, r#type::F,
};
pub(crate) use crate::g::h;
use {crate::i::J, std::fmt, ::k::L};
";
    assert_eq!(named(text).unwrap(), ["2 a", "2 a::b::C", "3 e::*", "3 type::F", "5 g::h", "6 i::J"]);
}

#[test]
fn paths_in_types_expressions_and_macros_are_found() {
    let text = r#"
fn f(a: &dyn crate::a::A) -> Vec<crate::b::B> {
    let x = <crate::c::C as crate::d::D>::new::<crate::e::E>() as usize * crate::f::F;
    println!("{} {x:?}", crate::g::g());
}
macro_rules! m { () => { $crate::h::H } }
pub(in crate::room) fn g() {}
"#;
    assert_eq!(
        named(text).unwrap(),
        ["2 a::A", "2 b::B", "3 c::C", "3 d::D", "3 e::E", "3 f::F", "4 g::g", "6 h::H", "7 room"]
    );
}

#[test]
fn super_leads_out_of_the_file_the_folder_and_the_room() {
    let text = "
use super::sibling::A;
use super::super::a::B;
use self::child::C;
mod inner {
    use super::D;
    use super::super::super::b::E;
}
";
    assert_eq!(
        named(text).unwrap(),
        ["2 room::sibling::A", "3 a::B", "4 room::file::child::C", "6 room::file::D", "7 b::E"]
    );
}

#[test]
fn a_module_is_followed_under_the_name_it_was_imported_by() {
    let text = "
fn f(x: http::client::A, y: ::http::Uri, z: Vec::<u8>::http::B) { root::a::b() }
use super::super::protocols::http;
use crate as root;
use http::sampler as s;
fn g() { s::C }
";
    assert_eq!(
        named(text).unwrap(),
        [
            "2 protocols::http::client::A",
            "2 a::b",
            "3 protocols::http",
            "4 ",
            "5 protocols::http::sampler",
            "6 protocols::http::sampler::C"
        ]
    );
}

#[test]
fn comments_strings_and_tests_name_nothing() {
    let text = r##"//! [`crate::a`]
/* crate::b /* crate::c */ crate::d */
/// crate::e
const A: (&str, &str, char, &[u8]) = ("crate::f", r#"" crate::g"#, '"', b"\" crate::h"); // crate::i
fn f<'a>(_: &'a str) {}
#[cfg(test)]
use crate::{j, k};
#[cfg(test)]
#[allow(dead_code)]
pub(super) const B: X = X { l: crate::l::L };
#[cfg(test)]
async fn g() -> [u8; 2] { crate::m::m() }
#[cfg(all(test, unix))]
mod tests { use crate::n; }
#[cfg(unix)]
use crate::found;
"##;
    assert_eq!(named(text).unwrap(), ["16 found"]);
}

#[test]
fn attributes_name_what_is_in_them_and_in_their_strings() {
    let text = r#"
#[derive(crate::a::A)]
struct S {
    #[serde(default, with = "crate::b::c")]
    field: u8,
    #[serde(rename = "crate")]
    other: u8,
}
"#;
    assert_eq!(named(text).unwrap(), ["2 a::A", "4 b::c"]);
}

#[test]
fn what_cannot_be_read_is_told_with_its_line() {
    assert_eq!(
        named("\nstruct S { #[cfg(test)] field: crate::a::A, other: crate::b::B }").unwrap_err(),
        "src/room/file.rs:2: this test cannot tell where `field`, which is under `#[cfg(test)]`, ends. Put the attribute on an item."
    );
    assert_eq!(
        named("\nmod missing;").unwrap_err(),
        "src/room/file.rs:2 declares a module that is neither src/room/file/missing.rs nor src/room/file/missing/mod.rs."
    );
    assert!(named("\nfn f() {").unwrap_err().starts_with("src/room/file.rs:"));
}

#[test]
fn files_are_found_by_their_modules_and_those_of_tests_are_not_read() {
    let sources = Sources::from(
        [
            ("lib.rs", "pub mod a; #[cfg(test)] mod fixture; mod b { pub(super) mod c; }"),
            ("a.rs", "mod d; #[cfg(test)] mod tests;"),
            ("a/d/mod.rs", ""),
            ("a/tests.rs", "not even Rust ("),
            ("b/c.rs", ""),
            ("fixture.rs", "not even Rust ("),
            ("forgotten.rs", "not even Rust ("),
        ]
        .map(|(path, text)| (path.to_owned(), text.to_owned())),
    );
    let paths: Vec<String> = files(&sources).unwrap().into_iter().map(|file| file.path).collect();
    assert_eq!(paths, ["a.rs", "a/d/mod.rs", "b/c.rs", "lib.rs"]);
}
