//! Pure tables.

use super::fault::{During, fault};
use super::*;
use crate::assets::Asset;
use crate::model::{Addr, Residue, Secret, Severity, Shown};
use crate::pg::script::{Verb, split};
use crate::pg::{DbFailure, Error, Loss, Place, Recorded, Rows, TlsProblem, UnreachableCause};
use crate::resource::StackFacts;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const EXAMPLE: &str = include_str!("example.yaml");
const URL: &str = "postgresql://root:hunter2@db.example:5432/cruddur";

fn spec(yaml: &str) -> Spec {
    let node = crate::yaml::parse(yaml).unwrap();
    crate::yaml::read(&node).unwrap_or_else(|p| panic!("{p:?}"))
}

fn facts(spec: &Spec, sql: &[u8]) -> Facts {
    let asset = Asset {
        bytes: Arc::from(sql),
        sha256_hex: String::new(),
        sha256_base64: String::new(),
        entries: Vec::new(),
    };
    let outputs = [(
        Addr::new("rds_instance", "main"),
        [(
            "connection_url".to_owned(),
            crate::model::Output::Secret(Secret::new(URL)),
        )]
        .into(),
    )];
    Facts {
        addr: Addr::new("sql_script", "schema"),
        stack: Arc::new(StackFacts {
            stack: "cruddur".into(),
            account: String::new(),
            region: String::new(),
            partition: "aws".into(),
            owner: String::new(),
            workspace: String::new(),
            current_ip: None,
            env: BTreeMap::new(),
            assets: [(spec.request(), asset)].into(),
            final_snapshot: Default::default(),
            ..StackFacts::default()
        }),
        outputs: Arc::new(outputs.into()),
    }
}

fn target(sql: &str) -> Target {
    let spec = spec(EXAMPLE);
    SqlScript::key(&spec, &facts(&spec, sql.as_bytes())).unwrap()
}

fn recorded(digest: &str) -> Option<Recorded> {
    Some(Recorded {
        digest: digest.into(),
        applied_at: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
    })
}

fn loss(table: &str, column: Option<&str>, rows: Rows, verb: Verb) -> Loss {
    Loss {
        table: table.into(),
        column: column.map(str::to_owned),
        rows,
        line: 3,
        verb,
    }
}

#[test]
fn the_example_resolves_without_showing_the_url() {
    let target = target("DROP TABLE users;");
    assert_eq!(target.database(), "db.example:5432/cruddur");
    assert_eq!(target.script.name(), "sql_script.schema");
    assert_eq!(target.file, "sql/schema.sql");
    assert_eq!(target.destructions.len(), 1);
    assert_eq!(
        SqlScript::lock(&target).as_deref(),
        Some("db.example:5432/cruddur")
    );
    assert!(!format!("{target:?}").contains("hunter2"));
    let spec = spec("{ database: '${rds_instance.main.connection_url}', file: a.sql }");
    let facts = facts(&spec, b"SELECT 1");
    assert_eq!(live::ledger_name(&spec, &facts), "sql_script.schema");
    assert_eq!(SqlScript::assets(&spec), [spec.request()]);
}

#[test]
fn a_bad_url_is_told_without_it() {
    let spec =
        spec("{ database: 'postgresql://${rds_instance.main.connection_url}', file: a.sql }");
    let wrong = SqlScript::key(&spec, &facts(&spec, b"SELECT 1"))
        .unwrap_err()
        .wrong;
    assert_eq!(wrong.len(), 1);
    assert!(!wrong[0].contains("hunter2"), "{wrong:?}");
}

#[test]
fn a_current_script_has_nothing_to_do() {
    let want = target("DROP TABLE users;");
    let have = Live {
        recorded: recorded(want.script.digest()),
        losses: vec![loss(
            "public.users",
            None,
            Rows::Exactly(2),
            Verb::DropTable,
        )],
    };
    assert!(SqlScript::diff(&want, &have).is_empty());
    assert_eq!(SqlScript::details(&have)["applied"], "2023-11-14T22:13:20Z");
}

#[test]
fn a_changed_script_is_an_update() {
    let want = target("SELECT 1;");
    let have = Live {
        recorded: recorded("old"),
        losses: Vec::new(),
    };
    let diff = SqlScript::diff(&want, &have);
    assert_eq!(diff.paths(), ["digest"]);
    assert_eq!(diff.force(), Some(Force::Update));
    assert_eq!(diff.0[0].before, Shown::Digest("old".into()));
    assert_eq!(
        SqlScript::calls(Action::Update, &diff),
        [ApiCall::new("postgres", "run script")]
    );
}

#[test]
fn losses_need_consent() {
    let want = target("SELECT 1;");
    let have = Live {
        recorded: None,
        losses: vec![
            loss("public.users", None, Rows::Exactly(1204), Verb::DropTable),
            loss(
                "public.users",
                Some("email"),
                Rows::Exactly(1),
                Verb::DropColumn,
            ),
            loss("public.a", None, Rows::AtLeast(1_000_000), Verb::Truncate),
            loss("public.b", None, Rows::Unknown, Verb::Delete),
        ],
    };
    let diff = SqlScript::diff(&want, &have);
    assert_eq!(diff.force(), Some(Force::Consent));
    let told: Vec<_> = diff.0[1..]
        .iter()
        .map(|f| (f.path.as_str(), f.before.clone(), f.why.as_deref().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "data.public.users",
                1204.into(),
                "line 3: DROP TABLE public.users would lose 1,204 rows"
            ),
            (
                "data.public.users.email",
                1.into(),
                "line 3: DROP COLUMN public.users.email would lose 1 value"
            ),
            (
                "data.public.a",
                "at least 1,000,000".into(),
                "line 3: TRUNCATE public.a would lose at least 1,000,000 rows"
            ),
            (
                "data.public.b",
                "unknown".into(),
                "line 3: DELETE public.b would lose an unknown number of rows"
            ),
        ]
    );
    assert_eq!(diff.0[0].before, Shown::NOTHING);
    assert!(diff.0[1..].iter().all(|f| f.after == 0.into()));
    assert_eq!(SqlScript::readiness(&have), Readiness::Ready);
    assert_eq!(SqlScript::owner(&have, "x"), Owner::Untaggable);
}

#[test]
fn mistakes_are_found_with_their_place() {
    let spec = spec(EXAMPLE);
    let check = |sql: &[u8]| SqlScript::check(&spec, &facts(&spec, sql), &Claims::new());
    assert_eq!(check(b"SELECT 1;"), []);
    let detail = |sql: &[u8]| check(sql).remove(0).diagnostic.detail;
    assert!(detail(b"SELECT 1;\n  COMMIT;").starts_with("sql/schema.sql:2:3: COMMIT"));
    assert!(detail(b"SELECT 1;\n-- \xff").starts_with("sql/schema.sql:2:4: "));
    assert_eq!(
        check(b"-- nothing")[0].diagnostic.severity,
        Severity::Warning
    );
}

#[test]
fn one_name_in_one_database_is_for_one_script() {
    let spec = spec(EXAMPLE);
    let facts = facts(&spec, b"SELECT 1;");
    let own = SqlScript::claims(&spec, &facts);
    let with = |addr: Addr, claims| SqlScript::check(&spec, &facts, &[(addr, claims)].into());
    assert_eq!(with(facts.addr.clone(), own.clone()), []);
    assert_eq!(
        with(Addr::new("sql_script", "other"), own.clone())[0].path,
        "name"
    );
    let mut elsewhere = own;
    elsewhere["database"] = "x".into();
    assert_eq!(with(Addr::new("sql_script", "other"), elsewhere), []);
}

fn failure(sqlstate: &str) -> Error {
    Error::Db(Box::new(DbFailure {
        sqlstate: sqlstate.into(),
        message: "duplicate key".into(),
        detail: Some("Key (email)=(hunter2) already exists.".into()),
        hint: Some("a hint".into()),
        context: None,
        schema: None,
        table: None,
        column: None,
        constraint: None,
        position: None,
        place: Some(Place {
            script: "sql_script.schema".into(),
            line: 4,
            column: 2,
            exact: true,
        }),
    }))
}

#[test]
fn errors_have_their_class_and_residue() {
    let target = target("SELECT 1;");
    let lost = || Error::ConnectionLost {
        cause: None,
        sqlstate: None,
    };
    let host = || "db.example".to_owned();
    let unreachable = Error::Unreachable {
        host: host(),
        port: 5432,
        cause: UnreachableCause::Silent,
        elapsed: Duration::from_secs(10),
    };
    let rejected = Error::AuthenticationRejected {
        host: host(),
        user: "root".into(),
        sqlstate: Some("28P01".into()),
    };
    let missing = Error::DatabaseMissing {
        host: host(),
        database: "cruddur".into(),
    };
    let script = Error::Script {
        script: "sql_script.schema".into(),
        error: split("COMMIT;").unwrap_err(),
    };
    let consent = Error::NeedsConsent(vec![loss(
        "public.u",
        None,
        Rows::Exactly(1),
        Verb::Truncate,
    )]);
    let commit = Error::CommitUnknown { script: "s".into() };
    let tls = Error::Tls {
        host: host(),
        problem: TlsProblem::WrongName,
    };
    let table = [
        (
            During::Connect,
            unreachable,
            Class::Unreachable,
            Residue::Nothing,
        ),
        (
            During::Connect,
            lost(),
            Class::Unreachable,
            Residue::Nothing,
        ),
        (During::Look, lost(), Class::Transient, Residue::Nothing),
        (During::Run, lost(), Class::Transient, Residue::Nothing),
        (During::Run, commit, Class::Transient, Residue::Unknown),
        (During::Connect, rejected, Class::Denied, Residue::Nothing),
        (During::Connect, missing, Class::Invalid, Residue::Nothing),
        (During::Connect, tls, Class::Invalid, Residue::Nothing),
        (
            During::Connect,
            failure("57P03"),
            Class::Transient,
            Residue::Nothing,
        ),
        (
            During::Run,
            failure("23505"),
            Class::Invalid,
            Residue::Nothing,
        ),
        (
            During::Run,
            failure("42501"),
            Class::Denied,
            Residue::Nothing,
        ),
        (
            During::Run,
            failure("40P01"),
            Class::Transient,
            Residue::Nothing,
        ),
        (During::Run, script, Class::Invalid, Residue::Nothing),
        (During::Run, consent, Class::Surprise, Residue::Nothing),
    ];
    for (during, error, class, residue) in table {
        let fault = fault(&target, during, &error);
        assert_eq!((fault.class, fault.residue), (class, residue), "{error}");
        let text = format!("{fault} {fault:?}");
        assert!(
            !text.contains("hunter2") && !text.contains("root"),
            "{text}"
        );
    }
}

#[test]
fn words_of_errors_help() {
    let target = target("SELECT 1;");
    let unreachable = Error::Unreachable {
        host: "db.example".into(),
        port: 5432,
        cause: UnreachableCause::Silent,
        elapsed: Duration::from_secs(10),
    };
    let help = fault(&target, During::Connect, &unreachable).help.unwrap();
    assert!(
        help.contains("refresh-ip") && help.contains("--connect-to"),
        "{help}"
    );
    let failed = fault(&target, During::Run, &failure("23505"));
    assert_eq!(failed.code.as_deref(), Some("23505"));
    assert_eq!(failed.message, "sql/schema.sql:4:2: duplicate key");
    assert_eq!(failed.help.as_deref(), Some("a hint"));
}

#[test]
fn a_first_run_is_shown_without_the_url() {
    let want = target("SELECT 1;");
    let digest = want.script.digest();
    assert_eq!(
        serde_json::json!(SqlScript::fields(&want)),
        serde_json::json!([
            ["database", "db.example:5432/cruddur"],
            ["file", "sql/schema.sql"],
            ["digest", {"digest": digest}],
        ])
    );
}

/// A plan cannot have shown it, so that planning again is no advice.
#[test]
fn what_no_text_shows_is_told_without_a_line_and_allowed_by_name() {
    let target = target("SELECT clears();");
    let mut loss = loss("public.u", None, Rows::Exactly(2), Verb::Delete);
    let told = fault(
        &target,
        During::Run,
        &Error::NeedsConsent(vec![loss.clone()]),
    );
    assert!(told.message.contains("line 3: DELETE"), "{told}");
    assert!(told.help.unwrap().contains("plan again"));
    loss.line = 0;
    let told = fault(&target, During::Run, &Error::NeedsConsent(vec![loss]));
    assert!(
        told.message
            .ends_with(": DELETE public.u would lose 2 rows, by a function, a trigger or SQL that is put together as it runs"),
        "{told}"
    );
    let help = told.help.unwrap();
    assert!(
        help.contains("--allow-replace sql_script.schema allows it"),
        "{help}"
    );
}
