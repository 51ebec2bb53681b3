//! What the views write, byte for byte.

use super::*;
use crate::model::{Action, Addr, Class, Event, Fault, Power, RunSummary};
use crate::render::Style;
use crate::render::testing::Captured;

fn db() -> Addr {
    Addr::new("rds_instance", "main")
}

fn role() -> Addr {
    Addr::new("iam_role", "a")
}

fn waiting(status: &str, seconds: f64) -> Event {
    Event::Waiting {
        addr: db(),
        status: status.to_owned(),
        seconds,
        limit: 2400.0,
    }
}

fn events() -> Vec<Event> {
    let mut fault = Fault::new("iam:CreateRole", Class::Throttled, "Rate\nexceeded");
    fault.code = Some("Throttling".to_owned());
    vec![
        Event::Planned { steps: 4 },
        Event::Started {
            addr: db(),
            action: Action::Create,
            power: None,
        },
        waiting("creating", 2.0),
        Event::Started {
            addr: role(),
            action: Action::Update,
            power: None,
        },
        Event::Retrying {
            addr: role(),
            fault: fault.clone(),
            seconds: 0.4,
        },
        waiting("creating", 12.0),
        waiting("creating", 31.9),
        waiting("creating", 32.0),
        waiting("backing-up", 40.0),
        Event::Failed {
            addr: role(),
            fault,
        },
        Event::Skipped {
            addr: Addr::new("lambda_function", "f"),
            because: "iam_role.a failed".to_owned(),
        },
        Event::Cancelling {
            in_flight: vec![db()],
        },
        Event::Done {
            addr: db(),
            action: Action::Create,
            seconds: 312.0,
            power: None,
        },
        Event::Accepted {
            addr: Addr::new("rds_instance", "other"),
            status: "stop\u{1b}ping".to_owned(),
        },
        Event::Finished {
            summary: RunSummary::default(),
        },
    ]
}

fn play(view: &mut dyn View) {
    for event in events() {
        let at = "2026-02-03T04:05:06.789Z".to_owned();
        view.event(&Stamped { event, at });
    }
    view.done();
}

const LINES: &str = "+ rds_instance.main: creating
… rds_instance.main: creating (2.0s, up to 40m)
~ iam_role.a: updating
! iam_role.a: iam:CreateRole: Throttling: Rate exceeded; trying again (0.4s)
… rds_instance.main: creating (32s, up to 40m)
… rds_instance.main: backing-up (40s, up to 40m)
✗ iam_role.a: iam:CreateRole: Throttling: Rate exceeded (1 of 4)
! lambda_function.f: not begun, because iam_role.a failed (2 of 4)
! stopping: nothing new begins; in flight: rds_instance.main. Ctrl-C again leaves at once
✓ rds_instance.main: created after 5m12s (3 of 4)
… rds_instance.other: accepted, stop\\u{1b}ping (4 of 4)
";

#[test]
fn without_a_terminal_there_is_a_line_for_each_change() {
    let out = Captured::default();
    play(&mut HumanView::new(
        Box::new(out.clone()),
        Style::plain(80),
        false,
    ));
    assert_eq!(out.text(), LINES);
}

#[test]
fn ascii_and_colour() {
    let out = Captured::default();
    let style = Style {
        color: true,
        unicode: false,
        width: 80,
        invoked: None,
    };
    play(&mut HumanView::new(Box::new(out.clone()), style, false));
    let text = out.text();
    assert!(text.is_ascii());
    assert!(
        text.starts_with(
            "\u{1b}[32m+\u{1b}[0m rds_instance.main: creating\n\u{1b}[36m...\u{1b}[0m "
        )
    );
    let plain = anstream::adapter::strip_str(&text).to_string();
    let expected = LINES
        .replace('…', "...")
        .replace('✓', "ok")
        .replace('✗', "!!");
    assert_eq!(plain, expected);
}

#[test]
fn programs_get_one_object_a_line() {
    let out = Captured::default();
    play(&mut JsonView::new(Box::new(out.clone())));
    let text = out.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), events().len());
    assert_eq!(
        lines[1],
        r#"{"event":"started","address":"rds_instance.main","action":"create","at":"2026-02-03T04:05:06.789Z"}"#
    );
    assert_eq!(
        lines[9],
        r#"{"event":"failed","address":"iam_role.a","fault":{"op":"iam:CreateRole","class":"throttled","code":"Throttling","message":"Rate\nexceeded","request_id":null,"residue":"nothing"},"at":"2026-02-03T04:05:06.789Z"}"#
    );
    assert_eq!(
        lines[14],
        r#"{"event":"finished","summary":{"done":[],"accepted":[],"failed":[],"unknown":[],"skipped":[],"interrupted":false,"seconds":0.0},"at":"2026-02-03T04:05:06.789Z"}"#
    );
    for (line, event) in lines.iter().zip(events()) {
        assert_eq!(serde_json::from_str::<Stamped>(line).unwrap().event, event);
    }
}

/// What is left on a screen after the escape sequences that [`super::screen`] sends.
fn screen(bytes: &str) -> Vec<String> {
    let mut rows: Vec<Vec<char>> = vec![vec![]];
    let (mut row, mut column) = (0, 0);
    let mut chars = bytes.chars();
    while let Some(c) = chars.next() {
        match c {
            '\n' => {
                row += 1;
                if row == rows.len() {
                    rows.push(vec![]);
                }
            }
            '\r' => column = 0,
            '\u{1b}' => {
                assert_eq!(chars.next(), Some('['));
                let mut number = String::new();
                let letter = loop {
                    match chars.next().unwrap() {
                        c if c.is_ascii_digit() => number.push(c),
                        c => break c,
                    }
                };
                match (letter, number.parse::<usize>()) {
                    ('K', Ok(2)) => rows[row].clear(),
                    ('K', Err(_)) => rows[row].truncate(column),
                    ('A', Ok(by)) => row -= by,
                    ('B', Ok(by)) => row += by,
                    other => panic!("{other:?}"),
                }
            }
            c => {
                if rows[row].len() <= column {
                    rows[row].resize(column + 1, ' ');
                }
                rows[row][column] = c;
                column += 1;
            }
        }
    }
    assert!(bytes.is_empty() || column <= 80);
    rows.iter()
        .map(|r| r.iter().collect::<String>().trim_end().to_owned())
        .collect()
}

#[test]
fn on_a_terminal_running_steps_move_and_finished_ones_stay_above() {
    let out = Captured::default();
    let mut view = HumanView::new(Box::new(out.clone()), Style::plain(80), true);
    for event in events().into_iter().take(9) {
        let at = String::new();
        view.event(&Stamped { event, at });
    }
    // a line above draws all the others again at once
    let (event, at) = (Event::Cancelling { in_flight: vec![] }, String::new());
    view.event(&Stamped { event, at });
    let rows = screen(&out.text());
    assert_eq!(rows[0], "! stopping: nothing is in flight");
    // the time goes on by itself, so that it is not compared
    assert!(rows[1].contains(" rds_instance.main 4"), "{rows:?}");
    assert!(rows[1].ends_with("s creating: backing-up, up to 40m"));
    assert!(rows[2].contains(" iam_role.a "), "{rows:?}");
    assert!(rows[2].ends_with("s iam:CreateRole: Throttling: Rate exceeded; trying again"));
    assert_eq!(rows.len(), 3);
    for event in events().into_iter().skip(9) {
        let at = String::new();
        view.event(&Stamped { event, at });
    }
    view.done();
    let mut rows = screen(&out.text());
    assert_eq!(rows.remove(0), "! stopping: nothing is in flight");
    while rows.last().is_some_and(String::is_empty) {
        rows.pop();
    }
    let left: Vec<String> = LINES
        .lines()
        .skip(6)
        .flat_map(|line| {
            let chars: Vec<char> = line.chars().collect();
            let rows = chars.chunks(80).map(|row| row.iter().collect::<String>());
            rows.map(|row| row.trim_end().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(rows, left);
    // whoever writes next begins a row of their own
    assert!(out.text().ends_with("\r\n"), "{:?}", out.text());
}

#[test]
fn what_is_stopped_is_not_updated() {
    let event = |event: Event| Stamped {
        event,
        at: String::new(),
    };
    let run = |power: Power| {
        let out = Captured::default();
        let json = Captured::default();
        let mut view = HumanView::new(Box::new(out.clone()), Style::plain(80), false);
        let mut lines = JsonView::new(Box::new(json.clone()));
        for e in [
            event(Event::Started {
                addr: db(),
                action: Action::Update,
                power: Some(power),
            }),
            event(Event::Done {
                addr: db(),
                action: Action::Update,
                seconds: 9.0,
                power: Some(power),
            }),
        ] {
            view.event(&e);
            lines.event(&e);
        }
        (out.text(), json.text())
    };
    let (text, json) = run(Power::Stop);
    assert_eq!(
        text,
        "~ rds_instance.main: stopping\n✓ rds_instance.main: stopped after 9.0s\n"
    );
    // added beside the action, which stays what it was
    assert!(
        json.contains(r#""action":"update","power":"stop""#),
        "{json}"
    );
    let (text, json) = run(Power::Start);
    assert_eq!(
        text,
        "~ rds_instance.main: starting\n✓ rds_instance.main: started after 9.0s\n"
    );
    assert!(json.contains(r#""power":"start""#), "{json}");
}
