//! An undo beside rows that others wrote and that a foreign key ties to its own; against a real server.

use super::super::{Error, Script};
use super::CopyProblem;
use super::live_tests::{World, world};

async fn text(world: &World, sql: &str) -> String {
    let row = world.session.client().query_one(sql, &[]).await.unwrap();
    row.get::<_, Option<String>>(0).unwrap_or_default()
}

/// Loses something, lets others write, and takes it back: it is refused with these words, and nothing is changed.
async fn refused(world: &mut World, id: &str, table: &str, words: &[&str]) -> String {
    let lost = world.dump().await;
    let error = world.undo(id, true).await.unwrap_err();
    let Error::Copy(problem) = &error else {
        panic!("{error:?}");
    };
    let CopyProblem::InTheWay {
        table: named, file, ..
    } = &**problem
    else {
        panic!("{error:?}");
    };
    assert_eq!(named, table, "{error}");
    assert!(file.exists(), "{error}");
    let told = error.to_string();
    for word in words {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(problem.help().unwrap().contains("nothing was changed"));
    assert_eq!(world.dump().await, lost);
    told
}

/// The statement that a message gives to those who read it.
fn statement(told: &str) -> &str {
    told.split('`').nth(1).unwrap()
}

#[tokio::test]
async fn a_row_that_was_added_stays_where_others_refer_to_it() {
    for rule in ["", "ON DELETE CASCADE", "ON DELETE SET NULL"] {
        let mut world = world(&format!(
            "CREATE TABLE a (id int PRIMARY KEY, w text); INSERT INTO a VALUES (1, 'a'), (2, 'b');
             CREATE TABLE b (id int PRIMARY KEY, a bigint REFERENCES a {rule}); INSERT INTO b VALUES (1, 1)"
        ))
        .await;
        world
            .script(
                "UPDATE a SET w = 'lost' WHERE id = 1; DELETE FROM a WHERE id = 2;
                 INSERT INTO a VALUES (8, 'new'), (9, 'new'), (10, 'new')",
            )
            .await
            .unwrap();
        let copy = world.made();
        world.sql("INSERT INTO b VALUES (5, 9)").await;
        let between = world.dump().await;
        let undone = world.undo(&copy.id, false).await.unwrap();
        assert_eq!(
            undone.could_not,
            [
                "all of public.a as it was: 1 row that had been added stays, for rows of public.b refer to it (id = '9')"
            ]
        );
        let a = "SELECT string_agg(id || w, ' ' ORDER BY id) FROM a";
        let b = "SELECT string_agg(id || ':' || a, ' ' ORDER BY id) FROM b";
        assert_eq!(text(&world, a).await, "1a 2b 9new");
        assert_eq!(text(&world, b).await, "1:1 5:9");
        let stray = world.session.batch("INSERT INTO b VALUES (6, 77)").await;
        assert_eq!(stray.unwrap_err().sqlstate(), Some("23503"));
        world.undo(&undone.kept.unwrap().id, false).await.unwrap();
        assert_eq!(world.dump().await, between);
    }
}

#[tokio::test]
async fn what_a_row_that_stays_refers_to_stays_too() {
    let mut world = world(
        "CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t); INSERT INTO t VALUES (1, NULL);
         CREATE TABLE c (t int REFERENCES t);
         CREATE TABLE p (k int, l text, v int, PRIMARY KEY (k, l)) PARTITION BY RANGE (k);
         CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
         CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
         INSERT INTO p VALUES (1, 'x', 1), (11, 'x', 1);
         CREATE TABLE q (k int, l text, FOREIGN KEY (k, l) REFERENCES p) PARTITION BY LIST (l);
         CREATE TABLE q1 PARTITION OF q DEFAULT",
    )
    .await;
    world
        .script(
            "UPDATE t SET up = 1; INSERT INTO t VALUES (2, NULL), (3, 2), (4, NULL), (5, 4);
             UPDATE p SET v = 2; INSERT INTO p VALUES (2, 'x', 3), (3, 'it''s', 3), (12, 'y', 3)",
        )
        .await
        .unwrap();
    let copy = world.made();
    world
        .sql("INSERT INTO c VALUES (3), (3); INSERT INTO q VALUES (3, 'it''s'), (12, 'y')")
        .await;
    let undone = world.undo(&copy.id, false).await.unwrap();
    assert_eq!(
        undone.could_not,
        [
            "all of public.p1 as it was: 1 row that had been added stays, for rows of public.q1 refer to it (k, l = ('3', 'it''s'))",
            "all of public.p2 as it was: 1 row that had been added stays, for rows of public.q1 refer to it (k, l = ('12', 'y'))",
            "all of public.t as it was: 2 rows that had been added stay, for rows of public.c refer to them (id = '2', '3')",
        ]
    );
    assert_eq!(
        text(
            &world,
            "SELECT string_agg(concat_ws(':', id, up), ' ' ORDER BY id) FROM t"
        )
        .await,
        "1 2 3:2"
    );
    assert_eq!(
        text(
            &world,
            "SELECT string_agg(concat_ws(':', k, l, v), ' ' ORDER BY k) FROM p"
        )
        .await,
        "1:x:1 3:it's:3 11:x:1 12:y:3"
    );
}

/// A row that was only changed cannot stay and be what it was.
#[tokio::test]
async fn rows_of_others_that_refer_to_what_goes_are_shown() {
    for loss in [
        "UPDATE a SET code = 'it''s' WHERE id = 1",
        // all of it becomes what it was
        "ALTER TABLE a DROP COLUMN w; UPDATE a SET code = 'it''s' WHERE id = 1",
    ] {
        let mut world = world(
            "CREATE TABLE a (id int PRIMARY KEY, code text UNIQUE, w text); INSERT INTO a VALUES (1, 'x'), (2, 'z');
             CREATE TABLE b (id int, code text REFERENCES a (code)); INSERT INTO b VALUES (1, 'z')",
        )
        .await;
        let before = world.dump().await;
        world.script(loss).await.unwrap();
        let copy = world.made();
        world
            .sql("INSERT INTO b VALUES (2, 'it''s'), (3, 'it''s')")
            .await;
        let words = [
            "2 rows of public.b refer to rows of it that would go (code = 'it''s')",
            "b_code_fkey",
        ];
        let told = refused(&mut world, &copy.id, "public.a", &words).await;
        let shown = format!(
            "SELECT string_agg(id::text, ' ' ORDER BY id) FROM ({}) AS s",
            statement(&told)
        );
        assert_eq!(text(&world, &shown).await, "2 3");
        world.sql("DELETE FROM b WHERE id > 1").await;
        world.undo(&copy.id, true).await.unwrap();
        assert_eq!(world.dump().await, before);
    }
}

/// What the key would have done to it had it been there is nobody's wish: it comes back with what it refers to.
#[tokio::test]
async fn rows_whose_parents_are_gone_name_the_copy_that_has_them() {
    for rule in ["", "ON DELETE CASCADE", "ON DELETE SET NULL"] {
        for loss in ["DELETE FROM b WHERE id > 1", "TRUNCATE b", "DROP TABLE b"] {
            let mut world = world(&format!(
                "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a SELECT generate_series(1, 30);
                 CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a {rule}); INSERT INTO b SELECT n, n FROM generate_series(1, 30) n"
            ))
            .await;
            let before = world.dump().await;
            world.script(loss).await.unwrap();
            let copy = world.made();
            // nobody has a copy of it
            world.sql("DELETE FROM a WHERE id = 30").await;
            let words = [
                "1 row of it refers to rows of public.a that are gone (id = '30')",
                "b_a_fkey",
            ];
            let told = refused(&mut world, &copy.id, "public.b", &words).await;
            world.sql("INSERT INTO a VALUES (30)").await;
            assert_eq!(
                text(
                    &world,
                    &format!("SELECT count(*)::text FROM ({}) AS s", statement(&told))
                )
                .await,
                "1"
            );
            let away = Script::new("away", "DELETE FROM a WHERE id > 5");
            let keeper = world.keeper();
            world
                .session
                .run_script_keeping(&away, true, Some(&keeper), |_| {})
                .await
                .unwrap();
            let parents = world.made();
            let take = format!(
                "public.a that were lost since are in the copy {}: take that back first",
                parents.id
            );
            let words = [
                "25 rows of it refer",
                "= '10', '11', '12', '13', '14', …)",
                &take,
            ];
            refused(&mut world, &copy.id, "public.b", &words).await;
            world.undo(&parents.id, false).await.unwrap();
            world.undo(&copy.id, false).await.unwrap();
            assert_eq!(world.dump().await, before);
        }
    }
}

#[tokio::test]
async fn what_must_not_be_empty_by_now_is_named_with_what_lets_it_in() {
    let mut world = world(
        "CREATE TABLE a (id int PRIMARY KEY, \"V\" text); INSERT INTO a VALUES (1, NULL), (2, NULL), (3, 'c')",
    )
    .await;
    let before = world.dump().await;
    world.script("DELETE FROM a").await.unwrap();
    let copy = world.made();
    world.sql("ALTER TABLE a ALTER \"V\" SET NOT NULL").await;
    let words = ["2 rows of it have nothing in \"V\", which is NOT NULL by now (id = '1', '2')"];
    let told = refused(&mut world, &copy.id, "public.a", &words).await;
    world.sql(statement(&told)).await;
    world
        .sql("ALTER TABLE a ADD n int NOT NULL DEFAULT 7; ALTER TABLE a ALTER n DROP DEFAULT")
        .await;
    let words = ["3 rows of it have nothing in \"n\""];
    let told = refused(&mut world, &copy.id, "public.a", &words).await;
    world.sql(&statement(&told).replace('…', "7")).await;
    world.undo(&copy.id, false).await.unwrap();
    world.sql("ALTER TABLE a DROP COLUMN n").await;
    assert_eq!(world.dump().await, before);
}
