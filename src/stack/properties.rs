//! What holds for any stack file: for the shipped one with anything done to it, and for large ones.

use super::*;
use crate::kinds;
use crate::model::Severity;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const SHIPPED: &str = include_str!("../../stack.yaml");

/// One thing that a hand, an editor or a merge does to a file.
#[derive(Clone, Debug)]
enum Slip {
    Drop(prop::sample::Index),
    Twice(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Indent(prop::sample::Index, bool),
    Put(prop::sample::Index, String),
    Cut(prop::sample::Index, u8),
}

fn slip() -> impl Strategy<Value = Slip> {
    let at = any::<prop::sample::Index>;
    let piece = prop_oneof![
        Just("${"),
        Just("}"),
        Just("$${"),
        Just("${env.X}"),
        Just("${rds_instance.main.}"),
        Just("${lambda_function.post-confirmation.arn}"),
        Just("sql_script.schema"),
        Just("after: ["),
        Just(": "),
        Just("- "),
        Just("[]"),
        Just("{}"),
        Just("~"),
        Just("\""),
        Just("&a "),
        Just("*a"),
        Just("99999999999999999999"),
        Just("true"),
        Just("é😀"),
        Just("\u{0}"),
        Just("\t"),
    ];
    prop_oneof![
        2 => at().prop_map(Slip::Drop),
        1 => at().prop_map(Slip::Twice),
        1 => (at(), at()).prop_map(|(a, b)| Slip::Swap(a, b)),
        2 => (at(), any::<bool>()).prop_map(|(a, more)| Slip::Indent(a, more)),
        4 => (at(), piece.prop_map(str::to_owned)).prop_map(|(a, p)| Slip::Put(a, p)),
        2 => (at(), 1u8..20).prop_map(|(a, n)| Slip::Cut(a, n)),
    ]
}

fn slipped(slips: &[Slip]) -> String {
    let mut text = SHIPPED.to_owned();
    for slip in slips {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if lines.is_empty() {
            break;
        }
        let byte = |at: &prop::sample::Index, text: &str| {
            let mut at = at.index(text.len().max(1));
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        match slip {
            Slip::Drop(at) => drop(lines.remove(at.index(lines.len()))),
            Slip::Twice(at) => {
                let at = at.index(lines.len());
                lines.insert(at, lines[at].clone());
            }
            Slip::Swap(a, b) => {
                let (a, b) = (a.index(lines.len()), b.index(lines.len()));
                lines.swap(a, b);
            }
            Slip::Indent(at, more) => {
                let line = at.index(lines.len());
                lines[line] = match more {
                    true => format!("  {}", lines[line]),
                    false => lines[line]
                        .strip_prefix("  ")
                        .unwrap_or_default()
                        .to_owned(),
                };
            }
            Slip::Put(at, piece) => {
                let at = byte(at, &text);
                text.insert_str(at, piece);
                continue;
            }
            Slip::Cut(at, n) => {
                let from = byte(at, &text);
                let mut to = (from + usize::from(*n)).min(text.len());
                while !text.is_char_boundary(to) {
                    to += 1;
                }
                text.replace_range(from..to, "");
                continue;
            }
        }
        text = lines.join("\n") + "\n";
    }
    text
}

/// Fails where something that is said about a file does not lie in it.
fn told_well(loaded: &Loaded, text: &str) -> Result<(), TestCaseError> {
    let lines: Vec<&str> = text.split('\n').collect();
    let unset = loaded.unset(|_| false);
    for d in loaded.diagnostics.iter().chain(&unset) {
        prop_assert!(!d.summary.trim().is_empty());
        let Some(span) = &d.span else {
            return Err(TestCaseError::fail(format!("{d:?} has no place")));
        };
        prop_assert_eq!(&span.file, "stack.yaml");
        prop_assert!(span.offset <= text.len(), "{:?}", d);
        prop_assert!((1..=lines.len()).contains(&span.line), "{:?}", d);
        let line = lines[span.line - 1];
        prop_assert!(
            (1..=line.chars().count() + 1).contains(&span.column),
            "{:?} in {:?}",
            d,
            line
        );
        // line and column are where the offset is
        let start: usize = lines[..span.line - 1].iter().map(|l| l.len() + 1).sum();
        let before: usize = line.chars().take(span.column - 1).map(char::len_utf8).sum();
        prop_assert_eq!(start + before, span.offset, "{:?}", d);
    }
    // everything that is named as an edge is an entry
    for (addr, deps) in &loaded.after {
        prop_assert!(loaded.entries.contains_key(addr));
        prop_assert!(
            deps.iter().all(|d| loaded.entries.contains_key(d)),
            "{addr}: {deps:?}"
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn whatever_happens_to_the_file_is_told_where_it_is(slips in prop::collection::vec(slip(), 1..6)) {
        let text = slipped(&slips);
        let loaded = parse("stack.yaml", &text, &kinds::offline());
        told_well(&loaded, &text)?;
        // a file without a mistake says nothing and loses nothing
        if loaded.diagnostics.iter().all(|d| d.severity != Severity::Error) {
            prop_assert!(!loaded.name.is_empty());
            for addr in loaded.after.keys() {
                prop_assert!(reaches_no_circle(&loaded.after, addr), "{addr} comes after itself");
            }
        }
        // the same text gives the same answers
        let again = parse("stack.yaml", &text, &kinds::offline());
        prop_assert_eq!(&again.diagnostics, &loaded.diagnostics);
        prop_assert_eq!(again.after, loaded.after);
    }

    /// A secret that was written into the file by mistake is told of, and never repeated.
    #[test]
    fn a_secret_in_the_file_is_not_repeated(secret in "[a-zA-Z0-9]{12,20}", slips in prop::collection::vec(slip(), 0..2)) {
        let text = slipped(&slips);
        let secret = format!("Pw-{secret}");
        for field in ["${env.CRUDDUR_DB_PASSWORD}", "${env.CRUDDUR_APP_PASSWORD}"] {
            // where the slips have left the field as it was
            let Some(at) = text.find(field) else { continue };
            if !text[..at].ends_with("password: ") { continue }
            let text = text.replacen(field, &secret, 1);
            let loaded = parse("stack.yaml", &text, &kinds::offline());
            for d in &loaded.diagnostics {
                prop_assert!(!format!("{d:?}").contains(&secret), "{d:?}");
                // the line is not shown either, where it is the line of the secret
                if let Some(span) = &d.span
                    && text.split('\n').nth(span.line - 1).is_some_and(|l| l.contains(&secret))
                    && slips.is_empty()
                {
                    prop_assert!(d.hide_source, "{d:?}");
                }
            }
        }
    }
}

fn reaches_no_circle(
    after: &BTreeMap<crate::model::Addr, std::collections::BTreeSet<crate::model::Addr>>,
    from: &crate::model::Addr,
) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    let mut left: Vec<_> = after[from].iter().collect();
    while let Some(at) = left.pop() {
        if at == from {
            return false;
        }
        if seen.insert(at) {
            left.extend(&after[at]);
        }
    }
    true
}

/// As many entries as fit, each after the one before it: no depth of recursion that a file can reach ends the program.
/// (On a thread with the stack of a test, a quarter of what a program's own has.)
#[test]
fn a_long_chain_is_followed_to_its_end() {
    let mut text = "stack: s\nsql_scripts:\n".to_owned();
    let entries = 1500;
    for n in 0..entries {
        let after = if n == 0 {
            String::new()
        } else {
            format!(", after: [sql_script.e{}]", n - 1)
        };
        let _ = writeln!(
            text,
            "  e{n}: {{ database: \"${{env.X}}\", file: a.sql{after} }}"
        );
    }
    let loaded = parse("stack.yaml", &text, &kinds::offline());
    assert_eq!(loaded.diagnostics, vec![]);
    assert_eq!(loaded.entries.len(), entries);
    // and closed to a circle, which is told once
    let closed = text.replacen(
        "file: a.sql }",
        &format!("file: a.sql, after: [sql_script.e{}] }}", entries - 1),
        1,
    );
    let loaded = parse("stack.yaml", &closed, &kinds::offline());
    assert_eq!(loaded.diagnostics.len(), 1);
}

/// A file in which everything is wrong is told of once for each mistake, and not once for each pair of them.
#[test]
fn as_many_mistakes_are_told_as_there_are() {
    let mut text = "stack: s\nsql_scripts:\n".to_owned();
    let entries = 1000;
    for n in 0..entries {
        let _ = writeln!(
            text,
            "  e{n}: {{ database: \"${{rds_instance.main{n}.connection_url}}\", file: a.sql, more: 1 }}"
        );
    }
    let loaded = parse("stack.yaml", &text, &kinds::offline());
    assert!(
        loaded.diagnostics.len() >= entries,
        "{}",
        loaded.diagnostics.len()
    );
    assert!(
        loaded.diagnostics.len() <= 2 * entries,
        "{}",
        loaded.diagnostics.len()
    );
}
