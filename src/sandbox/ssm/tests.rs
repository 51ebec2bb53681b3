//! Systems Manager by its calls.

use crate::sandbox::server::bench::{Bench, REGION};
use crate::sandbox::wire::{ApiError, Call, Input, Reply, Service};
use serde_json::{Value, json};

const NAME: &str = "/cruddur-infra/cruddur/lock";

async fn ask(b: &Bench, operation: &str, body: Value) -> Result<Value, ApiError> {
    let call = Call {
        service: Service::Ssm,
        operation: operation.to_owned(),
        input: Input::Json(body),
        request_id: "r".to_owned(),
        region: REGION.to_owned(),
    };
    match b.sandbox.answer(&call).await? {
        Reply::Json(200, body) => Ok(body),
        other => panic!("{other:?}"),
    }
}

async fn refused(b: &Bench, operation: &str, body: Value) -> String {
    let error = ask(b, operation, body.clone())
        .await
        .err()
        .unwrap_or_else(|| panic!("{operation} {body} is not refused"));
    assert_eq!(error.status, 400, "{error:?}");
    error.code
}

fn put(value: &str) -> Value {
    json!({"Name": NAME, "Value": value, "Type": "String"})
}

#[tokio::test]
async fn a_parameter_is_made_once_and_overwritten_only_where_that_is_said() {
    let b = Bench::new();
    let made = ask(&b, "PutParameter", put("one")).await.unwrap();
    assert_eq!(made, json!({"Version": 1, "Tier": "Standard"}));
    assert_eq!(
        refused(&b, "PutParameter", put("two")).await,
        "ParameterAlreadyExists"
    );
    let found = ask(&b, "GetParameter", json!({"Name": NAME}))
        .await
        .unwrap();
    assert_eq!(found["Parameter"]["Value"], "one");
    assert_eq!(
        found["Parameter"]["ARN"],
        format!("arn:aws:ssm:{REGION}:123456789012:parameter{NAME}")
    );
    let mut over = put("two");
    over["Overwrite"] = true.into();
    let second = ask(&b, "PutParameter", over.clone()).await.unwrap();
    assert_eq!(second["Version"], 2);
    over["Tags"] = json!([{"Key": "k", "Value": "v"}]);
    assert_eq!(
        refused(&b, "PutParameter", over).await,
        "ValidationException"
    );
    let by_version = json!({"Name": format!("{NAME}:2")});
    let found = ask(&b, "GetParameter", by_version).await.unwrap();
    assert_eq!(found["Parameter"]["Value"], "two");
    let old = json!({"Name": format!("{NAME}:1")});
    assert_eq!(
        refused(&b, "GetParameter", old).await,
        "ParameterVersionNotFound"
    );
}

#[tokio::test]
async fn what_is_not_there_is_neither_read_nor_deleted() {
    let b = Bench::new();
    let name = json!({"Name": NAME});
    for operation in ["GetParameter", "DeleteParameter"] {
        assert_eq!(
            refused(&b, operation, name.clone()).await,
            "ParameterNotFound"
        );
    }
    ask(&b, "PutParameter", put("one")).await.unwrap();
    ask(&b, "DeleteParameter", name.clone()).await.unwrap();
    assert_eq!(
        refused(&b, "DeleteParameter", name).await,
        "ParameterNotFound"
    );
    // and then it can be made again
    ask(&b, "PutParameter", put("two")).await.unwrap();
}

#[tokio::test]
async fn names_and_values_are_judged() {
    let b = Bench::new();
    let with = |name: &str, value: &str| json!({"Name": name, "Value": value, "Type": "String"});
    let deep = "/a".repeat(16);
    for (name, value, code) in [
        ("a b", "x", "ValidationException"),
        ("a/b", "x", "ValidationException"),
        ("/a//b", "x", "ValidationException"),
        ("ssm-x", "x", "ValidationException"),
        ("aws-x", "x", "AccessDeniedException"),
        (deep.as_str(), "x", "HierarchyLevelLimitExceededException"),
        (NAME, "", "ValidationException"),
        (NAME, &"x".repeat(4097), "ValidationException"),
    ] {
        assert_eq!(
            refused(&b, "PutParameter", with(name, value)).await,
            code,
            "{name}"
        );
    }
    let untyped = json!({"Name": NAME, "Value": "x"});
    assert_eq!(
        refused(&b, "PutParameter", untyped).await,
        "ValidationException"
    );
    let secret = json!({"Name": NAME, "Value": "x", "Type": "SecureString"});
    assert_eq!(
        refused(&b, "PutParameter", secret).await,
        "ValidationException"
    );
    assert_eq!(
        refused(&b, "PutParameters", json!({})).await,
        "UnknownOperationException"
    );
}

#[tokio::test]
async fn parameters_have_tags() {
    let b = Bench::new();
    let which = json!({"ResourceType": "Parameter", "ResourceId": NAME});
    assert_eq!(
        refused(&b, "ListTagsForResource", which.clone()).await,
        "InvalidResourceId"
    );
    let mut made = put("x");
    made["Tags"] = json!([{"Key": "a", "Value": "1"}]);
    ask(&b, "PutParameter", made).await.unwrap();
    let mut more = which.clone();
    more["Tags"] = json!([{"Key": "b", "Value": "2"}]);
    ask(&b, "AddTagsToResource", more).await.unwrap();
    let mut less = which.clone();
    less["TagKeys"] = json!(["a"]);
    ask(&b, "RemoveTagsFromResource", less).await.unwrap();
    let left = ask(&b, "ListTagsForResource", which).await.unwrap();
    assert_eq!(left, json!({"TagList": [{"Key": "b", "Value": "2"}]}));
    let other = json!({"ResourceType": "Document", "ResourceId": NAME});
    assert_eq!(
        refused(&b, "ListTagsForResource", other).await,
        "InvalidResourceType"
    );
}
