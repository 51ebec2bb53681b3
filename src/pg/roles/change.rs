//! Changing roles: as a whole or not at all, one at a time in a database.

use crate::pg::error::{DbFailure, Error};
use crate::pg::session::Session;

/// The key of the advisory lock that keeps two changes of roles in one database apart.
const LOCK_KEY: i64 = i64::from_be_bytes(*b"crudrole");

/// Warnings that are failures here: a right was not given (01007), or not taken (01006).
const NOT_DONE: [&str; 2] = ["01007", "01006"];

impl Session {
    /// Runs statements about roles in one transaction, under an advisory lock that goes with it.
    ///
    /// # Errors
    /// Of the server. It only warns where a right could not be given or taken, as with objects of other owners; that
    /// is an error here. After any of them nothing is changed, unless the connection was lost during the commit.
    pub async fn change_roles(&mut self, statements: &[String]) -> Result<(), Error> {
        self.recover().await?;
        self.unfinished = true;
        let result = self.transact(statements).await;
        if result.is_err() {
            // the error stands, whatever becomes of the clean-up: if that fails, the next call does it, or the
            // connection is gone and the server has done it
            self.unfinished = self.batch("ROLLBACK").await.is_err();
        } else {
            self.unfinished = false;
        }
        result
    }

    async fn transact(&self, statements: &[String]) -> Result<(), Error> {
        self.batch("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
            .await?;
        self.batch(&format!(
            "SET LOCAL client_min_messages = warning; SELECT pg_catalog.pg_advisory_xact_lock({LOCK_KEY})"
        ))
        .await?;
        for statement in statements {
            let _ = self.take_notices();
            self.batch(statement).await?;
            let failed = self
                .take_notices()
                .into_iter()
                .find(|notice| NOT_DONE.contains(&notice.sqlstate.as_str()));
            if let Some(notice) = failed {
                return Err(Error::Db(Box::new(DbFailure {
                    sqlstate: notice.sqlstate,
                    message: notice.message,
                    ..DbFailure::default()
                })));
            }
        }
        self.batch("COMMIT").await
    }
}
