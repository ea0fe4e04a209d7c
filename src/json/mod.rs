//! JSON from the target (RFC 8259). A text is parsed once, from the first byte to the last, into an
//! outline of the positions of its values. Every path, extractor, expression and schema uses that
//! outline, so they all agree on what is JSON and what it contains.

mod read;
#[cfg(test)]
mod tests;
mod tree;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

use bytes::Bytes;

use crate::problem::Problem;
use crate::value::number_as_written;
use crate::value::{Map, Value};

use read::OutlineEntry;
pub use tree::Tree;

/// A text that is one whole JSON value.
#[derive(Debug)]
pub struct Document {
    text: Bytes,
    entries: Vec<OutlineEntry>,
    tree: OnceCell<Tree>,
}

/// One value of a [`Document`].
#[derive(Clone, Copy, Debug)]
pub struct Node<'d> {
    document: &'d Document,
    at: usize,
}

/// What kind of value a [`Node`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// Text.
    Text,
    /// A list.
    List,
    /// An object.
    Object,
}

impl Document {
    /// Reads a text from beginning to end. A byte order mark is not part of JSON and refused.
    ///
    /// # Errors
    /// What is wrong with it and where, when it is not one whole JSON value (RFC 8259), or is
    /// nested deeper than [`MAX_DEPTH`](crate::value::MAX_DEPTH).
    pub fn read(text: Bytes) -> Result<Self, Problem> {
        let entries = read::outline(&text).map_err(|fault| fault.in_words(&text))?;
        Ok(Self { text, entries, tree: OnceCell::new() })
    }

    /// The value that the text is.
    pub fn root(&self) -> Node<'_> {
        Node { document: self, at: 0 }
    }

    /// The whole text as a tree, made on first use.
    pub fn tree(&self) -> &Tree {
        self.tree.get_or_init(|| self.root().to_tree())
    }
}

impl<'d> Node<'d> {
    fn entry(self) -> OutlineEntry {
        self.document.entries.get(self.at).copied().unwrap_or_default()
    }

    /// How it is written.
    fn written(self) -> &'d str {
        let entry = self.entry();
        let bytes = self.document.text.get(entry.start as usize..entry.end as usize).unwrap_or_default();
        // Reading has seen that all of the text is UTF-8, and values end at ASCII characters.
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    fn first_byte(self) -> u8 {
        self.document.text.get(self.entry().start as usize).copied().unwrap_or_default()
    }

    /// What kind of value it is.
    pub fn kind(self) -> ValueKind {
        match self.first_byte() {
            b'{' => ValueKind::Object,
            b'[' => ValueKind::List,
            b'"' => ValueKind::Text,
            b't' | b'f' => ValueKind::Bool,
            b'n' => ValueKind::Null,
            _ => ValueKind::Number,
        }
    }

    /// The text, if it is one.
    pub fn text(self) -> Option<Cow<'d, str>> {
        (self.kind() == ValueKind::Text).then(|| self.unquoted())
    }

    /// The characters between the quotes, escapes resolved.
    fn unquoted(self) -> Cow<'d, str> {
        let written = self.written();
        let inner = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
        if self.entry().escaped { Cow::Owned(read::unescaped(inner)) } else { Cow::Borrowed(inner) }
    }

    fn is_called(self, name: &str) -> bool {
        if self.entry().escaped {
            return self.unquoted() == name;
        }
        let entry = self.entry();
        let inner = (entry.start as usize + 1)..(entry.end as usize).saturating_sub(1);
        self.document.text.get(inner) == Some(name.as_bytes())
    }

    /// What is inside of it, one after the other; names and values alternate in an object.
    fn inside(self) -> impl Iterator<Item = Self> {
        let end = match self.kind() {
            ValueKind::Object | ValueKind::List => self.entry().next as usize,
            ValueKind::Null | ValueKind::Bool | ValueKind::Number | ValueKind::Text => self.at + 1,
        };
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            let node = (at < end).then_some(Self { document: self.document, at })?;
            at = node.entry().next as usize;
            Some(node)
        })
    }

    /// The elements of a list; none of anything else.
    pub fn items(self) -> impl Iterator<Item = Self> {
        self.inside().filter(move |_| self.kind() == ValueKind::List)
    }

    /// Names and values of an object, as they are written; nothing of anything else. A name that
    /// is written twice comes twice, and the last one counts.
    pub fn members(self) -> impl Iterator<Item = (Cow<'d, str>, Self)> {
        let mut inside = self.inside();
        let object = self.kind() == ValueKind::Object;
        std::iter::from_fn(move || {
            let name = inside.next().filter(|_| object)?;
            Some((name.unquoted(), inside.next()?))
        })
    }

    /// The value under a name. Of a name that is written twice the last one counts, as in
    /// browsers and most libraries.
    pub fn get(self, name: &str) -> Option<Self> {
        if self.kind() != ValueKind::Object {
            return None;
        }
        let mut found = None;
        let mut inside = self.inside();
        while let (Some(key), Some(value)) = (inside.next(), inside.next()) {
            if key.is_called(name) {
                found = Some(value);
            }
        }
        found
    }

    /// The element of a number, from 0; a negative one counts from the end.
    pub fn element(self, index: i64) -> Option<Self> {
        let index = if index < 0 { index.checked_add(i64::try_from(self.items().count()).ok()?)? } else { index };
        self.items().nth(usize::try_from(index).ok()?)
    }

    /// The value; numbers keep their spelling.
    pub fn to_value(self) -> Value {
        match self.kind() {
            ValueKind::Null => Value::Null,
            ValueKind::Bool => Value::Bool(self.first_byte() == b't'),
            ValueKind::Number => number_as_written(self.written()),
            ValueKind::Text => Value::text(self.unquoted()),
            ValueKind::List => Value::List(self.items().map(Self::to_value).collect()),
            ValueKind::Object => {
                Value::Map(Arc::new(Map::from_iter(self.unique(|name| Arc::from(&*name), Self::to_value))))
            }
        }
    }

    /// The value as the JSON Schema library takes it. A number beyond its range is the largest
    /// it knows.
    pub fn to_serde(self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self.kind() {
            ValueKind::Null => Json::Null,
            ValueKind::Bool => Json::Bool(self.first_byte() == b't'),
            ValueKind::Number => serde_json::from_str(self.written())
                .unwrap_or_else(|_| Json::from(if self.first_byte() == b'-' { f64::MIN } else { f64::MAX })),
            ValueKind::Text => Json::String(self.unquoted().into_owned()),
            ValueKind::List => Json::Array(self.items().map(Self::to_serde).collect()),
            ValueKind::Object => {
                Json::Object(self.members().map(|(name, value)| (name.into_owned(), value.to_serde())).collect())
            }
        }
    }

    fn to_tree(self) -> Tree {
        match self.kind() {
            ValueKind::List => Tree::List(self.items().map(Self::to_tree).collect()),
            ValueKind::Object => Tree::Object(self.unique(Cow::into_owned, Self::to_tree)),
            ValueKind::Null | ValueKind::Bool | ValueKind::Number | ValueKind::Text => Tree::Scalar(self.to_value()),
        }
    }

    /// Names and what is made of their values; a name that is written twice keeps its first
    /// place and its last value.
    fn unique<N, V>(self, name: impl Fn(Cow<'d, str>) -> N, value: impl Fn(Self) -> V) -> Vec<(N, V)>
    where
        N: Eq + std::hash::Hash + Clone,
    {
        let members: Vec<(N, Self)> = self.members().map(|(key, node)| (name(key), node)).collect();
        // Few names are compared with each other quicker than they are hashed.
        let repeated = if members.len() <= 16 {
            members.iter().enumerate().any(|(at, (key, _))| members.iter().take(at).any(|(other, _)| other == key))
        } else {
            let mut seen = std::collections::HashSet::with_capacity(members.len());
            members.iter().any(|(key, _)| !seen.insert(key))
        };
        if !repeated {
            return members.into_iter().map(|(key, node)| (key, value(node))).collect();
        }
        let mut places = std::collections::HashMap::with_capacity(members.len());
        let mut kept: Vec<(N, Self)> = Vec::with_capacity(members.len());
        for (key, node) in members {
            let place = *places.entry(key.clone()).or_insert(kept.len());
            match kept.get_mut(place) {
                Some(known) => known.1 = node,
                None => kept.push((key, node)),
            }
        }
        kept.into_iter().map(|(key, node)| (key, value(node))).collect()
    }
}
