//! What is put out of the way while rows come back, and put back afterwards: foreign keys, triggers and rules. And whether
//! anything else was changed meanwhile.

use std::collections::HashSet;

use super::super::error::Error;
use super::super::session::Session;
use super::problem::CopyProblem;
use super::tables::same_key;
use super::watch::{Tables, changes};
use super::ways::{Place, Way};

impl Session {
    /// Takes away what is in the way: foreign keys from and to the tables, their checks that
    /// rows of before need not pass, their rows, or the tables themselves.
    /// Triggers of users and rules sleep meanwhile: what they do was done when the rows were written first. Returns the
    /// statements that wake the rules.
    pub(super) async fn clear(&self, places: &[Place]) -> Result<Vec<String>, Error> {
        let all: Vec<u32> = places
            .iter()
            .filter_map(|place| place.is.as_ref().map(|is| is.oid))
            .collect();
        let ty = tokio_postgres::types::Type::OID_ARRAY;
        for row in self.rows(FOREIGN_KEYS, &[(&all, ty)]).await? {
            let sql: String = self.get(&row, 0)?;
            self.batch(&sql).await?;
        }
        // each again where a part has it of its own besides what came from above
        loop {
            let ty = tokio_postgres::types::Type::OID_ARRAY;
            let unchecked = self.rows(UNCHECKED, &[(&all, ty)]).await?;
            for row in &unchecked {
                let sql: String = self.get(row, 0)?;
                self.batch(&sql).await?;
            }
            if unchecked.is_empty() {
                break;
            }
        }
        let mut asleep = Vec::new();
        for place in places {
            let (sql, Some(is)) = (place.sql(), &place.is) else {
                continue;
            };
            match place.way {
                Way::Replace => {
                    let gone = format!("DROP TABLE IF EXISTS {sql} CASCADE");
                    self.batch(&gone).await?;
                }
                Way::Refill | Way::Merge if is.holds => {
                    let sleep = "SELECT 1 FROM pg_catalog.pg_trigger
                                 WHERE tgrelid = $1 AND NOT tgisinternal AND tgenabled <> 'D'";
                    let ty = tokio_postgres::types::Type::OID;
                    if !self.rows(sleep, &[(&is.oid, ty)]).await?.is_empty() {
                        self.batch(&format!("ALTER TABLE ONLY {sql} DISABLE TRIGGER USER"))
                            .await?;
                    }
                    if place.way == Way::Merge {
                        asleep.extend(self.rules_sleep(is.oid).await?);
                    }
                    self.empty(place, sql).await?;
                }
                _ => {}
            }
        }
        Ok(asleep)
    }

    async fn rules_sleep(&self, table: u32) -> Result<Vec<String>, Error> {
        let ty = tokio_postgres::types::Type::OID;
        let mut wake = Vec::new();
        for row in self.rows(RULES, &[(&table, ty)]).await? {
            let sleep: String = self.get(&row, 0)?;
            self.batch(&sleep).await?;
            wake.push(self.get(&row, 1)?);
        }
        Ok(wake)
    }

    async fn empty(&self, place: &Place, sql: &str) -> Result<(), Error> {
        let Some((old, new, key)) = place.staged() else {
            return self.batch(&format!("TRUNCATE ONLY {sql}")).await;
        };
        for staged in [old, new] {
            let delete = format!(
                "DELETE FROM ONLY {sql} AS x USING {staged} AS s WHERE {}",
                same_key(key, "s", "x")
            );
            self.unhurried(&delete).await?;
        }
        Ok(())
    }

    /// Wakes the triggers and rules that [`Session::clear`] put to sleep.
    pub(super) async fn wake(&self, places: &[Place], rules: &[String]) -> Result<(), Error> {
        for sql in rules {
            self.batch(sql).await?;
        }
        for place in places {
            let (Way::Refill | Way::Merge, Some(is), true) = (place.way, &place.is, place.holds())
            else {
                continue;
            };
            for (trigger, state) in &is.triggers {
                let how = match state.as_str() {
                    "R" => "ENABLE REPLICA",
                    "A" => "ENABLE ALWAYS",
                    "D" => "DISABLE",
                    _ => "ENABLE",
                };
                let name = super::quote_identifier(trigger);
                let sql = format!("ALTER TABLE ONLY {} {how} TRIGGER {name}", place.sql());
                self.batch(&sql).await?;
            }
        }
        Ok(())
    }

    /// Fails where rows of tables were changed or deleted that are none of the places, which nothing here does by
    /// itself: of those there would be no copy.
    pub(super) async fn touched_nothing_else(
        &self,
        places: &[Place],
        before: &Tables,
    ) -> Result<(), Error> {
        let own: HashSet<u32> = places
            .iter()
            .filter_map(|place| place.is.as_ref().map(|is| is.oid))
            .collect();
        let mut others = before.clone();
        others.retain(|oid, _| !own.contains(oid));
        match changes(&others, &self.tables_now().await?).first() {
            None => Ok(()),
            Some((table, updated, deleted)) => Err(CopyProblem::NoPlace {
                table: places.first().map_or_else(String::new, Place::called),
                why: format!(
                    "something that is set off on the way (an event trigger, a function of an index or a constraint) \
                     updates {updated} and deletes {deleted} rows of {table}, of which the copy knows nothing. Disable it, \
                     then run the same command again"
                ),
            }
            .into()),
        }
    }
}

/// Statements that drop every foreign key from and to some tables, at the top of what they are parts of.
const FOREIGN_KEYS: &str = "
WITH RECURSIVE up(oid) AS (
    SELECT pg_catalog.unnest($1::oid[])
    UNION SELECT i.inhparent FROM pg_catalog.pg_inherits i JOIN up ON up.oid = i.inhrelid)
SELECT DISTINCT pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname)
FROM pg_catalog.pg_constraint k
WHERE k.contype = 'f' AND k.conparentid = 0
  AND (k.conrelid IN (SELECT oid FROM up) OR k.confrelid IN (SELECT oid FROM up))";

/// Statements that put the rules of a table to sleep that are asked when a row is deleted, and those that wake them as
/// they were. `COPY` and `TRUNCATE` ask none.
const RULES: &str = "
SELECT pg_catalog.format('ALTER TABLE ONLY %s DISABLE RULE %I', w.ev_class::regclass, w.rulename),
       pg_catalog.format('ALTER TABLE ONLY %s %s RULE %I', w.ev_class::regclass,
           CASE w.ev_enabled WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END, w.rulename)
FROM pg_catalog.pg_rewrite w
WHERE w.ev_class = $1 AND w.ev_type = '4' AND w.rulename <> '_RETURN' AND w.ev_enabled <> 'D'";

/// Statements that drop the checks that were never made of rows that were there, at the top of what inherits them. Rows
/// that come back would be checked as new ones are.
const UNCHECKED: &str = "
WITH RECURSIVE up(oid, name) AS (
    SELECT k.conrelid, k.conname FROM pg_catalog.pg_constraint k
    WHERE k.conrelid = ANY ($1) AND k.contype = 'c' AND NOT k.convalidated
    UNION SELECT i.inhparent, up.name FROM pg_catalog.pg_inherits i JOIN up ON up.oid = i.inhrelid)
SELECT pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname)
FROM pg_catalog.pg_constraint k JOIN up ON up.oid = k.conrelid AND up.name = k.conname
WHERE k.contype = 'c' AND k.coninhcount = 0";
