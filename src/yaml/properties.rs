//! What holds for any text, and how much a text can make the reader do: counted in nodes, not in time.

use super::node::{Node, Value, parse};
use super::problem;
use super::tests::Spec;
use proptest::prelude::*;

/// The most nodes that a tree has, whatever the text: the parser's budget.
const MOST: usize = 20_000;

/// Texts made of what means something in YAML, put in any order.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\n"),
        Just("\r\n"),
        Just("\n  "),
        Just("\n    "),
        Just("\n\t"),
        Just("- "),
        Just("? "),
        Just("key: "),
        Just("port: "),
        Just("name: "),
        Just("<<: "),
        Just(": "),
        Just("&a "),
        Just("*a"),
        Just("&b"),
        Just("*b "),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just("'"),
        Just("\""),
        Just("\\x"),
        Just("\\u00e4"),
        Just("|"),
        Just(">-\n"),
        Just("#"),
        Just(" # c"),
        Just("---\n"),
        Just("...\n"),
        Just("%YAML 1.2\n"),
        Just("!!str "),
        Just("!x "),
        Just("~"),
        Just("null"),
        Just("true"),
        Just("17.10"),
        Just("0x1F"),
        Just(".inf"),
        Just("1_000"),
        Just("${env.X}"),
        Just("\u{feff}"),
        Just("\u{0}"),
        Just("é😀\u{2028}"),
    ];
    let piece = prop_oneof![6 => piece.prop_map(str::to_owned), 1 => "[ -~äö]{0,5}"];
    prop::collection::vec(piece, 0..60).prop_map(|parts| parts.concat())
}

/// Counts the nodes of a tree, and fails where one lies outside of the text.
fn placed(node: &Node, text: &str) -> Result<usize, TestCaseError> {
    let inside = |offset: usize, len: usize| {
        prop_assert!(
            offset <= text.len() && offset + len <= text.len(),
            "{offset}+{len} of {}",
            text.len()
        );
        prop_assert!(text.is_char_boundary(offset) && text.is_char_boundary(offset + len));
        Ok(())
    };
    inside(node.offset, node.len)?;
    let mut count = 1;
    match &node.value {
        Value::List(items) => {
            for item in items {
                count += placed(item, text)?;
            }
        }
        Value::Map(items) => {
            for (key, value) in items {
                inside(key.offset, key.len)?;
                count += placed(value, text)?;
            }
        }
        _ => {}
    }
    Ok(count)
}

/// Fails where a mistake is not shown in the text.
fn shown(found: &problem::Problem, text: &str) -> Result<(), TestCaseError> {
    let span = problem::span("f", text, found.offset, found.len);
    prop_assert!(span.offset <= text.len());
    prop_assert!(text.is_char_boundary(span.offset));
    let lines = text.matches('\n').count() + 1;
    prop_assert!(
        (1..=lines).contains(&span.line),
        "line {} of {lines}",
        span.line
    );
    let line = text.split('\n').nth(span.line - 1).unwrap();
    prop_assert!((1..=line.chars().count() + 1).contains(&span.column));
    prop_assert!(!found.message.is_empty());
    Ok(())
}

/// Data, as a program would write it.
fn data() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        "[-?:,#&*!|>'\"%@` a]{0,6}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
        ]
    })
}

fn plain(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(b) => (*b).into(),
        Value::Number(n) => n.parse::<i64>().unwrap().into(),
        Value::Text(t) => t.clone().into(),
        Value::List(items) => items.iter().map(plain).collect(),
        Value::Map(items) => items
            .iter()
            .map(|(k, v)| (k.name.clone(), plain(v)))
            .collect(),
    }
}

proptest! {
    #[test]
    fn every_value_and_every_mistake_has_its_place(text in prop_oneof![4 => soup(), 1 => any::<String>()]) {
        match parse(&text) {
            Ok(node) => {
                prop_assert!(placed(&node, &text)? <= MOST);
                if let Err(found) = super::read::<Spec>(&node) {
                    prop_assert!(!found.is_empty());
                    for problem in &found {
                        shown(problem, &text)?;
                    }
                }
            }
            Err(problem) => shown(&problem, &text)?,
        }
    }

    /// Every JSON text is YAML, and is read as what it is. (JSON's own writer never writes a tab at a line's begin.)
    #[test]
    fn what_a_program_writes_is_read_back(data in data()) {
        let text = data.to_string();
        match parse(&text) {
            Ok(node) => prop_assert_eq!(plain(&node), data),
            // YAML has fewer characters than JSON, which it says
            Err(problem) => prop_assert!(text.chars().any(|c| c.is_control() || "\u{feff}\u{fffe}\u{ffff}\u{2028}\u{2029}".contains(c)), "{}: {:?}", text, problem),
        }
    }
}

proptest! {
    // each is as dear as a file can be
    #![proptest_config(few(40))]

    /// However an alias is used, the tree does not grow beyond the budget.
    #[test]
    fn aliases_never_make_more_than_the_budget(
        width in 1usize..40, depth in 1usize..12, times in 1usize..40, merge in any::<bool>(),
    ) {
        let mut text = format!("a0: &a0 [{}]\n", vec!["x"; width].join(","));
        for i in 1..depth {
            let again = vec![format!("*a{}", i - 1); times].join(",");
            text.push_str(&format!("a{i}: &a{i} [{again}]\n"));
        }
        if merge {
            text.push_str(&format!("m: {{ <<: *a{} }}\n", depth - 1));
        }
        if let Ok(node) = parse(&text) {
            prop_assert!(count(&node) <= MOST, "{} nodes of {} bytes", count(&node), text.len());
        }
    }
}

/// So many cases, unless more are asked for.
fn few(cases: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => asked,
        None => ProptestConfig { cases, ..asked },
    }
}

fn count(node: &Node) -> usize {
    1 + match &node.value {
        Value::List(items) => items.iter().map(count).sum(),
        Value::Map(items) => items.iter().map(|(_, v)| count(v)).sum::<usize>(),
        _ => 0,
    }
}

/// As large as a file may be, and made to be dear in one way each.
#[test]
fn a_large_file_is_read_within_the_budget_or_refused() {
    const LARGE: usize = 1024 * 1024;
    let full = |piece: &str| piece.repeat(LARGE / piece.len());
    let texts = [
        ("a list", full("- a\n"), false),
        ("one line", format!("a: {}", full("x")), true),
        ("one text", format!("a: |\n{}", full("  line\n")), true),
        ("comments", full("# c\n"), true),
        ("brackets", full("["), false),
        ("braces", full("{a: "), false),
        ("open quotes", full("'"), true),
        ("keys", full("? "), false),
        ("anchors", full("&a "), false),
        ("tags", full("!"), false),
        ("documents", full("---\n"), false),
        ("directives", full("%A\n"), false),
        ("blanks", full(" "), true),
        ("empty lines", full("\n"), true),
        (
            "indents",
            (0..1400)
                .map(|n| format!("{}a:\n", " ".repeat(n)))
                .collect(),
            false,
        ),
        (
            "twenty thousand keys",
            (0..30_000).map(|n| format!("k{n}: 1\n")).collect(),
            false,
        ),
    ];
    for (what, text, may_be_read) in texts {
        match parse(&text) {
            Ok(node) => {
                assert!(may_be_read, "{what} was read");
                assert!(count(&node) <= MOST, "{what}");
            }
            Err(problem) => assert!(problem.offset <= text.len(), "{what}"),
        }
    }
}
