//! Several statements, as a whole or not at all.

use std::fmt;

use serde_json::Value;

use super::{Pool, Pooled};
use crate::pg::error::Error;
use crate::pg::query::{Ask, BEGIN_WRITE, Committed, Params, Reply, Shape, Table};
use crate::pg::template::Template;

/// An open transaction. Dropping it (or a future that owns it) rolls it back.
#[must_use = "a transaction that is dropped is rolled back"]
pub struct Transaction {
    name: String,
    connection: Pooled,
    /// A statement failed, or its end was not awaited.
    failed: bool,
}

impl Pool {
    /// Begins a transaction that may change rows; `name` is what errors call it.
    ///
    /// # Errors
    /// As [`Pool::get`]. A connection that turns out to be dead is replaced by a fresh one.
    pub async fn begin(&self, name: impl Into<String>) -> Result<Transaction, Error> {
        let mut connection = self.checkout().await?;
        if let Err(error) = begin(&mut connection).await {
            if !matches!(error, Error::ConnectionLost { .. }) {
                return Err(error);
            }
            connection = self.replace(connection).await?;
            begin(&mut connection).await?;
        }
        Ok(Transaction {
            name: name.into(),
            connection,
            failed: false,
        })
    }
}

async fn begin(connection: &mut Pooled) -> Result<(), Error> {
    // From here on it is thrown away unless the transaction comes to its end.
    connection.unfinished = true;
    connection.batch(BEGIN_WRITE).await
}

impl Transaction {
    /// All rows of a template as a JSON array of objects; `[]` where there are none.
    ///
    /// # Errors
    /// As [`Session::query_array_json`](crate::pg::Session::query_array_json). After an
    /// [`Error::Db`] nothing more can be asked, and nothing is kept.
    pub async fn query_array_json(
        &mut self,
        template: &Template,
        params: &Params,
    ) -> Result<Value, Error> {
        self.answer(template, params, Shape::Array).await?.array()
    }

    /// The first row as a JSON object.
    ///
    /// # Errors
    /// As [`Transaction::query_array_json`].
    pub async fn query_object_json(
        &mut self,
        template: &Template,
        params: &Params,
    ) -> Result<Option<Value>, Error> {
        self.answer(template, params, Shape::Object).await?.value()
    }

    /// The first column of the first row; `Null` where that is NULL.
    ///
    /// # Errors
    /// As [`Transaction::query_array_json`].
    pub async fn query_value(
        &mut self,
        template: &Template,
        params: &Params,
    ) -> Result<Option<Value>, Error> {
        self.answer(template, params, Shape::Value).await?.value()
    }

    /// Columns and rows.
    ///
    /// # Errors
    /// As [`Transaction::query_array_json`].
    pub async fn query_rows(
        &mut self,
        template: &Template,
        params: &Params,
    ) -> Result<Table, Error> {
        self.answer(template, params, Shape::Table).await?.table()
    }

    /// Changes rows; they are kept once the transaction is committed.
    ///
    /// # Errors
    /// As [`Transaction::query_array_json`].
    pub async fn execute(
        &mut self,
        template: &Template,
        params: &Params,
    ) -> Result<Committed, Error> {
        self.answer(template, params, Shape::Commit)
            .await?
            .committed()
    }

    /// Makes everything permanent.
    ///
    /// # Errors
    /// [`Error::RolledBack`] where a statement had failed (the server answers such a `COMMIT`
    /// without an error); [`Error::Db`] for a deferred constraint. Nothing is kept then.
    /// [`Error::CommitUnknown`] where the connection broke meanwhile.
    pub async fn commit(mut self) -> Result<(), Error> {
        if self.failed {
            let transaction = std::mem::take(&mut self.name);
            self.rollback().await?;
            return Err(Error::RolledBack { transaction });
        }
        let ended = self.connection.commit(&self.name).await;
        if matches!(ended, Ok(()) | Err(Error::Db(_))) {
            self.connection.unfinished = false;
        }
        ended
    }

    /// Undoes everything at once; dropping does so too, but costs the connection.
    ///
    /// # Errors
    /// Where the connection broke; the server rolls back by itself then.
    pub async fn rollback(mut self) -> Result<(), Error> {
        self.connection.batch("ROLLBACK").await?;
        self.connection.unfinished = false;
        Ok(())
    }

    async fn answer(
        &mut self,
        template: &Template,
        params: &Params,
        shape: Shape,
    ) -> Result<Reply, Error> {
        params.check(template)?;
        let ask = Ask {
            template,
            params,
            shape,
        };
        // Until the answer is there: a future that is dropped meanwhile leaves it open whether the
        // statement succeeded, and a failed one would make COMMIT a silent ROLLBACK.
        let failed = std::mem::replace(&mut self.failed, true);
        let result = self.connection.ask_within(ask).await;
        // What was refused before it was sent (a value that does not fit) did no harm.
        let harmless = matches!(
            result,
            Ok(_) | Err(Error::Template { .. } | Error::Parameter { .. })
        );
        self.failed = failed || !harmless;
        result
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("name", &self.name)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}
