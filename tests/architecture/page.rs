//! What `docs/architecture.md` says: the stages of protocols, the rows of rooms, the layers that follow
//! from them, and the paths it names.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The first cells of the table of rooms.
const ROOMS: &str = "| room |";
/// The first cells of the table of stages.
const STAGES: &str = "| in `src/protocols/` |";
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

/// What a file or a folder of a protocol may be called.
pub(crate) struct Stage {
    /// Without its ending.
    pub(crate) name: String,
    /// The room it belongs to.
    pub(crate) room: String,
}

/// The stages of protocols.
///
/// # Errors
/// Rows with too many or too few cells.
pub(crate) fn stages(page: &str) -> Result<Vec<Stage>, String> {
    let mut stages = Vec::new();
    for (_, [places, _, room]) in table(page, STAGES)? {
        let names = code(places).filter_map(|place| place.trim_end_matches('/').rsplit('/').next());
        let room = code(room).next().unwrap_or_default();
        stages.extend(names.map(|name| Stage { name: name.trim_end_matches(".rs").to_owned(), room: room.to_owned() }));
    }
    Ok(stages)
}

/// The rows of rooms, in order.
///
/// # Errors
/// Rows with too many or too few cells.
pub(crate) fn rows(page: &str) -> Result<Vec<Row>, String> {
    let rows = table(page, ROOMS)?.into_iter().map(|(line, [room, _, imports])| Row {
        line,
        room: code(room).next().unwrap_or_default().to_owned(),
        imports: code(imports).map(str::to_owned).collect(),
    });
    Ok(rows.collect())
}

/// The rows of the tables that begin with `head`, with their lines.
fn table<'p>(page: &'p str, head: &str) -> Result<Vec<(usize, [&'p str; 3])>, String> {
    let mut rows = Vec::new();
    let mut is_table = false;
    for (line, text) in (1..).zip(page.lines()) {
        is_table = text.starts_with(head) || is_table && text.starts_with('|');
        if is_table && !text.starts_with(head) && !text.starts_with("| ---") {
            let cells: Vec<&str> = text.trim_matches('|').split('|').collect();
            let cells = cells.try_into().map_err(|_| {
                format!("docs/architecture.md:{line}: a row has three cells, as the head of its table.")
            })?;
            rows.push((line, cells));
        }
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

/// The files and folders the page names with a slash in them, and their lines.
pub(crate) fn paths(page: &str) -> impl Iterator<Item = (usize, &str)> {
    let named = (1..).zip(page.lines()).flat_map(|(line, text)| code(text).map(move |word| (line, word)));
    let is_part_of_path = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-".contains(c);
    named.filter(move |(_, word)| word.contains('/') && word.chars().all(is_part_of_path))
}

/// What stands in backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}
