//! One query inside an open transaction.

use futures_util::future::join;
use serde_json::{Map, Value};
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::types::ToSql;

use super::answer::{Column, Reply};
use super::bind::{Bound, bind, type_name};
use super::param::Params;
use super::wrap::{Wrapped, wrap};
use crate::pg::error::{DbFailure, Error};
use crate::pg::session::Session;
use crate::pg::template::Template;

/// What an answer is to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pg) enum Shape {
    Array,
    Object,
    Value,
    Table,
    /// As `Table`, and a statement without an answer is fine too.
    Commit,
}

/// A question.
#[derive(Clone, Copy)]
pub(in crate::pg) struct Ask<'a> {
    pub(in crate::pg) template: &'a Template,
    pub(in crate::pg) params: &'a Params,
    pub(in crate::pg) shape: Shape,
}

/// A question that the server understands, with its values.
pub(super) struct Prepared {
    statement: tokio_postgres::Statement,
    /// Nothing where the statement gives no rows and none are wanted.
    wrapped: Option<Wrapped>,
    columns: Vec<Column>,
    values: Vec<Bound>,
}

impl Ask<'_> {
    /// Whether it is put as a change, which is committed and never repeated.
    pub(in crate::pg) fn changes(&self) -> bool {
        self.shape == Shape::Commit || self.template.changes_rows()
    }

    /// Prepares the template while `begin` is on its way, then the statement around it. Nothing has
    /// an effect yet.
    pub(super) async fn prepare(
        &self,
        session: &Session,
        begin: Option<&str>,
    ) -> Result<Prepared, Error> {
        let template = self.template;
        let begun = async {
            match begin {
                Some(sql) => session.batch(sql).await,
                None => Ok(()),
            }
        };
        // In this order on the wire: `join` polls the first one first.
        let inner = session.timed(session.client().prepare(template.sql()));
        let (begun, inner) = join(begun, inner).await;
        begun?;
        let inner = inner.map_err(|error| located(error, template, None))?;
        let values = bind(template, self.params, inner.params())?;
        let columns = columns(&inner);
        // what no statement can be put around answers in text: SHOW, EXPLAIN, CALL
        let bare = columns.is_empty() || template.is_command() && values.is_empty();
        if bare && self.shape == Shape::Commit {
            return Ok(Prepared {
                statement: inner,
                wrapped: None,
                columns,
                values,
            });
        }
        let wrapped =
            wrap(template, &columns, self.shape).map_err(|problem| template.problem(problem))?;
        let types = inner.params().to_vec();
        let outer = session.client().prepare_typed(&wrapped.sql, &types);
        let statement = session
            .timed(outer)
            .await
            .map_err(|error| located(error, template, Some(&wrapped)))?;
        Ok(Prepared {
            statement,
            wrapped: Some(wrapped),
            columns,
            values,
        })
    }

    /// Runs what was prepared; `end` follows at once where it is given.
    pub(super) async fn run(
        &self,
        session: &Session,
        prepared: Prepared,
        end: Option<&str>,
    ) -> Result<Reply, Error> {
        let values: Vec<&(dyn ToSql + Sync)> = prepared
            .values
            .iter()
            .map(|value| value as &(dyn ToSql + Sync))
            .collect();
        if prepared.wrapped.is_none() && !prepared.columns.is_empty() {
            return self.text(session, prepared.columns).await;
        }
        let Some(wrapped) = &prepared.wrapped else {
            let sent = session.client().execute(&prepared.statement, &values);
            let count = session
                .timed(sent)
                .await
                .map_err(|error| located(error, self.template, None))?;
            return Ok(Reply {
                columns: Vec::new(),
                cells: Vec::new(),
                count,
            });
        };
        let sent = session.timed(session.client().query(&prepared.statement, &values));
        let ended = async {
            if let Some(sql) = end {
                // Nothing was changed: whether the end is heard does not matter to the answer, and
                // a lost connection is noticed by the next call.
                let _ = session.batch(sql).await;
            }
        };
        let (rows, ()) = join(sent, ended).await;
        let rows = rows.map_err(|error| located(error, self.template, Some(wrapped)))?;
        let cells = rows
            .iter()
            .map(|row| row.try_get(0).map_err(|error| session.error(error)))
            .collect::<Result<Vec<Option<String>>, Error>>()?;
        Ok(Reply {
            columns: prepared.columns,
            count: u64::try_from(cells.len()).unwrap_or(u64::MAX),
            cells,
        })
    }
}

impl Ask<'_> {
    /// Runs a statement whose rows come as text, whatever their types are.
    async fn text(&self, session: &Session, columns: Vec<Column>) -> Result<Reply, Error> {
        let sent = session.client().simple_query(self.template.sql());
        let answer = session
            .timed(sent)
            .await
            .map_err(|error| located(error, self.template, None))?;
        let mut cells = Vec::new();
        for message in answer {
            if let SimpleQueryMessage::Row(row) = message {
                let fields = (0..row.len()).map(|at| {
                    let text = row.try_get(at).map_err(|error| session.error(error))?;
                    Ok((format!("c{at}"), text.map_or(Value::Null, Value::from)))
                });
                let fields: Map<String, Value> = fields.collect::<Result<_, Error>>()?;
                cells.push(Some(Value::Object(fields).to_string()));
            }
        }
        Ok(Reply {
            columns,
            count: u64::try_from(cells.len()).unwrap_or(u64::MAX),
            cells,
        })
    }
}

/// The columns that a statement gives.
pub(super) fn columns(statement: &tokio_postgres::Statement) -> Vec<Column> {
    let column = |column: &tokio_postgres::Column| Column {
        name: column.name().to_owned(),
        type_name: type_name(column.type_()),
    };
    statement.columns().iter().map(column).collect()
}

/// `error` with its place in the template: the server's position in what was sent, else the
/// statement's beginning.
pub(super) fn located(error: Error, template: &Template, wrapped: Option<&Wrapped>) -> Error {
    let Error::Db(mut failure) = error else {
        return error;
    };
    let sent = wrapped.map_or(template.sql(), |wrapped| wrapped.sql.as_str());
    let at = offset(&failure, sent).and_then(|at| match wrapped {
        Some(wrapped) => wrapped.inside(at),
        None => Some(at),
    });
    failure.place = Some(template.place(at));
    Error::Db(failure)
}

/// The byte of `sent` that the server points at; one behind the last is "at end of input".
fn offset(failure: &DbFailure, sent: &str) -> Option<usize> {
    let before = usize::try_from(failure.position?).ok()?.saturating_sub(1);
    let found = sent.char_indices().nth(before);
    Some(found.map_or(sent.len(), |(at, _)| at))
}
