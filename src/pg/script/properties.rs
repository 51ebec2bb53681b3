//! Properties of the splitter.

use proptest::prelude::*;

use super::{Lines, destructive, split};

/// Pieces that hit every rule of the lexer when put in any order.
fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("'".to_owned()),
        Just("E'".to_owned()),
        Just("\"".to_owned()),
        Just("$$".to_owned()),
        Just("$a$".to_owned()),
        Just("--".to_owned()),
        Just("/*".to_owned()),
        Just("*/".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just(";".to_owned()),
        Just("(".to_owned()),
        Just(")".to_owned()),
        Just("DO".to_owned()),
        Just(" CREATE FUNCTION f() BEGIN ATOMIC ".to_owned()),
        Just(" CASE ".to_owned()),
        Just(" END ".to_owned()),
        Just(" DROP TABLE ".to_owned()),
        Just(" ALTER TABLE t DROP ".to_owned()),
        Just(" DELETE FROM ".to_owned()),
        Just("\u{feff}".to_owned()),
        Just("é😀".to_owned()),
        "[ -~]{0,4}",
    ]
}

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(fragment(), 0..40).prop_map(|parts| parts.concat())
}

/// A whole statement that holds `word` once, and semicolons that do not end it.
fn statement(word: usize) -> impl Strategy<Value = String> {
    prop_oneof![
        Just(format!("SELECT w{word}")),
        Just(format!("SELECT ';w{word};'")),
        Just(format!("SELECT E'\\';w{word}'")),
        Just(format!("SELECT \";w{word}\"")),
        Just(format!("DO $x$ BEGIN; w{word}; END $x$")),
        Just(format!("SELECT 1 /* ; */ + w{word} -- ;\n + 2")),
        Just(format!(
            "CREATE FUNCTION f() BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; w{word}; END"
        )),
        Just(format!(
            "CREATE RULE r AS ON INSERT TO t DO (w{word}; SELECT 'ü;')"
        )),
    ]
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics_and_nothing_is_lost(text in prop_oneof![any::<String>(), soup()]) {
        let Ok(statements) = split(&text) else { return Ok(()) };
        let lines = Lines::new(&text);
        let mut at = 0;
        for statement in &statements {
            let end = statement.offset + statement.text.len();
            prop_assert_eq!(&text[statement.offset..end], statement.text.as_str());
            prop_assert_eq!(lines.place(statement.offset), (statement.line, statement.column));
            // What lies between is nothing by the splitter's own rules.
            let gap = &text[at..statement.offset];
            prop_assert_eq!(split(gap).map(|found| found.len()), Ok(0), "gap {:?}", gap);
            at = end;
            let _ = statement.summary();
        }
        prop_assert_eq!(split(&text[at..]).map(|found| found.len()), Ok(0));
        for loss in destructive(&statements) {
            prop_assert!(loss.line >= 1 && loss.column >= 1);
        }
    }

    #[test]
    fn every_statement_comes_back_once_and_alone(
        statements in prop::collection::vec(any::<prop::sample::Index>(), 1..12).prop_flat_map(|list| {
            list.iter().enumerate().map(|(word, _)| statement(word)).collect::<Vec<_>>()
        }),
        separator in prop_oneof![Just(";"), Just(" ;\r\n"), Just("; -- ; '\n"), Just(";/* ' /* ; */ */;\t")],
    ) {
        let found = split(&statements.join(separator)).unwrap();
        let texts: Vec<_> = found.into_iter().map(|statement| statement.text).collect();
        prop_assert_eq!(texts, statements);
    }
}
