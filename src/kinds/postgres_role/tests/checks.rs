//! What is found without a database.

use super::*;

fn found(yaml: &str) -> Vec<(String, String)> {
    PostgresRole::check(&spec(yaml), &facts(), &Claims::new())
        .into_iter()
        .filter(|c| c.diagnostic.severity == Severity::Error)
        .map(|c| (c.path, c.diagnostic.detail))
        .collect()
}

#[test]
fn a_name_must_be_free_for_users() {
    assert_eq!(found(&with(GRANTS)), []);
    let long = "x".repeat(64);
    for (name, why) in [
        ("rds_app", "RDS keeps"),
        ("RDSAdmin", "RDS keeps"),
        ("pg_app", "Postgres keeps"),
        ("postgres", "superuser"),
        ("public", "word of SQL"),
        (long.as_str(), "63 bytes"),
        ("' '", "is empty"),
    ] {
        let yaml = with(GRANTS).replace("cruddur_app", name);
        let found = found(&yaml);
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert!(
            found[0].0 == "name" && found[0].1.contains(why),
            "{found:?}"
        );
        // a name that is only known later is refused as well
        assert!(PostgresRole::key(&spec(&yaml), &facts()).is_err());
    }
    for name in ["'we\"ird ''na me'", "🙂", "CamelCase"] {
        assert_eq!(found(&with(GRANTS).replace("cruddur_app", name)), []);
    }
}

#[test]
fn a_password_and_a_limit_must_be_possible() {
    let mut empty = facts();
    let env = &mut Arc::make_mut(&mut empty.stack).env;
    env.insert("CRUDDUR_APP_PASSWORD".to_owned(), Secret::new(""));
    let spec_of = spec(&with(GRANTS));
    let complaints = PostgresRole::check(&spec_of, &empty, &Claims::new());
    assert_eq!(complaints[0].path, "password");
    assert!(PostgresRole::desired(&spec_of, &empty).is_err());
    // one that is not set is the loader's to complain of
    assert_eq!(
        PostgresRole::check(&spec_of, &without_password(), &Claims::new()),
        []
    );
    for (limit, wrong) in [("-2", true), ("0", true), ("-1", false), ("1", false)] {
        let found = found(&with(&format!("{GRANTS}connection_limit: {limit}\n")));
        assert_eq!(!found.is_empty(), wrong, "{limit}: {found:?}");
    }
}

#[test]
fn grants_say_on_what() {
    let wrong = [
        ("{ privileges: [ select ] }", "grants[0]", "not on what"),
        (
            "{ tables: [ a ], schemas: [ b ], privileges: [ select ] }",
            "grants[0].schemas",
            "two grants",
        ),
        (
            "{ tables: [], privileges: [ select ] }",
            "grants[0].tables",
            "empty",
        ),
        (
            "{ tables: [ a ], privileges: [] }",
            "grants[0].privileges",
            "empty",
        ),
        (
            "{ tables: [ a ], privileges: [ usage ] }",
            "grants[0].privileges",
            "usage is no privilege on tables: there are select, insert,",
        ),
        (
            "{ all_sequences_in: a, privileges: [ insert ] }",
            "grants[0].privileges",
            "no privilege on sequences: there are usage, select, update",
        ),
        (
            "{ schemas: [ a ], privileges: [ select ] }",
            "grants[0].privileges",
            "no privilege on schemas: there are usage, create",
        ),
        (
            "{ tables: [ a.b.c ], privileges: [ select ] }",
            "grants[0].tables",
            "two parts",
        ),
        (
            "{ tables: [ a. ], privileges: [ select ] }",
            "grants[0].tables",
            "no name",
        ),
        (
            "{ tables: [ '\"a' ], privileges: [ select ] }",
            "grants[0].tables",
            "no name",
        ),
        (
            "{ tables: [ '\"a\"b' ], privileges: [ select ] }",
            "grants[0].tables",
            "no name",
        ),
        (
            "{ all_tables_in: a.b, privileges: [ select ] }",
            "grants[0].all_tables_in",
            "no name of a schema",
        ),
    ];
    for (grant, path, why) in wrong {
        let yaml = with(&format!("grants: [ {grant} ]\n"));
        let found = found(&yaml);
        assert_eq!(found.len(), 1, "{grant}: {found:?}");
        assert!(found[0].0 == path && found[0].1.contains(why), "{found:?}");
        assert!(PostgresRole::desired(&spec(&yaml), &facts()).is_err());
    }
}

#[test]
fn names_are_as_they_are_in_the_database() {
    let want = want(&with(
        "grants: [ { tables: [ Users, app.T, '\"a.b\".\"c\"\"d\"' ], privileges: [ select ] } ]\n",
    ));
    let grants::Target::These(objects) = &want.grants[0].target else {
        panic!("{want:?}");
    };
    let expected = [
        table("public", "Users"),
        table("app", "T"),
        table("a.b", "c\"d"),
    ];
    assert_eq!(*objects, expected.into());
}

#[test]
fn one_role_is_one_entry() {
    let spec = spec(&with(GRANTS));
    let claims = PostgresRole::claims(&spec, &facts());
    let other = |claims: Value| {
        let addr = Addr::new("postgres_role", "other");
        PostgresRole::check(&spec, &facts(), &[(addr, claims)].into())
    };
    let found = other(claims.clone());
    assert!(
        found[0]
            .diagnostic
            .detail
            .starts_with("postgres_role.other has the same name")
    );
    let mut another = claims;
    another["name"] = "somebody".into();
    assert_eq!(other(another), []);
    assert!(
        !PostgresRole::claims(&spec, &facts())
            .to_string()
            .contains("hunter2")
    );
}

#[test]
fn what_is_likely_forgotten_is_a_warning() {
    let warned = |yaml: &str| {
        let found = PostgresRole::check(&spec(yaml), &facts(), &Claims::new());
        assert!(
            found
                .iter()
                .all(|c| c.diagnostic.severity == Severity::Warning)
        );
        found
            .into_iter()
            .map(|c| c.diagnostic.summary)
            .collect::<Vec<_>>()
    };
    assert_eq!(warned(&with("")), ["the role may do nothing"]);
    let blind = "grants: [ { tables: [ app.a ], privileges: [ select ] } ]\n";
    assert_eq!(
        warned(&with(blind)),
        ["rights in a schema that the role may not use"]
    );
    assert_eq!(warned(EXAMPLE), Vec::<String>::new());
}
