//! Statements as text.

use super::{Object, Power, sql};

/// A name with everything that quoting is for.
const NAME: &str = "a\"; DROP ROLE b; --'\\🙂";
const QUOTED: &str = "\"a\"\"; DROP ROLE b; --'\\🙂\"";

fn table() -> Object {
    Object::Table {
        schema: "My.Schema".to_owned(),
        name: NAME.to_owned(),
    }
}

#[test]
fn every_name_is_quoted() {
    let expected = [
        format!("ALTER ROLE {QUOTED} LOGIN"),
        format!("ALTER ROLE {QUOTED} NOBYPASSRLS"),
        format!("ALTER ROLE {QUOTED} CONNECTION LIMIT -1"),
        format!("ALTER ROLE {QUOTED} VALID UNTIL 'infinity'"),
        format!("COMMENT ON ROLE {QUOTED} IS E'it''s \\\\ here'"),
        format!("DROP ROLE {QUOTED}"),
        format!("REVOKE \"g\" FROM {QUOTED} GRANTED BY \"b y\""),
        format!("REVOKE \"g\" FROM {QUOTED}"),
    ];
    let got = [
        sql::login(NAME),
        sql::without(NAME, Power::BypassRls),
        sql::connection_limit(NAME, -1),
        sql::valid_for_ever(NAME),
        sql::comment(NAME, "it's \\ here"),
        sql::drop_role(NAME),
        sql::leave(NAME, "g", Some("b y")),
        sql::leave(NAME, "g", None),
    ];
    assert_eq!(got, expected);
}

#[test]
fn rights_name_their_object() {
    let column = Object::Column {
        schema: "s".to_owned(),
        table: "t".to_owned(),
        name: "e\"mail".to_owned(),
    };
    let sequence = Object::Sequence {
        schema: "s".to_owned(),
        name: "n".to_owned(),
    };
    let table = format!("TABLE \"My.Schema\".{QUOTED}");
    let both = ["INSERT", "SELECT"];
    let got = [
        sql::grant("r", both, &self::table()),
        sql::grant_on_all("r", both, "TABLES", "a b"),
        sql::revoke("r", ["SELECT", "UPDATE"], &column),
        sql::revoke("r", ["ALL PRIVILEGES"], &sequence),
        sql::revoke_grant_option("r", ["USAGE"], &Object::Schema("s".to_owned())),
        sql::revoke("r", ["TEMPORARY"], &Object::Database("d".to_owned())),
        // a privilege is a keyword, whatever the catalogs say
        sql::revoke("r", ["SELECT; --"], &sequence),
    ];
    let expected = [
        format!("GRANT INSERT, SELECT ON {table} TO \"r\""),
        "GRANT INSERT, SELECT ON ALL TABLES IN SCHEMA \"a b\" TO \"r\"".to_owned(),
        "REVOKE SELECT (\"e\"\"mail\"), UPDATE (\"e\"\"mail\") ON TABLE \"s\".\"t\" FROM \"r\""
            .to_owned(),
        "REVOKE ALL PRIVILEGES ON SEQUENCE \"s\".\"n\" FROM \"r\"".to_owned(),
        "REVOKE GRANT OPTION FOR USAGE ON SCHEMA \"s\" FROM \"r\"".to_owned(),
        "REVOKE TEMPORARY ON DATABASE \"d\" FROM \"r\"".to_owned(),
        "REVOKE SELECT  ON SEQUENCE \"s\".\"n\" FROM \"r\"".to_owned(),
    ];
    assert_eq!(got, expected);
}

#[test]
fn a_password_never_stands_in_a_statement() {
    let (one, two) = (sql::verifier("hunter2"), sql::verifier("hunter2"));
    assert!(one.starts_with("SCRAM-SHA-256$4096:"), "{one}");
    assert_ne!(one, two, "the salt is another one each time");
    let statement = sql::create_role("r", &one, Some(3));
    assert_eq!(
        statement,
        format!(
            "CREATE ROLE \"r\" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 3 \
             PASSWORD '{one}'"
        )
    );
    for statement in [statement, sql::password("r", &two)] {
        assert!(!statement.contains("hunter2"));
    }
}
