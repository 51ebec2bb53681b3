use super::*;
use crate::model::Secret;

const A: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
const B: &str = "1234a536-e9f4-11e8-9739-2dfe598c3fcd";

/// Events of one stream, a second apart.
fn stream(name: &str, messages: &[&str]) -> Vec<LogEvent> {
    (0..)
        .zip(messages)
        .map(|(n, message)| LogEvent {
            id: format!("{name}{n}"),
            at: 1_795_392_000_000 + n * 1000,
            stream: name.to_owned(),
            message: (*message).to_owned(),
        })
        .collect()
}

fn human(only_failed: bool) -> LogView {
    LogView::new(
        Style::plain(40),
        LogForm::Human,
        only_failed,
        Mask::default(),
    )
}

fn shown(view: &mut LogView, events: &[LogEvent]) -> String {
    events.iter().map(|e| view.event(e)).collect()
}

fn start(id: &str) -> String {
    format!("START RequestId: {id} Version: $LATEST")
}

fn report(id: &str, more: &str) -> String {
    format!(
        "REPORT RequestId: {id}\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 256 MB\tMax Memory Used: 42 \
         MB\t{more}"
    )
}

#[test]
fn a_request_is_shown_with_what_it_took() {
    let (begin, end) = (start(A), format!("END RequestId: {A}"));
    let report = report(A, "Init Duration: 180.03 ms\t");
    let text = shown(
        &mut human(false),
        &stream("s", &[&begin, "{\"outcome\": \"inserted\"}", &end, &report]),
    );
    assert_eq!(
        text,
        "2026-11-23T00:00:00.000Z  8476a536  START
2026-11-23T00:00:01.000Z  8476a536  {\"outcome\": \"inserted\"}
2026-11-23T00:00:03.000Z  8476a536  REPORT 12.50 ms, 42 of 256 MB, init 180.03 ms
"
    );
}

#[test]
fn long_texts_are_whole_and_further_lines_hang() {
    let long = format!(
        "[ERROR] Refused: no\rTraceback (most recent call last):\r  {}",
        "x".repeat(99)
    );
    let text = shown(
        &mut human(false),
        &stream("s", &[&long, "\u{1b}[31mred\u{7}"]),
    );
    let indent = " ".repeat(36);
    assert_eq!(
        text,
        format!(
            "2026-11-23T00:00:00.000Z  -         [ERROR] Refused: no
{indent}Traceback (most recent call last):
{indent}  {}
2026-11-23T00:00:01.000Z  -         \\u{{1b}}[31mred\\u{{7}}
",
            "x".repeat(99)
        )
    );
}

#[test]
fn streams_are_told_apart() {
    let mut view = human(false);
    let mut all = stream("s", &[&start(A), "of a"]);
    all.extend(stream("t", &[&start(B), "of b"]));
    all.sort_by_key(|e| e.at);
    let text = shown(&mut view, &all);
    let ids: Vec<&str> = text.lines().map(|l| &l[26..34]).collect();
    assert_eq!(ids, ["8476a536", "1234a536", "8476a536", "1234a536"]);
    // a version is told where there is more than one
    let versioned = format!("START RequestId: {A} Version: 7");
    assert!(shown(&mut view, &stream("u", &[&versioned])).ends_with("START version 7\n"));
}

#[test]
fn of_failed_requests_all_lines_are_shown_and_of_others_none() {
    let (a, b) = (start(A), start(B));
    let (report_a, report_b) = (report(A, ""), report(B, ""));
    let text = shown(
        &mut human(true),
        &stream(
            "s",
            &[
                &a,
                "fine",
                &report_a,
                &b,
                "before",
                "[ERROR] Refused: no",
                "after",
                &report_b,
                &a,
                "fine",
            ],
        ),
    );
    let lines: Vec<&str> = text.lines().map(|l| &l[26..]).collect();
    assert_eq!(
        lines,
        [
            "1234a536  START",
            "1234a536  before",
            "1234a536  [ERROR] Refused: no",
            "1234a536  after",
            "1234a536  REPORT 12.50 ms, 42 of 256 MB",
        ]
    );
}

#[test]
fn what_comes_after_the_report_is_still_the_requests() {
    let late = format!("2026-11-23T00:00:05.000Z {A} Task timed out after 5.00 seconds");
    let (begin, report) = (start(A), report(A, ""));
    let text = shown(
        &mut human(true),
        &stream("s", &[&begin, "slow", &report, &late]),
    );
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.contains("slow"));
}

#[test]
fn an_environment_that_does_not_come_up_belongs_to_its_request() {
    let lines = [
        "INIT_START Runtime Version: python:3.13.v9",
        "[ERROR] Runtime.ImportModuleError: x",
        &start(A),
    ];
    let text = shown(&mut human(true), &stream("s", &lines));
    assert_eq!(text.lines().count(), 3, "{text}");
    // and one that does leaves nothing behind
    let lines = [
        "INIT_START Runtime Version: python:3.13.v9",
        &start(A),
        "fine",
        &start(B),
        "fine",
    ];
    assert_eq!(shown(&mut human(true), &stream("s", &lines)), "");
}

#[test]
fn failures_are_told_by_words_and_by_the_report() {
    let timeout = report(A, "Status: timeout");
    let error = report(A, "Status: error\tError Type: Runtime.ExitError");
    for (message, wanted) in [
        ("[ERROR] x", true),
        ("{\"level\": \"ERROR\"}", true),
        ("ERRORS: 0", false),
        ("no_ERROR", false),
        ("error", false),
        ("java.lang.IllegalStateException: x", true),
        ("Traceback (most recent call last):", true),
        ("x Task timed out after 3.00 seconds", true),
        (
            "RequestId: x Error: Runtime exited with error: exit status 1",
            true,
        ),
        ("fine", false),
        (timeout.as_str(), true),
        (error.as_str(), true),
        (&report(A, "Status: success"), false),
    ] {
        let text = shown(&mut human(true), &stream("s", &[message]));
        assert_eq!(!text.is_empty(), wanted, "{message}");
    }
    let text = shown(&mut human(false), &stream("s", &[&error]));
    assert!(
        text.ends_with("REPORT 12.50 ms, 42 of 256 MB, error, Runtime.ExitError\n"),
        "{text}"
    );
}

#[test]
fn what_only_looks_like_lambdas_is_left_as_it_is() {
    let odd = format!("REPORT RequestId: {A}\tsomething else");
    for message in [
        "START RequestId: mine Version: 1",
        "END of it",
        "REPORT RequestId: x",
        odd.as_str(),
    ] {
        let text = shown(&mut human(false), &stream("s", &[message]));
        assert!(
            text.ends_with(&format!("{}\n", message.replace('\t', "    "))),
            "{text}"
        );
    }
}

#[test]
fn secrets_are_masked_in_both_forms() {
    let secret = Secret::new("hunter22");
    let leak = [
        "it is hunter22",
        "postgresql://root:other@db/x",
        "\u{1b}hun\rter22 hunter22",
    ];
    for form in [LogForm::Human, LogForm::Json] {
        let mut view = LogView::new(Style::plain(0), form, false, Mask::of([&secret]));
        let text = shown(&mut view, &stream("s", &leak));
        assert!(
            !text.contains("hunter22") && !text.contains("other"),
            "{text}"
        );
        assert_eq!(text.matches("(secret)").count(), 3, "{text}");
    }
}

#[test]
fn json_has_one_whole_event_a_line() {
    let mut view = LogView::new(Style::plain(0), LogForm::Json, false, Mask::default());
    let text = shown(&mut view, &stream("s", &[&start(A), "two\nlines"]));
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(
        lines[1],
        json!({"time": "2026-11-23T00:00:01.000Z", "timestamp": 1_795_392_001_000_i64, "request_id": A,
               "stream": "s", "id": "s1", "message": "two\nlines"})
    );
    assert_eq!(lines[0]["message"], start(A));
    assert_eq!(lines.len(), 2);
}

#[test]
fn colours_and_a_bound_on_what_is_remembered() {
    let style = Style {
        color: true,
        ..Style::plain(0)
    };
    let mut view = LogView::new(style, LogForm::Human, false, Mask::default());
    let text = shown(&mut view, &stream("s", &["[ERROR] x", "y"]));
    assert_eq!(
        text,
        "\u{1b}[2m2026-11-23T00:00:00.000Z  -         \u{1b}[0m\u{1b}[1m\u{1b}[31m[ERROR] x\u{1b}[0m
\u{1b}[2m2026-11-23T00:00:01.000Z  -         \u{1b}[0my
"
    );
    for n in 0..STREAMS + 50 {
        view.event(&stream(&n.to_string(), &["x"])[0]);
    }
    assert_eq!(view.streams.len(), STREAMS);
}
