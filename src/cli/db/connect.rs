//! `db connect`: psql on the database. What it needs goes by its environment, nothing by its arguments, which every
//! user of the machine may read.

use super::target::Target;
use crate::cli::args::Global;
use crate::cli::failure::{Failure, code};
use crate::cli::local;
use crate::files;
use crate::pg::FOREIGN_VARIABLES;
use secrecy::ExposeSecret;
use std::path::PathBuf;
use std::process::Command;

const INSTALL: &str = "install PostgreSQL's client: `apt-get install postgresql-client` (Debian, Ubuntu), `dnf install \
                       postgresql` (Fedora), `brew install libpq` (macOS)";

/// Runs psql. Returns its exit code; where nothing has to be kept up for it, it takes this process's place and this
/// never returns.
///
/// # Errors
/// Where there is no psql, or it cannot be started.
pub async fn connect(
    target: &Target,
    global: &Global,
    arguments: &[String],
) -> Result<u8, Failure> {
    let psql =
        find("psql").ok_or_else(|| Failure::with_help("psql was not found in PATH", INSTALL))?;
    let told = target
        .connector
        .libpq(&target.url)
        .map_err(|e| target.failure(&e))?;
    let mut command = Command::new(psql);
    command.args(arguments);
    for name in FOREIGN_VARIABLES {
        command.env_remove(name);
    }
    command.envs(&told.variables);
    if let Some(password) = &told.password {
        command.env("PGPASSWORD", password.expose_secret());
    }
    match &told.roots_pem {
        Some(pem) => command.env("PGSSLROOTCERT", roots(pem)?),
        None => command.env_remove("PGSSLROOTCERT"),
    };
    if global.sandbox {
        return child(command).await;
    }
    replace(command)
}

fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

/// Writes the certificates that are trusted where psql can read them.
fn roots(pem: &[u8]) -> Result<PathBuf, Failure> {
    let name = format!(
        "postgres-roots-{}.pem",
        &crate::pg::script::digest(pem)[..16]
    );
    let path = local::cache_dir().join(name);
    files::replace_private(&path, pem)
        .map_err(|e| Failure::message(format!("{}: {e}", path.display())))?;
    Ok(path)
}

/// Stays until psql ends, because the sandbox's database is kept up by this process. Ctrl-C is psql's to handle.
async fn child(command: Command) -> Result<u8, Failure> {
    let mut child = tokio::process::Command::from(command).spawn()?;
    loop {
        tokio::select! {
            status = child.wait() => {
                let status = status?;
                return Ok(status.code().and_then(|c| u8::try_from(c).ok()).unwrap_or(code::ERROR));
            }
            _ = tokio::signal::ctrl_c() => {}
        }
    }
}

#[cfg(unix)]
fn replace(mut command: Command) -> Result<u8, Failure> {
    use std::os::unix::process::CommandExt;
    // comes back only where it fails
    let error = command.exec();
    Err(Failure::message(format!("psql cannot be started: {error}")))
}

#[cfg(not(unix))]
fn replace(mut command: Command) -> Result<u8, Failure> {
    let status = command.status()?;
    Ok(status
        .code()
        .and_then(|c| u8::try_from(c).ok())
        .unwrap_or(code::ERROR))
}
