//! Rows that cannot come back or go because of others: by a foreign key, or because something must not be empty.
//!
//! Rows of others are never changed. A row that the loss had added, and that rows of others refer to by now, stays as it
//! is, and that is told. Everything else that does not go together is named, with the statement that shows it, and nothing
//! is changed.

use tokio_postgres::types::Type;

use super::super::error::Error;
use super::super::failure::DbFailure;
use super::super::session::Session;
use super::columns;
use super::copy::{Copy, State};
use super::problem::CopyProblem;
use super::store::Copies;
use super::tables::same_key;
use super::ways::{Place, Way};

/// How many keys are told.
const TOLD: usize = 5;
/// How many keys a statement that shows rows names.
const SHOWN: usize = 20;

/// A foreign key, as it holds for one table that refers.
struct Tie {
    /// The table that is referred to.
    parent: u32,
    /// It in SQL.
    to: String,
    /// The table that refers.
    child: u32,
    /// It in SQL.
    from: String,
    /// The columns that refer.
    columns: Vec<String>,
    /// The columns that are referred to.
    keys: Vec<String>,
    /// What compares the one with the other.
    operators: Vec<String>,
}

impl Tie {
    /// `p.id = x.parent AND …`
    fn matches(&self) -> String {
        let quote = super::quote_identifier;
        let pairs = self.keys.iter().zip(&self.operators).zip(&self.columns);
        pairs
            .map(|((key, operator), column)| {
                format!("p.{} {operator} x.{}", quote(key), quote(column))
            })
            .collect::<Vec<_>>()
            .join(" AND ")
    }
}

/// Foreign keys to some tables or what they are parts of, for each table that refers and holds rows.
const TIES: &str = "
WITH RECURSIVE up(leaf, oid) AS (
    SELECT t.oid, t.oid FROM pg_catalog.unnest($1::oid[]) AS t(oid)
    UNION SELECT up.leaf, i.inhparent FROM pg_catalog.pg_inherits i JOIN up ON up.oid = i.inhrelid
          JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition
), down(con, leaf, oid) AS (
    SELECT k.oid, up.leaf, k.conrelid FROM pg_catalog.pg_constraint k JOIN up ON up.oid = k.confrelid
    WHERE k.contype = 'f' AND k.conparentid = 0
    UNION SELECT down.con, down.leaf, i.inhrelid FROM down JOIN pg_catalog.pg_inherits i ON i.inhparent = down.oid
          JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition
)";

/// A foreign key by its name.
const TIE: &str = "
WITH down(con, leaf, oid) AS (
    SELECT k.oid, k.confrelid, k.conrelid FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype = 'f' AND n.nspname = $1 AND c.relname = $2 AND k.conname = $3
)";

const PARTS_OF_A_TIE: &str = "
SELECT down.leaf, pg_catalog.format('%I.%I', pn.nspname, p.relname), c.oid, pg_catalog.format('%I.%I', cn.nspname, c.relname),
       ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u(num, at)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num ORDER BY u.at),
       ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u(num, at)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num ORDER BY u.at),
       ARRAY(SELECT pg_catalog.format('OPERATOR(%I.%s)', n.nspname, o.oprname)
             FROM pg_catalog.unnest(k.conpfeqop) WITH ORDINALITY AS u(op, at)
             JOIN pg_catalog.pg_operator o ON o.oid = u.op JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
             ORDER BY u.at)
FROM down JOIN pg_catalog.pg_constraint k ON k.oid = down.con
JOIN pg_catalog.pg_class p ON p.oid = down.leaf JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
JOIN pg_catalog.pg_class c ON c.oid = down.oid AND c.relkind = 'r' JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
ORDER BY 2, 4, k.conname";

/// Columns that must not be empty, of which some have come since and are filled by nothing.
const FULL: &str = "
SELECT a.attname::text, a.atthasdef OR a.attidentity <> '' FROM pg_catalog.pg_attribute a
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND a.attgenerated = ''
ORDER BY a.attnum";

/// Some keys of rows, and how many rows there are.
#[derive(Default)]
struct Found {
    rows: u64,
    /// Each as SQL writes it, at most one more than are shown.
    keys: Vec<String>,
}

impl Found {
    /// `2 rows`
    fn count(&self) -> String {
        match self.rows {
            1 => "1 row".to_owned(),
            n => format!("{n} rows"),
        }
    }

    /// Which word goes with it.
    fn verb<'a>(&self, one: &'a str, more: &'a str) -> &'a str {
        if self.rows == 1 { one } else { more }
    }

    /// `id = '1', '7'`
    fn told(&self, columns: &[String]) -> String {
        let mut keys: Vec<&str> = self.keys.iter().map(String::as_str).take(TOLD).collect();
        if self.keys.len() > TOLD {
            keys.push("…");
        }
        let text = format!("{} = {}", columns.join(", "), keys.join(", "));
        // nothing that a terminal would obey
        text.replace(char::is_control, "?")
    }

    /// The statement that shows rows with these keys.
    fn select(&self, table: &str, columns: &[String]) -> String {
        let keys: Vec<&str> = self.keys.iter().map(String::as_str).take(SHOWN).collect();
        let text = format!(
            "SELECT * FROM {table} WHERE {} IN ({})",
            list(columns),
            keys.join(", ")
        );
        text.replace(char::is_control, "?")
    }
}

/// `"id"`, `("a", "b")`
fn list(names: &[String]) -> String {
    match names {
        [one] => super::quote_identifier(one),
        more => format!("({})", columns(more, "")),
    }
}

/// A key of a row `x` as SQL writes it.
fn key(names: &[String]) -> String {
    let holders: Vec<&str> = names.iter().map(|_| "%L").collect();
    let format = match holders.as_slice() {
        [one] => (*one).to_owned(),
        more => format!("({})", more.join(", ")),
    };
    format!("pg_catalog.format('{format}', {})", columns(names, "x."))
}

impl Session {
    async fn referring(
        &self,
        head: &str,
        of: &[(&(dyn tokio_postgres::types::ToSql + Sync), Type)],
    ) -> Result<Vec<Tie>, Error> {
        let rows = self.rows(&format!("{head}{PARTS_OF_A_TIE}"), of).await?;
        rows.iter()
            .map(|row| {
                Ok(Tie {
                    parent: self.get(row, 0)?,
                    to: self.get(row, 1)?,
                    child: self.get(row, 2)?,
                    from: self.get(row, 3)?,
                    columns: self.get(row, 4)?,
                    keys: self.get(row, 5)?,
                    operators: self.get(row, 6)?,
                })
            })
            .collect()
    }

    /// Counts rows `x` and takes some of their keys.
    async fn found(&self, names: &[String], from: &str) -> Result<Found, Error> {
        let sql = format!(
            "SELECT pg_catalog.count(*), (pg_catalog.array_agg(DISTINCT {}))[1:{}] FROM {from}",
            key(names),
            SHOWN + 1
        );
        let rows = self.unhurried(&sql).await?;
        let Some(row) = rows.first() else {
            return Ok(Found::default());
        };
        let keys: Option<Vec<String>> = self.get(row, 1)?;
        Ok(Found {
            rows: u64::try_from(self.get::<i64>(row, 0)?).unwrap_or(0),
            keys: keys.unwrap_or_default(),
        })
    }

    /// Lets rows stay that the loss had added and that others refer to by now: they are struck off those that go. Tells
    /// which. What refers to them may have been added itself, and stays then, too.
    pub(super) async fn spare(&self, places: &[Place]) -> Result<Vec<String>, Error> {
        let merged: Vec<(u32, &Place)> = places
            .iter()
            .filter(|place| place.staged().is_some())
            .filter_map(|place| place.is.as_ref().map(|is| (is.oid, place)))
            .collect();
        let all: Vec<u32> = merged.iter().map(|(oid, _)| *oid).collect();
        let ties = self.referring(TIES, &[(&all, Type::OID_ARRAY)]).await?;
        if ties.is_empty() {
            return Ok(Vec::new());
        }
        let stay = |oid: u32| format!("pg_temp.cruddur_stay_{oid}");
        for (oid, place) in &merged {
            if let Some((_, new, key)) = place.staged() {
                self.batch(&format!(
                    "CREATE TEMPORARY TABLE cruddur_stay_{oid} ON COMMIT DROP AS SELECT {} FROM {new} WITH NO DATA",
                    columns(key, "")
                ))
                .await?;
            }
        }
        let mut because: Vec<(u32, &str)> = Vec::new();
        loop {
            let mut more = false;
            for tie in &ties {
                let Some((_, place)) = merged.iter().find(|(oid, _)| *oid == tie.parent) else {
                    continue;
                };
                let Some((old, new, key)) = place.staged() else {
                    continue;
                };
                let referring = places
                    .iter()
                    .find(|p| p.is.as_ref().is_some_and(|is| is.oid == tie.child));
                let remains = match referring {
                    None => String::new(),
                    Some(child) => {
                        // all of its rows go
                        let (Way::Merge, Some(concerned), Some((_, _, own))) =
                            (child.way, child.concerned(), child.staged())
                        else {
                            continue;
                        };
                        format!(
                            " AND (NOT {concerned} OR EXISTS (SELECT FROM {} AS k WHERE {}))",
                            stay(tie.child),
                            same_key(own, "k", "x")
                        )
                    }
                };
                let there = |table: &str| {
                    format!(
                        "EXISTS (SELECT FROM {table} AS k WHERE {})",
                        same_key(key, "k", "p")
                    )
                };
                let sql = format!(
                    "INSERT INTO {} SELECT {} FROM ONLY {} AS p WHERE {} AND NOT {} AND NOT {}
                     AND EXISTS (SELECT FROM ONLY {} AS x WHERE {}{remains}) RETURNING 1",
                    stay(tie.parent),
                    columns(key, "p."),
                    place.table.quoted,
                    there(&new),
                    there(&old),
                    there(&stay(tie.parent)),
                    tie.from,
                    tie.matches(),
                );
                if self.grew(&sql).await? {
                    more = true;
                    because.push((tie.parent, &tie.from));
                }
            }
            if !more {
                break;
            }
        }
        let mut told = Vec::new();
        for (oid, place) in merged {
            let (Some((_, new, key)), Some((_, by))) =
                (place.staged(), because.iter().find(|(of, _)| *of == oid))
            else {
                continue;
            };
            let found = self.found(key, &format!("{} AS x", stay(oid))).await?;
            let strike = format!(
                "DELETE FROM {new} AS n USING {} AS k WHERE {}",
                stay(oid),
                same_key(key, "k", "n")
            );
            self.unhurried(&strike).await?;
            let stay = found.verb("stays", "stay");
            told.push(format!(
                "all of {} as it was: {} that had been added {stay}, for rows of {by} refer to {} ({})",
                place.called(),
                found.count(),
 found.verb("it", "them"),
                found.told(key)
            ));
        }
        Ok(told)
    }

    /// Whether a statement wrote a row. A table that may not be read has its say when foreign keys are put back.
    async fn grew(&self, sql: &str) -> Result<bool, Error> {
        self.batch("SAVEPOINT cruddur_stay").await?;
        let (wrote, end) = match self.unhurried(sql).await {
            Ok(rows) => (!rows.is_empty(), ""),
            Err(error) if error.sqlstate() == Some("42501") => {
                (false, "ROLLBACK TO SAVEPOINT cruddur_stay; ")
            }
            Err(error) => return Err(error),
        };
        self.batch(&format!("{end}RELEASE SAVEPOINT cruddur_stay"))
            .await?;
        Ok(wrote)
    }

    /// Fails where a row that is to come back has nothing in a column that must not be empty by now.
    pub(super) async fn nothing_empty(
        &self,
        place: &Place,
        copies: &Copies,
        copy: &Copy,
    ) -> Result<(), Error> {
        let (Some((old, _, own)), Some(is)) = (place.staged(), &place.is) else {
            return Ok(());
        };
        for row in self.rows(FULL, &[(&is.oid, Type::OID)]).await? {
            let (column, filled): (String, bool) = (self.get(&row, 0)?, self.get(&row, 1)?);
            let name = super::quote_identifier(&column);
            let held = place.table.columns.contains(&column);
            let which = match (held, filled) {
                (true, _) => format!("{old} AS x WHERE x.{name} IS NULL"),
                (false, false) => format!("{old} AS x"),
                (false, true) => continue,
            };
            let found = self.found(own, &which).await?;
            if found.rows == 0 {
                continue;
            }
            let table = &place.table.quoted;
            let change = match held {
                true => {
                    format!("`ALTER TABLE {table} ALTER COLUMN {name} DROP NOT NULL` lets them in")
                }
                false => format!(
                    "`ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT …` gives them a value"
                ),
            };
            return Err(CopyProblem::InTheWay {
                table: place.called(),
                constraint: String::new(),
                why: format!(
                    "{} of it {} nothing in {name}, which is NOT NULL by now ({}); {change}",
                    found.count(),
                    found.verb("has", "have"),
                    found.told(own)
                ),
                file: copies.path(&copy.id).join(&place.table.file),
            }
            .into());
        }
        Ok(())
    }

    /// Which rows a foreign key does not let pass, while the transaction still has those that came back beside those of
    /// today: nothing where that cannot be told.
    pub(super) async fn untied(
        &self,
        failure: &DbFailure,
        places: &[Place],
        copies: &Copies,
        copy: &Copy,
    ) -> Result<Option<CopyProblem>, Error> {
        let name = |part: &Option<String>| part.clone().unwrap_or_default();
        let (schema, table, constraint) = (
            name(&failure.schema),
            name(&failure.table),
            name(&failure.constraint),
        );
        let of = [
            (
                &schema as &(dyn tokio_postgres::types::ToSql + Sync),
                Type::TEXT,
            ),
            (&table, Type::TEXT),
            (&constraint, Type::TEXT),
        ];
        let ties = self.referring(TIE, &of).await?;
        let [tie] = ties.as_slice() else {
            return Ok(None);
        };
        let set: Vec<String> = tie
            .columns
            .iter()
            .map(|column| format!("x.{} IS NOT NULL", super::quote_identifier(column)))
            .collect();
        let loose = format!(
            "ONLY {} AS x WHERE {} AND NOT EXISTS (SELECT FROM {} AS p WHERE {})",
            tie.from,
            set.join(" AND "),
            tie.to,
            tie.matches()
        );
        let child = places.iter().find(|place| {
            (&place.table.schema, &place.table.name) == (&schema, &table)
                && !place.table.file.is_empty()
        });
        // rows that came back, and rows of others
        let theirs = match child.map(|child| (child.way, child.concerned())) {
            None => Some(loose.clone()),
            Some((Way::Merge, Some(concerned))) => Some(format!("{loose} AND NOT {concerned}")),
            Some(_) => None,
        };
        let folder = copies.path(&copy.id);
        if let Some(theirs) = theirs {
            let found = self.found(&tie.columns, &theirs).await?;
            if found.rows > 0 {
                let parent = places.iter().find(|place| place.table.quoted == tie.to);
                let file = parent
                    .map(|parent| &parent.table.file)
                    .filter(|file| !file.is_empty());
                return Ok(Some(CopyProblem::InTheWay {
                    table: parent.map_or_else(|| tie.to.clone(), Place::called),
                    why: format!(
                        "{} of {} {} to rows of it that would go ({}), which {constraint} forbids; `{}` shows {}",
                        found.count(),
                        tie.from,
                        found.verb("refers", "refer"),
                        found.told(&tie.columns),
                        found.select(&tie.from, &tie.columns),
                        if found.keys.len() > SHOWN {
                            "the first of them"
                        } else {
                            "them"
                        },
                    ),
                    constraint,
                    file: file.map_or_else(|| folder.clone(), |file| folder.join(file)),
                }));
            }
        }
        let found = self.found(&tie.columns, &loose).await?;
        if found.rows == 0 {
            return Ok(None);
        }
        let others = lost_since(copies, copy, &tie.to);
        let help = match others.as_slice() {
            [] => format!(
                "`{}` finds all of those once they are back",
                found.select(&tie.to, &tie.keys)
            ),
            ids => format!(
                "rows of {} that were lost since are in the copy {}: take that back first",
                tie.to,
                ids.join(", ")
            ),
        };
        Ok(Some(CopyProblem::InTheWay {
            table: format!("{schema}.{table}"),
            why: format!(
                "{} of it {} to rows of {} that are gone ({}), which {constraint} forbids; {help}",
                found.count(),
                found.verb("refers", "refer"),
                tie.to,
                found.told(&tie.keys),
            ),
            constraint,
            file: child.map_or_else(|| folder.clone(), |child| folder.join(&child.table.file)),
        }))
    }
}

/// Later copies of the same database with rows of a table, the newest first.
fn lost_since(copies: &Copies, copy: &Copy, table: &str) -> Vec<String> {
    let Ok((all, _)) = copies.list() else {
        return Vec::new();
    };
    let holds = |other: &&Copy| {
        other.database == copy.database
            && (&other.at, &other.id) > (&copy.at, &copy.id)
            && other.taken_back.is_none()
            && other.state != State::Pending
            && !other.is_of_undo()
            && other
                .tables
                .iter()
                .any(|held| held.quoted == table && held.rows > 0)
    };
    all.iter()
        .filter(holds)
        .rev()
        .map(|other| other.id.clone())
        .collect()
}
