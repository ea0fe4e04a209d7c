//! Code and pages that were made up to disagree: each fault is found, and nothing else is.

use crate::faults;
use crate::page::{layers, rows};
use crate::scan::Sources;

const CODE: [(&str, &str); 11] = [
    ("lib.rs", "//! A crate.\npub mod cli; mod graph; mod leaf; mod plan;\npub mod protocols;"),
    ("cli/mod.rs", "mod run;"),
    ("cli/run.rs", "use crate::{\n    graph::Graph,\n    plan::Plan,\n};"),
    ("graph.rs", "use crate::plan::Plan; pub(crate) use crate::protocols::spec::Spec;"),
    ("leaf.rs", ""),
    ("plan.rs", "use crate::leaf::Leaf;"),
    ("protocols/mod.rs", "pub mod http;\npub mod spec;"),
    ("protocols/spec.rs", "use super::http::{client::User, keys};"),
    ("protocols/http/mod.rs", "//! HTTP.\npub mod client;\npub(crate) mod keys;"),
    ("protocols/http/client.rs", "fn f() { crate::leaf::f() }"),
    ("protocols/http/keys.rs", "use super::super::http;\nfn f(user: http::client::User) {}"),
];

const TABLE: &str = "# Rooms

| in `src/protocols/` | holds | room |
| --- | --- | --- |
| `spec.rs`, `NAME/keys.rs`, `NAME/plan.rs` | keys | `plan` |
| `NAME/compile/` | nodes | `graph` |
| `NAME/client/` | connections | `clients` |

| room | what it does | imports |
| --- | --- | --- |
| `leaf` | knows nobody | – |
| `clients` | sends | `leaf` |
| `plan` | reads | `leaf` `clients` |
| `graph` | compiles | `plan` |
| `cli` | starts | `plan`, `graph` |

| `other` | is no row |
";

/// The faults of the code with some of its files replaced or added, and the page with a row replaced.
fn with(changes: &[(&str, &str)], row: Option<(&str, &str)>) -> Vec<String> {
    let files = CODE.iter().chain(changes).map(|&(path, text)| (path.to_owned(), text.to_owned()));
    let (old, new) = row.unwrap_or_default();
    assert!(TABLE.contains(old), "{old}");
    faults(&files.collect::<Sources>(), &TABLE.replacen(old, new, 1))
}

#[test]
fn code_and_page_that_agree_have_no_faults() {
    assert_eq!(with(&[], None), [""; 0]);
}

#[test]
fn an_import_that_the_row_does_not_list() {
    assert_eq!(
        with(
            &[(
                "cli/run.rs",
                "use crate::{\n    graph::Graph,\n    plan::Plan,\n    leaf::{A, B},\n};\nuse crate::leaf::C;"
            )],
            None
        ),
        [
            "src/cli/run.rs:4 imports the room `leaf`, which the row of `cli` does not list (docs/architecture.md:15). Do without it, or, if `cli` is to know `leaf`, add `leaf` to the row."
        ]
    );
    assert_eq!(
        with(&[("leaf.rs", "\nfn f() { crate::cli::main() }")], None),
        [
            "src/leaf.rs:2 imports the room `cli`, which the row of `leaf` does not list (docs/architecture.md:11). The row of `cli` stands below it (docs/architecture.md:15), so `leaf` must not import it: move what both need to a room that both may import."
        ]
    );
}

#[test]
fn a_listed_room_that_nothing_imports() {
    let unused = "docs/architecture.md:14: the row of `graph` lists `leaf`, which nothing in `graph` imports. Remove it from the row.";
    assert_eq!(with(&[], Some(("compiles | ", "compiles | `leaf` "))), [unused]);
    let for_a_test = "use crate::plan::Plan;\n#[cfg(test)]\nmod tests { use crate::leaf; }";
    assert_eq!(with(&[("graph.rs", for_a_test)], Some(("compiles | ", "compiles | `leaf` "))), [unused]);
}

#[test]
fn a_room_without_a_row_and_a_row_without_a_room() {
    assert_eq!(
        with(&[("lib.rs", "mod cli; mod graph; mod leaf; mod plan; mod protocols; mod new;"), ("new.rs", "")], None),
        ["docs/architecture.md has no row for the room `new` (src/new.rs). Add one, below all that it imports."]
    );
    assert_eq!(
        with(&[], Some(("| `graph` | compiles", "| `old` | went | – |\n| `graph` | compiles"))),
        ["docs/architecture.md:14: there is no room `old` in src/. Remove the row, or correct its name."]
    );
    assert_eq!(
        with(&[], Some(("| `graph` | compiles", "| `plan` | again | – |\n| `graph` | compiles"))),
        ["docs/architecture.md:14: `plan` has a row already. Remove one of them."]
    );
}

#[test]
fn a_listed_room_whose_row_stands_below() {
    let ring = [("leaf.rs", "use crate::plan::Plan;")];
    assert_eq!(
        with(&ring, Some(("knows nobody | –", "knows nobody | `plan`"))),
        [
            "docs/architecture.md:11: the row of `leaf` lists `plan`, whose own row stands below it (docs/architecture.md:13). Move the row of `leaf` below that of `plan`; if `plan` needs `leaf` too, that is a ring: move what both need to a room that both may import."
        ]
    );
}

#[test]
fn a_row_with_a_cell_too_few() {
    assert_eq!(
        with(&[], Some(("compiles | ", "compiles "))),
        ["docs/architecture.md:14: a row has three cells, as the head of its table."]
    );
}

#[test]
fn the_files_of_a_protocol_belong_to_the_rooms_of_their_stages() {
    assert_eq!(
        with(
            &[
                ("protocols/http/mod.rs", "mod client; mod keys; mod plan; mod compile;"),
                ("protocols/http/plan/mod.rs", "mod settings;"),
                ("protocols/http/plan/settings.rs", "use super::super::super::spec::Spec;\nuse crate::graph::Graph;"),
                ("protocols/http/compile.rs", "use super::client::User;"),
            ],
            None
        ),
        [
            "src/protocols/http/compile.rs:1 imports the room `clients`, which the row of `graph` does not list (docs/architecture.md:14). Do without it, or, if `graph` is to know `clients`, add `clients` to the row.",
            "src/protocols/http/plan/settings.rs:2 imports the room `graph`, which the row of `plan` does not list (docs/architecture.md:13). The row of `graph` stands below it (docs/architecture.md:14), so `plan` must not import it: move what both need to a room that both may import.",
        ]
    );
}

#[test]
fn what_belongs_to_no_stage_of_a_protocol() {
    assert_eq!(
        with(
            &[
                ("protocols/http/mod.rs", "mod client; mod keys;\nmod helpers;\n\npub struct Http;"),
                ("protocols/http/helpers.rs", ""),
                ("cli/run.rs", "use crate::{graph::Graph, plan::Plan};\nuse crate::protocols::http::Http;"),
                ("graph.rs", "use crate::plan::Plan;\nuse crate::protocols::{self, *};"),
            ],
            None
        ),
        [
            "src/protocols/http/helpers.rs belongs to no stage of its protocol. Name it, or the folder it is in, after its stage: `spec`, `keys`, `plan`, `compile`, `client`.",
            "src/protocols/http/mod.rs:4 holds more than `mod` and `use` lines, but belongs to no room. Move it into the file of a stage or of a room.",
            "src/cli/run.rs:2 names `crate::protocols::http::Http`, which does not tell the room it is from. Write the path through the room's module, and through that of the stage in a protocol.",
            "src/graph.rs:2 names `crate::protocols::*`, which does not tell the room it is from. Write the path through the room's module, and through that of the stage in a protocol.",
        ]
    );
}

#[test]
fn layers_count_from_the_leaves() {
    assert_eq!(layers(&rows(TABLE).unwrap()), " 4  cli\n 3  graph\n 2  plan\n 1  clients\n 0  leaf\n");
}
