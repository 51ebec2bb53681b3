use super::super::invoke;
use super::*;

const POOL: &str = "arn:aws:cognito-idp:us-west-2:123456789012:userpool/us-west-2_abc";
const ARN: &str = "arn:aws:lambda:us-west-2:123456789012:function:f";

fn cognito(sid: &str, source: &str) -> Value {
    json!({
        "StatementId": sid,
        "Action": "lambda:InvokeFunction",
        "Principal": "cognito-idp.amazonaws.com",
        "SourceArn": source,
        "SourceAccount": "123456789012",
    })
}

#[tokio::test]
async fn a_permission_is_a_statement_of_the_policy() {
    let s = Stage::new().await;
    s.create(json!({})).await.unwrap();
    let absent = s.refused("GetPolicy", &["f", "policy"], Value::Null).await;
    assert_eq!(
        (absent.0, absent.1.as_str()),
        (404, "ResourceNotFoundException")
    );
    let added = s
        .ok("AddPermission", &["f", "policy"], cognito("s1", POOL))
        .await;
    let statement: Value = serde_json::from_str(added["Statement"].as_str().unwrap()).unwrap();
    assert_eq!(
        statement,
        json!({
            "Sid": "s1",
            "Effect": "Allow",
            "Principal": {"Service": "cognito-idp.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": ARN,
            "Condition": {
                "StringEquals": {"AWS:SourceAccount": "123456789012"},
                "ArnLike": {"AWS:SourceArn": POOL},
            },
        })
    );
    let again = s
        .refused("AddPermission", &["f", "policy"], cognito("s1", POOL))
        .await;
    assert_eq!(
        (again.0, again.1.as_str()),
        (409, "ResourceConflictException")
    );
    assert!(
        again
            .2
            .starts_with("The statement id (s1) provided already exists.")
    );
    let got = s.ok("GetPolicy", &["f", "policy"], Value::Null).await;
    let policy: Value = serde_json::from_str(got["Policy"].as_str().unwrap()).unwrap();
    assert_eq!(policy["Statement"], json!([statement]));
    assert!(got["RevisionId"].is_string());
    assert_eq!(
        s.refused("RemovePermission", &["f", "policy", "s2"], Value::Null)
            .await
            .0,
        404
    );
    s.ok("RemovePermission", &["f", "policy", "s1"], Value::Null)
        .await;
    assert_eq!(
        s.refused("RemovePermission", &["f", "policy", "s1"], Value::Null)
            .await
            .0,
        404
    );
    assert_eq!(
        s.refused("GetPolicy", &["f", "policy"], Value::Null)
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn bad_permissions_are_refused() {
    let s = Stage::new().await;
    s.create(json!({})).await.unwrap();
    for (name, value, code) in [
        ("StatementId", json!("a b"), "ValidationException"),
        ("StatementId", json!(null), "ValidationException"),
        ("Action", json!("s3:GetObject"), "ValidationException"),
        ("SourceAccount", json!("1"), "ValidationException"),
        ("SourceArn", json!("pool"), "ValidationException"),
        (
            "Principal",
            json!("someone"),
            "InvalidParameterValueException",
        ),
    ] {
        let mut body = cognito("s", POOL);
        body[name] = value;
        assert_eq!(
            s.refused("AddPermission", &["f", "policy"], body.clone())
                .await
                .1,
            code,
            "{body}"
        );
    }
    assert_eq!(
        s.refused("AddPermission", &["g", "policy"], cognito("s", POOL))
            .await
            .0,
        404
    );
    let latest = [("Qualifier", "$LATEST")];
    let body = cognito("s", POOL).to_string().into_bytes();
    let path = ["2015-03-31", "functions", "f", "policy"];
    assert_eq!(
        s.send("AddPermission", &path, &latest, &[], body)
            .await
            .unwrap_err()
            .status,
        400
    );
    let mut refused = None;
    for n in 0..100 {
        let body = cognito(&format!("s{n}"), &format!("{POOL}{}", "x".repeat(300)));
        if let Err(e) = s.call("AddPermission", &["f", "policy"], body).await {
            refused = Some(e.code);
            break;
        }
    }
    assert_eq!(refused.as_deref(), Some("PolicyLengthExceededException"));
}

#[tokio::test]
async fn a_caller_needs_a_permission_that_matches() {
    let s = Stage::new().await;
    s.active(HANDLER, json!({"Timeout": 30})).await;
    let event = json!({"a": 1});
    let caller = Some(("cognito-idp.amazonaws.com", POOL));
    let denied = |r: Result<super::super::Invocation, ApiError>| {
        let e = r.unwrap_err();
        assert_eq!((e.status, e.code.as_str()), (403, "AccessDeniedException"));
    };
    denied(invoke(&s.sandbox, ARN, &event, caller, None).await);
    for (sid, source) in [
        (
            "other",
            "arn:aws:cognito-idp:us-west-2:123456789012:userpool/us-west-2_xyz",
        ),
        (
            "region",
            "arn:aws:cognito-idp:us-east-1:123456789012:userpool/*",
        ),
    ] {
        s.ok("AddPermission", &["f", "policy"], cognito(sid, source))
            .await;
        denied(invoke(&s.sandbox, ARN, &event, caller, None).await);
    }
    let mut account = cognito("account", POOL);
    account["SourceAccount"] = json!("999999999999");
    s.ok("AddPermission", &["f", "policy"], account).await;
    let mut service = cognito("service", POOL);
    service["Principal"] = json!("s3.amazonaws.com");
    s.ok("AddPermission", &["f", "policy"], service).await;
    denied(invoke(&s.sandbox, ARN, &event, caller, None).await);
    let pattern = "arn:aws:cognito-idp:*:123456789012:userpool/us-west-2_*";
    s.ok("AddPermission", &["f", "policy"], cognito("wild", pattern))
        .await;
    let done = invoke(&s.sandbox, ARN, &event, caller, Some(30_000))
        .await
        .unwrap();
    assert_eq!((done.payload, done.error), (event, None));
}
