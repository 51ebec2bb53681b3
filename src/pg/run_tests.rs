//! Running scripts, against a real server.

use std::sync::Arc;

use super::script::{destructive, split};
use super::testing::Server;
use super::{ConnectionUrl, Error, Look, Loss, Outcome, Progress, Rows, Script, Session};

pub(super) struct World {
    pub(super) server: Arc<Server>,
    pub(super) url: ConnectionUrl,
    pub(super) session: Session,
}

/// A new database and a session on it.
pub(super) async fn world() -> World {
    let server = Server::shared();
    let url = server.database().await;
    let session = server.session(&url).await;
    World {
        server,
        url,
        session,
    }
}

impl World {
    async fn sql(&self, sql: &str) {
        self.session.client().batch_execute(sql).await.unwrap();
    }

    async fn text(&self, sql: &str) -> String {
        self.session
            .client()
            .query_one(sql, &[])
            .await
            .unwrap()
            .get(0)
    }

    async fn run(&mut self, name: &str, text: &str, consent: bool) -> Result<Outcome, Error> {
        self.session
            .run_script(&Script::new(name, text), consent, |_| {})
            .await
    }

    pub(super) async fn look(&mut self, text: &str) -> Look {
        let destructions = destructive(&split(text).unwrap());
        self.session.look("a.sql", &destructions).await.unwrap()
    }

    /// `verb table[.column] rows line` of every loss.
    async fn losses(&mut self, text: &str) -> Vec<String> {
        self.look(text).await.losses.iter().map(told).collect()
    }

    pub(super) async fn exists(&self, table: &str) -> bool {
        self.text(&format!(
            "SELECT (to_regclass('{table}') IS NOT NULL)::text"
        ))
        .await
            == "true"
    }
}

fn told(loss: &Loss) -> String {
    let column = loss
        .column
        .as_ref()
        .map(|column| format!(".{column}"))
        .unwrap_or_default();
    format!(
        "{} {}{column} {} line {}",
        loss.verb, loss.table, loss.rows, loss.line
    )
}

#[tokio::test]
async fn a_script_runs_once_until_it_changes() {
    let mut world = world().await;
    let text =
        "\u{feff}CREATE TABLE a (b text);\r\nINSERT INTO a VALUES ('ä'), ('b');\nSELECT * FROM a;";
    let mut progress = Vec::new();
    let script = Script::new("a.sql", text);
    let outcome = world
        .session
        .run_script(&script, false, |step| progress.push(step))
        .await
        .unwrap();
    assert_eq!(
        outcome,
        Outcome::Applied {
            statements: 3,
            before: None
        }
    );
    assert!(
        progress.contains(&Progress::Done {
            number: 2,
            of: 3,
            rows: 2
        }),
        "{progress:?}"
    );
    assert_eq!(progress.last(), Some(&Progress::Committing));
    let look = world.look(text).await;
    assert_eq!(look.recorded.as_ref().unwrap().digest, script.digest());

    let again = world.run("a.sql", text, false).await.unwrap();
    assert_eq!(
        again,
        Outcome::AlreadyCurrent(look.recorded.clone().unwrap())
    );
    let changed = world
        .run("a.sql", "INSERT INTO a VALUES ('c')", false)
        .await
        .unwrap();
    assert_eq!(
        changed,
        Outcome::Applied {
            statements: 1,
            before: look.recorded
        }
    );
    let line = world
        .text("SELECT statements || applied_by FROM cruddur_infra.sql_scripts")
        .await;
    assert_eq!(line, "1postgres");
}

#[tokio::test]
async fn an_error_leaves_nothing_and_names_its_place() {
    let mut world = world().await;
    for (text, place, exact, sqlstate) in [
        (
            "CREATE TABLE a (b int);\nSELECT 'ää', nope\nFROM a",
            (2, 14),
            true,
            "42703",
        ),
        ("CREATE TABLE a (b int);\n  SELEC 1;", (2, 3), true, "42601"),
        (
            "CREATE TABLE a (b int);\nSELECT 1 +;",
            (2, 11),
            true,
            "42601",
        ),
        (
            "CREATE TABLE a (b int);\n\n  DO $$ BEGIN PERFORM 1/0; END $$",
            (3, 3),
            false,
            "22012",
        ),
        (
            "CREATE TABLE a (b int);\nDO $$\nBEGIN\n  PERFOM 1;\nEND $$",
            (4, 3),
            true,
            "42601",
        ),
    ] {
        let error = world.run("a.sql", text, false).await.unwrap_err();
        assert_eq!(error.line_column(), Some(place), "{error}");
        assert_eq!(error.sqlstate(), Some(sqlstate), "{error}");
        assert_eq!(
            error.failure().unwrap().place.as_ref().unwrap().exact,
            exact
        );
        assert!(
            error
                .to_string()
                .starts_with(&format!("a.sql:{}:{}: ", place.0, place.1)),
            "{error}"
        );
        assert!(!world.exists("a").await && !world.exists("cruddur_infra.sql_scripts").await);
    }
    let seed = "CREATE TABLE u (email text CONSTRAINT one UNIQUE);\nINSERT INTO u VALUES ('x');\nINSERT INTO u VALUES ('x');";
    let error = world.run("seed.sql", seed, false).await.unwrap_err();
    assert_eq!(
        (error.sqlstate(), error.constraint(), error.line_column()),
        (Some("23505"), Some("one"), Some((3, 1)))
    );
    assert!(
        error.detail().is_some() && !error.to_string().contains("(x)"),
        "{error}"
    );
    let error = world
        .run("a.sql", "SELECT 1;\n\\c x", false)
        .await
        .unwrap_err();
    assert_eq!((error.line_column(), error.failure()), (Some((2, 1)), None));
}

#[tokio::test]
async fn rows_are_only_thrown_away_with_consent() {
    let mut world = world().await;
    let text = "DROP TABLE IF EXISTS users, gone;\nCREATE TABLE users (a int);";
    world.sql("CREATE TABLE users (a int)").await;
    assert!(
        world.losses(text).await.is_empty(),
        "an empty table is no loss"
    );
    world
        .sql("INSERT INTO users SELECT generate_series(1, 3)")
        .await;
    assert_eq!(
        world.losses(text).await,
        ["DROP TABLE public.users 3 line 1"]
    );
    assert!(
        !world.exists("cruddur_infra.sql_scripts").await,
        "a look creates nothing"
    );
    let error = world.run("a.sql", text, false).await.unwrap_err();
    assert!(
        matches!(&error, Error::NeedsConsent(losses) if losses.len() == 1),
        "{error:?}"
    );
    assert_eq!(world.text("SELECT count(*)::text FROM users").await, "3");
    world.run("a.sql", text, true).await.unwrap();
    assert_eq!(world.text("SELECT count(*)::text FROM users").await, "0");
}

#[tokio::test]
async fn losses_follow_cascades_columns_and_unknown_names() {
    let mut world = world().await;
    world
        .sql(
            "CREATE SCHEMA s; CREATE TABLE s.\"A b\" (id int PRIMARY KEY, c text);
             INSERT INTO s.\"A b\" VALUES (1, 'x'), (2, NULL);
             CREATE TABLE child (id int REFERENCES s.\"A b\"); INSERT INTO child VALUES (1);
             CREATE TABLE part (id int) PARTITION BY LIST (id);
             CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1); INSERT INTO part VALUES (1);",
        )
        .await;
    for (text, losses) in [
        ("DROP SCHEMA s CASCADE", vec!["DROP SCHEMA s.A b 2 line 1"]),
        (
            "TRUNCATE s.\"A b\" CASCADE",
            vec!["TRUNCATE public.child 1 line 1", "TRUNCATE s.A b 2 line 1"],
        ),
        (
            "ALTER TABLE s.\"A b\" DROP c, DROP nope",
            vec!["DROP COLUMN s.A b.c 1 line 1"],
        ),
        (
            "\nDELETE FROM part; DROP TABLE part",
            vec!["DELETE public.part 1 line 2"],
        ),
        ("DROP TABLE \"A b\"", vec![]),
        (
            "SET search_path = s; DROP TABLE \"A b\"",
            vec!["DROP TABLE s.A b 2 line 1"],
        ),
        (
            "DO $$ BEGIN EXECUTE 'DROP TABLE ' || x; END $$",
            vec![
                "DROP TABLE public.child 1 line 1",
                "DROP TABLE public.part 1 line 1",
                "DROP TABLE s.A b 2 line 1",
            ],
        ),
        (
            "DROP OWNED BY current_user",
            vec![
                "DROP OWNED public.child 1 line 1",
                "DROP OWNED public.part 1 line 1",
                "DROP OWNED s.A b 2 line 1",
            ],
        ),
    ] {
        assert_eq!(world.losses(text).await, losses, "{text}");
    }
}

#[tokio::test]
async fn hidden_rows_count_as_unknown() {
    let mut world = world().await;
    let role = format!("role_of_{}", world.url.database().unwrap());
    world
        .sql(&format!(
            "CREATE TABLE closed (a int); INSERT INTO closed VALUES (1);
             CREATE TABLE guarded (a int); INSERT INTO guarded VALUES (1);
             ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
             CREATE ROLE {role}; GRANT SELECT ON guarded TO {role}; SET ROLE {role}"
        ))
        .await;
    let losses = world.look("DROP TABLE closed, guarded").await.losses;
    assert_eq!(
        losses.iter().map(|loss| loss.rows).collect::<Vec<_>>(),
        [Rows::Unknown, Rows::Unknown]
    );
    world.sql("RESET ROLE").await;
}

#[tokio::test]
async fn settings_and_roles_of_a_script_end_with_it() {
    let mut world = world().await;
    let role = format!("role_of_{}", world.url.database().unwrap());
    let text = format!(
        "CREATE ROLE {role}; CREATE SCHEMA x AUTHORIZATION {role}; SET search_path = x; SET ROLE {role};
         SET statement_timeout = '1h'; CREATE TABLE a (b int); DO $$ BEGIN RAISE NOTICE 'hello'; END $$"
    );
    let mut notices = Vec::new();
    let script = Script::new("a.sql", text);
    world
        .session
        .run_script(&script, false, |step| {
            if let Progress::Notice(notice) = step {
                notices.push(notice.message);
            }
        })
        .await
        .unwrap();
    assert_eq!(notices, ["hello"]);
    let sql = "SELECT current_user || current_setting('search_path') || current_setting('statement_timeout')";
    assert_eq!(world.text(sql).await, "postgres\"$user\", public5min");
    assert!(world.exists("x.a").await);
}

#[tokio::test]
async fn deferred_constraints_fail_with_a_clear_meaning() {
    let mut world = world().await;
    let text = "CREATE TABLE a (b int PRIMARY KEY); CREATE TABLE c (d int REFERENCES a DEFERRABLE INITIALLY DEFERRED);
                INSERT INTO c VALUES (1)";
    let error = world.run("a.sql", text, false).await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("23503"));
    assert!(!world.exists("c").await);
}
