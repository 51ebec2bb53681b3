//! Over HTTP: envelopes, credentials, limits, the log, drops and shutdown.

mod hostile;
mod http;

use super::bench::{Bench, REGION, texts};
use super::*;
use http::{form, send, signed};
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;

async fn started(bench: &Bench, script: &str) -> Server {
    let faults = Script::parse(script).unwrap();
    Server::start(bench.sandbox.clone(), ServerOptions { port: 0, faults })
        .await
        .unwrap()
}

#[tokio::test]
async fn a_query_call_has_its_envelope() {
    let bench = Bench::new();
    let server = started(&bench, "").await;
    let got = form(
        &server,
        "sts",
        "Action=GetCallerIdentity&Version=2011-06-15",
    )
    .await
    .unwrap();
    assert_eq!(got.status, 200);
    assert_eq!(got.header("content-type"), "text/xml");
    assert!(got.body.contains("<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>"));
    let id = texts(&got.body, "RequestId").remove(0);
    assert_eq!(id, got.header("x-amzn-requestid"));
    assert_eq!(id.len(), 36);
    let got = form(&server, "ec2", "Action=DescribeVpcs&Version=2016-11-15")
        .await
        .unwrap();
    assert_eq!(
        texts(&got.body, "requestId")[0],
        got.header("x-amz-request-id")
    );
    assert!(got.body.contains("<vpcSet>"));
    let by_get = signed("ec2", REGION);
    let got = send(
        &server,
        "GET",
        "/?Action=DescribeVpcs&Version=2016-11-15",
        &[("authorization", &by_get)],
        vec![],
    )
    .await
    .unwrap();
    assert!(got.body.contains("<vpcSet>"));
    server.shutdown().await;
}

#[tokio::test]
async fn errors_have_the_shape_of_their_protocol() {
    let bench = Bench::new();
    let server = started(
        &bench,
        "- {call: 'cognito-idp:*', fault: throttle}\n- {call: 'lambda:*', fault: conflict}",
    )
    .await;
    let got = form(
        &server,
        "ec2",
        "Action=DeleteSecurityGroup&Version=2016-11-15&GroupId=sg-0",
    )
    .await
    .unwrap();
    assert_eq!(got.status, 400);
    assert!(
        got.body
            .contains("<Response><Errors><Error><Code>InvalidGroup.NotFound</Code>")
    );
    assert!(got.body.contains("<RequestID>"));
    let got = form(&server, "sts", "Action=AssumeRole&Version=2011-06-15")
        .await
        .unwrap();
    assert!(
        got.body
            .contains("<Error><Type>Sender</Type><Code>InvalidAction</Code>")
    );
    let auth = signed("cognito-idp", REGION);
    let headers = [
        ("authorization", auth.as_str()),
        (
            "x-amz-target",
            "AWSCognitoIdentityProviderService.ListUserPools",
        ),
        ("content-type", "application/x-amz-json-1.1"),
    ];
    let got = send(&server, "POST", "/", &headers, b"{}".to_vec())
        .await
        .unwrap();
    assert_eq!(
        (got.status, got.header("x-amzn-errortype")),
        (400, "TooManyRequestsException")
    );
    assert_eq!(got.json()["__type"], "TooManyRequestsException");
    let auth = signed("lambda", REGION);
    let got = send(
        &server,
        "GET",
        "/2015-03-31/functions/f",
        &[("authorization", &auth)],
        vec![],
    )
    .await
    .unwrap();
    assert_eq!(
        (got.status, got.header("x-amzn-errortype")),
        (409, "ResourceConflictException")
    );
    assert_eq!(got.json()["Type"], "User");
    assert!(got.json()["message"].is_string());
    let got = send(
        &server,
        "GET",
        "/2015-03-31/nothing",
        &[("authorization", &auth)],
        vec![],
    )
    .await
    .unwrap();
    assert_eq!(got.status, 404);
}

#[tokio::test]
async fn credentials_are_looked_at() {
    let bench = Bench::new();
    let server = started(&bench, "").await;
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let body = || b"Action=DescribeDBInstances&Version=2014-10-31".to_vec();
    let got = send(&server, "POST", "/", &[kind], body()).await.unwrap();
    assert_eq!(got.status, 403);
    assert!(got.body.contains("<Code>MissingAuthenticationToken</Code>"));
    for garbled in [
        "AWS4-HMAC-SHA256 nonsense",
        "Bearer x",
        "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=x, Signature=y",
    ] {
        let got = send(
            &server,
            "POST",
            "/",
            &[kind, ("authorization", garbled)],
            body(),
        )
        .await
        .unwrap();
        assert_eq!(got.status, 403);
        assert!(
            got.body.contains("<Code>IncompleteSignature</Code>"),
            "{}",
            got.body
        );
    }
    let elsewhere = signed("rds", "eu-west-1");
    let got = send(
        &server,
        "POST",
        "/",
        &[kind, ("authorization", &elsewhere)],
        body(),
    )
    .await
    .unwrap();
    assert!(got.body.contains("<Code>SignatureDoesNotMatch</Code>"));
    let got = send(&server, "GET", "/2015-03-31/functions", &[], vec![])
        .await
        .unwrap();
    assert_eq!(
        (got.status, got.header("x-amzn-errortype")),
        (403, "MissingAuthenticationTokenException")
    );
    // signing up needs no credentials, administering does
    for (operation, refused) in [("SignUp", false), ("DescribeUserPool", true)] {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        let got = send(
            &server,
            "POST",
            "/",
            &[("x-amz-target", &target)],
            b"{}".to_vec(),
        )
        .await
        .unwrap();
        assert_eq!(
            got.header("x-amzn-errortype") == "MissingAuthenticationTokenException",
            refused,
            "{}",
            got.body
        );
    }
    let s3 = signed("s3", REGION);
    let got = send(&server, "GET", "/bucket", &[("authorization", &s3)], vec![])
        .await
        .unwrap();
    assert!(got.body.contains("the sandbox has no service 's3'"));
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let bench = Bench::new();
    let server = started(&bench, "").await;
    for (body, code) in [
        ("Version=2016-11-15", "MissingAction"),
        ("Action=DescribeVpcs&Version=2009-01-01", "InvalidAction"),
        ("Action=%3Cx%3E&Version=2016-11-15", "InvalidAction"),
    ] {
        let got = form(&server, "ec2", body).await.unwrap();
        assert!(
            got.body.contains(&format!("<Code>{code}</Code>")),
            "{}",
            got.body
        );
    }
    let auth = signed("cognito-idp", REGION);
    let headers = [
        ("authorization", auth.as_str()),
        (
            "x-amz-target",
            "AWSCognitoIdentityProviderService.DescribeUserPool",
        ),
    ];
    let got = send(&server, "POST", "/", &headers, b"{\"secret\": ".to_vec())
        .await
        .unwrap();
    assert_eq!(got.json()["__type"], "SerializationException");
    assert!(!got.body.contains("secret"));
    let auth = signed("lambda", REGION);
    let headers = [
        ("authorization", auth.as_str()),
        ("content-length", "80000000"),
    ];
    let stream = TcpStream::connect(("127.0.0.1", server.port()))
        .await
        .unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut request = Request::builder()
        .method("POST")
        .uri("/2015-03-31/functions")
        .header("host", "127.0.0.1");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let endless = http_body_util::StreamBody::new(futures_util::stream::pending::<
        Result<hyper::body::Frame<Bytes>, std::convert::Infallible>,
    >());
    let response = sender
        .send_request(request.body(endless).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status().as_u16(), 413);
}

#[tokio::test]
async fn dropped_connections_and_the_log() {
    let bench = Bench::new();
    let script = "- {call: 'ec2:CreateSecurityGroup', nth: 1, fault: drop_before}\n\
                  - {call: 'ec2:CreateSecurityGroup', nth: 2, fault: drop_after}\n";
    let server = started(&bench, script).await;
    let create =
        "Action=CreateSecurityGroup&Version=2016-11-15&GroupName=topsecret&GroupDescription=d";
    let names = async || {
        let got = form(
            &server,
            "ec2",
            "Action=DescribeSecurityGroups&Version=2016-11-15",
        )
        .await
        .unwrap();
        texts(&got.body, "groupName").len()
    };
    assert!(form(&server, "ec2", create).await.is_none());
    assert_eq!(names().await, 1);
    assert!(form(&server, "ec2", create).await.is_none());
    assert_eq!(
        names().await,
        2,
        "the effect was there before the connection went"
    );
    let got = form(&server, "ec2", create).await.unwrap();
    assert!(got.body.contains("InvalidGroup.Duplicate"));
    let calls = server.calls();
    let seen: Vec<_> = calls
        .iter()
        .map(|c| (c.operation.as_str(), c.status))
        .collect();
    assert_eq!(
        seen,
        [
            ("CreateSecurityGroup", None),
            ("DescribeSecurityGroups", Some(200)),
            ("CreateSecurityGroup", None),
            ("DescribeSecurityGroups", Some(200)),
            ("CreateSecurityGroup", Some(400)),
        ]
    );
    assert_eq!(calls[4].code.as_deref(), Some("InvalidGroup.Duplicate"));
    assert_eq!(calls[4].service, "ec2");
    assert_eq!(dependent_round_trips(&calls), 5);
    let log = std::fs::read_to_string(bench.dir.path().join("calls.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 5);
    assert!(!log.contains("topsecret"));
    let last: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!(last["request_id"], got.header("x-amzn-requestid"));
}

#[tokio::test]
async fn calls_in_flight_together_are_one_round_trip() {
    let bench = Bench::new();
    let server = started(&bench, "- {call: '*', fault: {delay_ms: 200}}").await;
    let identity = "Action=GetCallerIdentity&Version=2011-06-15";
    let began = std::time::Instant::now();
    let together = (0..10).map(|_| form(&server, "sts", identity));
    let got = futures_util::future::join_all(together).await;
    assert!(got.iter().all(|g| g.as_ref().unwrap().status == 200));
    assert!(began.elapsed() < Duration::from_millis(1500));
    assert_eq!(dependent_round_trips(&server.calls()), 1);
    form(&server, "sts", identity).await.unwrap();
    assert_eq!(dependent_round_trips(&server.calls()), 2);
}

#[tokio::test]
async fn health_ports_and_shutdown() {
    let bench = Bench::new();
    let server = started(&bench, "- {call: '*', fault: {delay_ms: 300}}").await;
    let health = send(&server, "GET", "/_sandbox/health", &[], vec![])
        .await
        .unwrap()
        .json();
    assert_eq!(health["ok"], true);
    assert_eq!(health["pid"], std::process::id());
    assert_eq!(health["region"], REGION);
    assert!(server.calls().is_empty(), "health is no call");
    assert_eq!(
        server.endpoint(),
        format!("http://127.0.0.1:{}", server.port())
    );
    let port = server.port();
    let taken = Server::start(bench.sandbox.clone(), port)
        .await
        .unwrap_err();
    assert!(matches!(taken, StartError::PortInUse { port: p } if p == port));
    assert!(taken.to_string().contains(&port.to_string()));
    // a call in flight is answered, a new connection is not taken
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let auth = signed("sts", REGION);
    let request = Request::builder()
        .method("POST")
        .uri("/")
        .header("host", format!("localhost:{port}"))
        .header("authorization", auth)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::from(
            "Action=GetCallerIdentity&Version=2011-06-15",
        )))
        .unwrap();
    let flight = tokio::spawn(async move { sender.send_request(request).await.unwrap().status() });
    tokio::time::timeout(Duration::from_millis(100), std::future::pending::<()>())
        .await
        .unwrap_err();
    server.shutdown().await;
    assert_eq!(flight.await.unwrap().as_u16(), 200);
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}
