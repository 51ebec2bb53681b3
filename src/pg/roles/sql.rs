//! Statements about roles, as text. Every name and text in them is quoted.

use super::{Object, Power};
use crate::pg::{quote_identifier, quote_literal};

/// What a password becomes before it leaves this machine: a SCRAM-SHA-256 verifier with a random salt. Neither the
/// server nor its log ever sees the password itself.
#[must_use]
pub fn verifier(password: &str) -> String {
    postgres_protocol::password::scram_sha_256(password.as_bytes())
}

/// Makes a login role that may do nothing else. `verifier` is what [`verifier`] returns.
#[must_use]
pub fn create_role(role: &str, verifier: &str, connection_limit: Option<i32>) -> String {
    let limit = connection_limit
        .map(|limit| format!(" CONNECTION LIMIT {limit}"))
        .unwrap_or_default();
    format!(
        "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS{limit} PASSWORD {}",
        quote_identifier(role),
        quote_literal(verifier)
    )
}

/// Drops a role. It fails where the role owns anything, or has rights anywhere.
#[must_use]
pub fn drop_role(role: &str) -> String {
    format!("DROP ROLE {}", quote_identifier(role))
}

/// Gives a role another password.
#[must_use]
pub fn password(role: &str, verifier: &str) -> String {
    alter(role, &format!("PASSWORD {}", quote_literal(verifier)))
}

/// Lets a role log in.
#[must_use]
pub fn login(role: &str) -> String {
    alter(role, "LOGIN")
}

/// Takes an attribute from a role. Only what differs may be named: some attributes only a superuser may name at all.
#[must_use]
pub fn without(role: &str, power: Power) -> String {
    alter(role, &format!("NO{}", power.word()))
}

/// Sets how many sessions a role may have at once.
#[must_use]
pub fn connection_limit(role: &str, limit: i32) -> String {
    alter(role, &format!("CONNECTION LIMIT {limit}"))
}

/// Lets a password count for ever.
#[must_use]
pub fn valid_for_ever(role: &str) -> String {
    alter(role, "VALID UNTIL 'infinity'")
}

/// Sets a role's comment.
#[must_use]
pub fn comment(role: &str, text: &str) -> String {
    format!(
        "COMMENT ON ROLE {} IS {}",
        quote_identifier(role),
        quote_literal(text)
    )
}

/// Ends a membership. From Postgres 16 on a membership is another one for each `grantor` who gave it; before, naming
/// them changes nothing.
#[must_use]
pub fn leave(role: &str, group: &str, grantor: Option<&str>) -> String {
    let by = grantor
        .map(|grantor| format!(" GRANTED BY {}", quote_identifier(grantor)))
        .unwrap_or_default();
    format!(
        "REVOKE {} FROM {}{by}",
        quote_identifier(group),
        quote_identifier(role)
    )
}

/// Gives rights on one object.
#[must_use]
pub fn grant<'a>(
    role: &str,
    privileges: impl IntoIterator<Item = &'a str>,
    object: &Object,
) -> String {
    format!(
        "GRANT {} TO {}",
        on(privileges, object),
        quote_identifier(role)
    )
}

/// Gives rights on everything of a sort (`TABLES`, `SEQUENCES`) that a schema holds now.
#[must_use]
pub fn grant_on_all<'a>(
    role: &str,
    privileges: impl IntoIterator<Item = &'a str>,
    sort: &'static str,
    schema: &str,
) -> String {
    let privileges: Vec<_> = privileges.into_iter().map(word).collect();
    format!(
        "GRANT {} ON ALL {sort} IN SCHEMA {} TO {}",
        privileges.join(", "),
        quote_identifier(schema),
        quote_identifier(role)
    )
}

/// Takes rights on one object. What the role gave on to others by them keeps it from succeeding.
#[must_use]
pub fn revoke<'a>(
    role: &str,
    privileges: impl IntoIterator<Item = &'a str>,
    object: &Object,
) -> String {
    format!(
        "REVOKE {} FROM {}",
        on(privileges, object),
        quote_identifier(role)
    )
}

/// Takes the right to give rights on, and leaves the rights.
#[must_use]
pub fn revoke_grant_option<'a>(
    role: &str,
    privileges: impl IntoIterator<Item = &'a str>,
    object: &Object,
) -> String {
    format!(
        "REVOKE GRANT OPTION FOR {} FROM {}",
        on(privileges, object),
        quote_identifier(role)
    )
}

fn alter(role: &str, what: &str) -> String {
    format!("ALTER ROLE {} {what}", quote_identifier(role))
}

/// `SELECT, INSERT ON TABLE "public"."users"`.
fn on<'a>(privileges: impl IntoIterator<Item = &'a str>, object: &Object) -> String {
    let q = quote_identifier;
    let column = match object {
        Object::Column { name, .. } => format!(" ({})", q(name)),
        _ => String::new(),
    };
    let privileges: Vec<_> = privileges
        .into_iter()
        .map(|p| format!("{}{column}", word(p)))
        .collect();
    let object = match object {
        Object::Database(name) => format!("DATABASE {}", q(name)),
        Object::Schema(name) => format!("SCHEMA {}", q(name)),
        Object::Table { schema, name } => format!("TABLE {}.{}", q(schema), q(name)),
        Object::Column { schema, table, .. } => format!("TABLE {}.{}", q(schema), q(table)),
        Object::Sequence { schema, name } => format!("SEQUENCE {}.{}", q(schema), q(name)),
    };
    format!("{} ON {object}", privileges.join(", "))
}

/// A privilege is a keyword and cannot be quoted: anything that is none is left out.
fn word(privilege: &str) -> String {
    privilege
        .chars()
        .filter(|c| c.is_ascii_alphabetic() || *c == ' ' || *c == '_')
        .collect()
}
