//! `logs`: what a function has logged and logs, through the binary.

use crate::cli::{Served, Workplace};
use rustix::process::Signal;
use serde_json::{Value, json};

const INVOCATIONS: &str = "/2015-03-31/functions/one/invocations";

/// Two functions without a database; the first prints what it is asked to, and what it should not.
const FILE: &str = r#"
stack: s
region: us-west-2
iam_roles:
  r:
    name: logs-role
    assumed_by: lambda.amazonaws.com
    policies: [ "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole" ]
lambda_functions:
  one:
    name: one
    source: one
    handler: app.handler
    runtime: python3.13
    role: ${iam_role.r.arn}
    timeout: 30
    environment: { TOKEN: "${env.CRUDDUR_TOKEN}" }
  two:
    name: two
    source: one
    handler: app.handler
    runtime: python3.13
    role: ${iam_role.r.arn}
"#;

const CODE: &str = r#"
import os
def handler(event, context):
    print("token", os.environ["TOKEN"], "postgresql://root:other@db/x", "\x1b[31m")
    print(event["say"], flush=True)
    if event.get("fail"):
        raise ValueError("as asked")
"#;

fn functions() -> Workplace {
    let mut work = Workplace::new();
    work.set("CRUDDUR_TOKEN", "a/very+secret=token");
    work.write("stack.yaml", FILE);
    std::fs::create_dir(work.path("one")).unwrap();
    work.write("one/app.py", CODE);
    work.run(&["apply"]).code(0);
    work
}

fn invoke(served: &Served, event: &Value) {
    served.lambda("POST", INVOCATIONS, Some(event)).ok();
}

/// A sign-up through Cognito, as the application makes it; the shipped function records it.
#[test]
fn a_sign_up_is_in_the_log_without_personal_data() {
    let work = Workplace::new();
    work.run(&["apply"]).code(0);
    // not an error, and nothing on stdout
    let none = work
        .run(&["logs"])
        .code(0)
        .says("lambda_function.post-confirmation has not run yet")
        .says("/aws/lambda/cruddur-post-confirmation");
    assert_eq!(none.stdout, "");
    let none = work.run(&["logs", "--format", "json"]).code(0);
    assert_eq!(none.all().trim(), "");

    let served = work.serve::<&str>(&[]);
    let world = work.world();
    let pool = &world["cognito"]["pools"][0];
    let attribute = |name: &str, value: &str| json!({"Name": name, "Value": value});
    let user = json!({
        "ClientId": pool["clients"][0]["id"], "Username": "grace@cruddur.example", "Password": "A-good-Pass1!",
        "UserAttributes": [
            attribute("email", "grace@cruddur.example"), attribute("name", "Grace Hopper"),
            attribute("preferred_username", "amazing_grace"),
        ],
    });
    served.cognito("SignUp", &user).ok();
    let confirm = json!({"UserPoolId": pool["id"], "Username": "grace@cruddur.example"});
    served.cognito("AdminConfirmSignUp", &confirm).ok();

    let human = work.run(&["logs"]).code(0);
    let lines: Vec<&str> = human.stdout.lines().collect();
    let [start, line, report] = lines.as_slice() else {
        panic!("{human:?}");
    };
    assert!(start.ends_with("  START"), "{start}");
    assert!(line.contains("\"outcome\": \"inserted\""), "{line}");
    assert!(
        report.contains("  REPORT ") && report.contains(" of 256 MB, init "),
        "{report}"
    );

    let events = work.run(&["logs", "--format", "json"]).code(0).events();
    assert_eq!(events.len(), 4, "{events:#?}");
    let id = events[0]["request_id"].as_str().unwrap();
    for event in &events {
        assert_eq!(event["request_id"], id);
        assert!(event["stream"].as_str().unwrap().contains("/[$LATEST]"));
    }
    assert!(lines.iter().all(|line| line[26..].starts_with(&id[..8])));
    let all = format!("{} {}", human.stdout, json!(events));
    let app = work.world_dir().join("values/CRUDDUR_APP_PASSWORD");
    let app = std::fs::read_to_string(app).unwrap();
    let password = work.password();
    for personal in [
        "grace",
        "Grace",
        "Hopper",
        "cruddur.example",
        &password,
        &app,
    ] {
        assert!(!all.contains(personal), "{personal} is in {all}");
    }
    // it went well
    let fine = work.run(&["logs", "--errors"]).code(0);
    assert_eq!(fine.stdout, "");
    drop(served);

    // the log outlives the function
    work.run(&["destroy", "--skip-final-snapshot"]).code(0);
    assert_eq!(work.run(&["logs"]).code(0).stdout, human.stdout);
}

#[test]
fn what_failed_is_shown_whole_and_what_is_secret_not_at_all() {
    let work = functions();
    work.run(&["logs"])
        .code(1)
        .says("several functions")
        .says("lambda_function.one, lambda_function.two");
    work.run(&["logs", "lambda_function.none"])
        .code(1)
        .says("lambda_function.none is no function of the file");
    work.run(&["logs", "iam_role.r"])
        .code(1)
        .says("is no function");
    work.run(&["logs", "--since", "soon"]).code(1).says("10m");

    let served = work.serve::<&str>(&[]);
    invoke(&served, &json!({"say": "first"}));
    invoke(&served, &json!({"say": "second", "fail": true}));
    invoke(&served, &json!({"say": "third"}));

    let all = work.run(&["logs", "lambda_function.one"]).code(0);
    for word in ["first", "second", "third", "ValueError: as asked"] {
        assert!(all.stdout.contains(word), "{word} is not in {all:?}");
    }
    assert_eq!(all.stdout.matches("  START\n").count(), 3, "{all:?}");
    assert_eq!(all.stdout.matches("  REPORT ").count(), 3, "{all:?}");
    assert!(
        all.stdout
            .contains("token (secret) postgresql://root:(secret)@db/x \\u{1b}[31m\n"),
        "{all:?}"
    );
    let all = all.keeps_silent_about("a/very+secret=token").stdout;
    assert!(!all.contains('\u{1b}'));

    let failed = work
        .run(&["logs", "lambda_function.one", "--errors"])
        .code(0)
        .stdout;
    assert!(
        failed.contains("second") && failed.contains("Traceback"),
        "{failed}"
    );
    assert!(
        !failed.contains("first") && !failed.contains("third"),
        "{failed}"
    );
    assert_eq!(failed.matches("  START\n").count(), 1, "{failed}");
    assert!(
        failed.lines().all(|line| all.lines().any(|l| l == line)),
        "{failed}"
    );

    let json = ["--format", "json", "logs", "lambda_function.one"];
    let events = work
        .run(&json)
        .code(0)
        .keeps_silent_about("a/very+secret=token")
        .events();
    // START, two lines, END and REPORT of each, and what the exception left
    assert!(events.len() > 15, "{events:#?}");
    let times: Vec<i64> = events
        .iter()
        .map(|e| e["timestamp"].as_i64().unwrap())
        .collect();
    assert!(times.is_sorted(), "{times:?}");

    // nothing in this window, and nothing of the other one
    let nothing = work
        .run(&["logs", "lambda_function.one", "--since", "0s"])
        .code(0)
        .says("--since looks further back");
    assert_eq!(nothing.stdout, "");
    work.run(&["logs", "lambda_function.two"])
        .code(0)
        .says("has not run yet");
    drop(served);

    // denied is an error, and never taken for an empty log
    work.write(
        "faults.yaml",
        "- {call: 'logs:FilterLogEvents', fault: deny}\n",
    );
    let args = [
        "--sandbox-faults",
        "faults.yaml",
        "logs",
        "lambda_function.one",
    ];
    work.run(&args)
        .code(1)
        .says("logs:FilterLogEvents: AccessDeniedException")
        .says("the caller needs `logs:FilterLogEvents`")
        .says(":log-group:/aws/lambda/one:*");
}

#[test]
fn following_shows_each_event_once_and_ends_with_a_signal() {
    let work = functions();
    let served = work.serve::<&str>(&[]);
    let mut following = work.start(&["logs", "lambda_function.one", "--follow"]);
    // the log is not there yet: it is waited for
    invoke(&served, &json!({"say": "first"}));
    let mut until = |word: &str| {
        let mut lines = Vec::new();
        while let Some(line) = following.line() {
            lines.push(line.clone());
            if line.contains(word) {
                return lines;
            }
        }
        panic!("it ended before `{word}`:\n{}", following.seen());
    };
    let first = until("  REPORT ");
    assert!(first.iter().any(|l| l.contains("first")), "{first:?}");
    invoke(&served, &json!({"say": "second"}));
    let second = until("  REPORT ");
    assert!(second[0].contains("START"), "{second:?}");
    assert!(second.iter().any(|l| l.contains("second")), "{second:?}");
    assert!(!second.iter().any(|l| l.contains("first")), "{second:?}");
    following.signal(Signal::INT);
    let ended = following.wait().code(0);
    assert_eq!(ended.stdout.matches("  START\n").count(), 2, "{ended:?}");

    // the other signal, and the other form
    let mut following = work.start(&[
        "--format",
        "json",
        "logs",
        "lambda_function.one",
        "--follow",
    ]);
    let event: Value = serde_json::from_str(&following.line().unwrap()).unwrap();
    assert!(
        event["message"].as_str().unwrap().starts_with("START "),
        "{event}"
    );
    following.signal(Signal::TERM);
    following.wait().code(0);
    drop(served);
    // who may no longer read is told so
    work.write(
        "faults.yaml",
        "- {call: 'logs:FilterLogEvents', nth: 2, fault: deny}\n",
    );
    let args = [
        "--sandbox-faults",
        "faults.yaml",
        "logs",
        "lambda_function.one",
        "--follow",
    ];
    work.run(&args)
        .code(1)
        .says("AccessDeniedException")
        .says("second");
}
