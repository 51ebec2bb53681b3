//! The sandbox of a command: the one that `sandbox serve` keeps up, or one of its own for as long as it is needed.

use super::args::Global;
use super::failure::Failure;
use crate::assets::{Interpreter, PinnedPackage, WheelSource, wheel_for_interpreter};
use crate::sandbox::postgres::ProgramSource;
use crate::sandbox::server::{Server, ServerOptions};
use crate::sandbox::timing::Timing;
use crate::sandbox::{LocalWheels, Sandbox, SandboxOptions, faults, rds};
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A sandbox that can be spoken to.
pub struct Local {
    /// Its HTTP endpoint.
    pub endpoint: String,
    /// Its directory.
    pub dir: PathBuf,
    /// How fast its life cycles run.
    pub speed: f64,
    own: Option<(Sandbox, Server)>,
}

/// What a served sandbox writes down for other commands.
#[derive(Debug, Serialize, Deserialize)]
pub struct Serving {
    /// Its HTTP endpoint.
    pub endpoint: String,
    /// The process.
    pub pid: u32,
    /// How fast its life cycles run.
    pub speed: f64,
}

/// Returns the directory of a stack file's world: one world per file, beside it.
pub fn directory(file: &Path) -> PathBuf {
    let parent = file.parent().filter(|p| !p.as_os_str().is_empty());
    let name = file.file_name().unwrap_or_else(|| "stack.yaml".as_ref());
    parent
        .unwrap_or_else(|| Path::new("."))
        .join(".cruddur/sandbox")
        .join(name)
}

/// Returns where fetched things are kept for the next run.
pub fn cache_dir() -> PathBuf {
    let from = |name: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    from("CRUDDUR_INFRA_CACHE")
        .or_else(|| from("XDG_CACHE_HOME").map(|d| d.join("cruddur-infra")))
        .or_else(|| from("HOME").map(|d| d.join(".cache/cruddur-infra")))
        .unwrap_or_else(|| std::env::temp_dir().join("cruddur-infra-cache"))
}

/// Returns where wheels come from.
///
/// # Errors
/// Where the index's address is none.
pub fn wheels() -> Result<WheelSource, Failure> {
    let index = std::env::var("CRUDDUR_INFRA_PACKAGE_INDEX")
        .unwrap_or_else(|_| crate::assets::DEFAULT_INDEX.to_owned());
    WheelSource::new(&index, cache_dir().join("wheels"))
        .map_err(|e| Failure::message(e.to_string()))
}

fn local_wheels() -> LocalWheels {
    Arc::new(|project, version, _tag| {
        async move {
            let pin = PinnedPackage::parse(&format!("{project}=={version}"))
                .map_err(|e| e.to_string())?;
            let source =
                wheels().map_err(|_| "the package index has no usable address".to_owned())?;
            let probe = tokio::process::Command::new("python3")
                .args(["-c", crate::assets::INTERPRETER_PROBE])
                .output()
                .await
                .map_err(|e| format!("python3 cannot be run: {e}"))?;
            let interpreter: Interpreter = serde_json::from_slice(&probe.stdout)
                .map_err(|e| format!("python3 does not say what it is: {e}"))?;
            wheel_for_interpreter(&pin, &interpreter, &source)
                .await
                .map_err(|e| e.to_string())
        }
        .boxed()
    })
}

fn open(dir: &Path, region: &str, speed: f64) -> Result<Sandbox, Failure> {
    let programs = match std::env::var("CRUDDUR_INFRA_POSTGRES").ok().as_deref() {
        Some("archive") => ProgramSource::ArchiveOnly,
        Some(dir) if !dir.is_empty() => ProgramSource::Dir(dir.into()),
        _ => ProgramSource::Auto,
    };
    Sandbox::open(SandboxOptions {
        dir: dir.to_owned(),
        region: region.to_owned(),
        timing: Timing::scaled(speed),
        wheels: local_wheels(),
        programs,
        cache: cache_dir(),
    })
    .map_err(|e| Failure::message(format!("the sandbox's world in {}: {e}", dir.display())))
}

fn script(global: &Global) -> Result<faults::Script, Failure> {
    match &global.sandbox_faults {
        None => Ok(faults::Script::default()),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|e| Failure::message(format!("{}: {e}", path.display())))?;
            faults::Script::parse(&text)
                .map_err(|e| Failure::message(format!("{}: {e}", path.display())))
        }
    }
}

impl Local {
    /// Finds the sandbox that is up, or starts one.
    ///
    /// # Errors
    /// Where its world cannot be used or nothing can listen on loopback.
    pub async fn start(global: &Global, region: &str) -> Result<Self, Failure> {
        let dir = directory(&global.file);
        if let Some(serving) = serving(&dir).await {
            if global.sandbox_faults.is_some() {
                return Err(Failure::with_help(
                    format!(
                        "--sandbox-faults has no effect: the sandbox is up at {}",
                        serving.endpoint
                    ),
                    "give it to `sandbox serve`, or stop that one first",
                ));
            }
            return Ok(Local {
                endpoint: serving.endpoint,
                dir,
                speed: serving.speed,
                own: None,
            });
        }
        Self::own(global, region, 0).await
    }

    /// Starts one.
    ///
    /// # Errors
    /// As [`start`](Local::start); also where the port is in use.
    pub async fn own(global: &Global, region: &str, port: u16) -> Result<Self, Failure> {
        let dir = directory(&global.file);
        let speed = global.sandbox_speed;
        let faults = script(global)?;
        let sandbox = open(&dir, region, speed)?;
        if let Some(seconds) = faults.iam_propagation_seconds() {
            sandbox
                .store
                .write(|w| {
                    w.iam.propagation_seconds = seconds;
                    Ok(())
                })
                .map_err(|e| Failure::message(e.message))?;
        }
        let server = match Self::up(&sandbox, ServerOptions { port, faults }).await {
            Ok(server) => server,
            Err(failure) => {
                close(&sandbox).await;
                return Err(failure);
            }
        };
        Ok(Local {
            endpoint: server.endpoint(),
            dir,
            speed,
            own: Some((sandbox, server)),
        })
    }

    async fn up(sandbox: &Sandbox, options: ServerOptions) -> Result<Server, Failure> {
        let lost = |e: crate::sandbox::postgres::ServerError| Failure::message(e.to_string());
        sandbox.postgres.lease().await.map_err(lost)?;
        rds::resume(sandbox)
            .await
            .map_err(|e| Failure::message(e.message))?;
        Server::start(sandbox.clone(), options)
            .await
            .map_err(|e| Failure::message(e.to_string()))
    }

    /// Returns the certificate that the sandbox's databases are signed with.
    pub fn certificate(&self) -> Option<Vec<u8>> {
        match &self.own {
            Some((sandbox, _)) => sandbox.postgres.ca_pem().ok(),
            None => std::fs::read(self.dir.join("ca.pem")).ok(),
        }
    }

    /// Ends what was started for this command; servers go on while another command uses them.
    pub async fn close(self) {
        if let Some((sandbox, server)) = self.own {
            server.shutdown().await;
            close(&sandbox).await;
        }
    }

    /// Empties the world of a stack file, databases included.
    ///
    /// # Errors
    /// Where it is up, or cannot be removed.
    pub async fn reset(global: &Global, region: &str) -> Result<PathBuf, Failure> {
        let dir = directory(&global.file);
        if let Some(serving) = serving(&dir).await {
            return Err(Failure::with_help(
                format!(
                    "the sandbox is up at {} (process {})",
                    serving.endpoint, serving.pid
                ),
                "stop it first",
            ));
        }
        if dir.exists() {
            let sandbox = open(&dir, region, global.sandbox_speed)?;
            sandbox
                .postgres
                .destroy_all()
                .await
                .map_err(|e| Failure::message(e.to_string()))?;
            std::fs::remove_dir_all(&dir)?;
        }
        Ok(dir)
    }
}

async fn close(sandbox: &Sandbox) {
    if let Err(error) = sandbox.postgres.close().await {
        tracing::warn!("the sandbox's databases could not be stopped: {error}");
    }
}

/// Returns the sandbox that is up for a world.
pub async fn serving(dir: &Path) -> Option<Serving> {
    let text = std::fs::read_to_string(dir.join("serve.json")).ok()?;
    let serving: Serving = serde_json::from_str(&text).ok()?;
    // a sandbox is on this machine; what says otherwise is not ours
    if !serving.endpoint.starts_with("http://127.0.0.1:") {
        return None;
    }
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(2))
        .no_proxy()
        .build()
        .ok()?;
    let url = format!("{}/_sandbox/health", serving.endpoint);
    let healthy = client.get(url).send().await.ok()?.status().is_success();
    healthy.then_some(serving)
}
