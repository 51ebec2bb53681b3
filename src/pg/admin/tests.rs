use super::super::ledger::Rows;
use super::super::testing::Server;
use super::Dropped;

/// A name that would end a badly quoted statement.
const NASTY: &str = "a\"; DROP DATABASE postgres; --";

#[tokio::test]
async fn databases_are_created_and_dropped_once() {
    let server = Server::shared();
    let session = server.session(&server.url()).await;
    for name in ["made_by_test", NASTY] {
        assert!(session.create_database(name).await.unwrap());
        assert!(!session.create_database(name).await.unwrap());
        assert!(session.has_database(name).await.unwrap());
        let gone = session.drop_database(name, false).await.unwrap();
        assert_eq!(gone, Dropped::Gone);
        let again = session.drop_database(name, false).await.unwrap();
        assert_eq!(again, Dropped::Absent);
    }
    assert!(session.has_database("postgres").await.unwrap());
    session.close().await;
}

#[tokio::test]
async fn whoever_is_connected_is_in_the_way_until_told() {
    let server = Server::shared();
    let url = server.database().await;
    let database = url.database().unwrap().to_owned();
    let other = server.session(&url).await;
    let session = server.session(&server.url()).await;
    assert_eq!(session.others_in(&database).await.unwrap(), 1);
    let kept = session.drop_database(&database, false).await.unwrap();
    assert_eq!(kept, Dropped::InUse);
    let gone = session.drop_database(&database, true).await.unwrap();
    assert_eq!(gone, Dropped::Gone);
    assert!(other.batch("SELECT 1").await.is_err());
}

#[tokio::test]
async fn what_is_in_a_database_is_counted() {
    let server = Server::shared();
    let url = server.database().await;
    let mut session = server.session(&url).await;
    let sql = "CREATE SCHEMA \"Other\"; CREATE TABLE \"Other\".\"T;\" (n int);
               CREATE TABLE users (n int); INSERT INTO users SELECT generate_series(1, 7);
               CREATE TABLE parts (n int) PARTITION BY RANGE (n);
               CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (10);
               INSERT INTO parts VALUES (1), (2)";
    session.batch(sql).await.unwrap();
    let found = session.inventory().await.unwrap();
    let tables: Vec<(&str, Rows)> = found
        .tables
        .iter()
        .map(|t| (t.name.as_str(), t.rows))
        .collect();
    let expected = [
        ("Other.T;", Rows::Exactly(0)),
        ("public.parts", Rows::Exactly(2)),
        ("public.users", Rows::Exactly(7)),
    ];
    assert_eq!(tables, expected);
    assert!(found.tables[2].bytes > 0 && found.bytes.unwrap() > found.tables[2].bytes);
    session.close().await;
}

#[tokio::test]
async fn large_objects_are_counted_too() {
    let server = Server::shared();
    let url = server.database().await;
    let mut session = server.session(&url).await;
    assert_eq!(session.inventory().await.unwrap().tables, []);
    let sql = "SELECT lo_from_bytea(0, 'photo'), lo_from_bytea(0, 'film')";
    session.batch(sql).await.unwrap();
    let found = session.inventory().await.unwrap().tables;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].name, "large objects");
    assert_eq!(found[0].rows, Rows::Exactly(2));
    assert!(found[0].bytes > 0);
    session.close().await;
}

#[tokio::test]
async fn only_what_is_idle_is_ended() {
    let server = Server::shared();
    let url = server.database().await;
    let database = url.database().unwrap().to_owned();
    let connect = async || server.session(&url).await;
    let (session, idle, held) = (connect().await, connect().await, connect().await);
    held.batch("BEGIN; CREATE TABLE half (n int)")
        .await
        .unwrap();
    let found = session.backends(Some(&database)).await.unwrap();
    assert_eq!(found.len(), 3);
    let own = found.iter().find(|b| b.own).unwrap();
    assert!(!own.idle && own.state.as_deref() == Some("active"));
    let states: Vec<_> = found.iter().filter_map(|b| b.state.as_deref()).collect();
    assert!(states.contains(&"idle in transaction"), "{states:?}");
    assert!(!session.end_idle(own.pid, 0.0).await.unwrap(), "oneself");
    for other in found.iter().filter(|b| !b.own) {
        assert!(other.idle && other.since.is_some());
        assert!(
            !session.end_idle(other.pid, 3600.0).await.unwrap(),
            "not for so long"
        );
        assert!(session.end_idle(other.pid, 0.0).await.unwrap());
    }
    assert!(idle.batch("SELECT 1").await.is_err());
    assert!(held.batch("COMMIT").await.is_err());
    let rows = session
        .rows("SELECT to_regclass('half')::text", &[])
        .await
        .unwrap();
    assert_eq!(session.get::<Option<String>>(&rows[0], 0).unwrap(), None);
    assert!(!session.backends(None).await.unwrap().is_empty());
    session.close().await;
}
