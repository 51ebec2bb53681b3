//! Queries on whichever connection is free.

use serde_json::Value;

use super::{Pool, Pooled};
use crate::pg::error::Error;
use crate::pg::query::{Ask, Committed, Params, Reply, Shape, Table};
use crate::pg::template::Template;

impl Pool {
    /// All rows of a template as a JSON array of objects; `[]` where there are none.
    ///
    /// # Errors
    /// As [`Session::query_array_json`](crate::pg::Session::query_array_json) and [`Pool::get`].
    pub async fn query_array_json(
        &self,
        template: &Template,
        params: &Params,
    ) -> Result<Value, Error> {
        self.answer(template, params, Shape::Array).await?.array()
    }

    /// The first row as a JSON object.
    ///
    /// # Errors
    /// As [`Pool::query_array_json`].
    pub async fn query_object_json(
        &self,
        template: &Template,
        params: &Params,
    ) -> Result<Option<Value>, Error> {
        self.answer(template, params, Shape::Object).await?.value()
    }

    /// The first column of the first row; `Null` where that is NULL.
    ///
    /// # Errors
    /// As [`Pool::query_array_json`].
    pub async fn query_value(
        &self,
        template: &Template,
        params: &Params,
    ) -> Result<Option<Value>, Error> {
        self.answer(template, params, Shape::Value).await?.value()
    }

    /// Columns and rows.
    ///
    /// # Errors
    /// As [`Pool::query_array_json`].
    pub async fn query_rows(&self, template: &Template, params: &Params) -> Result<Table, Error> {
        self.answer(template, params, Shape::Table).await?.table()
    }

    /// Changes rows and commits.
    ///
    /// # Errors
    /// As [`Pool::query_array_json`]. After any but [`Error::CommitUnknown`] nothing was kept.
    pub async fn query_commit(
        &self,
        template: &Template,
        params: &Params,
    ) -> Result<Committed, Error> {
        self.answer(template, params, Shape::Commit)
            .await?
            .committed()
    }

    async fn answer(
        &self,
        template: &Template,
        params: &Params,
        shape: Shape,
    ) -> Result<Reply, Error> {
        // Before a connection is taken: nobody should wait for one to be told this.
        params.check(template)?;
        let ask = Ask {
            template,
            params,
            shape,
        };
        let mut pooled = self.checkout().await?;
        match pooled.ask(ask).await {
            Ok(reply) => Ok(reply),
            Err(failed) if failed.repeatable => self.again(pooled, ask).await,
            Err(failed) => Err(failed.error),
        }
    }

    /// Asks once more, on a connection that was not there before: the server may have ended all.
    async fn again(&self, lost: Pooled, ask: Ask<'_>) -> Result<Reply, Error> {
        let mut fresh = self.replace(lost).await?;
        fresh.ask(ask).await.map_err(|failed| failed.error)
    }
}
