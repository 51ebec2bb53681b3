//! Copies of rows before they are lost, and the way back.
//!
//! ```text
//! copy        what a copy holds, as it is written down (manifest.json)
//! problem     why there is no copy, or no way back
//! store       the folder of copies: made whole or not at all, listed, discarded
//! objects     the definitions of what is in a database, as SQL (read only); catalogue: the question for them
//! watch       what a transaction has done to which table, from the server's own books
//! stream      rows out to a file and in again, never held in memory
//! keep        copies before and within the transaction that loses rows
//! sums        whether the files of a copy are what was written
//! settle      whether the loss has happened
//! restore     taking a copy back, in one transaction; ways: how each table comes back; rest: names and sequences;
//!             quiet: what sleeps meanwhile
//! ties        rows that others refer to, and those that are in the way of others
//! rights      whose rights it takes
//! aside       a whole database, renamed instead of dropped
//! ```
//!
//! What is lost is found by what happened, not by reading SQL alone: after the statements ran and
//! before they are committed, the server is asked which tables are gone, were emptied or rewritten,
//! and where rows were deleted or changed, by whatever function, trigger or foreign key. A table
//! that was locked against readers and of which there is no copy yet makes the run start again with
//! one; the others are copied by a second session, which still sees them as they were.

mod aside;
mod catalogue;
mod copy;
mod keep;
mod objects;
mod problem;
mod quiet;
mod rest;
mod restore;
mod rights;
mod settle;
mod store;
mod stream;
mod sums;
mod tables;
mod ties;
mod watch;
mod ways;

#[cfg(test)]
mod back_tests;
#[cfg(test)]
mod details_tests;
#[cfg(test)]
mod hard_tests;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod live_tests;
#[cfg(test)]
mod others_tests;
#[cfg(test)]
mod rights_tests;
#[cfg(test)]
mod store_tests;
#[cfg(test)]
mod ties_tests;

pub use aside::{Aside, SetAside};
pub(super) use copy::Entry as LedgerEntry;
pub use copy::{Copy, Form, ScriptRun, State, TableCopy, TakenBack};
pub use keep::Keeper;
pub(super) use keep::{Guard, Kept};
pub use problem::CopyProblem;
pub use restore::{Overwritten, Undone};
pub use store::Copies;

pub(super) use watch::changes;

use super::quote_identifier;

/// `schema.name` in SQL.
fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", quote_identifier(schema), quote_identifier(name))
}

/// A list of columns in SQL, each behind `prefix`.
fn columns(names: &[String], prefix: &str) -> String {
    names
        .iter()
        .map(|name| format!("{prefix}{}", quote_identifier(name)))
        .collect::<Vec<_>>()
        .join(", ")
}
