//! Templates from text and from files.

use super::*;

fn sql(text: &str) -> String {
    Template::parse("t.sql", text).unwrap().sql().to_owned()
}

/// Where and what is wrong.
fn wrong(text: &str) -> String {
    Template::parse("t.sql", text).unwrap_err().to_string()
}

#[test]
fn parameters_get_numbers_and_one_name_one_number() {
    let template = Template::parse(
        "t.sql",
        "SELECT %(b)s, %(a)s::int, lower(%(b)s) WHERE x=%(a)s",
    )
    .unwrap();
    assert_eq!(template.sql(), "SELECT $1, $2::int, lower($1) WHERE x=$2");
    assert_eq!(template.parameters().collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(sql("SELECT 1 LIMIT%(n)s"), "SELECT 1 LIMIT $1");
    let many: Vec<String> = (1..=12).map(|n| format!("%(p{n})s")).collect();
    assert!(sql(&format!("SELECT {}", many.join(","))).ends_with(",$11,$12"));
}

#[test]
fn quotes_and_comments_are_left_alone() {
    for text in [
        "SELECT '%(a)s 100% %% it''s'",
        r"SELECT E'\'%(a)s'",
        "SELECT $$ %(a)s ' $$, $x$ %(a)s $$ $x$",
        r#"SELECT "%(a)s""b" FROM t"#,
        "SELECT 1 /* %(a)s /* %(b */ ' */ + 1",
        "SELECT 1 -- %(a)s '\n + 1",
        "SELECT U&'%(a)s', b'1', 'a'\n'%(a)s'",
    ] {
        let template = Template::parse("t.sql", text).unwrap();
        assert_eq!(template.sql(), text);
        assert_eq!(template.parameters().count(), 0, "{text}");
    }
}

#[test]
fn a_percent_sign_is_an_operator_unless_it_begins_a_parameter() {
    assert_eq!(sql("SELECT 5 % 2"), "SELECT 5 % 2");
    assert_eq!(
        sql("SELECT 5 %% 2, a %%(b), c%d"),
        "SELECT 5 % 2, a %(b), c%d"
    );
    assert_eq!(sql("SELECT 5 %% %(n)s"), "SELECT 5 % $1");
    assert_eq!(sql("SELECT a % (b)"), "SELECT a % (b)");
}

#[test]
fn what_stands_around_the_statement_is_not_sent() {
    let text = "\u{feff}-- Parameters: uuid.\n/* x */ SELECT 1 ; -- the end\n;\n";
    assert_eq!(sql(text), "SELECT 1");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let table = [
        ("", "t.sql:1:1: there is no statement"),
        ("-- nothing\n;", "t.sql:1:1: there is no statement"),
        ("SELECT 1;\n  SELECT 2", "t.sql:2:3: a second statement"),
        ("SELECT 1\n\\c cruddur", "t.sql:2:1: psql meta-commands"),
        ("# hi\nSELECT 1", "t.sql:1:1: # begins no comment"),
        ("SELECT 'ä', 'b", "t.sql:1:13: this quoted string"),
        ("COMMIT", "t.sql:1:1: COMMIT is refused"),
        ("SELECT 1;\nDROP TABLE users", "t.sql:2:1: a second"),
        ("SELECT '\0'", "t.sql:1:9: a NUL"),
        ("COPY t FROM stdin", "t.sql:1:1: COPY FROM stdin"),
        ("SELECT 'é' || %(a", "t.sql:1:15: %( begins"),
        ("SELECT %()s", "t.sql:1:8: %( begins"),
        ("SELECT %( a )s", "t.sql:1:8: %( begins"),
        ("SELECT %(a-b)s", "t.sql:1:8: %( begins"),
        ("SELECT %(ä)s", "t.sql:1:8: %( begins"),
        ("SELECT %(1)s", "t.sql:1:8: %( begins"),
        ("SELECT %(a$)s", "t.sql:1:8: %( begins"),
        ("SELECT %(a)", "t.sql:1:8: after %(a) comes s"),
        ("SELECT %(a)d", "t.sql:1:8: after %(a) comes s"),
        ("SELECT %(a)sand", "t.sql:1:8: after %(a) comes s"),
        ("SELECT %(a) s", "t.sql:1:8: after %(a) comes s"),
        ("SELECT\n\t%s", "t.sql:2:2: %s has no name"),
        (
            "SELECT $1",
            "t.sql:1:8: parameters have names here: write %(name)s instead of $1",
        ),
    ];
    for (text, expected) in table {
        let found = wrong(text);
        assert!(found.starts_with(expected), "{text:?}: {found}");
    }
    let error = Template::parse("t.sql", "SELECT 1;\n  SELECT 2").unwrap_err();
    assert_eq!(error.line_column(), Some((2, 3)));
}

#[test]
fn a_place_in_the_sql_is_found_in_the_template() {
    let text = "-- äöü\nSELECT %(long_name)s,\n  nonsense %% %(long_name)s, more";
    let template = Template::parse("t.sql", text).unwrap();
    for (word, line, column) in [("SELECT", 2, 1), ("nonsense", 3, 3), ("more", 3, 30)] {
        let at = template.sql().find(word).unwrap();
        let place = template.place(Some(at));
        assert_eq!((place.line, place.column), (line, column), "{word}");
        assert!(place.exact);
    }
    // anywhere in $1 is the parameter's beginning
    let at = template.sql().rfind("$1").unwrap();
    let place = template.place(Some(at + 1));
    assert_eq!((place.line, place.column), (3, 15));
    let place = template.place(None);
    assert_eq!((place.line, place.column, place.exact), (2, 1, false));
    let place = template.place_of_parameter(0);
    assert_eq!(place.to_string(), "t.sql:2:8");
}

#[test]
fn an_excerpt_marks_the_column() {
    let template = Template::parse("t.sql", "SELECT\n\t'ä', wrong").unwrap();
    assert_eq!(template.excerpt(2, 7).unwrap(), "\t'ä', wrong\n\t     ^");
    assert_eq!(template.excerpt(9, 1), None);
}

#[test]
fn the_main_part_is_found_behind_the_with_list() {
    let table = [
        ("SELECT 1", "SELECT 1", false),
        ("VALUES (1)", "VALUES (1)", false),
        (
            "(SELECT 1) UNION (SELECT 2)",
            "(SELECT 1) UNION (SELECT 2)",
            false,
        ),
        ("insert into t values (1)", "insert into t values (1)", true),
        ("WITH a AS (SELECT 1) SELECT 2", "SELECT 2", false),
        ("WITH a AS (SELECT 1) (SELECT 2)", "(SELECT 2)", false),
        (
            "WITH RECURSIVE a(x, y) AS MATERIALIZED (SELECT 1, (2)), update AS (SELECT 1) /* SELECT */ TABLE a",
            "TABLE a",
            false,
        ),
        (
            "WITH a AS (DELETE FROM t RETURNING *) SELECT 2",
            "SELECT 2",
            true,
        ),
        (
            "WITH a AS (SELECT 1) UPDATE t SET b = 1",
            "UPDATE t SET b = 1",
            true,
        ),
        (
            "WITH RECURSIVE a AS (SELECT 1) SEARCH DEPTH FIRST BY x, y SET z SELECT 2",
            "SELECT 2",
            false,
        ),
        ("EXPLAIN SELECT 1", "EXPLAIN SELECT 1", false),
    ];
    for (text, main, changes) in table {
        let template = Template::parse("t.sql", text).unwrap();
        assert_eq!(&template.sql()[template.main().at..], main, "{text}");
        assert_eq!(template.changes_rows(), changes, "{text}");
    }
}

#[test]
fn neither_text_nor_name_of_a_value_is_in_debug() {
    let template = Template::parse("t.sql", "SELECT 'secret', %(a)s").unwrap();
    assert_eq!(
        format!("{template:?}"),
        r#"Template { name: "t.sql", parameters: ["a"], .. }"#
    );
}

#[tokio::test]
async fn templates_are_found_by_name_and_nothing_outside_is() {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &[u8]| {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("sql/activities/home.sql", b"SELECT %(a)s");
    write("sql/latin.sql", b"SELECT 1,\n '\xe4'");
    write("secret.sql", b"SELECT 1");
    std::os::unix::fs::symlink("../secret.sql", root.path().join("sql/link.sql")).unwrap();
    std::os::unix::fs::symlink("activities/home.sql", root.path().join("sql/near.sql")).unwrap();
    let templates = Templates::new(root.path().join("sql"));
    let home = templates.get("activities/home").await.unwrap();
    assert!(home.name().ends_with("sql/activities/home.sql"));
    assert_eq!(home.sql(), "SELECT $1");
    assert!(templates.get("near").await.is_ok());

    let problem = async |name: &str| match templates.get(name).await.unwrap_err() {
        Error::Template { problem, .. } => problem,
        other => panic!("{other:?}"),
    };
    for name in [
        "../secret",
        "/etc/passwd",
        "activities/../../secret",
        "activities//home",
        "activities/home.sql",
        "",
        "/",
        "a\\b",
        "home\0",
        "ä",
        ".",
    ] {
        let found = problem(name).await;
        assert!(matches!(found, TemplateProblem::Name { .. }), "{name}");
    }
    assert_eq!(problem("link").await, TemplateProblem::Outside);
    let missing = templates.get("activities/nothing").await.unwrap_err();
    let text = missing.to_string();
    assert!(
        text.contains("activities/nothing.sql: the file cannot be read"),
        "{text}"
    );
    let latin = templates.get("latin").await.unwrap_err();
    assert!(
        latin
            .to_string()
            .ends_with("sql/latin.sql:2:3: the file is not a text in UTF-8"),
        "{latin}"
    );
}

/// The application's own files.
#[tokio::test]
async fn the_applications_templates_are_read() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let templates = Templates::new(root);
    for (name, parameters) in [
        ("activities/create", vec!["handle", "message", "expires_at"]),
        ("activities/home", vec![]),
        ("activities/object", vec!["uuid"]),
    ] {
        let template = templates.get(name).await.unwrap();
        assert_eq!(template.parameters().collect::<Vec<_>>(), parameters);
    }
}
