//! What goes without being named by the text, against a real server.

use super::run_tests::{World, world};
use super::script::{destructive, split};
use super::testing::HOST;
use super::{
    ConnectionUrl, Connector, Consent, Copies, Error, Keeper, Loss, Params, Rows, Script, Template,
};

const WORLD: &str = r#"
DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public;
CREATE TABLE a (id int PRIMARY KEY, w text, n int); INSERT INTO a SELECT n, nullif(n, 5)::text FROM generate_series(1, 5) n;
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE); INSERT INTO b SELECT id, id FROM a;
CREATE TABLE none (id int, w text);
CREATE TYPE deep AS (p int, q text); CREATE TYPE comp AS (x int, y text, d deep[]); CREATE DOMAIN tamed AS comp;
CREATE TABLE k (c comp, cs comp[], t tamed[], "C d" deep);
INSERT INTO k VALUES ((1, NULL, '{}'), ARRAY[(1, 'y', NULL)::comp], ARRAY[(1, NULL, ARRAY[(1, 'q')::deep])::comp::tamed], NULL),
                     ((2, 'y', NULL), '{}', NULL, (3, NULL));
CREATE TABLE bell (n int);
CREATE TABLE parts (n int, w text) PARTITION BY RANGE (n);
CREATE TABLE low PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE high PARTITION OF parts FOR VALUES FROM (10) TO (20);
INSERT INTO parts VALUES (1, 'x'), (2, 'y');
CREATE FUNCTION does(what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE what; END $$;
CREATE PROCEDURE clears() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM b; END $$;
CREATE FUNCTION tries() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  BEGIN TRUNCATE b; RAISE 'not so'; EXCEPTION WHEN raise_exception THEN NULL; END;
  BEGIN DELETE FROM b; RAISE 'not so'; EXCEPTION WHEN raise_exception THEN NULL; END;
END $$;
CREATE FUNCTION rings() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN TRUNCATE b; RETURN NULL; END $$;
CREATE TRIGGER rings AFTER INSERT ON bell FOR EACH STATEMENT EXECUTE FUNCTION rings();"#;

/// What goes, and how it is told.
const ASKED: [(&str, &[&str]); 23] = [
    ("SELECT does('TRUNCATE b')", &["TRUNCATE b 5"]),
    (
        "SELECT does('TRUNCATE a CASCADE')",
        &["TRUNCATE a 5", "TRUNCATE b 5"],
    ),
    (
        "SELECT does('TRUNCATE b'); INSERT INTO b SELECT id, id FROM a; INSERT INTO b VALUES (6, NULL)",
        &["TRUNCATE b 5"],
    ),
    ("SELECT does('DROP TABLE b')", &["DROP TABLE b 5"]),
    (
        "SELECT does('ALTER TABLE a DROP COLUMN w')",
        &["DROP COLUMN a.w 4"],
    ),
    (
        "ALTER TABLE a RENAME COLUMN w TO v; ALTER TABLE a DROP COLUMN v",
        &["DROP COLUMN a.w 4"],
    ),
    (
        "SELECT does('DELETE FROM a')",
        &["DELETE a 5", "DELETE b 5"],
    ),
    ("CALL clears()", &["DELETE b 5"]),
    (
        "DO $$ BEGIN CALL clears(); INSERT INTO b SELECT id + 1, id FROM a; INSERT INTO b VALUES (1); END $$",
        &["DELETE b 5"],
    ),
    (
        "SELECT does('DELETE FROM b'), does('INSERT INTO b VALUES (1), (2)'), does('UPDATE b SET a = 3 WHERE id = 1')",
        &["DELETE b 5"],
    ),
    (
        "SELECT does('INSERT INTO b VALUES (8), (9)'), does('DELETE FROM b WHERE id <> 9')",
        &["DELETE b 5"],
    ),
    (
        "SELECT does('DELETE FROM parts'), does('INSERT INTO parts VALUES (12)')",
        &["DELETE low 2"],
    ),
    (
        "INSERT INTO b VALUES (7, NULL); CALL clears()",
        &["DELETE b 5"],
    ),
    (
        "DO $$ BEGIN EXECUTE concat('TRUN', 'CATE b'); END $$",
        &["TRUNCATE b 5"],
    ),
    ("INSERT INTO bell VALUES (1)", &["TRUNCATE b 5"]),
    ("SELECT does('DELETE FROM parts')", &["DELETE low 2"]),
    (
        "ALTER TYPE comp DROP ATTRIBUTE y",
        &["DROP COLUMN k.c.y 1", "DROP COLUMN k.cs.y 1"],
    ),
    (
        "DO $$ BEGIN ALTER TYPE comp DROP ATTRIBUTE d, DROP ATTRIBUTE y; END $$",
        &[
            "DROP COLUMN k.c.d 1",
            "DROP COLUMN k.c.y 1",
            "DROP COLUMN k.cs.y 1",
            "DROP COLUMN k.t.d 1",
        ],
    ),
    (
        "ALTER TYPE deep DROP ATTRIBUTE q",
        &["DROP COLUMN k.t.d.q 1"],
    ),
    (
        "ALTER TYPE deep DROP ATTRIBUTE p",
        &["DROP COLUMN k.C d.p 1", "DROP COLUMN k.t.d.p 1"],
    ),
    (
        "SELECT does('ALTER TABLE k DROP COLUMN c')",
        &["DROP COLUMN k.c 2"],
    ),
    (
        "SELECT does('DROP TYPE deep CASCADE')",
        &[
            "DROP COLUMN k.C d 1",
            "DROP COLUMN k.c.d 1",
            "DROP COLUMN k.t.d 1",
        ],
    ),
    (
        "SELECT does('TRUNCATE b'), does('DROP TABLE low')",
        &["DROP TABLE low 2", "TRUNCATE b 5"],
    ),
];

/// What loses no rows, or only such as are not asked about.
const NOT_ASKED: [&str; 26] = [
    "SELECT does('DELETE FROM a WHERE id = 1')",
    "DELETE FROM b WHERE id > 0",
    "DELETE FROM a WHERE id > 0",
    "DO $$ BEGIN DELETE FROM a WHERE id > 0; END $$",
    "ALTER TABLE b RENAME TO c; DELETE FROM c WHERE id > 0",
    "SELECT does('DELETE FROM b WHERE id > 1'), does('INSERT INTO b VALUES (8), (9)')",
    "SELECT does('DELETE FROM b WHERE id > 1'), does('UPDATE b SET a = NULL')",
    "SELECT does('UPDATE parts SET n = n + 10')",
    "SELECT does('DELETE FROM parts WHERE n = 1'), does('INSERT INTO parts VALUES (12)')",
    "DELETE FROM parts WHERE n > 0",
    "UPDATE parts SET n = n + 10",
    "ALTER TABLE a ALTER COLUMN w TYPE varchar(9)",
    "ALTER TABLE none ALTER COLUMN id TYPE bigint",
    "ALTER TABLE a ADD COLUMN u uuid DEFAULT gen_random_uuid()",
    "ALTER TABLE none ADD COLUMN u uuid DEFAULT gen_random_uuid()",
    "ALTER TYPE comp ADD ATTRIBUTE z int",
    "ALTER TYPE comp RENAME ATTRIBUTE y TO z",
    "ALTER TABLE k ALTER COLUMN c TYPE text",
    "CLUSTER a USING a_pkey",
    "INSERT INTO b SELECT n, NULL FROM generate_series(6, 9) n; CLUSTER b USING b_pkey; DELETE FROM b WHERE id = 1",
    "SELECT does('DROP TABLE none')",
    "SELECT does('TRUNCATE none')",
    "SELECT does('ALTER TABLE a DROP COLUMN n')",
    "CREATE TABLE own (n int); INSERT INTO own VALUES (1); SELECT does('TRUNCATE own'), does('DROP TABLE own')",
    "INSERT INTO none VALUES (1, 'x'); SELECT does('DELETE FROM none'), does('TRUNCATE none')",
    "SELECT tries()",
];

struct Kept {
    world: World,
    copies: Copies,
    _dir: tempfile::TempDir,
}

async fn kept() -> Kept {
    let dir = tempfile::tempdir().unwrap();
    Kept {
        world: world().await,
        copies: Copies::new(dir.path().join("undo")),
        _dir: dir,
    }
}

impl Kept {
    fn keeper(&self) -> Keeper {
        let connector = Connector::new(self.world.server.options());
        Keeper::new(
            self.copies.clone(),
            connector,
            self.world.url.clone(),
            "the test",
        )
    }

    async fn again(&self) {
        self.sql(WORLD).await;
    }

    async fn sql(&self, sql: &str) {
        let done = self.world.session.client().batch_execute(sql).await;
        done.unwrap_or_else(|e| panic!("{sql}: {:?}", e.as_db_error()));
    }

    async fn number(&self, sql: &str) -> i64 {
        let row = self.world.session.client().query_one(sql, &[]).await;
        row.unwrap().get(0)
    }

    /// Whether all is as at first, and there is no copy.
    async fn untouched(&self) -> bool {
        let sql = "SELECT (SELECT count(w) FROM a) * 100 + (SELECT count(*) FROM b) * 10 + (SELECT count(*) FROM low)";
        self.number(sql).await == 452 && self.copies.list().unwrap().0.is_empty()
    }

    async fn run(
        &mut self,
        sql: &str,
        keeping: bool,
        consent: impl Into<Consent>,
    ) -> Result<(), Error> {
        let keeper = keeping.then(|| self.keeper());
        let script = Script::new(sql, sql);
        let session = &mut self.world.session;
        session
            .run_script_keeping(&script, consent, keeper.as_ref(), |_| {})
            .await
            .map(drop)
    }

    async fn query(&mut self, sql: &str, keeping: bool, consent: bool) -> Result<u64, Error> {
        let keeper = keeping.then(|| self.keeper());
        let template = Template::parse("query", sql).unwrap();
        let done = self
            .world
            .session
            .query_commit_guarded(&template, &Params::new(), keeper.as_ref(), consent)
            .await;
        done.map(|done| done.count)
    }
}

fn told(losses: &[Loss]) -> Vec<String> {
    let told = losses.iter().map(|loss| {
        assert_eq!(loss.line, 0, "no line shows it");
        let column = loss.column.as_ref().map(|c| format!(".{c}"));
        format!(
            "{} {}{} {}",
            loss.verb,
            loss.table.trim_start_matches("public."),
            column.unwrap_or_default(),
            loss.rows
        )
    });
    let mut told: Vec<String> = told.collect();
    told.sort();
    told
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>, sql: &str) -> Vec<String> {
    match result {
        Err(Error::NeedsConsent(losses)) => told(&losses),
        other => panic!("{sql}: {other:?}"),
    }
}

#[tokio::test]
async fn what_a_script_empties_unseen_is_refused_like_what_it_shows() {
    let mut kept = kept().await;
    kept.again().await;
    for (sql, losses) in ASKED {
        for keeping in [false, true] {
            let result = kept.run(sql, keeping, false).await;
            assert_eq!(refused(result, sql), losses, "{sql}");
            assert!(kept.untouched().await, "{sql}");
        }
    }
    for (sql, _) in ASKED {
        kept.again().await;
        kept.run(sql, true, true).await.unwrap();
        assert_eq!(kept.copies.list().unwrap().0.len(), 1, "{sql}");
        let copy = kept.copies.list().unwrap().0.remove(0);
        kept.copies.discard(&copy.id).unwrap();
    }
}

#[tokio::test]
async fn what_loses_no_rows_or_says_which_is_not_refused() {
    let mut kept = kept().await;
    for (at, sql) in NOT_ASKED.iter().enumerate() {
        kept.again().await;
        let result = kept.run(sql, at % 2 == 0, false).await;
        assert!(result.is_ok(), "{sql}: {result:?}");
    }
}

#[tokio::test]
async fn who_agreed_to_what_is_shown_did_not_agree_to_the_rest() {
    let mut kept = kept().await;
    for (sql, rest) in [
        (
            "DELETE FROM low; SELECT does('TRUNCATE b')",
            &["TRUNCATE b 5"][..],
        ),
        (
            "ALTER TABLE a DROP COLUMN w; SELECT does('DELETE FROM a')",
            &["DELETE a 5", "DELETE b 5"],
        ),
        ("TRUNCATE a CASCADE", &[]),
        ("DROP SCHEMA public CASCADE", &[]),
        ("DELETE FROM parts", &[]),
        ("ALTER TABLE a DROP COLUMN w", &[]),
        ("ALTER TABLE k DROP COLUMN c", &[]),
    ] {
        kept.again().await;
        let result = kept.run(sql, false, Consent::Nothing).await;
        assert!(
            matches!(&result, Err(Error::NeedsConsent(losses)) if losses.iter().all(|l| l.line == 1)),
            "{sql}: {result:?}"
        );
        let result = kept.run(sql, true, Consent::Shown).await;
        if !rest.is_empty() {
            assert_eq!(refused(result, sql), rest, "{sql}");
            assert!(kept.untouched().await, "{sql}");
            kept.run(sql, false, Consent::Everything).await.unwrap();
        } else {
            result.unwrap();
        }
    }
}

/// Rows that a policy hides are lost as well: of a table that only shows some, nobody can say how many.
#[tokio::test]
async fn what_may_not_be_counted_counts_as_lost() {
    let mut kept = kept().await;
    kept.again().await;
    let database = kept.world.url.database().unwrap().to_owned();
    let role = format!("half_blind_{database}");
    kept.sql(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'p'; GRANT USAGE ON SCHEMA public TO {role};
         ALTER TABLE b ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON b USING (id > 9);
         GRANT ALL ON a, b TO {role}"
    ))
    .await;
    let password = "p".to_owned().into();
    let url = ConnectionUrl::build(&role, &password, HOST, 5432, &database);
    kept.world.session = kept.world.server.session(&url).await;
    let sql = "SELECT does('TRUNCATE b')";
    let lost = ["TRUNCATE b an unknown number of"];
    assert_eq!(refused(kept.run(sql, false, false).await, sql), lost);
    assert_eq!(
        refused(
            kept.query(
                "INSERT INTO a SELECT 6 FROM does('TRUNCATE b')",
                false,
                false
            )
            .await,
            sql
        ),
        lost
    );
}

/// The application's own user has no business in the ledger.
#[tokio::test]
async fn who_may_use_one_table_alone_may_query_it() {
    let mut kept = kept().await;
    kept.again().await;
    kept.run(
        "CREATE SEQUENCE other; CREATE TABLE own (id int PRIMARY KEY)",
        false,
        false,
    )
    .await
    .unwrap();
    let database = kept.world.url.database().unwrap().to_owned();
    let role = format!("narrow_{database}");
    kept.sql(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'p'; GRANT USAGE ON SCHEMA public TO {role};
         GRANT SELECT, INSERT, DELETE ON own TO {role}"
    ))
    .await;
    let password = "p".to_owned().into();
    let url = ConnectionUrl::build(&role, &password, HOST, 5432, &database);
    kept.world.session = kept.world.server.session(&url).await;
    kept.world.url = url;
    let denied = kept.world.session.look("a.sql", &[]).await;
    assert_eq!(denied.unwrap_err().sqlstate(), Some("42501"));
    for keeping in [true, false] {
        kept.query("INSERT INTO own VALUES (1), (2), (3)", keeping, false)
            .await
            .unwrap();
        let rest = kept
            .query("DELETE FROM own WHERE id = 1", keeping, false)
            .await;
        assert_eq!(rest.unwrap(), 1);
        let destructions = destructive(&split("DELETE FROM own").unwrap());
        let lost = kept.world.session.would_lose(&destructions).await.unwrap();
        assert_eq!((lost.len(), lost[0].rows), (1, Rows::Exactly(2)));
        let refused = kept.query("DELETE FROM own", keeping, false).await;
        assert!(
            matches!(refused, Err(Error::NeedsConsent(_))),
            "{refused:?}"
        );
        assert_eq!(
            kept.query("DELETE FROM own", keeping, true).await.unwrap(),
            2
        );
        assert_eq!(kept.copies.list().unwrap().0.len(), 2, "one a deletion");
    }
    assert!(kept.world.session.would_lose(&[]).await.unwrap().is_empty());
    let template = Template::parse("query", "SELECT 1").unwrap();
    let one = kept
        .world
        .session
        .query_value(&template, &Params::new())
        .await;
    assert_eq!(one.unwrap(), Some(1.into()));
}

#[tokio::test]
async fn a_query_is_asked_about_like_a_script() {
    let mut kept = kept().await;
    kept.again().await;
    for (sql, loss) in [
        ("CALL clears()", "DELETE b 5"),
        ("INSERT INTO bell VALUES (1)", "TRUNCATE b 5"),
        (
            "DO $$ BEGIN PERFORM does(concat('DROP TAB', 'LE b')); END $$",
            "DROP TABLE b 5",
        ),
        (
            "WITH x AS (SELECT does('DELETE FROM b')) INSERT INTO none SELECT 1 FROM x",
            "DELETE b 5",
        ),
    ] {
        for keeping in [false, true] {
            let result = kept.query(sql, keeping, false).await;
            assert_eq!(refused(result, sql), [loss], "{sql}");
            assert!(kept.untouched().await, "{sql}");
        }
        let template = Template::parse("query", sql).unwrap();
        let session = &mut kept.world.session;
        let losses = session.query_losses(&template, &Params::new()).await;
        let losses = losses.unwrap();
        assert_eq!(
            (losses.len(), losses[0].verb.to_string()),
            (1, loss[..loss.len() - 4].to_owned()),
            "{sql}"
        );
    }
    // a row that came since somebody looked
    let shown = kept.query("TRUNCATE b", true, false).await;
    assert!(matches!(shown, Err(Error::NeedsConsent(losses)) if losses[0].line == 1));
    assert_eq!(
        kept.query("DELETE FROM b WHERE id > 0", true, false)
            .await
            .unwrap(),
        5
    );
    assert_eq!(kept.query("TRUNCATE b", true, false).await.unwrap(), 0);
    kept.query("CALL clears()", false, false).await.unwrap();
    kept.again().await;
    kept.query("CALL clears()", true, true).await.unwrap();
    assert_eq!(kept.number("SELECT count(*) FROM b").await, 0);
    let error = kept.query("TRUNCATE missing", true, false).await;
    assert_eq!(error.unwrap_err().sqlstate(), Some("42P01"));
}
