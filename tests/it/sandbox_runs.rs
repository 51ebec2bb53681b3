//! The program and its sandbox: a signal at any moment of a command leaves no Postgres server running; a saved plan to
//! destroy is run as it was saved.
#![cfg(unix)]

use rustix::process::{Pid, Signal, kill_process};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const FILE: &str = "stack: s
region: us-west-2
rds_instances:
  main:
    identifier: signals
    engine: postgres
    engine_version: \"17\"
    instance_class: db.t3.micro
    allocated_storage: 20
    port: 5432
    master_username: someone
    master_password: ${env.SIGNALS_PASSWORD}
";

fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cruddur-infra"));
    command
        .current_dir(dir)
        .arg("--sandbox")
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(dir: &Path, args: &[&str]) -> Output {
    let out = command(dir, args).output().unwrap();
    assert!(
        out.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    out
}

#[test]
fn a_signal_during_a_look_ends_the_databases_too() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("stack.yaml"), FILE).unwrap();
    run(dir.path(), &["apply"]);
    let host = run(dir.path(), &["output", "rds_instance.main.endpoint"]).stdout;
    let host = String::from_utf8(host).unwrap();
    let address = (host.trim(), 5432)
        .to_socket_addrs()
        .unwrap()
        .next()
        .unwrap();
    let listens = || TcpStream::connect_timeout(&address, Duration::from_secs(5)).is_ok();
    let mut interrupted = 0;
    for (args, signal) in [
        (["plan"], Signal::TERM),
        (["status"], Signal::INT),
        (["output"], Signal::TERM),
        (["apply"], Signal::INT),
    ] {
        assert!(!listens(), "the databases end with the command");
        let child = command(dir.path(), &args).spawn().unwrap();
        // not before it listens for signals, which it does before it starts anything; then at once
        for _ in 0..600 {
            if listens() {
                break;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        let _ = kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), signal);
        let out = child.wait_with_output().unwrap();
        interrupted += u32::from(out.status.code() == Some(130));
        assert!(
            out.status.code().is_some(),
            "{args:?} was killed by the signal: {out:?}"
        );
        assert!(!listens(), "{args:?} left its databases running");
    }
    assert!(interrupted > 0, "every command was over before its signal");
    run(dir.path(), &["sandbox", "reset"]);
}

#[test]
fn a_saved_plan_to_destroy_holds_while_nothing_moves() {
    let dir = tempfile::tempdir().unwrap();
    let file = "stack: s
region: us-west-2
iam_roles:
  r: { name: r, assumed_by: lambda.amazonaws.com }
lambda_functions:
  f:
    name: f
    source: src
    handler: main.handler
    runtime: python3.13
    architecture: x86_64
    role: ${iam_role.r.arn}
";
    std::fs::write(dir.path().join("stack.yaml"), file).unwrap();
    std::fs::create_dir(dir.path().join("src")).unwrap();
    std::fs::write(
        dir.path().join("src/main.py"),
        "def handler(event, context):\n    return event\n",
    )
    .unwrap();
    run(dir.path(), &["apply"]);
    run(dir.path(), &["destroy", "--out", "gone.json"]);
    run(dir.path(), &["apply", "gone.json"]);
    let left = run(dir.path(), &["--format", "json", "destroy"]).stdout;
    // the receipt comes before the end
    let left = String::from_utf8(left).unwrap();
    let left = left.lines().last().unwrap();
    let left: serde_json::Value = serde_json::from_str(left).unwrap();
    assert_eq!(left["summary"]["done"], serde_json::json!([]));
}
