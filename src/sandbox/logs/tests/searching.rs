//! A group is searched by time and by words.

use super::super::pattern::Pattern;
use super::*;

/// All pages of a search, and how many there were.
async fn search(b: &Bench, mut body: Value) -> (Vec<String>, usize) {
    let mut found = Vec::new();
    body["logGroupName"] = json!(GROUP);
    for pages in 1.. {
        let page = ok(b, "FilterLogEvents", body.clone()).await;
        assert_eq!(page["searchedLogStreams"], json!([]));
        found.extend(messages(&page).into_iter().map(str::to_owned));
        match page.get("nextToken") {
            Some(token) => body["nextToken"] = token.clone(),
            None => return (found, pages),
        }
    }
    unreachable!()
}

#[tokio::test]
async fn streams_are_interleaved_by_time() {
    let b = with_stream().await;
    ok(
        &b,
        "CreateLogStream",
        json!({"logGroupName": GROUP, "logStreamName": "t"}),
    )
    .await;
    let at = now(&b);
    put(&b, "t", at + 1, &["t1", "t2", "t3"]).await;
    put(&b, "s", at, &["s0", "s1", "s2"]).await;
    let all = ["s0", "t1", "s1", "t2", "s2", "t3"];
    assert_eq!(search(&b, json!({})).await.0, all);
    // both ends of the range are in it
    let range = json!({"startTime": at + 1, "endTime": at + 2});
    assert_eq!(search(&b, range).await.0, ["t1", "s1", "t2", "s2"]);
    let (paged, pages) = search(&b, json!({"limit": 4})).await;
    assert_eq!(
        (paged.as_slice(), pages),
        (all.map(str::to_owned).as_slice(), 2)
    );
    // this clock stands before 2024
    let newest = json!({"logGroupName": GROUP, "startFromHead": false, "startTime": at});
    let (code, _) = refused(&b, "FilterLogEvents", newest).await;
    assert_eq!(code, "InvalidParameterException");
    for (body, wanted) in [
        (json!({"logStreamNames": ["s"]}), vec!["s0", "s1", "s2"]),
        (json!({"logStreamNamePrefix": "t"}), vec!["t1", "t2", "t3"]),
        (json!({"logStreamNames": ["none"]}), vec![]),
    ] {
        assert_eq!(search(&b, body).await.0, wanted);
    }
    let found = ok(
        &b,
        "FilterLogEvents",
        json!({"logGroupName": GROUP, "limit": 1}),
    )
    .await;
    let event = &found["events"][0];
    assert_eq!(
        (
            &event["logStreamName"],
            &event["timestamp"],
            &event["ingestionTime"]
        ),
        (&json!("s"), &json!(at), &json!(at))
    );
    assert_eq!(event["eventId"].as_str().unwrap().len(), 56);

    let both = json!({"logGroupName": GROUP, "logStreamNames": ["s"], "logStreamNamePrefix": "s"});
    let (code, _) = refused(&b, "FilterLogEvents", both).await;
    assert_eq!(code, "InvalidParameterException");
    let token = json!({"logGroupName": GROUP, "nextToken": "nonsense"});
    let (_, message) = refused(&b, "FilterLogEvents", token).await;
    assert_eq!(message, "The specified nextToken is invalid.");
}

#[tokio::test]
async fn newest_first_is_possible_since_2024() {
    let b = with_stream().await;
    b.pass(300 * 86_400);
    let at = now(&b);
    put(&b, "s", at, &["a", "b", "c"]).await;
    let newest = json!({"startFromHead": false, "startTime": at, "limit": 2});
    assert_eq!(
        search(&b, newest).await,
        (vec!["c".into(), "b".into(), "a".into()], 2)
    );
}

#[tokio::test]
async fn a_page_may_be_empty_and_not_the_last() {
    let b = with_stream().await;
    let at = now(&b);
    let noise = vec!["noise"; 2500];
    put(&b, "s", at, &noise).await;
    put(&b, "s", at + 2500, &["ERROR at last"]).await;
    let first = ok(
        &b,
        "FilterLogEvents",
        json!({"logGroupName": GROUP, "filterPattern": "ERROR"}),
    )
    .await;
    assert_eq!(messages(&first), [""; 0]);
    assert!(first["nextToken"].is_string());
    let (found, pages) = search(&b, json!({"filterPattern": "ERROR"})).await;
    assert_eq!((found, pages), (vec!["ERROR at last".to_owned()], 3));
}

#[tokio::test]
async fn late_events_are_found_by_a_window_that_goes_back() {
    let b = with_stream().await;
    let at = now(&b);
    put(&b, "s", at + 10, &["new"]).await;
    put(&b, "s", at, &["late"]).await;
    assert_eq!(search(&b, json!({"startTime": at + 10})).await.0, ["new"]);
    assert_eq!(
        search(&b, json!({"startTime": at})).await.0,
        ["late", "new"]
    );
}

#[test]
fn patterns_of_words() {
    let matches = |pattern: &str, message: &str| Pattern::parse(pattern).unwrap().matches(message);
    for (pattern, message, wanted) in [
        ("", "anything", true),
        ("ERROR", "[ERROR] no", true),
        ("ERROR", "error", false),
        ("ERROR no", "no ERROR", true),
        ("ERROR no", "ERROR", false),
        (
            "\"Task timed out\"",
            "x Task timed out after 3.00 seconds",
            true,
        ),
        ("\"Task timed out\"", "timed out Task", false),
        ("\"a \\\"b\\\"\"", "a \"b\"", true),
        ("?ERROR ?Exception", "an Exception", true),
        ("?ERROR ?\"timed out\"", "Task timed out", true),
        ("?ERROR ?Exception", "fine", false),
        ("ERROR -Exiting", "ERROR", true),
        ("ERROR -Exiting", "ERROR Exiting", false),
        ("-\"not this\"", "not this", false),
        // next to others a term with a question mark does not count
        ("?ERROR fine", "fine", true),
    ] {
        assert_eq!(matches(pattern, message), wanted, "{pattern}: {message}");
    }
    for wrong in ["{ $.x = 1 }", "[a, b]", "%x%", "a-b", "\"open", "?", "- x"] {
        assert!(Pattern::parse(wrong).is_err(), "{wrong}");
    }
}
