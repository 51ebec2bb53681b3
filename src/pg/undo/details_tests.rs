//! What hangs on a table besides rows, keys and rights; against a real server.

use super::live_tests::{World, world};

/// What there is of it, told by the server and not by the definitions that copies are made of.
const DETAILS: &str = "
SELECT 'comment ' || o.identity || ' ' || d.description
FROM pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) o WHERE d.objoid >= 16384
UNION ALL
SELECT concat_ws(' ', 'column', a.attrelid::regclass, a.attname, a.attstorage, nullif(a.attcompression, ''),
                 coalesce(a.attstattarget, -1), a.attoptions)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE a.attrelid >= 16384 AND a.attnum > 0 AND c.relkind IN ('r', 'i', 'm', 'p') AND NOT a.attisdropped
UNION ALL
SELECT concat_ws(' ', 'index', i.indexrelid::regclass, i.indisclustered, i.indisreplident) FROM pg_index i
WHERE i.indexrelid >= 16384
UNION ALL
SELECT concat_ws(' ', 'table', c.oid::regclass, c.relreplident, c.relrowsecurity, c.relforcerowsecurity) FROM pg_class c
WHERE c.oid >= 16384 AND c.relkind = 'r'
UNION ALL
SELECT 'published ' || to_jsonb(p)::text FROM pg_publication_tables p
UNION ALL
SELECT concat_ws(' ', 'statistics', pg_get_statisticsobjdef(s.oid), coalesce(s.stxstattarget, -1)) FROM pg_statistic_ext s
UNION ALL
SELECT 'policy ' || to_jsonb(p)::text FROM pg_policies p
UNION ALL
SELECT concat_ws(' ', 'rule', pg_get_ruledef(w.oid), w.ev_enabled) FROM pg_rewrite w WHERE w.oid >= 16384
UNION ALL
SELECT concat_ws(' ', 'constraint', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid), k.convalidated,
                 k.condeferrable, k.condeferred, k.connoinherit)
FROM pg_constraint k WHERE k.oid >= 16384
UNION ALL
SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(g.oid), g.tgenabled) FROM pg_trigger g WHERE NOT g.tgisinternal";

async fn details(world: &World) -> Vec<String> {
    let client = world.session.client();
    // none of it is the ledger's
    let sql =
        format!("SELECT t FROM ({DETAILS}) AS s(t) WHERE t !~ 'cruddur_infra|pg_toast' ORDER BY 1");
    let rows = client.query(&sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

const WORLD: &str = "
CREATE SCHEMA s;
CREATE TYPE s.mood AS ENUM ('a'); COMMENT ON TYPE s.mood IS 'a type';
CREATE DOMAIN s.low AS int CONSTRAINT is_low CHECK (VALUE < 100);
COMMENT ON DOMAIN s.low IS 'a domain'; COMMENT ON CONSTRAINT is_low ON DOMAIN s.low IS 'a rule of a domain';
CREATE TYPE s.pair AS (x int, y int); COMMENT ON COLUMN s.pair.y IS 'a part';
CREATE FUNCTION s.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
COMMENT ON FUNCTION s.f() IS 'a function'; COMMENT ON SCHEMA s IS 'a schema';
CREATE SEQUENCE s.alone; COMMENT ON SEQUENCE s.alone IS 'a sequence';
CREATE TABLE s.a (
    id int, other int NOT NULL, big text, small text, kept text, n s.low, mood s.mood,
    CONSTRAINT \"the key\" PRIMARY KEY (id), CONSTRAINT once UNIQUE (other), CONSTRAINT positive CHECK (n > 0) NO INHERIT
);
ALTER TABLE s.a ADD CONSTRAINT unchecked CHECK (n > 1) NOT VALID;
COMMENT ON CONSTRAINT \"the key\" ON s.a IS 'it''s a key'; COMMENT ON CONSTRAINT positive ON s.a IS 'a check';
COMMENT ON INDEX s.once IS 'the index of a constraint';
COMMENT ON TABLE s.a IS 'a table'; COMMENT ON COLUMN s.a.big IS 'a column';
ALTER TABLE s.a ALTER big SET STORAGE EXTERNAL, ALTER small SET STORAGE MAIN, ALTER kept SET COMPRESSION pglz;
ALTER TABLE s.a ALTER n SET STATISTICS 7, ALTER other SET STATISTICS 0, ALTER other SET (n_distinct = -0.5);
CREATE INDEX by_name ON s.a (lower(big), n); COMMENT ON INDEX s.by_name IS 'an index';
ALTER INDEX s.by_name ALTER COLUMN 1 SET STATISTICS 33; ALTER TABLE s.a CLUSTER ON by_name;
ALTER TABLE s.a REPLICA IDENTITY USING INDEX once;
CREATE STATISTICS s.both (dependencies) ON other, n FROM s.a; COMMENT ON STATISTICS s.both IS 'statistics';
ALTER STATISTICS s.both SET STATISTICS 9;
CREATE TRIGGER g BEFORE INSERT ON s.a FOR EACH ROW EXECUTE FUNCTION s.f(); COMMENT ON TRIGGER g ON s.a IS 'a trigger';
CREATE RULE r AS ON UPDATE TO s.a WHERE OLD.id = 99 DO INSTEAD NOTHING; COMMENT ON RULE r ON s.a IS 'a rule';
CREATE RULE asleep AS ON DELETE TO s.a DO INSTEAD NOTHING; ALTER TABLE s.a DISABLE RULE asleep;
ALTER TABLE s.a ENABLE ROW LEVEL SECURITY; ALTER TABLE s.a FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON s.a AS RESTRICTIVE FOR UPDATE USING (id > 0) WITH CHECK (id > 1);
COMMENT ON POLICY p ON s.a IS 'a policy';
INSERT INTO s.a VALUES (1, 1, 'x', 'y', 'z', 5, 'a'), (2, 2, 'x', 'y', 'z', 6, 'a');
CREATE VIEW s.seen AS SELECT id, big FROM s.a; COMMENT ON VIEW s.seen IS 'a view'; COMMENT ON COLUMN s.seen.big IS 'seen';
CREATE MATERIALIZED VIEW s.frozen AS SELECT id FROM s.a; COMMENT ON MATERIALIZED VIEW s.frozen IS 'frozen';
CREATE INDEX frozen_id ON s.frozen (id); ALTER MATERIALIZED VIEW s.frozen CLUSTER ON frozen_id;
CREATE TABLE public.b (
    id int PRIMARY KEY, a int, a2 int, a3 int, a4 int,
    CONSTRAINT one FOREIGN KEY (a) REFERENCES s.a ON DELETE SET NULL (a) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT two FOREIGN KEY (a2) REFERENCES s.a (other) MATCH FULL ON DELETE CASCADE
);
INSERT INTO public.b VALUES (1, 1, 1, 77, NULL), (2, NULL, NULL, NULL, 2);
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE public.b ADD CONSTRAINT three FOREIGN KEY (a3) REFERENCES s.a NOT VALID;
ALTER TABLE public.b ADD CONSTRAINT four FOREIGN KEY (a4) REFERENCES s.a ON DELETE RESTRICT DEFERRABLE;
COMMENT ON CONSTRAINT one ON public.b IS 'a foreign key'; COMMENT ON CONSTRAINT three ON public.b IS 'not looked at';
CREATE PUBLICATION of_some FOR TABLE s.a (id, other, n) WHERE (other > 1), public.b;
CREATE PUBLICATION all_of_it FOR TABLES IN SCHEMA s;
";

#[tokio::test]
async fn nothing_that_hangs_on_a_table_is_lost_on_the_way() {
    for loss in [
        "DROP SCHEMA s CASCADE",
        "DROP TABLE s.a CASCADE",
        "TRUNCATE s.a CASCADE",
        "ALTER TABLE s.a DROP COLUMN other CASCADE, DROP COLUMN big CASCADE",
        // rows alone: foreign keys are taken off and put back
        "DELETE FROM public.b WHERE id = 2",
        "UPDATE s.a SET small = 'w' WHERE id = 2",
        "DELETE FROM s.a WHERE id = 1",
    ] {
        let mut world = world(WORLD).await;
        let before = details(&world).await;
        world.there_and_back(loss).await;
        assert_eq!(details(&world).await, before, "{loss}");
    }
}

#[tokio::test]
async fn what_no_copy_holds_is_named_with_the_copy_and_again_on_the_way_back() {
    let mut world = world(
        "CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY); INSERT INTO s.t VALUES (1);
         CREATE AGGREGATE s.total(int) (SFUNC = int4pl, STYPE = int);
         CREATE COLLATION s.plain FROM \"C\";",
    )
    .await;
    world.script("DROP SCHEMA s CASCADE").await.unwrap();
    let copy = world.made();
    let named = [
        "aggregate s.total(integer), of which no copy is kept",
        "collation s.plain, of which no copy is kept",
    ];
    let mut told = copy.remarks();
    told.sort();
    assert_eq!(
        told,
        named.map(|name| format!("It does not bring back the {name}"))
    );
    let mut could_not = world.undo(&copy.id, false).await.unwrap().could_not;
    could_not.sort();
    assert_eq!(could_not, named);
    // one that somebody has made again is not missing
    world.script("DROP TABLE s.t").await.unwrap();
    assert_eq!(world.made().remarks(), Vec::<String>::new());
}

#[tokio::test]
async fn rows_that_a_check_was_never_made_of_come_back() {
    for loss in [
        "DELETE FROM a WHERE id = 1",
        "UPDATE a SET e = 5",
        "TRUNCATE a",
        "DROP TABLE a",
        "DELETE FROM only_part WHERE id = 1",
        "TRUNCATE only_part",
        "DROP TABLE parted",
    ] {
        let mut world = world(
            "CREATE TABLE a (id int PRIMARY KEY, e int); INSERT INTO a VALUES (1, -1), (2, 3);
             ALTER TABLE a ADD CONSTRAINT c CHECK (e > 0) NOT VALID; COMMENT ON CONSTRAINT c ON a IS 'from now on';
             CREATE TABLE parted (id int PRIMARY KEY, e int) PARTITION BY RANGE (id);
             CREATE TABLE only_part PARTITION OF parted FOR VALUES FROM (0) TO (10);
             INSERT INTO parted VALUES (1, -1), (2, 3);
             ALTER TABLE only_part ADD CONSTRAINT c CHECK (e > 0) NOT VALID;
             ALTER TABLE parted ADD CONSTRAINT c CHECK (e > 0) NOT VALID",
        )
        .await;
        let before = details(&world).await;
        world.there_and_back(loss).await;
        assert_eq!(details(&world).await, before, "{loss}");
    }
}

#[tokio::test]
async fn parts_come_back_with_the_checks_of_what_they_are_parts_of() {
    for (loss, then) in [
        ("DROP TABLE low", ""),
        ("DROP TABLE child", ""),
        ("DROP TABLE parted", ""),
        ("DROP TABLE parent CASCADE", ""),
        ("TRUNCATE child", "ALTER TABLE child ADD came int"),
        ("TRUNCATE low", "ALTER TABLE low SET (fillfactor = 50)"),
    ] {
        let mut world = world(
            "CREATE TABLE parted (id int, e int, CONSTRAINT \"it's\" CHECK (e > 0), CONSTRAINT own CHECK (e < 99))
                 PARTITION BY RANGE (id);
             CREATE TABLE low (id int, e int, CONSTRAINT own CHECK (e < 99)); INSERT INTO low VALUES (1, 1);
             ALTER TABLE low ADD CONSTRAINT \"it's\" CHECK (e > 0);
             ALTER TABLE parted ATTACH PARTITION low FOR VALUES FROM (0) TO (10);
             CREATE TABLE parent (id int PRIMARY KEY, e int CONSTRAINT up CHECK (e > 0), CONSTRAINT twice CHECK (e < 99));
             CREATE TABLE child (f int, CONSTRAINT twice CHECK (e < 99)) INHERITS (parent); INSERT INTO child VALUES (1, 1, 1)",
        )
        .await;
        let before = details(&world).await;
        world.script(loss).await.unwrap();
        let copy = world.made();
        world.sql(then).await;
        let undone = world.undo(&copy.id, true).await;
        let undone = undone.unwrap_or_else(|e| panic!("{loss}: {e:?}"));
        assert!(undone.overwritten.is_empty(), "{loss}");
        let mut after = details(&world).await;
        after.retain(|line| !line.contains(" came "));
        assert_eq!(after, before, "{loss}");
        for wrong in [
            "low VALUES (2, -1)",
            "child VALUES (2, -1)",
            "child VALUES (2, 99)",
        ] {
            let wrong = world.session.batch(&format!("INSERT INTO {wrong}")).await;
            assert_eq!(wrong.unwrap_err().sqlstate(), Some("23514"), "{loss}");
        }
    }
}

#[tokio::test]
async fn what_hangs_on_views_and_types_comes_back_and_what_is_made_with_them_is_not_missed() {
    let mut world = world(
        "CREATE SCHEMA s; CREATE TABLE s.a (id int PRIMARY KEY, w text) WITH (toast.autovacuum_enabled = off);
         INSERT INTO s.a VALUES (1, 'x');
         CREATE VIEW s.v AS SELECT id, w FROM s.a; ALTER VIEW s.v ALTER w SET DEFAULT 'seen';
         GRANT SELECT (id) ON s.v TO PUBLIC;
         CREATE TYPE s.pair AS (x int, y text); CREATE TABLE s.typed OF s.pair (PRIMARY KEY (x));
         CREATE DOMAIN s.plain AS text COLLATE \"C\";
         CREATE TYPE s.span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
         CREATE TYPE s.words AS RANGE (SUBTYPE = text, SUBTYPE_OPCLASS = text_pattern_ops, COLLATION = \"C\");",
    )
    .await;
    let told = "
        SELECT string_agg(t, E'\\n' ORDER BY t) FROM (
            SELECT concat_ws(' ', a.attrelid::regclass, a.attname, a.attacl) FROM pg_attribute a WHERE a.attacl IS NOT NULL
                AND a.attrelid >= 16384
            UNION ALL SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
            UNION ALL SELECT concat_ws(' ', t.typname, t.typcollation) FROM pg_type t WHERE t.oid >= 16384 AND typtype = 'd'
            UNION ALL SELECT concat_ws(' ', rngtypid::regtype, rngsubtype, rngcollation, rngsubopc, rngsubdiff) FROM pg_range
            UNION ALL SELECT concat_ws(' ', c.relname, x.reloptions) FROM pg_class c JOIN pg_class x ON x.oid = c.reltoastrelid
                WHERE c.oid >= 16384 AND c.relnamespace <> coalesce(to_regnamespace('cruddur_infra'), 0)
            UNION ALL SELECT concat_ws(' ', oid::regclass, reloftype::regtype) FROM pg_class WHERE reloftype <> 0
        ) AS s(t)";
    let all = async |world: &World| -> String {
        let row = world.session.client().query_one(told, &[]).await.unwrap();
        row.get(0)
    };
    let before = all(&world).await;
    assert!(
        before.contains("seen") && before.contains("autovacuum_enabled"),
        "{before}"
    );
    world.script("DROP SCHEMA s CASCADE").await.unwrap();
    let copy = world.made();
    assert_eq!(copy.remarks(), Vec::<String>::new());
    let undone = world.undo(&copy.id, false).await.unwrap();
    assert_eq!(undone.could_not, Vec::<String>::new());
    assert_eq!(all(&world).await, before);
}

#[tokio::test]
async fn columns_that_become_a_childs_own_are_named_where_it_is_made_again() {
    let mut world = world(
        "CREATE TABLE up (id int); CREATE TABLE child (w text) INHERITS (up); INSERT INTO child VALUES (1, 'x')",
    )
    .await;
    // it is there all the time
    world.script("TRUNCATE child").await.unwrap();
    let copy = world.made();
    assert_eq!(copy.remarks(), Vec::<String>::new());
    let undone = world.undo(&copy.id, false).await.unwrap();
    assert_eq!(undone.could_not, Vec::<String>::new());
    world.script("DROP TABLE child").await.unwrap();
    let copy = world.made();
    let named =
        "mark that columns are those of another table public.child, of which no copy is kept";
    assert_eq!(
        copy.remarks(),
        [format!("It does not bring back the {named}")]
    );
    let undone = world.undo(&copy.id, false).await.unwrap();
    assert_eq!(undone.could_not, [named]);
}
