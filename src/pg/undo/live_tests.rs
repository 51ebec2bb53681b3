//! Losses of every kind and the way back, against a real server.

use std::sync::Arc;

use tokio_postgres::SimpleQueryMessage;

use super::super::testing::Server;
use super::super::{ConnectionUrl, Connector, Error, Outcome, Params, Script, Session, Template};
use super::stream::SETTINGS;
use super::{Copies, Copy, CopyProblem, Form, Keeper, State, Undone};

pub(super) struct World {
    pub(super) server: Arc<Server>,
    pub(super) url: ConnectionUrl,
    pub(super) session: Session,
    pub(super) copies: Copies,
    _dir: tempfile::TempDir,
}

pub(super) async fn world(sql: &str) -> World {
    let server = Server::shared();
    let url = server.database().await;
    let session = server.session(&url).await;
    let dir = tempfile::tempdir().unwrap();
    let copies = Copies::new(dir.path().join("undo"));
    session.client().batch_execute(sql).await.unwrap();
    World {
        server,
        url,
        session,
        copies,
        _dir: dir,
    }
}

impl World {
    pub(super) fn keeper(&self) -> Keeper {
        let connector = Connector::new(self.server.options());
        Keeper::new(self.copies.clone(), connector, self.url.clone(), "the test")
    }

    pub(super) async fn sql(&self, sql: &str) {
        let done = self.session.client().batch_execute(sql).await;
        done.unwrap_or_else(|e| panic!("{sql}: {:?}", e.as_db_error()));
    }

    pub(super) async fn script(&mut self, sql: &str) -> Result<Outcome, Error> {
        let keeper = self.keeper();
        let script = Script::new("loss", sql);
        self.session
            .run_script_keeping(&script, true, Some(&keeper), |_| {})
            .await
    }

    async fn query(&mut self, sql: &str) -> Result<u64, Error> {
        let keeper = self.keeper();
        let template = Template::parse("query", sql).unwrap();
        let done = self
            .session
            .query_commit_keeping(&template, &Params::new(), &keeper)
            .await;
        done.map(|done| done.count)
    }

    /// The copy that was made just now.
    pub(super) fn made(&self) -> Copy {
        let mut made = self.copies.take_made();
        assert_eq!(made.len(), 1);
        let copy = made.remove(0);
        assert_eq!(copy.state, State::Kept);
        assert_eq!(
            self.copies.get(&copy.id).unwrap(),
            Copy {
                objects: copy
                    .objects
                    .iter()
                    .map(|o| super::objects::Object {
                        id: (0, 0, 0),
                        table: 0,
                        ..o.clone()
                    })
                    .collect(),
                ..copy.clone()
            }
        );
        copy
    }

    pub(super) async fn undo(&mut self, id: &str, consent: bool) -> Result<Undone, Error> {
        let keeper = self.keeper();
        let database = keeper.database();
        let undone = self
            .session
            .undo(
                &self.copies,
                id,
                Some(&keeper),
                (&database, consent),
                |_| {},
            )
            .await;
        let _ = self.copies.take_made();
        undone
    }

    /// All there is: definitions, rows, positions of sequences, the ledger.
    pub(super) async fn dump(&self) -> String {
        let s = &self.session;
        s.batch("BEGIN READ ONLY").await.unwrap();
        s.batch(SETTINGS).await.unwrap();
        let mut text = String::new();
        let mut objects = s.definitions().await.unwrap();
        objects.sort_by(|a, b| a.named().cmp(&b.named()));
        for object in objects {
            let (sql, more) = (&object.sql, object.more.join("; "));
            text += &format!("{} {}: {sql} {more}\n", object.kind, object.name);
        }
        let mut tables: Vec<_> = s.tables_now().await.unwrap().into_values().collect();
        tables.sort_by_key(super::watch::Table::called);
        for table in tables.iter().filter(|table| table.holds) {
            let sql = format!(
                "SELECT ROW(x.*)::text FROM ONLY {} AS x ORDER BY 1",
                table.quoted
            );
            text += &format!("{}\n", table.quoted);
            for message in s.client().simple_query(&sql).await.unwrap() {
                if let SimpleQueryMessage::Row(row) = message {
                    text += &format!("  {:?}\n", row.get(0));
                }
            }
        }
        let mut sequences = s.positions().await.unwrap();
        sequences.sort_by(|(_, _, a), (_, _, b)| a.name.cmp(&b.name));
        for (_, _, sequence) in sequences {
            text += &format!("{} {} {}\n", sequence.name, sequence.last, sequence.called);
        }
        if let Some(entry) = s.ledger_entry("loss").await.unwrap() {
            text += &format!("ledger {entry:?}\n");
        }
        s.batch("ROLLBACK").await.unwrap();
        text
    }

    /// Loses something and takes it back: everything is as it was.
    pub(super) async fn there_and_back(&mut self, sql: &str) -> Copy {
        let before = self.dump().await;
        let lost = self.script(sql).await;
        lost.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        let after = self.dump().await;
        assert_ne!(before, after, "{sql}");
        let copy = self.made();
        let undone = self.undo(&copy.id, false).await;
        let undone = undone.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        assert_eq!(undone.could_not, Vec::<String>::new(), "{sql}");
        let now = self.dump().await;
        assert_eq!(before, now, "{sql}");
        copy
    }

    fn folder(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.copies.dir()) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name != ".gitignore")
            .collect();
        names.sort();
        names
    }
}

fn told(copy: &Copy) -> Vec<(String, u64, bool)> {
    let whole = |t: &super::TableCopy| matches!(t.form, Form::Whole { .. });
    copy.tables
        .iter()
        .map(|t| (t.name.clone(), t.rows, whole(t)))
        .collect()
}

#[tokio::test]
async fn what_a_function_a_trigger_or_a_foreign_key_takes_is_in_the_copy() {
    let mut world = world(
        "CREATE TABLE a (id int PRIMARY KEY, w text); INSERT INTO a SELECT n, 'a' || n FROM generate_series(1, 5) n;
         CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE); INSERT INTO b SELECT n, n FROM a AS x(n);
         CREATE TABLE c (id int PRIMARY KEY, b int REFERENCES b ON DELETE SET NULL); INSERT INTO c SELECT id, id FROM b;
         CREATE TABLE log (n int); INSERT INTO log VALUES (1), (2);
         CREATE TABLE untouched (id int PRIMARY KEY); INSERT INTO untouched VALUES (1);
         CREATE FUNCTION purge(n int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM a WHERE id = n; END $$;
         CREATE FUNCTION wipe(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DROP TABLE ' || t; END $$;
         CREATE FUNCTION emptied() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM log; RETURN NULL; END $$;
         CREATE TRIGGER t AFTER DELETE ON a FOR EACH STATEMENT EXECUTE FUNCTION emptied();",
    )
    .await;
    let copy = world.there_and_back("SELECT purge(3)").await;
    assert_eq!(
        told(&copy),
        [
            ("a".to_owned(), 1, false),
            ("b".to_owned(), 1, false),
            ("c".to_owned(), 1, false),
            ("log".to_owned(), 2, true)
        ]
    );
    // nothing in the text tells: only what happened does
    let copy = world.there_and_back("SELECT wipe('c')").await;
    assert_eq!(told(&copy), [("c".to_owned(), 5, true)]);
    let copy = world
        .there_and_back(
            "DO $$ DECLARE t text := 'log'; BEGIN EXECUTE concat('TRUN', 'CATE ', t); END $$",
        )
        .await;
    assert_eq!(told(&copy), [("log".to_owned(), 2, true)]);
    // what loses nothing leaves nothing
    let kept = world.folder();
    world.script("INSERT INTO log VALUES (9); CREATE TABLE d (n int); DROP TABLE IF EXISTS none; UPDATE a SET w = w").await.unwrap();
    world.script("DROP TABLE d; TRUNCATE d2").await.unwrap_err();
    world.script("DROP TABLE d").await.unwrap();
    assert!(world.copies.take_made().is_empty());
    assert_eq!(
        world
            .query("UPDATE a SET w = 'x' WHERE id = 99")
            .await
            .unwrap(),
        0
    );
    assert_eq!(world.folder(), kept);
}

#[tokio::test]
async fn a_query_keeps_only_the_rows_that_it_changes() {
    let mut world = world(
        "CREATE TABLE a (id int PRIMARY KEY, w text); INSERT INTO a SELECT n, 'a' || n FROM generate_series(1, 1000) n;
         CREATE TABLE b (a int REFERENCES a); INSERT INTO b SELECT id FROM a",
    )
    .await;
    let before = world.dump().await;
    assert_eq!(
        world
            .query("UPDATE a SET w = 'x' WHERE id <= 2")
            .await
            .unwrap(),
        2
    );
    let copy = world.made();
    assert_eq!(told(&copy), [("a".to_owned(), 2, false)]);
    // what others do meanwhile stays, in the same table and before anybody is asked
    world
        .sql("INSERT INTO a VALUES (2000, 'other'); UPDATE a SET w = 'theirs' WHERE id = 500")
        .await;
    let undone = world.undo(&copy.id, false).await.unwrap();
    assert!(undone.overwritten.is_empty());
    world
        .sql("DELETE FROM a WHERE id = 2000; UPDATE a SET w = 'a500' WHERE id = 500")
        .await;
    assert_eq!(world.dump().await, before);
    let again = world.undo(&copy.id, false).await.unwrap_err();
    assert!(
        matches!(&again, Error::Copy(p) if matches!(**p, CopyProblem::TakenBack { .. })),
        "{again:?}"
    );
    assert_eq!(world.query("DELETE FROM b WHERE a > 998").await.unwrap(), 2);
    assert_eq!(
        told(&world.made()),
        [("b".to_owned(), 1000, true)],
        "no key: all of it"
    );
    let refused = world.query("DELETE FROM a WHERE id = 1").await.unwrap_err();
    assert_eq!(refused.sqlstate(), Some("23503"));
    let losses = {
        let template = Template::parse("q", "DELETE FROM b WHERE a < 4").unwrap();
        world
            .session
            .query_losses(&template, &Params::new())
            .await
            .unwrap()
    };
    assert_eq!(
        (losses.len(), losses[0].rows),
        (1, super::super::Rows::Exactly(3))
    );
    assert!(world.copies.take_made().is_empty());
}

#[tokio::test]
async fn what_came_since_is_not_overwritten_without_a_word_and_comes_back_itself() {
    let mut world = world(
        "CREATE TABLE a (id int PRIMARY KEY, w text); INSERT INTO a SELECT n, 'a' || n FROM generate_series(1, 5) n;
         CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)",
    )
    .await;
    let before = world.dump().await;
    world
        .script("UPDATE a SET w = 'lost' WHERE id < 3; TRUNCATE t")
        .await
        .unwrap();
    let copy = world.made();
    world
        .sql("UPDATE a SET w = 'since' WHERE id = 1; INSERT INTO t VALUES (7), (8), (9)")
        .await;
    let between = world.dump().await;
    let error = world.undo(&copy.id, false).await.unwrap_err();
    let Error::Overwrites(found) = error else {
        panic!("{error:?}")
    };
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, ["public.a: 1 row", "public.t: 3 rows"]);
    assert_eq!(world.dump().await, between, "nothing was changed");
    let undone = world.undo(&copy.id, true).await.unwrap();
    assert_eq!(world.dump().await, before);
    let kept = undone.kept.unwrap();
    assert_eq!(
        told(&kept),
        [("a".to_owned(), 2, false), ("t".to_owned(), 3, true)]
    );
    world.undo(&kept.id, false).await.unwrap();
    assert_eq!(world.dump().await, between);
}

#[tokio::test]
async fn the_ledger_agrees_with_the_tables() {
    let mut world = world("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)").await;
    let first = "SELECT 1";
    world.script(first).await.unwrap();
    world.script("TRUNCATE a").await.unwrap();
    let copy = world.made();
    let undone = world.undo(&copy.id, false).await.unwrap();
    assert_eq!(undone.script.unwrap().name, "loss");
    let ran = world.script(first).await.unwrap();
    assert!(matches!(ran, Outcome::AlreadyCurrent(_)), "{ran:?}");
    world.script("TRUNCATE a").await.unwrap();
    let copy = world.made();
    world.script("SELECT 'another version'").await.unwrap();
    let undone = world.undo(&copy.id, false).await.unwrap();
    assert_eq!(undone.script, None);
    assert_eq!(undone.could_not.len(), 1, "{:?}", undone.could_not);
    let ran = world.script("SELECT 'another version'").await.unwrap();
    assert!(matches!(ran, Outcome::AlreadyCurrent(_)), "{ran:?}");
}

#[tokio::test]
async fn without_room_or_rights_nothing_is_lost() {
    let mut world = world(
        "CREATE TABLE a (id int PRIMARY KEY, w text); INSERT INTO a SELECT n, repeat('x', 500) FROM generate_series(1, 2000) n",
    )
    .await;
    let before = world.dump().await;
    let all = world.copies.clone();
    world.copies = all.clone().with_free(64 * 1024 * 1024 + 1000);
    for sql in ["TRUNCATE a", "DROP TABLE a"] {
        let error = world.script(sql).await.unwrap_err();
        assert!(
            matches!(&error, Error::Copy(p) if matches!(**p, CopyProblem::NoRoom { .. })),
            "{error:?}"
        );
    }
    assert_eq!(world.dump().await, before);
    assert_eq!(world.folder(), Vec::<String>::new());
    world.copies = all;
    let role = format!("blind_{}", world.url.database().unwrap());
    world
        .sql(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'p'; GRANT DELETE, UPDATE, TRUNCATE ON a TO {role};
             CREATE TABLE hidden (id int PRIMARY KEY); INSERT INTO hidden VALUES (1), (2);
             GRANT ALL ON hidden TO {role}; ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
             CREATE POLICY p ON hidden USING (id = 1)"
        ))
        .await;
    let before = world.dump().await;
    let url = ConnectionUrl::build(
        &role,
        &"p".to_owned().into(),
        super::super::testing::HOST,
        5432,
        world.url.database().unwrap(),
    );
    let mut blind = world.server.session(&url).await;
    let connector = Connector::new(world.server.options());
    let keeper = Keeper::new(world.copies.clone(), connector, url, "the test");
    for (sql, table) in [
        ("DELETE FROM a", "public.a"),
        ("TRUNCATE a", "public.a"),
        ("DELETE FROM hidden", "public.hidden"),
    ] {
        let template = Template::parse("q", sql).unwrap();
        let error = blind
            .query_commit_keeping(&template, &Params::new(), &keeper)
            .await
            .unwrap_err();
        let Error::Copy(problem) = &error else {
            panic!("{sql}: {error:?}")
        };
        assert!(
            matches!(&**problem, CopyProblem::Unreadable { table: t } if t == table),
            "{problem:?}"
        );
    }
    assert_eq!(world.dump().await, before);
    assert_eq!(world.folder(), Vec::<String>::new());
}

/// Rows that others commit while the copy is made are in it, or stay.
#[tokio::test]
async fn what_others_commit_meanwhile_is_in_the_copy_or_stays() {
    let mut world = world("CREATE TABLE a (id serial PRIMARY KEY, w text)").await;
    let connector = Connector::new(world.server.options());
    for (sql, ends) in [("DELETE FROM a", false), ("TRUNCATE a", true)] {
        world
            .sql("DELETE FROM a; INSERT INTO a (w) SELECT 'x' FROM generate_series(1, 5000)")
            .await;
        let writer = connector.connect(&world.url).await.unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let mut stopped = Box::pin(stopped);
        let writing = async {
            let mut written = 5000_u64;
            loop {
                writer
                    .client()
                    .batch_execute("INSERT INTO a (w) VALUES ('other')")
                    .await
                    .unwrap();
                written += 1;
                if futures_util::poll!(&mut stopped).is_ready() {
                    return written;
                }
            }
        };
        let losing = async {
            world.script(&format!("{sql} -- {ends}")).await.unwrap();
            stop.send(()).unwrap();
        };
        let (written, ()) = tokio::join!(writing, losing);
        let copy = world.made();
        let left: i64 = world
            .session
            .client()
            .query_one("SELECT count(*) FROM a", &[])
            .await
            .unwrap()
            .get(0);
        assert_eq!(copy.rows() + u64::try_from(left).unwrap(), written, "{sql}");
    }
}

#[tokio::test]
async fn a_run_that_is_given_up_leaves_neither_loss_nor_copy() {
    let mut world =
        world("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a SELECT generate_series(1, 100)")
            .await;
    let before = world.dump().await;
    let keeper = world.keeper();
    for sql in [
        "TRUNCATE a; SELECT pg_sleep(30)",
        "DELETE FROM a; SELECT pg_sleep(30)",
    ] {
        let script = Script::new("loss", sql);
        let canceller = world.session.canceller();
        let (begun, may_stop) = tokio::sync::oneshot::channel();
        let mut begun = Some(begun);
        let run = world
            .session
            .run_script_keeping(&script, true, Some(&keeper), |step| {
                if matches!(step, super::super::Progress::Done { .. })
                    && let Some(begun) = begun.take()
                {
                    begun.send(()).unwrap();
                }
            });
        tokio::select! {
            _ = run => panic!("it sleeps"),
            told = may_stop => told.unwrap(),
        }
        // nobody listens any more; else the server would sleep to the end
        canceller.cancel().await.unwrap();
        world.session = world.server.session(&world.url).await;
        assert_eq!(world.folder(), Vec::<String>::new());
    }
    assert_eq!(world.dump().await, before);
}
