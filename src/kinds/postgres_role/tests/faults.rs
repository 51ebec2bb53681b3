//! Errors and what is made of them.

use super::*;
use crate::kinds::postgres_role::fault::{During, fault};
use crate::model::{Class, Residue};
use crate::pg::{DbFailure, Error};

#[test]
fn errors_have_their_class_and_their_help() {
    let key = want(&with("")).key;
    let db = |sqlstate: &str| {
        Error::Db(Box::new(DbFailure {
            sqlstate: sqlstate.into(),
            message: "what the server says".into(),
            detail: Some("hunter2".into()),
            ..DbFailure::default()
        }))
    };
    let rejected = |sqlstate: &str| Error::AuthenticationRejected {
        host: "db.example".into(),
        user: "root".into(),
        sqlstate: Some(sqlstate.into()),
    };
    let lost = || Error::ConnectionLost {
        cause: None,
        sqlstate: None,
    };
    let table = [
        (
            During::Connect,
            rejected("28P01"),
            Class::Denied,
            "connection URL",
        ),
        (
            During::LogIn,
            rejected("28000"),
            Class::Denied,
            "pg_hba.conf",
        ),
        (
            During::LogIn,
            db("53300"),
            Class::Transient,
            "connection_limit",
        ),
        (During::LogIn, lost(), Class::Unreachable, "refresh-ip"),
        (During::Look, db("42501"), Class::Denied, "grant the right"),
        (
            During::Create,
            db("42P01"),
            Class::Invalid,
            "after: [sql_script.",
        ),
        (
            During::Alter,
            db("3F000"),
            Class::Invalid,
            "after: [sql_script.",
        ),
        (During::Create, db("42710"), Class::Conflict, ""),
        (During::Create, db("01007"), Class::Denied, "owner"),
        (During::Alter, db("01006"), Class::Denied, "owner"),
        (During::Alter, db("42501"), Class::Denied, "grant the right"),
        (
            During::Drop,
            db("2BP01"),
            Class::Invalid,
            "revoke them by hand",
        ),
        (During::Alter, db("40P01"), Class::Transient, ""),
    ];
    for (during, error, class, help) in table {
        let fault = fault(&key, during, &error);
        assert_eq!(
            (fault.class, fault.residue),
            (class, Residue::Nothing),
            "{fault:?}"
        );
        assert!(
            fault.help.as_deref().unwrap_or_default().contains(help),
            "{fault:?}"
        );
        let text = format!("{fault} {fault:?}");
        assert!(
            !text.contains("hunter2") && !text.contains(PASSWORD),
            "{text}"
        );
    }
    // the commit may have gone through
    let fault = fault(&key, During::Create, &lost());
    assert_eq!(
        (fault.class, fault.residue),
        (Class::Transient, Residue::Unknown)
    );
}
