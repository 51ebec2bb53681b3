//! Groups, streams, tags.

use super::*;

#[tokio::test]
async fn a_group_is_made_shown_and_deleted() {
    let b = Bench::new();
    let made = json!({"logGroupName": GROUP, "tags": {"a": "b"}});
    assert_eq!(ok(&b, "CreateLogGroup", made.clone()).await, json!({}));
    assert_eq!(
        refused(&b, "CreateLogGroup", made).await,
        (
            "ResourceAlreadyExistsException".to_owned(),
            "The specified log group already exists".to_owned()
        )
    );
    let arn = "arn:aws:logs:us-west-2:123456789012:log-group:/aws/lambda/f";
    assert_eq!(
        ok(&b, "DescribeLogGroups", json!({})).await,
        json!({"logGroups": [{
            "logGroupName": GROUP, "creationTime": now(&b), "metricFilterCount": 0, "arn": format!("{arn}:*"),
            "storedBytes": 0, "logGroupClass": "STANDARD", "logGroupArn": arn, "deletionProtectionEnabled": false,
        }]})
    );
    let tags = json!({ "resourceArn": arn });
    assert_eq!(
        ok(&b, "ListTagsForResource", tags.clone()).await,
        json!({"tags": {"a": "b"}})
    );
    ok(
        &b,
        "TagResource",
        json!({"resourceArn": arn, "tags": {"c": "d"}}),
    )
    .await;
    ok(
        &b,
        "UntagResource",
        json!({"resourceArn": arn, "tagKeys": ["a"]}),
    )
    .await;
    assert_eq!(
        ok(&b, "ListTagsForResource", tags).await,
        json!({"tags": {"c": "d"}})
    );
    let many: serde_json::Map<String, Value> =
        (0..50).map(|n| (n.to_string(), json!("x"))).collect();
    let many = json!({"resourceArn": arn, "tags": many});
    assert_eq!(
        refused(&b, "TagResource", many).await.0,
        "TooManyTagsException"
    );

    ok(&b, "DeleteLogGroup", json!({"logGroupName": GROUP})).await;
    assert_eq!(
        refused(&b, "DeleteLogGroup", json!({"logGroupName": GROUP})).await,
        (
            "ResourceNotFoundException".to_owned(),
            "The specified log group does not exist.".to_owned()
        )
    );
    let none = json!({ "resourceArn": arn });
    assert_eq!(
        refused(&b, "ListTagsForResource", none).await.0,
        "ResourceNotFoundException"
    );
}

#[tokio::test]
async fn a_group_that_is_made_again_does_not_have_the_old_events() {
    let b = with_stream().await;
    put(&b, "s", now(&b), &["old"]).await;
    ok(&b, "DeleteLogGroup", json!({"logGroupName": GROUP})).await;
    ok(&b, "CreateLogGroup", json!({"logGroupName": GROUP})).await;
    let found = ok(&b, "FilterLogEvents", json!({"logGroupName": GROUP})).await;
    assert_eq!(messages(&found), [""; 0]);
    let streams = ok(&b, "DescribeLogStreams", json!({"logGroupName": GROUP})).await;
    assert_eq!(streams, json!({"logStreams": []}));
    let files = std::fs::read_dir(b.dir.path().join("logs")).unwrap();
    let left: Vec<_> = files
        .map(|f| f.unwrap().file_name())
        .filter(|name| name != "lock")
        .collect();
    assert_eq!(left, [""; 0]);
}

#[tokio::test]
async fn what_is_too_old_for_the_groups_retention_is_not_shown() {
    let b = with_stream().await;
    put(&b, "s", now(&b) - 2 * DAY, &["old"]).await;
    put(&b, "s", now(&b), &["new"]).await;
    let found = async || {
        let found = ok(&b, "FilterLogEvents", json!({"logGroupName": GROUP})).await;
        messages(&found).join(" ")
    };
    assert_eq!(found().await, "old new");
    let keep = |days: i64| json!({"logGroupName": GROUP, "retentionInDays": days});
    let (code, _) = refused(&b, "PutRetentionPolicy", keep(2)).await;
    assert_eq!(code, "InvalidParameterException");
    ok(&b, "PutRetentionPolicy", keep(1)).await;
    assert_eq!(found().await, "new");
    let shown = ok(&b, "DescribeLogGroups", json!({})).await;
    assert_eq!(shown["logGroups"][0]["retentionInDays"], 1);
    // 26 bytes more for each event
    assert_eq!(shown["logGroups"][0]["storedBytes"], 29);
    ok(&b, "DeleteRetentionPolicy", json!({"logGroupName": GROUP})).await;
    assert_eq!(found().await, "old new");
    let none = json!({"logGroupName": "none", "retentionInDays": 1});
    assert_eq!(
        refused(&b, "PutRetentionPolicy", none).await.0,
        "ResourceNotFoundException"
    );
}

#[tokio::test]
async fn groups_are_listed_in_pages() {
    let b = Bench::new();
    for name in ["b", "/aws/lambda/one", "a", "/aws/lambda/two"] {
        ok(&b, "CreateLogGroup", json!({"logGroupName": name})).await;
    }
    let names = |answer: &Value| -> Vec<String> {
        let groups = answer["logGroups"].as_array().unwrap().iter();
        groups
            .map(|g| g["logGroupName"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut all = Vec::new();
    let mut body = json!({"limit": 3});
    loop {
        let page = ok(&b, "DescribeLogGroups", body.clone()).await;
        all.extend(names(&page));
        match page.get("nextToken") {
            Some(token) => body["nextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(all, ["/aws/lambda/one", "/aws/lambda/two", "a", "b"]);
    for (body, wanted) in [
        (
            json!({"logGroupNamePrefix": "/aws/lambda/t"}),
            "/aws/lambda/two",
        ),
        (json!({"logGroupNamePattern": "ONE"}), "/aws/lambda/one"),
        (json!({"logGroupIdentifiers": ["a"]}), "a"),
    ] {
        let found = ok(&b, "DescribeLogGroups", body).await;
        assert_eq!(names(&found), [wanted]);
    }
    let both = json!({"logGroupNamePrefix": "a", "logGroupNamePattern": "a"});
    assert_eq!(
        refused(&b, "DescribeLogGroups", both).await.0,
        "InvalidParameterException"
    );
}

#[tokio::test]
async fn streams_are_made_by_calls_and_by_writers() {
    let b = with_stream().await;
    let stream = json!({"logGroupName": GROUP, "logStreamName": "s"});
    assert_eq!(
        refused(&b, "CreateLogStream", stream).await,
        (
            "ResourceAlreadyExistsException".to_owned(),
            "The specified log stream already exists".to_owned()
        )
    );
    let at = now(&b);
    b.pass(10);
    let line = (at + 5, "x".to_owned());
    super::super::write(&b.sandbox.store, GROUP, "2026/11/23/[$LATEST]ab", &[line]).unwrap();
    let shown = ok(&b, "DescribeLogStreams", json!({"logGroupName": GROUP})).await;
    let arn = "arn:aws:logs:us-west-2:123456789012:log-group:/aws/lambda/f:log-stream:";
    assert_eq!(
        shown["logStreams"],
        json!([
            {"logStreamName": "2026/11/23/[$LATEST]ab", "creationTime": at + 10_000,
             "arn": format!("{arn}2026/11/23/[$LATEST]ab"), "storedBytes": 0, "firstEventTimestamp": at + 5,
             "lastEventTimestamp": at + 5, "lastIngestionTime": at + 10_000,
             "uploadSequenceToken": format!("{:056}", at + 10_000)},
            {"logStreamName": "s", "creationTime": at, "arn": format!("{arn}s"), "storedBytes": 0},
        ])
    );
    let mut body =
        json!({"logGroupName": GROUP, "orderBy": "LastEventTime", "descending": true, "limit": 1});
    let first = ok(&b, "DescribeLogStreams", body.clone()).await;
    assert_eq!(
        first["logStreams"][0]["logStreamName"],
        "2026/11/23/[$LATEST]ab"
    );
    body["nextToken"] = first["nextToken"].clone();
    let second = ok(&b, "DescribeLogStreams", body).await;
    assert_eq!(second["logStreams"][0]["logStreamName"], "s");
    assert_eq!(second.get("nextToken"), None);
    let prefix =
        json!({"logGroupName": GROUP, "orderBy": "LastEventTime", "logStreamNamePrefix": "s"});
    assert_eq!(
        refused(&b, "DescribeLogStreams", prefix).await.1,
        "Cannot order by LastEventTime with a logStreamNamePrefix."
    );
}

#[tokio::test]
async fn what_the_model_forbids_is_refused_in_its_words() {
    let b = with_stream().await;
    for (operation, body, code, words) in [
        (
            "CreateLogGroup",
            json!({}),
            "InvalidParameterException",
            "Member must not be null",
        ),
        (
            "CreateLogGroup",
            json!({"logGroupName": "a b"}),
            "InvalidParameterException",
            r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+",
        ),
        (
            "CreateLogGroup",
            json!({"logGroupName": ""}),
            "InvalidParameterException",
            "greater than or equal to 1",
        ),
        (
            "CreateLogGroup",
            json!({"logGroupName": "x".repeat(513)}),
            "InvalidParameterException",
            "less than or equal to 512",
        ),
        (
            "CreateLogGroup",
            json!({"logGroupName": "aws/x"}),
            "InvalidParameterException",
            "reserved",
        ),
        (
            "CreateLogGroup",
            json!({"logGroupName": 5}),
            "SerializationException",
            "string",
        ),
        (
            "CreateLogGroup",
            json!({"logGroupName": "x", "logGroupClass": "CHEAP"}),
            "InvalidParameterException",
            "enum value set",
        ),
        (
            "CreateLogGroup",
            json!({"logGroupName": "x", "tags": {"aws:x": "y"}}),
            "InvalidParameterException",
            "reserved",
        ),
        (
            "CreateLogGroup",
            json!({"logGroupName": "x", "more": 1}),
            "InvalidParameterException",
            "member more",
        ),
        (
            "CreateLogStream",
            json!({"logGroupName": GROUP, "logStreamName": "a:b"}),
            "InvalidParameterException",
            "[^:*]*",
        ),
        (
            "DescribeLogGroups",
            json!({"limit": 51}),
            "InvalidParameterException",
            "less than or equal to 50",
        ),
        (
            "FilterLogEvents",
            json!({}),
            "InvalidParameterException",
            "logGroupIdentifier",
        ),
        (
            "FilterLogEvents",
            json!({"logGroupIdentifier": "arn:aws:logs:us-west-2:999999999999:log-group:x"}),
            "InvalidParameterException",
            "Invalid ARN",
        ),
        (
            "FilterLogEvents",
            json!({"logGroupName": "none"}),
            "ResourceNotFoundException",
            "log group",
        ),
        (
            "Nonsense",
            json!({}),
            "UnknownOperationException",
            "Nonsense",
        ),
    ] {
        let (got, message) = refused(&b, operation, body.clone()).await;
        assert_eq!(got, code, "{operation} {body}: {message}");
        assert!(message.contains(words), "{operation} {body}: {message}");
    }
}
