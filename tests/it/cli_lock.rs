//! The lock of a stack: of two who want it one runs; people see who holds it, and can break it.
#![cfg(unix)]

use crate::cli::Workplace;
use crate::stage::Stage;
use cruddur_infra::sandbox::server::Server;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

const STACK: &str = "stack: team
region: us-west-2
iam_policies:
  p:
    name: team-policy
    document: { Version: \"2012-10-17\", Statement: [ { Effect: Allow, Action: \"s3:GetObject\", Resource: \"*\" } ] }
rds_instances:
  main:
    identifier: team-db
    engine_version: \"17\"
    instance_class: db.t3.micro
    allocated_storage: 20
    database_name: app
    master_username: keeper
    master_password: ${env.DB_PASSWORD}
";
const NAME: &str = "/cruddur-infra/team/lock";

async fn stage(yaml: &str) -> Stage {
    let stage = Stage::open().await;
    stage.write("stack.yaml", yaml);
    stage
}

fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let text = String::from_utf8(text).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn ends(stage: &Stage, server: &Server, args: &[&str], code: i32) -> String {
    let output = stage.program(server, args).await;
    assert_eq!(output.status.code(), Some(code), "{args:?}: {output:#?}");
    said(&output)
}

fn lock(stage: &Stage) -> Option<Value> {
    let world = stage.world();
    let text = world["ssm"]["parameters"][NAME]["value"].as_str()?;
    Some(serde_json::from_str(text).unwrap())
}

/// Puts a lock there by hand.
fn put(stage: &Stage, text: &str) {
    let parameter = serde_json::from_value(serde_json::json!({
        "sort": "String", "value": text, "description": null, "version": 1, "modified": 0, "tags": {},
    }));
    stage.change(|w| {
        w.ssm.parameters.insert(NAME.to_owned(), parameter.unwrap());
    });
}

fn asked(server: &Server, operation: &str) -> usize {
    let all = server.calls();
    all.iter().filter(|c| c.operation == operation).count()
}

/// Starts an apply that holds the lock, and waits until it does: its instance is on its way.
async fn holding(stage: &Stage, server: &Server) -> Child {
    let args = ["--format", "json", "apply", "--yes", "--lock"];
    let mut command = stage.command(server, &args);
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    waits(command).await
}

/// Starts it, and waits until its instance is on its way.
async fn waits(mut command: tokio::process::Command) -> Child {
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.contains("\"waiting\"") && line.contains("rds_instance.main") {
            // whatever is told after this must find somebody who listens
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return child;
        }
    }
    panic!("the apply ended before it waited for anything");
}

/// A server whose instance is never done, so that an apply stays.
async fn endless(stage: &Stage) -> Server {
    let script = "- { call: \"rds:DescribeDBInstances\", from: 4, fault: { delay_ms: 150 } }\n\
                  - { call: \"rds:DescribeDBInstances\", from: 4, fault: { stale_reads: { for_seconds: 400000 } } }";
    stage.with_faults(script).await
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(child.id().unwrap().cast_signed()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[tokio::test]
async fn a_lock_is_held_for_as_long_as_the_run() {
    let stage = stage(STACK).await;
    ends(&stage, &stage.server, &["apply", "--yes", "--lock"], 0).await;
    assert_eq!(asked(&stage.server, "PutParameter"), 1);
    assert_eq!(asked(&stage.server, "DeleteParameter"), 1);
    assert_eq!(lock(&stage), None);
    // nobody who did not ask for it pays for it
    ends(&stage, &stage.server, &["apply", "--yes"], 0).await;
    assert_eq!(asked(&stage.server, "PutParameter"), 1);
    // and a run that fails gives it back too
    let denied = stage
        .with_faults("- { call: \"iam:GetPolicy\", fault: deny }")
        .await;
    ends(&stage, &denied, &["apply", "--yes", "--lock"], 1).await;
    assert_eq!(asked(&denied, "PutParameter"), 1);
    assert_eq!(lock(&stage), None);
    for command in ["stop", "start", "destroy"] {
        ends(&stage, &stage.server, &[command, "--yes", "--lock"], 0).await;
        assert_eq!(lock(&stage), None, "{command}");
    }
    assert_eq!(asked(&stage.server, "PutParameter"), 4);
}

#[tokio::test]
async fn the_file_may_ask_for_it_so_that_nobody_need_remember() {
    let stage = stage(&STACK.replace("region:", "lock: true\nregion:")).await;
    ends(&stage, &stage.server, &["apply", "--yes", "--no-lock"], 0).await;
    assert_eq!(asked(&stage.server, "PutParameter"), 0);
    ends(&stage, &stage.server, &["apply", "--yes"], 0).await;
    assert_eq!(asked(&stage.server, "PutParameter"), 1);
    stage.write(
        "stack.yaml",
        STACK.replace("region:", "lock: perhaps\nregion:"),
    );
    let told = ends(&stage, &stage.server, &["validate"], 1).await;
    assert!(
        told.contains("`lock` is true or false") && told.contains("write `lock: true`"),
        "{told}"
    );
}

#[tokio::test]
async fn who_comes_second_is_told_who_holds_it() {
    let stage = stage(STACK).await;
    let slow = endless(&stage).await;
    let mut first = holding(&stage, &slow).await;
    let held = lock(&stage).unwrap();
    assert_eq!(held["owner"], "ana");
    assert_eq!(held["command"], "apply");
    let status = ends(&stage, &stage.server, &["lock", "status"], 0).await;
    assert!(
        status.starts_with("locked by ana@laptop since 20") && status.contains("for `apply`"),
        "{status}"
    );
    for command in ["apply", "destroy", "stop", "start"] {
        let told = ends(&stage, &stage.server, &[command, "--yes", "--lock"], 1).await;
        assert!(
            told.contains("the stack is locked by ana@laptop since"),
            "{told}"
        );
        let advice = format!(
            "`cruddur-infra --endpoint-url {} lock break`",
            stage.server.endpoint()
        );
        assert!(told.contains(&advice), "{told}");
    }
    assert_eq!(lock(&stage).unwrap(), held, "nobody steals it");
    // without an answer nothing is broken
    let told = ends(&stage, &stage.server, &["lock", "break"], 1).await;
    assert!(told.contains("there is no terminal to ask on"), "{told}");
    assert_eq!(lock(&stage).unwrap(), held);
    // Ctrl-C: the run ends in order, and gives it back
    signal(&first, Signal::INT);
    assert_eq!(first.wait().await.unwrap().code(), Some(130));
    assert_eq!(lock(&stage), None);
    let status = ends(&stage, &stage.server, &["lock", "status"], 0).await;
    assert_eq!(status, "not locked");
}

#[tokio::test]
async fn a_lock_that_a_killed_run_has_left_is_told_as_such_and_broken_by_hand() {
    let stage = stage(STACK).await;
    let slow = endless(&stage).await;
    let mut first = holding(&stage, &slow).await;
    signal(&first, Signal::KILL);
    first.wait().await.unwrap();
    let held = lock(&stage).unwrap();
    let told = ends(&stage, &stage.server, &["apply", "--yes", "--lock"], 1).await;
    assert!(
        told.contains("that run has ended without giving it back"),
        "{told}"
    );
    assert_eq!(lock(&stage).unwrap(), held, "never in silence");
    let json = stage
        .program(&stage.server, &["--format", "json", "lock", "status"])
        .await;
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&json["locked"], &json["by"]), (&true.into(), &held));
    let told = ends(&stage, &stage.server, &["lock", "break", "--yes"], 0).await;
    assert!(
        told.contains("broken; it was locked by ana@laptop"),
        "{told}"
    );
    assert_eq!(lock(&stage), None);
    ends(&stage, &stage.server, &["lock", "break", "--yes"], 0).await;
    ends(&stage, &stage.server, &["apply", "--yes", "--lock"], 0).await;
}

#[tokio::test]
async fn what_is_broken_is_what_was_shown() {
    let stage = stage(STACK).await;
    put(&stage, "ben, until lunch");
    let told = ends(&stage, &stage.server, &["apply", "--yes", "--lock"], 1).await;
    assert!(
        told.contains("locked by something that cruddur-infra did not write"),
        "{told}"
    );
    // it changes hands between the two looks: the first is answered from the past
    let behind = stage
        .with_faults("- { call: \"ssm:GetParameter\", nth: 1, fault: { stale_reads: { for_seconds: 400000 } } }")
        .await;
    put(&stage, "cleo, until lunch");
    let told = ends(&stage, &behind, &["lock", "break", "--yes"], 1).await;
    assert!(told.contains("has changed hands meanwhile"), "{told}");
    let world = stage.world();
    assert_eq!(
        world["ssm"]["parameters"][NAME]["value"],
        "cleo, until lunch"
    );
}

#[tokio::test]
async fn a_lost_reply_is_settled_by_the_nonce() {
    for fault in ["drop_after", "drop_before", "internal", "throttle"] {
        let stage = stage(STACK).await;
        let server = stage
            .with_faults(&format!(
                "- {{ call: \"ssm:PutParameter\", nth: 1, fault: {fault} }}"
            ))
            .await;
        ends(&stage, &server, &["apply", "--yes", "--lock"], 0).await;
        assert_eq!(lock(&stage), None, "{fault}");
        let sent = if fault == "drop_after" { 1 } else { 2 };
        assert_eq!(asked(&server, "PutParameter"), sent, "{fault}");
    }
    // a refusal that passes is waited out, one that does not is told with what to do
    let stage = stage(STACK).await;
    let server = stage
        .with_faults("- { call: \"ssm:PutParameter\", fault: deny }")
        .await;
    let told = ends(&stage, &server, &["apply", "--yes", "--lock"], 1).await;
    assert!(
        told.contains("ssm:PutParameter") && told.contains("AccessDenied"),
        "{told}"
    );
    assert_eq!(
        asked(&server, "CreatePolicy"),
        0,
        "without the lock nothing is done"
    );
}

/// What a deletion whose reply was lost has done is looked at. The SDK's own repetition would hit the next holder's lock.
#[tokio::test]
async fn a_lost_reply_of_the_giving_back_is_settled_by_looking() {
    for fault in ["drop_after", "drop_before", "internal", "throttle"] {
        for breaks in [false, true] {
            let stage = stage(STACK).await;
            let server = stage
                .with_faults(&format!(
                    "- {{ call: \"ssm:DeleteParameter\", nth: 1, fault: {fault} }}"
                ))
                .await;
            if breaks {
                put(&stage, "ben, until lunch");
                let told = ends(&stage, &server, &["lock", "break", "--yes"], 0).await;
                assert!(told.contains("broken; it was"), "{told}");
            } else {
                let told = ends(&stage, &server, &["apply", "--yes", "--lock"], 0).await;
                assert!(!told.contains("the lock"), "{told}");
            }
            assert!(
                stage.world()["ssm"]["parameters"][NAME].is_null(),
                "{fault}"
            );
            let sent = if fault == "drop_after" { 1 } else { 2 };
            assert_eq!(asked(&server, "DeleteParameter"), sent, "{fault}");
        }
    }
}

#[tokio::test]
async fn a_second_signal_gives_it_back_as_well() {
    let stage = stage(STACK).await;
    // the policy's step looks for longer than anybody waits: after one signal the run stays for the answer
    let slow = stage
        .with_faults(
            "- { call: \"rds:DescribeDBInstances\", from: 4, fault: { stale_reads: { for_seconds: 400000 } } }\n\
             - { call: \"iam:GetPolicy\", from: 2, fault: { delay_ms: 600000 } }",
        )
        .await;
    let mut first = holding(&stage, &slow).await;
    signal(&first, Signal::INT);
    let stays = tokio::time::timeout(Duration::from_millis(500), first.wait());
    assert!(stays.await.is_err(), "one signal was enough");
    signal(&first, Signal::TERM);
    assert_eq!(first.wait().await.unwrap().code(), Some(130));
    assert_eq!(lock(&stage), None);
}

/// The program, begun in such a way that SIGHUP is handled so: `env` of coreutils sets it, whatever these tests were begun
/// with.
#[cfg(target_os = "linux")]
fn with_hangups(
    stage: &Stage,
    server: &Server,
    how: &str,
    args: &[&str],
) -> tokio::process::Command {
    let program = stage.command(server, args);
    let program = program.as_std();
    let mut command = tokio::process::Command::new("env");
    command
        .args([&format!("--{how}-signal=HUP"), "--"])
        .arg(program.get_program())
        .args(program.get_args())
        .current_dir(&stage.base)
        .env_clear()
        .envs(program.get_envs().filter_map(|(n, v)| Some((n, v?))))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

/// The shell says so, and the kernel: that is one signal, and not two.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_terminal_that_goes_away_ends_a_run_in_order() {
    let stage = stage(STACK).await;
    let slow = stage
        .with_faults(
            "- { call: \"rds:DescribeDBInstances\", from: 4, fault: { stale_reads: { for_seconds: 400000 } } }\n\
             - { call: \"iam:GetPolicy\", from: 2, fault: { delay_ms: 1500 } }",
        )
        .await;
    let args = ["--format", "json", "apply", "--yes", "--lock"];
    let mut first = waits(with_hangups(&stage, &slow, "default", &args)).await;
    signal(&first, Signal::HUP);
    tokio::time::sleep(Duration::from_millis(100)).await;
    signal(&first, Signal::HUP);
    // the policy's step is waited for: in order, it is made
    assert_eq!(first.wait().await.unwrap().code(), Some(130));
    assert_eq!(lock(&stage), None);
    assert!(
        stage.world()["iam"]["policies"]
            .to_string()
            .contains("team-policy")
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_was_begun_with_nohup_outlives_its_terminal() {
    let stage = stage(STACK).await;
    let args = ["--format", "json", "apply", "--yes", "--lock"];
    let mut command = with_hangups(&stage, &stage.server, "ignore", &args);
    let mut run = command.stdout(Stdio::null()).spawn().unwrap();
    while lock(&stage).is_none() {
        let ended = tokio::time::timeout(Duration::from_millis(10), run.wait()).await;
        assert!(ended.is_err(), "{ended:?}");
    }
    signal(&run, Signal::HUP);
    assert_eq!(run.wait().await.unwrap().code(), Some(0));
    assert_eq!(lock(&stage), None);
}

#[tokio::test]
async fn a_second_signal_gives_back_what_was_just_being_taken() {
    let stage = stage(STACK).await;
    // it is made, and its maker does not know yet
    let slow = stage
        .with_faults(
            "- { call: \"ssm:PutParameter\", nth: 1, fault: drop_after }\n\
             - { call: \"ssm:GetParameter\", nth: 1, fault: { delay_ms: 600000 } }",
        )
        .await;
    let mut run = stage
        .command(&slow, &["apply", "--yes", "--lock"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    while lock(&stage).is_none() {
        let ended = tokio::time::timeout(Duration::from_millis(50), run.wait()).await;
        assert!(ended.is_err(), "{ended:?}");
    }
    signal(&run, Signal::INT);
    let stays = tokio::time::timeout(Duration::from_millis(500), run.wait());
    assert!(stays.await.is_err(), "one signal was enough");
    signal(&run, Signal::TERM);
    assert_eq!(run.wait().await.unwrap().code(), Some(130));
    assert_eq!(lock(&stage), None);
}

/// Who wants to hear only of what is wrong, or reads objects, is told too, and what would allow it.
#[tokio::test]
async fn a_lock_that_is_not_given_back_is_told_to_everybody() {
    for json in [false, true] {
        let stage = stage(STACK).await;
        let server = stage
            .with_faults("- { call: \"ssm:DeleteParameter\", fault: deny }")
            .await;
        let how: &[&str] = if json { &["--format", "json"] } else { &["-q"] };
        let args = [how, &["apply", "--yes", "--lock"]].concat();
        let output = stage.program(&server, &args).await;
        assert_eq!(output.status.code(), Some(0), "{output:#?}");
        let told = if json {
            let text = String::from_utf8(output.stdout).unwrap();
            let event = |line| serde_json::from_str::<Value>(line).unwrap();
            let mut warnings = text.lines().map(event).filter(|e| e["event"] == "warning");
            let told = warnings.next().expect("it is told");
            format!("{} {}", told["message"], told["help"]).replace("\\\"", "\"")
        } else {
            said(&output)
        };
        for words in [
            "the lock was not given back: ssm:DeleteParameter: AccessDenied",
            &format!(
                "`cruddur-infra --endpoint-url {} lock break`",
                server.endpoint()
            ),
            "\"Action\":\"ssm:DeleteParameter\"",
            "parameter/cruddur-infra/team/lock",
        ] {
            let bare = told.replace(char::is_whitespace, "");
            assert!(bare.contains(&words.replace(' ', "")), "{words} in {told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_at_once_one_waits_for_nobody_and_the_other_changes_nothing() {
    let stage = stage(STACK).await;
    let args = ["apply", "--yes", "--lock"];
    let (a, b) = tokio::time::timeout(Duration::from_secs(240), async {
        tokio::join!(
            stage.program(&stage.server, &args),
            stage.program(&stage.server, &args)
        )
    })
    .await
    .unwrap();
    let codes = [a.status.code(), b.status.code()];
    assert!(codes.contains(&Some(0)), "{a:#?}{b:#?}");
    for output in [&a, &b] {
        match output.status.code() {
            Some(0) => {}
            Some(1) => assert!(
                said(output).contains("the stack is locked by"),
                "{output:#?}"
            ),
            _ => panic!("{output:#?}"),
        }
    }
    assert_eq!(asked(&stage.server, "CreateDBInstance"), 1);
    assert_eq!(lock(&stage), None);
}

#[tokio::test]
async fn a_lock_that_was_broken_during_the_run_is_told_at_its_end() {
    let stage = stage(STACK).await;
    let slow = endless(&stage).await;
    let first = holding(&stage, &slow).await;
    ends(&stage, &stage.server, &["lock", "break", "--yes"], 0).await;
    signal(&first, Signal::INT);
    let output = first.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(lock(&stage), None);
}

/// Programs read until the last event, and no further.
#[tokio::test]
async fn nothing_is_told_after_the_last_event() {
    let stage = stage(STACK).await;
    let slow = endless(&stage).await;
    let events = stage.base.join("events");
    let mut run = stage
        .command(&slow, &["--format", "json", "apply", "--yes", "--lock"])
        .stdout(std::fs::File::create(&events).unwrap())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let told = || std::fs::read_to_string(&events).unwrap();
    while !told().contains("\"waiting\"") {
        let ended = tokio::time::timeout(Duration::from_millis(20), run.wait()).await;
        assert!(ended.is_err(), "{ended:?}");
    }
    ends(&stage, &stage.server, &["lock", "break", "--yes"], 0).await;
    signal(&run, Signal::INT);
    assert_eq!(run.wait().await.unwrap().code(), Some(130));
    let told = told();
    let kinds: Vec<Value> = told
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].clone())
        .collect();
    assert_eq!(kinds[kinds.len() - 2..], ["warning", "finished"], "{told}");
}

#[test]
fn what_changes_a_database_is_refused_while_somebody_holds_it() {
    let work = Workplace::with_database();
    work.run(&["apply"]).code(0);
    // a run that is killed leaves its lock
    let mut run = work.start(&["--format", "json", "stop", "--lock"]);
    while run.line().expect("it waits").contains("\"waiting\"") {}
    run.signal(Signal::KILL);
    run.wait();
    work.run(&["start"]).code(0);
    let lock = work.run(&["lock", "status"]).code(0);
    lock.says("locked by");
    let delete = ["db", "query", "-c", "DELETE FROM public.users"];
    for command in [
        &["db", "load"][..],
        &["db", "seed"],
        &["db", "setup"],
        &["db", "drop"],
        &["db", "create"],
        &["db", "undo"],
        &delete,
    ] {
        let refused = work.run(&[command, &["--lock"]].concat());
        refused.code(1).says("the stack is locked by");
    }
    // what only looks does not ask for it
    for command in [&["db", "sessions"][..], &["db", "undo", "--list"]] {
        work.run(&[command, &["--lock"]].concat()).code(0);
    }
    let count = ["db", "query", "-c", "SELECT count(*) FROM public.users"];
    work.run(&count).code(0).says("4");
    work.run(&["lock", "break", "--yes"]).code(0);
    work.run(&[&delete[..], &["--lock"]].concat()).code(0);
    work.run(&["lock", "status"]).code(0).says("not locked");
}
