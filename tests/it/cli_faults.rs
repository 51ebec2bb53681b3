//! What the program says when AWS refuses: the call, what is left behind, what would allow it, how to go on, and the
//! exit code.

use crate::cli::Workplace;
use serde_json::{Value, json};

/// A workplace, and a script of what goes wrong.
fn with(work: &Workplace, script: &str) -> [&'static str; 2] {
    work.write("faults.yaml", script);
    ["--sandbox-faults", "faults.yaml"]
}

fn refused(call: &str, code: &str, status: u16) -> String {
    format!(
        "- {{ call: \"{call}\", fault: {{ error: {{ code: {code}, status: {status}, message: \"AWS says no.\" }} }} }}\n"
    )
}

#[test]
fn a_denied_call_names_its_statement_and_the_run_says_how_to_go_on() {
    let work = Workplace::light();
    let faults = with(&work, "- { call: \"iam:CreateRole\", fault: deny }\n");
    let only = ["apply", "--only", "iam_role.post-confirmation"];
    let out = work
        .run(&[&faults[..], &only].concat())
        .code(3)
        .says("Done: iam_policy.lambda-vpc-access")
        .says("iam_role.post-confirmation: iam:CreateRole: AccessDenied")
        .says("left behind: nothing was changed")
        .says("the caller needs `iam:CreateRole`")
        .says("this statement allows it:")
        .says("apply is not complete")
        .says("1 done, 1 failed")
        .says("Next: mend what failed, then `cruddur-infra --sandbox apply --only iam_role.post-confirmation` again");
    let (_, rest) = out
        .stderr
        .split_once("this statement allows it:\n")
        .unwrap();
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
    let statement = values.next().unwrap().unwrap();
    assert_eq!(
        statement,
        json!({
            "Effect": "Allow",
            "Action": "iam:CreateRole",
            "Resource": "arn:aws:iam::123456789012:role/cruddur-post-confirmation-role",
        })
    );

    // now that nothing else is left to do, nothing is done: an error, and no part
    let json = ["--format", "json"];
    let out = work.run(&[&faults[..], &json, &only].concat()).code(1);
    let events = out.events();
    let failed = events.iter().find(|e| e["event"] == "failed").unwrap();
    let fault = &failed["fault"];
    assert_eq!(fault["op"], "iam:CreateRole");
    assert_eq!(fault["class"], "denied");
    assert_eq!(fault["code"], "AccessDenied");
    assert_eq!(fault["residue"], "nothing");
    assert!(fault["request_id"].is_string());
    assert_eq!(fault["statements"], json!([statement]));
    let summary = &events.last().unwrap()["summary"];
    assert_eq!(summary["failed"], json!(["iam_role.post-confirmation"]));
    assert_eq!(summary["unknown"], json!([]));
    assert_eq!(summary["done"], json!([]));
}

#[test]
fn what_a_lost_call_did_is_unknown_and_a_part() {
    let work = Workplace::light();
    // 501 is none that the SDK tries again by itself
    let faults = with(&work, &refused("iam:CreatePolicy", "Strange", 501));
    let only = ["apply", "--only", "iam_policy.lambda-vpc-access"];
    work.run(&[&faults[..], &only].concat())
        // nobody can tell that nothing was changed
        .code(3)
        .says("Unknown, because an answer was lost or cut off:")
        .says("iam_policy.lambda-vpc-access: iam:CreatePolicy: Strange")
        .says("left behind: it cannot be told what was changed; the next run looks")
        .says("this program does not know the code Strange, and goes by the HTTP status 501")
        .says("1 unknown")
        .says("again; it looks first at what is unknown")
        .keeps_silent_about("Failed:");
    let out = work.run(&[&faults[..], &["--format", "json"], &only].concat());
    let events = out.code(3).events();
    let summary = &events.last().unwrap()["summary"];
    assert_eq!(summary["unknown"], json!(["iam_policy.lambda-vpc-access"]));
    // added, not moved: it has failed as well
    assert_eq!(summary["failed"], summary["unknown"]);
    work.run(&only).code(0);
}

#[test]
fn a_look_that_is_denied_is_an_error_with_its_statement() {
    let work = Workplace::light();
    let faults = with(
        &work,
        "- { call: \"rds:DescribeDBInstances\", fault: deny }\n",
    );
    work.run(&[&faults[..], &["plan"]].concat())
        .code(1)
        .says("rds_instance.main: rds:DescribeDBInstances: AccessDenied")
        .says("\"Resource\": \"arn:aws:rds:us-west-2:123456789012:db:cruddur-db-instance\"");
}

#[test]
fn a_stopped_instance_that_cannot_start_is_told_the_way_out() {
    let work = Workplace::light();
    work.run(&["apply", "--only", "rds_instance.main"]).code(0);
    let stopped = work
        .run(&["stop"])
        .code(0)
        .says("rds_instance.main: stopping")
        .says("rds_instance.main: stopped after");
    stopped.keeps_silent_about("updat");
    let faults = with(
        &work,
        "- { call: \"rds:StartDBInstance\", fault: insufficient_capacity }\n",
    );
    work.run(&[&faults[..], &["start"]].concat())
        .code(1)
        .says("rds:StartDBInstance: InsufficientDBInstanceCapacity")
        .says("AWS has no machine of class db.t3.micro for the stopped instance in us-west-2a now")
        .says("aws rds describe-db-snapshots --db-instance-identifier cruddur-db-instance")
        .says("aws rds restore-db-instance-from-db-snapshot --db-snapshot-identifier SNAPSHOT")
        .says("Next: mend what failed, then `cruddur-infra --sandbox start` again")
        .keeps_silent_about("updat");
    let events = work.run(&["--format", "json", "start"]).code(0).events();
    for kind in ["started", "done"] {
        let event = events.iter().find(|e| e["event"] == kind).unwrap();
        assert_eq!(
            (&event["action"], &event["power"]),
            (&json!("update"), &json!("start"))
        );
    }
}

#[test]
fn the_free_plan_says_what_of_the_entry_it_does_not_allow() {
    let work = Workplace::light();
    work.edit("backup_retention_period: 1 ", "backup_retention_period: 7 ");
    let faults = with(
        &work,
        &refused("rds:CreateDBInstance", "FreeTierRestrictionError", 400),
    );
    work.run(&[&faults[..], &["apply", "--only", "rds_instance.main"]].concat())
        .code(1)
        .says("rds:CreateDBInstance: FreeTierRestrictionError")
        .says("the account is on AWS's Free Plan: backup_retention_period is 7, and it allows at most 1");
}

#[test]
fn wrong_usage_is_an_object_where_objects_are_asked_for() {
    let mut work = Workplace::light();
    let wrong: [&[&str]; 4] = [
        &["--format", "json", "plan", "--prun"],
        &["plan", "--nowhere", "--format=json"],
        &["apply", "--only", "nonsense", "--format", "json"],
        &["--format", "json"],
    ];
    for args in wrong {
        let out = work.bare(args).code(1);
        assert_eq!(out.stderr, "", "{args:?}");
        let error = out.json();
        assert_eq!(error["event"], "error", "{args:?}");
        for name in ["message", "help"] {
            assert!(
                error[name].as_str().is_some_and(|t| t.len() > 10),
                "{args:?}: {error}"
            );
        }
    }
    // for people it is as ever
    let out = work.bare(&["plan", "--prun"]).code(1);
    assert_eq!(out.stdout, "");
    assert!(
        out.stderr
            .starts_with("error: unexpected argument '--prun' found"),
        "{}",
        out.stderr
    );
    work.set("CRUDDUR_INFRA_FORMAT", "json");
    assert_eq!(
        work.bare(&["plan", "--prun"]).code(1).json()["event"],
        "error"
    );
    // help is no error
    let help = work.bare(&["plan", "--help"]).code(0);
    assert!(help.stdout.contains("Usage:"));
}

/// What is no longer in the file has no spec that could name it: what is there does.
#[test]
fn a_denied_deletion_of_a_leftover_names_that_object_alone() {
    const HEAD: &str = "stack: cruddur\nregion: us-west-2\n";
    let work = Workplace::light();
    let entries = "iam_policies:
  p:
    name: cruddur-old
    path: /app/
    document: { Version: \"2012-10-17\", Statement: [ { Effect: Allow, Action: \"s3:GetObject\", Resource: \"*\" } ] }
iam_roles:
  r: { name: cruddur-old-role, path: /app/, assumed_by: lambda.amazonaws.com }
";
    work.write("stack.yaml", &format!("{HEAD}{entries}"));
    work.run(&["apply"]).code(0);
    work.write("stack.yaml", HEAD);
    for (call, arn) in [
        (
            "iam:DeleteRole",
            "arn:aws:iam::123456789012:role/app/cruddur-old-role",
        ),
        // after the role, which goes first
        (
            "iam:DeletePolicy",
            "arn:aws:iam::123456789012:policy/app/cruddur-old",
        ),
    ] {
        let faults = with(&work, &format!("- {{ call: \"{call}\", fault: deny }}\n"));
        let run = work.run(&[&faults[..], &["--format", "json", "apply", "--prune"]].concat());
        let failed = run.events().into_iter().find(|e| e["event"] == "failed");
        let statements = failed.unwrap()["fault"]["statements"].clone();
        let allow = json!({"Effect": "Allow", "Action": call, "Resource": arn});
        assert_eq!(statements, json!([allow]));
    }
    work.run(&["apply", "--prune"]).code(0);
}

/// What is advised deep inside knows nothing of the options, and without them it would be about the real AWS.
#[test]
fn advice_is_typed_with_the_options_that_the_program_was_begun_with() {
    let work = Workplace::light();
    std::fs::rename(work.path("stack.yaml"), work.path("my stack.yaml")).unwrap();
    let file = ["-f", "my stack.yaml"];
    work.run(&[&file[..], &["stop"]].concat())
        .code(1)
        .says("run `cruddur-infra --sandbox -f 'my stack.yaml' apply` to make it");
}

/// Half a command is another command: `destroy --only x` without its end is a `destroy` of everything.
#[test]
fn a_command_in_advice_is_never_broken() {
    for length in 20..32 {
        let work = Workplace::light();
        let name = format!("{}.yaml", "x".repeat(length));
        std::fs::rename(work.path("stack.yaml"), work.path(&name)).unwrap();
        let apply = ["-f", &name, "apply", "--only", "iam_role.post-confirmation"];
        work.run(&apply).code(0);
        let faults = with(&work, "- { call: \"iam:DeleteRole\", fault: deny }\n");
        let destroy = [
            "-f",
            &name,
            "destroy",
            "--only",
            "iam_role.post-confirmation",
        ];
        let run = work.run(&[&faults[..], &destroy].concat());
        let whole = format!(
            "`cruddur-infra --sandbox -f {name} destroy --only iam_role.post-confirmation`"
        );
        assert!(
            run.stderr.lines().any(|line| line.contains(&whole)),
            "{}",
            run.stderr
        );
    }
}

/// To let go of an entry changes nothing.
#[test]
fn a_destroy_that_deleted_nothing_has_failed() {
    let work = Workplace::light();
    work.run(&["apply"]).code(0);
    let faults = with(
        &work,
        "- { call: \"cognito-idp:UpdateUserPool\", fault: deny }\n",
    );
    let destroy = ["--format", "json", "destroy"];
    let run = work.run(&[&faults[..], &destroy].concat()).code(1);
    let events = run.events();
    let last = events.last().unwrap();
    let done = last["summary"]["done"].as_array().unwrap();
    assert!(!done.is_empty(), "a script is let go of: {last}");
    let pool = events.iter().find(|e| e["event"] == "failed").unwrap();
    let statement = &pool["fault"]["statements"][0];
    assert_eq!(statement["Action"], "cognito-idp:UpdateUserPool");
    let pool = statement["Resource"].as_str().unwrap();
    assert!(pool.contains(":userpool/us-west-2_"), "{pool}");
}

#[cfg(target_os = "linux")]
#[test]
fn events_that_cannot_be_written_are_told_at_the_end() {
    let work = Workplace::light();
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = work.command(&["--sandbox", "--format", "json", "apply"]);
    let run = command.stdout(full).output().unwrap();
    let told = String::from_utf8(run.stderr).unwrap();
    assert!(told.contains("events could not be written"), "{told}");
    assert_eq!(run.status.code(), Some(3));
    work.is_settled();
}
