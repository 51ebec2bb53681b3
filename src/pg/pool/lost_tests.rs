//! Connections that die: while idle, in a query, in a transaction, in its `COMMIT`.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::live_tests::{World, none, pool, template, world};
use super::*;
use crate::pg::testing::{PASSWORD, Server};
use crate::pg::{Options, Params};

fn one() -> Limits {
    Limits {
        connections: 1,
        wait: Duration::from_secs(60),
        ..Limits::default()
    }
}

impl World {
    /// Kills the backends that the pool has.
    async fn kill(&self) {
        let session = self.server.session(&self.server.url()).await;
        let sql =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
        session.client().execute(sql, &[&self.name]).await.unwrap();
    }

    /// The same, and waits until they are gone.
    async fn kill_all(&self) {
        self.kill().await;
        self.has_backends(0).await;
    }

    /// Waits until a backend of the pool runs `what`.
    async fn runs(&self, what: &str) {
        let session = self.server.session(&self.server.url()).await;
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 \
                   AND state = 'active' AND wait_event = $2";
        loop {
            let row = session.client().query_one(sql, &[&self.name, &what]).await;
            if row.unwrap().get::<_, i64>(0) > 0 {
                return;
            }
        }
    }
}

#[tokio::test]
async fn a_connection_killed_while_idle_is_replaced_and_nobody_notices() {
    let world = world(one()).await;
    let query = template("SELECT pg_backend_pid()");
    let insert = template("INSERT INTO t (id) VALUES (%(id)s)");
    let mut pids = Vec::new();
    for id in 0..3_i64 {
        pids.push(world.pool.query_value(&query, &none()).await.unwrap());
        world.kill_all().await;
        let params = none().with("id", id);
        world.pool.query_commit(&insert, &params).await.unwrap();
        world.kill_all().await;
        let transaction = world.pool.begin("x").await.unwrap();
        transaction.commit().await.unwrap();
        world.kill_all().await;
    }
    assert_eq!(world.count().await, 3);
    pids.dedup();
    assert_eq!(pids.len(), 3);
}

/// A read that was under way is asked again: it ran READ ONLY.
#[tokio::test]
async fn a_read_that_lost_its_connection_is_asked_again() {
    let world = world(one()).await;
    let who = template("SELECT pg_backend_pid()");
    let first = world
        .pool
        .query_value(&who, &none())
        .await
        .unwrap()
        .unwrap();
    // without end on the connection that will be killed, at once on any other
    let query = template(
        "SELECT pg_sleep(CASE pg_backend_pid() WHEN %(first)s THEN 3000 ELSE 0 END), pg_backend_pid() AS pid",
    );
    let params = none().with("first", first.clone());
    let (found, ()) = tokio::join!(world.pool.query_object_json(&query, &params), async {
        world.runs("PgSleep").await;
        world.kill().await;
    });
    let pid = found.unwrap().unwrap()["pid"].clone();
    assert!(pid.is_i64() && pid != first);
}

/// A change that was under way is not: it is rolled back, and its caller is told.
#[tokio::test]
async fn a_change_that_lost_its_connection_is_reported() {
    let world = world(one()).await;
    let insert = template("INSERT INTO t (id) SELECT 1 FROM pg_sleep(30) RETURNING id");
    let nothing = none();
    let (done, ()) = tokio::join!(world.pool.query_commit(&insert, &nothing), async {
        world.runs("PgSleep").await;
        world.kill_all().await;
    });
    let error = done.unwrap_err();
    assert!(matches!(error, Error::ConnectionLost { .. }), "{error:?}");
    assert_eq!(error.sqlstate(), Some("57P01"));
    assert_eq!(world.count().await, 0);
    let count = template("SELECT count(*) FROM t");
    let counted = world.pool.query_value(&count, &none()).await.unwrap();
    assert_eq!(counted, Some(json!(0)), "the pool has recovered");
}

#[tokio::test]
async fn a_transaction_killed_in_the_middle_leaves_nothing() {
    let world = world(one()).await;
    let insert = template("INSERT INTO t (id) VALUES (%(id)s)");
    let mut transaction = world.pool.begin("a transfer").await.unwrap();
    let params = |id: i64| none().with("id", id);
    transaction.execute(&insert, &params(1)).await.unwrap();
    world.kill_all().await;
    let error = transaction.execute(&insert, &params(2)).await.unwrap_err();
    assert!(matches!(error, Error::ConnectionLost { .. }), "{error:?}");
    // not "unknown": COMMIT was never sent
    let error = transaction.commit().await.unwrap_err();
    assert!(matches!(error, Error::ConnectionLost { .. }), "{error:?}");
    assert_eq!(world.count().await, 0);

    let mut transaction = world.pool.begin("again").await.unwrap();
    transaction.execute(&insert, &params(3)).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(world.count().await, 1);
}

#[tokio::test]
async fn a_dropped_future_leaves_nothing_and_frees_its_place() {
    let world = world(one()).await;
    let insert = template("INSERT INTO t (id) SELECT 1 FROM pg_sleep(3000) RETURNING id");
    let nothing = none();
    tokio::select! {
        done = world.pool.query_commit(&insert, &nothing) => panic!("{done:?}"),
        () = world.runs("PgSleep") => {}
    }
    // The only place is free once the statement is cancelled, long before it would end.
    let count = template("SELECT count(*) FROM t");
    let counted = world.pool.query_value(&count, &none()).await.unwrap();
    assert_eq!(counted, Some(json!(0)));
    world.has_backends(1).await;

    // The same inside a transaction that is committed nevertheless.
    let mut transaction = world.pool.begin("x").await.unwrap();
    let quick = template("INSERT INTO t (id) VALUES (2)");
    transaction.execute(&quick, &none()).await.unwrap();
    let holder = world.server.session(&world.url).await;
    let lock = "SELECT pg_advisory_lock(5)";
    holder.client().batch_execute(lock).await.unwrap();
    let slow = template("SELECT pg_advisory_xact_lock(5)");
    tokio::select! {
        done = transaction.execute(&slow, &nothing) => panic!("{done:?}"),
        () = world.runs("advisory") => {}
    }
    holder.close().await;
    let error = transaction.commit().await.unwrap_err();
    assert!(matches!(error, Error::RolledBack { .. }), "{error:?}");
    assert_eq!(world.count().await, 0);
}

/// A proxy that ends the connection when `COMMIT` alone passes by: before or after the server gets
/// it.
async fn breaks_at_commit(to: u16, deliver: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
            tokio::spawn(forward(client, server, deliver));
        }
    });
    port
}

async fn forward(client: TcpStream, server: TcpStream, deliver: bool) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = tokio::spawn(async move {
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
    });
    let mut buffer = vec![0; 65536];
    loop {
        let length = from_client.read(&mut buffer).await.unwrap_or(0);
        let message = &buffer[..length];
        let commit = message.ends_with(b"Q\0\0\0\x0bCOMMIT\0");
        if commit {
            back.abort();
        }
        if !commit || deliver {
            to_server.write_all(message).await.unwrap();
        }
        if commit || length == 0 {
            return;
        }
    }
}

#[tokio::test]
async fn a_connection_lost_in_commit_is_unknown_and_never_repeated() {
    for deliver in [false, true] {
        let world = world(one()).await;
        let port = breaks_at_commit(world.server.port, deliver).await;
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
        let url = ConnectionUrl::parse(&text).unwrap();
        let broken = Pool::new(Connector::new(options), url, one());
        let insert = template("INSERT INTO t (id) VALUES (%(id)s)");
        let params = |id: i64| none().with("id", id);
        let error = broken.query_commit(&insert, &params(1)).await.unwrap_err();
        let script = "t.sql".to_owned();
        assert_eq!(error, Error::CommitUnknown { script });

        let mut transaction = broken.begin("a transfer").await.unwrap();
        transaction.execute(&insert, &params(2)).await.unwrap();
        let error = transaction.commit().await.unwrap_err();
        let script = "a transfer".to_owned();
        assert_eq!(error, Error::CommitUnknown { script });
        if deliver {
            while world.count().await < 2 {} // the server is at it
        }
        assert_eq!(world.count().await, if deliver { 2 } else { 0 });
    }
}

/// The server ends under full load and comes back: whoever was not heard gets an answer or an error
/// that says what became of the change, and nothing is done twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_restart_under_load() {
    for mode in ["fast", "immediate"] {
        let mut server = Server::start();
        let url = server.database().await;
        let session = server.session(&url).await;
        let table = "CREATE TABLE t (id int, pid int)";
        session.client().batch_execute(table).await.unwrap();
        session.close().await;
        let limits = Limits {
            wait: Duration::from_secs(300),
            ..Limits::default()
        };
        let pool = pool(&server, &url, "restart", limits);
        let insert = Arc::new(template(
            "INSERT INTO t (id, pid) SELECT %(id)s, pg_backend_pid() FROM pg_sleep(%(seconds)s) RETURNING id",
        ));
        let (begun, mut progress) = tokio::sync::mpsc::unbounded_channel();
        let requests: Vec<_> = (0..600_i64)
            .map(|id| {
                let (pool, insert, begun) = (pool.clone(), Arc::clone(&insert), begun.clone());
                tokio::spawn(async move {
                    // the first three are under way whenever the server ends
                    let seconds = if id < 3 { 3000_i64 } else { 0 };
                    let params = none().with("id", id).with("seconds", seconds);
                    let done = pool.query_commit(&insert, &params).await;
                    let _ = begun.send(());
                    (id, done)
                })
            })
            .collect();
        for _ in 0..100 {
            progress.recv().await.unwrap();
        }
        let session = server.session(&url).await;
        let sleepers = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        loop {
            let row = session.client().query_one(sleepers, &[]).await.unwrap();
            if row.get::<_, i64>(0) == 3 {
                break;
            }
        }
        let server = tokio::task::spawn_blocking(move || {
            server.stop(mode);
            server.start_again();
            server
        })
        .await
        .unwrap();
        let results: Vec<(i64, Result<_, Error>)> = join_all(requests)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();

        let session = server.session(&url).await;
        let rows = session
            .client()
            .query("SELECT id, count(*) FROM t GROUP BY id", &[])
            .await
            .unwrap();
        let there: std::collections::BTreeMap<i64, i64> = rows
            .iter()
            .map(|row| (row.get::<_, i32>(0).into(), row.get(1)))
            .collect();
        assert!(there.values().all(|count| *count == 1), "{there:?}");
        let mut failed = 0;
        for (id, result) in results {
            let is_there = there.contains_key(&id);
            match result {
                Ok(done) => assert!(is_there && done.value() == Some(&json!(id)), "{id}"),
                Err(Error::CommitUnknown { .. }) => failed += 1,
                Err(error) => {
                    failed += 1;
                    assert!(!is_there, "{id} was said not to be kept: {error:?}");
                    let expected = matches!(
                        error,
                        Error::ConnectionLost { .. }
                            | Error::Unreachable { .. }
                            | Error::TimedOut { .. }
                    ) || matches!(error.sqlstate(), Some("57P03" | "57P01"));
                    assert!(expected, "{error:?}");
                    assert!(error.is_transient(), "{error:?}");
                }
            }
        }
        assert!(
            there.len() >= 100 && failed >= 3,
            "{} {failed}",
            there.len()
        );
        // the pool goes on with the same limit
        let status = pool.status();
        assert_eq!(status.in_use, 0, "{status:?}");
        let count = template("SELECT count(*) FROM t");
        let nothing = none();
        let queries = (0..50).map(|_| pool.query_value(&count, &nothing));
        for counted in join_all(queries).await {
            assert_eq!(counted.unwrap(), Some(json!(there.len())));
        }
    }
}

/// All idle connections are dead at once after a restart; each is replaced by the one who finds it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_between_requests_is_not_noticed() {
    let mut server = Server::start();
    let url = server.database().await;
    // the machine may be busy: how long somebody waits for a free one is not what this is about
    let limits = Limits {
        wait: Duration::from_secs(300),
        ..Limits::default()
    };
    let pool = pool(&server, &url, "restart", limits);
    let query = template("SELECT pg_sleep(0.01), %(n)s::int AS n");
    let ask = async |n: i64| {
        let found = pool
            .query_object_json(&query, &Params::new().with("n", n))
            .await;
        assert_eq!(found.unwrap().unwrap()["n"], json!(n));
    };
    join_all((0..30).map(&ask)).await;
    assert_eq!(pool.status().idle, 10);
    let _server = tokio::task::spawn_blocking(move || {
        server.stop("immediate");
        server.start_again();
        server
    })
    .await
    .unwrap();
    join_all((0..30).map(&ask)).await;
}
