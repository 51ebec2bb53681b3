//! The raw round trip over the real SDK, against a server that answers as it is told.

use super::api::{Pools, whose};
use super::round_trip::{Setting, Wire, set};
use super::{CognitoTrigger, Key, Trigger, Whose};
use crate::aws::{Clients, Settings};
use crate::model::{Class, Residue};
use crate::resource::Resource;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const ARN: &str = "arn:aws:lambda:us-west-2:123456789012:function:ours";

/// What was asked: the operation (or the path), the length that was announced, and the body.
type Asked = Arc<Mutex<Vec<(String, usize, Value)>>>;

/// Serves one answer after the other; the last one for ever.
async fn serve(answers: Vec<(u16, Value)>) -> (Clients, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let log = asked.clone();
    tokio::spawn(async move {
        let mut answers = answers.into_iter().peekable();
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            let (head, length) = loop {
                let mut chunk = [0; 4096];
                let n = socket.read(&mut chunk).await.unwrap();
                bytes.extend_from_slice(&chunk[..n]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    continue;
                };
                let header = |name: &str| {
                    head.lines()
                        .filter_map(|l| l.split_once(": "))
                        .find(|(n, _)| n.eq_ignore_ascii_case(name))
                        .map(|(_, v)| v.to_owned())
                };
                let length: usize = header("content-length").map_or(0, |l| l.parse().unwrap());
                if body.len() < length {
                    continue;
                }
                let what = header("x-amz-target")
                    .unwrap_or_else(|| head.lines().next().unwrap().to_owned());
                log.lock().unwrap().push((
                    what.rsplit('.').next().unwrap().to_owned(),
                    length,
                    serde_json::from_str(body).unwrap_or_default(),
                ));
                break (head.to_owned(), length);
            };
            assert!(head.contains("HTTP/1.1") && length < 100_000);
            let (status, answer) = answers.next().unwrap();
            if answers.peek().is_none() {
                answers = vec![(status, answer.clone())].into_iter().peekable();
            }
            let body = answer.to_string();
            let answer = format!(
                "HTTP/1.1 {status} x\r\ncontent-type: application/x-amz-json-1.1\r\nx-amzn-requestid: r-1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let settings = Settings {
        region: Some("us-west-2".into()),
        profile: None,
        endpoint: Some(endpoint),
        sandbox: true,
        backoff: None,
    };
    (Clients::load(&settings).await.unwrap(), asked)
}

fn pool(trigger: Option<&str>) -> Value {
    let mut pool = json!({
        "Id": "us-west-2_x", "Name": "n", "Arn": "arn:pool", "LastModifiedDate": 1.5,
        "LambdaConfig": {"CustomMessage": "arn:other", "Unheard": {"Of": 1}},
        "DeviceConfiguration": {}, "AutoVerifiedAttributes": [], "Tomorrow": {"Deep": [true, null, "ä"]},
    });
    if let Some(arn) = trigger {
        pool["LambdaConfig"]["PostConfirmation"] = json!(arn);
    }
    json!({ "UserPool": pool })
}

fn setting() -> Setting<'static> {
    Setting {
        id: "us-west-2_x",
        trigger: "PostConfirmation",
        arn: Some(ARN),
        seen: None,
    }
}

#[tokio::test]
async fn members_that_the_sdk_does_not_know_are_sent_back() {
    let (clients, asked) = serve(vec![
        (200, json!({"MfaConfiguration": "OFF"})),
        (200, pool(None)),
        (200, json!({})),
        (200, pool(Some(ARN))),
        (200, json!({"MfaConfiguration": "OFF"})),
    ])
    .await;
    set(&Pools(&clients), setting()).await.unwrap();
    let asked = asked.lock().unwrap();
    let operations: Vec<_> = asked.iter().map(|(op, _, _)| op.as_str()).collect();
    assert_eq!(
        operations,
        [
            "GetUserPoolMfaConfig",
            "DescribeUserPool",
            "UpdateUserPool",
            "DescribeUserPool",
            "GetUserPoolMfaConfig"
        ]
    );
    let (_, length, body) = &asked[2];
    assert_eq!(*length, body.to_string().len());
    assert_eq!(
        *body,
        json!({
            "UserPoolId": "us-west-2_x",
            "LambdaConfig": {"CustomMessage": "arn:other", "Unheard": {"Of": 1}, "PostConfirmation": ARN},
            "DeviceConfiguration": {}, "AutoVerifiedAttributes": [], "Tomorrow": {"Deep": [true, null, "ä"]},
        })
    );
}

#[tokio::test]
async fn refusals_have_their_class() {
    for (code, class) in [
        ("ConcurrentModificationException", Class::Busy),
        ("UserImportInProgressException", Class::Busy),
        ("InvalidParameterException", Class::Invalid),
        ("NotAuthorizedException", Class::Denied),
        ("ResourceNotFoundException", Class::Invalid),
    ] {
        let (clients, _) = serve(vec![
            (200, json!({})),
            (200, pool(None)),
            (400, json!({"__type": code, "message": "no"})),
        ])
        .await;
        let fault = set(&Pools(&clients), setting()).await.unwrap_err();
        assert_eq!(
            (fault.class, fault.residue),
            (class, Residue::Nothing),
            "{code}"
        );
        assert_eq!(fault.code.as_deref(), Some(code));
    }
}

#[tokio::test]
async fn a_pool_that_is_missing_is_an_error() {
    let (clients, _) = serve(vec![(
        400,
        json!({"__type": "ResourceNotFoundException", "message": "no"}),
    )])
    .await;
    let fault = Pools(&clients).describe("us-west-2_x").await.unwrap_err();
    assert_eq!(fault.class, Class::Invalid);
    assert!(fault.help.unwrap().contains("never created"));
}

#[tokio::test]
async fn a_function_is_somebodys() {
    let tagged = |stack: &str| json!({"Tags": {"cruddur-infra:stack": stack}});
    let elsewhere = ARN.replace("us-west-2", "eu-west-1");
    for (arn, status, answer, expected) in [
        (ARN, 200, tagged("cruddur"), Whose::Ours),
        (ARN, 200, tagged("other"), Whose::Foreign),
        (ARN, 200, json!({}), Whose::Foreign),
        (
            ARN,
            404,
            json!({"__type": "ResourceNotFoundException"}),
            Whose::Gone,
        ),
        (
            &elsewhere,
            404,
            json!({"__type": "ResourceNotFoundException"}),
            Whose::Foreign,
        ),
        (
            ARN,
            403,
            json!({"__type": "AccessDeniedException"}),
            Whose::Foreign,
        ),
    ] {
        let (clients, _) = serve(vec![(status, answer.clone())]).await;
        let found = whose(&clients, arn, "cruddur").await.unwrap();
        assert_eq!(found, expected, "{status} {answer}");
    }
}

#[tokio::test]
async fn a_trigger_is_read_with_its_owner() {
    let key = |function: Option<&str>| Key {
        user_pool: "us-west-2_x".into(),
        trigger: Trigger::PostConfirmation,
        function: function.map(str::to_owned),
        stack: "cruddur".into(),
    };
    let (clients, _) = serve(vec![(200, pool(None))]).await;
    let kind = CognitoTrigger::new(clients);
    assert!(kind.read(&key(None)).await.unwrap().is_none());
    // the entry names the function: nobody else is asked
    let (clients, asked) = serve(vec![(200, pool(Some(ARN)))]).await;
    let live = CognitoTrigger::new(clients)
        .read(&key(Some(ARN)))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((live.whose, live.function.as_str()), (Whose::Ours, ARN));
    assert_eq!(asked.lock().unwrap().len(), 1);
    let (clients, _) = serve(vec![(200, pool(Some(ARN))), (200, json!({"Tags": {}}))]).await;
    let live = CognitoTrigger::new(clients)
        .read(&key(Some("new")))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(live.whose, Whose::Foreign);
    assert_eq!(live.pool_arn.as_deref(), Some("arn:pool"));
}
