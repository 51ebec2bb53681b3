//! Which role, what it should be, and what it is.

use super::grants::{self, Granted, Target, shown};
use super::spec::Spec;
use crate::aws::{self, ADDR_TAG, STACK_TAG};
use crate::database;
use crate::model::{Output, Outputs, Owner, Secret, Shown};
use crate::pg::ConnectionUrl;
use crate::pg::roles::{Object, Power, Role};
use crate::resource::{ENVIRONMENT, Facts, SecretInput, Unresolved, only_set};
use secrecy::SecretString;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// What a role is found by.
#[derive(Clone, Debug)]
pub struct Key {
    /// The database, with the user who manages roles.
    pub url: ConnectionUrl,
    /// The role.
    pub name: String,
    /// The password that is tried; none where its variable is not set, as in `destroy`.
    pub password: Option<Secret>,
}

/// What should be there.
#[derive(Clone, Debug)]
pub struct Desired {
    /// Where.
    pub key: Key,
    /// The password.
    pub password: Secret,
    /// The most sessions at once.
    pub connection_limit: Option<i32>,
    /// The rights.
    pub grants: Vec<Granted>,
    /// The stack.
    pub stack: String,
    /// The comment that says whose the role is.
    pub mark: String,
}

/// What trying the password told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Password {
    /// It is the right one.
    Right,
    /// It is not.
    Wrong,
    /// It was not tried: the role may not log in, or the password is not known.
    Untold,
}

/// What is there.
#[derive(Clone, Debug)]
pub struct Live {
    /// Where it was found.
    pub key: Key,
    /// What the catalogs say.
    pub role: Role,
    /// What trying the password told.
    pub password: Password,
}

impl Key {
    /// Names the database: host, port and name, never the user or the password.
    pub fn database(&self) -> String {
        database::describe(&self.url)
    }

    /// Returns the URL with which the role logs in.
    pub fn login(&self, password: &Secret) -> ConnectionUrl {
        let password = SecretString::from(password.expose());
        self.url.clone().with_user(&self.name, &password)
    }
}

impl Live {
    /// Says why no function may ever log in as this role: it manages others.
    pub fn administrative(&self) -> Option<&'static str> {
        let powers = &self.role.powers;
        if powers.contains(&Power::Superuser) {
            Some("it is a superuser")
        } else if powers.contains(&Power::CreateRole) {
            Some("it may create roles")
        } else if self.role.member_of.contains_key("rds_superuser") {
            Some("it is a member of rds_superuser")
        } else {
            None
        }
    }

    /// Tells whose it is.
    pub fn owner(&self, stack: &str) -> Owner {
        aws::owner_of(&tags(self.role.comment.as_deref()), stack)
    }
}

/// Returns the comment that says whose a role is.
pub fn mark(facts: &Facts) -> String {
    format!("{STACK_TAG}={} addr={}", facts.stack.stack, facts.addr)
}

/// Reads a comment of ours as tags.
fn tags(comment: Option<&str>) -> BTreeMap<String, String> {
    let Some(rest) = comment
        .and_then(|c| c.strip_prefix(STACK_TAG))
        .and_then(|c| c.strip_prefix('='))
    else {
        return BTreeMap::new();
    };
    let (stack, addr) = rest.split_once(" addr=").unwrap_or((rest, ""));
    [
        (STACK_TAG.to_owned(), stack.to_owned()),
        (ADDR_TAG.to_owned(), addr.to_owned()),
    ]
    .into()
}

/// Returns what the role is found by.
///
/// # Errors
/// What is missing for it.
pub fn key(spec: &Spec, facts: &Facts) -> Result<Key, Unresolved> {
    let mut missing = Unresolved::default();
    let url = gather(&mut missing, url(&spec.database, facts));
    let name = gather(&mut missing, facts.get(&spec.name));
    let password = match facts.secret(&spec.password) {
        Ok(password) => Some(password),
        // commands that compare have refused an unset variable; the others need no password to find the role
        Err(u) if u.waits_for.iter().all(|r| r.from.kind == ENVIRONMENT) && u.wrong.is_empty() => {
            None
        }
        Err(u) => gather(&mut missing, Err(u)),
    };
    let (Some(url), Some(name)) = (url, name) else {
        return Err(missing);
    };
    if missing != Unresolved::default() {
        return Err(missing);
    }
    if let Err(why) = super::check::name(&name) {
        return Err(Unresolved::wrong(format!("the name `{name}` {why}")));
    }
    if url.user() == name {
        return Err(Unresolved::wrong(format!(
            "`{name}` is the user of the connection URL itself; a role that manages others is none for a function"
        )));
    }
    Ok(Key {
        url,
        name,
        password,
    })
}

fn url(input: &SecretInput, facts: &Facts) -> Result<ConnectionUrl, Unresolved> {
    let url = facts.secret(input)?;
    let url = ConnectionUrl::parse(url.expose())
        .map_err(|e| Unresolved::wrong(format!("`database` is no connection URL: {e}")))?;
    if url.database().is_none() {
        return Err(Unresolved::wrong(
            "`database` is a connection URL without a database".to_owned(),
        ));
    }
    Ok(url)
}

fn gather<T>(missing: &mut Unresolved, result: Result<T, Unresolved>) -> Option<T> {
    result
        .map_err(|u| {
            missing.waits_for.extend(u.waits_for);
            missing.wrong.extend(u.wrong);
        })
        .ok()
}

/// Returns what the role should be.
///
/// # Errors
/// What is missing for it.
pub fn desired(spec: &Spec, facts: &Facts) -> Result<Desired, Unresolved> {
    let mut missing = Unresolved::default();
    let key = gather(&mut missing, key(spec, facts));
    let password = gather(&mut missing, facts.secret(&spec.password));
    let connection_limit = match &spec.connection_limit {
        Some(limit) => gather(&mut missing, facts.get(limit)),
        None => None,
    };
    let mut grants = Vec::new();
    for grant in &spec.grants {
        match grants::read(grant) {
            Ok(granted) => grants.push(granted),
            Err((field, why)) => missing.wrong.push(format!("grants: {field}: {why}")),
        }
    }
    if password.as_ref().is_some_and(|p| p.expose().is_empty()) {
        missing.wrong.push("the password is empty".to_owned());
    }
    match (key, password) {
        (Some(key), Some(password)) if missing == Unresolved::default() => Ok(Desired {
            key,
            password,
            connection_limit,
            grants,
            stack: facts.stack.stack.clone(),
            mark: mark(facts),
        }),
        _ => {
            missing.waits_for.sort();
            missing.waits_for.dedup();
            Err(missing)
        }
    }
}

/// Returns what follows from the file alone, once the database is there.
pub fn outputs(spec: &Spec, facts: &Facts) -> Outputs {
    let Ok(key) = key(spec, facts) else {
        return Outputs::new();
    };
    let mut outputs = Outputs::new();
    if let Some(password) = &key.password {
        use secrecy::ExposeSecret;
        let url = key.login(password).to_secret_string();
        let url = Output::Secret(Secret::new(url.expose_secret()));
        outputs.insert("connection_url".to_owned(), url);
    }
    outputs.insert("name".to_owned(), Output::from(key.name));
    outputs
}

/// What a new role will be like.
pub fn fields(want: &Desired) -> Vec<(String, Shown)> {
    let mut fields = only_set([
        ("name", want.key.name.as_str().into()),
        ("database", want.key.database().into()),
        ("password", Shown::Secret),
        ("connection_limit", want.connection_limit.into()),
    ]);
    let mut rights: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for granted in &want.grants {
        let paths = match &granted.target {
            Target::These(objects) => objects.iter().map(path).collect(),
            Target::All(sort, schema) => {
                vec![format!("all_{}_in[{schema}]", shown(sort.word()))]
            }
        };
        for path in paths {
            rights.entry(path).or_default().extend(&granted.privileges);
        }
    }
    fields.extend(rights.into_iter().map(|(path, privileges)| {
        let words: Vec<_> = privileges.into_iter().map(shown).collect();
        (path, Shown::Value(json!(words)))
    }));
    fields
}

/// Under which path the rights on an object are shown.
pub fn path(object: &Object) -> String {
    let sort = match object {
        Object::Database(_) => "database",
        Object::Schema(_) => "schemas",
        Object::Table { .. } => "tables",
        Object::Column { .. } => "columns",
        Object::Sequence { .. } => "sequences",
    };
    format!("{sort}[{object}]")
}
