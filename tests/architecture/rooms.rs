//! Which module belongs to which room. A room is a module of `lib.rs`; only the files of protocols belong
//! to the rooms of their stages, so that a protocol is one folder though its parts depend on different things.

use std::collections::{BTreeMap, BTreeSet};

use crate::scan::File;

/// The module that holds the protocols.
const PROTOCOLS: &str = "protocols";

/// What a protocol's files and folders are called, and the room each belongs to.
pub(crate) const STAGES: [(&str, &str); 8] = [
    ("spec", "plan"),
    ("keys", "plan"),
    ("plan", "plan"),
    ("node", "graph"),
    ("compile", "graph"),
    ("explain", "graph"),
    ("client", "clients"),
    ("sampler", "samplers"),
];

/// The rooms of a crate.
pub(crate) struct Rooms {
    modules: BTreeSet<Vec<String>>,
    /// The rooms, and a file of each.
    rooms: BTreeMap<String, String>,
}

impl Rooms {
    pub(crate) fn of(files: &[File]) -> Self {
        let modules = files.iter().map(|file| file.module.clone()).collect();
        let mut all = Self { modules, rooms: BTreeMap::new() };
        for file in files {
            if let Some(room) = all.of_file(file) {
                let room = room.to_owned();
                all.rooms.entry(room).or_insert_with(|| file.path.clone());
            }
        }
        all
    }

    /// Every room, and a file of it.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rooms.iter().map(|(room, file)| (room.as_str(), file.as_str()))
    }

    /// Whether a path is a module that holds several rooms or parts of them: the crate itself, `protocols`, a protocol.
    pub(crate) fn is_above(&self, path: &[String]) -> bool {
        match path {
            [] => true,
            [top] => top == PROTOCOLS,
            [top, protocol] => top == PROTOCOLS && stage(protocol).is_none() && self.modules.contains(path),
            _ => false,
        }
    }

    pub(crate) fn of_file<'a>(&self, file: &'a File) -> Option<&'a str> {
        self.of_path(&file.module)
    }

    /// The room of what a path names.
    pub(crate) fn of_path<'a>(&self, path: &'a [String]) -> Option<&'a str> {
        match path {
            [] => None,
            [top, rest @ ..] if top == PROTOCOLS => rest.iter().take(2).find_map(|name| stage(name)),
            [top, ..] => self.modules.contains(&path[..1]).then_some(top),
        }
    }
}

fn stage(name: &str) -> Option<&'static str> {
    STAGES.iter().find(|(stage, _)| *stage == name).map(|(_, room)| *room)
}
