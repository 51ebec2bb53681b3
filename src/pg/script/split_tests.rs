use super::{Refusal, ScriptError, Statement, digest, split};

fn texts(sql: &str) -> Vec<String> {
    split(sql)
        .unwrap()
        .into_iter()
        .map(|statement| statement.text)
        .collect()
}

fn refused(sql: &str) -> (Refusal, u32, u32) {
    let ScriptError {
        refusal,
        line,
        column,
        ..
    } = split(sql).unwrap_err();
    (refusal, line, column)
}

#[test]
fn statements_end_at_semicolons_outside_of_everything() {
    assert_eq!(texts("SELECT 1; SELECT 2"), ["SELECT 1", "SELECT 2"]);
    assert_eq!(
        texts("SELECT ';', 'it''s;'; SELECT 2;"),
        ["SELECT ';', 'it''s;'", "SELECT 2"]
    );
    assert_eq!(
        texts(r"SELECT E'\';'; SELECT 2"),
        [r"SELECT E'\';'", "SELECT 2"]
    );
    assert_eq!(texts(r"SELECT '\'; SELECT 2"), [r"SELECT '\'", "SELECT 2"]);
    assert_eq!(texts("SELECT E'a'\n  'b\\';'; SELECT 2").len(), 2);
    assert_eq!(
        texts("SELECT E'a' -- x\n -- y\n 'b\\';'; SELECT 2").len(),
        2
    );
    assert_eq!(
        texts("SELECT E'a' 'b\\'; SELECT 2").len(),
        2,
        "no newline, no continuation"
    );
    assert_eq!(texts(r#"SELECT 1 AS "a;""b"; SELECT 2"#).len(), 2);
    assert_eq!(
        texts(r"SELECT U&'\0041;', B'0;', X'f;', N'\;'; SELECT 2").len(),
        2
    );
    assert_eq!(
        texts(r"SELECT name'\'; SELECT 2").len(),
        2,
        "the e of a word is no E prefix"
    );
}

#[test]
fn dollar_quotes_nest_by_tag_and_need_a_boundary() {
    assert_eq!(
        texts("SELECT $$;$$; SELECT $a$ $$ ; $$ $b$;$b$ $a$; SELECT 3").len(),
        3
    );
    assert_eq!(
        texts("SELECT a$$;b$$; SELECT 2"),
        ["SELECT a$$", "b$$", "SELECT 2"]
    );
    assert_eq!(texts("SELECT $1; SELECT $2"), ["SELECT $1", "SELECT $2"]);
    assert_eq!(texts("SELECT $é$;$é$, 1$$;$$; SELECT 2").len(), 2);
    assert_eq!(texts("DO $$ BEGIN COMMIT; END $$; SELECT 2").len(), 2);
}

#[test]
fn comments_are_not_statements() {
    assert_eq!(
        texts("-- a; b\nSELECT 1; -- c;\n/* d; /* e; */ f; */ SELECT 2; -- end"),
        ["SELECT 1", "SELECT 2"]
    );
    assert_eq!(texts("SELECT 1 -- it's\n + 1; SELECT 2").len(), 2);
    assert_eq!(texts("-- old mac line\rSELECT 1"), ["SELECT 1"]);
    assert_eq!(texts("SELECT 1+--;\n2").len(), 1);
    assert_eq!(texts(" ;; ; -- nothing\n ;"), Vec::<String>::new());
}

#[test]
fn atomic_bodies_and_rules_stay_whole() {
    let atomic = "CREATE OR REPLACE FUNCTION f(x int DEFAULT (1)) RETURNS int BEGIN ATOMIC\n SELECT CASE WHEN x > 0 THEN 1 ELSE 2 END; SELECT 3; END; SELECT 4";
    let texts_of = texts(atomic);
    assert_eq!(texts_of.len(), 2, "{texts_of:?}");
    assert!(texts_of[0].ends_with("END"));
    assert_eq!(texts("CREATE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); DELETE FROM t; END; SELECT 1").len(), 2);
    assert_eq!(
        texts("CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2); SELECT 3").len(),
        2
    );
    assert_eq!(
        texts("CREATE TABLE atomic (\"begin\" int); SELECT 2").len(),
        2
    );
}

#[test]
fn places_count_characters_behind_bom_and_crlf() {
    let statements = split("\u{feff}SELECT 1;\r\n\r\n  /* ä */ SELECT 'é';\tSELECT 3").unwrap();
    let places: Vec<_> = statements
        .iter()
        .map(|s| (s.line, s.column, s.offset))
        .collect();
    assert_eq!(places, [(1, 1, 3), (3, 11, 27), (3, 23, 40)]);
    assert_eq!(statements[1].text, "SELECT 'é'");
}

#[test]
fn what_never_closes_is_reported_where_it_opens() {
    for (sql, what) in [
        ("SELECT 1;\n SELECT 'a;", "quoted string"),
        ("SELECT 1;\n SELECT \"a;", "quoted identifier"),
        ("SELECT 1;\n SELECT $a$ ; $$", "dollar-quoted string"),
        ("SELECT 1;\n SELECT /* /* */", "comment"),
    ] {
        assert_eq!(
            refused(sql),
            (Refusal::Unterminated { what }, 2, 9),
            "{sql}"
        );
    }
}

#[test]
fn psql_and_shell_habits_are_refused_with_a_remedy() {
    assert_eq!(
        refused("SELECT 1;\n\\c cruddur"),
        (Refusal::MetaCommand, 2, 1)
    );
    assert_eq!(refused("SELECT 1 \\gexec"), (Refusal::MetaCommand, 1, 10));
    assert_eq!(
        refused("  # a comment\nSELECT 1"),
        (Refusal::HashComment, 1, 3)
    );
    assert_eq!(refused("SELECT 1;\0"), (Refusal::Nul, 1, 10));
    let (refusal, line, column) = refused("SELECT 1;\nCOPY t (a, b) FROM stdin;\n1\tit's\n\\.\n");
    assert_eq!(
        refusal,
        Refusal::CopyStream {
            direction: "FROM stdin"
        }
    );
    assert_eq!((line, column), (2, 1));
    assert!(split("COPY (SELECT 1) TO STDOUT").is_err());
    assert!(split("COPY t FROM '/tmp/x'").is_ok());
    assert!(split("SELECT 5 # 3").is_ok());
}

#[test]
fn transaction_control_is_refused_at_the_top_only() {
    for sql in [
        "BEGIN",
        "begin work",
        "START TRANSACTION",
        "COMMIT",
        "END",
        "ROLLBACK",
        "ABORT",
        "SAVEPOINT a",
        "RELEASE a",
        "PREPARE TRANSACTION 'x'",
        "ROLLBACK TO a",
        "/* x */ Commit AND CHAIN",
    ] {
        let error = split(&format!("SELECT 1;\n{sql};")).unwrap_err();
        assert!(
            matches!(error.refusal, Refusal::TransactionControl { .. }),
            "{sql}"
        );
        assert_eq!(error.line, 2);
    }
    for sql in [
        "DO $$ BEGIN PERFORM 1; END $$",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN COMMIT; END; $f$",
        "PREPARE p AS SELECT 1",
        "SELECT 1 AS \"commit\"",
        "CREATE TABLE savepoint (a int)",
    ] {
        assert!(split(sql).is_ok(), "{sql}");
    }
}

#[test]
fn what_cannot_run_in_a_transaction_is_refused() {
    for sql in [
        "CREATE DATABASE x",
        "DROP DATABASE IF EXISTS x",
        "VACUUM FULL t",
        "ALTER SYSTEM SET a = 1",
        "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)",
        "CREATE INDEX CONCURRENTLY ON t (a)",
        "DROP INDEX CONCURRENTLY i",
        "REINDEX TABLE CONCURRENTLY t",
        "REINDEX (VERBOSE) INDEX CONCURRENTLY i",
        "CREATE TABLESPACE x LOCATION '/x'",
        "ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
        "CLUSTER",
        "DISCARD ALL",
    ] {
        let error = split(sql).unwrap_err();
        assert!(
            matches!(error.refusal, Refusal::NotInTransaction { .. }),
            "{sql}"
        );
    }
    for sql in [
        "REINDEX TABLE t",
        "CLUSTER t",
        "CREATE INDEX i ON t (a)",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
    ] {
        assert!(split(sql).is_ok(), "{sql}");
    }
}

#[test]
fn summaries_and_debug_never_hold_literals() {
    let statements = split("CREATE ROLE app LOGIN PASSWORD 'hunter2'; ALTER ROLE app PASSWORD hunter2;\nINSERT INTO public.users (a) VALUES ('hunter2'); SELECT $$hunter2$$").unwrap();
    let summaries: Vec<_> = statements.iter().map(Statement::summary).collect();
    assert_eq!(
        summaries,
        [
            "CREATE ROLE app LOGIN",
            "ALTER ROLE app",
            "INSERT INTO public.users",
            "SELECT"
        ]
    );
    assert!(!format!("{statements:?}").contains("hunter2"));
}

#[test]
fn the_digest_is_plain_sha_256() {
    assert_eq!(
        digest(b"abc"),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_ne!(digest(b"a\n"), digest(b"a\r\n"));
}
