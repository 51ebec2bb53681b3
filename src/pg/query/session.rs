//! Queries on a session, each in a transaction of its own.

use serde_json::Value;

use super::answer::{Committed, Reply, Table};
use super::ask::{Ask, Shape, columns, located};
use super::param::Params;
use super::wrap::unique;
use crate::pg::error::Error;
use crate::pg::session::Session;
use crate::pg::template::Template;

/// How a transaction begins; with the zone in which JSON shows moments.
pub(in crate::pg) const BEGIN_WRITE: &str =
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL TimeZone TO 'UTC'";
const BEGIN_READ: &str =
    "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL TimeZone TO 'UTC'";

/// A failure, and what the same question on another connection could do.
pub(in crate::pg) struct Failed {
    pub(in crate::pg) error: Error,
    /// The connection was lost and nothing has had an effect: it can be asked again.
    pub(in crate::pg) repeatable: bool,
}

impl Failed {
    /// Before anything could have an effect.
    pub(in crate::pg) fn early(error: Error) -> Self {
        Self {
            repeatable: matches!(error, Error::ConnectionLost { .. }),
            error,
        }
    }

    fn late(error: Error) -> Self {
        Self {
            error,
            repeatable: false,
        }
    }
}

impl Session {
    /// All rows of a template as a JSON array of objects; `[]` where there are none.
    ///
    /// # Errors
    /// [`Error::Template`] and [`Error::Parameter`] before anything runs; [`Error::Db`] with the
    /// place in the template; [`Error::ConnectionLost`] where nothing was kept, and
    /// [`Error::CommitUnknown`] where that is not known (templates that change rows alone).
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
    /// As [`Session::query_array_json`].
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
    /// As [`Session::query_array_json`].
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
    /// As [`Session::query_array_json`].
    pub async fn query_rows(
        &mut self,
        template: &Template,
        params: &Params,
    ) -> Result<Table, Error> {
        self.answer(template, params, Shape::Table).await?.table()
    }

    /// Changes rows and commits.
    ///
    /// # Errors
    /// As [`Session::query_array_json`]. After any but [`Error::CommitUnknown`] nothing was kept.
    pub async fn query_commit(
        &mut self,
        template: &Template,
        params: &Params,
    ) -> Result<Committed, Error> {
        self.answer(template, params, Shape::Commit)
            .await?
            .committed()
    }

    /// Whether every column of the answer has a name of its own, as an object needs. Nothing is run.
    ///
    /// # Errors
    /// [`Error::Template`] with the name that is there twice; [`Error::Db`] where the server does not understand the
    /// template.
    pub async fn query_names(&mut self, template: &Template) -> Result<(), Error> {
        self.recover().await?;
        let prepared = self.timed(self.client().prepare(template.sql())).await;
        let prepared = prepared.map_err(|error| located(error, template, None))?;
        unique(&columns(&prepared)).map_err(|problem| template.problem(problem))
    }

    async fn answer(
        &mut self,
        template: &Template,
        params: &Params,
        shape: Shape,
    ) -> Result<Reply, Error> {
        let ask = Ask {
            template,
            params,
            shape,
        };
        params.check(template)?;
        self.ask(ask).await.map_err(|failed| failed.error)
    }

    /// Asks in a transaction of its own.
    pub(in crate::pg) async fn ask(&mut self, ask: Ask<'_>) -> Result<Reply, Failed> {
        self.recover().await.map_err(Failed::early)?;
        self.unfinished = true;
        let result = if ask.changes() {
            self.change(ask).await
        } else {
            self.read(ask).await
        };
        match &result {
            Ok(_) => self.unfinished = false,
            Err(failed) if ends(&failed.error) => {}
            // The error stands, whatever becomes of the clean-up: the next call does it again.
            Err(_) => self.unfinished = self.batch("ROLLBACK").await.is_err(),
        }
        result
    }

    async fn read(&self, ask: Ask<'_>) -> Result<Reply, Failed> {
        let prepared = ask
            .prepare(self, Some(BEGIN_READ))
            .await
            .map_err(Failed::early)?;
        // The server lets it change nothing, so that it can be asked again even now.
        ask.run(self, prepared, Some("COMMIT"))
            .await
            .map_err(Failed::early)
    }

    async fn change(&self, ask: Ask<'_>) -> Result<Reply, Failed> {
        let prepared = ask
            .prepare(self, Some(BEGIN_WRITE))
            .await
            .map_err(Failed::early)?;
        let reply = ask.run(self, prepared, None).await.map_err(Failed::late)?;
        match self.commit(ask.template.name()).await {
            Ok(()) => Ok(reply),
            // `Db` is a deferred constraint.
            Err(error) => Err(Failed::late(located(error, ask.template, None))),
        }
    }

    /// Commits what errors call `name`.
    pub(in crate::pg) async fn commit(&self, name: &str) -> Result<(), Error> {
        if self.is_closed() {
            return Err(self.ended()); // so it was never sent, and the server has rolled back
        }
        match self.batch("COMMIT").await {
            Err(error) if error.ends_connection() => Err(Error::CommitUnknown {
                script: name.to_owned(),
            }),
            ended => ended,
        }
    }

    /// Asks inside the transaction that is open.
    pub(in crate::pg) async fn ask_within(&self, ask: Ask<'_>) -> Result<Reply, Error> {
        let prepared = ask.prepare(self, None).await?;
        ask.run(self, prepared, None).await
    }
}

/// Whether nothing more can be said on the connection.
fn ends(error: &Error) -> bool {
    error.ends_connection() || matches!(error, Error::CommitUnknown { .. })
}
