//! Taking a copy back, in one transaction.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::Serialize;

use super::super::error::Error;
use super::super::run::Progress;
use super::super::session::Session;
use super::copy::{
    Copy, Entry, FORMAT, Form, OF_UNDO, ScriptRun, Sequence, State, TableCopy, TakenBack,
};
use super::keep::Keeper;
use super::objects::{AFTER_ROWS, Object, needed};
use super::problem::{CopyProblem, explained};
use super::rest::{in_place_of, one_place_each, types_are_free};
use super::rights::Concerned;
use super::settle::Pending;
use super::store::{Copies, Partial};
use super::stream::SETTINGS;
use super::ways::{Place, Way};

/// A table in which something has changed since the copy was made, which taking it back would overwrite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overwritten {
    /// `schema.table`.
    pub table: String,
    /// How many rows of today would go or change.
    pub rows: u64,
}

impl fmt::Display for Overwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = if self.rows == 1 { "row" } else { "rows" };
        write!(f, "{}: {} {rows}", self.table, self.rows)
    }
}

/// What taking back did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    /// The copy that was taken back.
    pub copy: Copy,
    /// What could not be brought back, though all rows were.
    pub could_not: Vec<String>,
    /// The script that counts as not run, or as run in its version before.
    pub script: Option<ScriptRun>,
    /// What was overwritten, and of what there was no copy since.
    pub overwritten: Vec<Overwritten>,
    /// The copy of what was overwritten, where there was anything.
    pub kept: Option<Copy>,
}

impl Session {
    /// Takes a copy back: its tables are as they were, with their definitions. What is there now and would be
    /// overwritten is copied before, if there is a keeper. `database` is this one, as copies name it. `on_progress` is
    /// told where another run has to end first.
    ///
    /// # Errors
    /// [`Error::Overwrites`] where rows have come or changed since and nobody agreed to lose them. After any error but
    /// [`Error::CommitUnknown`] nothing is changed.
    pub async fn undo(
        &mut self,
        copies: &Copies,
        id: &str,
        keeper: Option<&Keeper>,
        (database, consent): (&str, bool),
        mut on_progress: impl FnMut(Progress) + Send,
    ) -> Result<Undone, Error> {
        self.recover().await?;
        self.unfinished = true;
        self.lock(&mut on_progress).await?;
        let result = self
            .taking_back(copies, id, keeper, (database, consent))
            .await;
        let lost = result.as_ref().is_err_and(Error::ends_connection)
            || matches!(result, Err(Error::CommitUnknown { .. }));
        if !lost && self.clean_up().await.is_ok() {
            self.unfinished = false;
        }
        result
    }

    async fn taking_back(
        &mut self,
        copies: &Copies,
        id: &str,
        keeper: Option<&Keeper>,
        (database, consent): (&str, bool),
    ) -> Result<Undone, Error> {
        // under the lock, so that of two at once the second sees what the first has done
        let mut copy = copies.get(id)?;
        if let Some(before) = &copy.taken_back {
            return Err(CopyProblem::TakenBack {
                id: id.to_owned(),
                at: before.at.clone(),
                copy: before.copy.clone(),
            }
            .into());
        }
        let mut settled = vec![copy.clone()];
        // only the server on which it was made knows about it
        if copy.database == database {
            settled = self.settle_copies(copies, database).await?;
        }
        match settled.iter().find(|settled| settled.id == id) {
            None => return Err(CopyProblem::Missing { id: id.to_owned() }.into()),
            Some(found) if found.state == State::Pending => {
                return Err(CopyProblem::InProgress { id: id.to_owned() }.into());
            }
            Some(_) => {}
        }
        self.may_take_back(&copy, copy.database == database).await?;
        copies.verify(&copy).await?;
        self.batch("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
            .await?;
        self.batch(SETTINGS).await?;
        // whatever can be deferred is checked at once: what waits for its check cannot be altered
        self.batch("SET LOCAL lock_timeout = '60s'; SET CONSTRAINTS ALL IMMEDIATE")
            .await?;
        let here = copy.database == database;
        if here {
            self.rename_back(&copy).await?;
        }
        let mut back = Back::begin(self, copies, &copy, keeper, here).await?;
        let overwritten = back.overwritten(self).await?;
        if !overwritten.is_empty() && !consent {
            return Err(Error::Overwrites(overwritten));
        }
        let run = back.run(self).await;
        let (at, pending, could_not, script) = match run {
            Ok(done) => done,
            Err(error) => return Err(back.told(self, error).await),
        };
        let kept = match self.batch("COMMIT").await {
            Ok(()) => pending.map(|pending| pending.settle()),
            Err(error) => {
                let error = if error.ends_connection() {
                    Error::CommitUnknown {
                        script: format!("the undo of {id}"),
                    }
                } else {
                    error
                };
                if let Some(pending) = pending {
                    pending.ended(&error);
                }
                return Err(explained(error, copies, &copy));
            }
        };
        copy.state = State::Kept;
        copy.taken_back = Some(TakenBack {
            at,
            copy: kept.as_ref().map(|kept| kept.id.clone()),
        });
        // where this cannot be written, a second undo finds the rows that are back, and asks
        let _ = copies.rewrite(&copy);
        Ok(Undone {
            copy,
            could_not,
            script,
            overwritten,
            kept,
        })
    }
}

/// A copy on its way back.
struct Back<'a> {
    copies: &'a Copies,
    copy: &'a Copy,
    keeper: Option<&'a Keeper>,
    places: Vec<Place>,
    /// Tables that go, with everything below them.
    doomed: HashSet<u32>,
    objects: Vec<Object>,
    sequences: Vec<(u32, u32, Sequence)>,
    partial: Option<Partial>,
    /// What stays though it would go, for others refer to it.
    spared: Vec<String>,
}

impl<'a> Back<'a> {
    async fn begin(
        session: &Session,
        copies: &'a Copies,
        copy: &'a Copy,
        keeper: Option<&'a Keeper>,
        here: bool,
    ) -> Result<Self, Error> {
        let mut places = Vec::new();
        let now = session.tables_now().await?;
        let mut there = Vec::new();
        let mut among = HashSet::new();
        for table in &copy.tables {
            let is = in_place_of(table, &now, here)?;
            if !matches!(table.form, Form::Whole { .. }) {
                among.extend(is.map(|is| is.oid));
            }
            there.extend(is);
        }
        there.sort_by_key(|table| table.oid);
        one_place_each(&there)?;
        for table in &there {
            let sql = format!("LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE", table.quoted);
            session.batch(&sql).await?;
        }
        // only now does nobody change them any more
        let now = session.tables_now().await?;
        let objects = session.definitions().await?;
        types_are_free(copy, &objects, &among)?;
        let sequences = session.positions().await?;
        for table in &copy.tables {
            let is = in_place_of(table, &now, here)?;
            places.push(Place::of(table, is, copy, &objects)?);
        }
        let goes: HashSet<u32> = places
            .iter()
            .filter(|place| place.way == Way::Replace)
            .filter_map(|place| place.is.as_ref().map(|is| is.oid))
            .collect();
        let doomed = session.with_parts(&goes).await?;
        for place in &mut places {
            place.falls_with(&doomed)?;
        }
        // parts of what goes, which have rows of their own and of which the copy knows nothing
        for table in doomed.iter().filter_map(|oid| now.get(oid)) {
            if !places
                .iter()
                .any(|p| p.is.as_ref().is_some_and(|is| is.oid == table.oid))
            {
                let sql = format!("LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE", table.quoted);
                session.batch(&sql).await?;
                places.push(Place::bystander(table));
            }
        }
        let replaced = Concerned {
            changed: doomed.iter().copied().collect(),
            ..Concerned::default()
        };
        session.has_rights(copy, &replaced).await?;
        for place in &places {
            session.stage(place, copies, copy).await?;
            session.nothing_empty(place, copies, copy).await?;
        }
        let spared = session.spare(&places).await?;
        Ok(Self {
            copies,
            copy,
            keeper,
            places,
            doomed,
            objects,
            sequences,
            partial: None,
            spared,
        })
    }

    /// What has changed since, and would be overwritten.
    async fn overwritten(&self, session: &Session) -> Result<Vec<Overwritten>, Error> {
        let mut found = Vec::new();
        for place in &self.places {
            let rows = session.changed_since(place).await?;
            if rows > 0 {
                found.push(Overwritten {
                    table: place.called(),
                    rows,
                });
            }
        }
        Ok(found)
    }

    #[allow(clippy::type_complexity)]
    async fn run(
        &mut self,
        session: &Session,
    ) -> Result<(String, Option<Pending>, Vec<String>, Option<ScriptRun>), Error> {
        let (transaction, at, id) = session.now().await?;
        let whole: HashSet<u32> = self
            .places
            .iter()
            .filter(|place| place.way.is_whole())
            .filter_map(|place| place.is.as_ref().map(|is| is.oid))
            .chain(self.doomed.iter().copied())
            .collect();
        let mut tables = Vec::new();
        if let Some(keeper) = self.keeper {
            let partial = keeper.copies.begin()?;
            keeper.copies.room_for(session.size_of(&whole).await?)?;
            for place in &self.places {
                tables.push(session.keep_place(place, &partial).await?);
            }
            self.partial = Some(partial);
        }
        let before = session.tables_now().await?;
        let asleep = session.clear(&self.places).await?;
        let now = session.definitions().await?;
        let missing = self.missing(&now);
        let (first, then): (Vec<_>, Vec<_>) = missing
            .into_iter()
            .partition(|object| object.rank < AFTER_ROWS);
        let mut could_not = session.make(first).await?;
        for place in &self.places {
            session.fill(place, self.copies, self.copy).await?;
        }
        could_not.extend(session.make(then).await?);
        could_not.append(&mut self.spared);
        session.wake(&self.places, &asleep).await?;
        session.touched_nothing_else(&self.places, &before).await?;
        for sequence in &self.copy.sequences {
            if !session.advance(sequence).await? {
                could_not.push(format!("the position of the sequence {}", sequence.name));
            }
        }
        let script = match &self.copy.script {
            Some(run) => {
                let changed = session.unrecord(run).await?;
                if changed.is_none() {
                    could_not.push(format!(
                        "the record of {}: another version of it has run since",
                        run.name
                    ));
                }
                changed
            }
            None => None,
        };
        let pending = match self.partial.take() {
            Some(partial) => {
                let head = (transaction, at.clone(), id);
                self.finish(session, partial, tables, head, &whole, script.clone())
                    .await?
            }
            None => None,
        };
        Ok((at, pending, could_not, script))
    }

    /// An error in the words of those whose rows are concerned.
    async fn told(&self, session: &Session, error: Error) -> Error {
        if let Some(failure) = error
            .failure()
            .filter(|failure| failure.sqlstate == "23503")
            && let Ok(Some(problem)) = session
                .untied(failure, &self.places, self.copies, self.copy)
                .await
        {
            return problem.into();
        }
        explained(error, self.copies, self.copy)
    }

    /// Completes the copy of what was overwritten.
    async fn finish(
        &self,
        session: &Session,
        partial: Partial,
        mut tables: Vec<Option<(TableCopy, u64)>>,
        (transaction, at, id): (u64, String, String),
        whole: &HashSet<u32>,
        script: Option<ScriptRun>,
    ) -> Result<Option<Pending>, Error> {
        let mut bytes = 0;
        let mut done = Vec::new();
        let now = session.tables_now().await?;
        for (place, copied) in self.places.iter().zip(tables.drain(..)) {
            let Some((mut table, size)) = copied else {
                continue;
            };
            bytes += size
                + session
                    .note_after(place, &mut table, &now, &partial)
                    .await?;
            done.push(table);
        }
        if done.iter().all(|table| table.rows == 0) {
            return Ok(None);
        }
        let held = done.iter().map(|table| table.oid).collect();
        let objects = needed(&self.objects, &session.definitions().await?, whole, &held);
        let sequences = self
            .sequences
            .iter()
            .filter(|(_, table, _)| whole.contains(table))
            .map(|(_, _, sequence)| sequence.clone())
            .collect();
        let mut copy = Copy {
            format: FORMAT,
            id,
            at,
            database: self.copy.database.clone(),
            what: format!("{OF_UNDO}{}", self.copy.id),
            state: State::Pending,
            transaction: transaction.to_string(),
            taken_back: None,
            bytes,
            script,
            sums: BTreeMap::new(),
            // whoever did this may do it again
            lacks: Vec::new(),
            tables: done,
            objects,
            sequences,
        };
        let copies = partial.copies().clone();
        partial.finish(&mut copy)?;
        Ok(Some(Pending { copies, copy }))
    }

    /// What the copy knows and what was there a moment ago, of which nothing is there now. What belongs to a table
    /// that goes is that table's.
    fn missing(&self, now: &[Object]) -> Vec<Object> {
        let mut there: HashSet<(&str, &str)> = now.iter().map(Object::named).collect();
        let old = self
            .objects
            .iter()
            .filter(|object| !self.doomed.contains(&object.table));
        let mut missing = Vec::new();
        for object in self.copy.objects.iter().chain(old) {
            if there.insert(object.named()) {
                missing.push(object.clone());
            }
        }
        missing.sort_by_key(|object| object.rank);
        missing
    }
}

impl Session {
    /// Brings the ledger's line to what it was before the script ran, unless the script has run again since. Returns
    /// the way back from that.
    async fn unrecord(&self, run: &ScriptRun) -> Result<Option<ScriptRun>, Error> {
        let now: Option<Entry> = self.ledger_entry(&run.name).await?;
        if now.as_ref().map(|entry| &entry.digest) != run.after.as_ref() {
            return Ok(None);
        }
        self.set_ledger_entry(&run.name, run.before.as_ref())
            .await?;
        Ok(Some(ScriptRun {
            name: run.name.clone(),
            after: run.before.as_ref().map(|entry| entry.digest.clone()),
            before: now,
        }))
    }
}
