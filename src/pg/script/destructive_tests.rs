use super::{Destruction, Target, Verb, destructive, split};

fn found(sql: &str) -> Vec<Destruction> {
    destructive(&split(sql).unwrap())
}

/// `verb target [cascade] line:column`, one a line.
fn told(sql: &str) -> Vec<String> {
    found(sql)
        .into_iter()
        .map(|loss| {
            let target = match loss.target {
                Target::Table(name) => name.to_string(),
                Target::Column { table, column } => format!("{table}({column})"),
                Target::Schema(name) => format!("schema {name}"),
                Target::OwnedBy(role) => format!("of {role}"),
                Target::Unknown => "?".to_owned(),
            };
            let cascade = if loss.cascade { " cascade" } else { "" };
            format!(
                "{} {target}{cascade} {}:{}",
                loss.verb, loss.line, loss.column
            )
        })
        .collect()
}

#[test]
fn tables_with_all_their_spellings() {
    assert_eq!(
        told(
            "SELECT 1;\n drop Table if exists public.Users, \"We\"\"ird\" /* x */, db.s.t CASCADE;"
        ),
        [
            "DROP TABLE public.users cascade 2:2",
            "DROP TABLE We\"ird cascade 2:2",
            "DROP TABLE s.t cascade 2:2"
        ]
    );
    assert_eq!(
        told("TRUNCATE ONLY a, TABLE RESTART IDENTITY CASCADE; TRUNCATE TABLE b*, c"),
        [
            "TRUNCATE a 1:1",
            "TRUNCATE table 1:1",
            "TRUNCATE b 1:50",
            "TRUNCATE c 1:50"
        ]
        .map(|line| line
            .replace("a 1:1", "a cascade 1:1")
            .replace("table 1:1", "table cascade 1:1"))
    );
    assert_eq!(
        told("DROP OWNED BY app CASCADE"),
        ["DROP OWNED of app cascade 1:1"]
    );
}

#[test]
fn schemas_only_with_cascade() {
    assert_eq!(
        told("DROP SCHEMA IF EXISTS a, \"B\" CASCADE; DROP SCHEMA c; DROP SCHEMA d RESTRICT"),
        [
            "DROP SCHEMA schema a cascade 1:1",
            "DROP SCHEMA schema B cascade 1:1"
        ]
    );
}

#[test]
fn deletes_without_where_wherever_they_stand() {
    assert_eq!(
        told(
            "DELETE FROM ONLY public.a; DELETE FROM b WHERE id = 1; DELETE FROM c USING d WHERE true"
        ),
        ["DELETE public.a 1:1"]
    );
    assert_eq!(
        told("WITH gone AS (DELETE FROM a RETURNING id) SELECT 1 WHERE true"),
        ["DELETE a 1:15"]
    );
    assert_eq!(
        told("DELETE FROM a USING (SELECT 1 WHERE true) x"),
        ["DELETE a 1:1"]
    );
    assert!(told("CREATE FUNCTION f() RETURNS void BEGIN ATOMIC DELETE FROM a; END").is_empty());
    assert!(
        told("GRANT DELETE ON a TO b; CREATE TABLE x (y int REFERENCES z ON DELETE CASCADE)")
            .is_empty()
    );
}

#[test]
fn columns_but_not_constraints_and_defaults() {
    assert_eq!(
        told(
            "ALTER TABLE IF EXISTS ONLY s.t ADD x numeric(1, 2), DROP COLUMN IF EXISTS a CASCADE, DROP \"B\", DROP CONSTRAINT c, ALTER d DROP DEFAULT, ALTER COLUMN e DROP NOT NULL"
        ),
        ["DROP COLUMN s.t(a) 1:53", "DROP COLUMN s.t(B) 1:86"]
    );
}

#[test]
fn do_blocks_are_looked_into() {
    assert_eq!(
        told(
            "DO $$\nBEGIN\n  DROP TABLE users;\n  DELETE FROM a;\n  DELETE FROM b WHERE c;\nEND $$"
        ),
        ["DROP TABLE users 3:3", "DELETE a 4:3"]
    );
    assert_eq!(
        told("DO $$ BEGIN EXECUTE 'TRUNCATE ' || x; END $$"),
        ["TRUNCATE ? cascade 1:22"]
    );
    assert_eq!(
        told("DO $$ BEGIN EXECUTE 'DROP TABLE a_' || x; END $$"),
        ["DROP TABLE ? cascade 1:22"]
    );
    assert_eq!(
        told("DO $$ BEGIN EXECUTE format('DROP TABLE %I', x); END $$"),
        ["DROP TABLE ? cascade 1:29"]
    );
    assert_eq!(
        told("DO $$ DECLARE r a%ROWTYPE; BEGIN EXECUTE $q$DROP TABLE a$q$; END $$"),
        ["DROP TABLE a 1:45"]
    );
    assert_eq!(
        told("DO LANGUAGE plpgsql 'BEGIN DROP TABLE a; END'"),
        ["DROP TABLE a 1:22"].map(|l| l.replace("1:22", "1:28"))
    );
    assert!(
        told("CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE a; END $$")
            .is_empty()
    );
}

#[test]
fn a_changed_search_path_widens_unqualified_names() {
    let found = found("DROP TABLE a; SET search_path = x; DROP TABLE b");
    assert_eq!(
        found.iter().map(|loss| loss.any_schema).collect::<Vec<_>>(),
        [false, true]
    );
    assert_eq!(found[0].verb, Verb::DropTable);
}

#[test]
fn comments_and_strings_destroy_nothing() {
    assert!(told("-- DROP TABLE a\n/* TRUNCATE b */ SELECT 'DROP TABLE c'; COMMENT ON TABLE a IS 'DELETE FROM x'").is_empty());
}

#[test]
fn renames_are_followed_back() {
    let sql = "ALTER TABLE users RENAME TO old; ALTER TABLE fresh RENAME TO users; DROP TABLE old;
               ALTER TABLE IF EXISTS a SET SCHEMA s; ALTER TABLE s.a RENAME TO b; TRUNCATE s.b;
               ALTER SCHEMA x RENAME TO y; DROP SCHEMA y CASCADE; DELETE FROM users";
    assert_eq!(
        told(sql),
        [
            "DROP TABLE users 1:69",
            "TRUNCATE a 2:83",
            "DROP SCHEMA schema x cascade 3:44",
            "DELETE fresh 3:67"
        ]
    );
}

#[test]
fn names_that_cannot_be_read_may_be_any() {
    for sql in [
        "DROP TABLE a, U&\"\\0061\"",
        "TRUNCATE ONLY (a)",
        "DELETE FROM U&\"a\"",
        "DO $$ BEGIN EXECUTE concat('DROP TABLE a_', x); END $$",
    ] {
        let found = found(sql);
        assert_eq!(found.len(), 1, "{sql}");
        assert_eq!(found[0].target, Target::Unknown, "{sql}");
    }
}
