//! How each table of a copy comes back, and the statements for it.

use std::collections::HashSet;

use super::super::error::Error;
use super::super::session::Session;
use super::columns;
use super::copy::{Content, Copy, Form, TableCopy};
use super::objects::Object;
use super::problem::{CopyProblem, is_about_a_value};
use super::store::{Copies, Partial};
use super::tables::{copy_of, readable, same_key, same_row};
use super::watch::{Table, Tables};

/// How a table comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It is gone: it is made, and filled.
    Make,
    /// It is there as it was defined: it is emptied, and filled.
    Refill,
    /// It is there with another definition, which goes.
    Replace,
    /// Some of its rows are exchanged.
    Merge,
    /// The copy does not hold it; it goes with the one that it is a part of.
    Goes,
}

impl Way {
    /// All rows of today go.
    pub(super) fn is_whole(self) -> bool {
        !matches!(self, Way::Merge | Way::Make)
    }
}

/// A table of a copy, and what there is in its place now.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) way: Way,
    pub(super) table: TableCopy,
    pub(super) is: Option<Table>,
    /// Whether rows of today are lost that nobody has said anything about.
    after: Option<Content>,
}

impl Place {
    pub(super) fn of(
        table: &TableCopy,
        is: Option<&Table>,
        copy: &Copy,
        objects: &[Object],
    ) -> Result<Self, Error> {
        let called = &table.quoted;
        let no_place = |why: &str| CopyProblem::NoPlace {
            table: format!("{}.{}", table.schema, table.name),
            why: why.to_owned(),
        };
        let (way, after) = match &table.form {
            Form::Rows { key, .. } => {
                let is = is.ok_or_else(|| {
                    no_place("it is gone; take back the copy of what dropped it first")
                })?;
                // columns that came since have their defaults in rows that come back
                let still = |column: &String| is.columns.contains(column);
                if &is.key != key || !table.columns.iter().all(still) {
                    return Err(no_place(
                        "a column is gone or its primary key is another now; take back the copy of what changed them first",
                    )
                    .into());
                }
                (Way::Merge, None)
            }
            Form::Whole { after } => {
                let defined = |object: &&Object| object.kind == "table" && &object.name == called;
                let was = copy.objects.iter().find(defined).map(|object| &object.sql);
                let now = is.and_then(|is| {
                    let own = |object: &&Object| object.kind == "table" && object.id.1 == is.oid;
                    objects.iter().find(own).map(|object| &object.sql)
                });
                let same = was == now && is.is_none_or(|is| !anew(called, is, copy, objects));
                let way = match (is, same) {
                    (None, _) => Way::Make,
                    (Some(_), true) => Way::Refill,
                    (Some(_), false) => Way::Replace,
                };
                (way, after.clone())
            }
        };
        let mut table = table.clone();
        if let Some(is) = is {
            // rows go to where they came from, whatever that is called now
            table.schema.clone_from(&is.schema);
            table.name.clone_from(&is.name);
            table.quoted.clone_from(&is.quoted);
        }
        Ok(Self {
            way,
            table,
            is: is.cloned(),
            after,
        })
    }

    /// What is a part of a table that goes, goes with it.
    pub(super) fn falls_with(&mut self, doomed: &HashSet<u32>) -> Result<(), Error> {
        let falls = self.is.as_ref().is_some_and(|is| doomed.contains(&is.oid));
        match self.way {
            Way::Refill if falls => self.way = Way::Replace,
            Way::Merge if falls => {
                return Err(CopyProblem::NoPlace {
                    table: self.called(),
                    why: "the table that it is a part of has changed since".to_owned(),
                }
                .into());
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn bystander(table: &Table) -> Self {
        Self {
            way: Way::Goes,
            table: TableCopy {
                schema: table.schema.clone(),
                name: table.name.clone(),
                oid: table.oid,
                quoted: table.quoted.clone(),
                columns: table.columns.clone(),
                rows: 0,
                file: String::new(),
                form: Form::Whole { after: None },
            },
            is: Some(table.clone()),
            after: None,
        }
    }

    /// For messages.
    pub(super) fn called(&self) -> String {
        format!("{}.{}", self.table.schema, self.table.name)
    }

    pub(super) fn sql(&self) -> &str {
        &self.table.quoted
    }

    pub(super) fn holds(&self) -> bool {
        self.is.as_ref().is_some_and(|is| is.holds)
    }

    /// The temporary tables of the rows as they were and as they were written.
    pub(super) fn staged(&self) -> Option<(String, String, &[String])> {
        let (Form::Rows { key, .. }, Some(is)) = (&self.table.form, &self.is) else {
            return None;
        };
        let name = |what: &str| format!("pg_temp.cruddur_{what}_{}", is.oid);
        Some((name("old"), name("new"), key))
    }

    /// Rows that are among those as they were, or as they were written.
    pub(super) fn concerned(&self) -> Option<String> {
        let (old, new, key) = self.staged()?;
        Some(in_either(&old, &new, key))
    }
}

/// Whether a table has constraints or indexes in place of those that it had: a second primary key, or another one of
/// the same name. Such as came besides stay.
fn anew(called: &str, is: &Table, copy: &Copy, objects: &[Object]) -> bool {
    let own = format!("ALTER TABLE {called} ADD CONSTRAINT ");
    let rules = |object: &&Object| object.kind == "constraint" && object.sql.starts_with(&own);
    let (was, now): (HashSet<&str>, HashSet<&str>) = (
        copy.objects
            .iter()
            .filter(rules)
            .map(|object| object.sql.as_str())
            .collect(),
        objects
            .iter()
            .filter(rules)
            .map(|object| object.sql.as_str())
            .collect(),
    );
    let other = |object: &Object| {
        let same = |then: &&Object| then.named() == object.named();
        object.kind == "index"
            && object.table == is.oid
            && copy
                .objects
                .iter()
                .find(same)
                .is_some_and(|then| then.sql != object.sql)
    };
    was.difference(&now).next().is_some() && now.difference(&was).next().is_some()
        || objects.iter().any(other)
}

/// Whether a row `x` is in one of two tables. One `EXISTS` and not two with an `OR`, which the server could not join: it
/// would read all of both for every row.
pub(super) fn in_either(old: &str, new: &str, key: &[String]) -> String {
    let list = columns(key, "");
    format!(
        "EXISTS (SELECT FROM (SELECT {list} FROM {old} UNION ALL SELECT {list} FROM {new}) AS k WHERE {})",
        same_key(key, "k", "x")
    )
}

impl Session {
    /// Loads the rows of a copy that are to be exchanged beside their table.
    pub(super) async fn stage(
        &self,
        place: &Place,
        copies: &Copies,
        copy: &Copy,
    ) -> Result<(), Error> {
        let (
            Some((old, new, _)),
            Form::Rows {
                written,
                written_rows,
                ..
            },
        ) = (place.staged(), &place.table.form)
        else {
            return Ok(());
        };
        let files = [
            (old, &place.table.file, place.table.rows),
            (new, written, *written_rows),
        ];
        for (temporary, file, rows) in files {
            let make = format!(
                "CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM ONLY {} WITH NO DATA",
                temporary.replace("pg_temp.", ""),
                columns(&place.table.columns, ""),
                place.sql()
            );
            self.batch(&make).await?;
            self.load(&temporary, place, file, rows, copies, copy)
                .await?;
            // nobody else counts what is in a temporary table, and joins are chosen by it
            self.batch(&format!("ANALYZE {temporary}")).await?;
        }
        Ok(())
    }

    async fn load(
        &self,
        into: &str,
        place: &Place,
        file: &str,
        rows: u64,
        copies: &Copies,
        copy: &Copy,
    ) -> Result<(), Error> {
        let sql = format!("{} FROM STDIN", copy_of(into, &place.table.columns));
        let path = copies.path(&copy.id).join(file);
        let loaded = self.copy_from(&sql, &path).await.map_err(|error| {
            if is_about_a_value(&error) {
                return CopyProblem::Unfit {
                    table: place.called(),
                    sqlstate: error.sqlstate().unwrap_or_default().to_owned(),
                    file: path.clone(),
                }
                .into();
            }
            // nobody is about to lose anything here
            let Error::Copy(problem) = error else {
                return error;
            };
            CopyProblem::Broken {
                id: copy.id.clone(),
                why: problem.to_string(),
            }
            .into()
        })?;
        if loaded != rows {
            return Err(CopyProblem::Broken {
                id: copy.id.clone(),
                why: format!("{file} has {loaded} rows and should have {rows}"),
            }
            .into());
        }
        Ok(())
    }

    /// How many rows of today are not as the loss left them, and would go.
    pub(super) async fn changed_since(&self, place: &Place) -> Result<u64, Error> {
        let Some(is) = place.is.as_ref().filter(|is| is.holds) else {
            return Ok(0);
        };
        let (Some((_, new, key)), Some(concerned)) = (place.staged(), place.concerned()) else {
            let now = self.content(is).await?;
            return Ok(if Some(&now) == place.after.as_ref() {
                0
            } else {
                now.rows
            });
        };
        let as_left = format!(
            "EXISTS (SELECT FROM {new} AS n WHERE {} AND {})",
            same_key(key, "n", "x"),
            same_row(&place.table.columns, "n", "x")
        );
        // what a row has in a column that came since would go, whatever it is
        let as_left = match is.columns.len() == place.table.columns.len() {
            true => as_left.as_str(),
            false => "false",
        };
        let sql = format!(
            "SELECT pg_catalog.count(*) FROM ONLY {} AS x WHERE {concerned} AND NOT {as_left}",
            place.sql()
        );
        match self.unhurried(&sql).await?.first() {
            Some(row) => Ok(u64::try_from(self.get::<i64>(row, 0)?).unwrap_or(0)),
            None => Ok(0),
        }
    }

    /// Copies what of a table is about to be overwritten.
    pub(super) async fn keep_place(
        &self,
        place: &Place,
        to: &Partial,
    ) -> Result<Option<(TableCopy, u64)>, Error> {
        let Some(is) = &place.is else {
            return Ok(None);
        };
        let mut table = place.table.clone();
        table.columns.clone_from(&is.columns);
        table.oid = is.oid;
        table.rows = 0;
        table.file = String::new();
        let list = columns(&is.columns, "");
        let what = match place.concerned() {
            Some(concerned) => format!(
                "COPY (SELECT {list} FROM ONLY {} AS x WHERE {concerned})",
                place.sql()
            ),
            None if is.holds => copy_of(place.sql(), &is.columns),
            None => {
                table.form = Form::Whole { after: None };
                return Ok(Some((table, 0)));
            }
        };
        table.file = format!("{}.rows", is.oid);
        let written = readable(self.rows_to(&what, to, &table.file).await, &place.called())?;
        table.rows = written.rows;
        Ok(Some((table, written.bytes)))
    }

    /// Writes down what is in the table once everything is back, which is what a second undo starts from. Returns the
    /// size of what was written.
    pub(super) async fn note_after(
        &self,
        place: &Place,
        table: &mut TableCopy,
        now: &Tables,
        to: &Partial,
    ) -> Result<u64, Error> {
        let is = now
            .values()
            .find(|is| is.schema == table.schema && is.name == table.name);
        let (Some(concerned), Form::Rows { key, .. }) = (place.concerned(), &place.table.form)
        else {
            let after = match is.filter(|is| is.holds) {
                Some(is) => Some(self.content(is).await?),
                None => None,
            };
            table.form = Form::Whole { after };
            // the one that was made, should that be renamed
            table.oid = is.map_or(table.oid, |is| is.oid);
            return Ok(0);
        };
        let file = format!("{}.written", place.is.as_ref().map_or(0, |is| is.oid));
        let sql = format!(
            "COPY (SELECT {} FROM ONLY {} AS x WHERE {concerned})",
            columns(&table.columns, ""),
            place.sql()
        );
        let written = self.rows_to(&sql, to, &file).await?;
        table.form = Form::Rows {
            key: key.clone(),
            written: file,
            written_rows: written.rows,
        };
        Ok(written.bytes)
    }

    /// Puts the rows of a table back.
    pub(super) async fn fill(
        &self,
        place: &Place,
        copies: &Copies,
        copy: &Copy,
    ) -> Result<(), Error> {
        let table = &place.table;
        if table.file.is_empty() {
            return Ok(());
        }
        self.load(place.sql(), place, &table.file, table.rows, copies, copy)
            .await
    }
}
