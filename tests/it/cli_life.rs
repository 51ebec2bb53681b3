//! The whole life of a stack through the binary: made, looked at, changed, moved, stopped, started, destroyed.

use crate::cli::{Workplace, addresses};
use serde_json::{Value, json};

const ALL: [&str; 11] = [
    "cognito_trigger.sign-up",
    "iam_policy.lambda-vpc-access",
    "iam_role.post-confirmation",
    "lambda_function.post-confirmation",
    "lambda_layer.psycopg2",
    "lambda_permission.sign-up",
    "postgres_role.app",
    "rds_instance.main",
    "security_group_rule.workspace",
    "sql_script.schema",
    "sql_script.seed",
];

/// The rule of this workspace as the world has it.
fn rule(work: &Workplace) -> Value {
    let world = work.world();
    let rules = world["ec2"]["rules"].as_array().unwrap();
    let ours = |r: &&Value| r["tags"]["cruddur-infra:stack"] == "cruddur";
    let mut ours = rules.iter().filter(ours);
    let one = ours.next().unwrap().clone();
    assert!(ours.next().is_none(), "{rules:#?}");
    one
}

/// What a user types from the first day to the last, on the stack as it is shipped.
#[test]
fn a_stack_is_made_changed_moved_stopped_started_and_destroyed() {
    let work = Workplace::new();

    // nothing is there, and a plan makes nothing
    let drift = work.drift::<&str>(&[]);
    assert_eq!(addresses(&drift), ALL);
    assert!(
        drift.values().all(|c| c["action"] == "create"),
        "{drift:#?}"
    );
    work.has_nothing();

    let applied = work
        .run(&["apply"])
        .code(0)
        .says("11 to create")
        .says("apply is complete");
    assert_eq!(applied.stdout, "", "progress belongs to stderr");
    work.has_one_of_each();

    let planned = work.run(&["plan", "--detailed-exitcode"]).code(0);
    assert!(planned.stdout.contains("Nothing to do"), "{planned:?}");
    // again is nothing again
    work.run(&["apply"]).code(0).says("Nothing to do");
    work.has_one_of_each();

    let status = work.status();
    assert_eq!(status.keys().map(String::as_str).collect::<Vec<_>>(), ALL);
    for (addr, row) in &status {
        assert_eq!(
            (&row["state"], &row["drift"]),
            (&json!("ready"), &json!([])),
            "{addr}"
        );
    }
    outputs(&work);
    changed_file(&work);
    moved(&work);
    stopped(&work);

    let before = work.world();
    work.run(&["destroy"]).code(0).says("destroy is complete");
    work.has_nothing();
    let gone = work.status();
    for (addr, row) in &gone {
        let state = row["state"].as_str().unwrap();
        assert!(
            state == "absent" || state.starts_with("known after"),
            "{addr}: {state}"
        );
    }
    let after = work.world();
    // what is not the stack's is as it was
    assert_eq!(after["ec2"]["groups"], before["ec2"]["groups"]);
    assert_eq!(after["ec2"]["rules"].as_array().unwrap().len(), 2);
    let triggers = |world: &Value| {
        let pool = &world["cognito"]["pools"][0]["settings"];
        let mut pool = pool.clone();
        let config = pool["LambdaConfig"].as_object_mut().unwrap();
        config.remove("PostConfirmation");
        pool
    };
    assert_eq!(triggers(&after), triggers(&before));
    let snapshots = work.snapshots();
    assert_eq!(snapshots.len(), 1, "{snapshots:?}");

    work.run(&["destroy"]).code(0).says("Nothing");
    assert_eq!(work.snapshots(), snapshots);
}

fn outputs(work: &Workplace) {
    let password = work.password();
    let human = work.run(&["output"]).code(0).keeps_silent_about(&password);
    assert!(
        human.stdout.contains("rds_instance.main.port = 5432\n"),
        "{human:?}"
    );
    assert!(
        human
            .stdout
            .contains("rds_instance.main.connection_url = (secret"),
        "{human:?}"
    );

    let json_of = |args: &[&str]| work.run(args).code(0).json();
    let masked = json_of(&["output", "--format", "json"]);
    assert_eq!(
        masked["rds_instance.main"]["connection_url"],
        json!({"secret": true})
    );
    let shown = json_of(&["output", "--format", "json", "--show-secrets"]);
    let url = shown["rds_instance.main"]["connection_url"]
        .as_str()
        .unwrap();
    assert!(
        url.contains(&password) && url.starts_with("postgresql://cruddurroot:"),
        "{url}"
    );
    assert!(
        url.ends_with("/cruddur?sslmode=verify-full") || url.contains("/cruddur"),
        "{url}"
    );

    let env = work
        .run(&["output", "--format", "env"])
        .code(0)
        .keeps_silent_about(&password);
    assert!(
        env.stdout
            .contains("\nexport RDS_INSTANCE_MAIN_PORT='5432'\n"),
        "{env:?}"
    );
    assert!(
        env.stdout
            .contains("# RDS_INSTANCE_MAIN_CONNECTION_URL is secret"),
        "{env:?}"
    );
    let env = work
        .run(&["output", "--format", "env", "--show-secrets"])
        .code(0);
    assert!(
        env.stdout.contains(&format!(
            "\nexport RDS_INSTANCE_MAIN_CONNECTION_URL='{url}'\n"
        )),
        "{env:?}"
    );

    let one = work.run(&["output", "rds_instance.main.port"]).code(0);
    assert_eq!(one.stdout, "5432\n");
    let list = work.run(&[
        "output",
        "rds_instance.main.security_group_ids",
        "--format",
        "json",
    ]);
    assert_eq!(
        list.json(),
        shown["rds_instance.main"]["security_group_ids"]
    );
    let refused = work
        .run(&["output", "rds_instance.main.connection_url"])
        .code(1)
        .keeps_silent_about(&password)
        .says("--show-secrets");
    assert_eq!(refused.stdout, "");
    assert_eq!(work.output("rds_instance.main.connection_url"), url);
    work.run(&["output", "rds_instance.main.endpint"])
        .code(1)
        .says("has no output `endpint`");
    work.run(&["output", "rds_instance.other"])
        .code(1)
        .says("rds_instance.other is not in the file");
}

fn changed_file(work: &Workplace) {
    work.edit("memory: 256", "memory: 320");
    let drift = work.drift::<&str>(&[]);
    assert_eq!(addresses(&drift), ["lambda_function.post-confirmation"]);
    let change = &drift["lambda_function.post-confirmation"];
    assert_eq!(change["action"], "update");
    assert_eq!(
        change["fields"],
        json!([{"path": "memory", "before": 256, "after": 320, "force": "update", "effect": "none"}])
    );
    let planned = work.run(&["plan"]).code(0).says("memory");
    assert!(
        planned.stdout.contains("lambda_function.post-confirmation"),
        "{planned:?}"
    );
    work.run(&["apply"]).code(0);
    work.is_settled();
}

fn moved(work: &Workplace) {
    let first = rule(work);
    assert_eq!(first["source"], json!({"ipv4": "52.94.76.10/32"}));
    work.run(&["refresh-ip"]).code(0).says("nothing to do");
    assert_eq!(rule(work), first);

    work.run(&["refresh-ip", "--ip", "8.8.4.4"])
        .code(0)
        .says("8.8.4.4 is let in");
    let mut second = rule(work);
    assert_eq!(second["source"], json!({"ipv4": "8.8.4.4/32"}));
    second["source"] = first["source"].clone();
    assert_eq!(
        second, first,
        "the rule is moved where it is, id and tags included"
    );

    work.run(&["refresh-sg", "--ip", "8.8.4.4"])
        .code(0)
        .says("nothing to do");
    // nothing but the rule depends on where this machine is
    assert_eq!(
        addresses(&work.drift::<&str>(&[])),
        ["security_group_rule.workspace"]
    );
    assert!(work.drift(&["--ip", "8.8.4.4"]).is_empty());
    work.run(&["refresh-ip"])
        .code(0)
        .says("52.94.76.10 is let in");
    assert_eq!(rule(work), first);
}

fn stopped(work: &Workplace) {
    work.run(&["stop"]).code(0);
    let row = work.status()["rds_instance.main"].clone();
    assert_eq!(row["state"], "stopped", "{row}");
    work.run(&["plan", "--detailed-exitcode"])
        .code(0)
        .says("rds_instance.main is stopped")
        .says("cruddur-infra --sandbox start");
    work.run(&["stop"]).code(0);
    work.run(&["db", "query", "-c", "SELECT 1"])
        .code(1)
        .says("cruddur-infra --sandbox start");
    changed_while_stopped(work);
    // the rule is no business of the instance's
    work.run(&["refresh-ip", "--ip", "8.8.8.8"])
        .code(0)
        .says("8.8.8.8 is let in");
    work.run(&["refresh-ip"]).code(0);
    work.run(&["start"]).code(0);
    assert_eq!(work.status()["rds_instance.main"]["state"], "ready");
    work.run(&["start"]).code(0);
    work.is_settled();
}

/// A change that needs it running: started, changed, stopped again, and the function has the new password's URL.
fn changed_while_stopped(work: &Workplace) {
    work.edit("backup_retention_period: 1", "backup_retention_period: 2");
    work.run(&["plan", "--verbose"])
        .code(0)
        .says("started for it, and stopped again")
        .says("rds:StartDBInstance")
        .says("billed");
    let drift = work.drift::<&str>(&[]);
    assert_eq!(addresses(&drift), ["rds_instance.main"]);
    assert_eq!(drift["rds_instance.main"]["around"], "start_and_stop");
    // given up half-way: it runs, and everybody is told so
    work.run(&["apply", "--no-wait"])
        .code(0)
        .says("the stop included");
    let drift = work.drift::<&str>(&[]);
    assert_eq!(drift["rds_instance.main"]["around"], "stop", "{drift:#?}");
    work.run(&["plan"])
        .code(0)
        .says("was started only to be changed")
        .says("sql_script.schema: not looked at: rds_instance.main is stopped again in this run");
    work.run(&["apply"]).code(0);
    let row = work.status()["rds_instance.main"].clone();
    assert_eq!(row["state"], "stopped", "{row}");
    assert_eq!(row["details"].get("stopped_again"), None, "{row}");
    work.run(&["plan", "--detailed-exitcode"]).code(0);
}

/// `destroy` keeps data unless it is told not to, and takes what depends on what it is told to take.
#[test]
fn destroy_takes_what_it_is_told_to() {
    let work = Workplace::light();
    work.run(&["apply"]).code(0);

    work.run(&["destroy", "--only", "lambda_function.post-confirmation"])
        .code(0);
    let counts = work.counts();
    let gone = ["functions", "statements", "triggers"];
    for (name, count) in &counts {
        assert_eq!(*count, usize::from(!gone.contains(name)), "{counts:?}");
    }
    assert_eq!(
        addresses(&work.drift::<&str>(&[])),
        [
            "cognito_trigger.sign-up",
            "lambda_function.post-confirmation",
            "lambda_permission.sign-up"
        ]
    );

    work.run(&["destroy", "--skip-final-snapshot"]).code(0);
    work.has_nothing();
    assert!(work.snapshots().is_empty());

    // and it can be made again, and kept under a name
    work.run(&["apply"]).code(0);
    work.has_one_of_each();
    work.is_settled();
    work.run(&["destroy", "--final-snapshot", "cruddur-last"])
        .code(0);
    work.has_nothing();
    assert_eq!(
        work.snapshots().into_iter().collect::<Vec<_>>(),
        ["cruddur-last"]
    );
}

/// A database that must not be deleted stops a destroy before anything is.
#[test]
fn a_protected_database_keeps_everything() {
    let work = Workplace::light();
    work.edit("deletion_protection: false", "deletion_protection: true");
    work.run(&["apply"]).code(0);
    work.run(&["destroy", "--skip-final-snapshot"])
        .code(1)
        .says("deletion_protection");
    work.has_one_of_each();
    work.is_settled();
    work.edit("deletion_protection: true", "deletion_protection: false");
    work.run(&["apply"]).code(0);
    work.run(&["destroy", "--skip-final-snapshot"]).code(0);
    work.has_nothing();
}

/// What is still on its way is neither made again nor taken for finished.
#[test]
fn a_run_that_does_not_wait_is_finished_by_the_next() {
    let work = Workplace::light();
    let slow = ["--sandbox-speed", "10"];
    let with = |args: &[&'static str]| [&slow[..], args].concat();
    work.run(&with(&[
        "apply",
        "--no-wait",
        "--only",
        "rds_instance.main",
    ]))
    .code(0)
    .says("apply is accepted");
    let drift = work.drift(&slow);
    assert_eq!(drift["rds_instance.main"]["action"], "wait", "{drift:#?}");
    assert_eq!(addresses(&drift), ALL);
    work.run(&with(&["apply"])).code(0);
    work.has_one_of_each();
    work.is_settled();
}

/// The same address in a second directory is another world.
#[test]
fn init_gives_a_stack_that_can_be_applied() {
    let work = Workplace::new();
    std::fs::remove_file(work.path("stack.yaml")).unwrap();
    work.run(&["plan"])
        .code(1)
        .says("cruddur-infra --sandbox init");
    work.bare(&["init"]).code(0);
    assert_eq!(
        work.read("stack.yaml"),
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/stack.yaml")).unwrap()
    );
    work.run(&["validate"]).code(0).says("11 entries");
    work.write("stack.yaml", "stack: mine\n");
    work.bare(&["init"]).code(1).says("is there already");
    assert_eq!(work.read("stack.yaml"), "stack: mine\n");
}
