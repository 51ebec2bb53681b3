//! Connecting, against a real server.

use std::time::Duration;

use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::testing::{HOST, PASSWORD, Server};
use super::{ConnectionUrl, Connector, Error, Options, TlsProblem, UnreachableCause};

async fn fails(options: Options, url: &ConnectionUrl) -> Error {
    let error = Connector::new(options).connect(url).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(
        !shown.contains("s3cr3t") && !shown.contains("hunter2"),
        "{shown}"
    );
    error
}

fn tls_problem(error: Error) -> TlsProblem {
    match error {
        Error::Tls { problem, .. } => problem,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_certificate_of_the_urls_host_is_demanded_wherever_the_dial_goes() {
    let server = Server::shared();
    let session = server.session(&server.url()).await;
    let sql = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let row = session.client().query_one(sql, &[]).await.unwrap();
    assert!(row.get::<_, bool>(0));
    assert_eq!(row.get::<_, String>(1), "TLSv1.3");
    session.close().await;

    let other = ConnectionUrl::build(
        "postgres",
        &SecretString::from(PASSWORD),
        "other.test",
        5432,
        "postgres",
    );
    assert_eq!(
        tls_problem(fails(server.options(), &other).await),
        TlsProblem::WrongName
    );
    let untrusting = Options {
        extra_roots_pem: None,
        ..server.options()
    };
    assert_eq!(
        tls_problem(fails(untrusting, &server.url()).await),
        TlsProblem::UnknownIssuer
    );
    let broken = Options {
        extra_roots_pem: Some(b"no pem".to_vec()),
        ..server.options()
    };
    assert!(matches!(
        tls_problem(fails(broken, &server.url()).await),
        TlsProblem::Roots(_)
    ));
}

#[tokio::test]
async fn sslrootcert_takes_the_place_of_the_embedded_roots() {
    let server = Server::shared();
    let options = Options {
        extra_roots_pem: None,
        ..server.options()
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &server.ca_pem).unwrap();
    let url = server
        .url()
        .with_root_certificate(file.path().to_str().unwrap());
    Connector::new(options.clone()).connect(&url).await.unwrap();
    let missing = server.url().with_root_certificate("/does/not/exist.pem");
    assert!(matches!(
        tls_problem(fails(options, &missing).await),
        TlsProblem::Roots(_)
    ));
}

#[tokio::test]
async fn who_may_not_in_is_told_why() {
    let server = Server::shared();
    let wrong = ConnectionUrl::build(
        "postgres",
        &SecretString::from("hunter2"),
        HOST,
        5432,
        "postgres",
    );
    let error = fails(server.options(), &wrong).await;
    assert!(
        matches!(&error, Error::AuthenticationRejected { user, .. } if user == "postgres"),
        "{error:?}"
    );
    assert_eq!(error.sqlstate(), Some("28P01"));

    let none = ConnectionUrl::parse(&format!("postgresql://postgres@{HOST}/postgres")).unwrap();
    let error = fails(server.options(), &none).await;
    assert!(
        matches!(error, Error::AuthenticationRejected { sqlstate: None, .. }),
        "{error:?}"
    );

    let error = fails(server.options(), &server.url().with_database("nowhere")).await;
    assert!(
        matches!(&error, Error::DatabaseMissing { database, .. } if database == "nowhere"),
        "{error:?}"
    );

    let no_database = ConnectionUrl::parse("postgresql://postgres:hunter2@localhost").unwrap();
    assert!(matches!(
        fails(server.options(), &no_database).await,
        Error::Url(_)
    ));
}

#[tokio::test]
async fn no_connection_is_told_apart_by_cause() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url =
        ConnectionUrl::parse(&format!("postgresql://u:hunter2@localhost:{closed}/d")).unwrap();
    let error = fails(Options::default(), &url).await;
    assert!(
        matches!(
            error,
            Error::Unreachable {
                cause: UnreachableCause::Refused,
                ..
            }
        ),
        "{error:?}"
    );
    let url = ConnectionUrl::parse("postgresql://u:hunter2@nowhere.invalid/d").unwrap();
    let error = fails(Options::default(), &url).await;
    assert!(
        matches!(
            error,
            Error::Unreachable {
                cause: UnreachableCause::Name,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_server_without_tls_or_without_an_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        let mut request = [0; 8];
        first.read_exact(&mut request).await.unwrap();
        first.write_all(b"N").await.unwrap();
        let _second = listener.accept().await.unwrap();
        std::future::pending::<()>().await;
    });
    let url = ConnectionUrl::parse(&format!("postgresql://u:hunter2@localhost:{port}/d")).unwrap();
    let options = Options {
        connect_timeout: Duration::from_millis(300),
        ..Options::default()
    };
    assert_eq!(
        tls_problem(fails(options.clone(), &url).await),
        TlsProblem::NotOffered
    );
    assert!(matches!(fails(options, &url).await, Error::TimedOut { .. }));
}

#[tokio::test]
async fn plain_text_never_leaves_the_machine() {
    let server = Server::shared();
    let url = |host: &str| {
        let text = format!(
            "postgresql://postgres:s3cr3t%20p%40ss%2Fword%25@{host}/postgres?sslmode=disable"
        );
        ConnectionUrl::parse(&text).unwrap()
    };
    let plain = Connector::default()
        .connect(&url(&format!("127.0.0.1:{}", server.port)))
        .await
        .unwrap();
    plain.client().batch_execute("SELECT 1").await.unwrap();
    let socket = server.socket_directory().replace('/', "%2F");
    Connector::default()
        .connect(&url(&format!("{socket}:{}", server.port)))
        .await
        .unwrap();

    // This machine's own address that is not a loopback one stands for another machine.
    let probe = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    if probe.connect("192.0.2.1:9").is_ok() {
        let address = probe.local_addr().unwrap().ip();
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let options = Options {
            connect_to: Some((address.to_string(), port)),
            ..Options::default()
        };
        assert_eq!(
            tls_problem(fails(options, &url("localhost")).await),
            TlsProblem::PlainNotLocal
        );
    }
}

#[tokio::test]
async fn a_session_says_why_it_ended() {
    let server = Server::shared();
    let session = server.session(&server.url()).await;
    let pid: i32 = session
        .client()
        .query_one("SELECT pg_backend_pid()", &[])
        .await
        .unwrap()
        .get(0);
    let other = server.session(&server.url()).await;
    other
        .client()
        .execute("SELECT pg_terminate_backend($1)", &[&pid])
        .await
        .unwrap();
    let error = loop {
        if let Err(error) = session.client().batch_execute("SELECT 1").await {
            break session.error(error);
        }
    };
    assert!(matches!(error, Error::ConnectionLost { .. }), "{error:?}");
    assert_eq!(error.sqlstate(), Some("57P01"));
    assert!(error.is_transient());
}

#[tokio::test]
async fn statements_can_be_cancelled_and_time_out() {
    let server = Server::shared();
    let session = server.session(&server.url()).await;
    let canceller = session.canceller();
    let (slept, cancelled) = tokio::join!(
        session.client().batch_execute("SELECT pg_sleep(30)"),
        async {
            // The request may overtake the statement, and then finds nothing to cancel.
            let watcher = server.session(&server.url()).await;
            let sql = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)' AND state = 'active'";
            while watcher
                .client()
                .query_one(sql, &[])
                .await
                .unwrap()
                .get::<_, i64>(0)
                == 0
            {}
            canceller.cancel().await
        }
    );
    cancelled.unwrap();
    assert_eq!(session.error(slept.unwrap_err()).sqlstate(), Some("57014"));

    let options = Options {
        statement_timeout: Some(Duration::from_millis(50)),
        ..server.options()
    };
    let session = Connector::new(options)
        .connect(&server.url())
        .await
        .unwrap();
    let error = session
        .client()
        .batch_execute("SELECT pg_sleep(30)")
        .await
        .unwrap_err();
    assert_eq!(session.error(error).sqlstate(), Some("57014"));
}
