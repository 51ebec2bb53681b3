//! Create, update, delete, and what is refused.

use super::*;

#[tokio::test]
async fn what_is_not_sent_is_reset_by_an_update() {
    let bench = with_role().await;
    let more = json!({
        "Description": "d", "State": "DISABLED", "ScheduleExpressionTimezone": "UTC",
        "ActionAfterCompletion": "DELETE", "EndDate": 1_800_000_000,
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5},
    });
    let made = create(&bench, more).await.unwrap();
    assert_eq!(
        made["ScheduleArn"],
        "arn:aws:scheduler:us-west-2:123456789012:schedule/default/s"
    );
    let get = || async { rest(&bench, "GET", NAME, &[], Value::Null).await.unwrap() };
    let shown = get().await;
    assert_eq!(shown["Description"], "d");
    assert_eq!(shown["State"], "DISABLED");
    assert_eq!(
        shown["Target"]["RetryPolicy"],
        json!({"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 0})
    );
    let mut bare = hourly();
    bare["Target"]["RetryPolicy"] = Value::Null;
    rest(&bench, "PUT", NAME, &[], bare).await.unwrap();
    let shown = get().await;
    for gone in ["Description", "EndDate"] {
        assert_eq!(shown.get(gone), None, "{gone}");
    }
    assert_eq!(shown["State"], "ENABLED");
    assert_eq!(shown["ActionAfterCompletion"], "NONE");
    assert_eq!(shown["ScheduleExpressionTimezone"], "UTC");
    assert_eq!(shown["FlexibleTimeWindow"], json!({"Mode": "OFF"}));
    assert_eq!(shown["Target"]["RetryPolicy"]["MaximumRetryAttempts"], 185);

    let again = create(&bench, json!({})).await.unwrap_err();
    assert_eq!(
        (again.status, again.code.as_str()),
        (409, "ConflictException")
    );
    rest(&bench, "DELETE", NAME, &[], Value::Null)
        .await
        .unwrap();
    for method in ["DELETE", "GET", "PUT"] {
        let gone = rest(&bench, method, NAME, &[], hourly()).await.unwrap_err();
        assert_eq!(
            (gone.status, gone.code.as_str()),
            (404, "ResourceNotFoundException")
        );
        assert_eq!(gone.message, "Schedule s does not exist.");
    }
}

#[tokio::test]
async fn what_is_wrong_is_refused() {
    let bench = with_role().await;
    for more in [
        json!({"ScheduleExpression": "hourly"}),
        json!({"ScheduleExpression": null}),
        json!({"ScheduleExpression": "at(2020-01-01T00:00:00)"}),
        json!({"EndDate": 1_000_000_000}),
        json!({"StartDate": 1_900_000_000, "EndDate": 1_800_000_000}),
        json!({"State": "PAUSED"}),
        json!({"ActionAfterCompletion": "STAY"}),
        json!({"Description": "d".repeat(513)}),
        json!({"ClientToken": "a b"}),
        json!({"FlexibleTimeWindow": null}),
        json!({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}),
        json!({"Target": {"RoleArn": "stopper"}}),
        json!({"Target": {"Arn": "arn:aws:scheduler:::aws-sdk:rds:haltDBInstance"}}),
        json!({"Target": {"Input": null}}),
        json!({"Target": {"Input": "db"}}),
        json!({"Target": {"Input": "{}"}}),
        // the spelling of RDS's own interface
        json!({"Target": {"Input": "{\"DBInstanceIdentifier\":\"db\"}"}}),
        json!({"Target": {"RetryPolicy": {"MaximumRetryAttempts": 186}}}),
        json!({"Target": {"RetryPolicy": {"MaximumEventAgeInSeconds": 59}}}),
    ] {
        let refused = create(&bench, more.clone()).await.unwrap_err();
        assert_eq!(
            (refused.status, refused.code.as_str()),
            (400, "ValidationException"),
            "{more}"
        );
    }
    let long = format!("schedules/{}", "s".repeat(65));
    let refused = rest(&bench, "POST", &long, &[], hourly())
        .await
        .unwrap_err();
    assert_eq!(refused.code, "ValidationException");
    let nowhere = create(&bench, json!({"GroupName": "g"})).await.unwrap_err();
    assert_eq!(nowhere.message, "Schedule group g does not exist.");
}

#[tokio::test]
async fn a_role_must_be_known_to_scheduler_first() {
    let bench = Bench::new();
    let words =
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.";
    let refused = create(&bench, json!({})).await.unwrap_err();
    assert_eq!(refused.message, words);
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
    .to_string();
    let input = [
        ("RoleName", "stopper"),
        ("AssumeRolePolicyDocument", &trust),
    ];
    bench.ask(Service::Iam, "CreateRole", &input).await.unwrap();
    assert_eq!(
        create(&bench, json!({})).await.unwrap_err().message,
        words,
        "it has not spread yet"
    );
    bench.pass(8);
    create(&bench, json!({})).await.unwrap();
}
