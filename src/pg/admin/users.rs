//! The users' table of the application, for the proof that a sign-up ends in a row.

use tokio_postgres::types::Type;

use super::super::error::Error;
use super::super::session::Session;

impl Session {
    /// Counts the rows of a user by their Cognito id.
    ///
    /// # Errors
    /// What the server says: 42P01 where there is no such table.
    pub async fn count_users(&self, cognito_user_id: &str) -> Result<i64, Error> {
        let sql = "SELECT pg_catalog.count(*) FROM public.users WHERE cognito_user_id = $1";
        let rows = self.rows(sql, &[(&cognito_user_id, Type::TEXT)]).await?;
        match rows.first() {
            Some(row) => self.get(row, 0),
            None => Ok(0),
        }
    }

    /// Removes the rows of a user by their Cognito id, and tells how many there were.
    ///
    /// # Errors
    /// What the server says.
    pub async fn remove_users(&self, cognito_user_id: &str) -> Result<i64, Error> {
        let sql = "WITH gone AS (DELETE FROM public.users WHERE cognito_user_id = $1 RETURNING 1)
                   SELECT pg_catalog.count(*) FROM gone";
        let rows = self.rows(sql, &[(&cognito_user_id, Type::TEXT)]).await?;
        match rows.first() {
            Some(row) => self.get(row, 0),
            None => Ok(0),
        }
    }
}
