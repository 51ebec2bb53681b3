use super::*;

const QUEUE: &str = "arn:aws:sqs:us-west-2:123456789012:q";

async fn mappings(
    s: &Stage,
    operation: &str,
    more: &[&str],
    body: Value,
) -> Result<Value, ApiError> {
    let mut path = vec!["2015-03-31", "event-source-mappings"];
    path.extend(more);
    let query = [("FunctionName", "f")];
    let query: &[(&str, &str)] = match operation {
        "ListEventSourceMappings" => &query,
        _ => &[],
    };
    match s
        .send(operation, &path, query, &[], body.to_string().into_bytes())
        .await?
    {
        Reply::Json(_, value) => Ok(value),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_calls_a_function_is_kept_until_it_is_parted_and_outlives_it() {
    let s = Stage::new().await;
    s.active(HANDLER, json!({})).await;
    let wanted = json!({"FunctionName": "f", "EventSourceArn": QUEUE});
    let make = async || mappings(&s, "CreateEventSourceMapping", &[], wanted.clone()).await;
    let refused = make().await.unwrap_err();
    assert!(
        refused.message.ends_with("to call ReceiveMessage on SQS"),
        "{refused:?}"
    );
    let may = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}"#;
    s.iam(
        "PutRolePolicy",
        &[
            ("RoleName", "r"),
            ("PolicyName", "q"),
            ("PolicyDocument", may),
        ],
    )
    .await;
    s.pass(60);
    let made = make().await.unwrap();
    assert_eq!(
        (&made["State"], &made["BatchSize"]),
        (&json!("Creating"), &json!(10))
    );
    let twice = make().await.unwrap_err();
    assert_eq!(
        (twice.status, twice.code.as_str()),
        (409, "ResourceConflictException")
    );
    let uuid = made["UUID"].as_str().unwrap();
    s.ok("DeleteFunction", &["f"], Value::Null).await;
    let listed = mappings(&s, "ListEventSourceMappings", &[], json!({}))
        .await
        .unwrap();
    assert_eq!(listed["EventSourceMappings"][0]["UUID"], uuid);
    assert_eq!(listed["EventSourceMappings"][0]["State"], "Enabled");
    let gone = mappings(&s, "DeleteEventSourceMapping", &[uuid], json!({}))
        .await
        .unwrap();
    assert_eq!(gone["State"], "Deleting");
    let again = mappings(&s, "DeleteEventSourceMapping", &[uuid], json!({}))
        .await
        .unwrap_err();
    assert_eq!(again.status, 404);
}

#[tokio::test]
async fn what_cannot_call_a_function_is_refused() {
    let s = Stage::new().await;
    s.active(HANDLER, json!({})).await;
    for (changes, status) in [
        (json!({"EventSourceArn": "arn:aws:s3:::bucket"}), 400),
        (json!({"BatchSize": 0}), 400),
        (json!({"FunctionName": "none"}), 404),
    ] {
        let mut wanted = json!({"FunctionName": "f", "EventSourceArn": QUEUE});
        for (name, value) in changes.as_object().unwrap() {
            wanted[name] = value.clone();
        }
        let refused = mappings(&s, "CreateEventSourceMapping", &[], wanted.clone()).await;
        assert_eq!(refused.unwrap_err().status, status, "{wanted}");
    }
    assert_eq!(
        s.ok("ListAliases", &["f", "aliases"], Value::Null).await,
        json!({"Aliases": []})
    );
    assert_eq!(
        s.refused("ListAliases", &["none", "aliases"], Value::Null)
            .await
            .0,
        404
    );
}
