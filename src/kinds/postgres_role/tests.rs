//! Pure tables.

use super::live::Password;
use super::*;
use crate::model::{Force, Output, Secret, Severity};
use crate::pg::roles::{Held, Object, Power, Right, Role, Ties};
use crate::resource::StackFacts;
use serde_json::{Value, json};
use std::sync::Arc;

mod checks;
mod faults;
mod rights;

const EXAMPLE: &str = include_str!("example.yaml");
const URL: &str =
    "postgresql://root:hunter2@db.example:5433/cruddur?sslmode=verify-full&connect_timeout=4";
const PASSWORD: &str = "p@ss w%rd'🙂";

fn spec(yaml: &str) -> Spec {
    let node = crate::yaml::parse(yaml).unwrap();
    crate::yaml::read(&node).unwrap_or_else(|p| panic!("{p:?}"))
}

fn facts() -> Facts {
    let outputs = [(
        "connection_url".to_owned(),
        Output::Secret(Secret::new(URL)),
    )];
    Facts {
        addr: Addr::new("postgres_role", "app"),
        stack: Arc::new(StackFacts {
            stack: "cruddur".into(),
            account: String::new(),
            region: String::new(),
            partition: "aws".into(),
            owner: String::new(),
            workspace: String::new(),
            current_ip: None,
            env: [("CRUDDUR_APP_PASSWORD".to_owned(), Secret::new(PASSWORD))].into(),
            assets: BTreeMap::new(),
            final_snapshot: Default::default(),
            ..StackFacts::default()
        }),
        outputs: Arc::new([(Addr::new("rds_instance", "main"), outputs.into())].into()),
    }
}

fn without_password() -> Facts {
    let mut facts = facts();
    Arc::make_mut(&mut facts.stack).env.clear();
    facts
}

fn want(yaml: &str) -> Desired {
    PostgresRole::desired(&spec(yaml), &facts()).unwrap()
}

fn with(rest: &str) -> String {
    format!(
        "database: ${{rds_instance.main.connection_url}}\nname: cruddur_app\npassword: ${{env.CRUDDUR_APP_PASSWORD}}\n{rest}"
    )
}

fn table(schema: &str, name: &str) -> Object {
    Object::Table {
        schema: schema.into(),
        name: name.into(),
    }
}

fn held(words: &[&str]) -> Held {
    Held {
        rights: words.iter().map(|w| Right::plain(w)).collect(),
        owned: false,
    }
}

/// A role that is as `grants: [{ tables: [users], privileges: [select] }]` wants it.
fn have() -> Live {
    let key = want(&with("")).key;
    Live {
        role: Role {
            name: key.name.clone(),
            login: true,
            connection_limit: -1,
            comment: Some("cruddur-infra:stack=cruddur addr=postgres_role.app".into()),
            may_connect: true,
            objects: [
                (Object::Database("cruddur".into()), Held::default()),
                (Object::Schema("public".into()), Held::default()),
                (Object::Schema("app".into()), Held::default()),
                (table("public", "users"), held(&["SELECT"])),
                (table("public", "other"), Held::default()),
                (table("app", "a"), Held::default()),
            ]
            .into(),
            ..Role::default()
        },
        key,
        password: Password::Right,
    }
}

const GRANTS: &str = "grants: [ { tables: [ users ], privileges: [ select ] } ]\n";

fn shown(diff: &Diff) -> Value {
    let fields = diff.0.iter().map(|f| json!([f.path, f.before, f.after]));
    fields.collect()
}

fn statements(want: &Desired, have: &Live) -> Vec<String> {
    diff::deltas(want, have)
        .into_iter()
        .flat_map(|d| d.acts)
        .map(|act| match act {
            diff::Act::Sql(sql) => sql,
            diff::Act::Password => "(password)".to_owned(),
        })
        .collect()
}

#[test]
fn the_example_resolves_without_showing_a_secret() {
    let spec = spec(EXAMPLE);
    assert_eq!(PostgresRole::check(&spec, &facts(), &Claims::new()), []);
    let want = PostgresRole::desired(&spec, &facts()).unwrap();
    assert_eq!(
        json!(PostgresRole::fields(&want)),
        json!([
            ["name", "cruddur_app"],
            ["database", "db.example:5433/cruddur"],
            ["password", {"secret": true}],
            ["connection_limit", 20],
            ["all_tables_in[reports]", ["select"]],
            ["schemas[app]", ["usage"]],
            ["schemas[reports]", ["usage"]],
            ["sequences[app.numbers]", ["usage"]],
            ["tables[app.activities]", ["insert", "select"]],
            ["tables[public.users]", ["insert", "select"]],
        ])
    );
    let text = format!("{want:?}");
    assert!(
        !text.contains("hunter2") && !text.contains(PASSWORD),
        "{text}"
    );
    let key = PostgresRole::key(&spec, &facts()).unwrap();
    assert_eq!(
        PostgresRole::lock(&key).as_deref(),
        Some("db.example:5433 roles")
    );
    assert_eq!(
        PostgresRole::lives_in(&spec),
        Some(Addr::new("rds_instance", "main"))
    );
}

#[test]
fn the_url_is_the_databases_own_for_the_role() {
    let spec = spec(&with(""));
    let outputs = PostgresRole::foretold(&spec, &facts());
    assert_eq!(outputs, PostgresRole::outputs(&spec, &facts(), &have()));
    let Output::Secret(url) = &outputs["connection_url"] else {
        panic!("the URL can be shown");
    };
    assert_eq!(
        url.expose(),
        "postgresql://cruddur_app:p%40ss%20w%25rd%27%F0%9F%99%82@db.example:5433/cruddur?sslmode=verify-full&connect_timeout=4"
    );
    assert_eq!(outputs["name"], Output::from("cruddur_app".to_owned()));
    assert_eq!(outputs.len(), PostgresRole::OUTPUTS.len());
    let fewer = PostgresRole::foretold(&spec, &without_password());
    assert_eq!(fewer.keys().collect::<Vec<_>>(), ["name"]);
}

#[test]
fn a_role_is_found_without_its_password_and_not_without_its_database() {
    let spec = spec(&with(""));
    let key = PostgresRole::key(&spec, &without_password()).unwrap();
    assert!(key.password.is_none());
    let missing = |facts: &Facts| -> Vec<String> {
        let u = PostgresRole::desired(&spec, facts).unwrap_err();
        assert_eq!(u.wrong, Vec::<String>::new());
        u.waits_for.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        missing(&without_password()),
        ["env.CRUDDUR_APP_PASSWORD.value"]
    );
    let mut nothing = without_password();
    nothing.outputs = Arc::default();
    assert_eq!(
        missing(&nothing),
        [
            "env.CRUDDUR_APP_PASSWORD.value",
            "rds_instance.main.connection_url"
        ]
    );
    assert!(PostgresRole::key(&spec, &nothing).is_err());
    assert_eq!(PostgresRole::foretold(&spec, &nothing), Outputs::new());
}

#[test]
fn a_password_that_comes_from_another_entry_is_waited_for() {
    let yaml = with("").replace("${env.CRUDDUR_APP_PASSWORD}", "${secret.app.value}");
    let u = PostgresRole::key(&spec(&yaml), &facts()).unwrap_err();
    assert_eq!(u.waits_for[0].to_string(), "secret.app.value");
}

#[test]
fn the_user_of_the_url_is_no_role_for_a_function() {
    let yaml = with("").replace("cruddur_app", "root");
    let u = PostgresRole::key(&spec(&yaml), &facts()).unwrap_err();
    assert!(u.wrong[0].contains("user of the connection URL"), "{u:?}");
}

#[test]
fn what_is_as_it_should_be_differs_in_nothing() {
    let have = have();
    let diff = PostgresRole::diff(&want(&with(GRANTS)), &have);
    assert_eq!(shown(&diff), json!([]));
    assert_eq!(PostgresRole::readiness(&have), Readiness::Ready);
    assert_eq!(PostgresRole::owner(&have, "cruddur"), Owner::Ours);
    assert_eq!(
        PostgresRole::owner(&have, "other"),
        Owner::Other("cruddur".into())
    );
    assert_eq!(PostgresRole::guard(&have, &facts()), None);
    assert_eq!(
        PostgresRole::details(&have)["rights"],
        "public.users: select"
    );
}

/// What somebody changed by hand, how it is shown, and the statements that mend it.
#[test]
fn every_attribute_is_put_back() {
    type Change = fn(&mut Live);
    let table: [(Change, Value, &[&str]); 9] = [
        (
            |l| l.role.login = false,
            json!([["login", false, true]]),
            &["ALTER ROLE \"cruddur_app\" LOGIN"],
        ),
        (
            |l| l.password = Password::Wrong,
            json!([["password", {"secret": true}, {"secret": true}]]),
            &["(password)"],
        ),
        (
            |l| l.password = Password::Untold,
            json!([["password", {"secret": true}, {"secret": true}]]),
            &["(password)"],
        ),
        (
            |l| l.role.valid_until = Some("2020-01-01".into()),
            json!([["valid_until", "2020-01-01", null]]),
            &["ALTER ROLE \"cruddur_app\" VALID UNTIL 'infinity'"],
        ),
        (
            |l| l.role.powers = [Power::Superuser, Power::CreateDb].into(),
            json!([["superuser", true, false], ["createdb", true, false]]),
            &[
                "ALTER ROLE \"cruddur_app\" NOSUPERUSER",
                "ALTER ROLE \"cruddur_app\" NOCREATEDB",
            ],
        ),
        (
            |l| l.role.connection_limit = 3,
            json!([["connection_limit", 3, 9]]),
            &["ALTER ROLE \"cruddur_app\" CONNECTION LIMIT 9"],
        ),
        (
            |l| {
                let by = [Some("root".to_owned()), None].into();
                l.role.member_of = [("rds_iam".to_owned(), by)].into();
            },
            json!([["member_of[rds_iam]", true, false]]),
            &[
                "REVOKE \"rds_iam\" FROM \"cruddur_app\"",
                "REVOKE \"rds_iam\" FROM \"cruddur_app\" GRANTED BY \"root\"",
            ],
        ),
        (
            |l| l.role.comment = Some("mine".into()),
            json!([[
                "comment",
                "mine",
                "cruddur-infra:stack=cruddur addr=postgres_role.app"
            ]]),
            &[
                "COMMENT ON ROLE \"cruddur_app\" IS 'cruddur-infra:stack=cruddur addr=postgres_role.app'",
            ],
        ),
        (
            |l| l.role.may_connect = false,
            json!([["database[cruddur]", null, ["connect"]]]),
            &["GRANT CONNECT ON DATABASE \"cruddur\" TO \"cruddur_app\""],
        ),
    ];
    let want = want(&with(&format!("{GRANTS}connection_limit: 9\n")));
    for (change, fields, sql) in table {
        let mut have = have();
        have.role.connection_limit = 9;
        change(&mut have);
        let diff = PostgresRole::diff(&want, &have);
        assert_eq!(shown(&diff), fields);
        assert_eq!(diff.force(), Some(Force::Update));
        assert_eq!(statements(&want, &have), sql);
    }
}

#[test]
fn a_limit_that_is_not_written_is_not_managed() {
    let mut have = have();
    have.role.connection_limit = 3;
    assert!(PostgresRole::diff(&want(&with(GRANTS)), &have).is_empty());
}

#[test]
fn a_role_that_manages_others_is_not_taken_over_and_not_dropped() {
    let want = want(&with(GRANTS));
    let changes: [fn(&mut Live); 3] = [
        |l| l.role.powers = [Power::Superuser].into(),
        |l| l.role.powers = [Power::CreateRole].into(),
        |l| l.role.member_of = [("rds_superuser".into(), [None].into())].into(),
    ];
    for change in changes {
        let mut have = have();
        change(&mut have);
        // one of ours that somebody has raised is lowered, and not dropped before that
        let diff = PostgresRole::diff(&want, &have);
        assert_eq!(diff.force(), Some(Force::Update), "{diff:?}");
        let guard = PostgresRole::guard(&have, &facts()).unwrap();
        assert!(guard.contains("none for a function"), "{guard}");
        // one of nobody or of others stays
        for comment in [None, Some("cruddur-infra:stack=other addr=x".to_owned())] {
            have.role.comment = comment;
            let diff = PostgresRole::diff(&want, &have);
            assert_eq!(diff.force(), Some(Force::Refuse));
            assert_eq!(diff.0[0].why.as_ref(), Some(&guard));
        }
    }
}

#[test]
fn what_would_be_left_behind_guards_the_role() {
    let mut have = have();
    have.role.ties = Ties {
        count: 7,
        first: vec!["table a".into(), "something in database b".into()],
    };
    let guard = PostgresRole::guard(&have, &facts()).unwrap();
    assert!(
        guard.contains("table a, something in database b and 5 more;"),
        "{guard}"
    );
}

#[test]
fn a_new_role_and_its_end_are_few_statements() {
    let want = want(&with(
        "connection_limit: 4\ngrants:\n  - { tables: [ users ], privileges: [ select ] }\n  - { all_tables_in: app, privileges: [ select, insert ] }\n",
    ));
    let statements = diff::creation(&want, "SCRAM");
    assert_eq!(
        statements[1..],
        [
            "COMMENT ON ROLE \"cruddur_app\" IS 'cruddur-infra:stack=cruddur addr=postgres_role.app'",
            "GRANT SELECT ON TABLE \"public\".\"users\" TO \"cruddur_app\"",
            "GRANT INSERT, SELECT ON ALL TABLES IN SCHEMA \"app\" TO \"cruddur_app\"",
        ]
    );
    assert!(statements[0].ends_with("CONNECTION LIMIT 4 PASSWORD 'SCRAM'"));
    let mut have = have();
    let column = Object::Column {
        schema: "public".into(),
        table: "other".into(),
        name: "x".into(),
    };
    have.role.objects.insert(column, held(&["SELECT"]));
    assert_eq!(
        diff::removal(&have),
        [
            "REVOKE ALL PRIVILEGES ON TABLE \"public\".\"other\" FROM \"cruddur_app\"",
            "REVOKE ALL PRIVILEGES ON TABLE \"public\".\"users\" FROM \"cruddur_app\"",
            "DROP ROLE \"cruddur_app\"",
        ]
    );
}
