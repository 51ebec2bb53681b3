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
            .undo(&self.copies, id, Some(&keeper), (&database, consent))
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
            text += &format!("{} {}: {}\n", object.kind, object.name, object.sql);
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
    async fn there_and_back(&mut self, sql: &str) -> Copy {
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

/// Names, types and definitions that are hard to bring back.
pub(super) const HOSTILE: &str = r#"
CREATE SCHEMA "sch.""ema
x";
CREATE TYPE "sch.""ema
x"."möod" AS ENUM ('so''so', 'ok "fine"', 'très');
CREATE DOMAIN public.percent AS numeric(5, 2) DEFAULT 1 CHECK (VALUE BETWEEN 0 AND 100);
CREATE TYPE public.pair AS (a int, "b c" text);
CREATE FUNCTION public.twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE FUNCTION public.stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := 'stamped'; RETURN NEW; END $$;
CREATE SEQUENCE public.alone START 5 INCREMENT -3 MINVALUE -100 MAXVALUE 10;
SELECT nextval('public.alone'), nextval('public.alone');
CREATE TABLE "sch.""ema
x"."ta.ble ""ü"" '" (
    "ID" int GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 10) PRIMARY KEY,
    "se lf" int REFERENCES "sch.""ema
x"."ta.ble ""ü"" '" ("ID") ON DELETE CASCADE,
    mood "sch.""ema
x"."möod" NOT NULL DEFAULT 'très',
    moods "sch.""ema
x"."möod"[],
    part public.percent,
    pair public.pair,
    data bytea,
    "empty or null" text COLLATE "C",
    note text,
    at timestamptz DEFAULT '2026-01-02 03:04:05.678901+02',
    span interval, float8 float8, price money, doc jsonb, raw json, x xml, r int4range, bits bit(3), addr inet,
    doubled int GENERATED ALWAYS AS (public.twice("ID")) STORED,
    CONSTRAINT "not '13" CHECK ("ID" <> 13), UNIQUE ("ID", mood)
) WITH (fillfactor = 70);
INSERT INTO "sch.""ema
x"."ta.ble ""ü"" '" ("se lf", moods, part, pair, data, "empty or null", note, span, float8, price, doc, raw, x, r, bits, addr)
VALUES
 (NULL, '{très,NULL}', 99.95, '(1,"a ""q"", \\")', '\x00ff5c0a', '', E'tab\tnew\nline\\ \\N \\.', '1 mon -3 days', 'NaN', 1234.5, '{"a":[1,null]}', '{ "b" :  2 }', '<a/>', '[1,5)', B'101', '10.0.0.1/8'),
 (100, '{}', NULL, NULL, '', NULL, '\.', '-00:00:00.000001', 0.1, NULL, 'null', NULL, NULL, 'empty', NULL, NULL),
 (110, NULL, 0, '(,)', NULL, E'\r\n', 'ü€😀', NULL, '-Infinity', -0.01, NULL, '[]', NULL, NULL, NULL, '::1');
CREATE INDEX "in.dex" ON "sch.""ema
x"."ta.ble ""ü"" '" (lower("empty or null")) WHERE note IS NOT NULL;
CREATE TRIGGER "tr.igger" BEFORE INSERT OR UPDATE ON "sch.""ema
x"."ta.ble ""ü"" '" FOR EACH ROW EXECUTE FUNCTION public.stamp();
CREATE TRIGGER asleep BEFORE INSERT ON "sch.""ema
x"."ta.ble ""ü"" '" FOR EACH ROW EXECUTE FUNCTION public.stamp();
ALTER TABLE "sch.""ema
x"."ta.ble ""ü"" '" DISABLE TRIGGER asleep;
COMMENT ON COLUMN "sch.""ema
x"."ta.ble ""ü"" '".mood IS 'it''s "moody"';
CREATE TABLE public.child (
    id serial PRIMARY KEY,
    parent int NOT NULL REFERENCES "sch.""ema
x"."ta.ble ""ü"" '" ("ID") ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    word text
);
ALTER TABLE public.child ENABLE ROW LEVEL SECURITY;
CREATE POLICY "po.licy" ON public.child USING (word <> 'secret') WITH CHECK (true);
INSERT INTO public.child (parent, word) SELECT 100 + n % 3 * 10, 'w' || n FROM generate_series(1, 9) n;
CREATE TABLE public.no_key (a int, b text);
INSERT INTO public.no_key VALUES (1, 'x'), (1, 'x'), (NULL, NULL), (2, '');
CREATE TABLE public.no_columns ();
INSERT INTO public.no_columns DEFAULT VALUES;
CREATE TABLE public.parts (k int NOT NULL, v text, PRIMARY KEY (k)) PARTITION BY RANGE (k);
CREATE TABLE public.part_1 PARTITION OF public.parts FOR VALUES FROM (0) TO (10);
CREATE TABLE public.part_2 (v text, k int NOT NULL);
ALTER TABLE public.parts ATTACH PARTITION public.part_2 FOR VALUES FROM (10) TO (20);
CREATE TABLE public.part_d PARTITION OF public.parts DEFAULT;
CREATE INDEX parts_v ON public.parts (v);
INSERT INTO public.parts SELECT n, 'p' || n FROM generate_series(0, 29, 3) n;
CREATE TABLE public.to_parts (id int PRIMARY KEY, k int REFERENCES public.parts ON DELETE CASCADE);
INSERT INTO public.to_parts SELECT k, k FROM public.parts;
CREATE VIEW public.seen AS SELECT "ID", mood FROM "sch.""ema
x"."ta.ble ""ü"" '";
CREATE VIEW public.seen_twice AS SELECT * FROM public.seen;
CREATE MATERIALIZED VIEW public.frozen AS SELECT count(*) AS n FROM public.child;
CREATE UNIQUE INDEX frozen_n ON public.frozen (n);
"#;

/// Ways to lose rows of that, each with what the copy holds: table, rows, whether it is the whole table.
#[tokio::test]
async fn whatever_is_lost_comes_back_as_it_was() {
    let hostile = "\"sch.\"\"ema\nx\".\"ta.ble \"\"ü\"\" '\"";
    let mut world = world(HOSTILE).await;
    for sql in [
        format!("DROP TABLE {hostile} CASCADE"),
        "DROP SCHEMA \"sch.\"\"ema\nx\" CASCADE".to_owned(),
        format!("TRUNCATE {hostile} RESTART IDENTITY CASCADE"),
        format!("ALTER TABLE {hostile} DROP COLUMN \"ID\" CASCADE"),
        format!("ALTER TABLE {hostile} ALTER COLUMN note TYPE varchar(3) USING left(note, 3), DROP COLUMN data"),
        format!("DELETE FROM {hostile}"),
        format!("DELETE FROM {hostile} WHERE \"ID\" = 120"),
        format!("UPDATE {hostile} SET \"empty or null\" = 'u', mood = 'so''so' WHERE \"ID\" > 100"),
        "DROP TABLE public.parts CASCADE; CREATE TABLE public.parts (other int)".to_owned(),
        "DROP TABLE public.part_2".to_owned(),
        "TRUNCATE public.parts CASCADE".to_owned(),
        "DELETE FROM public.to_parts WHERE k = 9; UPDATE public.parts SET k = k + 10 WHERE k = 9".to_owned(),
        "DELETE FROM public.parts WHERE k BETWEEN 3 AND 14".to_owned(),
        "DELETE FROM public.no_key WHERE a = 1".to_owned(),
        "TRUNCATE public.no_columns".to_owned(),
        "DROP TYPE public.pair CASCADE; DROP DOMAIN public.percent CASCADE".to_owned(),
        "DROP FUNCTION public.twice CASCADE".to_owned(),
        "DROP TABLE public.child CASCADE; DROP TABLE public.no_key; DROP SEQUENCE public.alone".to_owned(),
        "SET search_path = nowhere; DROP TABLE public.no_key".to_owned(),
        "CREATE TABLE public.fresh AS SELECT * FROM public.child; DROP TABLE public.child CASCADE; ALTER TABLE public.fresh RENAME TO child; DROP SEQUENCE IF EXISTS none".to_owned(),
        "UPDATE public.child SET id = id + 100 WHERE id IN (2, 3); INSERT INTO public.child (id, parent, word) VALUES (50, 100, 'new')".to_owned(),
        "WITH gone AS (DELETE FROM public.child RETURNING 1) SELECT count(*) FROM gone".to_owned(),
        "DO $$ BEGIN BEGIN DELETE FROM public.child WHERE id = 1; EXCEPTION WHEN others THEN NULL; END; UPDATE public.child SET word = word || '!' WHERE id = 2; UPDATE public.child SET word = word || '!' WHERE id = 2; END $$".to_owned(),
        "INSERT INTO public.child (id, parent) VALUES (4, 100) ON CONFLICT (id) DO UPDATE SET word = NULL".to_owned(),
    ] {
        world.there_and_back(&sql).await;
    }
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
    assert_eq!(found, ["public.a: 1 rows", "public.t: 3 rows"]);
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

#[tokio::test]
async fn of_two_undos_at_once_one_takes_it_back() {
    let mut world = world("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)").await;
    world.script("DROP TABLE a").await.unwrap();
    let copy = world.made();
    let keeper = world.keeper();
    let database = keeper.database();
    let mut other = world.server.session(&world.url).await;
    let (one, two) = tokio::join!(
        world
            .session
            .undo(&world.copies, &copy.id, Some(&keeper), (&database, false)),
        other.undo(&world.copies, &copy.id, Some(&keeper), (&database, false)),
    );
    let (first, second) = if one.is_ok() { (one, two) } else { (two, one) };
    first.unwrap();
    let error = second.unwrap_err();
    assert!(
        matches!(&error, Error::Copy(p) if matches!(**p, CopyProblem::TakenBack { .. })),
        "{error:?}"
    );
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

#[tokio::test]
async fn a_database_is_set_aside_and_brought_back() {
    let server = Server::shared();
    let session = server.session(&server.url()).await;
    for name in ["aside_test", "As\"ide; DROP é'\\"] {
        session.create_database(name).await.unwrap();
        let url = server.url().with_database(name);
        let inside = server.session(&url).await;
        inside
            .client()
            .batch_execute("CREATE TABLE a (n int); INSERT INTO a VALUES (1)")
            .await
            .unwrap();
        session
            .batch(&format!(
                "COMMENT ON DATABASE {} IS 'mine'",
                super::quote_identifier(name)
            ))
            .await
            .unwrap();
        let set = session.set_aside(name, "the test").await.unwrap();
        let super::SetAside::Done(aside) = set else {
            panic!("{set:?}")
        };
        assert!(!session.has_database(name).await.unwrap());
        assert!(
            inside.batch("SELECT 1").await.is_err(),
            "who was connected is cut off"
        );
        assert_eq!(
            session.set_aside(name, "the test").await.unwrap(),
            super::SetAside::Absent
        );
        // another one has the name by now
        session.create_database(name).await.unwrap();
        let found: Vec<_> = session
            .asides()
            .await
            .unwrap()
            .into_iter()
            .filter(|a| a.of == name)
            .collect();
        assert_eq!(found, std::slice::from_ref(&aside));
        let instead = session.bring_back(&aside).await.unwrap().unwrap();
        assert_eq!(
            (instead.of.as_str(), instead.what.as_str()),
            (name, format!("db undo {}", aside.name).as_str())
        );
        let inside = server.session(&url).await;
        let n: i32 = inside
            .client()
            .query_one("SELECT n FROM a", &[])
            .await
            .unwrap()
            .get(0);
        assert_eq!(n, 1);
        let comment = session
            .rows(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1",
                &[(&name, tokio_postgres::types::Type::TEXT)],
            )
            .await
            .unwrap();
        assert_eq!(
            comment[0].get::<_, Option<String>>(0).as_deref(),
            Some("mine")
        );
        inside.close().await;
        session.drop_database(&instead.name, true).await.unwrap();
        session.drop_database(name, true).await.unwrap();
        assert!(session.asides().await.unwrap().iter().all(|a| a.of != name));
    }
}
