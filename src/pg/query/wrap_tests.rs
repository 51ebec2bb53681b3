//! The statement around a template.

use super::answer::Column;
use super::ask::Shape;
use super::wrap::wrap;
use crate::pg::template::{Template, TemplateProblem};

fn columns(names: &[&str]) -> Vec<Column> {
    names
        .iter()
        .map(|name| Column {
            name: (*name).to_owned(),
            type_name: "text".to_owned(),
        })
        .collect()
}

fn wrapped(text: &str, names: &[&str], shape: Shape) -> Result<String, TemplateProblem> {
    let template = Template::parse("t.sql", text).unwrap();
    wrap(&template, &columns(names), shape).map(|wrapped| wrapped.sql)
}

#[test]
fn a_query_becomes_a_subquery_and_a_change_a_part_of_the_with() {
    assert_eq!(
        wrapped(
            "SELECT a FROM t -- x\n ORDER BY a; -- y",
            &["a"],
            Shape::Array
        )
        .unwrap(),
        "SELECT (coalesce(pg_catalog.json_agg(pg_catalog.row_to_json(answer)), '[]'))::pg_catalog.text \
         FROM (SELECT a FROM t -- x\n ORDER BY a\n) AS answer"
    );
    assert_eq!(
        wrapped(
            "INSERT INTO t VALUES (%(a)s) RETURNING a, b",
            &["a", "b"],
            Shape::Commit
        )
        .unwrap(),
        "WITH answer(c1, c2) AS (INSERT INTO t VALUES ($1) RETURNING a, b\n) \
         SELECT (pg_catalog.row_to_json(answer))::pg_catalog.text FROM answer"
    );
    assert_eq!(
        wrapped(
            "WITH x AS (DELETE FROM t RETURNING a) INSERT INTO u SELECT a FROM x RETURNING a",
            &["a"],
            Shape::Value
        )
        .unwrap(),
        "WITH x AS (DELETE FROM t RETURNING a) , answer(c1) AS (INSERT INTO u SELECT a FROM x RETURNING a\n) \
         SELECT (pg_catalog.to_json(answer.c1))::pg_catalog.text FROM answer LIMIT 1"
    );
    assert_eq!(
        wrapped(
            "WITH x AS (SELECT 1 AS a) SELECT a FROM x",
            &["a"],
            Shape::Object
        )
        .unwrap(),
        "WITH x AS (SELECT 1 AS a) SELECT (pg_catalog.row_to_json(answer))::pg_catalog.text FROM \
         (SELECT a FROM x\n) AS answer LIMIT 1"
    );
}

#[test]
fn the_name_of_the_row_is_nobody_elses() {
    let sql = wrapped("SELECT * FROM t AS Answer", &["answer_", "b"], Shape::Array).unwrap();
    assert!(sql.contains("row_to_json(answer__)"), "{sql}");
}

#[test]
fn what_would_lose_something_is_refused() {
    let duplicate = wrapped("SELECT 1 AS a, 2 AS a", &["a", "a"], Shape::Array);
    let name = "a".to_owned();
    assert_eq!(duplicate, Err(TemplateProblem::DuplicateColumn { name }));
    assert!(wrapped("SELECT 1 AS a, 2 AS a", &["a", "a"], Shape::Table).is_ok());
    assert_eq!(
        wrapped("DELETE FROM t", &[], Shape::Array),
        Err(TemplateProblem::NoColumns)
    );
    let command = "EXPLAIN".to_owned();
    assert_eq!(
        wrapped("EXPLAIN SELECT 1", &["QUERY PLAN"], Shape::Table),
        Err(TemplateProblem::NotARelation { command })
    );
}

#[test]
fn a_place_in_the_statement_is_one_in_the_template() {
    let text = "WITH x AS (SELECT %(p)s AS a) SELECT a FROM x";
    let template = Template::parse("t.sql", text).unwrap();
    for shape in [Shape::Array, Shape::Commit] {
        let wrapped = wrap(&template, &columns(&["a"]), shape).unwrap();
        for word in ["WITH", "$1", "SELECT a", "FROM x"] {
            let at = wrapped.sql.find(word).unwrap();
            assert_eq!(wrapped.inside(at), template.sql().find(word), "{word}");
        }
        assert_eq!(
            wrapped.inside(wrapped.sql.find("row_to_json").unwrap()),
            None
        );
        assert_eq!(wrapped.inside(wrapped.sql.len() - 1), None);
    }
}
