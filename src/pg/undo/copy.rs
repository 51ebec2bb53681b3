//! What a copy holds, as it is written down.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::objects::Object;
use super::rights::{Lack, needs};

/// The version of what is written; another one is not read.
pub(super) const FORMAT: u32 = 1;

/// How what an undo does is called.
pub(super) const OF_UNDO: &str = "db undo ";

/// A copy of what a transaction lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copy {
    /// The version of this description.
    pub format: u32,
    /// Its name, by which it is taken back.
    pub id: String,
    /// When it was made, by the server's clock, in UTC.
    pub at: String,
    /// `host:port/database`.
    pub database: String,
    /// What lost the rows.
    pub what: String,
    /// Whether the loss is known to have happened.
    pub state: State,
    /// The server's number of the transaction that loses the rows.
    pub transaction: String,
    /// When it was taken back, if it was.
    pub taken_back: Option<TakenBack>,
    /// The size of its files.
    pub bytes: u64,
    /// The script, where it was one.
    pub script: Option<ScriptRun>,
    /// What was written to each of its files; copies of before have none.
    #[serde(default)]
    pub(super) sums: BTreeMap<String, Sum>,
    /// The tables that lost rows.
    pub tables: Vec<TableCopy>,
    /// What the user who lost the rows lacks to take them back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) lacks: Vec<Lack>,
    /// Definitions that may be missing when it is taken back, in the order in which they are made.
    pub(super) objects: Vec<Object>,
    /// Positions of sequences.
    pub(super) sequences: Vec<Sequence>,
}

impl Copy {
    /// Whether it is of what an undo overwrote.
    #[must_use]
    pub fn is_of_undo(&self) -> bool {
        self.what.starts_with(OF_UNDO)
    }

    /// What must be known before anybody relies on it: whose rights the way back takes, and what it will not bring.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let mut told = Vec::new();
        if !self.lacks.is_empty() {
            told.push(format!("Whoever takes it back must {}", needs(&self.lacks)));
        }
        let without = self.objects.iter().filter(|object| object.sql.is_empty());
        told.extend(
            without.map(|object| format!("It does not bring back the {}", object.without())),
        );
        told
    }

    /// How many rows it holds.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

/// Whether the loss happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum State {
    /// The copy is whole; the transaction had not ended when this was written.
    Pending,
    /// The rows are lost, and here.
    Kept,
    /// Whether they are lost was never learnt, and the server does not know any more.
    Unknown,
}

/// When a copy was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenBack {
    /// When, by the server's clock, in UTC.
    pub at: String,
    /// The copy of what was overwritten, where anything was.
    pub copy: Option<String>,
}

/// A run of a script, for the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptRun {
    /// Its name in the ledger.
    pub name: String,
    /// The digest that the ledger has after the loss; nothing where it has none.
    pub after: Option<String>,
    /// The line that the ledger had before.
    pub before: Option<Entry>,
}

/// A line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The digest.
    pub digest: String,
    /// How many statements.
    pub statements: i32,
    /// When, as the server writes it.
    pub applied_at: String,
    /// By whom.
    pub applied_by: String,
}

/// A table's rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCopy {
    /// The schema.
    pub schema: String,
    /// The table.
    pub name: String,
    /// Its number, by which it is found where it was renamed; 0 where that was not written down.
    #[serde(default)]
    pub oid: u32,
    /// Both as the server writes them in SQL.
    pub quoted: String,
    /// The columns in the file; generated ones are not among them.
    pub columns: Vec<String>,
    /// How many rows are in the file.
    pub rows: u64,
    /// The file of the rows as they were.
    pub file: String,
    /// Whether it is the whole table or the rows that were changed.
    pub form: Form,
}

/// What of a table is in a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Form {
    /// All of it: it was dropped, emptied or rewritten, or it has no primary key.
    Whole {
        /// What was in it afterwards; nothing where it was gone.
        after: Option<Content>,
    },
    /// The rows that were deleted or changed.
    Rows {
        /// The columns of the primary key.
        key: Vec<String>,
        /// The file of the rows that the same transaction wrote.
        written: String,
        /// How many those are.
        written_rows: u64,
    },
}

/// What is in a table, without its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// How many rows.
    pub rows: u64,
    /// The sum of their hashes.
    pub sum: String,
}

/// What a file must be, so that a damaged one is not taken for rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sum {
    /// Its size.
    pub(super) bytes: u64,
    /// In hexadecimal digits.
    pub(super) sha256: String,
}

/// Where a sequence was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// Its name in SQL.
    pub name: String,
    /// `last_value`.
    pub last: i64,
    /// `is_called`.
    pub called: bool,
    /// Whether it counts upwards.
    pub upwards: bool,
}
