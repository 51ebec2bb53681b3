//! `db sessions`: who is connected, and an end to what is idle.

use super::target::Target;
use crate::cli::failure::{Failure, code};
use crate::cli::output::Output;
use crate::pg::{Backend, Error, Session};
use crate::render;
use serde_json::json;
use std::time::Duration;

/// Ends nothing that has been idle for a shorter time.
pub struct KillIdle(pub Duration);

/// Lists the sessions of the database.
///
/// # Errors
/// What the server says.
pub async fn list(target: &Target, kill: Option<KillIdle>, output: &Output) -> Result<u8, Failure> {
    let session = target.connect().await?;
    let result = looked(&session, target, kill).await;
    session.close().await;
    let (backends, ended, refused) = result.map_err(|e| target.failure(&e))?;
    if output.json {
        let text = json!({"sessions": backends, "ended": ended, "refused": refused});
        output.result(&format!("{text:#}"))?;
        return Ok(code::DONE);
    }
    let rows: Vec<Vec<String>> = backends.iter().map(row).collect();
    let heads = [
        "PID",
        "USER",
        "DATABASE",
        "ADDRESS",
        "APPLICATION",
        "STATE",
        "SINCE",
        "",
    ];
    output.result(&render::table_human(&heads, &rows, &output.out))?;
    let pids = |all: &[i32]| {
        all.iter()
            .map(i32::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    if !ended.is_empty() {
        output.note(&format!("ended: {}", pids(&ended)));
    }
    if !refused.is_empty() {
        output.note(&format!(
            "not this user's to end: {} (a member of pg_signal_backend may)",
            pids(&refused)
        ));
    }
    Ok(code::DONE)
}

type Looked = (Vec<Backend>, Vec<i32>, Vec<i32>);

async fn looked(
    session: &Session,
    target: &Target,
    kill: Option<KillIdle>,
) -> Result<Looked, Error> {
    let backends = session.backends(Some(target.database())).await?;
    let (mut ended, mut refused) = (Vec::new(), Vec::new());
    if let Some(KillIdle(limit)) = kill {
        for idle in backends.iter().filter(|b| b.idle && !b.own) {
            match session.end_idle(idle.pid, limit.as_secs_f64()).await {
                Ok(true) => ended.push(idle.pid),
                Ok(false) => {}
                Err(e) if e.sqlstate() == Some("42501") => refused.push(idle.pid),
                Err(error) => return Err(error),
            }
        }
    }
    Ok((backends, ended, refused))
}

fn row(backend: &Backend) -> Vec<String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let mark = match (backend.own, backend.idle) {
        (true, _) => "this command",
        (false, true) => "idle",
        (false, false) => "",
    };
    vec![
        backend.pid.to_string(),
        text(&backend.user),
        text(&backend.database),
        backend
            .address
            .clone()
            .unwrap_or_else(|| "socket".to_owned()),
        backend.application.clone(),
        text(&backend.state),
        backend.since.map_or_else(
            || "-".to_owned(),
            |seconds| render::duration(seconds.max(0.0)),
        ),
        mark.to_owned(),
    ]
}
