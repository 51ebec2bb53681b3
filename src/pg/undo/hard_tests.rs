//! Random worlds, crashes and lost connections, against a real server.

use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::super::interrupted_tests::breaks_at_commit;
use super::super::testing::{PASSWORD, Server};
use super::super::{ConnectionUrl, Connector, Error, Options, Script, Session};
use super::live_tests::{World, world};
use super::{Copies, CopyProblem, Keeper, State};

/// A URL that leads to the server by another port, without TLS.
fn through(world: &World, port: u16) -> (ConnectionUrl, Connector) {
    let password = PASSWORD
        .replace('%', "%25")
        .replace('@', "%40")
        .replace('/', "%2F");
    let database = world.url.database().unwrap();
    let text = format!("postgresql://postgres:{password}@127.0.0.1/{database}?sslmode=disable");
    let options = Options {
        connect_to: Some(("127.0.0.1".to_owned(), port)),
        ..Options::default()
    };
    (
        ConnectionUrl::parse(&text).unwrap(),
        Connector::new(options),
    )
}

/// Nobody knows whether the loss was committed; the server does, and the copy is kept or was of nothing.
#[tokio::test]
async fn a_connection_lost_in_commit_leaves_a_copy_that_is_settled_later() {
    for deliver in [false, true] {
        let mut world =
            world("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)").await;
        let before = world.dump().await;
        let port = breaks_at_commit(world.server.port, deliver).await;
        let (url, connector) = through(&world, port);
        let mut session = connector.connect(&url).await.unwrap();
        let keeper = world.keeper();
        let script = Script::new("loss", "TRUNCATE a");
        let error = session
            .run_script_keeping(&script, true, Some(&keeper), |_| {})
            .await
            .unwrap_err();
        assert!(matches!(error, Error::CommitUnknown { .. }), "{error:?}");
        let (pending, _) = world.copies.list().unwrap();
        assert_eq!(pending[0].state, State::Pending);
        // the lost session has ended once its lock is free
        world.session.lock(&mut |_| {}).await.unwrap();
        world.session.clean_up().await.unwrap();
        let database = keeper.database();
        let settled = world
            .session
            .settle_copies(&world.copies, &database)
            .await
            .unwrap();
        if deliver {
            assert_eq!(settled[0].state, State::Kept);
            world.undo(&settled[0].id, false).await.unwrap();
        } else {
            assert_eq!(settled, []);
        }
        assert_eq!(world.dump().await, before);
    }
}

/// The server goes down in the middle of a loss, and of the way back: either happened as a whole or not at all.
#[tokio::test]
async fn a_server_that_restarts_in_the_middle_leaves_the_one_or_the_other() {
    let mut server = Server::start();
    let url = server.database().await;
    let dir = tempfile::tempdir().unwrap();
    let copies = Copies::new(dir.path().join("undo"));
    let connector = Connector::new(server.options());
    let keeper = Keeper::new(copies.clone(), connector.clone(), url.clone(), "the test");
    let database = keeper.database();
    let count = async |session: &Session| -> i64 {
        let rows = session.client().query_one("SELECT count(*) FROM a", &[]);
        rows.await.unwrap().get(0)
    };
    let session = connector.connect(&url).await.unwrap();
    session
        .batch(
            "CREATE TABLE a (id int PRIMARY KEY, w text);
             INSERT INTO a SELECT n, repeat('x', 100) FROM generate_series(1, 50000) n",
        )
        .await
        .unwrap();
    session.close().await;
    let mut session = connector.connect(&url).await.unwrap();
    let script = Script::new("loss", "TRUNCATE a; SELECT pg_sleep(60)");
    let (begun, may_stop) = tokio::sync::oneshot::channel();
    let mut begun = Some(begun);
    let run = session.run_script_keeping(&script, true, Some(&keeper), |step| {
        if matches!(step, super::super::Progress::Done { .. })
            && let Some(begun) = begun.take()
        {
            begun.send(()).unwrap();
        }
    });
    let (lost, ()) = tokio::join!(run, async {
        let told = tokio::time::timeout(Duration::from_secs(60), may_stop).await;
        told.unwrap().unwrap();
        server.stop("immediate");
    });
    assert!(lost.unwrap_err().is_transient());
    assert_eq!(copies.list().unwrap().0, []);
    server.start_again();
    let mut session = connector.connect(&url).await.unwrap();
    assert_eq!(count(&session).await, 50000);
    let script = Script::new("loss", "DROP TABLE a");
    session
        .run_script_keeping(&script, true, Some(&keeper), |_| {})
        .await
        .unwrap();
    let copy = copies.take_made().remove(0);
    // the way back stands still at a lock, and then the server is gone
    let holder = connector.connect(&url).await.unwrap();
    holder
        .batch("BEGIN; CREATE TABLE a (id int); INSERT INTO a VALUES (1)")
        .await
        .unwrap();
    let undo = session.undo(&copies, &copy.id, Some(&keeper), (&database, true), |_| {});
    let (undone, ()) = tokio::join!(undo, async {
        let watch = connector.connect(&url).await.unwrap();
        for left in (0..20_000).rev() {
            assert!(left > 0, "the way back never waited");
            let waiting: i64 = watch
                .client()
                .query_one("SELECT count(*) FROM pg_locks WHERE NOT granted", &[])
                .await
                .unwrap()
                .get(0);
            if waiting > 0 {
                break;
            }
        }
        server.stop("immediate");
    });
    undone.unwrap_err();
    drop(holder);
    server.start_again();
    let mut session = connector.connect(&url).await.unwrap();
    session
        .undo(&copies, &copy.id, Some(&keeper), (&database, false), |_| {})
        .await
        .unwrap();
    assert_eq!(count(&session).await, 50000);
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
        world.session.undo(
            &world.copies,
            &copy.id,
            Some(&keeper),
            (&database, false),
            |_| {}
        ),
        other.undo(
            &world.copies,
            &copy.id,
            Some(&keeper),
            (&database, false),
            |_| {}
        ),
    );
    let (first, second) = if one.is_ok() { (one, two) } else { (two, one) };
    first.unwrap();
    let error = second.unwrap_err();
    assert!(
        matches!(&error, Error::Copy(p) if matches!(**p, CopyProblem::TakenBack { .. })),
        "{error:?}"
    );
}

/// A large table: what is asked of the server about it must be a join, and not a search for every row.
#[tokio::test]
async fn what_a_copy_concerns_is_found_by_a_join() {
    let world = world(
        "CREATE TABLE a (id bigint, part text, PRIMARY KEY (id, part));
         INSERT INTO a SELECT n, 'p' FROM generate_series(1, 50000) n; ANALYZE a;
         CREATE TEMPORARY TABLE o AS SELECT * FROM a; ANALYZE o;
         CREATE TEMPORARY TABLE n AS SELECT * FROM a WHERE id % 2 = 0; ANALYZE n;",
    )
    .await;
    let key = ["id".to_owned(), "part".to_owned()];
    let concerned = super::ways::in_either("o", "n", &key);
    let sql = format!("EXPLAIN SELECT id FROM ONLY a AS x WHERE {concerned}");
    let plan: Vec<String> = world
        .session
        .client()
        .query(&sql, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    let plan = plan.join("\n");
    assert!(plan.contains("Join"), "{plan}");
    assert!(!plan.contains("SubPlan"), "{plan}");
    let sql = format!("SELECT count(*) FROM ONLY a AS x WHERE {concerned} AND id <= 10");
    let count = world.session.client().query_one(&sql, &[]).await.unwrap();
    assert_eq!(count.get::<_, i64>(0), 10);
}

const TYPES: [&str; 9] = [
    "int",
    "text",
    "bytea",
    "text[]",
    "numeric",
    "timestamptz",
    "jsonb",
    "uuid",
    "bool",
];

/// A table: the types of its columns, whether it has a key, a column that the server numbers, one that it computes, and
/// which table before it refers to.
#[derive(Clone, Debug)]
struct Shape {
    types: Vec<usize>,
    key: bool,
    identity: bool,
    generated: bool,
    parent: Option<usize>,
    cascade: bool,
    rows: usize,
}

fn shape() -> impl Strategy<Value = Shape> {
    (
        prop::collection::vec(0..TYPES.len(), 0..4),
        any::<(bool, bool, bool, bool)>(),
        prop::option::of(0..3_usize),
        0..30_usize,
    )
        .prop_map(
            |(types, (key, identity, generated, cascade), parent, rows)| Shape {
                types,
                key,
                identity,
                generated,
                parent,
                cascade,
                rows,
            },
        )
}

/// The SQL of a world. Table 0 always has a key, so that there is something to refer to.
fn sql(shapes: &[Shape], seed: u64) -> String {
    let mut text = format!(
        "SELECT setseed({});\n",
        f64::from(u32::try_from(seed % 1000).unwrap()) / 1000.0
    );
    for (index, shape) in shapes.iter().enumerate() {
        let keyed = |at: usize| at == 0 || shapes[at].key;
        let parent = shape
            .parent
            .map(|p| p % shapes.len())
            .filter(|p| *p <= index && keyed(*p));
        let mut columns = vec![match (shape.identity, keyed(index)) {
            (true, true) => "id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY".to_owned(),
            (true, false) => "id int GENERATED BY DEFAULT AS IDENTITY".to_owned(),
            (false, true) => "id serial PRIMARY KEY".to_owned(),
            (false, false) => "id serial".to_owned(),
        }];
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for (n, ty) in shape.types.iter().enumerate() {
            let ty = TYPES[*ty];
            columns.push(format!("\"c {n}\" {ty}"));
            names.push(format!("\"c {n}\""));
            values.push(format!("CASE WHEN random() < 0.2 THEN NULL ELSE {} END", match ty {
                "int" => "(random() * 1000)::int",
                "text" => "(ARRAY['', E'a\\tb\\n', '\\N', '\\.', 'é€', repeat('long', 2000)])[1 + floor(random() * 6)::int]",
                "bytea" => "decode(md5(random()::text), 'hex')",
                "text[]" => "ARRAY[NULL, '', 'x,\"y']",
                "numeric" => "random()::numeric * 1e20",
                "timestamptz" => "'epoch'::timestamptz + random() * interval '50 years'",
                "jsonb" => "jsonb_build_object('k', random(), 'n', NULL)",
                "uuid" => "md5(random()::text)::uuid",
                _ => "random() < 0.5",
            }));
        }
        if shape.generated {
            columns.push("g int GENERATED ALWAYS AS (id * 2) STORED".to_owned());
        }
        if let Some(parent) = parent {
            let action = if shape.cascade { "CASCADE" } else { "SET NULL" };
            columns.push(format!("p int REFERENCES t{parent} ON DELETE {action}"));
            names.push("p".to_owned());
            values.push(if parent == index {
                "CASE WHEN n > 1 THEN 1 END".to_owned()
            } else {
                format!("(SELECT id FROM t{parent} ORDER BY md5(id::text || n) LIMIT 1)")
            });
        }
        text += &format!("CREATE TABLE t{index} ({});\n", columns.join(", "));
        let rows = shape.rows;
        text += &match names.as_slice() {
            [] => format!(
                "DO $$ BEGIN FOR i IN 1..{rows} LOOP INSERT INTO t{index} DEFAULT VALUES; END LOOP; END $$;\n"
            ),
            names => format!(
                "INSERT INTO t{index} ({}) SELECT {} FROM generate_series(1, {rows}) n;\n",
                names.join(", "),
                values.join(", ")
            ),
        };
    }
    text
}

fn loss() -> impl Strategy<Value = (usize, usize)> {
    (0..7_usize, 0..4_usize)
}

fn loss_sql((what, which): (usize, usize), tables: usize) -> String {
    let t = format!("t{}", which % tables);
    match what {
        0 => format!("DROP TABLE {t} CASCADE"),
        1 => format!("TRUNCATE {t} RESTART IDENTITY CASCADE"),
        2 => format!("DELETE FROM {t} WHERE id % 3 = 0"),
        3 => format!("DELETE FROM {t}"),
        4 => format!("ALTER TABLE {t} ALTER COLUMN id TYPE bigint, ADD COLUMN more int DEFAULT 1"),
        5 => format!("ALTER TABLE {t} DROP COLUMN id CASCADE"),
        _ => format!(
            "DO $$ BEGIN IF to_regclass('{t}') IS NOT NULL THEN EXECUTE 'DELETE FROM {t} WHERE ctid = (SELECT min(ctid) FROM {t})'; END IF; END $$"
        ),
    }
}

/// Random tables, rows and losses: after the undo everything is as it was.
#[tokio::test]
async fn random_worlds_are_as_they_were() {
    let seed: u64 = std::env::var("UNDO_SEED")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(2026);
    let cases = if std::env::var("UNDO_SEED").is_ok() {
        0
    } else {
        24
    };
    let mut compared = 0;
    for case in 0..=cases {
        let seed = seed + case;
        let config = Config {
            rng_seed: RngSeed::Fixed(seed),
            ..Config::default()
        };
        let mut runner = TestRunner::new(config);
        let shapes = prop::collection::vec(shape(), 1..4)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let losses = prop::collection::vec(loss(), 1..4)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let text = sql(&shapes, seed);
        let mut world = world(&text).await;
        for loss in losses {
            let sql = loss_sql(loss, shapes.len());
            let before = world.dump().await;
            // what a loss before it took away may be in the way
            match world.script(&sql).await {
                Ok(_) => {}
                Err(Error::Db(_)) => continue,
                Err(error) => panic!("UNDO_SEED={seed}\n{text}{sql}\n{error:?}"),
            }
            // of tables without rows there is no copy
            for copy in world.copies.take_made() {
                let undone = world.undo(&copy.id, false).await;
                let undone =
                    undone.unwrap_or_else(|e| panic!("UNDO_SEED={seed}\n{text}{sql}\n{e:?}"));
                assert!(
                    undone.could_not.is_empty(),
                    "UNDO_SEED={seed} {sql}: {:?}",
                    undone.could_not
                );
                assert_eq!(before, world.dump().await, "UNDO_SEED={seed}\n{text}{sql}");
                compared += 1;
            }
        }
    }
    assert!(compared > cases, "{compared} comparisons");
}
