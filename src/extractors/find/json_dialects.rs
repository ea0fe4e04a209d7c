//! JSONPath as other tools let it be written (Jayway and Goessner dialects, JMESPath, jq, gjson,
//! JSON pointers), rewritten as RFC 9535 has it. Only proposals come out of here: whoever asks
//! compiles them first.

/// The longest path that is looked at, in bytes, and the longest comparison that is made of one.
const LONGEST: usize = 1_000;

/// A path in the form of RFC 9535, and what had to be changed.
pub(super) struct Rewritten {
    pub(super) path: String,
    /// What to write instead of what, for people; the first habit that was met.
    pub(super) note: Option<&'static str>,
}

const IN_BRACKETS: &str = "put a name that is not a plain word in brackets and quotes";
const INDEX: &str = "write the number of a list element in brackets";
const NO_DOT: &str = "there is no dot before a bracket";
const FROM_END: &str = "the last element is `[-1]`";
const ROOT: &str = "a JSONPath starts with `$`";
const EVERY: &str = "every element is `[*]`";
const AND_OR: &str = "join conditions with `&&` and `||`; `!` means not";
const EQUALS: &str = "write `==` for equal and `!=` for not equal";
const ONE_OF: &str = "there is no `in`; compare each value";
const SEARCH: &str = "search for patterns with `search(…, '…')`";
const LENGTH: &str = "inside a condition the length is `length(…)`";
const QUOTES: &str = "put text in single quotes";
const CURRENT: &str = "inside a condition `@` is the element";

/// The path as it was probably meant; `None` when nothing in it is known from another tool.
pub(super) fn rewritten(path: &str) -> Option<Rewritten> {
    let path = path.trim();
    if path.len() > LONGEST {
        return None;
    }
    let mut writer = Writer { out: "$".to_owned(), note: None };
    if let Some(rest) = path.strip_prefix('$') {
        writer.segments(rest, false)?;
    } else {
        writer.note(ROOT);
        if let Some(pointer) = path.strip_prefix('/') {
            writer.pointer(pointer);
        } else {
            let rest = path.trim_start_matches('@');
            let dotted = if rest.starts_with(['.', '[']) { rest.to_owned() } else { format!(".{rest}") };
            writer.segments(&dotted, true)?;
        }
    }
    Some(Rewritten { path: writer.out, note: writer.note })
}

struct Writer {
    out: String,
    note: Option<&'static str>,
}

impl Writer {
    fn note(&mut self, note: &'static str) {
        self.note.get_or_insert(note);
    }

    /// Steps below `$` or `@`. Without a `$` in front, bare numbers are indexes, as in gjson.
    fn segments(&mut self, path: &str, rootless: bool) -> Option<()> {
        let mut rest = path.trim();
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let end = closing(inner, '[', ']')?;
                self.brackets(inner[..end].trim())?;
                rest = inner[end + 1..].trim_start();
                continue;
            }
            let deep = rest.starts_with("..");
            rest = rest.trim_start_matches('.');
            if rest.starts_with('[') {
                if deep {
                    self.out.push_str("..");
                } else {
                    self.note(NO_DOT);
                }
                continue;
            }
            let end = name_end(rest);
            let name = rest[..end].trim();
            rest = &rest[end..];
            self.name(name, deep, rootless)?;
        }
        Some(())
    }

    fn name(&mut self, name: &str, deep: bool, rootless: bool) -> Option<()> {
        let dots = if deep { ".." } else { "." };
        match name {
            "" => return None,
            "*" => self.out.push_str(&format!("{dots}*")),
            "#" => {
                self.note(EVERY);
                self.out.push_str("[*]");
            }
            "first()" => {
                self.note(INDEX);
                self.out.push_str("[0]");
            }
            "last()" => {
                self.note(FROM_END);
                self.out.push_str("[-1]");
            }
            _ if name.contains(['(', ')', ']', '{', '}']) => return None,
            // Three digits are hardly a year or an identifier.
            _ if name.bytes().all(|byte| byte.is_ascii_digit()) && (rootless || name.len() < 4) => {
                self.note(INDEX);
                self.out.push_str(&format!("[{name}]"));
            }
            _ if is_plain(name) => self.out.push_str(&format!("{dots}{name}")),
            _ => {
                self.note(IN_BRACKETS);
                if deep {
                    self.out.push_str("..");
                }
                self.out.push_str(&format!("[{}]", quoted(name)));
            }
        }
        Some(())
    }

    fn pointer(&mut self, pointer: &str) {
        for piece in pointer.split('/') {
            let name = piece.replace("~1", "/").replace("~0", "~");
            if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
                self.out.push_str(&format!("[{name}]"));
            } else if is_plain(&name) {
                self.out.push_str(&format!(".{name}"));
            } else {
                self.out.push_str(&format!("[{}]", quoted(&name)));
            }
        }
    }

    fn brackets(&mut self, inner: &str) -> Option<()> {
        let script = inner.trim_start_matches('(').trim_end_matches(')').replace(' ', "");
        let from_end = script.strip_prefix("@.length-").filter(|count| count.bytes().all(|byte| byte.is_ascii_digit()));
        if let Some(condition) = inner.strip_prefix('?') {
            let condition = self.condition(condition.trim())?;
            self.out.push_str(&format!("[?{condition}]"));
        } else if let Some(count) = from_end {
            self.note(FROM_END);
            self.out.push_str(&format!("[-{count}]"));
        } else if inner.is_empty() || inner == "#" {
            self.note(EVERY);
            self.out.push_str("[*]");
        } else if inner.starts_with(|c: char| c.is_alphabetic() || c == '_') && !inner.contains(['\'', '"', ',']) {
            self.note(IN_BRACKETS);
            self.out.push_str(&format!("[{}]", quoted(inner)));
        } else {
            self.out.push_str(&format!("[{inner}]"));
        }
        Some(())
    }

    /// A condition of a filter, word by word.
    fn condition(&mut self, text: &str) -> Option<String> {
        let mut out: Vec<String> = Vec::new();
        let mut rest = text.trim();
        while let Some(first) = rest.chars().next() {
            let (written, length) = self.word(rest, first, &mut out)?;
            if let Some(written) = written {
                out.push(written);
            }
            rest = rest[length..].trim_start();
        }
        Some(out.join(" ").replace("( ", "(").replace(" )", ")").replace("! ", "!").replace(" ,", ","))
    }

    /// The next word of a condition and how many bytes it took.
    fn word(&mut self, rest: &str, first: char, out: &mut Vec<String>) -> Option<(Option<String>, usize)> {
        let simple = |text: &str, length: usize| Some((Some(text.to_owned()), length));
        for (theirs, ours, note) in [
            ("===", "==", Some(EQUALS)),
            ("!==", "!=", Some(EQUALS)),
            ("<>", "!=", Some(EQUALS)),
            ("=~", "=~", Some(SEARCH)),
            ("==", "==", None),
            ("!=", "!=", None),
            ("<=", "<=", None),
            (">=", ">=", None),
            ("&&", "&&", None),
            ("||", "||", None),
            ("=", "==", Some(EQUALS)),
            ("&", "&&", Some(AND_OR)),
            ("|", "||", Some(AND_OR)),
        ] {
            if rest.starts_with(theirs) {
                if let Some(note) = note {
                    self.note(note);
                }
                if ours == "=~" {
                    let operand = out.pop()?;
                    let pattern = rest[2..].trim_start();
                    let inner = pattern.strip_prefix('/')?;
                    let end = unescaped(inner, '/')?;
                    let flags =
                        inner[end + 1..].len() - inner[end + 1..].trim_start_matches(['i', 'g', 'm', 's', 'u']).len();
                    let insensitive = inner[end + 1..end + 1 + flags].contains('i');
                    let pattern_text =
                        format!("{}{}", if insensitive { "(?i)" } else { "" }, inner[..end].replace("\\/", "/"));
                    let length = rest.len() - inner.len() + end + 1 + flags;
                    let literal = quoted(&pattern_text);
                    return simple(&format!("search({operand}, {literal})"), length);
                }
                return simple(ours, theirs.len());
            }
        }
        match first {
            '(' | ')' | ',' | '<' | '>' | '!' => simple(&first.to_string(), 1),
            '\'' | '"' => {
                let end = unescaped(&rest[1..], first)? + 2;
                simple(&rest[..end], end)
            }
            '`' => {
                // A literal of JMESPath.
                let end = rest[1..].find('`')?;
                self.note(QUOTES);
                let inner = rest[1..=end].trim_matches('"');
                let plain = matches!(inner, "true" | "false" | "null") || inner.parse::<f64>().is_ok();
                simple(&if plain { inner.to_owned() } else { quoted(inner) }, end + 2)
            }
            '@' | '$' => {
                let (inner, length) = self.inner_path(&rest[1..], first)?;
                Some((Some(inner), length + 1))
            }
            '[' => None,
            _ if first.is_ascii_digit() || first == '-' => {
                let end = rest
                    .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+')))
                    .unwrap_or(rest.len());
                simple(&rest[..end], end)
            }
            _ => self.bare(rest, out),
        }
    }

    /// A path inside a condition; a method at its end becomes a function around it.
    fn inner_path(&mut self, rest: &str, root: char) -> Option<(String, usize)> {
        let mut end = 0;
        while let Some(c) = rest[end..].chars().next() {
            match c {
                '[' => end += closing(&rest[end + 1..], '[', ']')? + 2,
                '.' | '_' | '-' | ':' | '*' | '#' => end += 1,
                // `@odata.type`, and no second path.
                '@' if rest[..end].ends_with('.') => end += 1,
                c if c.is_alphanumeric() => end += c.len_utf8(),
                _ => break,
            }
        }
        let mut path = &rest[..end];
        let mut length = end;
        let mut function = None;
        if let Some(behind) = rest[end..].strip_prefix("()") {
            let (front, method) = path.rsplit_once('.')?;
            function = Some(match method {
                "length" | "size" | "count" => "length",
                _ => return None,
            });
            self.note(LENGTH);
            path = front;
            length = rest.len() - behind.len();
        }
        let mut inner = Writer { out: root.to_string(), note: None };
        inner.segments(path, false)?;
        if let Some(note) = inner.note {
            self.note(note);
        }
        let written = inner.out;
        Some((function.map_or_else(|| written.clone(), |function| format!("{function}({written})")), length))
    }

    /// A word without `@` or quotes: an operator of another language, a function, a member, or
    /// text that lost its quotes.
    fn bare(&mut self, rest: &str, out: &mut Vec<String>) -> Option<(Option<String>, usize)> {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))).unwrap_or(rest.len());
        let word = rest.get(..end).filter(|word| !word.is_empty())?;
        let found = |text: String| Some((Some(text), end));
        match word.to_ascii_lowercase().as_str() {
            "and" | "or" | "not" => {
                self.note(AND_OR);
                let ours = match word.to_ascii_lowercase().as_str() {
                    "and" => "&&",
                    "or" => "||",
                    _ => "!",
                };
                found(ours.to_owned())
            }
            "true" | "false" | "null" => found(word.to_ascii_lowercase()),
            "eq" | "ne" => {
                self.note(EQUALS);
                found(if word.eq_ignore_ascii_case("eq") { "==" } else { "!=" }.to_owned())
            }
            "in" => {
                self.note(ONE_OF);
                let operand = out.pop()?;
                let list = rest[end..].trim_start().strip_prefix(['[', '('])?;
                let close = list.find([']', ')'])?;
                let values = list[..close].split(',');
                // Each further `in` multiplies the operand before it.
                if operand.len().saturating_mul(values.clone().count()) > LONGEST {
                    return None;
                }
                let compared: Vec<String> =
                    values.map(|value| format!("{operand} == {}", literal(value.trim()))).collect();
                let length = rest.len() - list.len() + close + 1;
                Some((Some(format!("({})", compared.join(" || "))), length))
            }
            _ if rest[end..].starts_with('(') => found(word.to_owned()),
            _ if out.last().is_some_and(|last| matches!(last.as_str(), "==" | "!=" | "<" | ">" | "<=" | ">=")) => {
                self.note(QUOTES);
                found(quoted(word))
            }
            _ => {
                self.note(CURRENT);
                let mut inner = Self { out: "@".to_owned(), note: None };
                inner.segments(&format!(".{word}"), true)?;
                found(inner.out)
            }
        }
    }
}

/// A value in a list: text without quotes gets them.
fn literal(value: &str) -> String {
    let plain =
        value.parse::<f64>().is_ok() || matches!(value, "true" | "false" | "null") || value.starts_with(['\'', '"']);
    if plain { value.to_owned() } else { quoted(value) }
}

/// Where a name after a dot ends: at the next dot or bracket. `@odata.count` is one name.
fn name_end(text: &str) -> usize {
    let from = if text.starts_with('@') { text.find('.').map_or(0, |dot| dot + 1) } else { 0 };
    text[from..].find(['.', '[']).map_or(text.len(), |at| from + at)
}

fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The position of the `close` that belongs to an `open` before `text`, ignoring quotes.
fn closing(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0_u32;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(mark) if mark == c => quote = None,
            Some(_) => {}
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None if c == open => depth += 1,
            None if c == close && depth == 0 => return Some(at),
            None if c == close => depth -= 1,
            None => {}
        }
    }
    None
}

/// The first `mark` without a backslash in front.
fn unescaped(text: &str, mark: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let found = c == mark && !escaped;
        escaped = c == '\\' && !escaped;
        found.then_some(at)
    })
}
