//! A whole database, renamed instead of dropped: at once, complete, and on the server whatever becomes of this machine.
//! It costs its storage until it is discarded.

use serde::{Deserialize, Serialize};
use tokio_postgres::types::Type;

use super::super::error::Error;
use super::super::session::Session;
use super::super::{quote_identifier, quote_literal};
use super::copy::OF_UNDO;

/// How often it is tried while others keep connecting.
const ATTEMPTS: usize = 5;
/// The longest name that Postgres does not cut off, in bytes.
const LONGEST: usize = 63;

/// A database that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Aside {
    /// Its name now.
    pub name: String,
    /// Its name before.
    pub of: String,
    /// When, by the server's clock, in UTC.
    pub at: String,
    /// What set it aside.
    pub what: String,
    /// Its size on the disk; nothing where the user may not ask.
    pub bytes: Option<u64>,
}

impl Aside {
    /// Whether it made way for one that was brought back.
    #[must_use]
    pub fn is_of_undo(&self) -> bool {
        self.what.starts_with(OF_UNDO)
    }
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetAside {
    /// It has another name now.
    Done(Aside),
    /// There is none.
    Absent,
    /// Others connected as fast as they were cut off. Nothing was changed.
    InUse,
}

/// What the database's comment says.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    cruddur_infra: String,
    of: String,
    at: String,
    what: String,
    /// The comment that it had before.
    comment: Option<String>,
}

const MARK: &str = "undo";

const ASIDES: &str = "
SELECT d.datname::text, pg_catalog.shobj_description(d.oid, 'pg_database'),
       CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT') THEN pg_catalog.pg_database_size(d.oid) END
FROM pg_catalog.pg_database d
WHERE pg_catalog.shobj_description(d.oid, 'pg_database') LIKE '{%' ORDER BY d.datname";

const OTHERS: &str = "
SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
WHERE datname = ANY ($1) AND pid <> pg_catalog.pg_backend_pid()";

impl Session {
    /// Renames a database out of the way and cuts off whoever is connected to it. Not from within.
    ///
    /// # Errors
    /// What the server says: 42501 where the database is not the user's, or may not be renamed by them.
    pub async fn set_aside(&self, database: &str, what: &str) -> Result<SetAside, Error> {
        match self.exchange(database, None, what).await? {
            Exchange::InUse => Ok(SetAside::InUse),
            Exchange::Done(Some(aside)) => Ok(SetAside::Done(aside)),
            Exchange::Done(None) => Ok(SetAside::Absent),
        }
    }

    /// Gives a database that was set aside its name back. One that has the name by now is set aside in its place, in
    /// the same transaction, and returned.
    ///
    /// # Errors
    /// What the server says. [`Error::Protocol`] where others keep connecting: nothing was changed then.
    pub async fn bring_back(&self, aside: &Aside) -> Result<Option<Aside>, Error> {
        let what = format!("{OF_UNDO}{}", aside.name);
        match self.exchange(&aside.of, Some(&aside.name), &what).await? {
            Exchange::Done(instead) => Ok(instead),
            Exchange::InUse => Err(Error::Protocol(format!(
                "others connect to {} as fast as they are cut off; nothing was changed",
                aside.of
            ))),
        }
    }

    /// The databases that were set aside, oldest first.
    ///
    /// # Errors
    /// What the server says.
    pub async fn asides(&self) -> Result<Vec<Aside>, Error> {
        let mut found = Vec::new();
        for row in self.rows(ASIDES, &[]).await? {
            let comment: String = self.get(&row, 1)?;
            let note: Option<Note> = serde_json::from_str(&comment).ok();
            let bytes: Option<i64> = self.get(&row, 2)?;
            let Some(note) = note.filter(|note| note.cruddur_infra == MARK) else {
                continue;
            };
            found.push(Aside {
                name: self.get(&row, 0)?,
                of: note.of,
                at: note.at,
                what: note.what,
                bytes: bytes.and_then(|bytes| u64::try_from(bytes).ok()),
            });
        }
        found.sort_by(|a, b| (&a.at, &a.name).cmp(&(&b.at, &b.name)));
        Ok(found)
    }

    /// In one transaction: `database`, if there is one, becomes an aside, and `back` becomes `database`.
    async fn exchange(
        &self,
        database: &str,
        back: Option<&str>,
        what: &str,
    ) -> Result<Exchange, Error> {
        let mut number = 1;
        for _ in 0..ATTEMPTS {
            let there = self.has_database(database).await?;
            if !there && back.is_none() {
                return Ok(Exchange::Done(None));
            }
            let names: Vec<&str> = std::iter::once(database).chain(back).collect();
            self.rows(OTHERS, &[(&names, Type::TEXT_ARRAY)]).await?;
            // the rename waits some seconds for those to be gone, and keeps new ones out meanwhile
            self.batch("BEGIN").await?;
            let done = self.renamed(database, there, back, what, number).await;
            let done = match done {
                Ok(aside) => self.batch("COMMIT").await.map(|()| aside),
                Err(error) => Err(error),
            };
            match done {
                Ok(aside) => return Ok(Exchange::Done(aside)),
                Err(error) if error.ends_connection() => return Err(error),
                Err(error) => {
                    self.batch("ROLLBACK").await?;
                    match error.sqlstate() {
                        // gone, or there, since it was looked for
                        Some("55006" | "3D000") => {}
                        Some("42P04" | "23505") => number += 1,
                        _ => return Err(error),
                    }
                }
            }
        }
        Ok(Exchange::InUse)
    }

    async fn renamed(
        &self,
        database: &str,
        there: bool,
        back: Option<&str>,
        what: &str,
        number: usize,
    ) -> Result<Option<Aside>, Error> {
        let mut aside = None;
        if there {
            let (_, at, id) = self.now().await?;
            let name = name(database, &id.replace('-', "_"), number);
            let bytes = self.size_of_database(database).await?;
            let note = Note {
                cruddur_infra: MARK.to_owned(),
                of: database.to_owned(),
                at: at.clone(),
                what: what.to_owned(),
                comment: self.comment(database).await?,
            };
            self.rename(database, &name).await?;
            let text = serde_json::to_string(&note).map_err(|e| Error::Protocol(e.to_string()))?;
            self.set_comment(&name, Some(&text)).await?;
            aside = Some(Aside {
                name,
                of: note.of,
                at,
                what: note.what,
                bytes,
            });
        }
        if let Some(back) = back {
            let comment = self.comment(back).await?;
            let note: Option<Note> = comment.and_then(|text| serde_json::from_str(&text).ok());
            self.rename(back, database).await?;
            let before = note.and_then(|note| note.comment);
            self.set_comment(database, before.as_deref()).await?;
        }
        Ok(aside)
    }

    async fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        let (from, to) = (quote_identifier(from), quote_identifier(to));
        self.batch(&format!("ALTER DATABASE {from} RENAME TO {to}"))
            .await
    }

    async fn set_comment(&self, database: &str, text: Option<&str>) -> Result<(), Error> {
        let text = text.map_or_else(|| "NULL".to_owned(), quote_literal);
        let database = quote_identifier(database);
        self.batch(&format!("COMMENT ON DATABASE {database} IS {text}"))
            .await
    }

    async fn comment(&self, database: &str) -> Result<Option<String>, Error> {
        let sql = "SELECT pg_catalog.shobj_description(oid, 'pg_database')
                   FROM pg_catalog.pg_database WHERE datname = $1";
        match self.rows(sql, &[(&database, Type::TEXT)]).await?.first() {
            Some(row) => self.get(row, 0),
            None => Ok(None),
        }
    }

    async fn size_of_database(&self, database: &str) -> Result<Option<u64>, Error> {
        let sql = "SELECT CASE WHEN pg_catalog.has_database_privilege(oid, 'CONNECT')
                               THEN pg_catalog.pg_database_size(oid) END
                   FROM pg_catalog.pg_database WHERE datname = $1";
        let bytes: Option<i64> = match self.rows(sql, &[(&database, Type::TEXT)]).await?.first() {
            Some(row) => self.get(row, 0)?,
            None => None,
        };
        Ok(bytes.and_then(|bytes| u64::try_from(bytes).ok()))
    }
}

enum Exchange {
    Done(Option<Aside>),
    InUse,
}

/// `cruddur_undo_20261127_100424`, short enough to be kept as it is.
fn name(database: &str, id: &str, number: usize) -> String {
    let mut end = format!("_undo_{id}");
    if number > 1 {
        end += &format!("_{number}");
    }
    let mut cut = database.len().min(LONGEST - end.len());
    while !database.is_char_boundary(cut) {
        cut -= 1;
    }
    format!("{}{end}", &database[..cut])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_and_are_cut_between_characters() {
        assert_eq!(
            name("cruddur", "20261127_100424", 1),
            "cruddur_undo_20261127_100424"
        );
        for number in [1, 12] {
            let long = name(&"é".repeat(31), "20261127_100424", number);
            assert!(long.len() <= 63 && long.starts_with('é'), "{long}");
        }
    }
}
