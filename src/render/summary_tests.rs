//! Golden summaries.

use super::*;
use crate::model::{Class, Event, Fault, Residue, Stamped};

const APPLY: Invocation<'static> = Invocation {
    program: "cruddur-infra --sandbox",
    command: "apply",
};

fn addr(text: &str) -> Addr {
    text.parse().unwrap()
}

fn record(events: Vec<Event>) -> Record {
    let mut record = Record::default();
    for event in events {
        let at = String::new();
        record.note(&Stamped { event, at });
    }
    record
}

fn text(summary: &RunSummary, record: &Record) -> String {
    run_summary_human(summary, record, APPLY, &Style::plain(80))
}

#[test]
fn a_complete_run_is_short() {
    let summary = RunSummary {
        done: vec![addr("rds_instance.main"), addr("iam_role.a")],
        seconds: 725.0,
        ..RunSummary::default()
    };
    assert_eq!(
        text(&summary, &Record::default()),
        "Done: rds_instance.main, iam_role.a

apply is complete after 12m05s: 2 done.
Next: `cruddur-infra --sandbox status` shows what is there.
"
    );
}

#[test]
fn a_broken_run_says_what_remains() {
    let mut fault = Fault::new(
        "lambda:CreateFunction",
        Class::Transient,
        "no answer came in time",
    )
    .residue(Residue::Unknown)
    .help("check the network");
    fault.request_id = Some("77".to_owned());
    let mut taken = Fault::new("iam:CreateRole", Class::Invalid, "IAM says no.");
    taken.code = Some("LimitExceeded".to_owned());
    let record = record(vec![
        Event::Failed {
            addr: addr("lambda_function.post"),
            fault,
        },
        Event::Failed {
            addr: addr("iam_role.b"),
            fault: taken.help("delete some roles"),
        },
        Event::Skipped {
            addr: addr("cognito_trigger.up"),
            because: "lambda_function.post failed".to_owned(),
        },
        Event::Accepted {
            addr: addr("rds_instance.main"),
            status: "creating".to_owned(),
        },
    ]);
    let summary = RunSummary {
        done: vec![addr("iam_role.a")],
        accepted: vec![addr("rds_instance.main")],
        failed: vec![addr("lambda_function.post"), addr("iam_role.b")],
        unknown: vec![addr("lambda_function.post")],
        skipped: vec![addr("cognito_trigger.up")],
        interrupted: false,
        seconds: 3.25,
    };
    assert_eq!(
        text(&summary, &record),
        "Done: iam_role.a

Still going on:
  rds_instance.main: creating

Failed:
  ✗ iam_role.b: iam:CreateRole: LimitExceeded
      IAM says no.
      left behind: nothing was changed
      help: delete some roles

Unknown, because an answer was lost or cut off:
  ✗ lambda_function.post: lambda:CreateFunction
      no answer came in time
      request: 77
      left behind: it cannot be told what was changed; the next run looks
      help: check the network

Not begun:
  cognito_trigger.up: lambda_function.post failed

apply is not complete after 3.2s: 1 done, 1 still going on, 1 failed, 1 unknown,
1 not begun.
Next: mend what failed, then `cruddur-infra --sandbox apply` again; it goes on
      from what is there.
"
    );
}

#[test]
fn an_interrupted_and_an_accepted_run_say_how_to_go_on() {
    let interrupted = RunSummary {
        interrupted: true,
        seconds: 1.0,
        ..RunSummary::default()
    };
    assert_eq!(
        text(&interrupted, &Record::default()),
        "apply was interrupted after 1.0s: 0 steps.
Next: `cruddur-infra --sandbox apply` again; it goes on from what is there.
"
    );
    let accepted = RunSummary {
        accepted: vec![addr("rds_instance.main")],
        seconds: 1.0,
        ..RunSummary::default()
    };
    assert_eq!(
        text(&accepted, &Record::default()),
        "Still going on:
  rds_instance.main

apply is accepted after 1.0s: 1 still going on.
Next: `cruddur-infra --sandbox status` tells how far it is.
"
    );
}

#[test]
fn a_wait_that_was_cut_short_is_nothing_to_mend() {
    let main = addr("rds_instance.main");
    let record = record(vec![Event::Failed {
        addr: main.clone(),
        fault: Fault::new(
            "wait",
            Class::Interrupted,
            "stopped while waiting (creating)",
        ),
    }]);
    let summary = RunSummary {
        failed: vec![main],
        interrupted: true,
        seconds: 3.0,
        ..RunSummary::default()
    };
    assert_eq!(
        text(&summary, &record),
        "Not waited for any longer; AWS carries on:
  rds_instance.main

apply was interrupted after 3.0s: 1 left waiting.
Next: `cruddur-infra --sandbox apply` again; it goes on from what is there.
"
    );
}

#[test]
fn what_is_unknown_is_looked_at_and_not_mended() {
    let main = addr("rds_instance.main");
    let cut =
        Fault::new("wait", Class::Interrupted, "stopped while waiting").residue(Residue::Unknown);
    let record = record(vec![Event::Failed {
        addr: main.clone(),
        fault: cut.clone(),
    }]);
    let mut summary = RunSummary {
        interrupted: true,
        ..RunSummary::default()
    };
    summary.fail(main, &cut);
    assert_eq!(
        text(&summary, &record),
        "Unknown, because an answer was lost or cut off:
  ✗ rds_instance.main: wait
      stopped while waiting
      left behind: it cannot be told what was changed; the next run looks

apply was interrupted after 0.0s: 1 unknown.
Next: `cruddur-infra --sandbox apply` again; it looks first at what is unknown,
      and goes on from what is there.
"
    );
}
