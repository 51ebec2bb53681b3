//! Whose rights it takes to take a copy back. Whoever may delete rows may not always put them back: foreign keys are
//! taken off and put back, and triggers put to sleep, which the owner of their table alone may.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tokio_postgres::types::Type;

use super::super::error::Error;
use super::super::session::Session;
use super::copy::{Copy, Form};
use super::problem::CopyProblem;
use super::quote_identifier;
use super::rest::in_place_of;

/// What a user lacks on a table to take a copy back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lack {
    /// The table, as SQL has it.
    table: String,
    /// The role that owns it.
    owner: String,
    /// The right that is missing; all that an owner has where it is none.
    right: Option<String>,
}

/// `own public.b (owner alice) and have INSERT on public.a`
pub(super) fn needs(lacks: &[Lack]) -> String {
    let each: Vec<String> = lacks
        .iter()
        .map(|lack| match &lack.right {
            Some(right) => format!("have {right} on {}", lack.table),
            None => format!("own {} (as {} and its members do)", lack.table, lack.owner),
        })
        .collect();
    each.join(" and ")
}

/// The statements that give a user what is lacking.
pub(super) fn grants(lacks: &[Lack], user: &str) -> String {
    let each: BTreeSet<String> = lacks
        .iter()
        .map(|lack| match &lack.right {
            Some(right) => format!("{right} ON {}", lack.table),
            None => quote_identifier(&lack.owner),
        })
        .collect();
    let user = quote_identifier(user);
    let each: Vec<String> = each
        .iter()
        .map(|what| format!("GRANT {what} TO {user}"))
        .collect();
    each.join("; ")
}

/// What is needed of which tables: `whole` become what they were, of `rows` some are exchanged, `changed` get or lose
/// something that belongs to them.
#[derive(Debug, Default)]
pub(super) struct Concerned {
    pub(super) whole: Vec<u32>,
    pub(super) rows: Vec<u32>,
    pub(super) changed: Vec<u32>,
}

/// What the user lacks on those tables and on those around them.
const LACKING: &str = "
WITH RECURSIVE up(oid) AS (
    SELECT pg_catalog.unnest($1::oid[] || $2::oid[])
    UNION SELECT i.inhparent FROM pg_catalog.pg_inherits i JOIN up ON up.oid = i.inhrelid
), tie AS (
    SELECT k.* FROM pg_catalog.pg_constraint k
    WHERE k.contype = 'f' AND k.conparentid = 0
      AND (k.conrelid IN (SELECT oid FROM up) OR k.confrelid IN (SELECT oid FROM up))
), needed(oid, what) AS (
    SELECT pg_catalog.unnest($3::oid[]), NULL
    UNION SELECT tie.conrelid, NULL FROM tie
    UNION SELECT k.conrelid, NULL FROM pg_catalog.pg_constraint k JOIN up ON up.oid = k.conrelid
    WHERE k.contype = 'c' AND NOT k.convalidated
    UNION SELECT g.tgrelid, NULL FROM pg_catalog.pg_trigger g
    WHERE g.tgrelid = ANY ($1 || $2) AND NOT g.tgisinternal AND g.tgenabled <> 'D'
    UNION SELECT w.ev_class, NULL FROM pg_catalog.pg_rewrite w
    WHERE w.ev_class = ANY ($2) AND w.ev_type = '4' AND w.rulename <> '_RETURN' AND w.ev_enabled <> 'D'
    UNION SELECT tie.confrelid, 'REFERENCES' FROM tie
    WHERE EXISTS (SELECT FROM pg_catalog.unnest(tie.confkey) AS u(num)
                  WHERE NOT pg_catalog.has_column_privilege(tie.confrelid, u.num, 'REFERENCES'))
    UNION SELECT t.oid, 'TRUNCATE' FROM pg_catalog.unnest($1::oid[]) AS t(oid)
    WHERE NOT pg_catalog.has_table_privilege(t.oid, 'TRUNCATE')
    UNION SELECT t.oid, 'INSERT' FROM pg_catalog.unnest($1::oid[] || $2::oid[]) AS t(oid)
    WHERE NOT pg_catalog.has_any_column_privilege(t.oid, 'INSERT')
    UNION SELECT t.oid, 'DELETE' FROM pg_catalog.unnest($2::oid[]) AS t(oid)
    WHERE NOT pg_catalog.has_table_privilege(t.oid, 'DELETE')
)
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.pg_get_userbyid(c.relowner)::text, needed.what,
       current_user::text
FROM needed JOIN pg_catalog.pg_class c ON c.oid = needed.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
-- an owner has the rest
WHERE NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
  AND (needed.what IS NULL OR NOT EXISTS (SELECT FROM needed o WHERE o.oid = needed.oid AND o.what IS NULL))
ORDER BY 1, 3";

impl Session {
    /// What the user lacks for that, and the user's name.
    pub(super) async fn lacking(&self, of: &Concerned) -> Result<(Vec<Lack>, String), Error> {
        let ty = Type::OID_ARRAY;
        let lists = [(&of.whole, &ty), (&of.rows, &ty), (&of.changed, &ty)];
        let lists = lists.map(|(list, ty)| {
            (
                list as &(dyn tokio_postgres::types::ToSql + Sync),
                ty.clone(),
            )
        });
        let (mut lacks, mut user) = (Vec::new(), String::new());
        for row in self.rows(LACKING, &lists).await? {
            lacks.push(Lack {
                table: self.get(&row, 0)?,
                owner: self.get(&row, 1)?,
                right: self.get(&row, 2)?,
            });
            user = self.get(&row, 3)?;
        }
        Ok((lacks, user))
    }

    /// Fails where the user may not take a copy back, before anything is read, locked or changed. `here`: it is of this
    /// database.
    pub(super) async fn may_take_back(&self, copy: &Copy, here: bool) -> Result<(), Error> {
        let now = self.tables_now().await?;
        let mut concerned = Concerned::default();
        for table in &copy.tables {
            let Some(is) = in_place_of(table, &now, here)? else {
                continue;
            };
            match table.form {
                Form::Whole { .. } => concerned.whole.push(is.oid),
                Form::Rows { .. } => {
                    concerned.rows.push(is.oid);
                    continue;
                }
            }
            // it is given its name back
            if (&is.schema, &is.name) != (&table.schema, &table.name) {
                concerned.changed.push(is.oid);
            }
        }
        // foreign keys that are gone are put back at tables that are there
        let keys: Vec<&str> = copy
            .objects
            .iter()
            .filter(|object| object.kind == "foreign key")
            .map(|object| object.sql.as_str())
            .collect();
        for is in now.values() {
            let own = format!("ALTER TABLE {} ADD CONSTRAINT ", is.quoted);
            if keys.iter().any(|sql| sql.starts_with(&own)) {
                concerned.changed.push(is.oid);
            }
        }
        self.has_rights(copy, &concerned).await
    }

    /// Fails where the user lacks a right.
    pub(super) async fn has_rights(&self, copy: &Copy, concerned: &Concerned) -> Result<(), Error> {
        let (lacks, user) = self.lacking(concerned).await?;
        if lacks.is_empty() {
            return Ok(());
        }
        Err(CopyProblem::NotTheirs {
            id: copy.id.clone(),
            user,
            lacks,
        }
        .into())
    }
}
