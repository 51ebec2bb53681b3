//! Queries, against a real server.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::pg::testing::Server;
use crate::pg::{ConnectionUrl, Connector, Error, Limits, Pool, Session, Template};

pub(super) struct World {
    server: Arc<Server>,
    url: ConnectionUrl,
    pub(super) session: Session,
    pub(super) pool: Pool,
}

const TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY, name text NOT NULL, note jsonb, \
    CONSTRAINT named CHECK (name <> 'refused'), \
    CONSTRAINT later UNIQUE (name) DEFERRABLE INITIALLY DEFERRED)";

pub(super) async fn world() -> World {
    let server = Server::shared();
    let url = server.database().await;
    let session = server.session(&url).await;
    session.client().batch_execute(TABLE).await.unwrap();
    let pool = Pool::new(
        Connector::new(server.options()),
        url.clone(),
        Limits::default(),
    );
    World {
        server,
        url,
        session,
        pool,
    }
}

impl World {
    pub(super) async fn another(&self) -> Session {
        self.server.session(&self.url).await
    }
}

pub(super) fn template(text: &str) -> Template {
    Template::parse("t.sql", text).unwrap()
}

pub(super) fn none() -> Params {
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
