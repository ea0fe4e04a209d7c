//! Data sets as JMeter's CSV Data Set Config, Artillery's `payload`, Taurus' `data-sources` and Gatling's feeders
//! write them; variables that are a list.

use super::{in_words, is_one_of, key_for};
use crate::diagnostic::Diagnostic;
use crate::plan::keys::DATA;
use crate::plan::lower::Lower;
use crate::yaml::{Entry, Node, NodeKind, quoted};

const RECYCLE: [&str; 7] = ["recycle", "recycle_on_eof", "loop", "cycle", "rewind", "wrap", "repeat"];
const STOP: [&str; 4] = ["stop_thread", "stop_thread_on_eof", "Stop thread on EOF", "stopThread"];
const RANDOM: [&str; 3] = ["random", "random-order", "randomize"];
const ORDER: [&str; 5] = ["pick", "mode", "iteration", "selection", "access"];
const SHUFFLE: [&str; 2] = ["shuffle", "shuffled"];
const HEADER: [&str; 7] = [
    "header",
    "headers",
    "has_header",
    "skip_header",
    "ignore_first_line",
    "Ignore first line",
    "first_line_is_header",
];
const QUOTED: [&str; 5] = ["quoted", "quote", "allow_quoted_data", "Allow quoted data", "quotedData"];

/// What an entry of a data set comes to.
enum InData {
    /// It is ours, or the rest of the check tells it better.
    Leave,
    /// This key with this value.
    Is(&'static str, String),
    /// Nothing: why.
    Nothing(&'static str),
}

impl Lower<'_> {
    /// Reads the plan's data sets as they are meant. `at` is their entry, whatever it is called.
    pub(super) fn translate_data(&mut self, node: &mut Node, at: usize) {
        let Some(entry) = node.entries().and_then(|entries| entries.get(at)).cloned() else { return };
        if let Some(sets) = self.sets_of(&entry.value) {
            let message = if &*entry.key == "data" {
                format!("`data` takes a map of names to data sets, not {}", entry.value.describe())
            } else {
                format!("plan: there is no key `{}`", entry.key)
            };
            let text = format!("{{ {} }}", sets.join(", "));
            let finding = Diagnostic::error(entry.key_span, message).help(format!(
                "each data set has a name, which expressions use (`${{NAME.column}}`): write `data: {text}`"
            ));
            return self.replace_entries(node, &[at], &[("data".into(), text)], finding);
        }
        let NodeKind::Map(entries) = &mut node.kind else { return };
        if &*entry.key != "data" || entry.value.entries().is_none() {
            return;
        }
        let mut value = std::mem::replace(&mut entries[at].value, Node::scalar(entry.value.span, ""));
        if let NodeKind::Map(sets) = &mut value.kind {
            for set in sets {
                self.translate_set(set);
            }
        }
        if let NodeKind::Map(entries) = &mut node.kind {
            entries[at].value = value;
        }
    }

    /// One data set: a file's name alone, or keys of other tools.
    fn translate_set(&mut self, set: &mut Entry) {
        if let Some(file) = set.value.text().filter(|text| is_file(text)).cloned() {
            let text = format!("{{ file: {} }}", in_flow(&file));
            let finding =
                Diagnostic::error(set.value.span, format!("the data set `{}` takes a map of keys, not text", set.key));
            return self.replace_value(&mut set.value, &text, finding.help(format!("write `{}: {text}`", set.key)));
        }
        if set.value.items().is_some_and(|items| !items.is_empty()) {
            let finding =
                Diagnostic::error(set.value.span, format!("the data set `{}` takes a file, not rows", set.key));
            let name = &set.key;
            self.report(finding.help(format!(
                "write the rows into a file, `{name}: {{ file: {name}.csv }}`, or the list under `variables` and draw from it with `${{choice({name})}}`"
            )));
            // The data set is known, so that nothing is told of its uses.
            if let Some(made) = self.made("{ file: rows.csv }", set.value.span) {
                set.value = made;
            }
            self.told_data.push(set.key.clone());
            return;
        }
        let mut at = 0;
        while let Some(entry) = set.value.entries().and_then(|entries| entries.get(at)).cloned() {
            let finding = self.no_key(&entry, &DATA);
            match self.in_data(&entry) {
                InData::Leave => at += 1,
                InData::Is(key, value) => {
                    let taken = |one: &Entry| *one.key == *key && one.key_span != entry.key_span;
                    if set.value.entries().is_some_and(|entries| entries.iter().any(taken)) {
                        let help = format!("here it is `{key}`, which is written already: remove one of the two");
                        self.remove_entry(&mut set.value, at, finding.help(help));
                        continue;
                    }
                    let finding = if DATA.key(&entry.key).is_some() {
                        Diagnostic::error(entry.value.span, format!("`{key}` is not written as this"))
                    } else {
                        finding
                    };
                    let finding = finding.help(format!("write `{key}: {value}`"));
                    self.replace_entries(&mut set.value, &[at], &[(key.into(), value)], finding);
                    at += 1;
                }
                InData::Nothing(help) => self.remove_entry(&mut set.value, at, finding.help(help)),
            }
        }
        self.rename_keys(&mut set.value, &DATA);
    }

    /// What an entry of a data set is in our words, where that takes more than another name.
    fn in_data(&self, entry: &Entry) -> InData {
        let word = &*entry.key;
        let text = entry.value.text().map(|text| text.trim()).unwrap_or_default();
        let is_on = !is_one_of(text, &["false", "no", "off", "0"]);
        let is = |key: &'static str, value: &str| InData::Is(key, value.into());
        match word {
            "at_end" | "order" | "share" | "take" | "encoding" | "file" => InData::Leave,
            "columns" | "delimiter" if entry.value.text().is_none() => InData::Leave,
            "columns" => match DATA.key("columns").map(|key| self.meant_value(key, word, &entry.value)) {
                Some(super::Meant::Is(value)) => InData::Is("columns", value),
                _ => InData::Leave,
            },
            word if is_one_of(
                word,
                &["delimiter", "delimeter", "separator", "sep", "Delimiter (use '\\t' for tab)"],
            ) =>
            {
                match delimiter(text) {
                    Some(sign) if word != "delimiter" || sign != written(text) => InData::Is("delimiter", sign),
                    _ => InData::Leave,
                }
            }
            word if is_one_of(word, &RECYCLE) => is("at_end", if is_on { "recycle" } else { "stop_user" }),
            word if is_one_of(word, &STOP) && is_on => is("at_end", "stop_user"),
            word if is_one_of(word, &STOP) => InData::Nothing(
                "remove it: what happens at the end of the rows is `at_end`, which starts again from the first unless it is `stop_user`",
            ),
            word if is_one_of(word, &RANDOM) && is_on => is("order", "random"),
            word if is_one_of(word, &SHUFFLE) && is_on => is("order", "shuffle"),
            word if is_one_of(word, &RANDOM) || is_one_of(word, &SHUFFLE) => {
                InData::Nothing("remove it: rows are drawn in their order, unless `order` says otherwise")
            }
            word if is_one_of(word, &HEADER) => InData::Nothing(
                "remove it: the first line holds the columns' names, unless `columns: [name, …]` names them; then it is a row",
            ),
            word if is_one_of(word, &QUOTED) => {
                InData::Nothing("remove it: cells in double quotes are always understood")
            }
            word if is_one_of(word, &["per_user", "unique_per_user", "per_thread"]) && is_on => is("take", "user"),
            word if is_one_of(word, &["shared"]) => is("share", if is_on { "all" } else { "user" }),
            word if is_one_of(word, &ORDER) => {
                match DATA.key("order").and_then(|key| crate::plan::lower::translate::meant_word(key, text)) {
                    Some(order) => InData::Is("order", order.into()),
                    None => InData::Leave,
                }
            }
            word if is_one_of(word, &["strategy", "feeder_strategy"]) => match text.to_ascii_lowercase().as_str() {
                "random" => is("order", "random"),
                "shuffle" => is("order", "shuffle"),
                "queue" => is("at_end", "stop_test"),
                "circular" | "sequential" | "sequence" => is("at_end", "recycle"),
                _ => InData::Leave,
            },
            _ => InData::Leave,
        }
    }

    /// The data sets that stand without names: a file, a list of files, or the keys of one data set.
    fn sets_of(&self, node: &Node) -> Option<Vec<String>> {
        match &node.kind {
            NodeKind::Scalar { text, .. } if is_file(text) => Some(vec![set_of(text, &[])]),
            NodeKind::Scalar { .. } => None,
            NodeKind::List(items) if !items.is_empty() => items
                .iter()
                .map(|item| self.sets_of(item).map(|sets| sets.join(", ")))
                .map(|set| set.map(|set| vec![set]))
                .try_fold(Vec::new(), |mut all, set| {
                    all.extend(set?);
                    Some(all)
                }),
            NodeKind::List(_) => None,
            NodeKind::Map(entries) => {
                // A map of names to data sets has maps in it.
                if entries.is_empty() || entries.iter().any(|entry| entry.value.entries().is_some()) {
                    return None;
                }
                let is_set = |entry: &Entry| {
                    key_for(&DATA, &entry.key).is_none() && entry.value.text().is_some_and(|text| is_file(text))
                };
                if entries.iter().all(is_set) {
                    let set = |entry: &Entry| with_name(&entry.key, entry.value.text().map_or("", |text| &**text), &[]);
                    return Some(entries.iter().map(set).collect());
                }
                let file_at = entries
                    .iter()
                    .position(|entry| key_for(&DATA, &entry.key).is_some_and(|key| key.name == "file"))?;
                let file = entries[file_at].value.text().filter(|text| is_file(text))?;
                let mut name = None;
                let mut pairs = Vec::new();
                for (index, entry) in entries.iter().enumerate() {
                    if index == file_at {
                        continue;
                    }
                    if is_one_of(&entry.key, &["name", "id", "alias"]) {
                        name = entry.value.text().cloned();
                        continue;
                    }
                    match self.in_data(entry) {
                        InData::Is(key, value) => pairs.push((key.to_owned(), value)),
                        InData::Nothing(_) => {}
                        InData::Leave => pairs.push(self.pair_for(entry, key_for(&DATA, &entry.key)?)?),
                    }
                }
                let name = name.map_or_else(|| name_of(file), |name| name_of(&name));
                Some(vec![with_name(&name, file, &pairs)])
            }
        }
    }

    /// Variables or secrets as a list of names and values, read as the map that is meant.
    pub(super) fn translate_variables(&mut self, node: &mut Node, at: usize) {
        let Some(entry) = node.entries().and_then(|entries| entries.get(at)).cloned() else { return };
        let of_text = entry.value.text().filter(|text| text.contains('=') && !text.contains("${"));
        let items = match of_text {
            Some(_) => std::slice::from_ref(&entry.value),
            None => entry.value.items().unwrap_or_default(),
        };
        if items.is_empty() {
            return;
        }
        let what = entry.value.describe();
        let mut pairs = Vec::new();
        for item in items {
            match self.variable_of(item) {
                Some(pair) => pairs.push(pair),
                None => return self.listed_names(node, at, &entry),
            }
        }
        let message = format!("`{}` takes a map of names to values, not {what}", entry.key);
        let finding = Diagnostic::error(entry.key_span, message);
        let text_of = |value: &Node| self.in_flow(value).or_else(|| value.text().map(|text| in_flow(text)));
        let texts: Option<Vec<String>> =
            pairs.iter().map(|(name, value)| Some(format!("{name}: {}", text_of(value)?))).collect();
        // A patch would show the values of secrets.
        match texts.filter(|_| &*entry.key != "secrets") {
            Some(texts) => {
                let text = format!("{{ {} }}", texts.join(", "));
                let finding = finding.help(format!("write `{}: {text}`", entry.key));
                self.replace_entries(node, &[at], &[(entry.key.to_string(), text)], finding);
            }
            None => {
                let names: Vec<String> = pairs.iter().map(|(name, _)| format!("{name}: …")).collect();
                let help = format!("write each name with its value below `{}:`: {}", entry.key, in_words(&names));
                self.report(finding.help(help));
                let named = |(name, value): (String, Node)| Entry { key: name.into(), key_span: value.span, value };
                let NodeKind::Map(entries) = &mut node.kind else { return };
                entries[at].value.kind = NodeKind::Map(pairs.into_iter().map(named).collect());
            }
        }
    }

    /// Values of variables that other programs would replace: `$NAME`, `%NAME%`, `$env:NAME`.
    pub(super) fn environment_values(&mut self, node: &Node) {
        for entry in node.entries().unwrap_or_default() {
            let Some(text) = entry.value.text() else { continue };
            let name =
                text.strip_prefix("$env:").or_else(|| text.strip_prefix('$').map(|name| name.trim_matches(['(', ')'])));
            let name = name.or_else(|| text.strip_prefix('%').and_then(|name| name.strip_suffix('%')));
            let constant = |name: &&str| {
                name.starts_with(|c: char| c.is_ascii_uppercase())
                    && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
            };
            let Some(name) = name.filter(constant) else { continue };
            let ours = format!("${{env.{name}}}");
            let message = format!("the value of `{}` is used as it stands: only `${{…}}` is replaced", entry.key);
            let finding = Diagnostic::warning(entry.value.span, message);
            let finding = finding.help(format!("the variable of the environment is `{ours}`"));
            let here = self.in_flow(&entry.value).is_some() && self.statics.has_env(name);
            self.report(if here { finding.fix(entry.value.span, quoted(&ours)) } else { finding });
        }
    }

    /// A list of names alone.
    fn listed_names(&mut self, node: &mut Node, at: usize, entry: &Entry) {
        let names: Option<Vec<_>> = entry.value.items().unwrap_or_default().iter().map(Node::text).collect();
        let Some(names) = names else { return };
        let env = |name: &str| format!("{name}: ${{env.{}}}", name.to_ascii_uppercase());
        let shown: Vec<String> = names.iter().map(|name| env(name)).collect();
        let finding =
            Diagnostic::error(entry.key_span, format!("`{}` takes a map of names to values, not a list", entry.key));
        self.report(
            finding.help(format!("write each with its value, for example from the environment: {}", in_words(&shown))),
        );
        let text: Vec<String> = names.iter().map(|name| format!("{}: standing-in", quoted(name))).collect();
        let made = self.made(&format!("{{ {} }}", text.join(", ")), entry.value.span);
        if let (NodeKind::Map(entries), Some(made)) = (&mut node.kind, made) {
            entries[at].value = made;
        }
    }

    /// The name and the value of a list's item: `word: mug`, `{ name: word, value: mug }`, `word=mug`.
    fn variable_of(&self, item: &Node) -> Option<(String, Node)> {
        match &item.kind {
            NodeKind::Scalar { text, .. } => {
                let (name, value) = text.split_once('=')?;
                let value = self.made(&in_flow(value.trim()), item.span)?;
                Some((name.trim().to_owned(), value))
            }
            NodeKind::List(_) => None,
            NodeKind::Map(entries) => {
                let name = entries.iter().find(|entry| is_one_of(&entry.key, &["name", "key", "variable"]));
                let value = entries.iter().find(|entry| is_one_of(&entry.key, &["value", "initial", "currentValue"]));
                match (name, value) {
                    (Some(name), Some(value)) if entries.len() == 2 => {
                        Some((name.value.text()?.to_string(), value.value.clone()))
                    }
                    _ if entries.len() == 1 => Some((entries[0].key.to_string(), entries[0].value.clone())),
                    _ => None,
                }
            }
        }
    }
}

/// Whether a text names a file with rows.
fn is_file(text: &str) -> bool {
    let lower = text.trim().to_ascii_lowercase();
    [".csv", ".tsv", ".json", ".yaml", ".yml", ".txt"].iter().any(|end| lower.ends_with(end)) && !lower.contains("${")
}

/// A name for what a file holds: letters, digits and `_`.
fn name_of(file: &str) -> String {
    let stem = file.trim().rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = stem.split('.').next().unwrap_or(stem);
    let name: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("rows_{name}") }
}

fn set_of(file: &str, pairs: &[(String, String)]) -> String {
    with_name(&name_of(file), file, pairs)
}

fn with_name(name: &str, file: &str, pairs: &[(String, String)]) -> String {
    let rest: String = pairs.iter().map(|(key, value)| format!(", {key}: {value}")).collect();
    format!("{name}: {{ file: {}{rest} }}", in_flow(file.trim()))
}

/// Text as it can stand within braces.
fn in_flow(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '@' | '+');
    let is_plain = !text.is_empty() && text.chars().all(plain) && !text.starts_with(['-', '@']);
    if is_plain { text.to_owned() } else { quoted(text) }
}

/// What stands between cells, as a plan writes it.
fn delimiter(text: &str) -> Option<String> {
    let sign = match text.to_ascii_lowercase().as_str() {
        "\\t" | "tab" | "\t" | "tabulator" => return Some("tab".into()),
        "semicolon" => ";",
        "comma" => ",",
        "pipe" => "|",
        "colon" => ":",
        "space" => " ",
        _ if text.len() == 1 => text,
        _ => return None,
    };
    Some(written(sign))
}

fn written(sign: &str) -> String {
    if sign == "tab" { sign.into() } else { quoted(sign) }
}
