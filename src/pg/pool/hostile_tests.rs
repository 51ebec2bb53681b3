//! Values that would be SQL, if they were ever put into it.

use serde_json::json;

use super::live_tests::{none, template, world};
use super::*;
use crate::pg::Template;

const HOSTILE: [&str; 16] = [
    "*/; DROP TABLE t; /*",
    "'; DROP TABLE t; --",
    "%",
    "%%",
    "%s",
    "%(x)s",
    "%(name)s %(id)s",
    "$1",
    "$$ $1 $$",
    "\" ' ` \\ \\' \\\\",
    "E'\\''",
    "\r\n\t\u{0b}",
    "👩‍👩‍👧‍👦 é ß \u{202e}",
    "{\"a\": \"}\"}",
    "NULL",
    "",
];

fn templates() -> [(Template, &'static str); 2] {
    [
        (
            template(
                "INSERT INTO t (id, name) /* %(name)s */ VALUES (%(id)s, %(name)s) RETURNING name",
            ),
            "SELECT name FROM t WHERE name = %(name)s -- %(id)s",
        ),
        (
            template("INSERT INTO t (id, name) SELECT %(id)s, %(name)s || '' RETURNING name -- '"),
            "SELECT name FROM t WHERE name = %(name)s AND '%(id)s' <> $$ %(name)s $$",
        ),
    ]
}

#[tokio::test]
async fn hostile_texts_are_texts() {
    let world = world(Limits::default()).await;
    let mut id = 0_i64;
    for (insert, select) in templates() {
        let select = template(select);
        for text in HOSTILE {
            id += 1;
            let params = none().with("id", id).with("name", text);
            let done = world.pool.query_commit(&insert, &params).await.unwrap();
            assert_eq!(done.value(), Some(&json!(text)));
            let params = none().with("name", text);
            let found = world
                .pool
                .query_object_json(&select, &params)
                .await
                .unwrap();
            assert_eq!(found, Some(json!({"name": text})), "{text:?}");
        }
    }
    assert_eq!(world.count().await, id);
}

#[tokio::test]
async fn hostile_names_of_parameters_are_only_unknown() {
    let world = world(Limits::default()).await;
    let query = template("SELECT name FROM t");
    for name in ["x'; DROP TABLE t; --", "%", "", "$1", "\0"] {
        let params = none().with(name, "x");
        let error = world
            .pool
            .query_array_json(&query, &params)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Parameter { .. }), "{error:?}");
    }
    let nul = none().with("id", 1_i64).with("name", "a\0; DROP TABLE t");
    let error = world
        .pool
        .query_commit(&templates()[0].0, &nul)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("NUL character"), "{error}");
    assert!(!error.to_string().contains("DROP"), "{error}");
    assert_eq!(world.count().await, 0);
}
