//! Who is connected, and how to end what is idle.

use serde::Serialize;
use tokio_postgres::types::Type;

use super::super::error::Error;
use super::super::session::Session;

/// A session on the server, as far as the user may see it. Its statement is not read: it may hold data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Backend {
    /// Its process on the server.
    pub pid: i32,
    /// Whose.
    pub user: Option<String>,
    /// In which database.
    pub database: Option<String>,
    /// From which address; nothing for a Unix socket.
    pub address: Option<String>,
    /// What the client calls itself.
    pub application: String,
    /// `active`, `idle`, `idle in transaction`, …; nothing where the user may not see it.
    pub state: Option<String>,
    /// For how many seconds it has been in that state.
    pub since: Option<f64>,
    /// It does nothing: no statement runs.
    pub idle: bool,
    /// It is the session that asks.
    pub own: bool,
}

const SESSIONS: &str = "
SELECT pid, usename::text, datname::text, pg_catalog.host(client_addr), application_name, state,
       (extract(epoch FROM pg_catalog.clock_timestamp() - state_change))::float8,
       pid = pg_catalog.pg_backend_pid()
FROM pg_catalog.pg_stat_activity
WHERE backend_type = 'client backend' AND ($1 IS NULL OR datname = $1)
ORDER BY datname, usename, backend_start, pid";

/// In one statement, so that nobody is cut off who has begun to work since the list was made.
const END_IDLE: &str = "
SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
WHERE pid = $1 AND pid <> pg_catalog.pg_backend_pid() AND state LIKE 'idle%'
  AND state_change <= pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => $2)";

impl Session {
    /// Lists the sessions of a database, or of the whole server.
    ///
    /// # Errors
    /// What the server says.
    pub async fn backends(&self, database: Option<&str>) -> Result<Vec<Backend>, Error> {
        let rows = self.rows(SESSIONS, &[(&database, Type::TEXT)]).await?;
        rows.iter()
            .map(|row| {
                let state: Option<String> = self.get(row, 5)?;
                Ok(Backend {
                    pid: self.get(row, 0)?,
                    user: self.get(row, 1)?,
                    database: self.get(row, 2)?,
                    address: self.get(row, 3)?,
                    application: self.get::<Option<String>>(row, 4)?.unwrap_or_default(),
                    idle: state.as_deref().is_some_and(|s| s.starts_with("idle")),
                    state,
                    since: self.get(row, 6)?,
                    own: self.get(row, 7)?,
                })
            })
            .collect()
    }

    /// Ends a session that has been idle for at least so many seconds, and tells whether it was. One that works again
    /// by now, or is gone, is left alone. What it has not committed is rolled back.
    ///
    /// # Errors
    /// What the server says: 42501 where the session is not the user's to end.
    pub async fn end_idle(&self, pid: i32, seconds: f64) -> Result<bool, Error> {
        let rows = self
            .rows(END_IDLE, &[(&pid, Type::INT4), (&seconds, Type::FLOAT8)])
            .await?;
        match rows.first() {
            Some(row) => self.get(row, 0),
            None => Ok(false),
        }
    }
}
