//! Changes that wait for each other, against a real server.

use std::time::{Duration, Instant};

use super::live_tests::{World, none, template, world};
use crate::pg::unseen::Consent;
use crate::pg::{Error, Session};

/// The world of these tests, and a number of sessions in it.
async fn sessions(count: usize) -> (World, Vec<Session>) {
    let world = world().await;
    let rows = "CREATE TABLE u (id int PRIMARY KEY, n int);
        INSERT INTO t SELECT n, n::text FROM generate_series(1, 9) AS n; INSERT INTO u VALUES (1, 1)";
    sql(&world.session, rows).await;
    let mut sessions = Vec::new();
    for _ in 0..count {
        sessions.push(world.another().await);
    }
    (world, sessions)
}

async fn sql(session: &Session, sql: &str) {
    session.client().batch_execute(sql).await.unwrap();
}

/// Waits until so many sessions of this database wait for a lock.
async fn waiting(session: &Session, count: i64) {
    let asked = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let begun = Instant::now();
    loop {
        let row = session.client().query_one(asked, &[]).await.unwrap();
        if row.get::<_, i64>(0) >= count {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "nobody waits");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn change(mut session: Session, text: &str) -> Result<u64, Error> {
    let (template, params) = (template(text), none());
    let done = session.query_commit_guarded(&template, &params, None, Consent::Shown);
    done.await.map(|done| done.count)
}

/// Who holds the weak lock of a statement and asks for the strong one of the count waits for the other who does.
#[tokio::test]
async fn two_deletions_at_once_wait_and_do_not_block_each_other() {
    let (world, mut others) = sessions(4).await;
    let (one, two) = (others.remove(0), others.remove(0));
    let (mut rehearsing, holder) = (others.remove(0), others.remove(0));
    // no deadlock is found and mended in the time of this test
    for session in [&one, &two] {
        sql(session, "SET deadlock_timeout = '1h'").await;
    }
    sql(&holder, "BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE").await;
    let all = template("DELETE FROM t WHERE id > 0");
    let params = none();
    let free = async {
        waiting(&world.session, 2).await;
        sql(&holder, "COMMIT").await;
    };
    let both = async {
        tokio::join!(
            change(one, "DELETE FROM t"),
            change(two, "DELETE FROM t"),
            free
        )
    };
    let ended = tokio::time::timeout(Duration::from_secs(60), both).await;
    let (one, two, ()) = ended.expect("they wait for each other");
    let mut counts = [one.unwrap(), two.unwrap()];
    counts.sort_unstable();
    assert_eq!(counts, [0, 9]);
    let losses = rehearsing.query_losses(&all, &params).await.unwrap();
    assert!(losses.is_empty(), "{losses:?}");
}

/// Whom the server rolls back so that others can go on begins again.
#[tokio::test]
async fn a_deadlock_with_others_is_one_more_attempt() {
    let (world, mut others) = sessions(2).await;
    let (mine, other) = (others.remove(0), others.remove(0));
    // each looks once, after this time, whether it waits in vain
    sql(&mine, "SET deadlock_timeout = '2s'").await;
    sql(&other, "SET deadlock_timeout = '5min'").await;
    sql(&other, "BEGIN; UPDATE t SET name = 'theirs' WHERE id = 1").await;
    let block = "DO $$ BEGIN UPDATE u SET n = n + 10; UPDATE t SET name = name || ' and mine' WHERE id = 1; END $$";
    let crossed = async {
        waiting(&world.session, 1).await;
        sql(&other, "UPDATE u SET n = n + 100; COMMIT").await;
    };
    let (done, ()) = tokio::join!(change(mine, block), crossed);
    done.unwrap();
    let found = "SELECT n || name FROM u JOIN t USING (id)";
    let row = world.session.client().query_one(found, &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "111theirs and mine");
}
