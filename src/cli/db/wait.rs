//! `db wait`: until the database answers, within a limit.

use super::target::Target;
use crate::cli::failure::{Failure, code};
use crate::cli::output::Output;
use crate::cli::signals::or_stopped;
use crate::engine::{Clock, RealClock};
use serde_json::json;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two attempts, in seconds.
const EVERY: f64 = 1.0;

/// Waits. What can pass is waited for; a wrong password or a name that is not in the certificate is told at once.
///
/// # Errors
/// The last reason, once the limit is reached; what waiting will not mend.
pub async fn wait(
    target: &Target,
    limit: Duration,
    output: &Output,
    stop: &CancellationToken,
) -> Result<u8, Failure> {
    let clock = RealClock::new(1.0);
    let began = clock.now();
    let mut said = String::new();
    loop {
        let error = match or_stopped(attempt(target), stop).await? {
            Ok(()) => {
                let seconds = clock.now() - began;
                output.result(&if output.json {
                    json!({"database": target.name(), "state": "answers", "seconds": seconds})
                        .to_string()
                } else {
                    format!("{} answers after {seconds:.1} s", target.name())
                })?;
                return Ok(code::DONE);
            }
            Err(error) => error,
        };
        let passed = clock.now() - began;
        if !error.is_transient() || passed + EVERY > limit.as_secs_f64() {
            return Err(target.failure(&error));
        }
        let text = error.to_string();
        if text != said {
            output.note(&format!(
                "waiting for {} for at most {} s: {text}",
                target.name(),
                limit.as_secs()
            ));
            said = text;
        }
        let pause = async {
            clock.sleep(EVERY).await;
            Ok(())
        };
        or_stopped(pause, stop).await?;
    }
}

async fn attempt(target: &Target) -> Result<Result<(), crate::pg::Error>, Failure> {
    Ok(match target.connector.connect(&target.url).await {
        Ok(session) => {
            session.close().await;
            Ok(())
        }
        Err(error) => Err(error),
    })
}
