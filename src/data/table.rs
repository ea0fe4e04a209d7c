//! Files of rows: CSV with or without a header row, JSON and YAML lists of objects.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use encoding_rs::Encoding;

use crate::json::Document;
use crate::problem::Problem;
use crate::sanitize::shown_path;
use crate::value::{Map, Value};
use crate::yaml::{self, Node, NodeKind, Style};

use super::quotes;

/// The largest JSON or YAML list read, in bytes. CSV files have no limit: they are streamed.
const MAX_LIST: u64 = 16 * 1024 * 1024;
/// The longest row of a CSV file, in bytes.
const MAX_ROW: u64 = 1024 * 1024;
/// How much of a CSV file is looked at for its delimiter, in bytes.
const LOOKED_AT: u64 = 64 * 1024;
/// How many rows the check before the run looks at.
const CHECKED_ROWS: usize = 1_000_000;

/// A file of rows and how to read it.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The file.
    pub path: PathBuf,
    /// The columns' names, when the file has no header row.
    pub columns: Option<Vec<Arc<str>>>,
    /// The byte between two cells.
    pub delimiter: u8,
    /// The label of the file's encoding, when it is not UTF-8.
    pub encoding: Option<Arc<str>>,
}

impl Spec {
    /// Reads the file through once, without holding it, and tells its columns.
    ///
    /// # Errors
    /// When it cannot be read, has no rows, names a column twice, or a row has another number of
    /// cells than the columns.
    pub fn check(&self) -> Result<Vec<Arc<str>>, Problem> {
        let mut rows = self.open()?;
        let columns = rows.columns();
        if let Some((other, line)) = self.other_delimiter()? {
            let shown = shown_path(&self.path);
            let (name, written) = match other {
                '\t' => ("tabs", "tab".to_owned()),
                other => (if other == ';' { "semicolons" } else { "pipes" }, format!("'{other}'")),
            };
            return Err(Problem::new(
                format!("{shown} separates its cells with {name}: `{}`", line.escape_debug()),
                format!("write `delimiter: {written}` next to `file`"),
            ));
        }
        let mut known = HashSet::new();
        for column in columns.iter() {
            if !known.insert(column) {
                return Err(Problem::new(
                    format!("{}: the column `{column}` occurs twice", shown_path(&self.path)),
                    "rename one of the two in the file",
                ));
            }
        }
        let (mut count, mut several_lines) = (0, false);
        while let Some(row) = rows.next_row() {
            let row = row?;
            several_lines = matches!(&row, Value::Map(row) if row.iter().any(|(_, cell)| {
                cell.as_text().is_some_and(|cell| cell.contains('\n'))
            }));
            count += 1;
            if count == CHECKED_ROWS {
                break;
            }
        }
        // A quote that is never closed swallows the lines after it into the last row.
        if several_lines
            && matches!(rows.source, RowSource::Csv(..))
            && let Some(error) = self.unclosed_quote()
        {
            return Err(error);
        }
        if count == 0 {
            let help = if self.columns.is_some() {
                "add rows"
            } else {
                "add rows below the header row; if the file has no header row, set `columns`"
            };
            return Err(Problem::new(format!("{} has no rows", shown_path(&self.path)), help));
        }
        Ok(columns.to_vec())
    }

    /// Opens the file at its first row.
    ///
    /// # Errors
    /// When it cannot be read or is no table.
    pub fn open(&self) -> Result<Rows, Problem> {
        // A pipe would be waited for, and a device has no end.
        let kind = std::fs::metadata(&self.path).map_err(|error| self.unreadable(&error))?;
        if !kind.is_file() {
            return Err(Problem::new(
                format!("{} is not a regular file", shown_path(&self.path)),
                "name a CSV, JSON or YAML file",
            ));
        }
        let extension = self.path.extension().and_then(|ext| ext.to_str()).unwrap_or("").to_ascii_lowercase();
        match extension.as_str() {
            "json" | "yaml" | "yml" => self.list(&extension),
            _ => self.csv(),
        }
    }

    fn unreadable(&self, error: &std::io::Error) -> Problem {
        Problem::new(
            format!("{} cannot be read: {error}", shown_path(&self.path)),
            "check the path and the file's permissions",
        )
    }

    /// The sign that separates the cells, when it is not the one the plan counts on, and the first
    /// line: that is a single cell which holds the sign, and the next line holds it just as often.
    /// A line behind may hold the plan's delimiter, as the comma in `1,5;2` does.
    fn other_delimiter(&self) -> Result<Option<(char, String)>, Problem> {
        if !matches!(self.open()?.source, RowSource::Csv(..)) {
            return Ok(None);
        }
        let mut text = Vec::new();
        // What cannot be read is reported where the rows are.
        let read = WithoutBom::new(self.text()?).take(LOOKED_AT).read_to_end(&mut text);
        let text = String::from_utf8_lossy(&text);
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let (Ok(_), Some(first), Some(second)) = (read, lines.next(), lines.next()) else { return Ok(None) };
        if first.contains(char::from(self.delimiter)) {
            return Ok(None);
        }
        let often = |line: &str, sign: char| line.matches(sign).count();
        let found = [';', '\t', '|'].into_iter().find(|sign| {
            char::from(self.delimiter) != *sign
                && often(first, *sign) > 0
                && often(first, *sign) == often(second, *sign)
        });
        Ok(found.map(|sign| (sign, first.trim_end().to_owned())))
    }

    /// The finding, when the file ends inside of a quoted cell (RFC 4180 §2.5).
    fn unclosed_quote(&self) -> Option<Problem> {
        let line = quotes::unclosed(WithoutBom::new(self.text().ok()?), self.delimiter).ok()??;
        Some(Problem::new(
            format!("{} line {line}: a double quote is never closed", shown_path(&self.path)),
            "write `\"` at the end of the cell; inside a quoted cell, write a quote twice: `\"\"`",
        ))
    }

    /// The file's text, decoded.
    fn text(&self) -> Result<Box<dyn Read + Send>, Problem> {
        let encoding = self.encoding.as_deref().and_then(|label| Encoding::for_label(label.as_bytes()));
        let file = File::open(&self.path).map_err(|error| self.unreadable(&error))?;
        Ok(match encoding {
            Some(encoding) => Box::new(Decoder::new(BufReader::new(file), encoding)),
            None => Box::new(BufReader::with_capacity(64 * 1024, file)),
        })
    }

    fn csv(&self) -> Result<Rows, Problem> {
        let mut file = File::open(&self.path).map_err(|error| self.unreadable(&error))?;
        let encoding = self.encoding.as_deref().and_then(|label| Encoding::for_label(label.as_bytes()));
        let mut start = [0; 2];
        let head = file.read(&mut start).map_err(|error| self.unreadable(&error))?;
        if encoding.is_none() && head == 2 && matches!(start, [0xff, 0xfe] | [0xfe, 0xff]) {
            return Err(Problem::new(
                format!("{} is UTF-16", shown_path(&self.path)),
                "save it as UTF-8, or write `encoding: utf-16le`",
            ));
        }
        let text = self.text()?;
        let row = Arc::<AtomicU64>::default();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter)
            .from_reader(OneRow { inner: WithoutBom::new(text), read: row.clone() });
        let columns: Arc<[Arc<str>]> = match &self.columns {
            Some(columns) => columns.as_slice().into(),
            None => {
                let mut record = csv::StringRecord::new();
                match reader.read_record(&mut record) {
                    Ok(true) => record.iter().map(|name| Arc::from(name.trim())).collect(),
                    Ok(false) => {
                        return Err(Problem::new(
                            format!("{} is empty", shown_path(&self.path)),
                            "write a header row and rows",
                        ));
                    }
                    Err(error) => return Err(self.csv_error(&error)),
                }
            }
        };
        row.store(0, Ordering::Relaxed);
        Ok(Rows {
            spec: self.clone(),
            columns,
            source: RowSource::Csv(Box::new(reader), csv::StringRecord::new(), row),
        })
    }

    fn csv_error(&self, error: &csv::Error) -> Problem {
        let line = error.position().map_or(String::new(), |position| format!(" line {}", position.line()));
        match error.kind() {
            csv::ErrorKind::Utf8 { .. } => Problem::new(
                format!("{}{line} contains bytes that are not UTF-8", shown_path(&self.path)),
                "save the file as UTF-8, or set its `encoding`, for example windows-1252",
            ),
            csv::ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::FileTooLarge => Problem::new(
                format!("{} has a row of more than {} MiB", shown_path(&self.path), MAX_ROW >> 20),
                "check for a double quote that is never closed, and whether the file is a table",
            ),
            csv::ErrorKind::Io(error) => self.unreadable(error),
            _ => Problem::new(format!("{}{line}: {error}", shown_path(&self.path)), "fix the file"),
        }
    }

    fn list(&self, extension: &str) -> Result<Rows, Problem> {
        let shown = shown_path(&self.path);
        let size = std::fs::metadata(&self.path).map_err(|error| self.unreadable(&error))?.len();
        if size > MAX_LIST {
            return Err(Problem::new(
                format!("{shown} is too large for a list: {size} bytes, at most {MAX_LIST}"),
                "convert it to CSV, which is streamed",
            ));
        }
        let bytes = std::fs::read(&self.path).map_err(|error| self.unreadable(&error))?;
        let text = match self.encoding.as_deref().and_then(|label| Encoding::for_label(label.as_bytes())) {
            Some(encoding) => encoding.decode(&bytes).0.into_owned(),
            None => String::from_utf8(bytes).map_err(|_| {
                Problem::new(format!("{shown} is not UTF-8"), "save it as UTF-8, or set its `encoding`")
            })?,
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let list = if extension == "json" {
            Document::read(Bytes::copy_from_slice(text.as_bytes()))
                .map_err(|error| Problem::new(format!("{shown} is not JSON: {error}"), "fix the file"))?
                .root()
                .to_value()
        } else {
            let mut findings = Vec::new();
            let node = yaml::parse(text, crate::diagnostic::FileId(0), &yaml::Unchanged, &mut findings);
            if let Some(finding) = findings.first() {
                return Err(Problem::new(format!("{shown}: {}", finding.message), "fix the file"));
            }
            node.map_or(Value::Null, |node| spelled(&node))
        };
        let Value::List(rows) = list else {
            return Err(Problem::new(
                format!("{shown} does not contain a list"),
                "write a list of objects: one object for each row",
            ));
        };
        let mut columns: Vec<Arc<str>> = Vec::new();
        let mut known: HashSet<Arc<str>> = HashSet::new();
        for (index, row) in rows.iter().enumerate() {
            let Value::Map(map) = row else {
                return Err(Problem::new(
                    format!("{shown}: row {} is not an object", index + 1),
                    "write a list of objects: one object for each row",
                ));
            };
            for (key, _) in map.iter() {
                if known.insert(key.clone()) {
                    columns.push(key.clone());
                }
            }
        }
        Ok(Rows { spec: self.clone(), columns: columns.into(), source: RowSource::List(rows, 0) })
    }
}

/// A YAML list keeps its scalars' spelling; only true, false, null and numbers are typed.
fn spelled(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Scalar { text, style: Style::Plain } => crate::yaml::plain_value(text),
        NodeKind::Scalar { text, .. } => Value::Text(text.clone()),
        NodeKind::List(items) => Value::List(items.iter().map(spelled).collect()),
        NodeKind::Map(entries) => {
            Value::Map(Arc::new(entries.iter().map(|entry| (entry.key.clone(), spelled(&entry.value))).collect()))
        }
    }
}

/// Rows in the order of the file.
pub struct Rows {
    spec: Spec,
    columns: Arc<[Arc<str>]>,
    source: RowSource,
}

enum RowSource {
    /// The reader, its row, and how many bytes were read since the last one.
    Csv(Box<csv::Reader<OneRow>>, csv::StringRecord, Arc<AtomicU64>),
    List(Arc<[Value]>, usize),
}

impl Rows {
    /// The columns' names.
    pub fn columns(&self) -> Arc<[Arc<str>]> {
        self.columns.clone()
    }

    /// The next row, or why it cannot be used; `None` after the last. Blank lines are no rows.
    pub fn next_row(&mut self) -> Option<Result<Value, Problem>> {
        match &mut self.source {
            RowSource::List(rows, at) => {
                let row = rows.get(*at)?.clone();
                *at += 1;
                Some(Ok(row))
            }
            RowSource::Csv(reader, record, read) => loop {
                read.store(0, Ordering::Relaxed);
                match reader.read_record(record) {
                    Ok(false) => return None,
                    Err(error) => return Some(Err(self.spec.csv_error(&error))),
                    Ok(true) => {}
                }
                if record.len() == 1
                    && record.get(0).is_some_and(|cell| cell.trim().is_empty())
                    && self.columns.len() > 1
                {
                    continue;
                }
                if record.len() != self.columns.len() {
                    let line = record.position().map_or(0, csv::Position::line);
                    let (cells, columns) = (record.len(), self.columns.len());
                    if let Some(error) = self.spec.unclosed_quote() {
                        return Some(Err(error));
                    }
                    let shown = shown_path(&self.spec.path);
                    // Quotes count only directly after the delimiter (RFC 4180 §2.4: spaces belong to the cell).
                    if record.iter().any(|cell| cell.starts_with(' ') && cell.trim_start().starts_with('"')) {
                        return Some(Err(Problem::new(
                            format!(
                                "{shown} line {line}: there is a space before a double quote, so the quotes do not enclose the cell"
                            ),
                            "remove the spaces between the delimiter and the quotes",
                        )));
                    }
                    let counted =
                        |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
                    let are = if columns == 1 { "is" } else { "are" };
                    return Some(Err(Problem::new(
                        format!(
                            "{shown} line {line} has {}, but there {are} {}",
                            counted(cells, "cell"),
                            counted(columns, "column")
                        ),
                        "a cell that contains the delimiter needs double quotes around it; also check `delimiter`",
                    )));
                }
                let cells = record.iter().map(Value::text).collect();
                return Some(Ok(Value::Map(Arc::new(Map::new(self.columns.clone(), cells)))));
            },
        }
    }

    /// Back to the first row.
    ///
    /// # Errors
    /// When the file can no longer be opened.
    pub fn rewind(&mut self) -> Result<(), Problem> {
        match &mut self.source {
            RowSource::List(_, at) => *at = 0,
            RowSource::Csv(..) => *self = self.spec.open()?,
        }
        Ok(())
    }
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("spec", &self.spec).finish_non_exhaustive()
    }
}

/// A reader that refuses to read on when a single row gets too long.
struct OneRow {
    inner: WithoutBom,
    /// How many bytes were read since the last row ended.
    read: Arc<AtomicU64>,
}

impl Read for OneRow {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let all = self.read.fetch_add(count as u64, Ordering::Relaxed) + count as u64;
        // The reader takes a block more than the row it is asked for.
        if all > MAX_ROW + buffer.len() as u64 {
            return Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge));
        }
        Ok(count)
    }
}

/// A reader that leaves out a UTF-8 byte order mark.
struct WithoutBom {
    inner: Box<dyn Read + Send>,
    head: Option<Vec<u8>>,
}

impl WithoutBom {
    fn new(inner: Box<dyn Read + Send>) -> Self {
        Self { inner, head: Some(Vec::new()) }
    }
}

impl Read for WithoutBom {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if let Some(mut head) = self.head.take() {
            (&mut self.inner).take(3).read_to_end(&mut head)?;
            if head == b"\xef\xbb\xbf" {
                head.clear();
            }
            if !head.is_empty() {
                let count = head.len().min(buffer.len());
                buffer[..count].copy_from_slice(&head[..count]);
                head.drain(..count);
                if !head.is_empty() {
                    self.inner = Box::new(
                        std::io::Cursor::new(head)
                            .chain(std::mem::replace(&mut self.inner, Box::new(std::io::empty()))),
                    );
                }
                return Ok(count);
            }
        }
        self.inner.read(buffer)
    }
}

/// A reader that turns another encoding into UTF-8, block by block.
struct Decoder<R> {
    inner: R,
    decoder: encoding_rs::Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    at: usize,
    done: bool,
}

impl<R: Read> Decoder<R> {
    fn new(inner: R, encoding: &'static Encoding) -> Self {
        Self { inner, decoder: encoding.new_decoder(), raw: vec![0; 16 * 1024], text: Vec::new(), at: 0, done: false }
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.at == self.text.len() && !self.done {
            let count = self.inner.read(&mut self.raw)?;
            self.done = count == 0;
            let most = self.decoder.max_utf8_buffer_length(count).unwrap_or(count * 4 + 16);
            self.text.resize(most, 0);
            let (_, _, written, _) = self.decoder.decode_to_utf8(&self.raw[..count], &mut self.text, self.done);
            self.text.truncate(written);
            self.at = 0;
        }
        let count = buffer.len().min(self.text.len() - self.at);
        buffer[..count].copy_from_slice(&self.text[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
