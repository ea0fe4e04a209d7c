//! `docs/architecture.md` says which room of the code imports which. This test holds the code against the
//! page and the page against the code, so that neither can go its own way.
//!
//! `LOADPLAN_BLESS=1 cargo test --test architecture` writes the page's layers anew. The table is never
//! written: which room may know which is a decision.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod made_up;
mod page;
mod rooms;
mod scan;
mod snippets;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use page::Row;
use rooms::Rooms;
use scan::{File, Sources};

const PAGE: &str = "docs/architecture.md";

/// Everything in which code and page disagree, a sentence each.
fn faults(sources: &Sources, page: &str) -> Vec<String> {
    let read = scan::files(sources).and_then(|files| Ok((files, page::rows(page)?, page::stages(page)?)));
    let (files, rows, stages) = match read {
        Ok(read) => read,
        Err(fault) => return vec![fault],
    };
    let rooms = Rooms::of(&files, stages);
    let mut faults = misplaced(&files, &rooms);
    let imports = imports(&files, &rooms, &mut faults);
    faults.extend(unlisted(&imports, &rows));
    faults.extend(unused(&imports, &rows));
    faults.extend(without_row_or_room(&rooms, &rows));
    faults.extend(out_of_order(&rows));
    faults
}

/// An import of another room.
struct Import {
    file: String,
    line: usize,
    from: String,
    to: String,
}

/// Files whose place tells no room.
fn misplaced(files: &[File], rooms: &Rooms) -> Vec<String> {
    let faults = files.iter().filter_map(|file| match rooms.of_file(file) {
        Some(_) => None,
        None if rooms.is_above(&file.module) => file.first_item.map(|line| {
            format!(
                "src/{}:{line} holds more than `mod` and `use` lines, but belongs to no room. Move it into the file of a stage or of a room.",
                file.path
            )
        }),
        None => Some(format!(
            "src/{} belongs to no stage of its protocol. Name it, or the folder it is in, after its stage: {}.",
            file.path,
            rooms.stages().map(|stage| format!("`{stage}`")).collect::<Vec<_>>().join(", ")
        )),
    });
    faults.collect()
}

/// What each file imports from other rooms, each room where it is named first; adds to `faults` what belongs to none.
fn imports(files: &[File], rooms: &Rooms, faults: &mut Vec<String>) -> Vec<Import> {
    let mut imports: Vec<Import> = Vec::new();
    for file in files {
        let Some(from) = rooms.of_file(file) else { continue };
        let first = imports.len();
        for mention in &file.mentions {
            if rooms.is_above(&mention.path) && !mention.is_glob {
                continue;
            }
            match rooms.of_path(&mention.path) {
                Some(to) if to == from || imports[first..].iter().any(|known| known.to == to) => {}
                Some(to) => imports.push(Import {
                    file: file.path.clone(),
                    line: mention.line,
                    from: from.to_owned(),
                    to: to.to_owned(),
                }),
                None => faults.push(format!(
                    "src/{}:{} names `crate::{}{}`, which does not tell the room it is from. Write the path through the room's module, and through that of the stage in a protocol.",
                    file.path,
                    mention.line,
                    mention.path.join("::"),
                    if mention.is_glob { "::*" } else { "" }
                )),
            }
        }
    }
    imports
}

/// Imports that the room's row does not list.
fn unlisted(imports: &[Import], rows: &[Row]) -> Vec<String> {
    let faults = imports.iter().filter_map(|Import { file, line, from, to }| {
        let row = rows.iter().find(|row| row.room == *from)?;
        if row.imports.contains(to) {
            return None;
        }
        let remedy = match rows.iter().find(|other| other.room == *to) {
            Some(other) if other.line > row.line => format!(
                "The row of `{to}` stands below it ({PAGE}:{}), so `{from}` must not import it: move what both need to a room that both may import",
                other.line
            ),
            _ => format!("Do without it, or, if `{from}` is to know `{to}`, add `{to}` to the row"),
        };
        Some(format!(
            "src/{file}:{line} imports the room `{to}`, which the row of `{from}` does not list ({PAGE}:{}). {remedy}.",
            row.line
        ))
    });
    faults.collect()
}

/// Listed rooms that nothing imports.
fn unused(imports: &[Import], rows: &[Row]) -> Vec<String> {
    let used: BTreeSet<(&str, &str)> = imports.iter().map(|import| (&*import.from, &*import.to)).collect();
    let listed = rows.iter().flat_map(|row| row.imports.iter().map(move |to| (row, to)));
    let unused = listed.filter(|(row, to)| !used.contains(&(&row.room, to)));
    let faults = unused.map(|(Row { line, room, .. }, to)| {
        format!("{PAGE}:{line}: the row of `{room}` lists `{to}`, which nothing in `{room}` imports. Remove it from the row.")
    });
    faults.collect()
}

/// Rooms without a row, rows without a room, and second rows.
fn without_row_or_room(rooms: &Rooms, rows: &[Row]) -> Vec<String> {
    let mut faults = Vec::new();
    for (room, file) in rooms.all() {
        if !rows.iter().any(|row| row.room == room) {
            faults.push(format!(
                "{PAGE} has no row for the room `{room}` (src/{file}). Add one, below all that it imports."
            ));
        }
    }
    for (index, Row { line, room, .. }) in rows.iter().enumerate() {
        if rooms.all().all(|(known, _)| known != room) {
            faults.push(format!(
                "{PAGE}:{line}: there is no room `{room}` in src/. Remove the row, or correct its name."
            ));
        }
        if rows[..index].iter().any(|other| other.room == *room) {
            faults.push(format!("{PAGE}:{line}: `{room}` has a row already. Remove one of them."));
        }
    }
    faults
}

/// Listed rooms whose own row stands further down.
fn out_of_order(rows: &[Row]) -> Vec<String> {
    let mut faults = Vec::new();
    for (index, Row { line, room, imports }) in rows.iter().enumerate() {
        for to in imports {
            if let Some(other) = rows[index..].iter().find(|other| other.room == *to) {
                faults.push(format!(
                    "{PAGE}:{line}: the row of `{room}` lists `{to}`, whose own row stands below it ({PAGE}:{}). Move the row of `{room}` below that of `{to}`; if `{to}` needs `{room}` too, that is a ring: move what both need to a room that both may import.",
                    other.line
                ));
            }
        }
    }
    faults
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap().replace("\r\n", "\n")
}

fn sources() -> Sources {
    let src = root().join("src");
    let mut sources = Sources::new();
    let mut open = vec![src.clone()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&src).unwrap().to_str().unwrap().replace('\\', "/");
                sources.insert(name, read(&path));
            }
        }
    }
    sources
}

#[test]
fn the_code_and_the_page_agree() {
    let faults = faults(&sources(), &read(&root().join(PAGE)));
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn the_layers_follow_from_the_table() {
    let file = root().join(PAGE);
    let mut page = read(&file);
    let wanted = page::layers(&page::rows(&page).unwrap());
    let shown = page::shown_layers(&page).expect("a section `Layers` with a block of text");
    if std::env::var_os("LOADPLAN_BLESS").is_some() {
        page.replace_range(shown.clone(), &wanted);
        fs::write(&file, &page).unwrap();
    }
    let shown = page::shown_layers(&page).unwrap();
    assert!(
        page[shown] == wanted,
        "the layers in {PAGE} are out of date; run LOADPLAN_BLESS=1 cargo test --test architecture"
    );
}

#[test]
fn every_path_on_the_page_exists() {
    let page = read(&root().join(PAGE));
    let exists = |path: &str| root().join(path).exists() || root().join("src").join(path).exists();
    let missing: Vec<String> = page::paths(&page)
        .filter(|(_, path)| !exists(path))
        .map(|(line, path)| format!("{PAGE}:{line} names `{path}`, which does not exist. Correct the path."))
        .collect();
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}
