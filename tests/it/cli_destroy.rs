//! A destroy without regret: everything that is in its way is told before the first deletion, what it loses must be
//! named, and its receipt says what stays and what that costs.

use crate::stage::{self, Stage};
use cruddur_infra::sandbox::iam::Spread;
use cruddur_infra::sandbox::lambda::Source;
use cruddur_infra::sandbox::logs::Group;
use serde_json::{Value, json};
use std::process::{Output, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader};

const FUNCTION: &str = "gone-fn";
const DATABASE: &str = "gone-db";

const YAML: &str = r#"
stack: gone
region: us-west-2
rds_instances:
  main: { identifier: gone-db, instance_class: db.t3.micro, allocated_storage: 20, master_username: keeper, master_password: "${env.DB_PASSWORD}" }
iam_policies:
  vpc:
    name: gone-policy
    document: { Version: "2012-10-17", Statement: [ { Effect: Allow, Action: [ "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface", "sqs:ReceiveMessage" ], Resource: "*" } ] }
iam_roles:
  fn: { name: gone-role, assumed_by: lambda.amazonaws.com, policies: [ "${iam_policy.vpc.arn}" ] }
lambda_layers:
  lib: { name: gone-layer, zip: layers/lib.zip, runtime: python3.13, architecture: x86_64 }
lambda_functions:
  fn:
    name: gone-fn
    source: lambda/fn
    handler: app.handler
    runtime: python3.13
    architecture: x86_64
    role: ${iam_role.fn.arn}
    layers: [ "${lambda_layer.lib.arn}" ]
    vpc_of: rds_instance.main
cognito_triggers:
  sign-up: { user_pool: "${env.COGNITO_USER_POOL_ID}", trigger: post_confirmation, function: "${lambda_function.fn.arn}" }
"#;

/// A world with the stack in it.
async fn made() -> Stage {
    let stage = Stage::open().await;
    stage.write("stack.yaml", YAML);
    stage.write(
        "lambda/fn/app.py",
        "def handler(event, context):\n    return event\n",
    );
    stage.write(
        "layers/lib.zip",
        stage::zip(&[("python/lib.py", "X = 1\n")]),
    );
    well(&run(&stage, &["apply", "--yes"]).await);
    stage
}

async fn run(stage: &Stage, args: &[&str]) -> Output {
    stage.program(&stage.server, args).await
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn well(output: &Output) -> String {
    assert!(output.status.success(), "{}", err(output));
    err(output)
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", err(output));
    err(output)
}

/// What was asked that changes something, since so many calls.
fn written(stage: &Stage, since: usize) -> Vec<String> {
    let calls = stage.server.calls();
    let writes = |op: &&str| {
        let reads = ["Describe", "Get", "List"];
        !reads.iter().any(|r| op.starts_with(r))
    };
    let after = calls.iter().skip(since).map(|c| c.operation.as_str());
    after.filter(writes).map(str::to_owned).collect()
}

fn receipt(output: &Output) -> Value {
    receipt_of(&String::from_utf8_lossy(&output.stdout))
}

fn receipt_of(text: &str) -> Value {
    let events: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let last = events.last().unwrap();
    assert_eq!(last["event"], "finished", "{text}");
    let before = &events[events.len() - 2];
    assert_eq!(before["event"], "receipt", "{text}");
    before["receipt"].clone()
}

/// The ids of what remains of one sort.
fn left(receipt: &Value, what: &str) -> Vec<String> {
    let all = receipt["remains"].as_array().unwrap().iter();
    let of = all.filter(|r| r["what"] == what);
    of.map(|r| r["id"].as_str().unwrap().to_owned()).collect()
}

fn role(world: &mut cruddur_infra::sandbox::world::World, name: &str) {
    let mut role = world.iam.roles["gone-role"].clone();
    role.name = name.to_owned();
    role.tags.clear();
    world.iam.roles.insert(name.to_owned(), role);
}

/// Everything that somebody else has put in the way, in one world.
fn in_the_way(stage: &Stage) {
    stage.change(|w| {
        role(w, "theirs");
        w.iam.roles.get_mut("gone-role").unwrap().inline.insert(
            "by-hand".to_owned(),
            Spread::new(
                "{\"Version\":\"2012-10-17\",\"Statement\":[]}".to_owned(),
                0,
            ),
        );
        let mut other = w.lambda.functions[FUNCTION].clone();
        other.name = "their-fn".to_owned();
        other.tags.clear();
        other.statements.clear();
        w.lambda.functions.insert("their-fn".to_owned(), other);
        let source = Source {
            uuid: "5a11-ed".to_owned(),
            arn: "arn:aws:sqs:us-west-2:123456789012:their-queue".to_owned(),
            function: FUNCTION.to_owned(),
            batch: 10,
            enabled: true,
            modified: 0,
        };
        w.lambda.sources.insert(source.uuid.clone(), source);
        let arn = format!("arn:aws:lambda:us-west-2:123456789012:function:{FUNCTION}");
        w.cognito.pools[0].settings["LambdaConfig"]["PreSignUp"] = json!(arn);
        let instance = w.rds.instances[DATABASE].clone();
        let snapshot = cruddur_infra::sandbox::rds::Snapshot {
            id: "taken".to_owned(),
            of: instance,
            created_at: 0,
            ready_at: 0,
            tags: Default::default(),
        };
        w.rds.snapshots.insert("taken".to_owned(), snapshot);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_the_way_is_told_all_at_once_before_anything_is_deleted() {
    let stage = made().await;
    in_the_way(&stage);
    let profile = |action: &'static str| {
        let stage = &stage;
        async move {
            let call = cruddur_infra::sandbox::wire::Call {
                service: cruddur_infra::sandbox::wire::Service::Iam,
                operation: action.to_owned(),
                input: cruddur_infra::sandbox::wire::Input::Query(
                    cruddur_infra::sandbox::wire::Params(
                        [
                            ("InstanceProfileName".to_owned(), "their-profile".to_owned()),
                            ("RoleName".to_owned(), "gone-role".to_owned()),
                        ]
                        .into(),
                    ),
                ),
                request_id: "r".to_owned(),
                region: "us-west-2".to_owned(),
            };
            stage.sandbox.answer(&call).await.unwrap();
        }
    };
    profile("CreateInstanceProfile").await;
    profile("AddRoleToInstanceProfile").await;

    let before = stage.world();
    let since = stage.server.calls().len();
    let args = ["destroy", "--yes", "--final-snapshot", "taken"];
    let told = refused(&run(&stage, &args).await);
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        // the policy is attached to somebody else's role
        "gone-policy is attached to the role theirs, which stays",
        "aws iam detach-role-policy --role-name theirs --policy-arn arn:aws:iam::123456789012:policy/gone-policy",
        // the role
        "policies inside that this stack did not make: by-hand",
        "aws iam remove-role-from-instance-profile --instance-profile-name their-profile --role-name gone-role",
        "the function their-fn runs as the role gone-role, and stays",
        // the function
        "arn:aws:sqs:us-west-2:123456789012:their-queue calls the function gone-fn",
        "aws lambda delete-event-source-mapping --uuid 5a11-ed",
        // the snapshot
        "there is a snapshot taken already",
        // the layer is only told
        "their-fn use",
    ] {
        assert!(told.contains(words), "`{words}` in\n{told}");
    }
    assert_eq!(written(&stage, since), [] as [&str; 0]);
    assert_eq!(stage.world(), before);
    // the whole stack takes its triggers along, whatever their occasion; the function alone does not
    let args = ["destroy", "--yes", "--only", "lambda_function.fn"];
    let told = refused(&run(&stage, &args).await);
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("calls the function gone-fn on pre_sign_up"),
        "{told}"
    );
    assert!(
        !told.contains("post_confirmation, and would fail"),
        "{told}"
    );
    assert_eq!(stage.world(), before);
    stage.close().await;
}

/// Two instances cannot leave one snapshot, and the account may be full of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_that_cannot_be_made_is_no_surprise() {
    let stage = Stage::open().await;
    let two = "stack: gone\nregion: us-west-2\nrds_instances:\n";
    let each = |n: u32| {
        format!(
            "  n{n}: {{ identifier: gone-{n}, instance_class: db.t3.micro, allocated_storage: 20, master_username: keeper, \
             master_password: \"${{env.DB_PASSWORD}}\" }}\n"
        )
    };
    stage.write("stack.yaml", format!("{two}{}{}", each(1), each(2)));
    well(&run(&stage, &["apply", "--yes"]).await);
    let named = ["destroy", "--yes", "--final-snapshot", "both"];
    let told = refused(&run(&stage, &named).await);
    assert!(told.contains("only one of them"), "{told}");
    stage.change(|w| {
        let of = w.rds.instances["gone-1"].clone();
        for n in 0..99 {
            let id = format!("old-{n}");
            let snapshot = cruddur_infra::sandbox::rds::Snapshot {
                id: id.clone(),
                of: of.clone(),
                created_at: 0,
                ready_at: 0,
                tags: Default::default(),
            };
            w.rds.snapshots.insert(id, snapshot);
        }
    });
    let told = refused(&run(&stage, &["destroy", "--yes"]).await);
    assert!(told.contains("99 of 100 snapshots"), "{told}");
    // one of them fits
    let one = ["destroy", "--yes", "--only", "rds_instance.n2"];
    well(&run(&stage, &one).await);
    assert_eq!(
        stage.world()["rds"]["snapshots"].as_object().unwrap().len(),
        100
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_instance_that_is_protected_says_the_way_out() {
    let stage = made().await;
    stage.change(|w| {
        let instance = w.rds.instances.get_mut(DATABASE).unwrap();
        instance.values.deletion_protection = true;
    });
    well(&run(&stage, &["stop", "--yes"]).await);
    let told = refused(&run(&stage, &["destroy", "--yes"]).await);
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("is stopped: write `deletion_protection: false`, apply, which starts it"),
        "{told}"
    );
    stage.close().await;
}

/// A look that is denied is told: it is not the same as nothing there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_not_be_looked_at_is_a_warning() {
    let stage = made().await;
    let looks = [
        (
            "iam:ListEntitiesForPolicy",
            "to what the policy is attached",
        ),
        ("iam:ListInstanceProfilesForRole", "the instance profiles"),
        ("lambda:ListEventSourceMappings", "what calls the function"),
        ("lambda:ListAliases", "the function's aliases"),
        (
            "rds:DescribeDBSnapshots",
            "whether the snapshot's name is free",
        ),
        ("rds:DescribeAccountAttributes", "the quota of snapshots"),
    ];
    let faults: String = looks
        .iter()
        .map(|(call, _)| format!("- {{ call: \"{call}\", fault: deny }}\n"))
        .collect();
    let blind = stage.with_faults(&faults).await;
    let plan = ["destroy", "--out", "d.json"];
    let told = well(&stage.program(&blind, &plan).await);
    for (call, what) in looks {
        assert!(
            told.contains(what) && told.contains(call),
            "{call} in\n{told}"
        );
    }
    // and the receipt does not say that nothing is there
    let denied = "- { call: \"rds:DescribeDBSnapshots\", fault: deny }\n\
                  - { call: \"logs:DescribeLogGroups\", fault: deny }";
    let blind = stage.with_faults(denied).await;
    let args = ["destroy", "--yes", "--format", "json"];
    let output = stage.program(&blind, &args).await;
    well(&output);
    let receipt = receipt(&output);
    assert_eq!(receipt["complete"], false, "{receipt:#}");
    let unseen: Vec<&str> = receipt["unseen"]
        .as_array()
        .unwrap()
        .iter()
        .map(|u| u["what"].as_str().unwrap())
        .collect();
    assert_eq!(unseen.len(), 2, "{receipt:#}");
    assert!(unseen.contains(&"snapshots") && unseen.contains(&"its log group"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_is_lost_only_where_its_database_is_named() {
    let stage = made().await;
    let since = stage.server.calls().len();
    // what it holds cannot be looked at here, which is not the same as nothing
    let told = refused(&run(&stage, &["destroy", "--yes", "--skip-final-snapshot"]).await);
    for words in [
        "could not be looked at",
        "--yes is not enough to lose the data of rds_instance.main (gone-db)",
        "--allow-data-loss rds_instance.main",
    ] {
        assert!(told.contains(words), "`{words}` in\n{told}");
    }
    assert_eq!(written(&stage, since), [] as [&str; 0]);
    // a saved plan needs the same word
    let save = ["destroy", "--skip-final-snapshot", "--out", "d.json"];
    well(&run(&stage, &save).await);
    let told = refused(&run(&stage, &["apply", "d.json", "--yes"]).await);
    assert!(
        told.contains("--allow-data-loss rds_instance.main"),
        "{told}"
    );
    assert_eq!(written(&stage, since), [] as [&str; 0]);
    let named = ["--allow-data-loss", "rds_instance.main"];
    well(&run(&stage, &[&save[..], &named].concat()).await);
    well(&run(&stage, &["apply", "d.json", "--yes"]).await);
    assert!(
        stage.world()["rds"]["snapshots"]
            .as_object()
            .unwrap()
            .is_empty()
    );
    stage.close().await;
}

/// The log of a function stays, and so do snapshots of any age; each with its price and the command.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_receipt_says_what_stays_and_what_it_costs() {
    let stage = made().await;
    let group = format!("/aws/lambda/{FUNCTION}");
    stage.change(|w| {
        let log = Group {
            id: "lg-1".to_owned(),
            created: 0,
            retention_days: None,
            class: "STANDARD".to_owned(),
            kms_key: None,
            tags: Default::default(),
            streams: Default::default(),
        };
        w.logs.groups.insert(group.clone(), log);
        let mut old = w.rds.instances[DATABASE].clone();
        old.values.allocated_storage = 30;
        let old = cruddur_infra::sandbox::rds::Snapshot {
            id: "by-hand".to_owned(),
            of: old,
            created_at: 0,
            ready_at: 0,
            tags: Default::default(),
        };
        w.rds.snapshots.insert("by-hand".to_owned(), old);
    });
    let args = [
        "destroy",
        "--yes",
        "--format",
        "json",
        "--receipt",
        "receipt.json",
    ];
    let output = run(&stage, &args).await;
    well(&output);
    let told = receipt(&output);
    let snapshots = left(&told, "snapshot");
    assert_eq!(snapshots.len(), 2, "{told:#}");
    let last = snapshots.iter().find(|s| *s != "by-hand").unwrap();
    assert!(last.starts_with("gone-db-final-"), "{last}");
    assert_eq!(left(&told, "log group"), std::slice::from_ref(&group));
    assert_eq!(told["usd_a_month"], 0.095 * 50.0, "{told:#}");
    assert_eq!(
        told["prices"],
        json!({"as_of": "2026-11", "region": "us-west-2"})
    );
    let commands: Vec<&str> = told["remains"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|r| r["remove"].as_str())
        .collect();
    for command in [
        "aws rds delete-db-snapshot --region us-west-2 --db-snapshot-identifier by-hand",
        "aws logs delete-log-group --region us-west-2 --log-group-name /aws/lambda/gone-fn",
    ] {
        // and with what else the program was begun with
        let begins = format!("{command} --endpoint-url http://127.0.0.1:");
        assert!(
            commands.iter().any(|c| c.starts_with(&begins)),
            "{commands:#?}"
        );
    }
    let deleted = told["deleted"].as_array().unwrap();
    let database = deleted
        .iter()
        .find(|d| d["address"] == "rds_instance.main")
        .unwrap();
    assert_eq!((deleted.len(), &database["id"]), (7, &json!(DATABASE)));

    // the file is the same, for its owner's eyes alone
    let path = stage.base.join("receipt.json");
    let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(file, told);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // nothing is left to do, and what stays is told once more
    let again = well(&run(&stage, &["destroy", "--yes"]).await);
    assert!(again.contains("Nothing to do"), "{again}");
    assert!(
        again.contains("snapshot by-hand") && again.contains("a month"),
        "{again}"
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_that_cannot_be_written_is_found_before_anything_is_deleted() {
    let stage = made().await;
    let since = stage.server.calls().len();
    let told = refused(&run(&stage, &["destroy", "--yes", "--receipt", "lambda"]).await);
    assert!(told.contains("--receipt lambda: it is a folder"), "{told}");
    let told = refused(&run(&stage, &["destroy", "--yes", "--receipt", "stack.yaml/r"]).await);
    assert!(told.contains("no folder"), "{told}");
    let long = "r".repeat(250);
    let told = refused(&run(&stage, &["destroy", "--yes", "--receipt", &long]).await);
    assert!(told.contains("name too long"), "{told}");
    #[cfg(unix)]
    {
        let full = ["destroy", "--yes", "--receipt", "/dev/full"];
        let told = refused(&run(&stage, &full).await);
        assert!(told.contains("it is no ordinary file"), "{told}");
        let nowhere = ["destroy", "--yes", "--receipt", "/proc/r.json"];
        let told = refused(&run(&stage, &nowhere).await);
        assert!(told.contains("--receipt /proc/r.json: "), "{told}");
    }
    let trials = std::fs::read_dir(&stage.base).unwrap().flatten();
    let trial = |e: std::fs::DirEntry| e.file_name().to_string_lossy().ends_with(".partial");
    assert!(!trials.into_iter().any(trial), "the trial is still there");
    assert_eq!(written(&stage, since), [] as [&str; 0]);
    stage.close().await;
}

/// What cannot be written by then is told; what was deleted is deleted, and decides the exit code.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_that_cannot_be_written_any_more_fails_no_run() {
    let stage = made().await;
    let args = [
        "destroy",
        "--yes",
        "--receipt",
        "r.json",
        "--format",
        "json",
    ];
    let mut command = stage.command(&stage.server, &args);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut text = String::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        if text.is_empty() {
            std::fs::create_dir(stage.base.join("r.json")).unwrap();
        }
        text.push_str(&line);
        text.push('\n');
    }
    assert_eq!(child.wait().await.unwrap().code(), Some(3), "{text}");
    assert!(text.contains("\"event\":\"receipt\""), "{text}");
    assert!(text.contains("\"message\":\"--receipt r.json: "), "{text}");
    stage.close().await;
}

/// What is still there is in use: nobody is told how to delete what hangs on it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stays_is_no_leftover() {
    let stage = made().await;
    let args = [
        "destroy",
        "--yes",
        "--only",
        "cognito_trigger.sign-up",
        "--format",
        "json",
    ];
    let output = run(&stage, &args).await;
    well(&output);
    let told = receipt(&output);
    assert_eq!(told["deleted"].as_array().unwrap().len(), 1, "{told:#}");
    let remains = told["remains"].as_array().unwrap();
    assert!(remains.iter().all(|r| r["what"] == "user pool"), "{told:#}");
    // a second time, too: nothing is to be done then
    let output = run(&stage, &args).await;
    well(&output);
    let told = receipt(&output);
    let remains = told["remains"].as_array().unwrap();
    assert!(remains.iter().all(|r| r["what"] == "user pool"), "{told:#}");
    stage.close().await;
}

/// A function whose interfaces were not waited for to the end is gone all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_gone_is_told_as_gone_where_the_wait_was_broken_off() {
    let stage = made().await;
    let denied = stage
        .with_faults("- { call: \"ec2:DescribeNetworkInterfaces\", from: 1, fault: deny }")
        .await;
    let args = [
        "destroy",
        "--yes",
        "--wait",
        "--only",
        "lambda_function.fn",
        "--only",
        "cognito_trigger.sign-up",
        "--format",
        "json",
    ];
    let output = stage.program(&denied, &args).await;
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    let told = receipt(&output);
    let gone = |told: &Value| {
        let deleted = told["deleted"].as_array().unwrap();
        deleted.iter().any(|d| d["address"] == "lambda_function.fn")
    };
    assert!(gone(&told), "{told:#}");
    let kept = told["kept"].to_string();
    assert!(!kept.contains("did not end well"), "{told:#}");
    let unseen = told["unseen"].to_string();
    assert!(unseen.contains("not waited for any longer"), "{told:#}");

    // a look that was denied is not the same as nothing to wait for
    let output = stage.program(&denied, &args).await;
    assert_ne!(output.status.code(), Some(0), "{}", err(&output));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("ec2:DescribeNetworkInterfaces"), "{told}");
    stage.close().await;
}

/// Interfaces of a deleted function are reported, and waited for where that is asked; also by a run that finds nothing
/// else to do, and by one after an interruption.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interfaces_that_linger_are_told_and_awaited_on_demand() {
    let stage = made().await;
    well(&run(&stage, &["destroy", "--yes"]).await);
    let now = stage.sandbox.store.timing().now();
    let linger = |until: i64| {
        stage.change(|w| {
            let subnet = w.ec2.subnets[0].id.clone();
            let group = w.ec2.groups[0].id.clone();
            let mut serial = w.serial;
            for name in [FUNCTION, "gone-fn-of-somebody-else"] {
                w.ec2.attach_function_interfaces(
                    &mut serial,
                    name,
                    std::slice::from_ref(&subnet),
                    std::slice::from_ref(&group),
                    now,
                );
                w.ec2.release_function_interfaces(name, until);
            }
            w.serial = serial;
        });
    };
    // for ever, as far as this test goes
    linger(i64::MAX);
    let output = run(&stage, &["destroy", "--yes", "--format", "json"]).await;
    well(&output);
    let told = receipt(&output);
    let interfaces = left(&told, "network interface");
    assert_eq!(interfaces.len(), 1, "only its own: {told:#}");
    let text = well(&run(&stage, &["destroy", "--yes"]).await);
    assert!(text.contains("Nothing to do"), "{text}");
    assert!(text.contains("What goes by itself:"), "{text}");
    assert!(text.contains(&interfaces[0]), "{text}");

    // a wait that is broken off: gone is the function all the same, and what lingers is told
    #[cfg(unix)]
    {
        let args = ["destroy", "--yes", "--wait", "--format", "json"];
        let mut command = stage.command(&stage.server, &args);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut text = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains("\"waiting\"") && !text.contains("\"waiting\"") {
                use rustix::process::{Pid, Signal, kill_process};
                let pid = Pid::from_raw(child.id().unwrap().cast_signed()).unwrap();
                kill_process(pid, Signal::INT).unwrap();
            }
            text.push_str(&line);
            text.push('\n');
        }
        assert_eq!(child.wait().await.unwrap().code(), Some(130), "{text}");
        let told = receipt_of(&text);
        assert!(
            !told["kept"].to_string().contains("lambda_function.fn"),
            "{told:#}"
        );
        let deleted = told["deleted"].as_array().unwrap();
        assert_eq!(deleted.len(), 1, "{told:#}");
        assert_eq!(left(&told, "network interface"), interfaces, "{told:#}");
        assert!(
            told["remains"]
                .to_string()
                .contains("not waited for any longer"),
            "{told:#}"
        );
    }

    // they go while they are waited for
    let args = ["destroy", "--yes", "--wait", "--format", "json"];
    let mut command = stage.command(&stage.server, &args);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut text = String::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        text.push_str(&line);
        text.push('\n');
        let event: Value = serde_json::from_str(&line).unwrap();
        if event["event"] == "waiting" {
            assert_eq!(event["address"], "lambda_function.fn", "{line}");
            assert!(line.contains(&interfaces[0]), "{line}");
            stage.change(|w| w.ec2.interfaces.clear());
        }
    }
    assert!(child.wait().await.unwrap().success(), "{text}");
    assert!(text.contains("\"event\":\"waiting\""), "{text}");
    let told = receipt_of(&text);
    assert!(left(&told, "network interface").is_empty(), "{told:#}");
    stage.close().await;
}
