//! A table's rows on their way: into files, and what they are compared by.

use std::collections::HashSet;

use tokio_postgres::types::Type;

use super::super::error::Error;
use super::super::session::Session;
use super::copy::{Content, Form, Sequence, TableCopy};
use super::problem::CopyProblem;
use super::store::Partial;
use super::stream::Written;
use super::watch::Table;
use super::{columns, qualified};

/// The files of a table in a copy.
pub(super) fn files(table: &TableCopy) -> Vec<&str> {
    let mut files = vec![table.file.as_str()];
    if let Form::Rows { written, .. } = &table.form {
        files.push(written);
    }
    files.retain(|file| !file.is_empty());
    files
}

/// `a.k = b.k AND …`
pub(super) fn same_key(key: &[String], a: &str, b: &str) -> String {
    key.iter()
        .map(|name| {
            let name = super::quote_identifier(name);
            format!("{a}.{name} = {b}.{name}")
        })
        .collect::<Vec<_>>()
        .join(" AND ")
}

/// Whether two rows are the same to the last byte, whatever their types hold for equal.
pub(super) fn same_row(names: &[String], a: &str, b: &str) -> String {
    format!(
        "(ROW({}))::pg_catalog.record OPERATOR(pg_catalog.*=) (ROW({}))::pg_catalog.record",
        columns(names, &format!("{a}.")),
        columns(names, &format!("{b}."))
    )
}

/// `COPY table (columns)`; a table without columns has no list.
pub(super) fn copy_of(table: &str, names: &[String]) -> String {
    match names {
        [] => format!("COPY {table}"),
        names => format!("COPY {table} ({})", columns(names, "")),
    }
}

/// What may not be read is told with its name.
pub(super) fn readable<T>(result: Result<T, Error>, table: &str) -> Result<T, Error> {
    match result {
        Err(error) if error.sqlstate() == Some("42501") => Err(CopyProblem::Unreadable {
            table: table.to_owned(),
        }
        .into()),
        other => other,
    }
}

impl Session {
    /// All rows of a table, or those of a query, into a new file of a copy.
    pub(super) async fn rows_to(
        &self,
        what: &str,
        to: &Partial,
        file: &str,
    ) -> Result<Written, Error> {
        let sql = format!("{what} TO STDOUT");
        let written = self
            .copy_to(&sql, to.file(file)?, &to.path(file), to.copies())
            .await?;
        to.sealed(file, written.sum.clone());
        Ok(written)
    }

    /// What is in a table now. With the settings of a copy.
    pub(super) async fn content(&self, table: &Table) -> Result<Content, Error> {
        let sql = format!(
            "SELECT pg_catalog.count(*), coalesce(pg_catalog.sum(
                 pg_catalog.hashtextextended((ROW({}))::pg_catalog.text, 0)), 0)::pg_catalog.text
             FROM ONLY {} AS this",
            columns(&table.columns, "this."),
            table.quoted
        );
        let rows = self.unhurried(&sql).await?;
        let Some(row) = rows.first() else {
            return Err(Error::Protocol("no count".to_owned()));
        };
        Ok(Content {
            rows: u64::try_from(self.get::<i64>(row, 0)?).unwrap_or(0),
            sum: self.get(row, 1)?,
        })
    }

    /// Runs what reads all of a table: it takes as long as the table is large.
    pub(super) async fn unhurried(&self, sql: &str) -> Result<Vec<tokio_postgres::Row>, Error> {
        let asked = self.client().query_typed(sql, &[]);
        asked.await.map_err(|error| self.error(error))
    }

    /// The size of tables on the disk, without indexes.
    pub(super) async fn size_of(&self, tables: &HashSet<u32>) -> Result<u64, Error> {
        let list: Vec<u32> = tables.iter().copied().collect();
        let sql = "SELECT coalesce(pg_catalog.sum(pg_catalog.pg_table_size(oid)), 0)::int8
                   FROM pg_catalog.unnest($1::oid[]) AS t(oid)";
        match self.rows(sql, &[(&list, Type::OID_ARRAY)]).await?.first() {
            Some(row) => Ok(u64::try_from(self.get::<i64>(row, 0)?).unwrap_or(0)),
            None => Ok(0),
        }
    }

    /// Every sequence that may be read: its oid, the table that owns it, and where it is.
    pub(super) async fn positions(&self) -> Result<Vec<(u32, u32, Sequence)>, Error> {
        let list = self.rows(SEQUENCES, &[]).await?;
        let (mut found, mut each) = (Vec::new(), Vec::new());
        for (index, row) in list.iter().enumerate() {
            let (schema, name): (String, String) = (self.get(row, 2)?, self.get(row, 3)?);
            let name = qualified(&schema, &name);
            each.push(format!("SELECT {index}, last_value, is_called FROM {name}"));
            let sequence = Sequence {
                name,
                last: 0,
                called: false,
                upwards: self.get(row, 4)?,
            };
            found.push((self.get(row, 0)?, self.get(row, 1)?, sequence));
        }
        // in one question, however many there are
        if !each.is_empty() {
            let sql = format!("{} ORDER BY 1", each.join(" UNION ALL "));
            for (row, (_, _, sequence)) in self.rows(&sql, &[]).await?.iter().zip(&mut found) {
                sequence.last = self.get(row, 1)?;
                sequence.called = self.get(row, 2)?;
            }
        }
        Ok(found)
    }
}

const SEQUENCES: &str = "
SELECT c.oid, coalesce((SELECT d.refobjid FROM pg_catalog.pg_depend d
           WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
             AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i') LIMIT 1), 0),
       n.nspname::text, c.relname::text, s.seqincrement > 0
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'cruddur_infra')
  -- asked of anything else it fails, and which rows are left out first is the planner's choice
  AND CASE WHEN c.relkind = 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT') END AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
ORDER BY 1";
