//! `sandbox serve | status | reset`.

use super::args::{Global, SandboxCommand};
use super::failure::{Failure, code};
use super::local::{Local, Serving, directory, serving};
use super::output::Output;
use super::signals;
use crate::kinds;

/// Runs one of them.
///
/// # Errors
/// Where the world cannot be used, or the port is in use.
pub async fn sandbox(
    global: &Global,
    command: &SandboxCommand,
    output: &Output,
) -> Result<u8, Failure> {
    let region = super::session::read(global, &kinds::offline())
        .ok()
        .and_then(|l| l.region)
        .or_else(|| global.region.clone())
        .unwrap_or_else(|| "us-west-2".to_owned());
    let dir = directory(&global.file);
    match command {
        SandboxCommand::Serve { port } => serve(global, &region, *port, output).await,
        SandboxCommand::Status => {
            let up = serving(&dir).await;
            let text = if output.json {
                serde_json::json!({"directory": dir, "up": up.is_some(), "serving": up}).to_string()
            } else {
                match up {
                    Some(s) => format!(
                        "up at {} (process {})\nworld: {}",
                        s.endpoint,
                        s.pid,
                        dir.display()
                    ),
                    None => format!(
                        "not up; commands with --sandbox run their own\nworld: {}",
                        dir.display()
                    ),
                }
            };
            output.result(&text)?;
            Ok(code::DONE)
        }
        SandboxCommand::Reset => {
            let dir = Local::reset(global, &region).await?;
            output.note(&format!("emptied {}", dir.display()));
            Ok(code::DONE)
        }
    }
}

async fn serve(global: &Global, region: &str, port: u16, output: &Output) -> Result<u8, Failure> {
    let dir = directory(&global.file);
    if let Some(up) = serving(&dir).await {
        return Err(Failure::with_help(
            format!(
                "this world is served already at {} (process {})",
                up.endpoint, up.pid
            ),
            "use that one, or stop it first",
        ));
    }
    let stop = signals::listen();
    let local = Local::own(global, region, port).await?;
    // it is made now, because others read it before there is a database that needs it
    local.certificate();
    let serving = Serving {
        endpoint: local.endpoint.clone(),
        pid: std::process::id(),
        speed: local.speed,
    };
    let path = dir.join("serve.json");
    let text = serde_json::to_string(&serving).unwrap_or_default();
    crate::files::replace_private(&path, text.as_bytes())?;
    if output.json {
        output.result(&text)?;
    } else {
        output.result(&format!("AWS: {}", local.endpoint))?;
        output.note(&format!(
            "  for other clients: aws --endpoint-url {} --region {region} rds describe-db-instances\n  (any credentials will do: AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x)\n  the databases listen where describe-db-instances says; certificate: {}\n  Ctrl-C ends it; the world stays in {}",
            local.endpoint,
            dir.join("ca.pem").display(),
            dir.display()
        ));
    }
    stop.cancelled().await;
    let _ = std::fs::remove_file(&path);
    local.close().await;
    Ok(code::DONE)
}
