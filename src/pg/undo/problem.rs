//! Why there is no copy, or it cannot be taken back.

use std::path::PathBuf;

use super::super::error::Error;
use super::copy::Copy;
use super::rights::{Lack, grants, needs};
use super::store::Copies;

/// Why there is no copy, or it cannot be taken back. Nothing was lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CopyProblem {
    /// It does not fit.
    #[error(
        "the copy of what would be lost needs {} MiB and {} has {} MiB free (64 MiB are left for others)",
        needs.div_ceil(1 << 20), dir.display(), free >> 20
    )]
    NoRoom {
        /// What it needs, in bytes.
        needs: u64,
        /// What is free.
        free: u64,
        /// Where.
        dir: PathBuf,
    },
    /// The disk or the folder.
    #[error("{}: {kind}", path.display())]
    Disk {
        /// What could not be read or written.
        path: PathBuf,
        /// Why not.
        kind: String,
    },
    /// The folder of copies, where none is made.
    #[error("{}: {kind}", path.display())]
    Folder {
        /// What could not be read or removed.
        path: PathBuf,
        /// Why not.
        kind: String,
    },
    /// The user may not read all of a table that would lose rows.
    #[error("no copy can be made of {table}: the user may not read all of it")]
    Unreadable {
        /// `schema.table`.
        table: String,
    },
    /// The server does not count what is done to tables.
    #[error("it cannot be told which rows are lost: track_counts is off on the server")]
    Blind,
    /// The same statements touch other tables every time.
    #[error("no copy can be made: {what} lost rows of other tables each time it was begun")]
    Restless {
        /// What was run.
        what: String,
    },
    /// There is none of this name.
    #[error("there is no copy {id}")]
    Missing {
        /// The name.
        id: String,
    },
    /// Its files are not what its description says.
    #[error("the copy {id} cannot be used: {why}")]
    Broken {
        /// The name.
        id: String,
        /// Why.
        why: String,
    },
    /// It has been taken back before.
    #[error("the copy {id} was taken back at {at} already")]
    TakenBack {
        /// The name.
        id: String,
        /// When.
        at: String,
        /// The copy of what that overwrote.
        copy: Option<String>,
    },
    /// The transaction that loses the rows has not ended.
    #[error("the copy {id} belongs to a transaction that has not ended")]
    InProgress {
        /// The name.
        id: String,
    },
    /// Rows that it holds and those of today cannot both be.
    #[error("{table} cannot be put back: {why}; its rows are in {}", file.display())]
    InTheWay {
        /// `schema.table`.
        table: String,
        /// The constraint that both together would break.
        constraint: String,
        /// What the server says, and which columns are concerned.
        why: String,
        /// The rows of the table, or the folder of the copy where none of that table are in it.
        file: PathBuf,
    },
    /// Values that it holds are none of the types that the table's columns have by now.
    #[error(
        "{table} cannot be put back: values of it are none that its columns hold as they are now (SQLSTATE {sqlstate}); its \
         rows are in {}",
        file.display()
    )]
    Unfit {
        /// `schema.table`.
        table: String,
        /// What the server calls it, without the value that its sentence quotes.
        sqlstate: String,
        /// The rows of the table.
        file: PathBuf,
    },
    /// The user may not change what is changed on the way back.
    #[error(
        "{user} may not take the copy {id} back: one must {}, for what hangs on a table (foreign keys, triggers) is changed \
         on the way. Connect as somebody who may. Only where {user} may have all that this gives for good, `{}` lets {user} \
         do so",
        needs(lacks),
        grants(lacks, user)
    )]
    NotTheirs {
        /// The copy's name.
        id: String,
        /// Who asked.
        user: String,
        /// What they lack.
        lacks: Vec<Lack>,
    },
    /// What it holds cannot be put back.
    #[error("{table} cannot be put back: {why}")]
    NoPlace {
        /// `schema.table`.
        table: String,
        /// Why.
        why: String,
    },
}

impl CopyProblem {
    /// What helps.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoRoom { .. } => {
                "nothing was lost. Free some space, discard copies that nobody needs (`cruddur-infra db undo --list`), make \
                 .cruddur/undo a link to a larger disk, or give --no-copy to lose it without one"
            }
            Self::Disk { .. } => {
                "nothing was lost. The folder .cruddur/undo beside the stack's file must be writable; --no-copy does without"
            }
            Self::Unreadable { .. } => {
                "nothing was lost. Connect as a user who may read it, as its owner may, or give --no-copy to lose it without a copy"
            }
            Self::Blind => {
                "nothing was lost. Turn track_counts on, which autovacuum needs, too; --no-copy does without"
            }
            Self::Restless { .. } => {
                "nothing was lost. Run it in smaller pieces, or give --no-copy"
            }
            Self::Missing { .. } => "`cruddur-infra db undo --list` names those that there are",
            Self::Folder { .. } => {
                "no table was changed. The folder .cruddur/undo beside the stack's file must be readable and writable"
            }
            Self::Broken { .. } => {
                "nothing was changed. Files of it were changed, removed or cannot be read: put them back from a backup if \
                 there is one. What is left of its .rows files is text as COPY writes it; `cruddur-infra db undo \
                 --discard ID` removes it, with the name of the copy as ID"
            }
            Self::TakenBack { copy: Some(_), .. } => {
                "`cruddur-infra db undo --list` names the copy of what that overwrote"
            }
            Self::InTheWay { .. } => {
                "nothing was changed. Remove or change the row that is in the way, or put back the one that is missing, then \
                 run the same command again"
            }
            Self::Unfit { .. } => {
                "nothing was changed. Give the columns the types that they had (take back the copy of what changed them, or \
                 `ALTER TABLE … ALTER … TYPE`), then run the same command again"
            }
            Self::NotTheirs { .. } => {
                "nothing was changed. Connect as somebody who may do so, then run the same command again"
            }
            Self::TakenBack { .. } | Self::NoPlace { .. } => "nothing was changed",
            Self::InProgress { .. } => "wait until that has ended",
        })
    }
}

/// Whether the rows are wrong rather than what is done with them: a value that is taken, a row that is missing.
pub(super) fn is_about_rows(error: &Error) -> bool {
    matches!(
        error.sqlstate(),
        Some("23502" | "23503" | "23505" | "23514" | "23P01")
    )
}

/// Whether a value is wrong, which the server's sentence quotes.
pub(super) fn is_about_a_value(error: &Error) -> bool {
    error
        .sqlstate()
        .is_some_and(|sqlstate| sqlstate.starts_with("22"))
}

/// What the server says, but for values.
pub(super) fn without_values(error: &Error) -> String {
    match (error.failure(), error.sqlstate()) {
        (_, Some(sqlstate)) if is_about_a_value(error) => {
            format!("a value does not fit (SQLSTATE {sqlstate})")
        }
        (Some(failure), _) => failure.to_string(),
        (None, _) => error.to_string(),
    }
}

/// What the server says of rows that do not go together, with what to do about it.
pub(super) fn explained(error: Error, copies: &Copies, copy: &Copy) -> Error {
    let Some(failure) = error.failure().filter(|_| is_about_rows(&error)) else {
        return error;
    };
    let (schema, name) = (
        failure.schema.as_deref().unwrap_or_default(),
        failure.table.as_deref().unwrap_or_default(),
    );
    let folder = copies.path(&copy.id);
    let held = copy
        .tables
        .iter()
        .find(|table| table.schema == schema && table.name == name && !table.file.is_empty());
    // a detail quotes the row; only the columns of a key are told
    let key = failure.detail.as_deref().and_then(|detail| {
        let (key, _) = detail.split_once(")=(")?;
        key.strip_prefix("Key (")
    });
    let why = match key {
        Some(key) => format!("{}, by ({key})", failure.message),
        None => failure.message.clone(),
    };
    CopyProblem::InTheWay {
        table: match name {
            "" => format!("the copy {}", copy.id),
            name => format!("{schema}.{name}"),
        },
        constraint: failure.constraint.clone().unwrap_or_default(),
        why,
        file: held.map_or(folder.clone(), |table| folder.join(&table.file)),
    }
    .into()
}
