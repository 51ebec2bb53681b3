//! The tree.

use super::Problem;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Location, Spanned};
use std::fmt;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it begins, in bytes.
    pub offset: usize,
    /// How long it is, in bytes.
    pub len: usize,
}

/// A key and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The key.
    pub name: String,
    /// Where it begins, in bytes.
    pub offset: usize,
    /// How long it is, in bytes.
    pub len: usize,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`; nothing else is a boolean.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// One step into the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Into a mapping.
    Key(String),
    /// Into a list.
    Index(usize),
}

/// Reads a text.
///
/// # Errors
/// The first mistake in the YAML itself.
pub fn parse(source: &str) -> Result<Node, Problem> {
    if let Some(problem) = tab(source) {
        return Err(problem);
    }
    // The reader calls itself once a level, and takes up to 45 KB of the stack for it where nothing is optimised: 32
    // levels fit into the 2 MiB that a thread has. A stack file has ten or so.
    let options = serde_yaml::options! {
        with_snippet: false,
        strict_booleans: true,
        budget: serde_yaml::budget! {
            max_nodes: 20_000, max_depth: 32, max_aliases: 256, max_events: 60_000, max_documents: 1
        },
    };
    match serde_yaml::from_str_with_options::<Spanned<Raw>>(source, options) {
        Ok(raw) => Ok(build(raw, source)),
        Err(error) => Err(syntax(&error, source)),
    }
}

/// Tabs are reported by place and remedy; parsers name the line above, or none.
fn tab(source: &str) -> Option<Problem> {
    let mut offset = 0;
    for line in source.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(at) = line[..indent].find('\t')
            && !line.trim().is_empty()
        {
            return Some(Problem::at(
                offset + at,
                1,
                "a tab is used for indentation",
                Some("indent with spaces, two for each level".to_owned()),
            ));
        }
        offset += line.len();
    }
    None
}

fn syntax(error: &serde_yaml::Error, source: &str) -> Problem {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    let (offset, len) = error
        .location()
        .map(|l| place(&l, source))
        .unwrap_or((0, 0));
    if let Some(key) = text.strip_prefix("duplicate mapping key: ") {
        let key = key.split(',').next().unwrap_or(key);
        return Problem::at(
            offset,
            len,
            format!("the key `{key}` is there twice"),
            Some("keep one of them".to_owned()),
        );
    }
    if text.contains("Documents {") {
        return Problem::at(
            offset,
            len,
            "a second document begins here",
            Some("keep one stack in one file".to_owned()),
        );
    }
    if text.starts_with("budget breached") {
        return Problem::at(
            offset,
            len,
            "the file is nested too deeply or expands to too much",
            Some("write it without deep nesting and without aliases".to_owned()),
        );
    }
    Problem::at(offset, len, format!("this is no YAML: {text}"), None)
}

fn place(location: &Location, source: &str) -> (usize, usize) {
    let span = location.span();
    match span.byte_offset() {
        Some(offset) => (
            offset as usize,
            span.byte_len().unwrap_or_default() as usize,
        ),
        None => {
            // some errors know line and column alone
            let line = (location.line() as usize).saturating_sub(1);
            let start: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
            let column = (location.column() as usize).saturating_sub(1);
            let within: usize = source[start.min(source.len())..]
                .chars()
                .take(column)
                .map(char::len_utf8)
                .sum();
            (start + within, 1)
        }
    }
}

enum Raw {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Raw;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_unit<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }
            fn visit_none<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }
            fn visit_bool<E>(self, v: bool) -> Result<Raw, E> {
                Ok(Raw::Bool(v))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Raw, E> {
                Ok(Raw::Number(v.to_string()))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Raw, E> {
                Ok(Raw::Number(v.to_string()))
            }
            fn visit_f64<E>(self, v: f64) -> Result<Raw, E> {
                Ok(Raw::Number(v.to_string()))
            }
            fn visit_str<E>(self, v: &str) -> Result<Raw, E> {
                Ok(Raw::Text(v.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut a: A) -> Result<Raw, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = a.next_element()? {
                    items.push(item);
                }
                Ok(Raw::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut a: A) -> Result<Raw, A::Error> {
                let mut items = Vec::new();
                while let Some(key) = a.next_key()? {
                    items.push((key, a.next_value()?));
                }
                Ok(Raw::Map(items))
            }
        }
        d.deserialize_any(V)
    }
}

fn build(raw: Spanned<Raw>, source: &str) -> Node {
    let (offset, len) = place(&raw.referenced, source);
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Bool(b) => Value::Bool(b),
        // as written: 17.10 is not 17.1
        Raw::Number(n) => match source.get(offset..offset + len) {
            Some(text) if text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => {
                Value::Number(text.trim_end().to_owned())
            }
            _ => Value::Number(n),
        },
        Raw::Text(t) => Value::Text(t),
        Raw::List(items) => Value::List(items.into_iter().map(|i| build(i, source)).collect()),
        Raw::Map(items) => Value::Map(
            items
                .into_iter()
                .map(|(k, v)| {
                    let (offset, len) = place(&k.referenced, source);
                    let key = Key {
                        name: k.value,
                        offset,
                        len,
                    };
                    let mut node = build(v, source);
                    if node.len == 0 && !matches!(node.value, Value::List(_) | Value::Map(_)) {
                        // nothing is written: the key is the best place to point at
                        (node.offset, node.len) = (offset, len);
                    }
                    (key, node)
                })
                .collect(),
        ),
    };
    Node { value, offset, len }
}

impl Node {
    /// Makes a tree from plain data, all of it at one place: for entries that another entry implies.
    pub fn from_json(value: &serde_json::Value, offset: usize, len: usize) -> Node {
        use serde_json::Value as Json;
        let value = match value {
            Json::Null => Value::Null,
            Json::Bool(b) => Value::Bool(*b),
            Json::Number(n) => Value::Number(n.to_string()),
            Json::String(s) => Value::Text(s.clone()),
            Json::Array(items) => Value::List(
                items
                    .iter()
                    .map(|i| Node::from_json(i, offset, len))
                    .collect(),
            ),
            Json::Object(items) => Value::Map(
                items
                    .iter()
                    .map(|(k, v)| {
                        let key = Key {
                            name: k.clone(),
                            offset,
                            len,
                        };
                        (key, Node::from_json(v, offset, len))
                    })
                    .collect(),
            ),
        };
        Node { value, offset, len }
    }

    /// Says what the value is, for messages.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(b) => format!("the boolean {b}"),
            Value::Number(n) => format!("the number {n}"),
            Value::Text(t) if t.chars().count() <= 40 => format!("the text \"{t}\""),
            Value::Text(_) => "a text".to_owned(),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
        }
    }

    /// Returns the entries of a mapping.
    pub fn entries(&self) -> Option<&[(Key, Node)]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Returns a member of a mapping.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.entries()?
            .iter()
            .find(|(k, _)| k.name == name)
            .map(|(_, v)| v)
    }

    /// Takes a member out of a mapping.
    pub fn take(&mut self, name: &str) -> Option<(Key, Node)> {
        match &mut self.value {
            Value::Map(entries) => {
                let at = entries.iter().position(|(k, _)| k.name == name)?;
                Some(entries.remove(at))
            }
            _ => None,
        }
    }

    /// Calls `each` with every text in the tree.
    pub fn texts<'a>(&'a self, each: &mut impl FnMut(&'a Node, &'a str)) {
        match &self.value {
            Value::Text(t) => each(self, t),
            Value::List(items) => items.iter().for_each(|i| i.texts(each)),
            Value::Map(items) => items.iter().for_each(|(_, v)| v.texts(each)),
            _ => {}
        }
    }

    /// Returns the node at a path in words, `layers[0]`, or the deepest one on the way there that exists.
    pub fn find(&self, path: &str) -> Option<&Node> {
        let mut node = self;
        for part in path.split(['.', '[']).filter(|p| !p.is_empty()) {
            let next = match (part.strip_suffix(']'), &node.value) {
                (Some(index), Value::List(items)) => items.get(index.parse::<usize>().ok()?),
                _ => node.get(part),
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        Some(node)
    }

    /// Returns the node at a path.
    pub(super) fn at(&self, path: &[Step]) -> Option<&Node> {
        path.iter().try_fold(self, |node, step| match step {
            Step::Key(name) => node.get(name),
            Step::Index(i) => match &node.value {
                Value::List(items) => items.get(*i),
                _ => None,
            },
        })
    }

    /// Removes the node at a path; tells whether it was there.
    pub(super) fn remove(&mut self, path: &[Step]) -> bool {
        let Some((last, parents)) = path.split_last() else {
            return false;
        };
        let mut node = self;
        for step in parents {
            let next = match (&mut node.value, step) {
                (Value::Map(items), Step::Key(name)) => items
                    .iter_mut()
                    .find(|(k, _)| k.name == *name)
                    .map(|(_, v)| v),
                (Value::List(items), Step::Index(i)) => items.get_mut(*i),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => return false,
            }
        }
        match (&mut node.value, last) {
            (Value::Map(_), Step::Key(name)) => node.take(name).is_some(),
            (Value::List(items), Step::Index(i)) if *i < items.len() => {
                items.remove(*i);
                true
            }
            _ => false,
        }
    }
}
