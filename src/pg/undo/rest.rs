//! What comes back besides rows and definitions: names of tables and positions of sequences.

use std::collections::HashSet;

use super::super::error::Error;
use super::super::session::Session;
use super::copy::{Copy, Form, Sequence, TableCopy};
use super::objects::{Object, composites};
use super::problem::CopyProblem;
use super::watch::{Table, Tables};
use super::{qualified, quote_identifier};

/// The table that is in the place of one of a copy. `here`: the copy is of this database, where its number finds one that
/// has another name by now.
pub(super) fn in_place_of<'t>(
    table: &TableCopy,
    now: &'t Tables,
    here: bool,
) -> Result<Option<&'t Table>, Error> {
    let named = now
        .values()
        .find(|is| is.schema == table.schema && is.name == table.name);
    let numbered = now.get(&table.oid).filter(|_| here);
    match (numbered, named, &table.form) {
        // rows go to where they came from; a whole table gets its name back first
        (Some(is), Some(named), Form::Rows { .. }) if is.oid != named.oid => Err(taken(table, is)),
        (Some(is), _, Form::Rows { .. }) => Ok(Some(is)),
        (numbered, named, _) => Ok(named.or(numbered)),
    }
}

/// Which rows of the two belong where, nobody can tell but who made the second one.
fn taken(table: &TableCopy, is: &Table) -> Error {
    CopyProblem::NoPlace {
        table: format!("{}.{}", table.schema, table.name),
        why: format!(
            "it is called {} by now, and another table has its name. Give that one another name (`ALTER TABLE {} RENAME TO …`), then run the same command again",
            is.called(),
            table.quoted
        ),
    }
    .into()
}

/// Fails where two tables of a copy would go into one, by its number and by its name. `there`: sorted by number.
pub(super) fn one_place_each(there: &[&Table]) -> Result<(), Error> {
    match there.windows(2).find(|two| two[0].oid == two[1].oid) {
        None => Ok(()),
        Some(two) => Err(CopyProblem::NoPlace {
            table: two[0].called(),
            why: format!(
                "it has the name of another table of the copy by now. Give it its own name back (`ALTER TABLE {} RENAME TO …`), then run the same command again",
                two[0].quoted
            ),
        }
        .into()),
    }
}

/// Fails where another type has the name of one that comes back: neither rows nor tables would fit it.
/// And where rows come back into a table, one of `among`, that has a composite type other than they were written with: their
/// values would get into the wrong attributes.
pub(super) fn types_are_free(
    copy: &Copy,
    now: &[Object],
    among: &HashSet<u32>,
) -> Result<(), Error> {
    let used = composites(now, among);
    for is in now.iter().filter(|is| used.contains(&is.key())) {
        let then = copy.objects.iter().find(|then| then.named() == is.named());
        if then.and_then(Object::attributes) != is.attributes() {
            let had = then.map_or_else(String::new, |then| format!(" (`{}`)", then.sql));
            return Err(CopyProblem::NoPlace {
                table: format!("rows with values of the type {}", is.name),
                why: format!(
                    "they were written with other attributes, and would get into the wrong ones. Give the column the type that it \
                     had{had}, then run the same command again"
                ),
            }
            .into());
        }
    }
    let types = |object: &&Object| matches!(object.kind.as_str(), "type" | "domain");
    for then in copy.objects.iter().filter(types) {
        let other = |is: &&Object| is.name == then.name && is.sql != then.sql;
        if now.iter().filter(types).any(|is| other(&is)) {
            return Err(CopyProblem::NoPlace {
                table: format!("the {} {}", then.kind, then.name),
                why: format!(
                    "another one has its name by now. Give that one another name (`ALTER TYPE {} RENAME TO …`), then run the same command again",
                    then.name
                ),
            }
            .into());
        }
    }
    Ok(())
}

impl Session {
    /// Gives tables of which a copy holds everything the names that they had. Under another name they would keep the
    /// names of indexes and constraints, and no table could be made in their place. Only in the database that the
    /// copy is of: elsewhere the number is another table's.
    pub(super) async fn rename_back(&self, copy: &Copy) -> Result<(), Error> {
        let now = self.tables_now().await?;
        let renamed: Vec<(&TableCopy, &Table)> = copy
            .tables
            .iter()
            .filter(|table| matches!(table.form, Form::Whole { .. }))
            .filter_map(|table| now.get(&table.oid).map(|is| (table, is)))
            .filter(|(table, is)| (&table.schema, &table.name) != (&is.schema, &is.name))
            .collect();
        for (table, is) in &renamed {
            let in_place =
                |other: &&Table| other.schema == table.schema && other.name == table.name;
            let Some(other) = now.values().find(in_place) else {
                continue;
            };
            if !renamed.iter().any(|(_, is)| is.oid == other.oid) {
                return Err(taken(table, is));
            }
        }
        // two may have changed their names with one another: first none of them has one
        for (_, is) in &renamed {
            let sql = format!(
                "ALTER TABLE {} RENAME TO cruddur_undo_{}",
                is.quoted, is.oid
            );
            self.batch(&sql).await?;
        }
        for (table, is) in &renamed {
            let (between, mut schema) = (format!("cruddur_undo_{}", is.oid), &is.schema);
            let there = "SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1";
            let text = tokio_postgres::types::Type::TEXT;
            if schema != &table.schema
                && !self.rows(there, &[(&table.schema, text)]).await?.is_empty()
            {
                let (from, to) = (qualified(schema, &between), quote_identifier(&table.schema));
                self.batch(&format!("ALTER TABLE {from} SET SCHEMA {to}"))
                    .await?;
                schema = &table.schema;
            }
            let (from, to) = (qualified(schema, &between), quote_identifier(&table.name));
            self.batch(&format!("ALTER TABLE {from} RENAME TO {to}"))
                .await?;
        }
        Ok(())
    }

    /// Moves a sequence to where it was, never back: numbers that were given out since are not given twice. Tells
    /// whether it is there.
    pub(super) async fn advance(&self, to: &Sequence) -> Result<bool, Error> {
        let sql = "SELECT pg_catalog.to_regclass($1) IS NOT NULL";
        let text = tokio_postgres::types::Type::TEXT;
        let there = match self.rows(sql, &[(&to.name, text)]).await?.first() {
            Some(row) => self.get(row, 0)?,
            None => false,
        };
        if !there {
            return Ok(false);
        }
        let sql = format!("SELECT last_value, is_called FROM {}", to.name);
        let Some(row) = self.rows(&sql, &[]).await?.into_iter().next() else {
            return Ok(false);
        };
        let (last, called): (i64, bool) = (self.get(&row, 0)?, self.get(&row, 1)?);
        let ahead = if to.upwards {
            (to.last, to.called) > (last, called)
        } else {
            (last, to.called) > (to.last, called)
        };
        if ahead {
            let name = super::super::quote_literal(&to.name);
            let sql = format!(
                "SELECT pg_catalog.setval({name}, {}, {})",
                to.last, to.called
            );
            self.rows(&sql, &[]).await?;
        }
        Ok(true)
    }
}
