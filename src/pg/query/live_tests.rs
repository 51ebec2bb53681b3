//! Queries, against a real server.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::pg::testing::Server;
use crate::pg::{Connector, Error, Limits, Options, Pool, Session, Template};

struct World {
    server: Arc<Server>,
    session: Session,
    pool: Pool,
}

const TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY, name text NOT NULL, note jsonb, \
    CONSTRAINT named CHECK (name <> 'refused'), \
    CONSTRAINT later UNIQUE (name) DEFERRABLE INITIALLY DEFERRED)";

async fn world() -> World {
    let server = Server::shared();
    let url = server.database().await;
    let session = server.session(&url).await;
    session.client().batch_execute(TABLE).await.unwrap();
    let pool = Pool::new(Connector::new(server.options()), url, Limits::default());
    World {
        server,
        session,
        pool,
    }
}

fn template(text: &str) -> Template {
    Template::parse("t.sql", text).unwrap()
}

fn none() -> Params {
    Params::new()
}

#[tokio::test]
async fn every_answer_on_session_and_pool() {
    let mut world = world().await;
    let insert = template(
        "INSERT INTO t (id, name, note) VALUES (%(id)s, %(name)s, %(note)s) RETURNING id, name; -- the end",
    );
    let params = |id: i64, name: &str, note: Value| {
        none().with("id", id).with("name", name).with("note", note)
    };
    let done = world
        .pool
        .query_commit(&insert, &params(1, "one", json!({"a": [1, "x"]})))
        .await
        .unwrap();
    assert_eq!(done.count, 1);
    assert_eq!(done.value(), Some(&json!(1)));
    assert_eq!(done.object(), Some(json!({"id": 1, "name": "one"})));
    let done = world
        .session
        .query_commit(&insert, &params(2, "two", Value::Null))
        .await
        .unwrap();
    assert_eq!(done.value(), Some(&json!(2)));
    // a change may be asked for its rows in any shape, and is committed
    let changed = world
        .pool
        .query_array_json(&insert, &params(3, "three", json!("x")))
        .await
        .unwrap();
    assert_eq!(changed, json!([{"id": 3, "name": "three"}]));

    let all = template("SELECT id, name, note FROM t WHERE id < %(below)s ORDER BY id DESC");
    let rows = json!([
        {"id": 2, "name": "two", "note": null},
        {"id": 1, "name": "one", "note": {"a": [1, "x"]}},
    ]);
    let below = |n: i64| none().with("below", n);
    let (pool, session) = (&world.pool, &mut world.session);
    assert_eq!(pool.query_array_json(&all, &below(3)).await.unwrap(), rows);
    assert_eq!(
        session.query_array_json(&all, &below(3)).await.unwrap(),
        rows
    );
    assert_eq!(
        pool.query_array_json(&all, &below(0)).await.unwrap(),
        json!([])
    );

    let first = Some(rows[0].clone());
    assert_eq!(
        pool.query_object_json(&all, &below(3)).await.unwrap(),
        first
    );
    assert_eq!(
        session.query_object_json(&all, &below(3)).await.unwrap(),
        first
    );
    assert_eq!(pool.query_object_json(&all, &below(0)).await.unwrap(), None);

    assert_eq!(
        pool.query_value(&all, &below(3)).await.unwrap(),
        Some(json!(2))
    );
    assert_eq!(session.query_value(&all, &below(0)).await.unwrap(), None);
    let null = template("SELECT NULL");
    assert_eq!(
        pool.query_value(&null, &none()).await.unwrap(),
        Some(Value::Null)
    );

    let two = template("SELECT id AS x, name AS x, ARRAY[name], 1.5 FROM t WHERE id = 1");
    let table = pool.query_rows(&two, &none()).await.unwrap();
    let names: Vec<(&str, &str)> = table
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.type_name.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            ("x", "int4"),
            ("x", "text"),
            ("array", "text[]"),
            ("?column?", "numeric")
        ]
    );
    assert_eq!(
        table.rows,
        [vec![json!(1), json!("one"), json!(["one"]), json!(1.5)]]
    );
    let empty = session.query_rows(&all, &below(0)).await.unwrap();
    assert_eq!((empty.columns.len(), empty.rows.len()), (3, 0));

    let update = template("UPDATE t SET note = NULL");
    let done = pool.query_commit(&update, &none()).await.unwrap();
    assert_eq!((done.count, done.value()), (3, None));
    let moved = template(
        "WITH gone AS (DELETE FROM t WHERE id = %(id)s RETURNING *) \
         INSERT INTO t (id, name) SELECT id + 10, name || ' again' FROM gone RETURNING id, name",
    );
    let done = pool
        .query_commit(&moved, &none().with("id", "1"))
        .await
        .unwrap();
    assert_eq!(done.object(), Some(json!({"id": 11, "name": "one again"})));
    let listed =
        template("WITH gone AS (DELETE FROM t RETURNING id) SELECT id FROM gone ORDER BY id");
    let all_gone = pool.query_array_json(&listed, &none()).await.unwrap();
    assert_eq!(all_gone, json!([{"id": 2}, {"id": 3}, {"id": 11}]));
    drop(world.server);
}

/// The order of a thousand rows, with what follows `ORDER BY` and what a planner could do with it.
#[tokio::test]
async fn the_order_is_kept() {
    let world = world().await;
    let sql = "INSERT INTO t (id, name) SELECT (n * 7919) % 1009, n::text FROM generate_series(1, 1000) AS n";
    world
        .pool
        .query_commit(&template(&sql.replace('%', "%%")), &none())
        .await
        .unwrap();
    for text in [
        "SELECT id FROM t ORDER BY id DESC -- newest first",
        "WITH x AS MATERIALIZED (SELECT id FROM t) SELECT id FROM x ORDER BY id DESC",
        "SELECT DISTINCT id FROM t ORDER BY id DESC LIMIT 1000",
        "(SELECT id FROM t) UNION ALL (SELECT id FROM t WHERE false) ORDER BY 1 DESC",
    ] {
        let rows = world
            .pool
            .query_array_json(&template(text), &none())
            .await
            .unwrap();
        let ids: Vec<i64> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_i64().unwrap())
            .collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.is_sorted_by(|a, b| a > b), "{text}");
        let table = world
            .pool
            .query_rows(&template(text), &none())
            .await
            .unwrap();
        assert_eq!(table.rows[0][0], json!(ids[0]));
        assert_eq!(table.rows[999][0], json!(ids[999]));
    }
}

#[tokio::test]
async fn errors_keep_what_the_server_says_and_point_into_the_template() {
    let mut world = world().await;
    let syntax = template("-- äö\nSELECT %(a)s,\n  nonsens FROM t");
    let error = world
        .pool
        .query_array_json(&syntax, &none().with("a", "x"))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "t.sql:3:3: column \"nonsens\" does not exist (SQLSTATE 42703)"
    );
    assert_eq!(error.line_column(), Some((3, 3)));
    assert_eq!(syntax.excerpt(3, 3).unwrap(), "  nonsens FROM t\n  ^");

    let hinted = template("SELECT nam FROM t");
    let error = world
        .session
        .query_rows(&hinted, &none())
        .await
        .unwrap_err();
    assert_eq!(
        error.hint(),
        Some("Perhaps you meant to reference the column \"t.name\".")
    );

    let end = template("SELECT id FROM t WHERE");
    let error = world.pool.query_rows(&end, &none()).await.unwrap_err();
    assert_eq!(
        (error.sqlstate(), error.line_column()),
        (Some("42601"), Some((1, 23)))
    );

    let insert = template("INSERT INTO t (id, name)\nVALUES (%(id)s, %(name)s) RETURNING id");
    let params = |id: i64, name: &str| none().with("id", id).with("name", name);
    world
        .pool
        .query_commit(&insert, &params(1, "a"))
        .await
        .unwrap();
    let error = world
        .pool
        .query_commit(&insert, &params(1, "b"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.sqlstate(), error.constraint()),
        (Some("23505"), Some("t_pkey"))
    );
    let place = error.failure().unwrap().place.clone().unwrap();
    assert_eq!(
        (place.to_string().as_str(), place.exact),
        ("t.sql:1:1", false)
    );
    let error = world
        .session
        .query_commit(&insert, &params(2, "refused"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.sqlstate(), error.constraint()),
        (Some("23514"), Some("named"))
    );
    // found by COMMIT alone
    let error = world
        .pool
        .query_commit(&insert, &params(2, "a"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.sqlstate(), error.constraint()),
        (Some("23505"), Some("later"))
    );
    assert_eq!(error.line_column(), Some((1, 1)));
    let count = template("SELECT count(*) FROM t");
    for _ in 0..2 {
        let counted = world.session.query_value(&count, &none()).await.unwrap();
        assert_eq!(counted, Some(json!(1)), "the session goes on after errors");
    }
    assert_eq!(world.pool.status().idle, 1, "errors cost no connection");
}

#[tokio::test]
async fn parameters_are_judged_before_anything_runs() {
    let world = world().await;
    let insert = template("INSERT INTO t (id, name)\nVALUES (%(id)s, %(name)s) RETURNING id");
    let refused = async |params: Params| {
        let error = world.pool.query_commit(&insert, &params).await.unwrap_err();
        assert!(matches!(error, Error::Parameter { .. }), "{error:?}");
        error.to_string()
    };
    assert_eq!(
        refused(none().with("id", 1_i64)).await,
        "t.sql:2:17: %(name)s has no value"
    );
    assert_eq!(
        refused(none().with("id", 1_i64).with("name", "x").with("nome", "y")).await,
        "t.sql:1:1: %(nome)s is not used; there are: id, name"
    );
    assert_eq!(
        world.pool.status().idle,
        0,
        "no connection was needed for that"
    );
    assert_eq!(
        refused(none().with("id", "one").with("name", "x")).await,
        "t.sql:2:9: %(id)s is a int4, and a text does not fit: write a whole number from -2147483648 to 2147483647"
    );
    assert_eq!(
        refused(none().with("id", 1_i64).with("name", "a\0b")).await,
        "t.sql:2:17: %(name)s is a text, and there is a NUL character in it, which Postgres cannot hold"
    );
}

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
