//! What the sandbox does inside a server, over its private socket, as `rdsadmin`.

use super::{InstanceServer, ServerError, scram};
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;
use std::time::Duration;
use tokio_postgres::{Client, Config, NoTls};

/// The superuser, whose name is reserved on RDS too (aws-facts §1.7).
pub const SUPERUSER: &str = "rdsadmin";

/// Makes the roles and the database of a new server (aws-facts §1.13).
pub async fn bootstrap(
    sockets: &Path,
    port: u16,
    wanted: &InstanceServer,
    password: &SecretString,
) -> Result<(), ServerError> {
    let client = connect(sockets, port).await?;
    let master = quoted(&wanted.master_username);
    let verifier = scram::verifier(password.expose_secret())?;
    execute(
        &client,
        "making the master user",
        &format!(
            "CREATE ROLE rds_superuser NOLOGIN;
             GRANT pg_monitor, pg_signal_backend TO rds_superuser WITH ADMIN OPTION;
             CREATE ROLE {master} LOGIN NOSUPERUSER CREATEDB CREATEROLE PASSWORD '{verifier}';
             GRANT rds_superuser TO {master} WITH ADMIN OPTION;
             ALTER DATABASE postgres OWNER TO {master};"
        ),
    )
    .await?;
    if let Some(database) = wanted.database.as_deref().filter(|d| *d != "postgres") {
        let database = quoted(database);
        execute(
            &client,
            "making the database",
            &format!("CREATE DATABASE {database} OWNER {master}"),
        )
        .await?;
    }
    Ok(())
}

/// Gives a role another password.
pub async fn set_password(
    sockets: &Path,
    port: u16,
    role: &str,
    password: &SecretString,
) -> Result<(), ServerError> {
    let client = connect(sockets, port).await?;
    let verifier = scram::verifier(password.expose_secret())?;
    execute(
        &client,
        "setting the master password",
        &format!("ALTER ROLE {} PASSWORD '{verifier}'", quoted(role)),
    )
    .await
}

async fn connect(sockets: &Path, port: u16) -> Result<Client, ServerError> {
    let (client, connection) = Config::new()
        .host_path(sockets)
        .port(port)
        .user(SUPERUSER)
        .dbname("postgres")
        .connect_timeout(Duration::from_secs(10))
        .connect(NoTls)
        .await
        .map_err(|e| failed("connecting as rdsadmin", &e))?;
    // ends with the client; what goes wrong is told by the statement
    tokio::spawn(connection);
    Ok(client)
}

async fn execute(client: &Client, what: &'static str, sql: &str) -> Result<(), ServerError> {
    client
        .batch_execute(sql)
        .await
        .map_err(|e| failed(what, &e))
}

fn failed(what: &'static str, error: &tokio_postgres::Error) -> ServerError {
    let said = match error.as_db_error() {
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => error.to_string(),
    };
    ServerError::Admin { what, said }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
