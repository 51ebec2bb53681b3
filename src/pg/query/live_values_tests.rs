//! Values and settings, against a real server.

use serde_json::{Value, json};

use super::live_tests::{none, template, world};
use crate::pg::testing::Server;
use crate::pg::{Connector, Limits, Options, Pool};

/// What the program binds is what Postgres has: each type there and back.
#[tokio::test]
async fn values_of_every_type_arrive() {
    let world = world().await;
    world
        .session
        .client()
        .batch_execute("CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN positive AS int CHECK (value > 0)")
        .await
        .unwrap();
    let uuid = "3f2b0c1e-9a5d-4c8b-8a57-0d6f1f2e3a4b";
    for (ty, value, back) in [
        ("uuid", json!(uuid), json!(uuid)),
        ("int2", json!(-7), json!(-7)),
        ("int8", json!(i64::MIN), json!(i64::MIN)),
        ("float8", json!(0.1), json!(0.1)),
        ("numeric", json!("12.50"), json!(12.5)),
        ("bool", json!(true), json!(true)),
        ("text", json!("ä🦀\n'\"\\"), json!("ä🦀\n'\"\\")),
        (
            "timestamptz",
            json!("2030-01-31T12:00:00.25+02:00"),
            json!("2030-01-31T10:00:00.25+00:00"),
        ),
        (
            "timestamp",
            json!("2030-01-31T12:00:00"),
            json!("2030-01-31T12:00:00"),
        ),
        ("date", json!("2030-01-31"), json!("2030-01-31")),
        ("interval", json!("36 hours"), json!("36:00:00")),
        (
            "jsonb",
            json!({"a": [1, "x", null]}),
            json!({"a": [1, "x", null]}),
        ),
        ("json", json!("just a text"), json!("just a text")),
        (
            "int4[]",
            json!([[1, 2], [3, null]]),
            json!([[1, 2], [3, null]]),
        ),
        (
            "text[]",
            json!(["a", "b\"c", "\\", "{}", null, "NULL", ""]),
            json!(["a", "b\"c", "\\", "{}", null, "NULL", ""]),
        ),
        ("uuid[]", json!([uuid]), json!([uuid])),
        (
            "jsonb[]",
            json!([[1, 2], {"a": "\""}]),
            json!([[1, 2], {"a": "\""}]),
        ),
        ("mood", json!("ok"), json!("ok")),
        ("positive", json!(3), json!(3)),
        ("mood", Value::Null, Value::Null),
    ] {
        let template = template(&format!("SELECT %(x)s::{ty} AS x"));
        let params = none().with("x", value);
        let found = world.pool.query_value(&template, &params).await;
        assert_eq!(found.unwrap(), Some(back), "{ty}");
    }
    let domain = template("SELECT %(x)s::positive");
    let error = world
        .pool
        .query_value(&domain, &none().with("x", -1_i64))
        .await
        .unwrap_err();
    assert_eq!(error.sqlstate(), Some("23514"));
    let any = template("SELECT count(*) FROM t WHERE name = ANY(%(names)s)");
    let names = none().with("names", json!(["a", "b"]));
    assert_eq!(
        world.pool.query_value(&any, &names).await.unwrap(),
        Some(json!(0))
    );
}

#[tokio::test]
async fn what_does_not_change_rows_is_read_only_and_in_utc() {
    let world = world().await;
    let zone =
        template("SELECT current_setting('TimeZone'), current_setting('transaction_read_only')");
    let found = world.pool.query_rows(&zone, &none()).await.unwrap();
    assert_eq!(found.rows, [[json!("UTC"), json!("on")]]);
    let found = world.pool.query_commit(&zone, &none()).await.unwrap();
    assert_eq!(found.returned.rows, [[json!("UTC"), json!("off")]]);
    world
        .session
        .client()
        .batch_execute("CREATE SEQUENCE s")
        .await
        .unwrap();
    for hidden in ["SELECT nextval('s')", "SELECT id FROM t FOR UPDATE"] {
        let hidden = template(hidden);
        let error = world.pool.query_value(&hidden, &none()).await.unwrap_err();
        assert_eq!(error.sqlstate(), Some("25006"));
        assert!(world.pool.query_commit(&hidden, &none()).await.is_ok());
    }
    let explain = template("EXPLAIN SELECT 1");
    let error = world.pool.query_rows(&explain, &none()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("t.sql:1:1: the answer of EXPLAIN"),
        "{error}"
    );
}

/// A server that shows moments in another zone, and a schema of one's own.
#[tokio::test]
async fn settings_of_the_server_do_not_show() {
    let server = Server::shared();
    let url = server.database().await;
    let name = url.database().unwrap().to_owned();
    let session = server.session(&url).await;
    for setting in [
        "TimeZone TO 'Asia/Tokyo'",
        "default_transaction_read_only TO on",
        "default_transaction_isolation TO serializable",
        "extra_float_digits TO 0",
        "DateStyle TO 'German'",
    ] {
        let sql = format!("ALTER DATABASE {name} SET {setting}");
        session.client().batch_execute(&sql).await.unwrap();
    }
    let options = Options {
        application_name: "zone".to_owned(),
        ..server.options()
    };
    let pool = Pool::new(Connector::new(options), url, Limits::default());
    let create = template("CREATE TABLE t (at timestamptz)");
    pool.query_commit(&create, &none()).await.unwrap();
    let insert = template("INSERT INTO t VALUES (%(at)s) RETURNING at");
    let moment: jiff::Timestamp = "2030-01-31T12:00:00Z".parse().unwrap();
    let done = pool
        .query_commit(&insert, &none().with("at", moment))
        .await
        .unwrap();
    assert_eq!(done.value(), Some(&json!("2030-01-31T12:00:00+00:00")));
}
