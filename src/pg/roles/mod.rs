//! Login roles: what one may do, the statements that change it, and whether a password is the right one.
//!
//! ```text
//! sql      statements as text (pure)
//! look     what the catalogs say of a role; a log-in that tells whether a password is right
//! change   statements in one transaction, where a right that could not be given is an error
//! ```

mod change;
mod look;
pub mod sql;

#[cfg(test)]
mod live_tests;
#[cfg(test)]
mod sql_tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Something in a database that rights are on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// The database itself.
    Database(String),
    /// A schema.
    Schema(String),
    /// A table, a view or anything else that rows are read from.
    Table {
        /// Its schema.
        schema: String,
        /// Its name.
        name: String,
    },
    /// A column of a table.
    Column {
        /// The table's schema.
        schema: String,
        /// The table.
        table: String,
        /// The column.
        name: String,
    },
    /// A sequence.
    Sequence {
        /// Its schema.
        schema: String,
        /// Its name.
        name: String,
    },
}

impl fmt::Display for Object {
    /// The name for people, as it is in the catalogs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(name) | Self::Schema(name) => f.write_str(name),
            Self::Table { schema, name } | Self::Sequence { schema, name } => {
                write!(f, "{schema}.{name}")
            }
            Self::Column {
                schema,
                table,
                name,
            } => write!(f, "{schema}.{table}.{name}"),
        }
    }
}

/// A right on something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// The server's word in capitals, `SELECT`.
    pub privilege: String,
    /// Who has it may give it to others.
    pub grantable: bool,
}

impl Right {
    /// A right that cannot be given on.
    #[must_use]
    pub fn plain(privilege: &str) -> Self {
        Self {
            privilege: privilege.to_owned(),
            grantable: false,
        }
    }
}

/// What a role has on one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// The rights that were given to the role itself: neither PUBLIC's nor those of roles that it is a member of.
    pub rights: BTreeSet<Right>,
    /// It owns the object, and has every right on it.
    pub owned: bool,
}

/// Attributes that let a role do more than log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Power {
    /// `SUPERUSER`.
    Superuser,
    /// `CREATEDB`.
    CreateDb,
    /// `CREATEROLE`.
    CreateRole,
    /// `REPLICATION`.
    Replication,
    /// `BYPASSRLS`.
    BypassRls,
}

impl Power {
    /// The attribute in SQL; with `NO` before it the opposite.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Superuser => "SUPERUSER",
            Self::CreateDb => "CREATEDB",
            Self::CreateRole => "CREATEROLE",
            Self::Replication => "REPLICATION",
            Self::BypassRls => "BYPASSRLS",
        }
    }
}

/// Something that would keep a role from being dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ties {
    /// How many there are.
    pub count: u64,
    /// The first of them, in the server's words: `table users`, `something in database other`.
    pub first: Vec<String>,
}

/// Roles that one is a member of, each with those who made it one; nobody where they are gone.
pub type Memberships = BTreeMap<String, BTreeSet<Option<String>>>;

/// A role as the catalogs show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// It may log in.
    pub login: bool,
    /// How many sessions it may have at once; -1 for any number.
    pub connection_limit: i32,
    /// From when on its password does not count any more, in the server's words.
    pub valid_until: Option<String>,
    /// What else it may.
    pub powers: BTreeSet<Power>,
    /// Its comment.
    pub comment: Option<String>,
    /// The roles that it is a direct member of.
    pub member_of: Memberships,
    /// It may connect to this database, by a right of its own or of PUBLIC.
    pub may_connect: bool,
    /// Every table, sequence and schema of this database, the server's own only where the role has a right on them.
    pub objects: BTreeMap<Object, Held>,
    /// What would keep it from being dropped once its rights on [`objects`](Self::objects) are gone.
    pub ties: Ties,
}

impl Role {
    /// The objects of this database that it owns.
    pub fn owns(&self) -> impl Iterator<Item = &Object> {
        self.objects
            .iter()
            .filter(|(_, held)| held.owned)
            .map(|(object, _)| object)
    }
}
