//! The whole way with a real server: what the API says and what a client finds must agree.

use super::*;
use crate::sandbox::postgres::ProgramSource;
use crate::sandbox::rds;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio_postgres_rustls::MakeRustlsConnect;

fn tls(ca: &[u8]) -> MakeRustlsConnect {
    let mut roots = rustls::RootCertStore::empty();
    for cert in CertificateDer::pem_slice_iter(ca) {
        roots.add(cert.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    MakeRustlsConnect::new(config)
}

/// Logs in at the endpoint that the API tells, and asks something.
async fn login(stage: &Stage, password: &str) -> Result<String, String> {
    let endpoint = stage.field("Endpoint").await.ok_or("no endpoint")?;
    let (client, connection) = tokio_postgres::Config::new()
        .host(text(&endpoint, "Address").unwrap())
        .port(text(&endpoint, "Port").unwrap().parse().unwrap())
        .user("cruddurroot")
        .password(password)
        .dbname("cruddur")
        .ssl_mode(tokio_postgres::config::SslMode::Require)
        .connect(tls(&stage.sandbox.postgres.ca_pem().unwrap()))
        .await
        .map_err(|e| format!("{e}: {:?}", std::error::Error::source(&e)))?;
    tokio::spawn(connection);
    let row = client.query_one("SELECT current_user::text", &[]).await;
    Ok(row.map_err(|e| e.to_string())?.get(0))
}

#[tokio::test]
async fn from_creation_to_deletion() {
    let stage =
        Stage::with(|dir| Servers::new(dir.to_owned(), ProgramSource::Auto, dir.join("cache")));
    let servers = &stage.sandbox.postgres;
    servers.lease().await.unwrap();
    let first = "huEE33z2Qvl383";
    stage.create(&[]).await.unwrap();
    let world = std::fs::read_to_string(stage.sandbox.store.dir().join("world.json")).unwrap();
    assert!(!world.contains(first));
    stage.wait(360);
    assert_eq!(login(&stage, first).await.unwrap(), "cruddurroot");

    stage.ok("StopDBInstance", &[DB]).await;
    assert!(
        login(&stage, first)
            .await
            .unwrap_err()
            .to_lowercase()
            .contains("refused")
    );
    stage.wait(120);
    stage.ok("StartDBInstance", &[DB]).await;
    stage.wait(240);
    login(&stage, first).await.unwrap();

    stage
        .modify(&[NOW, ("MasterUserPassword", "An0ther-secret")])
        .await
        .unwrap();
    stage.wait(40);
    assert!(login(&stage, first).await.is_err());
    login(&stage, "An0ther-secret").await.unwrap();

    stage.modify(&[("DBPortNumber", "6543")]).await.unwrap();
    stage.wait(190);
    login(&stage, "An0ther-secret").await.unwrap();
    stage.ok("RebootDBInstance", &[DB]).await;
    stage.wait(60);
    login(&stage, "An0ther-secret").await.unwrap();

    // as one command ends and the next begins
    assert!(servers.close().await.unwrap());
    assert!(login(&stage, "An0ther-secret").await.is_err());
    servers.lease().await.unwrap();
    assert!(rds::resume(&stage.sandbox).await.unwrap().is_empty());
    login(&stage, "An0ther-secret").await.unwrap();

    stage
        .ok("DeleteDBInstance", &[DB, ("SkipFinalSnapshot", "true")])
        .await;
    assert!(login(&stage, "An0ther-secret").await.is_err());
    stage.wait(180);
    // one of the same name begins anew
    stage.create(&[]).await.unwrap();
    stage.wait(360);
    login(&stage, first).await.unwrap();
    servers.destroy_all().await.unwrap();
}

#[tokio::test]
async fn a_port_that_is_taken_is_told() {
    let stage =
        Stage::with(|dir| Servers::new(dir.to_owned(), ProgramSource::Auto, dir.join("cache")));
    let address = stage.sandbox.postgres.place("db", 7654).unwrap();
    let _held = std::net::TcpListener::bind((address, 7654)).unwrap();
    let error = stage.create(&[("Port", "7654")]).await.unwrap_err();
    assert_eq!(error.code, "SandboxPortInUse");
    assert!(error.message.contains(&format!("{address}:7654")));
    stage.sandbox.postgres.destroy_all().await.unwrap();
}
