//! Answers.

use serde_json::{Map, Value};

use crate::pg::error::Error;

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name; two columns may have the same.
    pub name: String,
    /// Its type's name, `text[]` for an array of texts.
    pub type_name: String,
}

/// Rows as lists, in the order of their columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns, also where there are no rows.
    pub columns: Vec<Column>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<Value>>,
}

/// What a change did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Committed {
    /// How many rows were inserted, updated or deleted; with `RETURNING`, how many came back.
    pub count: u64,
    /// What `RETURNING` gave; empty without one.
    pub returned: Table,
}

impl Committed {
    /// The first column of the first row that came back: the new `uuid`, mostly.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        self.returned.rows.first()?.first()
    }

    /// The first row that came back, as an object; of two columns with one name the last stays.
    #[must_use]
    pub fn object(&self) -> Option<Value> {
        let row = self.returned.rows.first()?;
        let names = self
            .returned
            .columns
            .iter()
            .map(|column| column.name.clone());
        Some(Value::Object(names.zip(row.iter().cloned()).collect()))
    }
}

/// What a query gave: the first column of each row, which is JSON or nothing.
pub(in crate::pg) struct Reply {
    pub(super) columns: Vec<Column>,
    pub(super) cells: Vec<Option<String>>,
    pub(super) count: u64,
}

impl Reply {
    /// `query_array_json`.
    pub(in crate::pg) fn array(self) -> Result<Value, Error> {
        match self.value()? {
            Some(array @ Value::Array(_)) => Ok(array),
            _ => Err(Error::Protocol("the server's array is none".to_owned())),
        }
    }

    /// `query_object_json` and `query_value`: nothing where there is no row.
    pub(in crate::pg) fn value(self) -> Result<Option<Value>, Error> {
        match self.cells.into_iter().next() {
            None => Ok(None),
            Some(None) => Ok(Some(Value::Null)),
            Some(Some(text)) => json(&text).map(Some),
        }
    }

    /// `query_rows`.
    pub(in crate::pg) fn table(self) -> Result<Table, Error> {
        let width = self.columns.len();
        let rows = self.cells.into_iter().map(|cell| {
            let fields: Map<String, Value> = serde_json::from_str(cell.as_deref().unwrap_or("{}"))
                .map_err(|error| unreadable(&error))?;
            let row: Vec<Value> = fields.into_iter().map(|(_, value)| value).collect();
            if row.len() == width {
                Ok(row)
            } else {
                Err(Error::Protocol("a row of another width".to_owned()))
            }
        });
        Ok(Table {
            rows: rows.collect::<Result<_, _>>()?,
            columns: self.columns,
        })
    }

    /// `query_commit`.
    pub(in crate::pg) fn committed(self) -> Result<Committed, Error> {
        let count = self.count;
        let returned = self.table()?;
        Ok(Committed { count, returned })
    }
}

fn json(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|error| unreadable(&error))
}

/// Without serde's own words, which may quote data.
fn unreadable(error: &serde_json::Error) -> Error {
    Error::Protocol(format!(
        "the server's JSON cannot be read: {:?} error at column {} (a number that is too large?)",
        error.classify(),
        error.column()
    ))
}
