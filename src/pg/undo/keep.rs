//! Copies of rows, made before and within the transaction that loses them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use super::super::connect::Connector;
use super::super::connection_url::ConnectionUrl;
use super::super::error::Error;
use super::super::session::Session;
use super::columns;
use super::copy::{Copy, FORMAT, Form, ScriptRun, Sequence, State, TableCopy};
use super::objects::{Object, needed};
use super::problem::CopyProblem;
use super::rights::Concerned;
use super::settle::Pending;
use super::store::{Copies, Partial};
use super::stream::SETTINGS;
use super::tables::{copy_of, readable, same_key, same_row};
use super::watch::{Table, Tables, Touch, touched};

/// The second session does not wait for a lock of the first one.
const LOOK: &str = "BEGIN READ ONLY; SET LOCAL lock_timeout = '10s'; ";

/// Where copies of a database go, and what they are called after.
#[derive(Clone)]
pub struct Keeper {
    pub(super) copies: Copies,
    connector: Connector,
    url: ConnectionUrl,
    what: String,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper")
            .field("copies", &self.copies.dir())
            .field("what", &self.what)
            .finish_non_exhaustive()
    }
}

impl Keeper {
    /// Keeps copies of the database of `url`, of which `what` (a script, a query) loses rows.
    #[must_use]
    pub fn new(
        copies: Copies,
        connector: Connector,
        url: ConnectionUrl,
        what: impl Into<String>,
    ) -> Self {
        Self {
            copies,
            connector,
            url,
            what: what.into(),
        }
    }

    /// The database, as copies name it.
    #[must_use]
    pub fn database(&self) -> String {
        database(&self.url)
    }
}

/// A database as copies name it: host, port and name.
pub(super) fn database(url: &ConnectionUrl) -> String {
    format!(
        "{}:{}/{}",
        url.host(),
        url.port(),
        url.database().unwrap_or_default()
    )
}

/// What came of keeping.
pub(in crate::pg) enum Kept {
    /// No rows are lost.
    Nothing,
    /// What is lost is copied; the transaction may be committed.
    Copy(Box<Pending>),
    /// Of these tables, too, a copy must be made before: roll back and begin again.
    Again(HashSet<u32>),
}

/// Watches a transaction from its beginning.
pub(in crate::pg) struct Guard<'a> {
    keeper: &'a Keeper,
    /// Made when the first rows are copied: what loses nothing needs no folder that can be written.
    partial: Option<Partial>,
    transaction: u64,
    at: String,
    id: String,
    before: Tables,
    objects: Vec<Object>,
    sequences: Vec<(u32, u32, Sequence)>,
    whole: HashMap<u32, TableCopy>,
    bytes: u64,
}

impl Session {
    /// The settings of a copy, until [`Session::plain`].
    async fn exact(&self) -> Result<(), Error> {
        self.batch("SAVEPOINT cruddur_copy").await?;
        self.batch(SETTINGS).await
    }

    /// The settings as they were; temporary tables made meanwhile are gone.
    async fn plain(&self) -> Result<(), Error> {
        self.batch("ROLLBACK TO SAVEPOINT cruddur_copy; RELEASE SAVEPOINT cruddur_copy")
            .await
    }
}

impl<'a> Guard<'a> {
    /// Begins to watch: the transaction has begun and done nothing. Of the tables of `from_before`, and everything
    /// below them, whole copies are made now, with writers kept out until it ends.
    pub(in crate::pg) async fn begin(
        session: &Session,
        keeper: &'a Keeper,
        from_before: &HashSet<u32>,
    ) -> Result<Self, Error> {
        session.counts_changes().await?;
        let (transaction, at, id) = session.now().await?;
        let before = session.tables_now().await?;
        let mut all: Vec<u32> = session
            .with_parts(from_before)
            .await?
            .into_iter()
            .filter(|oid| before.contains_key(oid))
            .collect();
        all.sort_unstable();
        for table in all.iter().filter_map(|oid| before.get(oid)) {
            let sql = format!(
                "LOCK TABLE ONLY {} IN SHARE ROW EXCLUSIVE MODE",
                table.quoted
            );
            readable(session.batch(&sql).await, &table.called())?;
        }
        let mut guard = Self {
            keeper,
            partial: None,
            transaction,
            at,
            id,
            before,
            objects: Vec::new(),
            sequences: Vec::new(),
            whole: HashMap::new(),
            bytes: 0,
        };
        session.exact().await?;
        guard.objects = session.definitions().await?;
        guard.sequences = session.positions().await?;
        let holding: HashSet<u32> = all.iter().copied().collect();
        let size = session.size_of(&holding).await?;
        keeper.copies.room_for(size)?;
        if size > 0 {
            tracing::debug!(bytes = size, "copies what may be lost");
        }
        for oid in all {
            let table = guard.before[&oid].clone();
            let copy = guard.copy_whole(session, &table).await?;
            guard.whole.insert(oid, copy);
        }
        session.plain().await?;
        Ok(guard)
    }

    fn partial(&mut self) -> Result<&Partial, Error> {
        let partial = match self.partial.take() {
            Some(partial) => partial,
            None => self.keeper.copies.begin()?,
        };
        Ok(self.partial.insert(partial))
    }

    /// Copies all rows of a table.
    async fn copy_whole(&mut self, session: &Session, table: &Table) -> Result<TableCopy, Error> {
        let mut copy = TableCopy {
            schema: table.schema.clone(),
            name: table.name.clone(),
            oid: table.oid,
            quoted: table.quoted.clone(),
            columns: table.columns.clone(),
            rows: 0,
            file: String::new(),
            form: Form::Whole { after: None },
        };
        if table.holds {
            copy.file = format!("{}.rows", table.oid);
            let sql = copy_of(&table.quoted, &table.columns);
            let written = session.rows_to(&sql, self.partial()?, &copy.file).await;
            let written = readable(written, &table.called())?;
            copy.rows = written.rows;
            self.bytes += written.bytes;
        }
        Ok(copy)
    }

    /// Looks what was lost, and copies what is not copied yet: the statements have run, nothing is committed.
    pub(in crate::pg) async fn end(
        mut self,
        session: &Session,
        script: Option<ScriptRun>,
    ) -> Result<Kept, Error> {
        let after = session.tables_now().await?;
        let touched = touched(&self.before, &after);
        let late = |touch: Touch| {
            let missed = |(oid, how): (&u32, &Touch)| {
                (*how == touch && !self.whole.contains_key(oid)).then_some(*oid)
            };
            touched.iter().filter_map(missed).collect::<HashSet<u32>>()
        };
        let missed = late(Touch::Whole);
        if !missed.is_empty() {
            return Ok(Kept::Again(missed));
        }
        session.exact().await?;
        let mut tables = Vec::new();
        for (oid, mut copy) in std::mem::take(&mut self.whole) {
            match touched.get(&oid) {
                None => {
                    if let Some(partial) = &self.partial {
                        partial.forget(&copy.file);
                    }
                    continue;
                }
                Some(_) => {
                    // a script may have renamed it, even if another one has its name now; or made one in its place
                    let now = after.get(&oid).or_else(|| {
                        let mut all = after.values();
                        all.find(|now| now.schema == copy.schema && now.name == copy.name)
                    });
                    if let Some(now) = now.filter(|now| now.holds) {
                        let after = Some(session.content(now).await?);
                        copy.form = Form::Whole { after };
                    }
                }
            }
            tables.push((oid, copy));
        }
        let mut rows: Vec<u32> = touched
            .iter()
            .filter(|(oid, how)| **how == Touch::Rows && !tables.iter().any(|(o, _)| o == *oid))
            .map(|(oid, _)| *oid)
            .filter(|oid| after.get(oid).is_some_and(|table| table.holds))
            .collect();
        rows.sort_unstable();
        if !rows.is_empty() {
            match self.copy_rows(session, &rows, &after).await {
                Ok(copied) => tables.extend(copied),
                // the statements locked it, or an index of it, against readers
                Err(error) if error.sqlstate() == Some("55P03") => {
                    return Ok(Kept::Again(rows.into_iter().collect()));
                }
                Err(error) => return Err(error),
            }
        }
        let lost = tables.iter().any(|(_, copy)| copy.rows > 0);
        let Some(partial) = self.partial.take().filter(|_| lost) else {
            session.plain().await?;
            return Ok(Kept::Nothing);
        };
        let whole: HashSet<u32> = tables
            .iter()
            .filter(|(_, copy)| matches!(copy.form, Form::Whole { .. }))
            .map(|(oid, _)| *oid)
            .collect();
        let objects_now = session.definitions().await?;
        let held = tables.iter().map(|(oid, _)| *oid).collect();
        let objects = needed(&self.objects, &objects_now, &whole, &held);
        let sequences_now = session.positions().await?;
        let sequences = self
            .sequences
            .iter()
            .filter(|(oid, table, _)| {
                whole.contains(table) || !sequences_now.iter().any(|(now, _, _)| now == oid)
            })
            .map(|(_, _, sequence)| sequence.clone())
            .collect();
        session.plain().await?;
        // what is gone by now is made by whoever takes it back; what hung on it may be somebody else's
        let mut concerned = Concerned::default();
        for (oid, copy) in tables.iter().filter(|(oid, _)| after.contains_key(oid)) {
            match copy.form {
                Form::Whole { .. } => concerned.whole.push(*oid),
                Form::Rows { .. } => concerned.rows.push(*oid),
            }
        }
        let keys = objects.iter().filter(|object| object.kind == "foreign key");
        concerned.changed = keys
            .map(|object| object.table)
            .filter(|oid| after.contains_key(oid))
            .collect();
        let (lacks, _) = session.lacking(&concerned).await?;
        tables.sort_by(|(_, a), (_, b)| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
        let mut copy = Copy {
            format: FORMAT,
            id: self.id,
            at: self.at,
            database: self.keeper.database(),
            what: self.keeper.what.clone(),
            state: State::Pending,
            transaction: self.transaction.to_string(),
            taken_back: None,
            bytes: self.bytes,
            script,
            sums: BTreeMap::new(),
            lacks,
            tables: tables.into_iter().map(|(_, copy)| copy).collect(),
            objects,
            sequences,
        };
        let copies = self.keeper.copies.clone();
        partial.finish(&mut copy)?;
        Ok(Kept::Copy(Box::new(Pending { copies, copy })))
    }

    /// Copies the rows that were deleted or changed, as a second session still sees them.
    async fn copy_rows(
        &mut self,
        session: &Session,
        tables: &[u32],
        after: &Tables,
    ) -> Result<Vec<(u32, TableCopy)>, Error> {
        let mut other = self.keeper.connector.connect(&self.keeper.url).await?;
        other.unfinished = true;
        let mut found = Vec::new();
        let result = async {
            other.batch(&format!("{LOOK}{SETTINGS}")).await?;
            for oid in tables {
                let (was, is) = (self.before[oid].clone(), &after[oid]);
                let keyed = !was.key.is_empty()
                    && was.key == is.key
                    && was.key.iter().all(|name| was.columns.contains(name));
                let copy = if keyed {
                    self.changed_rows(session, &other, (&was, is)).await?
                } else {
                    let mut copy = self.copy_whole(&other, &was).await?;
                    let after = Some(session.content(is).await?);
                    copy.form = Form::Whole { after };
                    Some(copy)
                };
                found.extend(copy.map(|copy| (*oid, copy)));
            }
            Ok(())
        }
        .await;
        other.close().await;
        result.map(|()| found)
    }

    /// Every row that the transaction deleted or changed has a number in `xmax`, whoever else locked it besides. Of
    /// those with a number, the ones that are still there as they were are left out.
    async fn changed_rows(
        &mut self,
        session: &Session,
        other: &Session,
        (was, table): (&Table, &Table),
    ) -> Result<Option<TableCopy>, Error> {
        let (name, list) = (&table.quoted, columns(&table.columns, ""));
        let (called, transaction) = (table.called(), self.transaction);
        let partial = self.partial()?;
        let (seen, file, written) = (
            format!("{}.seen", table.oid),
            format!("{}.rows", table.oid),
            format!("{}.written", table.oid),
        );
        let marked = format!(
            "COPY (SELECT {list} FROM ONLY {} WHERE xmax <> '0'::pg_catalog.xid)",
            was.quoted
        );
        readable(other.rows_to(&marked, partial, &seen).await, &called)?;
        let temporary = format!("pg_temp.cruddur_old_{}", table.oid);
        let make = format!(
            "CREATE TEMPORARY TABLE {temporary} AS SELECT {list} FROM ONLY {name} WITH NO DATA",
            temporary = temporary.replace("pg_temp.", "")
        );
        session.batch(&make).await?;
        let into = format!("{} FROM STDIN", copy_of(&temporary, &table.columns));
        session.copy_from(&into, &partial.path(&seen)).await?;
        partial.forget(&seen);
        let same = format!(
            "{} AND {}",
            same_key(&table.key, "o", "x"),
            same_row(&table.columns, "o", "x")
        );
        // a number of this transaction or of a part of it; others of that time have ended
        let (era, first) = (transaction >> 32, transaction & 0xffff_ffff);
        let mine = format!(
            "COPY (SELECT {list} FROM ONLY {name} AS x
                   WHERE CASE WHEN x.xmin::pg_catalog.text::pg_catalog.int8 >= {first}
                         THEN pg_catalog.pg_xact_status(({} + x.xmin::pg_catalog.text::pg_catalog.int8)
                              ::pg_catalog.text::pg_catalog.xid8) = 'in progress'
                         ELSE false END
                     -- written again as it was: it stays on the way back
                     AND NOT EXISTS (SELECT FROM {temporary} AS o WHERE {same}))",
            era << 32
        );
        let new = readable(session.rows_to(&mine, partial, &written).await, &called)?;
        session
            .unhurried(&format!(
                "DELETE FROM {temporary} AS o USING ONLY {name} AS x WHERE {same}"
            ))
            .await?;
        let old = copy_of(&temporary, &table.columns);
        let old = session.rows_to(&old, partial, &file).await?;
        if old.rows == 0 && new.rows == 0 {
            partial.forget(&file);
            partial.forget(&written);
            return Ok(None);
        }
        self.bytes += old.bytes + new.bytes;
        Ok(Some(TableCopy {
            schema: table.schema.clone(),
            name: table.name.clone(),
            oid: table.oid,
            quoted: table.quoted.clone(),
            columns: table.columns.clone(),
            rows: old.rows,
            file,
            form: Form::Rows {
                key: table.key.clone(),
                written,
                written_rows: new.rows,
            },
        }))
    }
}

impl Session {
    /// Fails where the server does not count what is done to tables.
    async fn counts_changes(&self) -> Result<(), Error> {
        let sql = "SELECT pg_catalog.current_setting('track_counts') = 'on'";
        match self.rows(sql, &[]).await?.first() {
            Some(row) if self.get::<bool>(row, 0)? => Ok(()),
            _ => Err(CopyProblem::Blind.into()),
        }
    }

    /// The transaction's number, and the time by the server's clock, long and short.
    pub(super) async fn now(&self) -> Result<(u64, String, String), Error> {
        let sql = "SELECT pg_catalog.pg_current_xact_id()::text,
            pg_catalog.to_char(t.now, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), pg_catalog.to_char(t.now, 'YYYYMMDD-HH24MISS')
            FROM (SELECT pg_catalog.clock_timestamp() AT TIME ZONE 'UTC') AS t(now)";
        let rows = self.rows(sql, &[]).await?;
        let Some(row) = rows.first() else {
            return Err(Error::Protocol("no time".to_owned()));
        };
        let number: String = self.get(row, 0)?;
        let number = number
            .parse()
            .map_err(|_| Error::Protocol("no transaction id".to_owned()))?;
        Ok((number, self.get(row, 1)?, self.get(row, 2)?))
    }
}
