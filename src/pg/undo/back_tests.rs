//! What an undo gives back besides rows: names and rights, neither more nor fewer than there were.

use super::super::Error;
use super::CopyProblem;
use super::live_tests::world;

#[tokio::test]
async fn a_renamed_table_has_its_old_name_and_rows_again() {
    let mut world = world(
        "CREATE TABLE t1 (id int PRIMARY KEY, v text); INSERT INTO t1 VALUES (1, 'a'), (2, 'b');
         CREATE VIEW seen AS SELECT v FROM t1;
         CREATE TABLE child (id int REFERENCES t1); INSERT INTO child VALUES (2);
         CREATE SCHEMA other;",
    )
    .await;
    for sql in [
        "ALTER TABLE t1 RENAME TO t1b; UPDATE t1b SET v = 'w' WHERE id = 1;",
        "ALTER TABLE t1 RENAME TO t1b; DELETE FROM t1b WHERE id = 1;",
        "ALTER TABLE t1 SET SCHEMA other; DELETE FROM other.t1 WHERE id = 1;",
        "ALTER TABLE t1 RENAME TO \"T 1\"; ALTER TABLE \"T 1\" ADD n int; DELETE FROM \"T 1\" WHERE id = 1;",
    ] {
        world.there_and_back(sql).await;
    }
}

/// The usual way to build a table anew.
#[tokio::test]
async fn a_table_that_took_the_place_of_another_makes_way() {
    const BEGIN: &str =
        "ALTER TABLE t1 RENAME TO t1_old; CREATE TABLE t1 (LIKE t1_old INCLUDING ALL);
        INSERT INTO t1 SELECT id, upper(v) FROM t1_old; ";
    let mut world = world(
        "CREATE TABLE t1 (id int PRIMARY KEY, v text UNIQUE); INSERT INTO t1 VALUES (1, 'a'), (2, 'b');
         CREATE INDEX by_v ON t1 (lower(v));
         CREATE VIEW seen AS SELECT v FROM t1;
         CREATE TABLE child (id int REFERENCES t1); INSERT INTO child VALUES (2);
         CREATE TABLE t2 (id int PRIMARY KEY, v text); INSERT INTO t2 VALUES (7, 'z');",
    )
    .await;
    for end in [
        "DROP TABLE t1_old CASCADE",
        "DROP TABLE t1_old CASCADE; ALTER TABLE child ADD FOREIGN KEY (id) REFERENCES t1",
        "DROP TABLE t1_old CASCADE; ALTER TABLE t1 ADD n int",
        "DROP TABLE t1_old CASCADE; DROP TABLE t1",
    ] {
        world.there_and_back(&format!("{BEGIN}{end}")).await;
    }
    // another key in the old one's place
    world
        .there_and_back("ALTER TABLE t1 DROP CONSTRAINT t1_v_key; ALTER TABLE t1 ADD CONSTRAINT t1_v_key UNIQUE (id, v); DELETE FROM t1 WHERE id = 1")
        .await;
    // two that changed their names
    world
        .there_and_back("ALTER TABLE t1 RENAME TO t3; ALTER TABLE t2 RENAME TO t1; ALTER TABLE t3 RENAME TO t2; DELETE FROM t1; DELETE FROM t2 WHERE id = 1")
        .await;
    // both are there: which rows belong where is not for a program to say
    let before = world.dump().await;
    world
        .script(&format!("{BEGIN}DELETE FROM t1_old WHERE id = 1"))
        .await
        .unwrap();
    let copy = world.made();
    world.sql("INSERT INTO t1 VALUES (9, 'since')").await;
    let lost = world.dump().await;
    let error = world.undo(&copy.id, true).await.unwrap_err();
    let told = error.to_string();
    assert!(
        matches!(&error, Error::Copy(p) if matches!(**p, CopyProblem::NoPlace { .. })),
        "{error:?}"
    );
    assert!(
        told.contains("public.t1 cannot be put back: it is called public.t1_old by now"),
        "{told}"
    );
    assert_eq!(world.dump().await, lost);
    let rename = told.split('`').nth(1).unwrap().replace('…', "t1_new");
    world.sql(&rename).await;
    // the old one is as it was left
    world.undo(&copy.id, false).await.unwrap();
    world
        .sql("SELECT 1 / (count(*) - 2) FROM t1_new; DROP TABLE t1_new")
        .await;
    assert_eq!(world.dump().await, before);
}

#[tokio::test]
async fn rows_come_back_into_a_table_that_has_more_columns_by_now() {
    let mut world = world(
        "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')",
    )
    .await;
    world
        .script("DELETE FROM t WHERE id = 1; UPDATE t SET v = 'x' WHERE id = 2")
        .await
        .unwrap();
    let copy = world.made();
    world
        .sql("ALTER TABLE t ADD n int DEFAULT 7; UPDATE t SET n = 8")
        .await;
    // the row that is still there has something in the new column
    let error = world.undo(&copy.id, false).await.unwrap_err();
    assert!(
        matches!(&error, Error::Overwrites(o) if o[0].rows == 1),
        "{error:?}"
    );
    let undone = world.undo(&copy.id, true).await.unwrap();
    let rows = "SELECT string_agg(id || v || n, ' ' ORDER BY id) FROM t";
    let now = async |world: &super::live_tests::World| -> String {
        world
            .session
            .client()
            .query_one(rows, &[])
            .await
            .unwrap()
            .get(0)
    };
    assert_eq!(now(&world).await, "1a7 2b7 3c8");
    // and what that overwrote comes back with it
    world.undo(&undone.kept.unwrap().id, true).await.unwrap();
    assert_eq!(now(&world).await, "2x8 3c8");
    world.sql("ALTER TABLE t DROP COLUMN v").await;
    let error = world.undo(&copy.id, true).await.unwrap_err();
    assert!(matches!(error, Error::Copy(_)), "{error:?}");
}

#[tokio::test]
async fn what_is_made_again_gives_nobody_more_rights_than_before() {
    let mut world = world(
        "CREATE TABLE closed (id serial PRIMARY KEY, v int); INSERT INTO closed (v) VALUES (1);
         CREATE TABLE part (id int PRIMARY KEY, v int); INSERT INTO part VALUES (1, 1);
         CREATE VIEW seen AS SELECT id FROM closed;
         CREATE TYPE mood AS ENUM ('a'); CREATE DOMAIN low AS int CHECK (VALUE < 10);
         CREATE SCHEMA s; CREATE TABLE s.t (m public.mood, l public.low); INSERT INTO s.t VALUES ('a', 1);
         CREATE FUNCTION s.f(a int, OUT b int) LANGUAGE sql SECURITY DEFINER AS 'SELECT a';
         CREATE PROCEDURE s.p(a text) LANGUAGE sql AS 'SELECT 1';
         REVOKE ALL ON FUNCTION s.f FROM PUBLIC; REVOKE ALL ON TYPE mood FROM PUBLIC;
         REVOKE UPDATE ON part FROM CURRENT_USER;",
    )
    .await;
    let role = format!("rights_{}", world.url.database().unwrap());
    world
        .sql(&format!(
            "CREATE ROLE {role}; CREATE ROLE {role}_owner; GRANT EXECUTE ON PROCEDURE s.p TO {role};
             GRANT SELECT (v), INSERT ON part TO {role} WITH GRANT OPTION;
             ALTER FUNCTION s.f OWNER TO {role}_owner; ALTER DOMAIN low OWNER TO {role}_owner;
             ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC;
             ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO {role};
             ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO {role};
             ALTER DEFAULT PRIVILEGES GRANT ALL ON ROUTINES TO {role}"
        ))
        .await;
    world
        .there_and_back("DROP SCHEMA s CASCADE; DROP TABLE closed CASCADE; DROP TABLE part; DROP TYPE mood; DROP DOMAIN low;")
        .await;
    let may = format!(
        "SELECT 1 / (NOT has_table_privilege('{role}', 'closed', 'SELECT')
             AND NOT has_table_privilege('{role}', 'seen', 'SELECT')
             AND NOT has_table_privilege('{role}', 'part', 'SELECT')
             AND has_column_privilege('{role}', 'part', 'v', 'SELECT')
             AND NOT has_sequence_privilege('{role}', 'closed_id_seq', 'USAGE')
             AND NOT has_schema_privilege('{role}', 's', 'CREATE')
             AND NOT has_function_privilege('{role}', 's.f(int)', 'EXECUTE')
             AND has_function_privilege('{role}_owner', 's.f(int)', 'EXECUTE')
             AND has_function_privilege('{role}', 's.p(text)', 'EXECUTE')
             AND NOT has_type_privilege('{role}', 'mood', 'USAGE'))::int"
    );
    world.sql(&may).await;
    // a right of a role that is gone is told by its name, and takes no other with it
    world.script("DROP TABLE part;").await.unwrap();
    let copy = world.made();
    world
        .sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
        .await;
    let undone = world.undo(&copy.id, false).await.unwrap();
    assert_eq!(undone.could_not.len(), 2, "{:?}", undone.could_not);
    for could_not in &undone.could_not {
        assert!(could_not.starts_with("rights public.part"), "{could_not}");
        assert!(could_not.contains("does not exist"), "{could_not}");
    }
    world
        .sql("SELECT 1 / (NOT has_table_privilege('public', 'part', 'SELECT'))::int")
        .await;
    world
        .sql(&format!(
            "DROP OWNED BY {role}_owner CASCADE; DROP ROLE {role}_owner"
        ))
        .await;
}

/// Rows that nobody wrote must not come back.
#[tokio::test]
async fn a_damaged_copy_changes_nothing() {
    let mut world = world(
        "CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a VALUES (1, 'x'), (2, 'y');",
    )
    .await;
    for sql in [
        "UPDATE a SET v = 'w' WHERE id = 1",
        "TRUNCATE a",
        "UPDATE a SET v = 'w'",
    ] {
        world.script(sql).await.unwrap();
        let (copy, lost) = (world.made(), world.dump().await);
        for file in super::tables::files(&copy.tables[0]) {
            let path = world.copies.path(&copy.id).join(file);
            let whole = std::fs::read(&path).unwrap();
            let damages: [&dyn Fn(); 4] = [
                &|| std::fs::write(&path, &whole[..whole.len() - 4]).unwrap(),
                &|| std::fs::write(&path, [&whole[..], b"7\tz\n"].concat()).unwrap(),
                &|| {
                    let mut other = whole.clone();
                    let last = other.len() - 2;
                    other[last] = b'q';
                    std::fs::write(&path, other).unwrap();
                },
                &|| std::fs::remove_file(&path).unwrap(),
            ];
            for damage in damages {
                damage();
                let error = world.undo(&copy.id, true).await.unwrap_err();
                let Error::Copy(problem) = &error else {
                    panic!("{error}");
                };
                let broken = matches!(**problem, CopyProblem::Broken { .. });
                assert!(broken && error.to_string().contains(file), "{error}");
                assert_eq!(world.dump().await, lost);
            }
            std::fs::write(&path, &whole).unwrap();
        }
        // one that was made before there were sums
        let manifest = world.copies.path(&copy.id).join("manifest.json");
        let text = std::fs::read(&manifest).unwrap();
        let mut old: serde_json::Value = serde_json::from_slice(&text).unwrap();
        old.as_object_mut().unwrap().remove("sums");
        old["tables"][0].as_object_mut().unwrap().remove("oid");
        std::fs::write(&manifest, old.to_string()).unwrap();
        world.undo(&copy.id, false).await.unwrap();
    }
}

/// Whoever reads the error knows what to remove and where the rows are.
#[tokio::test]
async fn what_is_in_the_way_is_named_and_then_it_goes_on() {
    let mut world = world(
        "CREATE TABLE a (id int PRIMARY KEY, email text UNIQUE, n int); INSERT INTO a VALUES (1, 'x', 1), (2, 'y', 2);
         CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a); INSERT INTO b VALUES (1, 1);",
    )
    .await;
    for (loss, then, table, constraint, away) in [
        (
            "DELETE FROM a WHERE id = 2",
            "INSERT INTO a VALUES (9, 'y', 0)",
            "public.a",
            "a_email_key",
            "DELETE FROM a WHERE id = 9",
        ),
        (
            "DELETE FROM a WHERE id = 2",
            "ALTER TABLE a ADD CONSTRAINT low CHECK (n < 2)",
            "public.a",
            "low",
            "ALTER TABLE a DROP CONSTRAINT low",
        ),
        (
            "DELETE FROM b",
            "DELETE FROM a WHERE id = 1",
            "public.b",
            "b_a_fkey",
            "INSERT INTO a VALUES (1, 'x', 1)",
        ),
        (
            "DROP TABLE b",
            "DELETE FROM a WHERE id = 1",
            "public.b",
            "b_a_fkey",
            "INSERT INTO a VALUES (1, 'x', 1)",
        ),
    ] {
        let before = world.dump().await;
        world.script(loss).await.unwrap();
        let copy = world.made();
        world.sql(then).await;
        let lost = world.dump().await;
        let undone = world.undo(&copy.id, true).await;
        let error = undone.unwrap_err();
        let Error::Copy(problem) = &error else {
            panic!("{loss}: {error:?}");
        };
        let CopyProblem::InTheWay {
            table: named,
            constraint: broken,
            file,
            ..
        } = &**problem
        else {
            panic!("{loss}: {error:?}");
        };
        assert_eq!((named.as_str(), broken.as_str()), (table, constraint));
        assert!(file.is_file(), "{error}");
        assert!(!error.to_string().contains("=("), "{error}");
        assert_eq!(world.dump().await, lost);
        world.sql(away).await;
        world.undo(&copy.id, true).await.unwrap();
        assert_eq!(world.dump().await, before);
    }
}

/// An UPDATE writes every row that it meets, also where it changes nothing of it.
#[tokio::test]
async fn rows_that_were_written_as_they_were_stay() {
    let mut world = world(
        "CREATE TABLE a (id int PRIMARY KEY, b text, c float8[]);
         INSERT INTO a VALUES (1, 'x', NULL), (2, NULL, NULL), (3, NULL, ARRAY['NaN', -0.0, 0])",
    )
    .await;
    let before = world.dump().await;
    for sql in [
        "UPDATE a SET b = NULL",
        "UPDATE a SET b = NULL; UPDATE a SET c = c; DELETE FROM a WHERE id = 2; INSERT INTO a VALUES (2, NULL, NULL)",
    ] {
        world.script(sql).await.unwrap();
        let copy = world.made();
        assert_eq!(copy.rows(), 1, "{sql}");
        world.undo(&copy.id, false).await.unwrap();
        assert_eq!(world.dump().await, before, "{sql}");
    }
}
