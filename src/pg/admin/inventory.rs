//! What is in a database: before it is dropped, people are told.

use tokio_postgres::types::Type;

use super::super::error::Error;
use super::super::ledger::Rows;
use super::super::quote_identifier;
use super::super::session::Session;

/// A table and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSize {
    /// `schema.table`.
    pub name: String,
    /// Its rows.
    pub rows: Rows,
    /// Its size on the disk in bytes, indexes included.
    pub bytes: u64,
}

/// What is in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// Its size on the disk in bytes; nothing where the user may not ask.
    pub bytes: Option<u64>,
    /// Its tables and materialised views by name, without the server's own and this client's; and `large objects` where
    /// there are any, which are in no table of anybody's.
    pub tables: Vec<TableSize>,
}

/// A partition is counted with its parent.
const TABLES: &str = "
SELECT n.nspname::text, c.relname::text, pg_catalog.pg_total_relation_size(c.oid),
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'cruddur_infra')
ORDER BY 1, 2";

/// Everybody may read who owns large objects, which tells how many there are.
const LARGE_OBJECTS: &str = "pg_catalog.pg_largeobject_metadata";
const LARGE_OBJECTS_SIZE: &str =
    "SELECT pg_catalog.pg_total_relation_size('pg_catalog.pg_largeobject')";

/// Asked in this way, because another user's database may not be measured, which is no reason to fail.
const SIZE: &str = "
SELECT CASE WHEN pg_catalog.has_database_privilege(datname, 'CONNECT')
            THEN pg_catalog.pg_database_size(oid) END
FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()";

impl Session {
    /// Lists what is in the session's database. Reads only; rows are counted, up to a million a table.
    ///
    /// # Errors
    /// What the server says.
    pub async fn inventory(&mut self) -> Result<Inventory, Error> {
        self.recover().await?;
        self.unfinished = true;
        self.batch("BEGIN READ ONLY").await?;
        let found = self.count_all().await;
        // after an error as well, so that the session stays usable
        let end = self.batch("ROLLBACK").await;
        self.unfinished = end.is_err();
        found
    }

    async fn count_all(&self) -> Result<Inventory, Error> {
        let size = self.rows(SIZE, &[]).await?;
        let bytes: Option<i64> = match size.first() {
            Some(row) => self.get(row, 0)?,
            None => None,
        };
        let mut tables = Vec::new();
        for row in self.rows(TABLES, &[]).await? {
            let (schema, table): (String, String) = (self.get(&row, 0)?, self.get(&row, 1)?);
            let readable: bool = self.get(&row, 3)?;
            let quoted = format!("{}.{}", quote_identifier(&schema), quote_identifier(&table));
            tables.push(TableSize {
                name: format!("{schema}.{table}"),
                rows: if readable {
                    self.count(&quoted, &[], false).await?
                } else {
                    Rows::Unknown
                },
                bytes: natural(self.get(&row, 2)?),
            });
        }
        let objects = self.count(LARGE_OBJECTS, &[], false).await?;
        if objects != Rows::Exactly(0) {
            let size = self.rows(LARGE_OBJECTS_SIZE, &[]).await?;
            tables.push(TableSize {
                name: "large objects".to_owned(),
                rows: objects,
                bytes: match size.first() {
                    Some(row) => natural(self.get(row, 0)?),
                    None => 0,
                },
            });
        }
        Ok(Inventory {
            bytes: bytes.map(natural),
            tables,
        })
    }

    /// Tells how many sessions others have in a database, besides this one.
    ///
    /// # Errors
    /// What the server says.
    pub async fn others_in(&self, database: &str) -> Result<u64, Error> {
        let sql = "SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity
                   WHERE datname = $1 AND backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid()";
        let rows = self.rows(sql, &[(&database, Type::TEXT)]).await?;
        Ok(match rows.first() {
            Some(row) => natural(self.get(row, 0)?),
            None => 0,
        })
    }
}

fn natural(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
