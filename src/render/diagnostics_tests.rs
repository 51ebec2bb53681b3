//! Golden diagnostics.

use super::*;
use crate::model::Addr;

const SOURCE: &str = "stack: cruddur
rds_instances:
  main:
    master_password: hunter2
    engin: postgres
    port: 5432
";

fn span(text: &str) -> Span {
    let offset = SOURCE.find(text).unwrap();
    let before = &SOURCE[..offset];
    Span {
        file: "stack.yaml".to_owned(),
        line: before.matches('\n').count() + 1,
        column: before.chars().rev().take_while(|c| *c != '\n').count() + 1,
        offset,
        len: text.len(),
    }
}

fn sources() -> BTreeMap<String, String> {
    [("stack.yaml".to_owned(), SOURCE.to_owned())].into()
}

/// The same with a reference in its place, as long as the secret.
fn with_reference() -> String {
    SOURCE.replace("hunter2", "${e.PW}")
}

fn unknown_key() -> Diagnostic {
    Diagnostic::error("unknown key")
        .at(&Addr::new("rds_instance", "main"))
        .detail("`engin` is not a field of rds_instance.")
        .span(span("engin:"))
        .help("did you mean `engine`?")
}

fn literal_secret() -> Diagnostic {
    let mut d = Diagnostic::error("a secret in the file")
        .detail("Secrets are only ever references.")
        .span(span("hunter2"))
        .help("write ${env.NAME}");
    d.hide_source = true;
    d
}

#[test]
fn the_line_is_shown_with_what_is_wrong() {
    let style = Style::plain(80);
    let sources = [("stack.yaml".to_owned(), with_reference())].into();
    assert_eq!(
        diagnostics_human(&[unknown_key()], &sources, &style),
        "  × rds_instance.main: unknown key
  │ `engin` is not a field of rds_instance.
   ╭─[stack.yaml:5:5]
 4 │     master_password: ${e.PW}
 5 │     engin: postgres
   ·     ───┬──
   ·        ╰── here
 6 │     port: 5432
   ╰────
  help: did you mean `engine`?

1 error
"
    );
}

#[test]
fn a_hidden_line_is_not_shown_even_as_a_neighbour() {
    let style = Style {
        color: false,
        unicode: false,
        width: 80,
        invoked: None,
    };
    let warning = Diagnostic::warning("the default port").span(span("port"));
    let text = diagnostics_human(
        &[warning, unknown_key(), literal_secret()],
        &sources(),
        &style,
    );
    assert_eq!(
        text,
        "  x rds_instance.main: unknown key
  | `engin` is not a field of rds_instance.
   ,-[stack.yaml:5:5]
 5 | engin:
   : ^^^|^^
   :    `-- here
   `----
  help: did you mean `engine`?

  x a secret in the file
  | Secrets are only ever references.
  | at stack.yaml:4:22
  help: write ${env.NAME}

  ! the default port
   ,-[stack.yaml:6:5]
 5 |     engin: postgres
 6 |     port: 5432
   :     ^^|^
   :       `-- here
   `----

2 errors, 1 warning
"
    );
    // a span that covers the hidden line from outside
    let around =
        Diagnostic::error("too much").span(span(&SOURCE[SOURCE.find("  main").unwrap()..]));
    let text = diagnostics_human(&[around, literal_secret()], &sources(), &style);
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains("at stack.yaml:3:1"));
}

#[test]
fn without_a_source_the_place_is_told() {
    let style = Style::plain(80);
    let mut off = unknown_key();
    off.help = None;
    off.detail = String::new();
    let expected = "  × rds_instance.main: unknown key\n  │ at stack.yaml:5:5\n\n1 error\n";
    let none = BTreeMap::new();
    assert_eq!(
        diagnostics_human(std::slice::from_ref(&off), &none, &style),
        expected
    );
    if let Some(span) = &mut off.span {
        span.offset = 10_000;
    }
    assert_eq!(diagnostics_human(&[off], &sources(), &style), expected);
    assert_eq!(diagnostics_human(&[], &none, &style), "");
}

#[test]
fn a_secret_beside_another_mistake_is_not_shown() {
    let style = Style::plain(80);
    for value in ["hunter2", "@hunter2", "hunter2: x", "\"hunter2\" # mine"] {
        let source = SOURCE.replace("hunter2", value);
        let mut mistake = unknown_key();
        if let Some(span) = &mut mistake.span {
            span.offset = source.find("engin:").unwrap();
        }
        let text = diagnostics_human(
            &[mistake],
            &[("stack.yaml".to_owned(), source)].into(),
            &style,
        );
        assert!(
            text.contains("engin:") && !text.contains("hunter2"),
            "{text}"
        );
    }
}

#[test]
fn escape_sequences_in_the_source_do_not_reach_the_terminal() {
    let style = Style::plain(80);
    let source = with_reference().replace("postgres", "p\u{1b}]0;x");
    let sources = [("stack.yaml".to_owned(), source)].into();
    let text = diagnostics_human(&[unknown_key()], &sources, &style);
    assert!(text.contains("engin: p?]0;x"), "{text}");
}

#[test]
fn colours() {
    let style = Style {
        color: true,
        unicode: true,
        width: 80,
        invoked: None,
    };
    let text = diagnostics_human(&[unknown_key()], &sources(), &style);
    assert!(
        text.contains("\u{1b}[31m×\u{1b}[0m rds_instance.main: unknown key"),
        "{text:?}"
    );
    assert!(text.ends_with("\u{1b}[1m1 error\u{1b}[0m\n"));
    assert_eq!(
        anstream::adapter::strip_str(&text).to_string(),
        diagnostics_human(&[unknown_key()], &sources(), &Style::plain(80))
    );
}

#[test]
fn programs_get_the_place_and_never_the_line() {
    assert_eq!(
        diagnostics_json(&[literal_secret()]),
        r#"{
  "diagnostics": [
    {
      "severity": "error",
      "summary": "a secret in the file",
      "detail": "Secrets are only ever references.",
      "span": {
        "file": "stack.yaml",
        "line": 4,
        "column": 22
      },
      "help": "write ${env.NAME}"
    }
  ]
}
"#
    );
}

#[test]
fn a_span_at_the_very_end_is_no_trouble() {
    let style = Style::plain(80);
    let mut end = Diagnostic::error("something is missing").span(span("port"));
    for source in [SOURCE, "", "a", "a: b\r\n"] {
        if let Some(span) = &mut end.span {
            (span.offset, span.len) = (source.len(), 0);
        }
        let sources = [("stack.yaml".to_owned(), source.to_owned())].into();
        let text = diagnostics_human(std::slice::from_ref(&end), &sources, &style);
        assert!(text.starts_with("  × something is missing\n"), "{text}");
        assert!(text.contains("stack.yaml:"), "{text}");
        assert!(!text.contains("Failed"), "{text}");
    }
}

#[test]
fn columns_count_characters() {
    let source = "-- é\nSELECT 'é', nope;\n";
    let offset = source.find("nope").unwrap();
    let wrong = Diagnostic::error("no such column").span(Span {
        file: "x.sql".to_owned(),
        line: 2,
        column: 13,
        offset,
        len: 4,
    });
    let sources = [("x.sql".to_owned(), source.to_owned())].into();
    let text = diagnostics_human(&[wrong], &sources, &Style::plain(80));
    assert!(text.contains("[x.sql:2:13]"), "{text}");
}

#[test]
fn of_a_long_line_what_stands_around_the_place_is_shown() {
    let pad = "é\t".repeat(50_000);
    let source = format!("a: 1\n{pad}wrong{pad}\n");
    let offset = source.find("wrong").unwrap();
    let message = format!("syntax error at or near \"{pad}");
    let diagnostic = Diagnostic::error(message).span(Span {
        file: "s.sql".to_owned(),
        line: 2,
        column: 100_001,
        offset,
        len: 5,
    });
    let sources = [("s.sql".to_owned(), source)].into();
    let text = diagnostics_human(&[diagnostic], &sources, &Style::plain(0));
    assert!(text.len() < 8000, "{}", text.len());
    assert!(text.contains("[s.sql:2:100001]"), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    let shown = lines
        .iter()
        .position(|line| line.contains("wrong"))
        .unwrap();
    let columns = |text: &str| text.chars().count();
    let (before, _) = lines[shown].split_once("wrong").unwrap();
    let (caret, _) = lines[shown + 1].split_once("──┬──").unwrap();
    assert_eq!(columns(before), columns(caret), "{text}");
    assert!(
        before.contains("2 │ …") && lines[shown].ends_with('…'),
        "{text}"
    );
}
