//! What `docs/architecture.md` says: the rows of its table, the layers that follow from them, and the
//! paths it names.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The first cells of a table of rooms.
const HEAD: &str = "| room |";
/// The heading above the layers.
const LAYERS: &str = "## Layers";
/// The widest line of the layers, in characters.
const WIDTH: usize = 100;

/// A room as the page describes it.
#[derive(Debug, PartialEq)]
pub(crate) struct Row {
    /// The row's line.
    pub(crate) line: usize,
    /// The room.
    pub(crate) room: String,
    /// What the room may import.
    pub(crate) imports: Vec<String>,
}

/// The rows of all tables of rooms, in order.
///
/// # Errors
/// Rows with too many or too few cells.
pub(crate) fn rows(page: &str) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    let mut is_table = false;
    for (index, text) in page.lines().enumerate() {
        is_table = text.starts_with(HEAD) || is_table && text.starts_with('|');
        if !is_table || text.starts_with(HEAD) || text.starts_with("| ---") {
            continue;
        }
        let line = index + 1;
        let cells: Vec<&str> = text.trim_matches('|').split('|').collect();
        let [room, _, imports] = cells[..] else {
            return Err(format!("docs/architecture.md:{line}: a row has three cells: room, what it does, imports."));
        };
        let room = code(room).next().unwrap_or_default().to_owned();
        rows.push(Row { line, room, imports: code(imports).map(str::to_owned).collect() });
    }
    Ok(rows)
}

/// The rooms by their distance from the leaves, the furthest first: a room stands above all it imports.
pub(crate) fn layers(rows: &[Row]) -> String {
    let mut heights: BTreeMap<&str, usize> = BTreeMap::new();
    let mut layers: Vec<Vec<&str>> = Vec::new();
    for row in rows {
        let below = row.imports.iter().filter_map(|import| heights.get(import.as_str()));
        let height = below.max().map_or(0, |height| height + 1);
        heights.insert(&row.room, height);
        layers.resize(layers.len().max(height + 1), Vec::new());
        layers[height].push(&row.room);
    }
    let mut text = String::new();
    for (height, rooms) in layers.iter().enumerate().rev() {
        let mut line = format!("{height:2} ");
        for room in rooms {
            if line.len() + room.len() > WIDTH {
                let _ = writeln!(text, "{line}");
                line = " ".repeat(3);
            }
            let _ = write!(line, " {room}");
        }
        let _ = writeln!(text, "{line}");
    }
    text
}

/// The layers as the page shows them, and where they stand in it.
pub(crate) fn shown_layers(page: &str) -> Option<std::ops::Range<usize>> {
    let section = page.find(LAYERS)?;
    let fence = section + page[section..].find("```")?;
    let start = fence + page[fence..].find('\n')? + 1;
    Some(start..start + page[start..].find("```")?)
}

/// The files and folders the page names, with their lines.
pub(crate) fn paths(page: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = page.lines().enumerate();
    let named = lines.flat_map(|(index, text)| code(text).map(move |word| (index + 1, word)));
    named.filter(|(_, word)| {
        let is_path = word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-".contains(c));
        is_path && (word.contains('/') || [".rs", ".md"].iter().any(|ending| word.ends_with(ending)))
    })
}

/// What stands in backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}
