//! Names that a script changes on its way: after `ALTER TABLE users RENAME TO old` it is the rows of
//! today's `users` that `DROP TABLE old` throws away.

use super::destructive::Target;
use super::names::{ObjectName, Tokens};

/// The renames so far, each as (name now, name before).
#[derive(Default)]
pub(super) struct Renames {
    tables: Vec<(ObjectName, ObjectName)>,
    schemas: Vec<(String, String)>,
}

impl Renames {
    /// Notes what the statement renames, if it does.
    pub(super) fn follow(&mut self, tokens: &Tokens<'_>) {
        if tokens.words(0, &["alter", "schema"]) {
            if let Some(before) = tokens.identifier(2)
                && tokens.words(3, &["rename", "to"])
                && let Some(now) = tokens.identifier(5)
            {
                self.schemas.push((now, before));
            }
            return;
        }
        if !tokens.words(0, &["alter", "table"]) {
            return;
        }
        let at = tokens.skip(tokens.skip(2, &["if", "exists"]), &["only"]);
        let Some((before, at)) = tokens.name(at) else {
            return;
        };
        let Some(to) = tokens.identifier(at + 2) else {
            return;
        };
        let mut now = before.clone();
        if tokens.words(at, &["rename", "to"]) {
            now.name = to;
        } else if tokens.words(at, &["set", "schema"]) {
            now.schema = Some(to);
        } else {
            return;
        }
        self.tables.push((now, before));
    }

    /// Leads `target` back to the name it has before the script runs.
    pub(super) fn undo(&self, target: &mut Target) {
        match target {
            Target::Table(table) | Target::Column { table, .. } => {
                for (now, before) in self.tables.iter().rev() {
                    // Without a schema it may be the one meant.
                    let same_schema = match (&now.schema, &table.schema) {
                        (Some(one), Some(other)) => one == other,
                        _ => true,
                    };
                    if now.name == table.name && same_schema {
                        *table = before.clone();
                    }
                }
                if let Some(schema) = &mut table.schema {
                    self.undo_schema(schema);
                }
            }
            Target::Schema(schema) => self.undo_schema(schema),
            Target::OwnedBy(_) | Target::Unknown => {}
        }
    }

    fn undo_schema(&self, schema: &mut String) {
        for (now, before) in self.schemas.iter().rev() {
            if now == schema {
                schema.clone_from(before);
            }
        }
    }
}
