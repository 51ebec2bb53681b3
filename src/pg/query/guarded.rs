//! A change of rows of which a copy is kept, and how many rows it would lose.

use std::collections::HashSet;

use super::answer::Committed;
use super::ask::{Ask, Shape, located};
use super::param::Params;
use super::session::BEGIN_WRITE;
use crate::pg::error::Error;
use crate::pg::ledger::{Loss, Rows};
use crate::pg::script::{Verb, destructive, split};
use crate::pg::session::Session;
use crate::pg::template::Template;
use crate::pg::undo::{CopyProblem, Guard, Keeper, Kept, changes};

/// How often it is begun anew because a copy must be made before that nobody knew of.
const ATTEMPTS: usize = 4;

impl Session {
    /// As [`Session::query_commit`]; what is lost is copied before it is committed.
    ///
    /// # Errors
    /// As [`Session::query_commit`], and [`Error::Copy`] where no copy could be made. Nothing was changed then.
    pub async fn query_commit_keeping(
        &mut self,
        template: &Template,
        params: &Params,
        keeper: &Keeper,
    ) -> Result<Committed, Error> {
        let ask = ask(template, params)?;
        self.recover().await?;
        self.unfinished = true;
        let mut before = HashSet::new();
        for _ in 0..ATTEMPTS {
            let result = self.keeping(ask, keeper, &before).await;
            let lost = matches!(&result, Err(error) if error.ends_connection()
                || matches!(error, Error::CommitUnknown { .. }));
            // outside of a transaction it is a warning, nothing worse
            if !lost {
                self.unfinished = self.batch("ROLLBACK").await.is_err();
            }
            match result? {
                Ok(committed) => return Ok(committed),
                Err(more) => before.extend(more),
            }
        }
        Err(CopyProblem::Restless {
            what: template.name().to_owned(),
        }
        .into())
    }

    async fn keeping(
        &self,
        ask: Ask<'_>,
        keeper: &Keeper,
        before: &HashSet<u32>,
    ) -> Result<Result<Committed, HashSet<u32>>, Error> {
        let template = ask.template;
        let prepared = ask.prepare(self, Some(BEGIN_WRITE)).await?;
        let mut aims = self
            .aims(&destructive(&split(template.sql()).unwrap_or_default()))
            .await?;
        aims.extend(before);
        let guard = Guard::begin(self, keeper, &aims).await?;
        let reply = ask.run(self, prepared, None).await?;
        // what is deferred may lose rows, too
        let checked = self.batch("SET CONSTRAINTS ALL IMMEDIATE").await;
        checked.map_err(|error| located(error, template, None))?;
        let pending = match guard.end(self, None).await? {
            Kept::Nothing => None,
            Kept::Copy(pending) => Some(pending),
            Kept::Again(more) => return Ok(Err(more)),
        };
        match self.commit(template.name()).await {
            Ok(()) => {
                if let Some(pending) = pending {
                    pending.settle();
                }
                reply.committed().map(Ok)
            }
            Err(error) => {
                if let Some(pending) = pending {
                    pending.ended(&error);
                }
                Err(located(error, template, None))
            }
        }
    }

    /// How many rows a change would delete or overwrite, wherever: it is run and rolled back.
    ///
    /// # Errors
    /// As [`Session::query_commit`].
    pub async fn query_losses(
        &mut self,
        template: &Template,
        params: &Params,
    ) -> Result<Vec<Loss>, Error> {
        let ask = ask(template, params)?;
        self.recover().await?;
        self.unfinished = true;
        let counted = async {
            let prepared = ask.prepare(self, Some(BEGIN_WRITE)).await?;
            let before = self.row_changes().await?;
            ask.run(self, prepared, None).await?;
            let checked = self.batch("SET CONSTRAINTS ALL IMMEDIATE").await;
            checked.map_err(|error| located(error, template, None))?;
            Ok(changes(&before, &self.row_changes().await?))
        }
        .await;
        let lost = counted.as_ref().is_err_and(Error::ends_connection);
        if !lost {
            self.unfinished = self.batch("ROLLBACK").await.is_err();
        }
        let loss = |(table, updated, deleted): (String, u64, u64)| Loss {
            table,
            column: None,
            rows: Rows::Exactly(updated + deleted),
            line: 1,
            verb: if deleted > 0 {
                Verb::Delete
            } else {
                Verb::Update
            },
        };
        counted.map(|found| found.into_iter().map(loss).collect())
    }
}

fn ask<'a>(template: &'a Template, params: &'a Params) -> Result<Ask<'a>, Error> {
    params.check(template)?;
    Ok(Ask {
        template,
        params,
        shape: Shape::Commit,
    })
}
