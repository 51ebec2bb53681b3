//! Runs the server programs, and tells whether one runs.

use super::ServerError;
use rustix::process::{Pid, test_kill_process};
use std::fs::File;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How much of what a program said goes into an error, in characters.
const SAID: usize = 2000;

/// Does something that blocks off the async threads.
pub async fn blocking<T: Send + 'static>(
    what: impl FnOnce() -> Result<T, ServerError> + Send + 'static,
) -> Result<T, ServerError> {
    tokio::task::spawn_blocking(what)
        .await
        .map_err(|e| ServerError::Internal(e.to_string()))?
}

/// Runs a program to its end. It gets none of our environment, which holds passwords and settings of libpq.
///
/// `held` is the lock on the server's files: the program has it as its standard input, and keeps it until it ends. So
/// the next command waits for a program that outlives this one because it was killed. A server that `pg_ctl` starts
/// has another standard input, and keeps nothing.
pub fn run(
    command: &mut Command,
    what: &'static str,
    log: Option<&Path>,
    held: &File,
) -> Result<(), ServerError> {
    let stdin = held.try_clone().map_err(|e| ServerError::Program {
        what,
        said: e.to_string(),
    })?;
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    let out = command
        .env_clear()
        .env("PATH", path)
        .env("LC_ALL", "C")
        .stdin(stdin)
        .output()
        .map_err(|e| ServerError::Program {
            what,
            said: e.to_string(),
        })?;
    if out.status.success() {
        return Ok(());
    }
    let mut said = String::from_utf8_lossy(&out.stderr).into_owned();
    said.push_str(&String::from_utf8_lossy(&out.stdout));
    if let Some(log) = log {
        said.push_str(&String::from_utf8_lossy(
            &std::fs::read(log).unwrap_or_default(),
        ));
    }
    let said = said.trim();
    let skip = said.chars().count().saturating_sub(SAID);
    Err(ServerError::Program {
        what,
        said: said.chars().skip(skip).collect(),
    })
}

/// What `postmaster.pid` says of a server.
#[derive(Debug, PartialEq)]
pub struct PidFile {
    /// Negative for a server that serves no one, as in the midst of `initdb`.
    pub pid: i32,
    pub port: u16,
    pub sockets: PathBuf,
}

impl PidFile {
    /// Reads the file of a data directory, if there is a complete one.
    pub fn read(data: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let lines: Vec<&str> = text.lines().collect();
        Some(PidFile {
            pid: lines.first()?.trim().parse().ok()?,
            port: lines.get(3)?.trim().parse().ok()?,
            sockets: PathBuf::from(lines.get(4)?.trim()),
        })
    }

    /// Tells whether the server listens: what the file says may be stale, a connection is not.
    pub fn listens(&self) -> bool {
        UnixStream::connect(self.sockets.join(format!(".s.PGSQL.{}", self.port))).is_ok()
    }

    /// Tells whether the process is the server of `data`, not another one that has got its number since.
    pub fn is_server_of(&self, data: &Path) -> bool {
        let Some(pid) = Some(self.pid)
            .filter(|pid| *pid > 0)
            .and_then(Pid::from_raw)
        else {
            return false;
        };
        // not permitted means that it exists
        if test_kill_process(pid).is_err_and(|e| e == rustix::io::Errno::SRCH) {
            return false;
        }
        command_line(self.pid).contains(&data.display().to_string())
    }
}

fn command_line(pid: i32) -> String {
    if let Ok(bytes) = std::fs::read(format!("/proc/{pid}/cmdline")) {
        return String::from_utf8_lossy(&bytes).replace('\0', " ");
    }
    Command::new("ps")
        .args(["-ww", "-o", "command=", "-p", &pid.to_string()])
        .output()
        .map(|out| String::from_utf8_lossy(&out.stdout).into_owned())
        .unwrap_or_default()
}
