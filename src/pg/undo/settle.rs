//! Whether the loss that a copy is of has happened: the server knows how a transaction ended.

use tokio_postgres::types::Type;

use super::super::error::Error;
use super::super::session::Session;
use super::copy::{Copy, State};
use super::problem::CopyProblem;
use super::store::Copies;

/// A copy that is whole, of a loss that is about to be committed.
pub(in crate::pg) struct Pending {
    pub(super) copies: Copies,
    pub(super) copy: Copy,
}

impl Pending {
    /// The loss is committed. Where that cannot be written down, the next run asks the server.
    pub(in crate::pg) fn settle(mut self) -> Copy {
        self.copy.state = State::Kept;
        let _ = self.copies.rewrite(&self.copy);
        self.copies.note(&self.copy);
        self.copy
    }

    /// After what came of the commit: the loss did not happen, or nobody knows yet. A copy that cannot be removed
    /// now is found to be of nothing by the next run.
    pub(in crate::pg) fn ended(self, error: &Error) {
        if !matches!(error, Error::CommitUnknown { .. }) {
            let _ = self.copies.discard(&self.copy.id);
        }
    }
}

impl Session {
    /// What there is of the database `database`, settled: see [`Session::settle_listed`].
    pub(super) async fn settle_copies(
        &mut self,
        copies: &Copies,
        database: &str,
    ) -> Result<Vec<Copy>, Error> {
        let (mut found, _) = copies.list()?;
        found.retain(|copy| copy.database == database);
        self.settle_listed(copies, found).await
    }

    /// Finds out about copies of this database whose transaction had not ended when they were written: one of a loss
    /// that never was is removed. Returns those that stay, in the order in which they are given.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub async fn settle_listed(
        &mut self,
        copies: &Copies,
        found: Vec<Copy>,
    ) -> Result<Vec<Copy>, Error> {
        copies.sweep()?;
        let mut kept = Vec::new();
        for mut copy in found {
            if copy.state != State::Kept {
                match self.fate(&copy.transaction).await?.as_deref() {
                    Some("committed") => {
                        copy.state = State::Kept;
                        copies.rewrite(&copy)?;
                    }
                    Some("aborted") => {
                        copies.discard(&copy.id)?;
                        continue;
                    }
                    Some(_) => copy.state = State::Pending,
                    None => copy.state = State::Unknown,
                }
            }
            kept.push(copy);
        }
        Ok(kept)
    }

    /// How a transaction ended; nothing where the server does not know it (any more).
    async fn fate(&self, transaction: &str) -> Result<Option<String>, Error> {
        let sql = "SELECT pg_catalog.pg_xact_status($1::text::xid8)";
        match self.rows(sql, &[(&transaction, Type::TEXT)]).await {
            Ok(rows) => match rows.first() {
                Some(row) => self.get(row, 0),
                None => Ok(None),
            },
            // in the future: another server of the same name
            Err(error) if matches!(error.sqlstate(), Some("22023" | "22P02")) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl From<CopyProblem> for Error {
    fn from(problem: CopyProblem) -> Self {
        Self::Copy(Box::new(problem))
    }
}
