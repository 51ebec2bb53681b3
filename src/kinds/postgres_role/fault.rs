//! Errors of the Postgres client become faults. No URL, password or verifier is in them.

use super::live::Key;
use crate::database;
use crate::model::{Class, Fault, Residue};
use crate::pg::Error;

/// During what it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum During {
    /// The connection was made.
    Connect,
    /// The catalogs were read.
    Look,
    /// The role's password was tried.
    LogIn,
    /// It was made.
    Create,
    /// It was changed.
    Alter,
    /// It was dropped.
    Drop,
}

impl During {
    fn op(self) -> &'static str {
        match self {
            During::Connect => "postgres:connect",
            During::Look => "postgres:look",
            During::LogIn => "postgres:log in",
            During::Create => "postgres:create role",
            During::Alter => "postgres:alter role",
            During::Drop => "postgres:drop role",
        }
    }
}

/// Translates an error.
pub fn fault(key: &Key, during: During, error: &Error) -> Fault {
    let connecting = matches!(during, During::Connect | During::LogIn);
    let mut fault = database::fault(during.op(), &key.database(), connecting, error);
    let writes = matches!(during, During::Create | During::Alter | During::Drop);
    if writes && fault.class == Class::Transient && error.failure().is_none() {
        // the connection may have been lost during the commit
        fault = fault.residue(Residue::Unknown);
    }
    let role = &key.name;
    match (during, error.sqlstate()) {
        // 28P01 is no error here
        (During::LogIn, Some("28000")) => {
            fault.message = format!(
                "{}: the server lets {role} log in from here neither with this password nor with another",
                key.database()
            );
            fault.help("add a line for the role to pg_hba.conf, or take out the one that rejects it")
        }
        (During::LogIn, Some("53300")) => fault.help(format!(
            "whether the password of {role} is the right one can only be seen by logging in: end sessions of it, or \
             raise connection_limit"
        )),
        (During::Create | During::Alter, Some("42P01" | "3F000")) => fault.help(
            "the script that makes it must come first: give the role `after: [sql_script.NAME]`",
        ),
        (During::Create, Some("42710")) => {
            fault.class = Class::Conflict;
            fault
        }
        // the server's warnings that a right was not given, or not taken
        (During::Create | During::Alter | During::Drop, Some("01007" | "01006")) => {
            fault.class = Class::Denied;
            fault.help(
                "the user of the connection URL neither owns the object nor may give rights on it: connect as its \
                 owner, or take the grant out",
            )
        }
        (During::Alter | During::Drop, Some("2BP01")) => fault.help(format!(
            "other rights depend on this one, or {role} has rights that only their giver can take: look with \
             `\\dp` and revoke them by hand"
        )),
        _ => fault,
    }
}
