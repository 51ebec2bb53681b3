//! What a schedule does when it is due.

use super::*;

const HOUR: i64 = 3600;

async fn instance(bench: &Bench) {
    let input = [
        ("DBInstanceIdentifier", "db"),
        ("DBInstanceClass", "db.t3.micro"),
        ("Engine", "postgres"),
        ("MasterUsername", "keeper"),
        ("MasterUserPassword", "huEE33z2Qvl383"),
        ("AllocatedStorage", "20"),
    ];
    bench
        .ask(Service::Rds, "CreateDBInstance", &input)
        .await
        .unwrap();
    bench.pass(600);
    assert_eq!(status(bench).await, "available");
}

async fn status(bench: &Bench) -> String {
    let xml = bench
        .ask(Service::Rds, "DescribeDBInstances", &[])
        .await
        .unwrap();
    crate::sandbox::server::bench::texts(&xml, "DBInstanceStatus").remove(0)
}

fn last(bench: &Bench) -> Option<String> {
    firings(bench).last().unwrap().error.clone()
}

#[tokio::test]
async fn a_rate_calls_at_once_and_then_at_its_pace() {
    let bench = with_role().await;
    instance(&bench).await;
    create(&bench, json!({})).await.unwrap();
    assert_eq!(status(&bench).await, "stopping");
    assert_eq!(last(&bench), None);
    bench.pass(HOUR - 1);
    assert_eq!(status(&bench).await, "stopped");
    assert_eq!(firings(&bench).len(), 1);
    bench.pass(1);
    assert_eq!(status(&bench).await, "stopped");
    let refused = last(&bench).unwrap();
    assert!(refused.starts_with("InvalidDBInstanceState"), "{refused}");
    // what nobody looked at for a while is one firing
    bench.pass(5 * HOUR);
    status(&bench).await;
    assert_eq!(firings(&bench).len(), 3);
}

#[tokio::test]
async fn what_aws_starts_after_a_week_is_stopped_again_within_the_hour() {
    let bench = with_role().await;
    instance(&bench).await;
    create(&bench, json!({})).await.unwrap();
    assert_eq!(status(&bench).await, "stopping");
    bench.pass(7 * 24 * HOUR - 1800);
    assert_eq!(status(&bench).await, "stopped");
    bench.pass(1800);
    assert_eq!(status(&bench).await, "starting");
    bench.pass(600);
    assert_eq!(status(&bench).await, "available");
    bench.pass(HOUR);
    assert_eq!(status(&bench).await, "stopping");
    assert_eq!(last(&bench), None);
}

#[tokio::test]
async fn a_role_that_may_not_is_written_down() {
    for (action, resource) in [
        (
            "rds:StartDBInstance",
            "arn:aws:rds:us-west-2:123456789012:db:db",
        ),
        (
            "rds:StopDBInstance",
            "arn:aws:rds:us-west-2:123456789012:db:other",
        ),
    ] {
        let bench = Bench::new();
        role(&bench, action, resource).await;
        instance(&bench).await;
        create(&bench, json!({})).await.unwrap();
        assert_eq!(status(&bench).await, "available");
        let refused = last(&bench).unwrap();
        assert!(refused.contains("rds:StopDBInstance"), "{refused}");
    }
}

#[tokio::test]
async fn a_role_that_is_gone_is_written_down() {
    let bench = with_role().await;
    instance(&bench).await;
    let later = json!({"ScheduleExpression": "cron(0 0 1 1 ? *)"});
    create(&bench, later).await.unwrap();
    bench
        .sandbox
        .store
        .write(|w| {
            w.iam.roles.clear();
            w.scheduler.schedules.get_mut("default/s").unwrap().next = Some(0);
            Ok(())
        })
        .unwrap();
    assert_eq!(status(&bench).await, "available");
    assert!(last(&bench).unwrap().contains("sts:AssumeRole"));
}

#[tokio::test]
async fn one_that_is_disabled_calls_nothing() {
    let bench = with_role().await;
    instance(&bench).await;
    create(&bench, json!({"State": "DISABLED"})).await.unwrap();
    bench.pass(3 * HOUR);
    assert_eq!(status(&bench).await, "available");
    assert!(firings(&bench).is_empty());
}

#[tokio::test]
async fn a_call_that_failed_is_tried_again_for_as_long_as_it_may() {
    let bench = with_role().await;
    let once = json!({
        "ScheduleExpression": "cron(0 0 1 1 ? *)",
        "Target": {"RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600}},
    });
    create(&bench, once).await.unwrap();
    bench
        .sandbox
        .store
        .write(|w| {
            w.scheduler.schedules.get_mut("default/s").unwrap().next = Some(0);
            Ok(())
        })
        .unwrap();
    for tries in [1, 2, 3, 3] {
        let listed = rest(&bench, "GET", "schedules", &[], Value::Null).await;
        listed.unwrap();
        assert_eq!(firings(&bench).len(), tries);
        assert!(last(&bench).unwrap().starts_with("DBInstanceNotFound"));
        bench.pass(60);
    }
}

#[tokio::test]
async fn what_is_over_goes_where_it_is_told_to() {
    for (after, there) in [("NONE", true), ("DELETE", false)] {
        let bench = with_role().await;
        let end = bench.sandbox.store.timing().now() / 1000 + 2 * HOUR;
        let more = json!({"EndDate": end, "ActionAfterCompletion": after});
        create(&bench, more).await.unwrap();
        let get = || rest(&bench, "GET", NAME, &[], Value::Null);
        assert_eq!(get().await.unwrap()["EndDate"], json!(end as f64));
        bench.pass(HOUR - 1);
        assert!(get().await.is_ok());
        assert_eq!(firings(&bench).len(), 1);
        // the second hour ends with the schedule: nothing is due any more after the first
        bench.pass(1);
        assert_eq!(get().await.is_ok(), there, "{after}");
        bench.pass(5 * HOUR);
        assert_eq!(get().await.is_ok(), there, "{after}");
        assert_eq!(firings(&bench).len(), 2);
    }
}
