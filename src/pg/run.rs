//! Running a script: one at a time, in one transaction, as a whole or not at all.

use std::fmt;
use std::pin::pin;

use futures_util::TryStreamExt;
use tokio_postgres::SimpleQueryMessage;

use super::error::{Error, Place};
use super::ledger::Recorded;
use super::script::{Lines, Script, Statement, destructive, split};
use super::session::{Notice, Session};
use super::undo::{CopyProblem, Guard, Keeper, Kept, ScriptRun};
use super::unseen::{Consent, Found, Uncounted, Watch};
use std::collections::HashSet;

/// The key of the advisory lock that keeps two runs on one database apart.
const LOCK_KEY: i64 = i64::from_be_bytes(*b"cruddur\0");

/// How often a script is begun anew because something must be copied or counted before that nobody knew of.
const ATTEMPTS: usize = 4;

/// A session that holds the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its process id on the server (`SELECT pg_terminate_backend(pid)`).
    pub pid: i32,
    /// Its `application_name`; hidden by the server when it belongs to another user.
    pub application: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.application {
            Some(application) => write!(f, "process {} of {application}", self.pid),
            None => write!(f, "process {}", self.pid),
        }
    }
}

/// What a run is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// Another run is at work; this one waits for it.
    Waiting {
        /// Whom for.
        holders: Vec<Holder>,
    },
    /// A statement begins.
    Statement {
        /// Its number, from 1.
        number: usize,
        /// Of how many.
        of: usize,
        /// Its line in the script.
        line: u32,
        /// Its leading words, without literals.
        summary: String,
    },
    /// A statement has ended.
    Done {
        /// Its number, from 1.
        number: usize,
        /// Of how many.
        of: usize,
        /// Rows inserted, updated, deleted or returned; 0 for everything else.
        rows: u64,
    },
    /// The server said something.
    Notice(Notice),
    /// All statements ran; now they are made permanent.
    Committing,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The ledger already has this very text; nothing was run.
    AlreadyCurrent(Recorded),
    /// The script ran and is committed.
    Applied {
        /// How many statements it has.
        statements: usize,
        /// The run before, of another text.
        before: Option<Recorded>,
    },
}

/// Has the server look every two seconds, in the middle of statements too, where it can: since version 14, and since 15
/// on systems other than Linux.
const LISTENED_TO: &str =
    "SELECT pg_catalog.set_config(name, '2000', false) FROM pg_catalog.pg_settings
    WHERE name = 'client_connection_check_interval'
      AND (pg_catalog.version() ~ 'linux'
           OR (pg_catalog.version() ~ '(darwin|freebsd)'
               AND pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 150000))";

impl Session {
    /// Runs `script` unless the ledger says that it is current.
    ///
    /// One run at a time in a database, one transaction a run: after any error nothing of the
    /// script remains, except that [`Error::CommitUnknown`] leaves the question open, and
    /// [`Error::TransactionEscaped`] says that it could not be kept. Without `consent` the run ends
    /// with [`Error::NeedsConsent`] when a table with rows would be dropped or emptied, or a column with values dropped,
    /// whether the text shows it or not.
    ///
    /// A dropped future is rolled back by the next call on this session, or by the server when the
    /// session is dropped; [`Session::canceller`] makes it quick.
    pub async fn run_script(
        &mut self,
        script: &Script,
        consent: bool,
        on_progress: impl FnMut(Progress) + Send,
    ) -> Result<Outcome, Error> {
        self.run_script_keeping(script, consent, None, on_progress)
            .await
    }

    /// As [`Session::run_script`]; what is lost is copied before it is committed, if there is a keeper.
    ///
    /// # Errors
    /// As [`Session::run_script`], and [`Error::Copy`] where no copy could be made. Nothing was changed then.
    pub async fn run_script_keeping(
        &mut self,
        script: &Script,
        consent: impl Into<Consent>,
        keeper: Option<&Keeper>,
        mut on_progress: impl FnMut(Progress) + Send,
    ) -> Result<Outcome, Error> {
        let consent = consent.into();
        let statements = split(script.text()).map_err(|error| Error::Script {
            script: script.name().to_owned(),
            error,
        })?;
        self.recover().await?;
        self.unfinished = true;
        self.lock(&mut on_progress).await?;
        let result = self
            .attempts(script, &statements, (consent, keeper), &mut on_progress)
            .await;
        for notice in self.take_notices() {
            on_progress(Progress::Notice(notice));
        }
        let lost = result.as_ref().is_err_and(Error::ends_connection)
            || matches!(result, Err(Error::CommitUnknown { .. }));
        // The result stands, whatever becomes of the clean-up: if that fails, the next call does it
        // or the connection is gone and the server has done it.
        if !lost && self.clean_up().await.is_ok() {
            self.unfinished = false;
        }
        result
    }

    /// From here on the server ends what this session runs, where the session is gone: it would go on, with its locks, for
    /// as long as that takes.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn listened_to(&mut self) -> Result<(), Error> {
        self.recover().await?;
        self.rows(LISTENED_TO, &[]).await.map(|_| ())
    }

    /// Takes the lock; says so when it has to wait. From here on the server looks whether anybody still listens, so that
    /// a run that was given up or killed in the middle of a long statement does not go on and hold its locks.
    pub(super) async fn lock(
        &self,
        on_progress: &mut (impl FnMut(Progress) + Send),
    ) -> Result<(), Error> {
        let sql = format!("SELECT pg_catalog.pg_try_advisory_lock({LOCK_KEY}), ({LISTENED_TO})");
        if let Some(row) = self.rows(&sql, &[]).await?.first()
            && self.get(row, 0)?
        {
            return Ok(());
        }
        let holders = self.holders().await?;
        if !self.patient {
            return Err(Error::Occupied { holders });
        }
        on_progress(Progress::Waiting { holders });
        // The other run may take longer than a statement may. A lock taken in a transaction is the
        // session's and outlives it. For the same reason the wait is not `timed`.
        let sql = format!(
            "BEGIN; SET LOCAL statement_timeout = 0; SELECT pg_catalog.pg_advisory_lock({LOCK_KEY}); COMMIT"
        );
        self.client()
            .batch_execute(&sql)
            .await
            .map_err(|error| self.error(error))
    }

    async fn holders(&self) -> Result<Vec<Holder>, Error> {
        // A 64-bit key is kept in two halves, with objsubid 1.
        let sql = format!(
            "SELECT l.pid, a.application_name FROM pg_catalog.pg_locks l
             LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)
             WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
               AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
               AND (l.classid::bigint << 32) | l.objid::bigint = {LOCK_KEY}"
        );
        let rows = self.rows(&sql, &[]).await?;
        rows.iter()
            .map(|row| {
                let application: Option<String> = self.get(row, 1)?;
                Ok(Holder {
                    pid: self.get(row, 0)?,
                    application: application.filter(|name| !name.is_empty()),
                })
            })
            .collect()
    }

    async fn attempts(
        &self,
        script: &Script,
        statements: &[Statement],
        (consent, keeper): (Consent, Option<&Keeper>),
        on_progress: &mut (impl FnMut(Progress) + Send),
    ) -> Result<Outcome, Error> {
        let (mut before, mut uncounted) = (HashSet::new(), Uncounted::default());
        for _ in 0..ATTEMPTS {
            let how = (consent, &uncounted, keeper, &before);
            match self
                .transaction(script, statements, how, on_progress)
                .await?
            {
                Attempt::Ended(outcome) => return Ok(outcome),
                Attempt::Copying(more) => before.extend(more),
                Attempt::Counting(more) => {
                    before.extend(&more.whole);
                    uncounted.extend(more);
                }
            }
            // takes back what the script has set, too
            self.batch("ROLLBACK").await?;
        }
        Err(CopyProblem::Restless {
            what: script.name().to_owned(),
        }
        .into())
    }

    async fn transaction(
        &self,
        script: &Script,
        statements: &[Statement],
        (consent, uncounted, keeper, before): (Consent, &Uncounted, Option<&Keeper>, &HashSet<u32>),
        on_progress: &mut (impl FnMut(Progress) + Send),
    ) -> Result<Attempt, Error> {
        self.batch("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
            .await?;
        let recorded = self.recorded(script.name()).await?;
        if let Some(recorded) = &recorded
            && recorded.digest == script.digest()
        {
            return Ok(Attempt::Ended(Outcome::AlreadyCurrent(recorded.clone())));
        }
        // what the text does not show is looked for, too
        let watch = Watch::begin(self, statements, consent, uncounted).await?;
        let guard = match keeper {
            Some(keeper) => {
                let mut aims = self.aims(&destructive(statements)).await?;
                aims.extend(before);
                let line = self.ledger_entry(script.name()).await?;
                Some((Guard::begin(self, keeper, &aims).await?, line))
            }
            None => None,
        };
        let transaction = self.transaction_id().await?;
        let of = statements.len();
        for (index, statement) in statements.iter().enumerate() {
            let number = index + 1;
            on_progress(Progress::Statement {
                number,
                of,
                line: statement.line,
                summary: statement.summary(),
            });
            let rows = self
                .statement(&statement.text)
                .await
                .map_err(|error| located(error, script, statement))?;
            for notice in self.take_notices() {
                on_progress(Progress::Notice(notice));
            }
            on_progress(Progress::Done { number, of, rows });
        }
        // Deferred constraints are checked now, where an error still has a clear meaning, and not
        // by COMMIT. The script may have changed roles; the ledger is ours.
        self.batch("SET CONSTRAINTS ALL IMMEDIATE; RESET SESSION AUTHORIZATION; RESET ROLE")
            .await?;
        if self.transaction_id().await? != transaction {
            return Err(Error::TransactionEscaped {
                script: script.name().to_owned(),
            });
        }
        if let Some(watch) = watch {
            match watch.end(self).await? {
                Found::Nothing => {}
                Found::Losses(losses) => return Err(Error::NeedsConsent(losses)),
                Found::Uncounted(more) => return Ok(Attempt::Counting(more)),
            }
        }
        self.record(script, of).await?;
        let mut kept = None;
        if let Some((guard, line)) = guard {
            let run = ScriptRun {
                name: script.name().to_owned(),
                after: Some(script.digest().to_owned()),
                before: line,
            };
            match guard.end(self, Some(run)).await? {
                Kept::Nothing => {}
                Kept::Copy(pending) => kept = Some(pending),
                Kept::Again(more) => return Ok(Attempt::Copying(more)),
            }
        }
        on_progress(Progress::Committing);
        match self.batch("COMMIT").await {
            Ok(()) => {
                if let Some(pending) = kept {
                    pending.settle();
                }
                Ok(Attempt::Ended(Outcome::Applied {
                    statements: of,
                    before: recorded,
                }))
            }
            Err(error) => {
                let error = if error.ends_connection() {
                    Error::CommitUnknown {
                        script: script.name().to_owned(),
                    }
                } else {
                    error
                };
                if let Some(pending) = kept {
                    pending.ended(&error);
                }
                Err(error)
            }
        }
    }

    async fn transaction_id(&self) -> Result<String, Error> {
        let sql = "SELECT pg_catalog.txid_current()::text";
        match self.rows(sql, &[]).await?.first() {
            Some(row) => self.get(row, 0),
            None => Err(Error::Protocol("no transaction id".to_owned())),
        }
    }

    /// Runs one statement; rows are counted and thrown away as they come.
    async fn statement(&self, sql: &str) -> Result<u64, Error> {
        self.timed(async {
            let mut messages = pin!(self.client().simple_query_raw(sql).await?);
            let mut rows = 0;
            while let Some(message) = messages.try_next().await? {
                if let SimpleQueryMessage::CommandComplete(count) = message {
                    rows = count;
                }
            }
            Ok(rows)
        })
        .await
    }

    /// Ends an open transaction, forgets the script's settings (its `SET search_path` is no one
    /// else's), gives the lock back.
    pub(super) async fn clean_up(&self) -> Result<(), Error> {
        // On its own: a ROLLBACK outside of a transaction is a warning, nothing worse.
        self.batch("ROLLBACK").await?;
        self.batch("RESET SESSION AUTHORIZATION; RESET ALL").await?;
        self.batch("SELECT pg_catalog.pg_advisory_unlock_all()")
            .await?;
        let _ = self.take_notices();
        Ok(())
    }
}

/// How a transaction ended.
enum Attempt {
    Ended(Outcome),
    /// Of these tables a copy must be made before.
    Copying(HashSet<u32>),
    /// These must be counted before.
    Counting(Uncounted),
}

/// `error` with its place in the script: the server's position, else the statement's beginning.
fn located(error: Error, script: &Script, statement: &Statement) -> Error {
    let Error::Db(mut failure) = error else {
        return error;
    };
    let inside = failure.position.map(|position| {
        let before = usize::try_from(position)
            .unwrap_or(usize::MAX)
            .saturating_sub(1);
        // One behind the last character is "at end of input".
        let found = statement.text.char_indices().nth(before);
        found.map_or(statement.text.len(), |(offset, _)| offset)
    });
    let lines = Lines::new(script.text());
    let (line, column) = lines.place(statement.offset + inside.unwrap_or(0));
    failure.place = Some(Place {
        script: script.name().to_owned(),
        line,
        column,
        exact: inside.is_some(),
    });
    Error::Db(failure)
}
