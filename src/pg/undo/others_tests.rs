//! An undo leaves alone what is not its own: rows that rules reach, and tables and types that took a name. And what it says
//! of values; against a real server.

use super::super::Error;
use super::CopyProblem;
use super::live_tests::{World, world};

/// What an undo says why there is no place for what it brings; nothing is changed by it.
async fn no_place(world: &mut World, id: &str) -> String {
    let lost = world.dump().await;
    let error = world.undo(id, true).await.unwrap_err();
    let Error::Copy(problem) = &error else {
        panic!("{error:?}");
    };
    assert!(
        matches!(**problem, CopyProblem::NoPlace { .. }),
        "{error:?}"
    );
    assert_eq!(world.dump().await, lost);
    error.to_string()
}

#[tokio::test]
async fn rules_sleep_while_rows_come_back_and_wake_as_they_were() {
    for (rule, how) in [
        ("DO ALSO DELETE FROM log WHERE a = OLD.id", "ENABLE"),
        ("DO ALSO DELETE FROM log WHERE a = OLD.id", "ENABLE ALWAYS"),
        ("DO ALSO DELETE FROM log WHERE a = OLD.id", "ENABLE REPLICA"),
        ("DO ALSO INSERT INTO log VALUES (99, OLD.id)", "ENABLE"),
        (
            "DO INSTEAD UPDATE a SET gone = true WHERE id = OLD.id",
            "ENABLE",
        ),
    ] {
        let mut world = world(&format!(
            "CREATE TABLE a (id int PRIMARY KEY, b int, gone bool); INSERT INTO a VALUES (1, 1), (2, 2);
             CREATE TABLE log (id int PRIMARY KEY, a int); INSERT INTO log VALUES (1, 1), (2, 2);
             CREATE RULE \"the rule\" AS ON DELETE TO a {rule};
             CREATE RULE asleep AS ON DELETE TO a DO ALSO DELETE FROM log; ALTER TABLE a DISABLE RULE asleep;
             ALTER TABLE a {how} RULE \"the rule\""
        ))
        .await;
        world
            .there_and_back("UPDATE a SET b = 7 WHERE id = 1; INSERT INTO a VALUES (3, 3)")
            .await;
    }
}

#[tokio::test]
async fn what_an_undo_sets_off_elsewhere_ends_it() {
    let mut world = world(
        "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1);
         CREATE TABLE b (a int REFERENCES a); CREATE TABLE changes (n int PRIMARY KEY); INSERT INTO changes VALUES (0)",
    )
    .await;
    let before = world.dump().await;
    world.script("DELETE FROM a").await.unwrap();
    let copy = world.made();
    world
        .sql(
            "CREATE FUNCTION count_it() RETURNS event_trigger LANGUAGE plpgsql AS
                 'BEGIN UPDATE public.changes SET n = n + 1; END';
             CREATE EVENT TRIGGER counts ON ddl_command_end EXECUTE FUNCTION count_it()",
        )
        .await;
    let told = no_place(&mut world, &copy.id).await;
    assert!(told.contains("rows of public.changes"), "{told}");
    world
        .sql("DROP EVENT TRIGGER counts; DROP FUNCTION count_it")
        .await;
    world.undo(&copy.id, false).await.unwrap();
    assert_eq!(world.dump().await, before);
}

#[tokio::test]
async fn rows_go_to_where_they_came_from_whatever_that_is_called_now() {
    for loss in [
        "DELETE FROM a WHERE id = 1",
        "UPDATE a SET w = 'lost' WHERE id = 1",
    ] {
        let mut world = world(
            "CREATE TABLE a (id int PRIMARY KEY, w text); INSERT INTO a VALUES (1, 'first'), (2, 'second');
             CREATE SCHEMA s",
        )
        .await;
        let before = world.dump().await;
        world.script(loss).await.unwrap();
        let copy = world.made();
        let lost = world.dump().await;
        world
            .sql(
                "ALTER TABLE a RENAME TO a_old; CREATE TABLE a (id int PRIMARY KEY, w text);
                 INSERT INTO a VALUES (1, 'another')",
            )
            .await;
        let told = no_place(&mut world, &copy.id).await;
        assert!(told.contains("public.a_old by now"), "{told}");
        assert!(told.contains("`ALTER TABLE public.a RENAME TO"), "{told}");
        world.sql("ALTER TABLE a RENAME TO b").await;
        let undone = world.undo(&copy.id, false).await.unwrap();
        assert_eq!(undone.kept.is_some(), loss.starts_with("UPDATE"));
        world
            .sql("DROP TABLE b; ALTER TABLE a_old RENAME TO a")
            .await;
        assert_eq!(world.dump().await, before, "{loss}");
        if let Some(kept) = undone.kept {
            // and again, out of another schema
            world.sql("ALTER TABLE a SET SCHEMA s").await;
            world.undo(&kept.id, false).await.unwrap();
            world.sql("ALTER TABLE s.a SET SCHEMA public").await;
            assert_eq!(world.dump().await, lost, "{loss}");
        }
    }
}

#[tokio::test]
async fn two_tables_of_a_copy_do_not_go_into_one() {
    let mut world = world(
        "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1), (2);
         CREATE TABLE b (id int PRIMARY KEY); INSERT INTO b VALUES (3)",
    )
    .await;
    let before = world.dump().await;
    world
        .script("DELETE FROM a WHERE id = 1; DROP TABLE b")
        .await
        .unwrap();
    let copy = world.made();
    world.sql("ALTER TABLE a RENAME TO b").await;
    let told = no_place(&mut world, &copy.id).await;
    assert!(told.contains("`ALTER TABLE public.b RENAME TO"), "{told}");
    world.sql("ALTER TABLE b RENAME TO a").await;
    world.undo(&copy.id, false).await.unwrap();
    assert_eq!(world.dump().await, before);
}

#[tokio::test]
async fn values_that_do_not_fit_any_more_are_not_told() {
    for (loss, then, back) in [
        (
            "DELETE FROM a WHERE id = 1",
            "ALTER TABLE a ALTER b TYPE int USING b::int",
            "ALTER TABLE a ALTER b TYPE text",
        ),
        (
            "UPDATE a SET b = '8' WHERE id = 1",
            "ALTER TABLE a ALTER b TYPE int USING b::int",
            "ALTER TABLE a ALTER b TYPE text",
        ),
        (
            "DELETE FROM a WHERE id = 1",
            "ALTER TABLE a ALTER b TYPE varchar(3)",
            "ALTER TABLE a ALTER b TYPE text",
        ),
        // an index asks for it
        (
            "UPDATE a SET b = '8' WHERE id = 1",
            "CREATE INDEX i ON a ((b::int))",
            "DROP INDEX i",
        ),
    ] {
        let mut world = world(
            "CREATE TABLE a (id int PRIMARY KEY, b text); INSERT INTO a VALUES (1, 'secret7'), (2, '2')",
        )
        .await;
        let before = world.dump().await;
        world.script(loss).await.unwrap();
        let copy = world.made();
        world.sql(then).await;
        let lost = world.dump().await;
        let error = world.undo(&copy.id, true).await.unwrap_err();
        let Error::Copy(problem) = &error else {
            panic!("{then}: {error:?}");
        };
        let CopyProblem::Unfit { table, file, .. } = &**problem else {
            panic!("{then}: {error:?}");
        };
        assert_eq!(table, "public.a");
        assert!(file.is_file(), "{error}");
        assert!(error.to_string().contains("SQLSTATE 22"), "{error}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        assert_eq!(world.dump().await, lost);
        world.sql(back).await;
        world.undo(&copy.id, true).await.unwrap();
        assert_eq!(world.dump().await, before);
    }
}

#[tokio::test]
async fn a_type_that_took_the_name_of_another_one_is_named() {
    let mut world = world(
        "CREATE TYPE mood AS ENUM ('good', 'bad');
         CREATE TABLE a (id int PRIMARY KEY, m mood); INSERT INTO a VALUES (1, 'good'), (2, 'bad')",
    )
    .await;
    let before = world.dump().await;
    world
        .script(
            "DELETE FROM a WHERE m = 'bad'; ALTER TYPE mood RENAME TO mood_old; CREATE TYPE mood AS ENUM ('good', 'new');
             ALTER TABLE a ALTER m TYPE mood USING m::text::mood; DROP TYPE mood_old",
        )
        .await
        .unwrap();
    let copy = world.made();
    let told = no_place(&mut world, &copy.id).await;
    assert!(told.contains("`ALTER TYPE public.mood RENAME TO"), "{told}");
    world.sql("ALTER TYPE mood RENAME TO mood_new").await;
    world.undo(&copy.id, false).await.unwrap();
    world.sql("DROP TYPE mood_new").await;
    assert_eq!(world.dump().await, before);
}

/// A value of a composite type has its attributes by their order: put into another order it would be another value.
#[tokio::test]
async fn values_never_get_into_other_attributes() {
    const SETUP: &str =
        "CREATE TYPE inner_t AS (x int, y text, z text); CREATE DOMAIN d AS inner_t;
         CREATE TYPE outer_t AS (n int, i d);
         CREATE TABLE a (id int PRIMARY KEY, o outer_t[]);
         INSERT INTO a VALUES (1, ARRAY[ROW(1, ROW(1, 'why', 'zed'))::outer_t]), (2, NULL)";
    const CHANGE: &str =
        "ALTER TYPE inner_t DROP ATTRIBUTE y; ALTER TYPE inner_t ADD ATTRIBUTE w text";
    let mut world = world(SETUP).await;
    let before = world.dump().await;
    world.script(CHANGE).await.unwrap();
    let copy = world.made();
    let told = no_place(&mut world, &copy.id).await;
    assert!(
        told.contains("`ALTER TYPE public.inner_t RENAME TO"),
        "{told}"
    );

    // rows that come back among others, of a type that was changed since
    let mut world = self::world(SETUP).await;
    assert_eq!(world.dump().await, before);
    world.script("DELETE FROM a WHERE id = 1").await.unwrap();
    let copy = world.made();
    world.sql(CHANGE).await;
    let told = no_place(&mut world, &copy.id).await;
    assert!(
        told.contains("(`CREATE TYPE public.inner_t AS (x "),
        "{told}"
    );
    // under another name it is no better
    world.sql("ALTER TYPE inner_t RENAME TO others").await;
    let told = no_place(&mut world, &copy.id).await;
    assert!(told.contains("the type public.others"), "{told}");
    for sql in ["DELETE FROM a WHERE id = 1", "UPDATE a SET o = NULL"] {
        let mut world = self::world(SETUP).await;
        let before = world.dump().await;
        world.script(sql).await.unwrap();
        let copy = world.made();
        world.undo(&copy.id, false).await.unwrap();
        assert_eq!(world.dump().await, before, "{sql}");
    }
}
