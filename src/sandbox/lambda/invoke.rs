//! Invocations: who may, in which state, and what the caller gets back.

use super::fit::failed;
use super::logs;
use super::model::{Release, uuid};
use super::prepare::prepare;
use super::request::{Request, nothing};
use super::run::run;
use super::{names, permissions, report};
use crate::sandbox::Sandbox;
use crate::sandbox::wire::{ApiError, Reply};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What an event may take, in bytes: synchronously and not.
const MOST_EVENT: usize = 6 * 1024 * 1024;
const MOST_ASYNC_EVENT: usize = 1024 * 1024;

static INVOCATION: AtomicU64 = AtomicU64::new(0);

/// What came of an invocation.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// What the handler returned, or the error document.
    pub payload: Value,
    /// `Unhandled` where the payload is an error. Lambda says so of raised exceptions too; its `Handled` was of
    /// runtimes that are gone.
    pub error: Option<String>,
    /// The last 4 KB of what was logged.
    pub log_tail: String,
    /// Milliseconds in the handler.
    pub duration_ms: u64,
}

/// Invokes a function and waits for it.
///
/// With a `caller` (service principal and ARN of what it acts for) the resource policy must allow it. After
/// `deadline_ms` (real milliseconds from the call, cold start included) the caller is told that it waited in vain;
/// the function runs on until its own timeout, as on AWS.
///
/// # Errors
/// `AccessDeniedException` without a matching permission or with a role that cannot be assumed,
/// `ResourceNotFoundException`, `ResourceConflictException` while `Pending`, `RequestTimeout` (504) after the
/// deadline, `ServiceException` where nothing can be run here. What the function does wrong is an [`Invocation`].
pub async fn invoke(
    sandbox: &Sandbox,
    function_arn: &str,
    payload: &Value,
    caller: Option<(&str, &str)>,
    deadline_ms: Option<u64>,
) -> Result<Invocation, ApiError> {
    let admitted = admit(sandbox, function_arn, None, caller)?;
    let request_id = uuid(&format!(
        "{} {} {}",
        sandbox.store.timing().now(),
        std::process::id(),
        INVOCATION.fetch_add(1, Ordering::Relaxed)
    ));
    let running = tokio::spawn(perform(
        sandbox.clone(),
        admitted,
        payload.clone(),
        request_id,
        None,
    ));
    let done = match deadline_ms {
        None => running.await,
        Some(ms) => match tokio::time::timeout(Duration::from_millis(ms), running).await {
            Ok(done) => done,
            Err(_) => {
                return Err(ApiError::new(
                    504,
                    "RequestTimeout",
                    format!(
                        "The function did not answer within {:.2} seconds.",
                        ms as f64 / 1000.0
                    ),
                ));
            }
        },
    };
    done.map_err(|e| failed(format!("The sandbox broke while it ran the function: {e}")))?
}

/// A function that may be run now.
struct Admitted {
    name: String,
    release: Release,
}

fn admit(
    sandbox: &Sandbox,
    function: &str,
    qualifier: Option<&str>,
    caller: Option<(&str, &str)>,
) -> Result<Admitted, ApiError> {
    let store = &sandbox.store;
    let named = names::function(function, qualifier, store.region())?;
    let now = store.timing().now();
    store.read(|w| {
        let found = names::found(w, &named)?;
        if let Some((service, source)) = caller
            && !permissions::lets_invoke(found, service, source)
        {
            return Err(denied(format!(
                "User: {service} is not authorized to perform: lambda:InvokeFunction on resource: {} because no \
                 resource-based policy allows the lambda:InvokeFunction action",
                names::function_arn(&w.region, &named.name)
            )));
        }
        found.created(now)?;
        let release = found.serving(now).clone();
        if !w.iam.may_assume(&release.settings.role, "lambda.amazonaws.com", now) {
            return Err(denied("The role defined for the function cannot be assumed by Lambda.".to_owned()));
        }
        Ok(Admitted {
            name: named.name.clone(),
            release,
        })
    })?
}

fn denied(message: String) -> ApiError {
    ApiError::new(403, "AccessDeniedException", message)
}

/// The operation `Invoke`.
pub(super) async fn operation(
    sandbox: &Sandbox,
    r: &Request<'_>,
    request_id: &str,
) -> Result<Reply, ApiError> {
    let kind = r
        .headers
        .get("x-amz-invocation-type")
        .map_or("RequestResponse", String::as_str);
    let most = if kind == "Event" {
        MOST_ASYNC_EVENT
    } else {
        MOST_EVENT
    };
    if r.body.len() > most {
        return Err(ApiError::new(
            413,
            "RequestTooLargeException",
            format!(
                "{} byte payload is too large for the {kind} invocation type (limit {most} bytes)",
                r.body.len()
            ),
        ));
    }
    let admitted = admit(sandbox, r.segment(2)?, r.query("Qualifier"), None)?;
    let event = if r.body.is_empty() {
        json!({})
    } else {
        serde_json::from_slice(r.body).map_err(|e| {
            ApiError::new(
                400,
                "InvalidRequestContentException",
                format!("Could not parse request body into json: {e}"),
            )
        })?
    };
    let client = r
        .headers
        .get("x-amz-client-context")
        .and_then(|text| STANDARD.decode(text).ok())
        .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let run = perform(
        sandbox.clone(),
        admitted,
        event,
        request_id.to_owned(),
        client,
    );
    match kind {
        "DryRun" => return Ok(nothing()),
        "Event" => {
            // nobody waits for it: what comes of it is in the log
            drop(tokio::spawn(run));
            return Ok(Reply::Raw {
                status: 202,
                headers: Vec::new(),
                body: Vec::new(),
            });
        }
        "RequestResponse" => {}
        other => {
            return Err(super::request::violation(
                other,
                "invocationType",
                "Member must satisfy enum value set: [Event, RequestResponse, DryRun]",
            ));
        }
    }
    // on its own, so that a caller who hangs up does not end the function
    let done = tokio::spawn(run)
        .await
        .map_err(|e| failed(format!("The sandbox broke while it ran the function: {e}")))??;
    let mut headers = vec![("X-Amz-Executed-Version".to_owned(), "$LATEST".to_owned())];
    if let Some(error) = &done.error {
        headers.push(("X-Amz-Function-Error".to_owned(), error.clone()));
    }
    if r.headers.get("x-amz-log-type").is_some_and(|t| t == "Tail") {
        headers.push((
            "X-Amz-Log-Result".to_owned(),
            STANDARD.encode(&done.log_tail),
        ));
    }
    Ok(Reply::Raw {
        status: 200,
        headers,
        body: done.payload.to_string().into_bytes(),
    })
}

async fn perform(
    sandbox: Sandbox,
    admitted: Admitted,
    event: Value,
    request_id: String,
    client: Option<Value>,
) -> Result<Invocation, ApiError> {
    let Admitted { name, release } = admitted;
    let store = &sandbox.store;
    let job = prepare(&sandbox, &name, &release, event, &request_id, client).await?;
    let begun = store.timing().now();
    let outcome = run(&job, store.timing()).await?;
    let lines = report::lines(&release, &request_id, begun, store.timing().now(), &outcome);
    let tail = report::tail(&lines);
    if let Err(e) = logs::append(store, &release, &job.log, &lines) {
        tracing::warn!(
            function = name,
            error = e.message,
            "the log of the function cannot be written"
        );
    }
    let (payload, error) = match outcome.result {
        Ok(payload) => (payload, None),
        Err(payload) => (payload, Some("Unhandled".to_owned())),
    };
    Ok(Invocation {
        payload,
        error,
        log_tail: tail,
        duration_ms: outcome.duration.as_millis() as u64,
    })
}
