//! Names, types and definitions that are hard to bring back, and a database as a whole; against a real server.

use super::super::testing::Server;
use super::live_tests::world;

/// Names, types and definitions that are hard to bring back.
const HOSTILE: &str = r#"
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
        "DROP TABLE public.part_2 CASCADE".to_owned(),
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
