//! Rights, object by object.

use super::*;

#[test]
fn rights_are_given_and_taken_one_by_one() {
    let mut have = have();
    let objects = &mut have.role.objects;
    objects.insert(
        table("public", "users"),
        held(&["SELECT", "DELETE", "UPDATE"]),
    );
    objects.insert(table("pg_catalog", "pg_authid"), held(&["SELECT"]));
    let column = Object::Column {
        schema: "public".into(),
        table: "users".into(),
        name: "email".into(),
    };
    objects.insert(column, held(&["REFERENCES"]));
    objects.insert(Object::Database("cruddur".into()), held(&["TEMPORARY"]));
    let giving = Right {
        privilege: "USAGE".into(),
        grantable: true,
    };
    objects
        .get_mut(&Object::Schema("app".into()))
        .unwrap()
        .rights = [giving].into();
    let want = want(&with(
        "grants:\n  - { tables: [ users, users ], privileges: [ insert, select ] }\n  - { tables: [ users ], privileges: [ update ] }\n  - { all_tables_in: app, privileges: [ select ] }\n  - { schemas: [ app ], privileges: [ usage ] }\n",
    ));
    assert_eq!(
        shown(&PostgresRole::diff(&want, &have)),
        json!([
            ["database[cruddur]", ["temporary"], null],
            ["schemas[app]", ["usage with grant option"], ["usage"]],
            ["tables[app.a]", null, ["select"]],
            ["tables[pg_catalog.pg_authid]", ["select"], null],
            [
                "tables[public.users]",
                ["delete", "select", "update"],
                ["insert", "select", "update"]
            ],
            ["columns[public.users.email]", ["references"], null],
        ])
    );
    assert_eq!(
        statements(&want, &have),
        [
            "REVOKE TEMPORARY ON DATABASE \"cruddur\" FROM \"cruddur_app\"",
            "REVOKE GRANT OPTION FOR USAGE ON SCHEMA \"app\" FROM \"cruddur_app\"",
            "GRANT SELECT ON TABLE \"app\".\"a\" TO \"cruddur_app\"",
            "REVOKE SELECT ON TABLE \"pg_catalog\".\"pg_authid\" FROM \"cruddur_app\"",
            "REVOKE DELETE ON TABLE \"public\".\"users\" FROM \"cruddur_app\"",
            "GRANT INSERT ON TABLE \"public\".\"users\" TO \"cruddur_app\"",
            "REVOKE REFERENCES (\"email\") ON TABLE \"public\".\"users\" FROM \"cruddur_app\"",
        ]
    );
}

#[test]
fn what_it_owns_is_warned_of_and_not_compared() {
    let mut have = have();
    let users = have
        .role
        .objects
        .get_mut(&table("public", "users"))
        .unwrap();
    users.owned = true;
    users.rights.clear();
    let want = want(&with(GRANTS));
    assert!(PostgresRole::diff(&want, &have).is_empty());
    let warnings = PostgresRole::warnings(&want, Some(&have));
    assert_eq!(warnings[0].summary, "the role cruddur_app owns objects");
    assert!(PostgresRole::warnings(&want, None).is_empty());
}

#[test]
fn tables_of_a_schema_that_is_not_there_are_left_to_the_server() {
    let want = want(&with(
        "grants: [ { all_sequences_in: later, privileges: [ usage ] } ]\n",
    ));
    let mut have = have();
    have.role
        .objects
        .get_mut(&table("public", "users"))
        .unwrap()
        .rights
        .clear();
    let diff = PostgresRole::diff(&want, &have);
    assert_eq!(
        shown(&diff),
        json!([["all_sequences_in[later]", null, ["usage"]]])
    );
    assert_eq!(
        statements(&want, &have),
        ["GRANT USAGE ON ALL SEQUENCES IN SCHEMA \"later\" TO \"cruddur_app\""]
    );
}
