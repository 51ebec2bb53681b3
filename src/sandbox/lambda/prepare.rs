//! What a run needs: the function and its layers unpacked, and everything that its process gets.

use super::fit::{blocking, failed, overrides};
use super::logs::Place;
use super::model::Release;
use super::run::Job;
use super::unpack::{keep, unpack};
use super::{names, python};
use crate::sandbox::Sandbox;
use crate::sandbox::wire::ApiError;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::Duration;

const BOOTSTRAP: &str = include_str!("bootstrap.py");

/// Unpacks what the function needs and writes down what its process gets.
pub(super) async fn prepare(
    sandbox: &Sandbox,
    name: &str,
    release: &Release,
    event: Value,
    request_id: &str,
    client: Option<Value>,
) -> Result<Job, ApiError> {
    let store = &sandbox.store;
    let settings = &release.settings;
    let python = python::find(&settings.runtime).await?;
    let run = absolute(store.dir())?.join("run");
    let version = settings.runtime.clone();
    let zip = store.blob_path(&release.code.digest);
    // later layers lie over earlier ones in /opt
    let layers: Vec<(PathBuf, String)> = settings
        .layers
        .iter()
        .rev()
        .map(|l| (store.blob_path(&l.code.digest), l.code.digest.clone()))
        .collect();
    let (digest, to) = (release.code.digest.clone(), run.clone());
    let (task, opt, bootstrap) = blocking(move || {
        let task = unpack(&zip, &to, &digest)?;
        let opt = layers
            .iter()
            .map(|(zip, digest)| unpack(zip, &to, digest))
            .collect::<std::io::Result<Vec<_>>>()?;
        // under its digest, so that another version of this program writes its own
        let digest: String = Sha256::digest(BOOTSTRAP)
            .iter()
            .take(8)
            .map(|b| format!("{b:02x}"))
            .collect();
        let bootstrap = keep(&to, &format!("bootstrap-{digest}.py"), BOOTSTRAP)?;
        Ok((task, opt, bootstrap))
    })
    .await?;
    let mut path = overrides(sandbox, &python, &task, &run).await?;
    path.push(task.clone());
    let mut places = vec![(task.display().to_string(), "/var/task".to_owned())];
    for layer in &opt {
        places.push((layer.display().to_string(), "/opt".to_owned()));
        for dir in [
            layer
                .join("python")
                .join("lib")
                .join(&version)
                .join("site-packages"),
            layer.join("python"),
        ] {
            if !dir.is_dir() {
                continue;
            }
            path.extend(overrides(sandbox, &python, &dir, &run).await?);
            path.push(dir);
        }
    }
    let log = Place::of(release, store.timing().now(), request_id);
    let order = json!({
        "event": event,
        "places": places,
        "context": {
            "aws_request_id": request_id,
            "function_name": name,
            "invoked_function_arn": names::function_arn(store.region(), name),
            "memory": settings.memory,
            "timeout": settings.timeout,
            "log_group_name": log.group,
            "log_stream_name": log.stream,
            "client_context": client,
        },
    });
    let mut environment = environment(name, release, store.region(), &task, &log);
    let own = settings.environment.0.get("PYTHONPATH");
    let path = std::env::join_paths(
        path.iter()
            .cloned()
            .chain(own.into_iter().flat_map(std::env::split_paths)),
    )
    .map_err(|e| {
        failed(format!(
            "The sandbox's directory cannot be on PYTHONPATH: {e}"
        ))
    })?;
    environment.push(("PYTHONPATH".to_owned(), path.to_string_lossy().into_owned()));
    let ca = absolute(store.dir())?.join("ca.pem");
    if ca.exists() {
        // the databases of the sandbox show certificates of its own CA, whatever the function trusts on AWS
        environment.push(("PGSSLROOTCERT".to_owned(), ca.display().to_string()));
    }
    Ok(Job {
        python,
        bootstrap,
        task,
        environment,
        order,
        request_id: request_id.to_owned(),
        log,
        timeout: Duration::from_secs(u64::try_from(settings.timeout).unwrap_or(3)),
    })
}

fn absolute(path: &Path) -> Result<PathBuf, ApiError> {
    std::path::absolute(path)
        .map_err(|e| failed(format!("The sandbox's directory cannot be found: {e}")))
}

/// Returns the variables of the process: Lambda's, and over them the function's own.
fn environment(
    name: &str,
    release: &Release,
    region: &str,
    task: &Path,
    log: &Place,
) -> Vec<(String, String)> {
    let settings = &release.settings;
    let mut all: Vec<(String, String)> = [
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
        (
            "AWS_EXECUTION_ENV",
            &format!("AWS_Lambda_{}", settings.runtime),
        ),
        ("AWS_LAMBDA_FUNCTION_NAME", name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            &settings.memory.to_string(),
        ),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &log.group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", &log.stream),
        // worth nothing anywhere: no call of a function reaches a real account
        ("AWS_ACCESS_KEY_ID", "ASIASANDBOXSANDBOX00"),
        ("AWS_SECRET_ACCESS_KEY", "sandbox"),
        ("AWS_SESSION_TOKEN", "sandbox"),
        ("LAMBDA_TASK_ROOT", &task.display().to_string()),
        ("_HANDLER", &settings.handler),
        ("LANG", "en_US.UTF-8"),
        ("TZ", ":UTC"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("PYTHONDONTWRITEBYTECODE", "1"),
        ("PYTHONUTF8", "1"),
    ]
    .into_iter()
    .map(|(k, v)| (k.to_owned(), v.to_owned()))
    .collect();
    all.extend(
        settings
            .environment
            .0
            .iter()
            .map(|(k, v)| (k.clone(), v.clone())),
    );
    all
}
