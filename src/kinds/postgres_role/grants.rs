//! What the grants of stack.yaml are on.

use super::spec::{Grant, Privilege};
use crate::pg::roles::Object;
use std::collections::BTreeSet;

/// The schema of a table that is written without one.
const SCHEMA: &str = "public";

/// A sort of object that `all_…_in` may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// Tables, views and everything else that rows are read from.
    Tables,
    /// Sequences.
    Sequences,
}

impl Sort {
    /// The server's word.
    pub const fn word(self) -> &'static str {
        match self {
            Sort::Tables => "TABLES",
            Sort::Sequences => "SEQUENCES",
        }
    }

    /// Tells whether an object is of this sort and in this schema.
    pub fn covers(self, in_schema: &str, object: &Object) -> bool {
        match (self, object) {
            (Sort::Tables, Object::Table { schema, .. })
            | (Sort::Sequences, Object::Sequence { schema, .. }) => schema == in_schema,
            _ => false,
        }
    }
}

/// What privileges are on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// These.
    These(BTreeSet<Object>),
    /// Everything of a sort in a schema.
    All(Sort, String),
}

/// Privileges and what they are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// What they are on.
    pub target: Target,
    /// The server's words.
    pub privileges: BTreeSet<&'static str>,
}

/// Reads one grant.
///
/// # Errors
/// The field that is wrong, and why.
pub fn read(grant: &Grant) -> Result<Granted, (&'static str, String)> {
    use Privilege::*;
    let mut targets: Vec<(&'static str, Target, &[Privilege])> = Vec::new();
    let on_tables: &[Privilege] = &[
        Select, Insert, Update, Delete, Truncate, References, Trigger,
    ];
    let on_sequences: &[Privilege] = &[Usage, Select, Update];
    let tables = |names: &[String]| {
        objects(names, |schema, name| Object::Table { schema, name }).map_err(|e| ("tables", e))
    };
    let sequences = |names: &[String]| {
        objects(names, |schema, name| Object::Sequence { schema, name })
            .map_err(|e| ("sequences", e))
    };
    if let Some(names) = &grant.tables {
        targets.push(("tables", Target::These(tables(names)?), on_tables));
    }
    if let Some(schema) = &grant.all_tables_in {
        let schema = identifier(schema).map_err(|e| ("all_tables_in", e))?;
        targets.push((
            "all_tables_in",
            Target::All(Sort::Tables, schema),
            on_tables,
        ));
    }
    if let Some(names) = &grant.sequences {
        targets.push(("sequences", Target::These(sequences(names)?), on_sequences));
    }
    if let Some(schema) = &grant.all_sequences_in {
        let schema = identifier(schema).map_err(|e| ("all_sequences_in", e))?;
        let target = Target::All(Sort::Sequences, schema);
        targets.push(("all_sequences_in", target, on_sequences));
    }
    if let Some(names) = &grant.schemas {
        let named: Result<_, String> = names
            .iter()
            .map(|name| Ok(Object::Schema(identifier(name)?)))
            .collect();
        let target = Target::These(named.map_err(|e| ("schemas", e))?);
        targets.push(("schemas", target, &[Usage, Create]));
    }
    let mut targets = targets.into_iter();
    let (field, target, possible) = match (targets.next(), targets.next()) {
        (Some(only), None) => only,
        (None, _) => {
            return Err((
                "",
                "it says not on what: give one of tables, all_tables_in, sequences, all_sequences_in and schemas"
                    .to_owned(),
            ));
        }
        (Some((one, ..)), Some((two, ..))) => {
            return Err((
                two,
                format!("{one} and {two} are two grants: write each as an item of its own"),
            ));
        }
    };
    if target == Target::These(BTreeSet::new()) {
        return Err((field, "the list is empty".to_owned()));
    }
    if grant.privileges.is_empty() {
        return Err(("privileges", "the list is empty".to_owned()));
    }
    if let Some(wrong) = grant.privileges.iter().find(|p| !possible.contains(p)) {
        let words: Vec<_> = possible.iter().map(|p| shown(p.word())).collect();
        return Err((
            "privileges",
            format!(
                "{} is no privilege on {}: there are {}",
                shown(wrong.word()),
                field.trim_start_matches("all_").trim_end_matches("_in"),
                words.join(", ")
            ),
        ));
    }
    Ok(Granted {
        target,
        privileges: grant.privileges.iter().map(|p| p.word()).collect(),
    })
}

/// A privilege as stack.yaml writes it.
pub fn shown(word: &str) -> String {
    word.to_ascii_lowercase()
}

fn objects(
    names: &[String],
    make: impl Fn(String, String) -> Object,
) -> Result<BTreeSet<Object>, String> {
    names
        .iter()
        .map(|text| {
            let parts = parts(text)?;
            match parts.as_slice() {
                [name] => Ok(make(SCHEMA.to_owned(), name.clone())),
                [schema, name] => Ok(make(schema.clone(), name.clone())),
                _ => Err(format!(
                    "`{text}` has more than two parts; a part that holds a dot is written in double quotes"
                )),
            }
        })
        .collect()
}

fn identifier(text: &str) -> Result<String, String> {
    match parts(text)?.as_slice() {
        [name] => Ok(name.clone()),
        _ => Err(format!(
            "`{text}` is no name of a schema; one that holds a dot is written in double quotes"
        )),
    }
}

/// Cuts `app."a.b"` into its parts. Nothing is folded to lower case: names are as they are in the database.
fn parts(text: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("`{text}` is no name");
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = if let Some(quoted) = rest.strip_prefix('"') {
            let mut end = None;
            let mut chars = quoted.char_indices().peekable();
            while let Some((at, c)) = chars.next() {
                if c == '"' && chars.next_if(|(_, next)| *next == '"').is_none() {
                    end = Some(at);
                    break;
                }
            }
            let end = end.ok_or_else(wrong)?;
            (quoted[..end].replace("\"\"", "\""), &quoted[end + 1..])
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            (rest[..end].to_owned(), &rest[end..])
        };
        if part.is_empty() || part.len() > super::check::LONGEST_NAME || part.contains('\0') {
            return Err(wrong());
        }
        parts.push(part);
        match after.strip_prefix('.') {
            Some(more) => rest = more,
            None if after.is_empty() => return Ok(parts),
            None => return Err(wrong()),
        }
    }
}
