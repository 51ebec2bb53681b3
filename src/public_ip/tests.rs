//! Against sources on this machine.

use super::*;
use crate::model::{Class, Fault};
use proptest::prelude::*;
use std::future::pending;
use std::net::Ipv6Addr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const A: &str = "8.8.4.4";
const B: &str = "9.9.9.9";

/// How a source on this machine behaves.
#[derive(Clone)]
enum Stub {
    /// Answers 200 with this.
    Says(&'static str),
    /// Answers 200 with this, after a while.
    Slowly(Duration, &'static str),
    /// Writes this to the connection and closes it.
    Writes(String),
    /// Writes this to the connection and keeps it open.
    Begins(&'static str),
    /// Takes the request and is silent.
    Silent,
    /// Closes the connection.
    Hangs,
}

struct Served {
    source: Source,
    task: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

async fn answer(mut stream: TcpStream, stub: Stub) {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.windows(4).any(|w| w == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(n) if n > 0 => request.extend_from_slice(&buffer[..n]),
            _ => return,
        }
    }
    assert!(request.starts_with(b"GET "));
    let text = match stub {
        Stub::Says(body) => ok(body),
        Stub::Slowly(after, body) => {
            let _ = tokio::time::timeout(after, pending::<()>()).await;
            ok(body)
        }
        Stub::Writes(text) => text,
        Stub::Begins(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            pending().await
        }
        Stub::Silent => pending().await,
        Stub::Hangs => return,
    };
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn serve(stub: Stub) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, stub.clone()));
        }
    });
    Served {
        source: Source::new(&format!("http://127.0.0.1:{port}/ip")).unwrap(),
        task,
    }
}

fn provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Far from one another, so that a slow machine does not blur them.
const QUICK: Settings = Settings {
    settle: Duration::from_millis(800),
    total: Duration::from_millis(2500),
};

async fn ask_all(stubs: Vec<Stub>) -> (Result<Ipv4Addr, IpError>, Vec<String>) {
    provider();
    let mut served = Vec::new();
    for stub in stubs {
        served.push(serve(stub).await);
    }
    let sources: Vec<Source> = served.iter().map(|s| s.source.clone()).collect();
    let client = client(&sources).unwrap();
    let found = find(&client, &sources, QUICK).await;
    (found, sources.iter().map(Source::name).collect())
}

fn address(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

#[tokio::test]
async fn sources_that_agree_are_believed() {
    let (found, _) = ask_all(vec![
        Stub::Says(A),
        Stub::Says("8.8.4.4\n"),
        Stub::Says("8.8.4.4\r\n"),
    ])
    .await;
    assert_eq!(found, Ok(address(A)));
}

#[tokio::test]
async fn one_that_disagrees_is_enough_to_stop() {
    let (found, names) = ask_all(vec![
        Stub::Says(A),
        Stub::Says(A),
        Stub::Says(B),
        Stub::Says(""),
    ])
    .await;
    let error = found.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the sources of this machine's public address disagree: {} and {} say {A}, {} says {B}; {} gave an empty answer",
            names[0], names[1], names[2], names[3]
        )
    );
    assert!(error.help().contains("--ip ADDRESS"));
    assert_eq!(Fault::from(error).class, Class::Invalid);
}

#[tokio::test]
async fn a_third_that_disagrees_a_little_later_is_heard() {
    let (found, _) = ask_all(vec![
        Stub::Says(A),
        Stub::Says(A),
        Stub::Slowly(Duration::from_millis(50), B),
    ])
    .await;
    assert!(matches!(found, Err(IpError::Disagreement(_))));
}

#[tokio::test]
async fn rubbish_does_not_block_two_that_agree() {
    for rubbish in [
        Stub::Says("<html><body>8.8.4.4</body></html>"),
        Stub::Says("2001:4860:4860::8888"),
        Stub::Says("192.168.1.1"),
        Stub::Says(""),
        Stub::Hangs,
        Stub::Silent,
        Stub::Writes(
            "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 7\r\n\r\n9.9.9.9".to_owned(),
        ),
        Stub::Writes("HTTP/1.1 204 No Content\r\n\r\n".to_owned()),
        Stub::Writes("SSH-2.0-OpenSSH_9.9\r\n".to_owned()),
        Stub::Writes(ok(&"9".repeat(100_000))),
    ] {
        let (found, _) = ask_all(vec![rubbish, Stub::Says(A), Stub::Says(A)]).await;
        assert_eq!(found, Ok(address(A)));
    }
}

#[tokio::test]
async fn one_alone_is_not_believed() {
    let (found, names) = ask_all(vec![
        Stub::Says(A),
        Stub::Says("2a00::7"),
        Stub::Says("10.0.0.7"),
        Stub::Writes(ok(&format!("{A}{}", " ".repeat(100)))),
    ])
    .await;
    assert_eq!(
        found.unwrap_err().to_string(),
        format!(
            "only {} told a public address ({A}), and 2 must agree; {} told the IPv6 address 2a00::7, \
             {} told 10.0.0.7, which is an address of a private network (RFC 1918), \
             {} gave an answer of more than 64 bytes",
            names[0], names[1], names[2], names[3]
        )
    );
}

#[tokio::test]
async fn two_private_addresses_that_agree_are_none() {
    let (found, _) = ask_all(vec![Stub::Says("100.64.1.1"), Stub::Says("100.64.1.1")]).await;
    assert!(found.unwrap_err().to_string().contains("CGNAT"));
}

#[tokio::test]
async fn when_all_fail_each_is_named() {
    let (found, names) =
        ask_all(vec![Stub::Hangs, Stub::Silent, Stub::Says("<p>Log in</p>")]).await;
    let error = found.unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("no source told this machine's public IPv4 address; "),
        "{text}"
    );
    assert!(
        text.contains(&format!("{} could not be asked (", names[0])),
        "{text}"
    );
    assert!(
        text.contains(&format!("{} did not answer in time", names[1])),
        "{text}"
    );
    assert!(
        text.ends_with(&format!("{} answered with an HTML page", names[2])),
        "{text}"
    );
    assert!(error.help().contains("log-in page"), "{}", error.help());
    assert_eq!(Fault::from(error).class, Class::Unreachable);
}

#[tokio::test]
async fn nobody_listening_is_a_failure_of_that_source() {
    provider();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let sources = [Source::new(&format!("http://127.0.0.1:{port}")).unwrap()];
    let error = find(&client(&sources).unwrap(), &sources, QUICK)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("could not be asked"), "{error}");
    assert!(
        error.help().contains("reaches the internet over IPv4"),
        "{}",
        error.help()
    );
}

#[tokio::test]
async fn silence_is_waited_for_only_until_two_have_settled() {
    let start = std::time::Instant::now();
    let (found, _) = ask_all(vec![Stub::Silent, Stub::Says(A), Stub::Says(A)]).await;
    assert_eq!(found, Ok(address(A)));
    assert!(start.elapsed() >= QUICK.settle);
    assert!(start.elapsed() < QUICK.total);
}

#[tokio::test]
async fn a_second_that_comes_after_the_settling_time_is_still_waited_for() {
    let start = std::time::Instant::now();
    let slowly = Stub::Slowly(Duration::from_millis(1200), A);
    let (found, _) = ask_all(vec![Stub::Silent, Stub::Says(A), slowly]).await;
    assert_eq!(found, Ok(address(A)));
    assert!(start.elapsed() < QUICK.total);
}

#[tokio::test]
async fn silence_ends_with_the_total_time() {
    let start = std::time::Instant::now();
    let (found, _) = ask_all(vec![Stub::Silent, Stub::Silent, Stub::Says(A)]).await;
    assert!(matches!(found, Err(IpError::TooFew(_))));
    assert!(start.elapsed() >= QUICK.total);
    assert!(start.elapsed() < QUICK.total + Duration::from_secs(2));
}

/// A whole address, in a body that is not at its end.
const UNFINISHED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7\r\n8.8.4.4\r\n";

#[tokio::test]
async fn a_body_that_breaks_off_is_not_believed() {
    let (found, names) = ask_all(vec![Stub::Writes(UNFINISHED.to_owned()), Stub::Says(A)]).await;
    let text = found.unwrap_err().to_string();
    assert!(
        text.contains(&format!("{} could not be asked (", names[0])),
        "{text}"
    );
}

#[tokio::test]
async fn a_body_that_does_not_end_is_late() {
    let (found, names) = ask_all(vec![Stub::Begins(UNFINISHED), Stub::Says(A)]).await;
    let text = found.unwrap_err().to_string();
    assert!(
        text.ends_with(&format!("{} did not answer in time", names[0])),
        "{text}"
    );
}

#[tokio::test]
async fn a_redirect_to_http_is_refused() {
    let target = serve(Stub::Says(A)).await;
    let there = Stub::Writes(format!(
        "HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
        target.source.url()
    ));
    let (found, names) = ask_all(vec![there.clone(), there]).await;
    let text = found.unwrap_err().to_string();
    assert!(
        text.contains(&format!(
            "{} redirects to `{}`, which is not followed",
            names[0],
            target.source.url()
        )),
        "{text}"
    );
}

#[tokio::test]
async fn one_server_is_one_voice() {
    provider();
    let served = serve(Stub::Says(A)).await;
    let other = Source::new(served.source.url().join("/other").unwrap().as_str()).unwrap();
    let sources = [served.source.clone(), other];
    let found = find(&client(&sources).unwrap(), &sources, QUICK).await;
    assert!(matches!(found, Err(IpError::TooFew(r)) if r.len() == 1));
}

#[tokio::test]
async fn without_sources_there_is_no_address() {
    provider();
    let found = find(&client(&[]).unwrap(), &[], QUICK).await;
    assert_eq!(
        found.unwrap_err().to_string(),
        "there is no source of this machine's public address to ask"
    );
}

#[tokio::test]
async fn a_client_for_the_internet_speaks_tls_only() {
    provider();
    let served = serve(Stub::Says(A)).await;
    let strict = client(&Source::defaults()).unwrap();
    let replies = survey(&strict, std::slice::from_ref(&served.source), QUICK).await;
    assert!(matches!(replies[0].answer, Err(Unusable::Unreachable(_))));
}

#[tokio::test]
async fn ipv6_is_never_dialled() {
    provider();
    // a machine without IPv6 has nothing to show here
    let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await else {
        return;
    };
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let local = client(&[Source::new("http://127.0.0.1:1").unwrap()]).unwrap();
    assert!(local.get(url).send().await.unwrap_err().is_connect());
}

#[test]
fn the_default_sources_are_four_hosts_with_tls() {
    let sources = Source::defaults();
    assert_eq!(
        sources.iter().map(Source::name).collect::<Vec<_>>(),
        [
            "checkip.amazonaws.com",
            "api.ipify.org",
            "ipv4.icanhazip.com",
            "ifconfig.me"
        ]
    );
    assert!(sources.iter().all(|s| s.is_https()));
}

#[test]
fn a_source_has_tls_or_is_on_this_machine() {
    for good in [
        "https://example.org/ip",
        "http://127.0.0.1:80/ip",
        "http://127.9.9.9",
    ] {
        assert!(Source::new(good).is_ok(), "{good}");
    }
    for bad in [
        "http://ifconfig.me/ip",
        "http://localhost/ip",
        "http://[::1]/ip",
        "http://127.0.0.1.example.org/",
        "file:///etc/hostname",
        "ifconfig.me",
        "",
    ] {
        let error = Source::new(bad).unwrap_err();
        assert!(
            error.to_string().contains("cannot be an address source"),
            "{error}"
        );
        assert_eq!(error.help(), "write an https:// address");
    }
}

fn replies() -> impl Strategy<Value = Vec<Reply>> {
    let answer = prop_oneof![
        3 => Just(Ok(address(A))),
        1 => Just(Ok(address(B))),
        2 => Just(Err(Unusable::Late)),
    ];
    proptest::collection::vec(answer, 0..6).prop_map(|answers| {
        answers
            .into_iter()
            .enumerate()
            .map(|(i, answer)| Reply {
                source: format!("source-{i}"),
                answer,
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn a_verdict_is_what_two_say_and_none_denies(replies in replies()) {
        let a = replies.iter().filter(|r| r.answer == Ok(address(A))).count();
        let b = replies.iter().filter(|r| r.answer == Ok(address(B))).count();
        match verdict(&replies) {
            Ok(found) => prop_assert!(
                (found == address(A) && a >= QUORUM && b == 0) || (found == address(B) && b >= QUORUM && a == 0)
            ),
            Err(IpError::Disagreement(all)) => {
                prop_assert!(a > 0 && b > 0);
                prop_assert_eq!(all, replies);
            }
            Err(error) => {
                prop_assert!(a + b < QUORUM);
                let text = error.to_string();
                prop_assert!(replies.iter().all(|r| text.contains(&r.source)));
            }
        }
    }
}
