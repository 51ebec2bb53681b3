//! What differs, and the statements that mend it: each field with its own.

use super::grants::{Target, shown};
use super::live::{Desired, Live, Password, path};
use crate::model::{Diff, Force, Owner, Shown};
use crate::pg::roles::{Object, Power, Right, sql};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// What is done about one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A statement.
    Sql(String),
    /// The password is set; the statement is made when it is sent, because it never has the same salt twice.
    Password,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Delta {
    /// Its path.
    pub path: String,
    /// What is there.
    pub before: Shown,
    /// What should be.
    pub after: Shown,
    /// What mends it.
    pub acts: Vec<Act>,
}

/// Compares.
pub fn diff(want: &Desired, have: &Live) -> Diff {
    let mut diff = Diff::default();
    if let Some(why) = have.administrative()
        && have.owner(&want.stack) != Owner::Ours
    {
        diff.note(
            "name",
            have.role.name.as_str(),
            Shown::NOTHING,
            Force::Refuse,
        )
        .why(refusal(have, why));
        return diff;
    }
    for delta in deltas(want, have) {
        diff.note(&delta.path, delta.before, delta.after, Force::Update);
    }
    diff
}

/// Says why a role that manages others is neither taken over nor dropped.
pub fn refusal(have: &Live, why: &str) -> String {
    format!(
        "the role {} is none for a function: {why}; choose another name",
        have.role.name
    )
}

/// Finds everything that differs.
pub fn deltas(want: &Desired, have: &Live) -> Vec<Delta> {
    let role = &have.role;
    let name = role.name.as_str();
    let mut found = Vec::new();
    let mut note = |path: &str, before: Shown, after: Shown, act: Act| {
        found.push(Delta {
            path: path.to_owned(),
            before,
            after,
            acts: vec![act],
        });
    };
    let sql = Act::Sql;
    if !role.login {
        note("login", false.into(), true.into(), sql(sql::login(name)));
    }
    if have.password != Password::Right {
        note("password", Shown::Secret, Shown::Secret, Act::Password);
    }
    if let Some(until) = &role.valid_until {
        let act = sql(sql::valid_for_ever(name));
        note("valid_until", until.as_str().into(), Shown::NOTHING, act);
    }
    if let Some(limit) = want.connection_limit
        && limit != role.connection_limit
    {
        let act = sql(sql::connection_limit(name, limit));
        note(
            "connection_limit",
            role.connection_limit.into(),
            limit.into(),
            act,
        );
    }
    for power in &role.powers {
        let act = sql(sql::without(name, *power));
        note(word(*power), true.into(), false.into(), act);
    }
    for (group, grantors) in &role.member_of {
        let acts = grantors
            .iter()
            .map(|by| Act::Sql(sql::leave(name, group, by.as_deref())));
        found.push(Delta {
            path: format!("member_of[{group}]"),
            before: true.into(),
            after: false.into(),
            acts: acts.collect(),
        });
    }
    found.extend(rights(want, have));
    if role.comment.as_deref() != Some(&want.mark) {
        found.push(Delta {
            path: "comment".to_owned(),
            before: role.comment.as_deref().map_or(Shown::NOTHING, Shown::from),
            after: want.mark.as_str().into(),
            acts: vec![Act::Sql(sql::comment(name, &want.mark))],
        });
    }
    found
}

fn word(power: Power) -> &'static str {
    match power {
        Power::Superuser => "superuser",
        Power::CreateDb => "createdb",
        Power::CreateRole => "createrole",
        Power::Replication => "replication",
        Power::BypassRls => "bypassrls",
    }
}

/// Compares the rights, object by object.
fn rights(want: &Desired, have: &Live) -> Vec<Delta> {
    let role = &have.role;
    let mut wanted: BTreeMap<Object, BTreeSet<&str>> = BTreeMap::new();
    let mut found = Vec::new();
    for granted in &want.grants {
        let objects: Vec<Object> = match &granted.target {
            Target::These(objects) => objects.iter().cloned().collect(),
            Target::All(sort, schema) => {
                // said by the server, who knows better why, when it is tried
                if !role.objects.contains_key(&Object::Schema(schema.clone())) {
                    let words: Vec<_> = granted.privileges.iter().map(|p| shown(p)).collect();
                    found.push(Delta {
                        path: format!("all_{}_in[{schema}]", shown(sort.word())),
                        before: Shown::NOTHING,
                        after: Shown::Value(json!(words)),
                        acts: vec![Act::Sql(sql::grant_on_all(
                            &role.name,
                            granted.privileges.iter().copied(),
                            sort.word(),
                            schema,
                        ))],
                    });
                }
                let covered = role.objects.keys().filter(|o| sort.covers(schema, o));
                covered.cloned().collect()
            }
        };
        for object in objects {
            wanted
                .entry(object)
                .or_default()
                .extend(&granted.privileges);
        }
    }
    if let Some(database) = role
        .objects
        .keys()
        .find(|o| matches!(o, Object::Database(_)))
    {
        let held = &role.objects[database];
        // PUBLIC's right suffices, and one of its own does no harm
        let connects = held.rights.contains(&Right::plain("CONNECT"));
        if !role.may_connect || connects {
            wanted.insert(database.clone(), ["CONNECT"].into());
        }
    }
    let nothing = BTreeSet::new();
    let all: BTreeSet<&Object> = wanted.keys().chain(role.objects.keys()).collect();
    for object in all {
        let held = role.objects.get(object);
        // an owner needs no rights, and gives itself whatever it likes
        if held.is_some_and(|h| h.owned) {
            continue;
        }
        let held = held.map_or(&nothing, |h| &h.rights);
        let wanted: BTreeSet<Right> = wanted
            .get(object)
            .into_iter()
            .flatten()
            .map(|p| Right::plain(p))
            .collect();
        if *held != wanted {
            found.push(on_one(&role.name, object, held, &wanted));
        }
    }
    found
}

fn on_one(role: &str, object: &Object, held: &BTreeSet<Right>, wanted: &BTreeSet<Right>) -> Delta {
    let names = |rights: &BTreeSet<Right>| -> BTreeSet<String> {
        rights.iter().map(|r| r.privilege.clone()).collect()
    };
    let (has, needs) = (names(held), names(wanted));
    let extra: Vec<&str> = has.difference(&needs).map(String::as_str).collect();
    let missing: Vec<&str> = needs.difference(&has).map(String::as_str).collect();
    let giving: Vec<&str> = held
        .iter()
        .filter(|r| r.grantable && needs.contains(&r.privilege))
        .map(|r| r.privilege.as_str())
        .collect();
    let mut acts = Vec::new();
    if !extra.is_empty() {
        acts.push(Act::Sql(sql::revoke(role, extra, object)));
    }
    if !giving.is_empty() {
        acts.push(Act::Sql(sql::revoke_grant_option(role, giving, object)));
    }
    if !missing.is_empty() {
        acts.push(Act::Sql(sql::grant(role, missing, object)));
    }
    Delta {
        path: path(object),
        before: list(held),
        after: list(wanted),
        acts,
    }
}

fn list(rights: &BTreeSet<Right>) -> Shown {
    if rights.is_empty() {
        return Shown::NOTHING;
    }
    let words = rights.iter().map(|right| {
        let word = shown(&right.privilege);
        if right.grantable {
            format!("{word} with grant option")
        } else {
            word
        }
    });
    Shown::Value(json!(words.collect::<Vec<_>>()))
}

/// The statements that make a new role.
pub fn creation(want: &Desired, verifier: &str) -> Vec<String> {
    let name = want.key.name.as_str();
    let mut statements = vec![
        sql::create_role(name, verifier, want.connection_limit),
        sql::comment(name, &want.mark),
    ];
    for granted in &want.grants {
        let privileges = || granted.privileges.iter().copied();
        match &granted.target {
            Target::These(objects) => {
                statements.extend(objects.iter().map(|o| sql::grant(name, privileges(), o)));
            }
            Target::All(sort, schema) => {
                statements.push(sql::grant_on_all(name, privileges(), sort.word(), schema));
            }
        }
    }
    statements
}

/// The statements that drop a role: it loses its rights one by one, so that nothing it owns can go with them.
pub fn removal(have: &Live) -> Vec<String> {
    let name = have.role.name.as_str();
    let mut objects: BTreeSet<Object> = BTreeSet::new();
    for (object, held) in &have.role.objects {
        if held.rights.is_empty() {
            continue;
        }
        objects.insert(match object.clone() {
            // a table's columns go with the table
            Object::Column { schema, table, .. } => Object::Table {
                schema,
                name: table,
            },
            other => other,
        });
    }
    let mut statements: Vec<String> = objects
        .iter()
        .map(|object| sql::revoke(name, ["ALL PRIVILEGES"], object))
        .collect();
    statements.push(sql::drop_role(name));
    statements
}
