//! Turns YAML text into a tree of [`Node`]s that keep their spelling, style and position.
//!
//! The tree is built from the events of the parser and not through serde: this way, a scalar keeps
//! its exact spelling and quotes, all duplicate keys are found in one pass, and the cost of
//! aliases is limited before they are expanded.

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, Tag};

use crate::diagnostic::{Diagnostic, FileId, Span};
use crate::value::{Value, number_as_written};

/// How many nodes a document may have once its aliases are expanded. A plan of 20,000 different
/// requests has about 300,000; a "billion laughs" document has 10⁹.
const MAX_NODES: usize = 1_000_000;
/// How deeply maps and lists may nest.
const MAX_DEPTH: usize = 64;

/// The tags of YAML itself that a plan may hold.
pub const CORE_TAGS: [&str; 7] = ["!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq"];

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes: may spell `true`, `null` or a number.
    Plain,
    /// In single or double quotes: always text.
    Quoted,
    /// After `|` or `>`: always text.
    Block,
}

/// A value of the document and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value's own place; for an alias, where it was defined.
    pub span: Span,
    /// What it is.
    pub kind: NodeKind,
    /// Where `*name` ends, if that is what is written and this is the value it stands for.
    pub alias: Option<u32>,
}

/// The three shapes of YAML.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// Text, number, boolean or null, as written.
    Scalar {
        /// The text after escapes.
        text: Arc<str>,
        /// How it was written.
        style: Style,
    },
    /// A list.
    List(Vec<Node>),
    /// A map, in order of writing.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key's text.
    pub key: Arc<str>,
    /// The key's place.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// A value that stands where it is written.
    pub fn new(span: Span, kind: NodeKind) -> Self {
        Self { span, kind, alias: None }
    }

    /// A scalar made by the tool itself, for instance from a command-line option.
    pub fn scalar(span: Span, text: &str) -> Self {
        Self::new(span, NodeKind::Scalar { text: text.into(), style: Style::Plain })
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&Arc<str>> {
        match &self.kind {
            NodeKind::Scalar { text, .. } => Some(text),
            NodeKind::List(_) | NodeKind::Map(_) => None,
        }
    }

    /// Whether this is a plain `null` or `~`.
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, NodeKind::Scalar { text, style: Style::Plain } if matches!(&**text, "null" | "~"))
    }

    /// Whether nothing at all was written here.
    pub fn is_blank(&self) -> bool {
        matches!(&self.kind, NodeKind::Scalar { text, style: Style::Plain } if text.is_empty())
    }

    /// The entries of a map.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.kind {
            NodeKind::Map(entries) => Some(entries),
            NodeKind::Scalar { .. } | NodeKind::List(_) => None,
        }
    }

    /// The items of a list.
    pub fn items(&self) -> Option<&[Node]> {
        match &self.kind {
            NodeKind::List(items) => Some(items),
            NodeKind::Scalar { .. } | NodeKind::Map(_) => None,
        }
    }

    /// The value under a key of a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries()?.iter().find(|entry| &*entry.key == key).map(|entry| &entry.value)
    }

    /// The same value in JSON, `${…}` as it is written.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.kind {
            NodeKind::Scalar { text, style: Style::Plain } => plain_value(text).to_json(),
            NodeKind::Scalar { text, .. } => Json::String(text.to_string()),
            NodeKind::List(items) => items.iter().map(Self::to_json).collect(),
            NodeKind::Map(entries) => {
                Json::Object(entries.iter().map(|entry| (entry.key.to_string(), entry.value.to_json())).collect())
            }
        }
    }

    /// What this is, in a tester's words.
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            NodeKind::Map(_) => "a map",
            NodeKind::List(_) => "a list",
            NodeKind::Scalar { style: Style::Plain, text } => match &**text {
                "" => "nothing",
                "null" | "~" => "null",
                "true" | "false" => "true or false",
                text if is_number(text) => "a number",
                _ => "text",
            },
            NodeKind::Scalar { .. } => "text",
        }
    }

    /// Where what is written for this value ends.
    fn written_to(&self) -> u32 {
        self.alias.unwrap_or(self.span.end)
    }

    fn size(&self) -> usize {
        match &self.kind {
            NodeKind::Scalar { .. } => 1,
            NodeKind::List(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            NodeKind::Map(entries) => 1 + entries.iter().map(|entry| 1 + entry.value.size()).sum::<usize>(),
        }
    }
}

/// Text as a YAML scalar in quotes on one line, single ones unless that doubles many.
pub fn quoted(text: &str) -> String {
    if text.contains(char::is_control) {
        // The escapes of JSON are those of YAML's double quotes too.
        serde_json::Value::from(text).to_string()
    } else if text.contains('\'') && !text.contains(['"', '\\']) {
        format!("\"{text}\"")
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// A JSONPath as a YAML scalar: in quotes unless it is so plain that it needs none anywhere.
pub fn written_path(path: &str) -> String {
    let plain = path.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '$' | '.' | '_'));
    if plain { path.to_owned() } else { quoted(path) }
}

/// The value of a plain scalar: only `true` and `false` are boolean, only `null` and `~` null, and
/// a number with a leading zero is text.
pub fn plain_value(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" | "~" => Value::Null,
        text if is_number(text) => number_as_written(text),
        text => Value::text(text),
    }
}

/// Whether a plain scalar is a number in JSON's grammar: one with a leading zero (`05220639854`)
/// or a plus sign (`+49`) is text.
pub fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    !leading_zero
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && !digits.ends_with('.')
        && crate::value::spelled_number(text).is_some()
}

/// What an offset in the parsed text is in the file, when the text was mended before parsing.
pub trait Offsets {
    /// The offset in the file.
    fn original(&self, offset: usize) -> usize;
}

/// The parsed text is the file's own.
pub struct Unchanged;

impl Offsets for Unchanged {
    fn original(&self, offset: usize) -> usize {
        offset
    }
}

/// Builds the tree of the first and only document of `text`. Findings go to `findings`; `None`
/// when there is no tree to go on with.
pub fn parse(text: &str, file: FileId, offsets: &dyn Offsets, findings: &mut Vec<Diagnostic>) -> Option<Node> {
    let mut builder = Builder { file, offsets, anchors: HashMap::new(), nodes: 0, findings };
    let mut events = Parser::new_from_str(text);
    builder.document(&mut events)
}

struct Builder<'a> {
    file: FileId,
    offsets: &'a dyn Offsets,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    findings: &'a mut Vec<Diagnostic>,
}

/// A map or list whose end has not come yet.
enum OpenNode {
    List {
        items: Vec<Node>,
        anchor: usize,
        span: Span,
        style: StructureStyle,
    },
    Map {
        entries: Vec<Entry>,
        /// Where each key stands among the entries.
        places: HashMap<Arc<str>, usize>,
        merges: Vec<Node>,
        key: Option<(Arc<str>, Span)>,
        anchor: usize,
        span: Span,
        style: StructureStyle,
    },
}

impl Builder<'_> {
    fn document<'t>(&mut self, events: &mut Parser<'t, granit_parser::StrInput<'t>>) -> Option<Node> {
        let mut open: Vec<OpenNode> = Vec::new();
        let mut root = None;
        while let Some(event) = events.next_event() {
            let (event, at) = match event {
                Ok(pair) => pair,
                Err(error) => {
                    let offset = error.marker().byte_offset().unwrap_or(0);
                    self.syntax_error(offset, error.kind().to_string());
                    return None;
                }
            };
            let bytes = at.byte_range().unwrap_or(0..0);
            let span = self.span(bytes.start, bytes.end);
            let finished = match event {
                Event::Scalar(text, style, anchor, tag) => {
                    let is_text = tag.as_ref().is_some_and(|tag| tag.suffix() == "str");
                    self.refuse_tag(tag.as_deref(), at.tag_start().and_then(|m| m.byte_offset()), span);
                    let style = match style {
                        ScalarStyle::Plain if is_text && !bytes.is_empty() => Style::Quoted,
                        ScalarStyle::Plain => Style::Plain,
                        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                        _ => Style::Block,
                    };
                    // The parser gives a key with nothing after it the text `~`.
                    let nothing = style == Style::Plain && bytes.is_empty();
                    let text = if nothing { Arc::from("") } else { Arc::from(&*text) };
                    let node = Node::new(span, NodeKind::Scalar { text, style });
                    self.nodes += 1;
                    self.remember(anchor, &node);
                    Some(node)
                }
                Event::SequenceStart(style, anchor, tag) => {
                    self.refuse_tag(tag.as_deref(), at.tag_start().and_then(|m| m.byte_offset()), span);
                    open.push(OpenNode::List { items: Vec::new(), anchor, span, style });
                    None
                }
                Event::MappingStart(style, anchor, tag) => {
                    self.refuse_tag(tag.as_deref(), at.tag_start().and_then(|m| m.byte_offset()), span);
                    let (entries, places, merges) = (Vec::new(), HashMap::new(), Vec::new());
                    open.push(OpenNode::Map { entries, places, merges, key: None, anchor, span, style });
                    None
                }
                Event::SequenceEnd | Event::MappingEnd => self.close(open.pop(), span),
                Event::Alias(id) => match self.anchors.get(&id) {
                    Some((node, size)) => {
                        self.nodes += size;
                        let within = self.nodes <= MAX_NODES;
                        let copy = within.then(|| Node { alias: Some(span.end), ..node.clone() });
                        copy.or(Some(Node::new(span, NodeKind::List(Vec::new()))))
                    }
                    None => {
                        self.findings.push(Diagnostic::error(span, "this alias points into itself"));
                        return None;
                    }
                },
                Event::DocumentStart(..) if root.is_some() => {
                    self.findings.push(
                        Diagnostic::error(span, "a second document starts here, but a plan is one document")
                            .help("remove the `---` line, or put the second document into a file of its own"),
                    );
                    return root;
                }
                _ => None,
            };
            if self.nodes > MAX_NODES {
                self.findings.push(
                    Diagnostic::error(span, "the file grows too large once its aliases (`*name`) are expanded")
                        .help("use fewer aliases of aliases; a plan may have one million values in all"),
                );
                return None;
            }
            if open.len() > MAX_DEPTH {
                self.findings
                    .push(Diagnostic::error(span, format!("nested too deeply (more than {MAX_DEPTH} levels)")));
                return None;
            }
            if let Some(node) = finished {
                match open.last_mut() {
                    None => root = Some(node),
                    Some(parent) => self.attach(parent, node),
                }
            }
        }
        root
    }

    /// Hands a finished value to the map or list it stands in.
    fn attach(&mut self, parent: &mut OpenNode, node: Node) {
        match parent {
            OpenNode::List { items, .. } => {
                if node.is_blank() {
                    self.findings.push(
                        Diagnostic::error(node.span, "nothing is written after this `-`")
                            .help("write a value, or remove the line"),
                    );
                }
                items.push(node);
            }
            OpenNode::Map { entries, places, merges, key, .. } => match key.take() {
                None => match &node.kind {
                    NodeKind::Scalar { text, .. } => *key = Some((text.clone(), node.span)),
                    NodeKind::List(_) | NodeKind::Map(_) => {
                        self.findings.push(
                            Diagnostic::error(node.span, format!("a key must be text, not {}", node.describe()))
                                .help("if this should be text, put quotes around it"),
                        );
                        *key = Some(("?".into(), node.span));
                    }
                },
                Some((name, _)) if &*name == "<<" => merges.push(node),
                Some((name, key_span)) => {
                    if let Some(first) = places.get(&name).and_then(|at| entries.get(*at)) {
                        self.findings.push(
                            Diagnostic::error(key_span, format!("the key `{name}` is written twice in this map"))
                                .help("keep one of the two; the second would silently replace the first")
                                .related(first.key_span, "first written here"),
                        );
                    } else {
                        if node.is_blank() {
                            self.findings.push(
                                Diagnostic::error(key_span, format!("nothing is written after `{name}:`"))
                                    .help("write a value, or remove the line; `null` means no value"),
                            );
                        }
                        places.insert(name.clone(), entries.len());
                        entries.push(Entry { key: name, key_span, value: node });
                    }
                }
            },
        }
    }

    fn close(&mut self, open: Option<OpenNode>, end: Span) -> Option<Node> {
        let (node, anchor) = match open? {
            OpenNode::List { items, anchor, span, style } => {
                let last = items.last().map(Node::written_to);
                (Node::new(ended(span, end, style, last), NodeKind::List(items)), anchor)
            }
            OpenNode::Map { mut entries, mut places, merges, anchor, span, style, .. } => {
                let values = entries.last().map(|last| &last.value).into_iter().chain(merges.last());
                let last = values.map(Node::written_to).max();
                for merge in merges {
                    self.merge(&mut entries, &mut places, merge);
                }
                (Node::new(ended(span, end, style, last), NodeKind::Map(entries)), anchor)
            }
        };
        self.nodes += 1;
        self.remember(anchor, &node);
        Some(node)
    }

    /// YAML's merge key: what `<<` brings in yields to what is written beside it.
    fn merge(&mut self, entries: &mut Vec<Entry>, places: &mut HashMap<Arc<str>, usize>, source: Node) {
        match source.kind {
            NodeKind::Map(more) => {
                for entry in more {
                    if !places.contains_key(&entry.key) {
                        places.insert(entry.key.clone(), entries.len());
                        entries.push(entry);
                    }
                }
            }
            NodeKind::List(sources) => {
                for source in sources {
                    self.merge(entries, places, source);
                }
            }
            NodeKind::Scalar { .. } => self.findings.push(
                Diagnostic::error(source.span, "`<<` merges a map, but this is not one")
                    .help("point it at an anchor that stands on a map: `<<: *name`"),
            ),
        }
    }

    fn remember(&mut self, anchor: usize, node: &Node) {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), node.size()));
        }
    }

    /// Tells of a tag, unless it is one of YAML's own (YAML 1.2 §10.3), which name what a value is anyway.
    fn refuse_tag(&mut self, tag: Option<&Tag>, at: Option<usize>, value: Span) {
        let is_core = |tag: &Tag| {
            tag.handle() == "tag:yaml.org,2002:"
                && CORE_TAGS.iter().any(|known| known.trim_start_matches('!') == tag.suffix())
        };
        if tag.is_some_and(|tag| !is_core(tag)) {
            let start = at.map_or(value.start, |at| self.offsets.original(at) as u32);
            let span = Span { start, ..value };
            self.findings.push(
                Diagnostic::error(span, "a word with `!` in front is a YAML tag, and plans have none")
                    .help("put quotes around the value if it should be text"),
            );
        }
    }

    fn syntax_error(&mut self, offset: usize, what: String) {
        let span = self.span(offset, offset + 1);
        let (message, help) = in_words(&what);
        let help = format!("{help}; further mistakes are listed once this one is fixed");
        self.findings.push(Diagnostic::error(span, message).help(help));
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let start = self.offsets.original(start) as u32;
        Span { file: self.file, start, end: (self.offsets.original(end) as u32).max(start) }
    }
}

/// A list or map from its start to its closing bracket, or to the end of its last value: in block
/// style the parser notices the end only where the next thing begins.
fn ended(start: Span, end: Span, style: StructureStyle, last: Option<u32>) -> Span {
    let end = match (style, last) {
        (StructureStyle::Block, Some(last)) => last,
        _ => end.end,
    };
    Span { end: end.max(start.end), ..start }
}

/// What is told of a line where the next item of a list is expected.
pub const NO_ITEM: &str = "this line is indented like a list's item, but no `-` stands in front of it";

/// A parser's message in a tester's words, and the remedy.
fn in_words(what: &str) -> (String, &'static str) {
    let sentence = |message: &str, help| (message.to_owned(), help);
    match what {
        what if what.contains("mapping values are not allowed") || what.contains("simple key") => sentence(
            "this line does not fit the one above it: there, a key is not finished or a text goes on",
            "keys of one map start in the same column, each followed by `:` and a space; text with `: ` in it needs quotes",
        ),
        what if what.contains("did not find expected key") || what.contains("block mapping") => sentence(
            "this line is indented differently from the keys it belongs to",
            "keys of one map start in the same column; what belongs to a key stands two spaces further right",
        ),
        what if what.contains("'-' indicator")
            || what.contains("block collection")
            || what.contains("block sequence") =>
        {
            sentence(NO_ITEM, "put `- ` in front, or indent it as far as the lines it belongs to")
        }
        what if what.contains("flow")
            || what.contains("bracket")
            || what.contains("illegal placement of ':'")
            || what.contains("',' or") =>
        {
            sentence(
                "a `{` or `[` above is not closed, or a comma is missing between two entries",
                "close every bracket on the same line, or write the map over several lines without brackets",
            )
        }
        what if what.contains("trailing content after") => sentence(
            "after the closing quote of a text something follows that cannot stand there",
            "if a comma is missing, add it; if the quote belongs to the text, put the other kind of quotes around the text",
        ),
        what if what.contains("escape character") || what.contains("hexadecimal") => sentence(
            "in double quotes a backslash starts a YAML escape, and this one does not exist",
            "use single quotes, where a backslash is just a backslash",
        ),
        what if what.contains("quoted scalar") || what.contains("unclosed quote") || what.contains("end of stream") => {
            sentence("a text in quotes has no closing quote", "add the missing quote at the end of the text")
        }
        what => (
            format!("this is not valid YAML: {what}"),
            "check the indentation of this line and the one above it (spaces, not tabs), and put quotes around values with special characters",
        ),
    }
}
