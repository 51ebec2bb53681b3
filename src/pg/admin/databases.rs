//! Creating and dropping databases.

use tokio_postgres::types::Type;

use super::super::error::Error;
use super::super::quote_identifier;
use super::super::session::Session;

/// How a drop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// It is gone.
    Gone,
    /// There was none.
    Absent,
    /// Others are connected to it, and it was not said that they may be cut off. Nothing was changed.
    InUse,
}

impl Session {
    /// Tells whether the server has a database of this name.
    ///
    /// # Errors
    /// What the server says.
    pub async fn has_database(&self, name: &str) -> Result<bool, Error> {
        let sql = "SELECT FROM pg_catalog.pg_database WHERE datname = $1";
        let rows = self.rows(sql, &[(&name, Type::TEXT)]).await?;
        Ok(!rows.is_empty())
    }

    /// Lists the databases that hold what users have put there: not the server's templates, nor what RDS keeps its own in.
    ///
    /// # Errors
    /// What the server says.
    pub async fn databases(&self) -> Result<Vec<String>, Error> {
        let sql = "SELECT datname::text FROM pg_catalog.pg_database
                   WHERE NOT datistemplate AND datallowconn AND datname <> 'rdsadmin' ORDER BY datname";
        let rows = self.rows(sql, &[]).await?;
        rows.iter().map(|row| self.get(row, 0)).collect()
    }

    /// Creates a database, and tells whether it did: one that is there is left as it is.
    ///
    /// # Errors
    /// What the server says: 42501 where the user may not.
    pub async fn create_database(&self, name: &str) -> Result<bool, Error> {
        if self.has_database(name).await? {
            return Ok(false);
        }
        let sql = format!("CREATE DATABASE {}", quote_identifier(name));
        match self.batch(&sql).await {
            Ok(()) => Ok(true),
            // somebody was faster: 42P04, or 23505 where both were at it in the same moment
            Err(e) if matches!(e.sqlstate(), Some("42P04" | "23505")) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Drops a database with everything in it. Where `cut_off` is set, others that are connected to it are cut off;
    /// where it is not, they are in the way.
    ///
    /// Not from within: the session must be connected to another database.
    ///
    /// # Errors
    /// What the server says: 42501 where the database, or a session in it, is not the user's to end.
    pub async fn drop_database(&self, name: &str, cut_off: bool) -> Result<Dropped, Error> {
        if !self.has_database(name).await? {
            return Ok(Dropped::Absent);
        }
        let force = if cut_off { " WITH (FORCE)" } else { "" };
        let sql = format!("DROP DATABASE {}{force}", quote_identifier(name));
        match self.batch(&sql).await {
            Ok(()) => Ok(Dropped::Gone),
            Err(e) if e.sqlstate() == Some("3D000") => Ok(Dropped::Absent),
            Err(e) if e.sqlstate() == Some("55006") => Ok(Dropped::InUse),
            Err(error) => Err(error),
        }
    }
}
