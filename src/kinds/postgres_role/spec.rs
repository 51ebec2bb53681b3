//! What stack.yaml says about a role.

use crate::resource::{Input, SecretInput};
use schemars::JsonSchema;
use serde::Deserialize;

/// A login role with exactly these rights in one database.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The connection URL of a user who may create roles and owns what is granted, always a reference:
    /// `${rds_instance.main.connection_url}`. The rights are those in its database.
    pub database: SecretInput,
    /// The role's name, up to 63 bytes. A role belongs to the whole instance, whatever the database. Another name is
    /// another role; the old one stays.
    pub name: Input<String>,
    /// The role's password, always a reference. The server gets a SCRAM-SHA-256 verifier, never the password itself.
    pub password: SecretInput,
    /// How many sessions it may have at once; -1 for any number. Left out: not managed.
    pub connection_limit: Option<Input<i32>>,
    /// What it may do. Rights on tables, sequences and schemas of this database that are not listed here are revoked.
    #[serde(default)]
    pub grants: Vec<Grant>,
}

/// Privileges on some objects. Exactly one of `tables`, `all_tables_in`, `sequences`, `all_sequences_in` and `schemas`
/// says on which.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Tables or views, `users` (in the schema `public`) or `app.users`, as they are in the database. A part that holds
    /// a dot is written in double quotes.
    pub tables: Option<Vec<String>>,
    /// A schema: all its tables and views, as they are when `apply` looks.
    pub all_tables_in: Option<String>,
    /// Sequences, written as tables are.
    pub sequences: Option<Vec<String>>,
    /// A schema: all its sequences.
    pub all_sequences_in: Option<String>,
    /// Schemas.
    pub schemas: Option<Vec<String>>,
    /// `select`, `insert`, `update`, `delete`, `truncate`, `references` and `trigger` on tables; `usage`, `select` and
    /// `update` on sequences; `usage` and `create` on schemas.
    pub privileges: Vec<Privilege>,
}

/// A privilege.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Privilege {
    /// Read rows; of a sequence, its value.
    Select,
    /// Add rows.
    Insert,
    /// Change rows; of a sequence, its value.
    Update,
    /// Delete rows.
    Delete,
    /// Empty a table.
    Truncate,
    /// Refer to a table by foreign keys.
    References,
    /// Put triggers on a table.
    Trigger,
    /// Find what is in a schema; take numbers from a sequence.
    Usage,
    /// Make things in a schema.
    Create,
}

impl Privilege {
    /// The server's word.
    pub const fn word(self) -> &'static str {
        match self {
            Privilege::Select => "SELECT",
            Privilege::Insert => "INSERT",
            Privilege::Update => "UPDATE",
            Privilege::Delete => "DELETE",
            Privilege::Truncate => "TRUNCATE",
            Privilege::References => "REFERENCES",
            Privilege::Trigger => "TRIGGER",
            Privilege::Usage => "USAGE",
            Privilege::Create => "CREATE",
        }
    }
}
