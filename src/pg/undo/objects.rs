//! The definitions of what is in a database, each as the SQL that makes it. Reads only.
//!
//! Of some there is the name alone, because nothing that holds rows needs them: aggregates, operators, casts, text
//! search, publications themselves, default privileges. What belongs to an extension is the extension's.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::super::error::Error;
use super::super::session::Session;
use super::catalogue::{ALL, PUBLISHED};
use super::problem::{CopyProblem, is_about_rows, without_values};

/// From here on an object is made when the rows are back.
pub(super) const AFTER_ROWS: i32 = 60;

/// Something in a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Object {
    /// Its place in the order in which things are made.
    pub(super) rank: i32,
    /// What it is, in words: `index`, `foreign key`.
    pub(super) kind: String,
    /// Its name, for messages and to find it again.
    pub(super) name: String,
    /// Makes it; empty where nothing here does.
    pub(super) sql: String,
    /// What follows, each for itself: one right that cannot be given takes no other with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) more: Vec<String>,
    /// The catalogue and the row in it, in the database that it was read from.
    #[serde(skip)]
    pub(super) id: (u32, u32, i32),
    /// The table that it belongs to; 0 where it is none's.
    #[serde(skip)]
    pub(super) table: u32,
}

impl Object {
    /// Which it is, now.
    pub(super) fn key(&self) -> (&str, (u32, u32, i32)) {
        (&self.kind, self.id)
    }

    /// The attributes of a composite type.
    pub(super) fn attributes(&self) -> Option<&str> {
        let made = self.sql.strip_prefix("CREATE TYPE ")?;
        made.strip_prefix(self.name.as_str())?.strip_prefix(" AS (")
    }

    /// What is said of one that nothing here makes.
    pub(super) fn without(&self) -> String {
        format!("{} {}, of which no copy is kept", self.kind, self.name)
    }

    /// Which it is, at any time.
    pub(super) fn named(&self) -> (&str, &str) {
        (&self.kind, &self.name)
    }
}

impl Session {
    /// The definitions of everything in the database, in the order in which they are made. Inside a transaction, with
    /// the settings of a copy.
    pub(super) async fn definitions(&self) -> Result<Vec<Object>, Error> {
        let mut rows = self.rows(ALL, &[]).await?;
        let known =
            "SELECT pg_catalog.to_regclass('pg_catalog.pg_publication_namespace') IS NOT NULL";
        if let [row] = self.rows(known, &[]).await?.as_slice()
            && self.get::<bool>(row, 0)?
        {
            rows.extend(self.rows(PUBLISHED, &[]).await?);
        }
        rows.iter()
            .map(|row| {
                Ok(Object {
                    rank: self.get(row, 0)?,
                    kind: self.get(row, 1)?,
                    id: (self.get(row, 2)?, self.get(row, 3)?, self.get(row, 4)?),
                    table: self.get(row, 5)?,
                    name: self.get(row, 6)?,
                    sql: self.get(row, 7)?,
                    more: self.get(row, 8)?,
                })
            })
            .collect()
    }
}

/// Those of `before` that are not among `after`, those that belong to one of the tables `whole`, and the composite types
/// that values in `held` are of: a value has its attributes by their order alone.
pub(super) fn needed(
    before: &[Object],
    after: &[Object],
    whole: &HashSet<u32>,
    held: &HashSet<u32>,
) -> Vec<Object> {
    let there: HashSet<_> = after.iter().map(Object::key).collect();
    let used = composites(before, held);
    before
        .iter()
        .filter(|object| {
            whole.contains(&object.table)
                || !there.contains(&object.key())
                || used.contains(&object.key())
        })
        .cloned()
        .collect()
}

/// The composite types that the definitions of tables name, or those of types in these. One that is named in a default
/// alone is among them, which does no harm.
pub(super) fn composites<'a>(
    all: &'a [Object],
    tables: &HashSet<u32>,
) -> HashSet<(&'a str, (u32, u32, i32))> {
    let mut texts: Vec<&str> = all
        .iter()
        .filter(|object| object.kind == "table" && tables.contains(&object.table))
        .map(|object| object.sql.as_str())
        .collect();
    let mut types: Vec<&Object> = all
        .iter()
        .filter(|object| matches!(object.kind.as_str(), "type" | "domain"))
        .collect();
    let mut found = HashSet::new();
    loop {
        let (named, others): (Vec<&Object>, Vec<&Object>) = types
            .into_iter()
            .partition(|object| texts.iter().any(|text| text.contains(&object.name)));
        if named.is_empty() {
            return found;
        }
        texts.extend(named.iter().map(|object| object.sql.as_str()));
        found.extend(
            named
                .iter()
                .filter(|o| o.attributes().is_some())
                .map(|o| o.key()),
        );
        types = others;
    }
}

/// What may fail without rows, or a rule about them, being lost by it: it is told, and the rest goes on.
const OPTIONAL: [&str; 17] = [
    "typed table",
    "function",
    "view",
    "materialised view",
    "rule",
    "trigger",
    "statistics",
    "column",
    "clustering",
    "publication",
    "comment",
    "owner",
    "rights",
    "owner of function",
    "rights on function",
    "owner of type",
    "rights on type",
];

impl Session {
    /// Makes objects, each after those that it needs, whichever these are. Returns what could not be made though
    /// nothing hangs on it. Inside a transaction.
    pub(super) async fn make(&self, objects: Vec<Object>) -> Result<Vec<String>, Error> {
        let (mut left, unmade): (Vec<_>, Vec<_>) = objects
            .into_iter()
            .partition(|object| !object.sql.is_empty());
        let mut could_not: Vec<String> = unmade.iter().map(Object::without).collect();
        loop {
            let before = left.len();
            let mut failed = Vec::new();
            for object in left {
                if let Some(error) = self.attempt(&object.sql).await? {
                    failed.push((object, error));
                    continue;
                }
                for sql in &object.more {
                    if let Some(error) = self.attempt(sql).await? {
                        let why = without_values(&error);
                        could_not.push(format!("{} {}: {sql}: {why}", object.kind, object.name));
                    }
                }
            }
            if failed.is_empty() {
                return Ok(could_not);
            }
            if failed.len() == before {
                let told = |(object, error): &(Object, Error)| {
                    let why = without_values(error);
                    format!("{} {}: {why}", object.kind, object.name)
                };
                let fatal = |(object, _): &&(Object, Error)| {
                    !OPTIONAL.contains(&object.kind.as_str()) && object.rank != 86
                };
                return match failed.iter().find(fatal) {
                    // told with the rows that it is about
                    Some((object, error)) if is_about_rows(error) => {
                        // unchecked, so that it can be asked which rows it is about; nothing of this is committed
                        if object.kind == "foreign key" {
                            self.attempt(&format!("{} NOT VALID", object.sql)).await?;
                        }
                        Err(error.clone())
                    }
                    Some((object, error)) => Err(CopyProblem::NoPlace {
                        table: format!("{} {}", object.kind, object.name),
                        why: without_values(error),
                    }
                    .into()),
                    None => Ok(failed.iter().map(told).chain(could_not).collect()),
                };
            }
            left = failed.into_iter().map(|(object, _)| object).collect();
        }
    }

    /// Runs what may fail; the transaction goes on without it.
    async fn attempt(&self, sql: &str) -> Result<Option<Error>, Error> {
        self.batch("SAVEPOINT cruddur_make").await?;
        // an index takes as long as its table is large
        let made = self.client().batch_execute(sql).await;
        match made.map_err(|error| self.error(error)) {
            Ok(()) => {
                self.batch("RELEASE SAVEPOINT cruddur_make").await?;
                Ok(None)
            }
            Err(error) if error.ends_connection() => Err(error),
            Err(error) => {
                self.batch("ROLLBACK TO SAVEPOINT cruddur_make; RELEASE SAVEPOINT cruddur_make")
                    .await?;
                Ok(Some(error))
            }
        }
    }
}
