//! The splitter against the judge: what a real server takes as statements.

use std::cell::Cell;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::split;
use crate::pg::testing::Server;

/// What may stand between two words of a statement.
fn gap() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => Just(" "),
        2 => Just("\n"),
        1 => Just("\r\n"),
        1 => Just("\t"),
        1 => Just("\u{c}"),
        1 => Just(" -- ; ' \" $$ /* \n"),
        1 => Just(" --\r"),
        1 => Just("/* ; ' */"),
        1 => Just("/* /* ; */ $$ ' */"),
        1 => Just("/**/"),
        1 => Just("/*/**/*/"),
        1 => Just("/*-- */"),
    ];
    (piece.clone(), prop::option::weighted(0.2, piece))
        .prop_map(|(one, more)| format!("{one}{}", more.unwrap_or_default()))
}

/// What stands inside of quotes.
fn inside() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(";"),
        Just("--"),
        Just("/*"),
        Just("*/"),
        Just("$$"),
        Just("$a$"),
        Just("$a"),
        Just("BEGIN"),
        Just("END"),
        Just("\n"),
        Just("\\d"),
        Just("x"),
        Just(" "),
        Just("é"),
        Just("'"),
        Just("\""),
        Just("\\"),
        Just("(")
    ];
    prop::collection::vec(piece, 0..5).prop_map(|parts| parts.concat())
}

/// A value, in every way in which a text can be written.
fn value() -> impl Strategy<Value = String> {
    let quoted = |text: &str| text.replace('\'', "''");
    prop_oneof![
        inside().prop_map(move |t| format!("'{}'", quoted(&t))),
        inside().prop_map(move |t| format!("E'{}'", t.replace('\\', "\\\\").replace('\'', "\\'"))),
        inside().prop_map(move |t| format!("e'{}'", t.replace('\\', "\\\\").replace('\'', "''"))),
        inside().prop_map(move |t| format!("U&'{}'", quoted(&t.replace('\\', "\\005C")))),
        inside().prop_map(move |t| format!("N'{}'", quoted(&t))),
        inside().prop_map(|t| format!("$${}$$", t.replace('$', ""))),
        inside().prop_map(|t| format!("$b${}$b$", t)),
        inside().prop_map(|t| format!("$é_1${}$é_1$", t)),
        // a text that goes on after a line's end, with the rules of its first part
        inside().prop_map(move |t| format!("'{}'\n'{}'", quoted(&t), quoted(&t))),
        inside().prop_map(|t| {
            let t = t.replace('\\', "\\\\").replace('\'', "\\'");
            format!("E'{t}' -- ' ;\n '{t}'")
        }),
        Just("B'101'::text".to_owned()),
        Just("X'1F'::text".to_owned()),
        Just("1 - -1".to_owned()),
        Just("'a' || ';' || $$;$$".to_owned()),
        Just("(SELECT ';' AS a$b$)".to_owned()),
        Just("CASE WHEN true THEN ';' END".to_owned()),
        Just("(1+/* ; */2)".to_owned()),
        Just("1::int4".to_owned()),
        Just("ARRAY['{;}']".to_owned()),
    ]
}

/// A name that an output may have.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("a".to_owned()),
        Just("a$b$c".to_owned()),
        Just("é$".to_owned()),
        Just("begin_".to_owned()),
        inside().prop_map(|t| format!("\"x{}\"", t.replace('"', "\"\""))),
        inside().prop_map(|t| format!("U&\"x{}\"", t.replace('\\', "\\\\").replace('"', "\"\""))),
    ]
}

fn statement() -> impl Strategy<Value = String> {
    let select = (value(), name(), gap(), gap(), gap())
        .prop_map(|(value, name, a, b, c)| format!("SELECT{a}{value}{b}AS{c}{name}"));
    let other = prop_oneof![
        inside().prop_map(|t| format!("DO $do$ BEGIN /* {} */ NULL; END $do$", t.replace("*/", "").replace("/*", ""))),
        Just("CREATE OR REPLACE FUNCTION pg_temp.f() RETURNS int LANGUAGE SQL BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END".to_owned()),
        Just("CREATE OR REPLACE FUNCTION pg_temp.g() RETURNS int LANGUAGE SQL AS $f$ SELECT 1; SELECT 2 $f$".to_owned()),
        Just("CREATE OR REPLACE FUNCTION pg_temp.h(a int DEFAULT 1) RETURNS int LANGUAGE SQL AS 'SELECT 1; SELECT 2'".to_owned()),
        Just("CREATE OR REPLACE PROCEDURE pg_temp.p() BEGIN ATOMIC END".to_owned()),
        Just("CREATE TEMP TABLE IF NOT EXISTS t (\"begin\" int, \"end\" text DEFAULT ';')".to_owned()),
        Just("VALUES (';'), ($$;$$)".to_owned()),
        Just("WITH x AS (SELECT ';' AS a) SELECT a FROM x".to_owned()),
        Just("SELECT $1$;".to_owned().replace("$1$;", "'$1$'")),
    ];
    prop_oneof![4 => select, 1 => other]
}

/// Statements with what separates them; some pieces are noise, which may make it no SQL at all.
fn script() -> impl Strategy<Value = String> {
    let separator = prop_oneof![
        6 => Just(";"),
        1 => Just(";;"),
        1 => Just(" ;\n"),
        1 => Just("; -- ' ;\n"),
        1 => Just(";/* ; */"),
    ];
    let noise = prop_oneof![
        Just("'"),
        Just("$$"),
        Just("/*"),
        Just("*/"),
        Just("--"),
        Just("\""),
        Just("E'\\'"),
        Just("\\d\n"),
        Just("(")
    ];
    let piece = (
        gap(),
        statement(),
        gap(),
        separator,
        prop::option::weighted(0.08, noise),
    );
    prop::collection::vec(piece, 0..6).prop_map(|pieces| {
        let mut text = String::new();
        for (before, statement, after, separator, noise) in pieces {
            let _ = write!(
                text,
                "{before}{statement}{after}{}{separator}",
                noise.unwrap_or_default()
            );
        }
        text
    })
}

/// What came back, one entry a statement: the values of its rows.
async fn answers(client: &Client, sql: &str) -> Result<Vec<Vec<String>>, tokio_postgres::Error> {
    let mut all = vec![Vec::new()];
    for message in client.simple_query(sql).await? {
        match message {
            SimpleQueryMessage::Row(row) => {
                let last = all.last_mut().unwrap();
                last.extend((0..row.len()).map(|i| row.get(i).unwrap_or("null").to_owned()));
            }
            SimpleQueryMessage::CommandComplete(_) => all.push(Vec::new()),
            _ => {}
        }
    }
    all.pop();
    Ok(all)
}

/// What the server runs, the splitter cuts into the same statements, with the same answers one by one.
#[test]
fn the_server_takes_the_same_statements() {
    let server = Server::shared();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let session = runtime.block_on(async { server.session(&server.database().await).await });
    let client = session.client();
    let mut config = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 300;
    }
    config.failure_persistence = None;
    let (ran, refused) = (Cell::new(0), Cell::new(0));
    let done = TestRunner::new(config).run(&script(), |text| {
        runtime.block_on(async {
            let Ok(whole) = answers(client, &text).await else {
                // no SQL: whatever the splitter says of it, it is not run by halves, because one transaction holds all
                refused.set(refused.get() + 1);
                return Ok(());
            };
            ran.set(ran.get() + 1);
            let statements = match split(&text) {
                Ok(statements) => statements,
                Err(error) => return Err(TestCaseError::fail(format!("refused: {error}\n{text}"))),
            };
            if statements.is_empty() {
                // to the server nothing is one empty query
                prop_assert_eq!(whole, vec![Vec::<String>::new()], "{}", text);
                return Ok(());
            }
            let mut one_by_one = Vec::new();
            for statement in &statements {
                let answer = answers(client, &statement.text).await.map_err(|e| {
                    TestCaseError::fail(format!("{:?} alone: {e}\nin {text}", statement.text))
                })?;
                prop_assert_eq!(
                    answer.len(),
                    1,
                    "{:?} is not one statement, in {}",
                    statement.text,
                    text
                );
                one_by_one.extend(answer);
            }
            prop_assert_eq!(one_by_one, whole, "{}", text);
            Ok(())
        })
    });
    if let Err(error) = done {
        panic!("{error}\nPROPTEST_RNG_SEED and PROPTEST_CASES as they were repeat it");
    }
    let (ran, refused) = (ran.get(), refused.get());
    assert!(
        ran > refused,
        "the scripts are mostly SQL: {ran} ran, {refused} were refused by the server"
    );
}
