//! A change of rows of which a copy is kept, and how many rows it would lose.

use std::collections::HashSet;

use super::answer::Committed;
use super::ask::{Ask, Prepared, Shape, located};
use super::param::Params;
use super::session::BEGIN_WRITE;
use crate::pg::error::Error;
use crate::pg::ledger::{Loss, Rows};
use crate::pg::script::{Verb, destructive, split};
use crate::pg::session::Session;
use crate::pg::template::Template;
use crate::pg::undo::{CopyProblem, Guard, Keeper, Kept, changes};
use crate::pg::unseen::{Consent, Found, Uncounted, Watch};

/// How often it is begun anew because something must be copied or counted before that nobody knew of, or because the
/// server chose it to let others go on.
const ATTEMPTS: usize = 4;

/// Two waited for each other, and this one was rolled back.
const DEADLOCK: &str = "40P01";

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
        self.query_commit_guarded(template, params, Some(keeper), true)
            .await
    }

    /// As [`Session::query_commit_keeping`], if there is a keeper. Where `consent` does not cover it, it ends with
    /// [`Error::NeedsConsent`] when a table with rows would be dropped or emptied, or a column with values dropped.
    ///
    /// # Errors
    /// As [`Session::query_commit_keeping`], and that. Nothing was changed then.
    pub async fn query_commit_guarded(
        &mut self,
        template: &Template,
        params: &Params,
        keeper: Option<&Keeper>,
        consent: impl Into<Consent>,
    ) -> Result<Committed, Error> {
        let (ask, consent) = (ask(template, params)?, consent.into());
        self.recover().await?;
        self.unfinished = true;
        let (mut before, mut uncounted) = (HashSet::new(), Uncounted::default());
        for attempt in 1..=ATTEMPTS {
            let how = (consent, &uncounted, keeper, &before);
            let result = self.guarded(ask, how).await;
            let lost = matches!(&result, Err(error) if error.ends_connection()
                || matches!(error, Error::CommitUnknown { .. }));
            // outside of a transaction it is a warning, nothing worse
            if !lost {
                self.unfinished = self.batch("ROLLBACK").await.is_err();
            }
            match result {
                Ok(Attempt::Ended(committed)) => return Ok(committed),
                Ok(Attempt::Copying(more)) => before.extend(more),
                Ok(Attempt::Counting(more)) => {
                    before.extend(&more.whole);
                    uncounted.extend(more);
                }
                Err(error) if attempt < ATTEMPTS && error.sqlstate() == Some(DEADLOCK) => {}
                Err(error) => return Err(error),
            }
        }
        Err(restless(template))
    }

    async fn guarded(
        &self,
        ask: Ask<'_>,
        (consent, uncounted, keeper, before): (Consent, &Uncounted, Option<&Keeper>, &HashSet<u32>),
    ) -> Result<Attempt, Error> {
        let template = ask.template;
        let prepared = self.understood(ask).await?;
        let statements = split(template.sql()).unwrap_or_default();
        let watch = Watch::begin(self, &statements, consent, uncounted).await?;
        let guard = match keeper {
            Some(keeper) => {
                let mut aims = self.aims(&destructive(&statements)).await?;
                aims.extend(before);
                Some(Guard::begin(self, keeper, &aims).await?)
            }
            None => None,
        };
        let reply = ask.run(self, prepared, None).await?;
        // before the commit: where the answer cannot be read, nothing is changed
        let committed = reply.committed()?;
        // what is deferred may lose rows, too
        let checked = self.batch("SET CONSTRAINTS ALL IMMEDIATE").await;
        checked.map_err(|error| located(error, template, None))?;
        if let Some(watch) = watch {
            match watch.end(self).await? {
                Found::Nothing => {}
                Found::Losses(losses) => return Err(Error::NeedsConsent(losses)),
                Found::Uncounted(more) => return Ok(Attempt::Counting(more)),
            }
        }
        let mut kept = None;
        if let Some(guard) = guard {
            match guard.end(self, None).await? {
                Kept::Nothing => {}
                Kept::Copy(pending) => kept = Some(pending),
                Kept::Again(more) => return Ok(Attempt::Copying(more)),
            }
        }
        match self.commit(template.name()).await {
            Ok(()) => {
                if let Some(pending) = kept {
                    pending.settle();
                }
                Ok(Attempt::Ended(committed))
            }
            Err(error) => {
                if let Some(pending) = kept {
                    pending.ended(&error);
                }
                Err(located(error, template, None))
            }
        }
    }

    /// How many rows a change would delete or overwrite, wherever, and what it would drop or empty: it is run and rolled
    /// back.
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
        let mut uncounted = Uncounted::default();
        for attempt in 1..=ATTEMPTS {
            let counted = self.rehearsed(ask, &uncounted).await;
            let lost = counted.as_ref().is_err_and(Error::ends_connection);
            if !lost {
                self.unfinished = self.batch("ROLLBACK").await.is_err();
            }
            match counted {
                Ok((_, Found::Uncounted(more))) => uncounted.extend(more),
                Ok((mut losses, Found::Losses(more))) => {
                    let told: HashSet<String> = losses.iter().map(|l| l.table.clone()).collect();
                    losses.extend(more.into_iter().filter(|loss| !told.contains(&loss.table)));
                    return Ok(losses);
                }
                Ok((losses, Found::Nothing)) | Err(Error::NeedsConsent(losses)) => {
                    return Ok(losses);
                }
                Err(error) if attempt < ATTEMPTS && error.sqlstate() == Some(DEADLOCK) => {}
                Err(error) => return Err(error),
            }
        }
        Err(restless(template))
    }

    /// Prepares, and begins a transaction that holds no locks. The server takes those of a statement when it reads it,
    /// weaker ones than are needed here: two who both held such would wait for each other.
    async fn understood(&self, ask: Ask<'_>) -> Result<Prepared, Error> {
        let prepared = ask.prepare(self, Some(BEGIN_WRITE)).await?;
        self.batch(&format!("ROLLBACK; {BEGIN_WRITE}")).await?;
        Ok(prepared)
    }

    async fn rehearsed(
        &self,
        ask: Ask<'_>,
        uncounted: &Uncounted,
    ) -> Result<(Vec<Loss>, Found), Error> {
        let template = ask.template;
        let prepared = self.understood(ask).await?;
        let statements = split(template.sql()).unwrap_or_default();
        let watch = Watch::begin(self, &statements, Consent::Nothing, uncounted).await?;
        let before = self.row_changes().await?;
        ask.run(self, prepared, None).await?;
        let checked = self.batch("SET CONSTRAINTS ALL IMMEDIATE").await;
        checked.map_err(|error| located(error, template, None))?;
        let changed = changes(&before, &self.row_changes().await?);
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
        let losses = changed.into_iter().map(loss).collect();
        let found = match watch {
            Some(watch) => watch.end(self).await?,
            None => Found::Nothing,
        };
        Ok((losses, found))
    }
}

/// How a transaction ended.
enum Attempt {
    Ended(Committed),
    /// Of these tables a copy must be made before.
    Copying(HashSet<u32>),
    /// These must be counted before.
    Counting(Uncounted),
}

fn restless(template: &Template) -> Error {
    CopyProblem::Restless {
        what: template.name().to_owned(),
    }
    .into()
}

fn ask<'a>(template: &'a Template, params: &'a Params) -> Result<Ask<'a>, Error> {
    params.check(template)?;
    Ok(Ask {
        template,
        params,
        shape: Shape::Commit,
    })
}
