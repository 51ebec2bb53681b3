//! What a transaction has done to which table: asked of the server, which keeps count.

use std::collections::{HashMap, HashSet};

use super::super::error::Error;
use super::super::session::Session;
use super::super::unseen::INSIDE;

/// A table at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pg) struct Table {
    pub(super) oid: u32,
    pub(super) schema: String,
    pub(super) name: String,
    /// Schema and name as the server writes them in SQL.
    pub(super) quoted: String,
    /// It has rows of its own; a partitioned table has none.
    pub(super) holds: bool,
    /// The file of its rows; another one after `TRUNCATE` and whatever rewrites it.
    node: u32,
    /// Number, type and width of each column, and of each attribute of the composite types that are in it.
    shape: Vec<String>,
    /// Rows inserted, updated and deleted by this session and not yet told to the others.
    counts: [i64; 3],
    /// The topmost table that it is a part of, or itself.
    root: u32,
    /// The columns that are written, in order.
    pub(super) columns: Vec<String>,
    /// The columns of its primary key.
    pub(super) key: Vec<String>,
    /// This session holds a lock on it that keeps readers out.
    locked: bool,
    /// Its triggers of users, each with its state.
    pub(super) triggers: Vec<(String, String)>,
}

impl Table {
    /// For messages.
    pub(super) fn called(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }
}

/// All tables at one moment, by their oid.
pub(in crate::pg) type Tables = HashMap<u32, Table>;

/// How a table lost rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touch {
    /// It is gone, or was emptied or rewritten, or nobody else may read it now: only a copy from before helps.
    Whole,
    /// Rows were deleted or changed: who did not take part still sees them.
    Rows,
}

/// Behind [`INSIDE`].
const TABLES: &str = "
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind = 'r', c.relfilenode,
       coalesce(i.shape, '{}'),
       pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid), pg_catalog.pg_stat_get_xact_tuples_updated(c.oid),
       pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid),
       coalesce(pg_catalog.pg_partition_root(c.oid)::oid, c.oid),
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
             ORDER BY a.attnum),
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_index i
             JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
             WHERE i.indrelid = c.oid AND i.indisprimary ORDER BY a.attnum),
       EXISTS (SELECT FROM pg_catalog.pg_locks l
               WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.relation = c.oid
                 AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
                 AND l.mode = 'AccessExclusiveLock' AND l.granted),
       pg_catalog.format('%I.%I', n.nspname, c.relname),
       ARRAY(SELECT g.tgname::text FROM pg_catalog.pg_trigger g
             WHERE g.tgrelid = c.oid AND NOT g.tgisinternal ORDER BY g.oid),
       ARRAY(SELECT g.tgenabled::text FROM pg_catalog.pg_trigger g
             WHERE g.tgrelid = c.oid AND NOT g.tgisinternal ORDER BY g.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN (
    SELECT i.part_of, pg_catalog.array_agg(pg_catalog.concat_ws(':', i.key, i.declared, i.width)) AS shape
    FROM inside i WHERE i.told GROUP BY i.part_of) AS i ON i.part_of = c.oid
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'cruddur_infra')";

/// A table, its partitions and what inherits from it.
const BELOW: &str = "
WITH RECURSIVE below(oid) AS (
    SELECT pg_catalog.unnest($1::oid[])
    UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN below ON below.oid = i.inhparent)
SELECT oid FROM below";

impl Session {
    /// All tables as they are now. Inside a transaction.
    pub(super) async fn tables_now(&self) -> Result<Tables, Error> {
        let rows = self.rows(&format!("{INSIDE}{TABLES}"), &[]).await?;
        rows.iter()
            .map(|row| {
                let oid: u32 = self.get(row, 0)?;
                let (names, states): (Vec<String>, Vec<String>) =
                    (self.get(row, 14)?, self.get(row, 15)?);
                let table = Table {
                    oid,
                    schema: self.get(row, 1)?,
                    name: self.get(row, 2)?,
                    holds: self.get(row, 3)?,
                    node: self.get(row, 4)?,
                    shape: self.get(row, 5)?,
                    counts: [self.get(row, 6)?, self.get(row, 7)?, self.get(row, 8)?],
                    root: self.get(row, 9)?,
                    columns: self.get(row, 10)?,
                    key: self.get(row, 11)?,
                    locked: self.get(row, 12)?,
                    quoted: self.get(row, 13)?,
                    triggers: names.into_iter().zip(states).collect(),
                };
                Ok((oid, table))
            })
            .collect()
    }

    /// `tables` with everything below them.
    pub(super) async fn with_parts(&self, tables: &HashSet<u32>) -> Result<HashSet<u32>, Error> {
        let list: Vec<u32> = tables.iter().copied().collect();
        let ty = tokio_postgres::types::Type::OID_ARRAY;
        let rows = self.rows(BELOW, &[(&list, ty)]).await?;
        rows.iter().map(|row| self.get(row, 0)).collect()
    }
}

impl Session {
    /// All tables as they are now, to be compared with [`changes`]. Inside a transaction.
    pub(in crate::pg) async fn row_changes(&self) -> Result<Tables, Error> {
        self.tables_now().await
    }
}

/// Where rows were updated and deleted between two moments of a transaction, and how many; a row that is changed twice
/// counts twice.
pub(in crate::pg) fn changes(before: &Tables, after: &Tables) -> Vec<(String, u64, u64)> {
    let mut found: Vec<_> = after
        .iter()
        .filter_map(|(oid, is)| {
            let was = before.get(oid)?;
            let more = |at: usize| u64::try_from(is.counts[at] - was.counts[at]).unwrap_or(0);
            let (updated, deleted) = (more(1), more(2));
            (updated + deleted > 0).then(|| (is.called(), updated, deleted))
        })
        .collect();
    found.sort();
    found
}

/// Which of the tables that were there `before` lost rows by what the session did until `after`.
pub(super) fn touched(before: &Tables, after: &Tables) -> HashMap<u32, Touch> {
    let mut found = HashMap::new();
    let mut roots = HashSet::new();
    for (oid, was) in before {
        let Some(is) = after.get(oid) else {
            found.insert(*oid, Touch::Whole);
            continue;
        };
        // a column that was added is no loss
        let narrowed = was.shape.iter().any(|column| !is.shape.contains(column));
        let changed = |at: usize| is.counts[at] > was.counts[at];
        if was.node != is.node || narrowed {
            found.insert(*oid, Touch::Whole);
        } else if changed(1) || changed(2) {
            let touch = if is.locked { Touch::Whole } else { Touch::Rows };
            found.insert(*oid, touch);
            roots.insert(was.root);
        }
    }
    // a row that went into another partition is deleted in one and inserted in the other
    for (oid, was) in before {
        if let Some(is) = after.get(oid)
            && roots.contains(&was.root)
            && is.counts[0] > was.counts[0]
        {
            let touch = if is.locked { Touch::Whole } else { Touch::Rows };
            found.entry(*oid).or_insert(touch);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(oid: u32) -> Table {
        Table {
            oid,
            schema: "public".into(),
            name: format!("t{oid}"),
            quoted: format!("public.t{oid}"),
            triggers: Vec::new(),
            holds: true,
            node: 1,
            shape: vec!["1:23:-1".into(), "2:25:-1".into()],
            counts: [5, 5, 5],
            root: oid,
            columns: Vec::new(),
            key: Vec::new(),
            locked: false,
        }
    }

    fn told(change: impl Fn(&mut Table)) -> Option<Touch> {
        let before: Tables = [(1, table(1))].into();
        let mut after = before.clone();
        change(after.get_mut(&1).unwrap());
        touched(&before, &after).get(&1).copied()
    }

    #[test]
    fn what_loses_rows_is_told_from_what_does_not() {
        assert_eq!(told(|_| {}), None);
        assert_eq!(told(|t| t.counts[0] += 9), None, "rows that came");
        assert_eq!(told(|t| t.counts[1] += 1), Some(Touch::Rows));
        assert_eq!(told(|t| t.counts[2] += 1), Some(Touch::Rows));
        assert_eq!(told(|t| t.node = 2), Some(Touch::Whole));
        assert_eq!(told(|t| t.shape.truncate(1)), Some(Touch::Whole));
        assert_eq!(told(|t| t.shape[0] = "1:20:-1".into()), Some(Touch::Whole));
        assert_eq!(told(|t| t.shape.push("3:25:-1".into())), None);
        assert_eq!(told(|t| t.locked = true), None);
        let locked = told(|t| {
            t.locked = true;
            t.counts[2] += 1;
        });
        assert_eq!(locked, Some(Touch::Whole), "no second session can read it");
        let before: Tables = [(1, table(1))].into();
        assert_eq!(touched(&before, &Tables::new())[&1], Touch::Whole);
        assert!(touched(&Tables::new(), &before).is_empty(), "new tables");
    }

    #[test]
    fn a_row_that_moves_to_another_partition_touches_both() {
        let part = |oid| Table {
            root: 9,
            ..table(oid)
        };
        let before: Tables = [(1, part(1)), (2, part(2)), (3, table(3))].into();
        let mut after = before.clone();
        after.get_mut(&1).unwrap().counts[2] += 1;
        after.get_mut(&2).unwrap().counts[0] += 1;
        after.get_mut(&3).unwrap().counts[0] += 1;
        let found = touched(&before, &after);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[&2], Touch::Rows);
    }
}
