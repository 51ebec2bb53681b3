//! What can be said about a role without a database.

use super::grants::{self, Target};
use super::spec::Spec;
use crate::model::Diagnostic;
use crate::pg::roles::Object;
use crate::resource::{Claims, Complaint, Facts, Input};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The longest name in Postgres, in bytes; it cuts longer ones off.
pub const LONGEST_NAME: usize = 63;

/// Says what is wrong with a role's name.
///
/// # Errors
/// The end of a sentence that begins with the name.
pub fn name(name: &str) -> Result<(), &'static str> {
    let lower = name.to_ascii_lowercase();
    if name.trim().is_empty() {
        Err("is empty")
    } else if name.len() > LONGEST_NAME {
        Err("is longer than 63 bytes")
    } else if name.contains('\0') {
        Err("holds a NUL character")
    } else if ["public", "none"].contains(&lower.as_str()) {
        Err("is a word of SQL")
    } else if lower.starts_with("pg_") {
        Err("begins with pg_, which Postgres keeps for itself")
    } else if lower.starts_with("rds") {
        Err("begins with rds, which RDS keeps for itself")
    } else if lower == "postgres" {
        Err("is that of the superuser")
    } else {
        Ok(())
    }
}

/// Returns what other roles may check about it. The database is how it is written, never what it is.
pub fn claims(spec: &Spec, facts: &Facts) -> Value {
    json!({
        "name": facts.get(&spec.name).ok(),
        "database": spec.database.0.to_string(),
    })
}

/// Finds what is wrong with the entry.
pub fn check(spec: &Spec, facts: &Facts, others: &Claims) -> Vec<Complaint> {
    let mut found = Vec::new();
    let mut say = |path: &str, diagnostic: Diagnostic| {
        found.push(Complaint {
            path: path.to_owned(),
            diagnostic,
        });
    };
    if let Ok(text) = facts.get(&spec.name)
        && let Err(why) = name(&text)
    {
        say(
            "name",
            Diagnostic::error("the role cannot have this name")
                .detail(format!("`{text}` {why}."))
                .help("choose another name"),
        );
    }
    if facts
        .secret(&spec.password)
        .is_ok_and(|p| p.expose().is_empty())
    {
        say(
            "password",
            Diagnostic::error("the password is empty")
                .help("a role without a password cannot log in: set the variable"),
        );
    }
    if let Some(Input::Known(limit)) = spec.connection_limit
        && (limit < -1 || limit == 0)
    {
        say(
            "connection_limit",
            Diagnostic::error("the connection limit is not possible")
                .detail(format!("{limit} sessions are none."))
                .help("write 1 or more, or -1 for any number"),
        );
    }
    let own = claims(spec, facts);
    let twin = others.iter().find(|(addr, claims)| {
        addr.kind == facts.addr.kind
            && **addr != facts.addr
            && !own["name"].is_null()
            && **claims == own
    });
    if let Some((addr, _)) = twin {
        say(
            "name",
            Diagnostic::error("two entries are one role")
                .detail(format!(
                    "{addr} has the same name and database. Each would take from it what the other gives."
                ))
                .help("write all grants into one entry, or choose another name"),
        );
    }
    grants_of(spec, &mut say);
    found
}

fn grants_of(spec: &Spec, say: &mut impl FnMut(&str, Diagnostic)) {
    if spec.grants.is_empty() {
        say(
            "",
            Diagnostic::warning("the role may do nothing")
                .detail("There are no grants: it can log in, and has PUBLIC's rights alone.")
                .help("add `grants`"),
        );
    }
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut usable: BTreeSet<String> = BTreeSet::new();
    for (at, grant) in spec.grants.iter().enumerate() {
        let granted = match grants::read(grant) {
            Ok(granted) => granted,
            Err((field, why)) => {
                let path = match field {
                    "" => format!("grants[{at}]"),
                    field => format!("grants[{at}].{field}"),
                };
                say(
                    &path,
                    Diagnostic::error("the grant is not possible").detail(format!("{why}.")),
                );
                continue;
            }
        };
        match granted.target {
            Target::All(_, schema) => {
                used.insert(schema);
            }
            Target::These(objects) => {
                for object in objects {
                    match object {
                        Object::Schema(name) => {
                            if granted.privileges.contains("USAGE") {
                                usable.insert(name);
                            }
                        }
                        Object::Table { schema, .. } | Object::Sequence { schema, .. } => {
                            used.insert(schema);
                        }
                        Object::Column { .. } | Object::Database(_) => {}
                    }
                }
            }
        }
    }
    // everybody may use `public`, unless somebody has changed that
    usable.insert("public".to_owned());
    let blind: Vec<&str> = used.difference(&usable).map(String::as_str).collect();
    if !blind.is_empty() {
        say(
            "grants",
            Diagnostic::warning("rights in a schema that the role may not use")
                .detail(format!(
                    "Without `usage` on {} its tables and sequences cannot be reached.",
                    blind.join(", ")
                ))
                .help(format!(
                    "add {{ schemas: [ {} ], privileges: [ usage ] }}",
                    blind.join(", ")
                )),
        );
    }
}
