//! Events are put, and read stream by stream.

use super::*;

#[tokio::test]
async fn a_batch_is_taken_as_far_as_it_is_good() {
    let b = with_stream().await;
    let at = now(&b);
    let event = |timestamp: i64| json!({"timestamp": timestamp, "message": timestamp.to_string()});
    let put = |events: Vec<Value>| json!({"logGroupName": GROUP, "logStreamName": "s", "logEvents": events});
    let taken = ok(
        &b,
        "PutLogEvents",
        put(vec![
            event(at - 15 * DAY),
            event(at - HOUR),
            event(at),
            event(at + 3 * HOUR),
        ]),
    )
    .await;
    assert_eq!(
        taken["rejectedLogEventsInfo"],
        json!({"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 3})
    );
    let found = ok(&b, "FilterLogEvents", json!({"logGroupName": GROUP})).await;
    assert_eq!(messages(&found), [(at - HOUR).to_string(), at.to_string()]);
    let keep = json!({"logGroupName": GROUP, "retentionInDays": 1});
    ok(&b, "PutRetentionPolicy", keep).await;
    let taken = ok(
        &b,
        "PutLogEvents",
        put(vec![event(at - 2 * DAY), event(at)]),
    )
    .await;
    assert_eq!(
        taken["rejectedLogEventsInfo"],
        json!({"expiredLogEventEndIndex": 1})
    );
    ok(&b, "DeleteRetentionPolicy", json!({"logGroupName": GROUP})).await;

    let large = json!({"timestamp": at, "message": "x".repeat(600_000)});
    for (events, words) in [
        (vec![event(at), event(at - 1)], "chronological order"),
        (vec![event(at - 2 * DAY), event(at)], "more than 24 hours"),
        (vec![large.clone(), large], "Upload too large"),
        (
            vec![json!({"timestamp": at, "message": ""})],
            "greater than or equal to 1",
        ),
        (
            vec![json!({"timestamp": -1, "message": "x"})],
            "greater than or equal to 0",
        ),
        (vec![], "greater than or equal to 1"),
    ] {
        let (code, message) = refused(&b, "PutLogEvents", put(events)).await;
        assert_eq!(code, "InvalidParameterException", "{message}");
        assert!(message.contains(words), "{message}");
    }
    let mut nowhere = put(vec![event(at)]);
    nowhere["logStreamName"] = json!("none");
    assert_eq!(
        refused(&b, "PutLogEvents", nowhere).await,
        (
            "ResourceNotFoundException".to_owned(),
            "The specified log stream does not exist.".to_owned()
        )
    );
}

#[tokio::test]
async fn a_stream_is_read_in_both_directions() {
    let b = with_stream().await;
    let at = now(&b);
    put(&b, "s", at, &["a", "b", "c", "d", "e"]).await;
    let get = |token: Option<&Value>, head: bool| {
        let mut body =
            json!({"logGroupName": GROUP, "logStreamName": "s", "limit": 2, "startFromHead": head});
        if let Some(token) = token {
            body["nextToken"] = token.clone();
        }
        body
    };
    // from the end, as is the default
    let last = ok(&b, "GetLogEvents", get(None, false)).await;
    assert_eq!(messages(&last), ["d", "e"]);
    let before = ok(
        &b,
        "GetLogEvents",
        get(Some(&last["nextBackwardToken"]), false),
    )
    .await;
    assert_eq!(messages(&before), ["b", "c"]);
    let again = ok(
        &b,
        "GetLogEvents",
        get(Some(&before["nextForwardToken"]), true),
    )
    .await;
    assert_eq!(messages(&again), ["d", "e"]);
    // forwards to the end, where the token stays the same, until more comes
    let mut answer = ok(&b, "GetLogEvents", get(None, true)).await;
    let mut all: Vec<String> = Vec::new();
    let end = loop {
        all.extend(messages(&answer).into_iter().map(str::to_owned));
        let token = answer["nextForwardToken"].clone();
        answer = ok(&b, "GetLogEvents", get(Some(&token), true)).await;
        if answer["nextForwardToken"] == token {
            break token;
        }
    };
    assert_eq!(all, ["a", "b", "c", "d", "e"]);
    let back = ok(
        &b,
        "GetLogEvents",
        get(Some(&answer["nextBackwardToken"]), false),
    )
    .await;
    assert_eq!(messages(&back), ["d", "e"]);
    put(&b, "s", at + 9, &["f"]).await;
    let more = ok(&b, "GetLogEvents", get(Some(&end), true)).await;
    assert_eq!(messages(&more), ["f"]);
    // the end of the range is not in it
    let range = json!({"logGroupName": GROUP, "logStreamName": "s", "startTime": at + 1, "endTime": at + 3});
    let found = ok(&b, "GetLogEvents", range).await;
    assert_eq!(messages(&found), ["b", "c"]);
    let shown = &found["events"][0];
    assert_eq!(
        shown,
        &json!({"timestamp": at + 1, "message": "b", "ingestionTime": at})
    );

    let (code, _) = refused(&b, "GetLogEvents", get(Some(&json!("f/x/s")), true)).await;
    assert_eq!(code, "InvalidParameterException");
    let none = json!({"logGroupName": GROUP, "logStreamName": "none"});
    assert_eq!(
        refused(&b, "GetLogEvents", none).await.1,
        "The specified log stream does not exist."
    );
}

#[tokio::test]
async fn a_stream_without_events_is_followed_from_its_first() {
    let b = with_stream().await;
    let mut body = json!({"logGroupName": GROUP, "logStreamName": "s"});
    let empty = ok(&b, "GetLogEvents", body.clone()).await;
    assert_eq!(messages(&empty), [""; 0]);
    body["nextToken"] = empty["nextForwardToken"].clone();
    put(&b, "s", now(&b), &["first"]).await;
    let found = ok(&b, "GetLogEvents", body).await;
    assert_eq!(messages(&found), ["first"]);
}

#[tokio::test]
async fn only_the_newest_events_are_kept() {
    let b = with_stream().await;
    let store = &b.sandbox.store;
    let at = now(&b);
    let lines = |from: i64, count: i64| -> Vec<(Moment, String)> {
        (from..from + count)
            .map(|n| (at + n, format!("event {n}")))
            .collect()
    };
    super::super::write(store, GROUP, "s", &lines(0, 10_500)).unwrap();
    let group = store.read(|w| w.logs.groups[GROUP].clone()).unwrap();
    let path = b
        .dir
        .path()
        .join("logs")
        .join(format!("{}.jsonl", group.id));
    let in_file = || std::fs::read_to_string(&path).unwrap().lines().count();
    let kept = || kept::events(store, &group).unwrap();
    assert_eq!((in_file(), kept().len()), (10_500, kept::MOST));
    super::super::write(store, GROUP, "s", &lines(10_500, 600)).unwrap();
    assert_eq!((in_file(), kept().len()), (kept::MOST, kept::MOST));
    let (first, last) = (kept()[0].clone(), kept()[kept::MOST - 1].clone());
    assert_eq!(
        (first.message.as_str(), last.message.as_str()),
        ("event 1100", "event 11099")
    );
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}
