//! Runs that are not alone, not awaited, or lose their connection; against a real server.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::run_tests::world;
use super::testing::PASSWORD;
use super::{ConnectionUrl, Connector, Error, Options, Outcome, Progress, Script, Session};

/// Callers spawn runs as tasks of their own.
#[allow(dead_code)]
fn a_run_can_be_spawned(session: &'static mut Session, script: &'static Script) {
    tokio::spawn(session.run_script(script, false, |_| {}));
}

#[tokio::test]
async fn a_second_run_waits_and_finds_the_work_done() {
    let world = world().await;
    let script = Script::new("a.sql", "CREATE TABLE a (b int); SELECT pg_sleep(0.3)");
    let (mut one, mut two) = (world.session, world.server.session(&world.url).await);
    let pid: i32 = one
        .client()
        .query_one("SELECT pg_backend_pid()", &[])
        .await
        .unwrap()
        .get(0);
    let (begun, may_begin) = tokio::sync::oneshot::channel();
    let mut begun = Some(begun);
    let mut steps = Vec::new();
    let (first, second) = tokio::join!(
        one.run_script(&script, false, |step| {
            if matches!(step, Progress::Statement { .. })
                && let Some(begun) = begun.take()
            {
                begun.send(()).unwrap();
            }
        }),
        async {
            may_begin.await.unwrap();
            two.run_script(&script, false, |step| steps.push(step))
                .await
        }
    );
    assert!(matches!(first.unwrap(), Outcome::Applied { .. }));
    assert!(matches!(second.unwrap(), Outcome::AlreadyCurrent(_)));
    let [Progress::Waiting { holders }] = steps.as_slice() else {
        panic!("{steps:?}")
    };
    assert_eq!(holders[0].pid, pid);
    assert_eq!(holders[0].application.as_deref(), Some("cruddur-infra"));
}

#[tokio::test]
async fn a_dropped_run_is_undone_by_the_next_call() {
    let mut world = world().await;
    let script = Script::new("a.sql", "CREATE TABLE a (b int); SELECT pg_sleep(0.5)");
    let run = world.session.run_script(&script, false, |_| {});
    assert!(
        tokio::time::timeout(Duration::from_millis(200), run)
            .await
            .is_err()
    );
    assert_eq!(world.look("SELECT 1").await.recorded, None);
    assert!(!world.exists("a").await);
    let mut other = world.server.session(&world.url).await;
    let mut waited = false;
    other
        .run_script(&script, false, |step| {
            waited |= matches!(step, Progress::Waiting { .. })
        })
        .await
        .unwrap();
    assert!(!waited, "the lock was given back");
}

#[tokio::test]
async fn a_run_that_does_not_wait_says_who_is_at_work() {
    let world = world().await;
    let script = Script::new("a.sql", "CREATE TABLE a (b int)");
    world.session.lock(&mut |_| {}).await.unwrap();
    let mut other = world.server.session(&world.url).await.not_waiting();
    let error = other.run_script(&script, false, |_| {}).await.unwrap_err();
    let Error::Occupied { holders } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(holders.len(), 1);
    let told = format!(
        "another run is at work in this database, process {} of cruddur-infra",
        holders[0].pid
    );
    assert_eq!(error.to_string(), told);
    world.session.clean_up().await.unwrap();
    other.run_script(&script, false, |_| {}).await.unwrap();
}

/// Nobody cancels anything: the client is killed, and the server finds out in the middle of a statement.
#[tokio::test]
async fn a_run_whose_client_is_gone_does_not_go_on_and_gives_the_lock_back() {
    let world = world().await;
    let (connector, url) = (Connector::new(world.server.options()), world.url.clone());
    let killed = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut gone = connector.connect(&url).await.unwrap();
            let endless = Script::new("a.sql", "CREATE TABLE a (b int); SELECT pg_sleep(36000)");
            let (begun, may_go) = tokio::sync::oneshot::channel();
            let mut begun = Some(begun);
            let run = gone.run_script(&endless, false, |step| {
                if matches!(step, Progress::Statement { number: 2, .. })
                    && let Some(begun) = begun.take()
                {
                    begun.send(()).unwrap();
                }
            });
            tokio::select! {
                _ = run => panic!("it sleeps"),
                told = may_go => told.unwrap(),
            }
        });
        // with the runtime goes the connection, without a word to the server
    });
    killed.join().unwrap();
    let mut other = world.server.session(&world.url).await;
    let script = Script::new("a.sql", "CREATE TABLE a (b int)");
    // else it would wait for ten hours
    let next = tokio::time::timeout(
        Duration::from_secs(120),
        other.run_script(&script, false, |_| {}),
    );
    let outcome = next.await.expect("the lock is still held").unwrap();
    assert!(matches!(outcome, Outcome::Applied { .. }));
}

#[tokio::test]
async fn a_killed_connection_leaves_nothing() {
    let mut world = world().await;
    let pid: i32 = world
        .session
        .client()
        .query_one("SELECT pg_backend_pid()", &[])
        .await
        .unwrap()
        .get(0);
    let other = world.server.session(&world.url).await;
    let (begun, may_kill) = tokio::sync::oneshot::channel();
    let mut begun = Some(begun);
    let script = Script::new("a.sql", "CREATE TABLE a (b int); SELECT pg_sleep(30)");
    let (result, ()) = tokio::join!(
        world.session.run_script(&script, false, |step| {
            if matches!(step, Progress::Done { .. })
                && let Some(begun) = begun.take()
            {
                begun.send(()).unwrap();
            }
        }),
        async {
            may_kill.await.unwrap();
            other
                .client()
                .execute("SELECT pg_terminate_backend($1)", &[&pid])
                .await
                .unwrap();
        }
    );
    let error = result.unwrap_err();
    assert!(matches!(error, Error::ConnectionLost { .. }), "{error:?}");
    assert_eq!(error.sqlstate(), Some("57P01"));
    world.session = other;
    assert!(!world.exists("a").await);
}

/// A proxy that breaks the connection when `COMMIT` alone passes by: before or after the server
/// gets it.
pub(super) async fn breaks_at_commit(to: u16, deliver: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let back = tokio::spawn(async move {
            let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
        });
        let mut buffer = vec![0; 65536];
        loop {
            let length = from_client.read(&mut buffer).await.unwrap();
            let message = &buffer[..length];
            let commit = message == b"Q\0\0\0\x0bCOMMIT\0";
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
    });
    port
}

#[tokio::test]
async fn a_connection_lost_in_commit_is_reported_as_unknown() {
    for deliver in [false, true] {
        let mut world = world().await;
        let port = breaks_at_commit(world.server.port, deliver).await;
        let text = format!(
            "postgresql://postgres:{}@127.0.0.1/{}?sslmode=disable",
            PASSWORD
                .replace('%', "%25")
                .replace('@', "%40")
                .replace('/', "%2F"),
            world.url.database().unwrap()
        );
        let options = Options {
            connect_to: Some(("127.0.0.1".to_owned(), port)),
            ..Options::default()
        };
        let url = ConnectionUrl::parse(&text).unwrap();
        let mut session = Connector::new(options).connect(&url).await.unwrap();
        let script = Script::new("a.sql", "CREATE TABLE a (b int)");
        let error = session
            .run_script(&script, false, |_| {})
            .await
            .unwrap_err();
        assert_eq!(
            error,
            Error::CommitUnknown {
                script: "a.sql".to_owned()
            }
        );
        // Running it again waits for the lock and settles the question.
        let outcome = world
            .session
            .run_script(&script, false, |_| {})
            .await
            .unwrap();
        assert_eq!(
            matches!(outcome, Outcome::AlreadyCurrent(_)),
            deliver,
            "{outcome:?}"
        );
    }
}

/// Dropping a session closes its connection in order; one that was killed does not get to that, so here its socket goes
/// away in the midst of a statement.
#[tokio::test]
async fn what_a_killed_client_has_asked_does_not_go_on() {
    let world = world().await;
    let mut session = world.server.session(&world.url).await;
    session.listened_to().await.unwrap();
    let row = session.client().query_one("SELECT pg_backend_pid()", &[]);
    let pid: i32 = row.await.unwrap().get(0);
    let asked = session.client().query("SELECT pg_sleep(600)", &[]);
    let long = tokio::time::timeout(Duration::from_millis(200), asked).await;
    assert!(long.is_err());
    drop(session);
    let there = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1";
    loop {
        let row = world.session.client().query_one(there, &[&pid]).await;
        if row.unwrap().get::<_, i64>(0) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
