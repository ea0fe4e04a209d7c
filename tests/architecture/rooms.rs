//! Which module belongs to which room. A room is a module of `lib.rs`; only the files of protocols belong
//! to the rooms of their stages, so that a protocol is one folder though its parts depend on different things.

use std::collections::{BTreeMap, BTreeSet};

use crate::page::Stage;
use crate::scan::File;

/// The module that holds the protocols.
const PROTOCOLS: &str = "protocols";

/// The rooms of a crate.
pub(crate) struct Rooms {
    modules: BTreeSet<Vec<String>>,
    /// What a protocol's files and folders are called, and the room each belongs to.
    stages: Vec<Stage>,
    /// The rooms, and a file of each.
    rooms: BTreeMap<String, String>,
}

impl Rooms {
    pub(crate) fn of(files: &[File], stages: Vec<Stage>) -> Self {
        let modules = files.iter().map(|file| file.module.clone()).collect();
        let mut all = Self { modules, stages, rooms: BTreeMap::new() };
        for file in files {
            if let Some(room) = all.of_file(file).map(str::to_owned) {
                all.rooms.entry(room).or_insert_with(|| file.path.clone());
            }
        }
        all
    }

    /// What the files and folders of a protocol may be called.
    pub(crate) fn stages(&self) -> impl Iterator<Item = &str> {
        self.stages.iter().map(|stage| stage.name.as_str())
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
            [top, protocol] => top == PROTOCOLS && self.stage(protocol).is_none() && self.modules.contains(path),
            _ => false,
        }
    }

    pub(crate) fn of_file<'a>(&'a self, file: &'a File) -> Option<&'a str> {
        self.of_path(&file.module)
    }

    /// The room of what a path names.
    pub(crate) fn of_path<'a>(&'a self, path: &'a [String]) -> Option<&'a str> {
        match path {
            [] => None,
            [top, rest @ ..] if top == PROTOCOLS => rest.iter().take(2).find_map(|name| self.stage(name)),
            [top, ..] => self.modules.contains(&path[..1]).then_some(top),
        }
    }

    fn stage(&self, name: &str) -> Option<&str> {
        self.stages.iter().find(|stage| stage.name == name).map(|stage| stage.room.as_str())
    }
}
