//! Queries with templates, and their answers as JSON that the server builds.
//!
//! | method | answer |
//! |---|---|
//! | `query_array_json` | all rows, as an array of objects; `[]` where there are none |
//! | `query_object_json` | the first row, as an object |
//! | `query_value` | the first column of the first row |
//! | `query_rows` | the columns' names and all rows as lists: what a table or a CSV file needs |
//! | `query_commit` | changes rows; gives their number and what `RETURNING` gives |
//!
//! [`Session`](super::Session), [`Pool`](super::Pool) and [`Transaction`](super::Transaction) have
//! them all (the last one calls the last method `execute`, because it commits nothing). On a
//! session or pool each call is a transaction of its own, `READ ONLY` where the template does not
//! say that it changes rows ([`Template::changes_rows`](super::Template::changes_rows)) and
//! `query_commit` is not asked for. The session's time zone is UTC in it, so that the same row
//! gives the same JSON everywhere.
//!
//! The template is first prepared as it is, so that errors point into it and the types of its
//! parameters and columns are known. Then it is put into another statement: a subquery of a
//! `SELECT`, or a part of the outermost `WITH` when it changes rows. A subquery's `ORDER BY` is kept,
//! because nothing but the aggregate is done with its rows. A JSON number that needs more than 64
//! bits (a long `numeric`) arrives rounded; cast such a column to `text`.

mod answer;
mod ask;
mod bind;
mod fits;
mod guarded;
mod param;
mod session;
mod wrap;

#[cfg(test)]
mod bind_tests;
#[cfg(test)]
mod live_tests;
#[cfg(test)]
mod live_values_tests;
#[cfg(test)]
mod locks_tests;
#[cfg(test)]
mod wrap_tests;

pub(super) use answer::Reply;
pub use answer::{Column, Committed, Table};
pub(super) use ask::{Ask, Shape};
pub use bind::Misfit;
pub use param::{Param, Params};
pub(super) use session::BEGIN_WRITE;
