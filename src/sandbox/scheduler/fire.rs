//! What happens when a schedule is due. Nothing runs between calls: what is due is carried out, once, when the next
//! call comes in.

use super::check::{PRINCIPAL, RDS};
use super::model::{Firing, Retry};
use crate::sandbox::Sandbox;
use crate::sandbox::rds;
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::{ApiError, Call, Input, Params, Service};
use crate::sandbox::world::{ACCOUNT, World};
use serde_json::Value;

/// Until a call that failed is tried again, in AWS seconds.
const AGAIN: f64 = 60.0;

/// A schedule that is due.
struct Due {
    key: String,
    at: Moment,
    target: Value,
    /// What is left to try if this one fails.
    retry: Option<Retry>,
}

/// Carries out what is due.
///
/// # Errors
/// `InternalFailure` where the world cannot be used. A target that refuses is no error: it is written down.
pub async fn due(sandbox: &Sandbox) -> Result<(), ApiError> {
    let now = sandbox.store.timing().now();
    let any = |w: &World| w.scheduler.schedules.values().any(|s| s.is_due(now));
    if !sandbox.store.read(any)? {
        return Ok(());
    }
    // taken in one step, so that two calls at once do not both carry it out
    for due in sandbox.store.write(|w| Ok(take(w, sandbox)))? {
        let error = call(sandbox, &due).await.err();
        sandbox.store.write(|w| {
            if let Some(schedule) = w.scheduler.schedules.get_mut(&due.key) {
                schedule.retry = due
                    .retry
                    .filter(|r| error.is_some() && r.left >= 0 && r.at <= r.until);
                schedule.remember(Firing {
                    due: due.at,
                    at: now,
                    error: error.map(|e| format!("{}: {}", e.code, e.message)),
                });
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn take(w: &mut World, sandbox: &Sandbox) -> Vec<Due> {
    let timing = sandbox.store.timing();
    let now = timing.now();
    let mut taken = Vec::new();
    for (key, schedule) in &mut w.scheduler.schedules {
        if !schedule.is_due(now) {
            continue;
        }
        let policy = &schedule.target["RetryPolicy"];
        let age = policy["MaximumEventAgeInSeconds"].as_i64().unwrap_or(0);
        let attempts = policy["MaximumRetryAttempts"].as_i64().unwrap_or(0);
        let again = timing.after(AGAIN);
        let (at, retry) = match schedule.next.filter(|at| schedule.enabled && *at <= now) {
            Some(at) => (
                at,
                Retry {
                    at: again,
                    until: timing.after(age as f64),
                    left: attempts - 1,
                },
            ),
            None => {
                let Some(retry) = schedule.retry else {
                    continue;
                };
                let left = retry.left - 1;
                (
                    retry.at,
                    Retry {
                        at: again,
                        left,
                        ..retry
                    },
                )
            }
        };
        if schedule.next.is_some_and(|next| next <= now) {
            // times that went by while nobody called are one
            schedule.plan(now, timing);
        }
        schedule.retry = None;
        taken.push(Due {
            key: key.clone(),
            at,
            target: schedule.target.clone(),
            retry: Some(retry),
        });
    }
    taken
}

/// Makes the call of a target, as its role.
async fn call(sandbox: &Sandbox, due: &Due) -> Result<(), ApiError> {
    let arn = due.target["Arn"].as_str().unwrap_or_default();
    let role = due.target["RoleArn"].as_str().unwrap_or_default();
    let Some(operation) = arn.strip_prefix(RDS) else {
        return Err(ApiError::new(
            400,
            "SandboxUnknownTarget",
            format!("the sandbox does not carry out {arn}"),
        ));
    };
    let mut chars = operation.chars();
    let operation: String = chars
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(chars)
        .collect();
    let input: Value = due.target["Input"]
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let mut params = Params::default();
    for (name, value) in input.as_object().into_iter().flatten() {
        // the SDKs spell it otherwise than the wire does
        let name = name.replacen("Db", "DB", 1);
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        params.0.insert(name, value);
    }
    let instance = params.get("DBInstanceIdentifier").unwrap_or_default();
    let region = sandbox.store.region();
    let resource = format!(
        "arn:aws:rds:{region}:{ACCOUNT}:db:{}",
        instance.to_ascii_lowercase()
    );
    let now = sandbox.store.timing().now();
    let action = format!("rds:{operation}");
    let (assumed, may) = sandbox.store.read(|w| {
        let assumed = w.iam.may_assume(role, PRINCIPAL, now);
        (assumed, w.iam.role_may(role, &action, &resource, now))
    })?;
    if !assumed {
        return Err(denied(format!(
            "{PRINCIPAL} is not authorized to perform: sts:AssumeRole on resource: {role}"
        )));
    }
    if !may {
        return Err(denied(format!(
            "{role} is not authorized to perform: {action} on resource: {resource}"
        )));
    }
    let call = Call {
        service: Service::Rds,
        operation,
        input: Input::Query(params),
        request_id: "scheduler".to_owned(),
        region: region.to_owned(),
    };
    rds::handle(sandbox, &call).await.map(|_| ())
}

fn denied(message: String) -> ApiError {
    ApiError::new(403, "AccessDenied", message)
}
