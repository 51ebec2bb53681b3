//! Real servers: these need a Postgres on the machine, and one the network.

use super::super::process::PidFile;
use super::super::*;
use secrecy::SecretString;
use std::sync::Arc;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

fn servers(dir: &std::path::Path) -> Servers {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Servers::new(dir.to_owned(), ProgramSource::Auto, dir.join("cache"))
}

fn instance(servers: &Servers, id: &str) -> InstanceServer {
    InstanceServer {
        born: 1,
        id: id.to_owned(),
        address: servers.place(id, 5432).unwrap(),
        port: 5432,
        master_username: "cruddurroot".to_owned(),
        password: Some(SecretString::from("first-Password1")),
        database: Some("cruddur".to_owned()),
    }
}

/// Logs in with TLS, trusting the sandbox's CA alone.
async fn login(
    servers: &Servers,
    at: &InstanceServer,
    password: &str,
    tls: bool,
) -> Result<tokio_postgres::Client, String> {
    let mut roots = rustls::RootCertStore::empty();
    let pem = servers.ca_pem().unwrap();
    for cert in
        <rustls::pki_types::CertificateDer as rustls::pki_types::pem::PemObject>::pem_slice_iter(
            &pem,
        )
    {
        roots.add(cert.unwrap()).unwrap();
    }
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_root_certificates(roots)
    .with_no_client_auth();
    let (client, connection) = tokio_postgres::Config::new()
        .host(at.address.to_string())
        .port(at.port)
        .user(&at.master_username)
        .password(password)
        .dbname("cruddur")
        .ssl_mode(if tls {
            SslMode::Require
        } else {
            SslMode::Disable
        })
        .connect(MakeRustlsConnect::new(config))
        .await
        .map_err(|e| match e.as_db_error() {
            Some(db) => db.message().to_owned(),
            None => format!("{e}: {:?}", std::error::Error::source(&e)),
        })?;
    tokio::spawn(connection);
    Ok(client)
}

#[tokio::test]
async fn a_server_lives_its_whole_life() {
    let dir = tempfile::tempdir().unwrap();
    let servers = servers(dir.path());
    let mut db = instance(&servers, "db-LIFE");
    servers.lease().await.unwrap();
    servers.start(&db).await.unwrap();
    servers.start(&db).await.unwrap(); // again is fine
    assert!(servers.is_running("db-LIFE"));

    let client = login(&servers, &db, "first-Password1", true).await.unwrap();
    let row = client
        .query_one(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, pg_has_role('rds_superuser', 'member'),
                    has_schema_privilege('public', 'CREATE'),
                    (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid())
             FROM pg_roles WHERE rolname = current_user",
            &[],
        )
        .await
        .unwrap();
    let flags: Vec<bool> = (0..6).map(|i| row.get(i)).collect();
    assert_eq!(flags, [false, true, true, true, true, true]);
    client
        .batch_execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
        .await
        .unwrap();

    let wrong = login(&servers, &db, "wrong", true).await.err().unwrap();
    assert!(wrong.contains("password authentication failed"), "{wrong}");
    let plain = login(&servers, &db, "first-Password1", false)
        .await
        .err()
        .unwrap();
    assert!(
        plain.contains("no pg_hba.conf entry") && plain.contains("no encryption"),
        "{plain}"
    );

    servers.stop("db-LIFE").await.unwrap();
    servers.stop("db-LIFE").await.unwrap();
    assert!(!servers.is_running("db-LIFE"));
    let refused = login(&servers, &db, "first-Password1", true)
        .await
        .err()
        .unwrap();
    assert!(refused.to_lowercase().contains("refused"), "{refused}");

    // resumed without a password, at another port
    db.password = None;
    db.port = 5433;
    assert!(servers.resume(vec![db.clone()]).await.is_empty());
    let client = login(&servers, &db, "first-Password1", true).await.unwrap();
    let kept: i32 = client
        .query_one("SELECT n FROM kept", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(kept, 7);

    servers
        .set_password(
            "db-LIFE",
            "cruddurroot",
            &SecretString::from("second-Password2"),
        )
        .await
        .unwrap();
    assert!(login(&servers, &db, "first-Password1", true).await.is_err());
    login(&servers, &db, "second-Password2", true)
        .await
        .unwrap();

    // moved to a port that is taken, it goes on at the old one
    let held = std::net::TcpListener::bind((db.address, 5434)).unwrap();
    let moved = InstanceServer {
        port: 5434,
        ..db.clone()
    };
    assert!(matches!(
        servers.restart(&moved).await,
        Err(ServerError::PortInUse { port: 5434, .. })
    ));
    login(&servers, &db, "second-Password2", true)
        .await
        .unwrap();
    drop(held);
    servers.restart(&moved).await.unwrap();
    login(&servers, &moved, "second-Password2", true)
        .await
        .unwrap();

    servers.destroy("db-LIFE").await.unwrap();
    assert!(!servers.is_running("db-LIFE"));
    assert!(matches!(
        servers.start(&db).await,
        Err(ServerError::DataLost(id)) if id == "db-LIFE"
    ));
    assert!(servers.close().await.unwrap());
    servers.destroy_all().await.unwrap();
}

#[tokio::test]
async fn a_killed_server_starts_again() {
    let dir = tempfile::tempdir().unwrap();
    let servers = servers(dir.path());
    let db = instance(&servers, "db-KILLED");
    servers.start(&db).await.unwrap();
    let Kind::Real(real) = &*servers.0 else {
        unreachable!()
    };
    let data = Cluster::new(&real.site, "db-KILLED").unwrap();
    let pid = PidFile::read(&data.data()).unwrap().pid;
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(pid).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    while servers.is_running("db-KILLED") {
        tokio::task::yield_now().await;
    }
    assert!(data.data().join("postmaster.pid").exists());
    servers.start(&db).await.unwrap();
    login(&servers, &db, "first-Password1", true).await.unwrap();
    servers.destroy_all().await.unwrap();
}

#[tokio::test]
async fn the_last_lease_stops_the_servers() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (servers(dir.path()), servers(dir.path()));
    one.lease().await.unwrap();
    two.lease().await.unwrap();
    one.start(&instance(&one, "db-LEASE")).await.unwrap();
    assert!(!one.close().await.unwrap());
    assert!(two.is_running("db-LEASE"));
    assert!(two.close().await.unwrap());
    assert!(!two.is_running("db-LEASE"));
    two.destroy_all().await.unwrap();
}

#[tokio::test]
async fn a_taken_port_stops_a_start_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let servers = servers(dir.path());
    let db = instance(&servers, "db-TAKEN");
    let _held = std::net::TcpListener::bind((db.address, db.port)).unwrap();
    assert!(matches!(
        servers.start(&db).await,
        Err(ServerError::PortInUse { .. })
    ));
    servers.destroy_all().await.unwrap();
}

#[tokio::test]
async fn the_archive_gives_a_server() {
    let dir = tempfile::tempdir().unwrap();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // kept between runs, as a user's cache is; the digest is checked before it gets there
    let cache = std::env::temp_dir().join("cruddur-infra-test-cache");
    let servers = Servers::new(dir.path().to_owned(), ProgramSource::ArchiveOnly, cache);
    let programs = match servers.prepare().await {
        Ok(programs) => programs,
        Err(ServerError::Programs(why)) if why.contains("cannot be fetched") => {
            eprintln!("skipped: {why}");
            return;
        }
        Err(e) => panic!("{e}"),
    };
    assert!(programs.ends_with("native/bin"));
    let db = instance(&servers, "db-ARCHIVE");
    servers.start(&db).await.unwrap();
    let client = login(&servers, &db, "first-Password1", true).await.unwrap();
    let version: String = client
        .query_one("SHOW server_version", &[])
        .await
        .unwrap()
        .get(0);
    assert!(version.starts_with("17.10"), "{version}");
    servers.destroy_all().await.unwrap();
}

/// Of two commands that start it for the first time, the second must not take away what the first has made; data of
/// another instance under the same id are of no use to anyone.
#[tokio::test]
async fn a_first_start_keeps_its_own_data_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let servers = servers(dir.path());
    let mut db = instance(&servers, "db-BORN");
    servers.lease().await.unwrap();
    servers.start(&db).await.unwrap();
    let client = login(&servers, &db, "first-Password1", true).await.unwrap();
    client
        .batch_execute("CREATE TABLE kept (n int)")
        .await
        .unwrap();
    servers.start(&db).await.unwrap();
    client.batch_execute("SELECT * FROM kept").await.unwrap();

    db.born = 2;
    db.password = Some(SecretString::from("other-Password1"));
    servers.start(&db).await.unwrap();
    let client = login(&servers, &db, "other-Password1", true).await.unwrap();
    assert!(client.batch_execute("SELECT * FROM kept").await.is_err());
    assert!(servers.close().await.unwrap());
}
