//! Which scripts have run, and what running one would lose.
//!
//! The ledger is a table of ours in the application's database,
//! `cruddur_infra.sql_scripts(name, digest, statements, applied_at, applied_by)`, written in the
//! same transaction as the script itself.

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::time::SystemTime;

use serde::Serialize;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::error::Error;
use super::script::{Destruction, Script, Target, Verb};
use super::session::Session;
use super::undo::LedgerEntry;
use super::unseen::Part;

/// Rows are counted up to here; more are "at least".
const COUNT_LIMIT: u64 = 1_000_000;

/// How many rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rows {
    /// So many.
    Exactly(u64),
    /// More than were counted.
    AtLeast(u64),
    /// The user may not read the table, or row security hides rows.
    Unknown,
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(rows) => write!(f, "{rows}"),
            Self::AtLeast(rows) => write!(f, "at least {rows}"),
            Self::Unknown => f.write_str("an unknown number of"),
        }
    }
}

/// Rows that a script would throw away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// `schema.table`, as it is in the database.
    pub table: String,
    /// The column, when only that is dropped; `rows` are then those where it is not null.
    pub column: Option<String>,
    /// How many rows; never zero.
    pub rows: Rows,
    /// The line of the script; 0 where its text does not show it.
    pub line: u32,
    /// By which statement.
    pub verb: Verb,
}

/// A line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The digest of the script that ran, see [`super::script::digest`].
    pub digest: String,
    /// When it was applied, by the server's clock.
    pub applied_at: SystemTime,
}

/// What is known about a script in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Its last run, if there was one.
    pub recorded: Option<Recorded>,
    /// What would be lost now.
    pub losses: Vec<Loss>,
}

impl Session {
    /// Looks up script `name` in the ledger and counts what `destructions` would throw away.
    ///
    /// Reads only, in a read-only transaction; neither the ledger nor any table has to exist.
    pub async fn look(&mut self, name: &str, destructions: &[Destruction]) -> Result<Look, Error> {
        self.looked(Some(name), destructions).await
    }

    /// Counts what `destructions` would throw away, as [`Session::look`] does, and leaves the ledger alone, which not
    /// everybody may read.
    pub async fn would_lose(&mut self, destructions: &[Destruction]) -> Result<Vec<Loss>, Error> {
        let look = self.looked(None, destructions).await?;
        Ok(look.losses)
    }

    async fn looked(
        &mut self,
        name: Option<&str>,
        destructions: &[Destruction],
    ) -> Result<Look, Error> {
        self.recover().await?;
        self.unfinished = true;
        self.batch("BEGIN READ ONLY").await?;
        let look = async {
            Ok(Look {
                recorded: match name {
                    Some(name) => self.recorded(name).await?,
                    None => None,
                },
                losses: self.losses(destructions, false).await?.losses,
            })
        }
        .await;
        // After an error as well, so that the session stays usable.
        let end = self.batch("ROLLBACK").await;
        self.unfinished = end.is_err();
        look
    }

    pub(super) async fn recorded(&self, name: &str) -> Result<Option<Recorded>, Error> {
        if !self.has_ledger().await? {
            return Ok(None);
        }
        let sql = "SELECT digest, applied_at FROM cruddur_infra.sql_scripts WHERE name = $1";
        let rows = self.rows(sql, &[(&name, Type::TEXT)]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        Ok(Some(Recorded {
            digest: self.get(row, 0)?,
            applied_at: self.get(row, 1)?,
        }))
    }

    /// Notes that `script` was applied. Inside the script's transaction.
    pub(super) async fn record(&self, script: &Script, statements: usize) -> Result<(), Error> {
        // Asked first and not left to IF NOT EXISTS, which wants the right to create even when
        // there is nothing to create. The advisory lock keeps others from creating it meanwhile.
        if !self.has_ledger().await? {
            self.batch(
                "CREATE SCHEMA IF NOT EXISTS cruddur_infra;
                 CREATE TABLE cruddur_infra.sql_scripts (
                     name text PRIMARY KEY,
                     digest text NOT NULL,
                     statements integer NOT NULL,
                     applied_at timestamptz NOT NULL,
                     applied_by text NOT NULL
                 )",
            )
            .await?;
        }
        let sql = "INSERT INTO cruddur_infra.sql_scripts AS old
                       (name, digest, statements, applied_at, applied_by)
                   VALUES ($1, $2, $3, pg_catalog.clock_timestamp(), session_user)
                   ON CONFLICT (name) DO UPDATE
                   SET digest = EXCLUDED.digest, statements = EXCLUDED.statements,
                       applied_at = EXCLUDED.applied_at, applied_by = EXCLUDED.applied_by";
        let statements = i32::try_from(statements).unwrap_or(i32::MAX);
        self.rows(
            sql,
            &[
                (&script.name(), Type::TEXT),
                (&script.digest(), Type::TEXT),
                (&statements, Type::INT4),
            ],
        )
        .await?;
        Ok(())
    }

    /// The whole line of script `name`, to be set again. Inside a transaction.
    pub(super) async fn ledger_entry(&self, name: &str) -> Result<Option<LedgerEntry>, Error> {
        if !self.has_ledger().await? {
            return Ok(None);
        }
        let sql = "SELECT digest, statements, applied_by, pg_catalog.to_char(
                       applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')
                   FROM cruddur_infra.sql_scripts WHERE name = $1";
        let rows = self.rows(sql, &[(&name, Type::TEXT)]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        Ok(Some(LedgerEntry {
            digest: self.get(row, 0)?,
            statements: self.get(row, 1)?,
            applied_by: self.get(row, 2)?,
            applied_at: self.get(row, 3)?,
        }))
    }

    /// Sets or removes the line of script `name`. Inside a transaction.
    pub(super) async fn set_ledger_entry(
        &self,
        name: &str,
        entry: Option<&LedgerEntry>,
    ) -> Result<(), Error> {
        if !self.has_ledger().await? {
            return Ok(());
        }
        let sql = "DELETE FROM cruddur_infra.sql_scripts WHERE name = $1";
        self.rows(sql, &[(&name, Type::TEXT)]).await?;
        if let Some(entry) = entry {
            let sql = "INSERT INTO cruddur_infra.sql_scripts
                           (name, digest, statements, applied_at, applied_by)
                       VALUES ($1, $2, $3, $4::text::timestamptz, $5)";
            self.rows(
                sql,
                &[
                    (&name, Type::TEXT),
                    (&entry.digest, Type::TEXT),
                    (&entry.statements, Type::INT4),
                    (&entry.applied_at, Type::TEXT),
                    (&entry.applied_by, Type::TEXT),
                ],
            )
            .await?;
        }
        Ok(())
    }

    /// The tables of which a copy must be made before `destructions` run: afterwards nobody can read them. A deletion
    /// of rows is not among them, nor an aim that is only known at run time.
    pub(super) async fn aims(&self, destructions: &[Destruction]) -> Result<HashSet<u32>, Error> {
        let mut found = HashSet::new();
        for destruction in destructions {
            if destruction.verb != Verb::Delete && destruction.target != Target::Unknown {
                let tables = self.tables(destruction).await?;
                found.extend(tables.into_iter().map(|aim| aim.oid));
            }
        }
        Ok(found)
    }

    /// Whether there is one, and not whether the user may read it: who may not must not run a script as if for the first
    /// time.
    async fn has_ledger(&self) -> Result<bool, Error> {
        let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'cruddur_infra' AND c.relname = 'sql_scripts')";
        match self.rows(sql, &[]).await?.first() {
            Some(row) => self.get(row, 0),
            None => Ok(false),
        }
    }

    /// The tables that `destruction` reaches, by number.
    pub(super) async fn reached(&self, destruction: &Destruction) -> Result<Vec<u32>, Error> {
        let aims = self.tables(destruction).await?;
        Ok(aims.into_iter().map(|aim| aim.oid).collect())
    }

    /// What would be lost. Inside a transaction. With `hold`, writers are kept out of the tables until it ends, so that
    /// an empty one stays empty until it is dropped.
    pub(super) async fn losses(
        &self,
        destructions: &[Destruction],
        hold: bool,
    ) -> Result<Shown, Error> {
        let mut shown = Shown::default();
        if destructions.is_empty() {
            return Ok(shown);
        }
        // Rows that a policy hides are lost as well: rather an error than a wrong count.
        self.batch("SET LOCAL row_security = off").await?;
        // of a table that goes along with another one's rows, only some rows may have been counted
        let mut seen = HashSet::new();
        // another type is mostly meant well: it is copied and not asked about
        let asked = |destruction: &&Destruction| destruction.verb != Verb::AlterType;
        for destruction in destructions.iter().filter(asked) {
            let column = match &destruction.target {
                Target::Column { column, .. } => Some(column.as_str()),
                _ => None,
            };
            for Aim { oid, table, by } in self.tables(destruction).await? {
                let whole = by.is_empty();
                let only: Vec<String> = column.map(str::to_owned).into_iter().chain(by).collect();
                let part = (oid, column.map(str::to_owned));
                if shown.told.contains(&part) || !seen.insert((oid, only.clone())) {
                    continue;
                }
                // a value of a composite type IS NOT NULL only where all of its attributes are
                let set = |column: &String| {
                    format!("{} IS DISTINCT FROM NULL", super::quote_identifier(column))
                };
                let set: Vec<String> = only.iter().map(set).collect();
                let rows = self.count(&table.to_sql(), &set, hold).await?;
                if rows != Rows::Exactly(0) {
                    shown.told.insert(part);
                    shown.losses.push(Loss {
                        table: table.to_string(),
                        column: column.map(str::to_owned),
                        rows,
                        line: destruction.line,
                        verb: destruction.verb,
                    });
                } else if whole {
                    shown.empty.insert(part);
                }
            }
        }
        self.batch("SET LOCAL row_security = on").await?;
        Ok(shown)
    }

    /// The existing tables that `destruction` reaches.
    async fn tables(&self, destruction: &Destruction) -> Result<Vec<Aim>, Error> {
        let (which, argument) = match &destruction.target {
            Target::Table(table) | Target::Column { table, .. }
                if destruction.any_schema && table.schema.is_none() =>
            {
                (NAMED_ANYWHERE, table.name.clone())
            }
            Target::Table(table) | Target::Column { table, .. } => (NAMED, table.to_sql()),
            Target::Schema(schema) => (IN_SCHEMA, schema.clone()),
            Target::OwnedBy(role) => (OWNED, role.clone()),
            Target::Unknown => (ANY, String::new()),
        };
        // A DELETE works on views, too; the other verbs do not.
        let kinds = if destruction.verb == Verb::Delete {
            "rpvf"
        } else {
            "rp"
        };
        let column = match &destruction.target {
            Target::Column { column, .. } => column.as_str(),
            _ => "",
        };
        let truncates = destruction.verb == Verb::Truncate && destruction.cascade;
        let deletes = destruction.verb == Verb::Delete;
        let sql = TABLES.replace("{which}", which);
        let rows = self
            .rows(
                &sql,
                &[
                    (&argument, Type::TEXT),
                    (&kinds, Type::TEXT),
                    (&column, Type::TEXT),
                    (&truncates, Type::BOOL),
                    (&deletes, Type::BOOL),
                ],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let name = super::script::ObjectName {
                    schema: Some(self.get(row, 1)?),
                    name: self.get(row, 2)?,
                };
                Ok(Aim {
                    oid: self.get(row, 0)?,
                    table: name,
                    by: self.get(row, 3)?,
                })
            })
            .collect()
    }

    /// Counts the rows of a table, as it is written in SQL; with conditions, those for which one of them holds. Inside a
    /// transaction.
    pub(super) async fn count(
        &self,
        table: &str,
        conditions: &[String],
        hold: bool,
    ) -> Result<Rows, Error> {
        let filter = match conditions {
            [] => String::new(),
            any => format!(" WHERE {}", any.join(" OR ")),
        };
        if hold {
            let lock = format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE");
            // Who may not lock it may not drop it either; the script will fail by itself.
            self.tolerant(async { self.batch(&lock).await }).await?;
        }
        let limit = COUNT_LIMIT + 1;
        let sql = format!(
            "SELECT pg_catalog.count(*) FROM (SELECT 1 FROM {table}{filter} LIMIT {limit}) AS counted"
        );
        let counted = self.tolerant(async { self.rows(&sql, &[]).await }).await?;
        let Some(row) = counted.as_ref().and_then(|rows| rows.first()) else {
            return Ok(Rows::Unknown);
        };
        let rows = u64::try_from(self.get::<i64>(row, 0)?).unwrap_or(0);
        Ok(if rows > COUNT_LIMIT {
            Rows::AtLeast(COUNT_LIMIT)
        } else {
            Rows::Exactly(rows)
        })
    }

    /// `None` instead of "permission denied" (42501, row security included) and "wrong kind of
    /// object" (42809: foreign tables cannot be locked), with the transaction still usable.
    async fn tolerant<T>(
        &self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<Option<T>, Error> {
        self.batch("SAVEPOINT counting").await?;
        match call.await {
            Ok(value) => Ok(Some(value)),
            Err(error) if matches!(error.sqlstate(), Some("42501" | "42809")) => {
                self.batch("ROLLBACK TO SAVEPOINT counting").await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn rows(
        &self,
        sql: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, Error> {
        self.timed(self.client().query_typed(sql, parameters)).await
    }

    pub(super) fn get<T>(&self, row: &Row, column: usize) -> Result<T, Error>
    where
        T: for<'a> tokio_postgres::types::FromSql<'a>,
    {
        row.try_get(column).map_err(|error| self.error(error))
    }
}

/// What the text of statements shows.
#[derive(Default)]
pub(super) struct Shown {
    /// What would be lost.
    pub(super) losses: Vec<Loss>,
    /// Of these, something.
    pub(super) told: HashSet<Part>,
    /// These were looked at, too, and hold nothing.
    pub(super) empty: HashSet<Part>,
}

/// A table that a statement reaches.
struct Aim {
    oid: u32,
    table: super::script::ObjectName,
    /// The columns that point at what is deleted, where only their rows go along.
    by: Vec<String>,
}

const NAMED: &str = "c.oid = pg_catalog.to_regclass($1)";
const NAMED_ANYWHERE: &str = "c.relname = $1 AND NOT system";
const IN_SCHEMA: &str = "c.nspname = $1 AND NOT part";
const OWNED: &str = "NOT system AND NOT part AND pg_catalog.pg_get_userbyid(c.relowner) = CASE $1
    WHEN 'current_user' THEN current_user WHEN 'current_role' THEN current_user
    WHEN 'session_user' THEN session_user ELSE $1 END";
/// Our own ledger is nothing that a `DO` block with unknown aims is thought to be after.
const ANY: &str = "NOT system AND NOT part AND c.nspname <> 'cruddur_infra' AND $1 IS NOT NULL";

/// `part`: a partition whose parent is in the same schema, and is counted there.
const TABLES: &str = "
WITH RECURSIVE c AS (
    SELECT c.oid, n.nspname, c.relname, c.relowner,
           n.nspname ~ '^pg_' OR n.nspname = 'information_schema' AS system,
           c.relispartition AND EXISTS (
               SELECT FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
               WHERE i.inhrelid = c.oid AND p.relnamespace = c.relnamespace) AS part
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE pg_catalog.strpos($2, c.relkind::text) > 0
), direct(oid) AS (
    SELECT c.oid FROM c
    WHERE {which} AND ($3 = '' OR EXISTS (
        SELECT FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attname = $3 AND a.attnum > 0 AND NOT a.attisdropped))
), hit(oid) AS (
    SELECT oid FROM direct
    UNION
    SELECT k.conrelid FROM pg_catalog.pg_constraint k JOIN hit ON k.confrelid = hit.oid
    WHERE k.contype = 'f' AND k.conparentid = 0 AND ($4 OR $5 AND k.confdeltype = 'c')
)
SELECT c.oid, c.nspname::text, c.relname::text,
       CASE WHEN $5 AND c.oid NOT IN (SELECT oid FROM direct) THEN ARRAY(
           SELECT DISTINCT a.attname::text FROM pg_catalog.pg_constraint k
           JOIN hit ON hit.oid = k.confrelid
           JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
           WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confdeltype = 'c' ORDER BY 1)
       ELSE '{}' END
FROM c JOIN hit USING (oid)
ORDER BY c.nspname, c.relname";
