//! `refresh-ip` where nobody sits in front of it.

use crate::cli::Workplace;
use rustix::process::Signal;

/// A workspace's start is never broken, and is told in one line what became of it.
#[test]
fn a_workspace_starts_whatever_comes_of_it() {
    let work = Workplace::light();
    let line = |args: &[&str]| {
        let told = work
            .run(&[&["refresh-ip", "--best-effort"], args].concat())
            .code(0);
        assert_eq!(told.stdout.lines().count(), 1, "{}", told.all());
        assert_eq!(told.stderr, "");
        told.stdout
    };
    assert!(line(&[]).contains("rds_instance.main does not exist yet"));
    assert!(line(&["--file", "none.yaml"]).contains("not done"));
    assert!(line(&["--ip", "10.0.0.1"]).contains("not done"));
    work.run(&["apply", "--only", "security_group_rule.workspace"])
        .code(0);
    assert!(line(&[]).contains("52.94.76.10 is let in"));
    assert!(line(&["--ip", "52.94.76.11"]).contains("52.94.76.11 is let in"));
    // nobody answers there
    let told = work
        .bare(&[
            "--endpoint-url",
            "http://127.0.0.1:9",
            "refresh-ip",
            "--best-effort",
            "--within",
            "1s",
            "--ip",
            "52.94.76.12",
        ])
        .code(0);
    assert_eq!(told.stdout.lines().count(), 1, "{}", told.all());
    assert!(told.stdout.contains("not done"), "{}", told.all());
    // without best effort the same is an error
    work.run(&["refresh-ip", "--ip", "10.0.0.1"]).code(1);
}

/// The rule of a workspace that is gone is removed by the next run of the same person, and nobody else's.
#[test]
fn what_other_workspaces_left_is_swept_when_its_time_is_up() {
    let mut work = Workplace::light();
    let _up = work.serve::<&str>(&[]);
    work.run(&["apply", "--only", "security_group_rule.workspace"])
        .code(0);
    work.edit("expires_after: 7d ", "expires_after: 0s ");
    for (owner, workspace, ip) in [
        ("me", "gone", "52.94.76.21"),
        ("ana", "gone", "52.94.76.22"),
    ] {
        work.set("CRUDDUR_INFRA_OWNER", owner);
        work.set("CRUDDUR_INFRA_WORKSPACE", workspace);
        work.run(&["refresh-ip", "--ip", ip]).code(0);
    }
    work.edit("expires_after: 0s ", "expires_after: 7d ");
    let rules = |work: &Workplace| -> Vec<String> {
        let world = work.world();
        let all = match &world["ec2"]["rules"] {
            serde_json::Value::Object(rules) => rules.values().cloned().collect::<Vec<_>>(),
            serde_json::Value::Array(rules) => rules.clone(),
            other => panic!("{other}"),
        };
        let text = |rule: &serde_json::Value| rule.to_string();
        [
            "52.94.76.10/32",
            "52.94.76.21/32",
            "52.94.76.22/32",
            "52.94.76.23/32",
        ]
        .into_iter()
        .filter(|ip| all.iter().any(|rule| text(rule).contains(ip)))
        .map(str::to_owned)
        .collect()
    };
    assert_eq!(rules(&work).len(), 3);
    // a time that is up is over once the second is
    std::thread::sleep(std::time::Duration::from_millis(1100));
    work.set("CRUDDUR_INFRA_OWNER", "me");
    work.set("CRUDDUR_INFRA_WORKSPACE", "new");
    work.run(&["refresh-ip", "--ip", "52.94.76.23"]).code(0);
    assert_eq!(
        rules(&work),
        ["52.94.76.10/32", "52.94.76.22/32", "52.94.76.23/32"],
        "ana's stays, and so does the one of another person without a time that is up"
    );
    work.run(&["refresh-ip", "--ip", "52.94.76.23"])
        .code(0)
        .says("let in already");
}

#[test]
fn a_watch_goes_on_until_it_is_told_to_stop() {
    let work = Workplace::light();
    let _up = work.serve::<&str>(&[]);
    work.run(&["apply", "--only", "security_group_rule.workspace"])
        .code(0);
    let args = ["--format", "json", "refresh-ip", "--watch", "--every", "1s"];
    let mut watch = work.start(&args);
    let line = watch.line().unwrap();
    assert!(line.contains("\"finished\""), "{line}");
    watch.signal(Signal::INT);
    watch.wait().code(0);
}
