//! A client that means no good: whatever it sends, the server answers, and stumbles over nothing.

use super::*;
use crate::sandbox::wire::{Call, Input, Params, Service};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

/// The words that the sandbox's own source has in quotes: names of operations, parameters, values, error codes. So what
/// is sent is never far from what is understood, and a new operation is tried without a word here.
fn words() -> &'static [String] {
    static WORDS: OnceLock<Vec<String>> = OnceLock::new();
    WORDS.get_or_init(|| {
        let mut found = BTreeSet::new();
        collect(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sandbox"),
            &mut found,
        );
        assert!(found.len() > 500, "{}", found.len());
        found.into_iter().collect()
    })
}

fn collect(dir: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let words = text.split('"').skip(1).step_by(2);
            found.extend(
                words
                    .filter(|w| {
                        (1..60).contains(&w.len()) && w.chars().all(|c| c.is_ascii_graphic())
                    })
                    .map(str::to_owned),
            );
        }
    }
}

fn word() -> impl Strategy<Value = String> {
    any::<prop::sample::Index>().prop_map(|i| words()[i.index(words().len())].clone())
}

/// A text that is a little odd in one of many ways.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => word(),
        1 => Just(String::new()),
        1 => Just("x".repeat(3000)),
        1 => "-?[0-9]{1,25}",
        1 => "\\PC{0,12}",
        1 => any::<String>(),
        1 => Just("../../../etc/passwd".to_owned()),
        1 => Just("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}".to_owned()),
        1 => Just("[".repeat(5000)),
        1 => Just("<a>&amp;]]>\u{0}\u{fffe}".to_owned()),
        1 => Just("cruddur-user-pool".to_owned()),
        1 => Just("arn:aws:lambda:us-west-2:123456789012:function:f".to_owned()),
        1 => Just("rate(99999999999999999999 days)".to_owned()),
        1 => Just("cron(0 0 31 2 ? *)".to_owned()),
        1 => Just("at(9999-12-31T23:59:59)".to_owned()),
        1 => Just("999.999.999.999/99".to_owned()),
        1 => (word(), word()).prop_map(|(a, b)| format!("{a}{b}")),
    ]
}

fn name() -> impl Strategy<Value = String> {
    let index = prop::sample::select(vec![
        "1",
        "2",
        "0",
        "4294967295",
        "4294967296",
        "-1",
        "member.1",
        "member.x",
        "Item.1",
    ]);
    prop_oneof![
        5 => word(),
        3 => (word(), index.clone()).prop_map(|(w, i)| format!("{w}.{i}")),
        3 => (word(), index, word()).prop_map(|(w, i, v)| format!("{w}.{i}.{v}")),
        1 => text(),
    ]
}

fn data() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => text().prop_map(Value::from),
        2 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(|f| json!(f)),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(3, 20, 5, |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            3 => prop::collection::vec((word(), inner), 0..8)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

/// An object: what every JSON body should be.
fn body() -> impl Strategy<Value = Value> {
    prop_oneof![
        9 => prop::collection::vec((word(), data()), 0..12)
            .prop_map(|m| Value::Object(m.into_iter().collect())),
        1 => data(),
    ]
}

/// The operations of the services, read off the lists that dispatch them.
fn operations(service: Service) -> Vec<String> {
    let list = match service {
        Service::Rds => include_str!("../../rds/mod.rs"),
        Service::Ec2 => include_str!("../../ec2/mod.rs"),
        Service::Iam => include_str!("../../iam/mod.rs"),
        Service::Sts => include_str!("../../sts.rs"),
        Service::CognitoIdp => include_str!("../../cognito/mod.rs"),
        Service::Logs => include_str!("../../logs/mod.rs"),
        Service::Ssm => include_str!("../../ssm/mod.rs"),
        Service::Lambda => include_str!("../routes.rs"),
        Service::Scheduler => include_str!("../../scheduler/mod.rs"),
    };
    let found: Vec<String> = list
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|w| {
            w.len() > 5
                && w.starts_with(|c: char| c.is_ascii_uppercase())
                && w.chars().all(char::is_alphanumeric)
        })
        .map(str::to_owned)
        .collect();
    assert!(!found.is_empty(), "{service:?}");
    found
}

const SERVICES: [Service; 9] = [
    Service::Rds,
    Service::Ec2,
    Service::Iam,
    Service::Sts,
    Service::CognitoIdp,
    Service::Logs,
    Service::Ssm,
    Service::Lambda,
    Service::Scheduler,
];

fn call() -> impl Strategy<Value = Call> {
    let rest = (
        prop::sample::select(vec!["GET", "POST", "PUT", "DELETE", "PATCH"]),
        prop::collection::vec(
            prop_oneof![
                3 => prop::sample::select(vec!["2015-03-31", "2017-03-31", "2018-10-31", "functions", "layers", "versions", "policy", "code", "configuration", "invocations", "tags", "schedules", "schedule-groups", "f"]).prop_map(str::to_owned),
                1 => text(),
            ],
            0..6,
        ),
        prop::collection::vec((word(), text()), 0..4),
        prop::collection::btree_map("x-amz-[a-z-]{1,12}", text(), 0..3),
        prop_oneof![4 => body().prop_map(|b| b.to_string().into_bytes()), 1 => prop::collection::vec(any::<u8>(), 0..60)],
    );
    let params = prop::collection::btree_map(name(), text(), 0..14).prop_map(Params);
    (
        prop::sample::select(SERVICES.to_vec()),
        any::<prop::sample::Index>(),
        params,
        body(),
        rest,
    )
        .prop_map(
            |(service, which, params, body, (method, path, query, headers, bytes))| {
                let all = operations(service);
                let input = match service {
                    Service::CognitoIdp | Service::Logs | Service::Ssm => Input::Json(body),
                    Service::Lambda | Service::Scheduler => Input::Rest {
                        method: method.to_owned(),
                        path,
                        query,
                        headers: headers.into_iter().collect::<BTreeMap<_, _>>(),
                        body: bytes,
                    },
                    _ => Input::Query(params),
                };
                Call {
                    service,
                    operation: all[which.index(all.len())].clone(),
                    input,
                    request_id: "r".to_owned(),
                    region: REGION.to_owned(),
                }
            },
        )
}

/// The way of a call into a service, without HTTP: no answer is "the sandbox stumbled", and none is a broken world.
#[test]
fn no_call_makes_a_service_stumble() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 120;
    }
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let done = runner.run(&prop::collection::vec(call(), 1..12), |calls| {
        runtime.block_on(async {
            let bench = Bench::new();
            for call in calls {
                let (sandbox, asked) = (bench.sandbox.clone(), call.clone());
                match tokio::spawn(async move { sandbox.answer(&asked).await }).await {
                    Ok(Err(e)) if e.code == "InternalFailure" => {
                        return Err(TestCaseError::fail(format!("{e:?}\n{call:?}")));
                    }
                    Ok(_) => {}
                    Err(e) => return Err(TestCaseError::fail(format!("{e}\n{call:?}"))),
                }
            }
            // the world that they have made can be read again
            bench
                .sandbox
                .store
                .read(|_| ())
                .map_err(|e| TestCaseError::fail(format!("{e:?}")))
        })
    });
    if let Err(error) = done {
        panic!("{error}");
    }
}

/// Bytes on the wire: garbage, halves, heads without end. The next client is served as if nothing had been.
#[tokio::test]
async fn no_bytes_keep_the_server_from_the_next_client() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let bench = Bench::new();
    let server = started(&bench, "").await;
    let auth = signed("rds", REGION);
    let head = format!("POST / HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: {auth}\r\n");
    let hostile: Vec<Vec<u8>> = vec![
        vec![0; 10_000],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\n".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        format!("GET /{} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n", "x".repeat(1_000_000)).into_bytes(),
        format!("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n{}\r\n", "a: b\r\n".repeat(100_000)).into_bytes(),
        format!("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx: {}\r\n\r\n", "y".repeat(2_000_000)).into_bytes(),
        format!("{head}content-length: 18446744073709551615\r\n\r\nx").into_bytes(),
        format!("{head}content-length: -1\r\n\r\nx").into_bytes(),
        format!("{head}content-length: 5\r\ncontent-length: 50\r\n\r\nhello").into_bytes(),
        format!("{head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n").into_bytes(),
        format!("{head}transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\nx").into_bytes(),
        format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n").into_bytes(),
        format!("{head}content-type: application/x-www-form-urlencoded\r\ncontent-length: 100\r\n\r\nAction=").into_bytes(),
        format!("{head}expect: 100-continue\r\ncontent-length: 100\r\n\r\n").into_bytes(),
    ];
    for bytes in &hostile {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port()))
            .await
            .unwrap();
        // it may close before everything is sent
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.contains("stumbled"), "{answer}");
        let health = send(&server, "GET", "/_sandbox/health", &[], vec![]).await;
        assert_eq!(health.unwrap().status, 200);
    }
    // many that say nothing do not keep others away, nor the server from ending
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(
            TcpStream::connect(("127.0.0.1", server.port()))
                .await
                .unwrap(),
        );
    }
    let got = form(
        &server,
        "sts",
        "Action=GetCallerIdentity&Version=2011-06-15",
    )
    .await;
    assert_eq!(got.unwrap().status, 200);
    server.shutdown().await;
}

#[tokio::test]
async fn a_page_in_a_browser_cannot_drive_it() {
    let bench = Bench::new();
    let server = started(&bench, "").await;
    let auth = signed("ec2", REGION);
    let signed = ("authorization", auth.as_str());
    let form = ("content-type", "application/x-www-form-urlencoded");
    let create =
        b"Action=CreateSecurityGroup&Version=2016-11-15&GroupName=by-a-page&GroupDescription=d"
            .to_vec();
    let port = format!("127.0.0.1:{}", server.port());
    let rebound = format!("evil.example:{}", server.port());
    for headers in [
        [signed, form, ("host", rebound.as_str())],
        [signed, form, ("origin", "https://evil.example")],
        [signed, form, ("sec-fetch-site", "cross-site")],
    ] {
        let got = send(&server, "POST", "/", &headers, create.clone())
            .await
            .unwrap();
        assert_eq!(got.status, 421, "{headers:?}");
        assert!(got.body.contains("the sandbox"), "{}", got.body);
        let got = send(&server, "GET", "/_sandbox/health", &headers, vec![])
            .await
            .unwrap();
        assert_eq!(got.status, 421, "{headers:?}");
    }
    assert!(server.calls().is_empty(), "they are no calls");
    let headers = [signed, form, ("host", port.as_str())];
    let got = send(&server, "POST", "/", &headers, create).await.unwrap();
    assert_eq!(got.status, 200, "{}", got.body);
    server.shutdown().await;
}

/// It listens on one address, of this machine alone.
#[tokio::test]
async fn nobody_else_reaches_it() {
    let bench = Bench::new();
    let server = started(&bench, "").await;
    assert!(server.address.ip().is_loopback());
    // another loopback address of this machine is another place: it is bound to 127.0.0.1 and nothing more
    assert!(
        TcpStream::connect(("127.0.0.2", server.port()))
            .await
            .is_err()
    );
    server.shutdown().await;
}
