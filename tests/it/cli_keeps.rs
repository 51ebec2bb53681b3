//! `stop --keep` and `--for`: an instance that AWS starts after a week is stopped again, until `start`.

use crate::stage::Stage;
use cruddur_infra::sandbox::scheduler::Schedule;
use cruddur_infra::sandbox::wire::{Call, Input, Params, Service};
use serde_json::Value;
use std::process::Output;

const YAML: &str = r#"
stack: conformance
region: us-west-2
rds_instances:
  main: { identifier: conf-db, instance_class: db.t3.micro, allocated_storage: 20, master_username: keeper, master_password: "${env.DB_PASSWORD}" }
"#;
const ADDR: &str = "rds_instance.main";
const SCHEDULE: &str = "schedule.main-stays-stopped";
const ROLE: &str = "iam_role.main-stays-stopped";

/// A world with the instance.
async fn made() -> Stage {
    let stage = Stage::open().await;
    stage.write("stack.yaml", YAML);
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

async fn json(stage: &Stage, args: &[&str]) -> Value {
    let output = run(stage, &[args, &["--format", "json"]].concat()).await;
    well(&output);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The instance's part of `status`.
async fn status(stage: &Stage) -> Value {
    let rows = json(stage, &["status"]).await;
    let rows = rows["resources"].as_array().unwrap();
    rows.iter().find(|r| r["address"] == ADDR).unwrap().clone()
}

fn schedules(stage: &Stage) -> Vec<Schedule> {
    let world = stage.sandbox.store.read(|w| w.scheduler.clone()).unwrap();
    world.schedules.into_values().collect()
}

fn roles(stage: &Stage) -> Vec<String> {
    let world = stage.sandbox.store.read(|w| w.iam.clone()).unwrap();
    world.roles.into_keys().collect()
}

fn addresses(list: &Value) -> Vec<&str> {
    let all = list.as_array().unwrap().iter();
    all.map(|v| v["address"].as_str().unwrap()).collect()
}

/// A week later: AWS has started it, and the schedule is due.
async fn a_week_later(stage: &Stage) {
    stage.change(|w| {
        let instance = w.rds.instances.get_mut("conf-db").unwrap();
        instance.stopped = None;
        instance.phases.clear();
        for schedule in w.scheduler.schedules.values_mut() {
            schedule.next = Some(0);
        }
    });
    let call = Call {
        service: Service::Rds,
        operation: "DescribeDBInstances".to_owned(),
        input: Input::Query(Params::default()),
        request_id: "r".to_owned(),
        region: "us-west-2".to_owned(),
    };
    stage.sandbox.answer(&call).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_stays_stopped_until_it_is_started() {
    let stage = made().await;
    let told = well(&run(&stage, &["stop", "--for", "30d", "--yes"]).await);
    for word in [
        ROLE,
        SCHEDULE,
        "rds:StopDBInstance",
        "rate(1 hour)",
        "stop is complete",
    ] {
        assert!(told.contains(word), "`{word}` in\n{told}");
    }
    let all = schedules(&stage);
    let [schedule] = all.as_slice() else {
        panic!("{all:?}");
    };
    let days = (schedule.end.unwrap() - schedule.created) / 86_400_000;
    assert!((29..=30).contains(&days), "{schedule:?}");
    assert!(schedule.delete_after);
    assert_eq!(schedule.target["RetryPolicy"]["MaximumRetryAttempts"], 0);
    assert_eq!(roles(&stage), ["conformance-us-west-2-main-stays-stopped"]);

    // told, and left alone
    let row = status(&stage).await;
    assert_eq!(row["state"], "stopped", "{row:#}");
    let kept = row["details"]["kept_stopped"].as_str().unwrap_or_default();
    assert!(kept.contains(SCHEDULE) && kept.contains("until"), "{row:#}");
    for args in [&["plan"][..], &["plan", "--prune"]] {
        let plan = json(&stage, args).await;
        assert!(addresses(&plan["orphans"]).is_empty(), "{plan:#}");
        assert_eq!(addresses(&plan["changes"]), [ADDR], "{plan:#}");
        let warnings = plan["warnings"].to_string();
        assert!(warnings.contains("kept stopped"), "{plan:#}");
    }

    // it does what it is for
    a_week_later(&stage).await;
    assert_eq!(schedules(&stage)[0].firings.last().unwrap().error, None);
    let stopped = |s: &str| ["stopping", "stopped"].contains(&s);
    let row = status(&stage).await;
    assert!(stopped(row["state"].as_str().unwrap()), "{row:#}");

    // for longer, then for ever: the same two
    well(&run(&stage, &["stop", "--for", "8w", "--yes"]).await);
    let later = schedules(&stage)[0].end.unwrap();
    assert!(later > schedule.end.unwrap());
    well(&run(&stage, &["stop", "--keep", "--yes"]).await);
    let forever = &schedules(&stage)[0];
    assert_eq!((forever.end, forever.delete_after), (None, false));
    // and once more: nothing to set up
    let again = well(&run(&stage, &["stop", "--keep", "--yes"]).await);
    assert!(again.contains("Nothing to do"), "{again}");

    let told = well(&run(&stage, &["start"]).await);
    assert!(
        told.contains(SCHEDULE) && told.contains("start is complete"),
        "{told}"
    );
    assert!(schedules(&stage).is_empty() && roles(&stage).is_empty());
    a_week_later(&stage).await;
    let row = status(&stage).await;
    assert_eq!(row["state"], "ready", "{row:#}");
    assert_eq!(row["details"].get("kept_stopped"), None);
    let events = run(&stage, &["start", "--format", "json"]).await;
    well(&events);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_of_two_parts_is_one_run() {
    let stage = made().await;
    for (command, last) in [
        (&["stop", "--keep", "--yes"][..], SCHEDULE),
        (&["start"], ADDR),
    ] {
        let output = run(&stage, &[command, &["--format", "json"]].concat()).await;
        well(&output);
        let text = String::from_utf8(output.stdout).unwrap();
        let events: Vec<Value> = text
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect();
        let of = |name: &str| events.iter().filter(|e| e["event"] == name).count();
        assert_eq!(
            (of("planned"), of("finished"), of("done")),
            (1, 1, 3),
            "{text}"
        );
        assert_eq!(events[0]["steps"], 3, "{text}");
        let end = &events[events.len() - 1];
        assert_eq!(end["event"], "finished");
        assert_eq!(end["summary"]["done"].as_array().unwrap().len(), 3);
        let done = events.iter().rfind(|e| e["event"] == "done").unwrap();
        assert_eq!(done["address"], last, "{text}");
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_it_stopped_goes_with_the_stack() {
    let stage = made().await;
    well(&run(&stage, &["stop", "--keep", "--yes"]).await);
    let destroy = [
        "destroy",
        "--yes",
        "--skip-final-snapshot",
        "--allow-data-loss",
        ADDR,
    ];
    let told = well(&run(&stage, &destroy).await);
    assert!(told.contains(SCHEDULE) && told.contains(ROLE), "{told}");
    assert!(schedules(&stage).is_empty() && roles(&stage).is_empty());
    let world = stage.world();
    let groups = world["scheduler"]["groups"].as_object().unwrap();
    assert_eq!(groups.keys().collect::<Vec<_>>(), ["default"]);
    let told = well(&run(&stage, &destroy).await);
    assert!(told.contains("Nothing to do"), "{told}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nothing_needs_any_more_is_a_leftover() {
    let stage = made().await;
    well(&run(&stage, &["stop", "--for", "1h", "--yes"]).await);
    // over: AWS has deleted the schedule, and not the role
    stage.change(|w| w.scheduler.schedules.clear());
    let plan = json(&stage, &["plan", "--prune"]).await;
    // the role, and the group that has no schedules any more
    assert_eq!(addresses(&plan["orphans"]), [ROLE, SCHEDULE], "{plan:#}");
    well(&run(&stage, &["apply", "--prune", "--yes"]).await);
    assert!(roles(&stage).is_empty());
    let plan = json(&stage, &["plan", "--prune"]).await;
    assert!(addresses(&plan["orphans"]).is_empty(), "{plan:#}");
    // or the instance is no longer in the file
    well(&run(&stage, &["start"]).await);
    well(&run(&stage, &["stop", "--keep", "--yes"]).await);
    stage.write("stack.yaml", "stack: conformance\nregion: us-west-2\n");
    let plan = json(&stage, &["plan", "--prune"]).await;
    assert_eq!(
        addresses(&plan["orphans"]),
        [ROLE, ADDR, SCHEDULE],
        "{plan:#}"
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_look_at_schedules_is_told_where_it_matters() {
    let stage = made().await;
    let blind = stage
        .with_faults("- { call: \"scheduler:*\", fault: deny }")
        .await;
    let plan = stage.program(&blind, &["plan", "--format", "json"]).await;
    let running = String::from_utf8_lossy(&plan.stdout).into_owned();
    assert!(
        plan.status.success() && !running.contains("could not be looked for"),
        "{running}"
    );
    well(&run(&stage, &["stop", "--yes"]).await);
    let plan = stage.program(&blind, &["plan", "--format", "json"]).await;
    let stopped = String::from_utf8_lossy(&plan.stdout).into_owned();
    assert!(
        plan.status.success() && stopped.contains("could not be looked for"),
        "{stopped}"
    );
    // it may start it all the same
    let told = well(&stage.program(&blind, &["start"]).await);
    assert!(told.contains("could not be looked for"), "{told}");
    assert_eq!(status(&stage).await["state"], "ready");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_that_fails_sets_up_nothing() {
    let stage = made().await;
    let broken = stage
        .with_faults("- { call: \"rds:StopDBInstance\", fault: deny }")
        .await;
    let output = stage.program(&broken, &["stop", "--keep", "--yes"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(schedules(&stage).is_empty() && roles(&stage).is_empty());
    // cut off after the role: the same command completes it
    let broken = stage
        .with_faults("- { call: \"scheduler:CreateSchedule\", fault: deny }")
        .await;
    let output = stage.program(&broken, &["stop", "--keep", "--yes"]).await;
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    assert_eq!((schedules(&stage).len(), roles(&stage).len()), (0, 1));
    well(&run(&stage, &["stop", "--keep", "--yes"]).await);
    assert_eq!((schedules(&stage).len(), roles(&stage).len()), (1, 1));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_wrongly_is_refused() {
    let stage = Stage::open().await;
    stage.write("stack.yaml", YAML);
    for wrong in ["30", "d", "0d", "1m", "-1d", "11000w", ""] {
        let output = run(&stage, &["stop", "--for", wrong]).await;
        assert_eq!(output.status.code(), Some(1), "{wrong}");
    }
    let both = run(&stage, &["stop", "--keep", "--for", "1d"]).await;
    assert_eq!(both.status.code(), Some(1));
    let none = run(&stage, &["stop", "--keep", "--yes"]).await;
    assert!(err(&none).contains("does not exist"), "{}", err(&none));
    let taken = format!(
        "{YAML}schedules:\n  main-stays-stopped: {{ name: s, expression: rate(1 hour), action: stop, instance: conf-db, \
         role: \"arn:aws:iam::123456789012:role/r\" }}\n"
    );
    stage.write("stack.yaml", taken);
    let taken = run(&stage, &["stop", "--keep", "--yes"]).await;
    assert!(err(&taken).contains("is in the file"), "{}", err(&taken));
    assert!(roles(&stage).is_empty());
    stage.close().await;
}
