//! The pool in ordinary times, against a real server.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;
use serde_json::json;

use super::*;
use crate::pg::testing::Server;
use crate::pg::{Options, Params, Template};

/// A pool on a database of its own, which the server knows under a name of its own.
pub(super) struct World {
    pub(super) server: Arc<Server>,
    pub(super) url: ConnectionUrl,
    pub(super) pool: Pool,
    pub(super) name: String,
}

static POOLS: AtomicU32 = AtomicU32::new(0);

pub(super) async fn world(limits: Limits) -> World {
    let server = Server::shared();
    let url = server.database().await;
    let name = format!("pool-{}", POOLS.fetch_add(1, Ordering::Relaxed));
    let session = server.session(&url).await;
    let table = "CREATE TABLE t (id int PRIMARY KEY, name text)";
    session.client().batch_execute(table).await.unwrap();
    let pool = pool(&server, &url, &name, limits);
    World {
        server,
        url,
        pool,
        name,
    }
}

pub(super) fn pool(server: &Server, url: &ConnectionUrl, name: &str, limits: Limits) -> Pool {
    let options = Options {
        application_name: name.to_owned(),
        ..server.options()
    };
    Pool::new(Connector::new(options), url.clone(), limits)
}

pub(super) fn template(text: &str) -> Template {
    Template::parse("t.sql", text).unwrap()
}

pub(super) fn none() -> Params {
    Params::new()
}

impl World {
    /// The backends of the pool, as another session sees them.
    pub(super) async fn backends(&self) -> BTreeSet<i32> {
        let session = self.server.session(&self.server.url()).await;
        let sql = "SELECT pid FROM pg_stat_activity WHERE application_name = $1";
        let rows = session.client().query(sql, &[&self.name]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Waits until the pool has as many backends.
    pub(super) async fn has_backends(&self, count: usize) -> BTreeSet<i32> {
        loop {
            let found = self.backends().await;
            if found.len() == count {
                return found;
            }
        }
    }

    pub(super) async fn count(&self) -> i64 {
        let session = self.server.session(&self.url).await;
        let sql = "SELECT count(*) FROM t";
        session.client().query_one(sql, &[]).await.unwrap().get(0)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_requests_on_ten_connections() {
    let world = world(Limits {
        wait: Duration::from_secs(300),
        ..Limits::default()
    })
    .await;
    let look = Arc::new(template(
        "SELECT %(n)s::int AS n, pg_backend_pid() AS pid, (SELECT count(*) FROM pg_stat_activity \
         WHERE application_name = %(name)s) AS backends",
    ));
    let insert = Arc::new(template("INSERT INTO t (id) VALUES (%(n)s) RETURNING id"));
    let requests = (0..1000_i64).map(|n| {
        let (pool, look, insert) = (world.pool.clone(), Arc::clone(&look), Arc::clone(&insert));
        let name = world.name.clone();
        tokio::spawn(async move {
            if n % 4 == 0 {
                let done = pool
                    .query_commit(&insert, &none().with("n", n))
                    .await
                    .unwrap();
                assert_eq!(done.value(), Some(&json!(n)));
                return None;
            }
            let params = none().with("n", n).with("name", name);
            let row = pool
                .query_object_json(&look, &params)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(row["n"], json!(n));
            assert!(pool.status().in_use <= 10);
            Some((
                row["pid"].as_i64().unwrap(),
                row["backends"].as_i64().unwrap(),
            ))
        })
    });
    let seen: Vec<(i64, i64)> = join_all(requests)
        .await
        .into_iter()
        .filter_map(Result::unwrap)
        .collect();
    assert_eq!(seen.len(), 750);
    assert_eq!(world.count().await, 250);
    let most = seen.iter().map(|(_, backends)| *backends).max().unwrap();
    assert!((2..=10).contains(&most), "{most} backends at once");
    let pids: BTreeSet<i64> = seen.iter().map(|(pid, _)| *pid).collect();
    assert!(pids.len() <= 10, "connections are used again: {pids:?}");
    let status = world.pool.status();
    assert_eq!((status.in_use, status.limit), (0, 10));
    assert!(status.idle <= 10);
}

#[tokio::test]
async fn who_waits_too_long_is_told_how_many_are_in_use() {
    let world = world(Limits {
        connections: 2,
        wait: Duration::from_millis(50),
        ..Limits::default()
    })
    .await;
    let one = world.pool.get().await.unwrap();
    let two = world.pool.get().await.unwrap();
    let error = world.pool.get().await.unwrap_err();
    let Error::PoolExhausted {
        in_use,
        limit,
        waited,
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!((*in_use, *limit), (2, 2));
    assert!(*waited >= Duration::from_millis(50));
    assert!(error.to_string().ends_with("2 of 2 are in use"), "{error}");
    assert!(error.is_transient());
    let status = world.pool.status();
    assert_eq!((status.in_use, status.idle), (2, 0));
    drop(one);
    // waits for the other one's cleaning, not for a new connection
    let query = template("SELECT pg_backend_pid()");
    while world.pool.query_value(&query, &none()).await.is_err() {}
    drop(two);
}

#[tokio::test]
async fn waiting_is_in_order() {
    let world = world(Limits {
        connections: 1,
        wait: Duration::from_secs(60),
        ..Limits::default()
    })
    .await;
    let held = world.pool.get().await.unwrap();
    let order = Mutex::new(Vec::new());
    let query = template("SELECT 1");
    let waiters = (0..5).map(|n| {
        let (pool, order, query) = (&world.pool, &order, &query);
        async move {
            pool.query_value(query, &none()).await.unwrap();
            order.lock().unwrap().push(n);
        }
    });
    let release = async { drop(held) };
    tokio::join!(join_all(waiters), release);
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn connections_grow_old_and_are_closed() {
    let world = world(Limits {
        idle: Duration::from_millis(100),
        ..Limits::default()
    })
    .await;
    let query = template("SELECT pg_backend_pid()");
    let first = world.pool.query_value(&query, &none()).await.unwrap();
    world.has_backends(0).await; // nobody had to ask for that
    assert_eq!(world.pool.status().idle, 0);
    let second = world.pool.query_value(&query, &none()).await.unwrap();
    assert_ne!(first, second);

    let short = pool(
        &world.server,
        &world.url,
        &world.name,
        Limits {
            lifetime: Duration::ZERO,
            ..Limits::default()
        },
    );
    let first = short.query_value(&query, &none()).await.unwrap();
    let second = short.query_value(&query, &none()).await.unwrap();
    assert_ne!(first, second, "too old to be used twice");
}

#[tokio::test]
async fn a_lent_session_comes_back_as_good_as_new() {
    let world = world(Limits {
        connections: 1,
        ..Limits::default()
    })
    .await;
    let lent = world.pool.get().await.unwrap();
    lent.client()
        .batch_execute(
            "SET search_path TO pg_catalog; SET statement_timeout TO '7ms'; SET ROLE pg_monitor; \
             CREATE TEMP TABLE mine (a int); SELECT pg_advisory_lock(7); LISTEN news; \
             BEGIN; INSERT INTO public.t VALUES (1)",
        )
        .await
        .unwrap_err(); // the role may not insert
    drop(lent);
    let look = template(
        "SELECT current_setting('search_path'), current_setting('statement_timeout'), \
         current_user::text, to_regclass('mine')::text, \
         (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()), \
         (SELECT count(*) FROM pg_listening_channels())",
    );
    let found = world.pool.query_rows(&look, &none()).await.unwrap();
    assert_eq!(
        found.rows,
        [[
            json!("\"$user\", public"),
            json!("5min"),
            json!("postgres"),
            json!(null),
            json!(0),
            json!(0)
        ]]
    );
    assert_eq!(world.count().await, 0);
    // the driver's own statements about types are still there
    let mood = template("SELECT %(x)s::regtype::text");
    world
        .pool
        .query_value(&mood, &none().with("x", "int4"))
        .await
        .unwrap();
    assert_eq!(world.backends().await.len(), 1);
}

#[tokio::test]
async fn a_transaction_is_kept_as_a_whole_or_not_at_all() {
    let world = world(Limits {
        connections: 1,
        ..Limits::default()
    })
    .await;
    let insert = template("INSERT INTO t (id, name) VALUES (%(id)s, %(name)s)");
    let count = template("SELECT count(*) FROM t");
    let row = |id: i64| none().with("id", id).with("name", "x");

    let mut kept = world.pool.begin("kept").await.unwrap();
    assert_eq!(kept.execute(&insert, &row(1)).await.unwrap().count, 1);
    // refused before it was sent: no harm done
    kept.execute(&insert, &none()).await.unwrap_err();
    let misfit = none().with("id", "x").with("name", "x");
    kept.execute(&insert, &misfit).await.unwrap_err();
    kept.execute(&insert, &row(2)).await.unwrap();
    assert_eq!(
        kept.query_value(&count, &none()).await.unwrap(),
        Some(json!(2))
    );
    assert_eq!(world.count().await, 0, "nobody else sees it yet");
    kept.commit().await.unwrap();
    assert_eq!(world.count().await, 2);

    let mut failed = world.pool.begin("a transfer").await.unwrap();
    failed.execute(&insert, &row(3)).await.unwrap();
    let error = failed.execute(&insert, &row(3)).await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("23505"));
    let error = failed.execute(&insert, &row(4)).await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("25P02"));
    let error = failed.commit().await.unwrap_err();
    let transaction = "a transfer".to_owned();
    assert_eq!(error, Error::RolledBack { transaction });
    assert_eq!(world.count().await, 2);

    let mut undone = world.pool.begin("undone").await.unwrap();
    undone.execute(&insert, &row(5)).await.unwrap();
    undone.rollback().await.unwrap();
    assert_eq!(world.count().await, 2);
    let before = world.backends().await;

    let mut dropped = world.pool.begin("dropped").await.unwrap();
    dropped.execute(&insert, &row(6)).await.unwrap();
    drop(dropped);
    assert_eq!(
        world.pool.query_value(&count, &none()).await.unwrap(),
        Some(json!(2))
    );
    let after = world.has_backends(1).await;
    assert_ne!(before, after, "its connection is thrown away");
}

#[tokio::test]
async fn a_closed_pool_answers_at_once() {
    let world = world(Limits {
        connections: 1,
        wait: Duration::from_secs(300),
        ..Limits::default()
    })
    .await;
    let query = template("SELECT 1");
    let held = world.pool.begin("held").await.unwrap();
    let nothing = &none();
    let (waiter, ()) = tokio::join!(world.pool.query_value(&query, nothing), world.pool.close());
    assert_eq!(waiter.unwrap_err(), Error::PoolClosed);
    held.commit().await.unwrap();
    assert_eq!(world.pool.get().await.unwrap_err(), Error::PoolClosed);
    world.has_backends(0).await;
}

#[tokio::test]
async fn a_dropped_pool_leaves_no_backend() {
    let world = world(Limits::default()).await;
    let query = template("SELECT 1");
    let nothing = none();
    let queries = (0..5).map(|_| world.pool.query_value(&query, &nothing));
    join_all(queries).await;
    assert!(!world.backends().await.is_empty());
    let World {
        server,
        url,
        name,
        pool,
    } = world;
    drop(pool);
    let nobody = World {
        pool: self::pool(&server, &url, "other", Limits::default()),
        server,
        url,
        name,
    };
    nobody.has_backends(0).await;
}

#[tokio::test]
async fn no_secret_is_in_debug() {
    let world = world(Limits::default()).await;
    let lent = world.pool.get().await.unwrap();
    let shown = format!(
        "{:?} {lent:?} {:?}",
        world.pool,
        world.pool.begin("x").await
    );
    assert!(!shown.contains("s3cr3t"), "{shown}");
}
