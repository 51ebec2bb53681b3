//! Fires a trigger as Cognito does: it waits five seconds, asks at most three times, and judges the answer
//! (aws-facts §5.4).

use super::super::Sandbox;
use super::super::lambda::Invocation;
use super::super::wire::ApiError;
use super::functions::Functions;
use super::state::{Pool, User};
use serde_json::{Map, Value, json};

/// How long Cognito waits for an answer, in milliseconds; it cannot be configured.
pub(super) const DEADLINE_MS: u64 = 5_000;

/// How often it asks in all.
const ATTEMPTS: u32 = 3;

/// What an administrator's call has instead of an app client.
pub(super) const NO_CLIENT: &str = "CLIENT_ID_NOT_APPLICABLE";

/// One firing: which trigger, on which occasion, for whom.
pub(super) struct Occasion<'a> {
    /// `PostConfirmation`.
    pub(super) trigger: &'static str,
    /// What follows the name in `triggerSource`: `ConfirmSignUp`.
    pub(super) source: &'static str,
    /// The app client, or [`NO_CLIENT`].
    pub(super) client: &'a str,
    /// `ClientMetadata` of the call.
    pub(super) metadata: Option<&'a Value>,
    /// Further members of the event's request and the empty members of its response.
    pub(super) extra: (Map<String, Value>, Value),
}

impl<'a> Occasion<'a> {
    /// A confirmation.
    pub(super) fn post_confirmation(
        source: &'static str,
        client: &'a str,
        metadata: Option<&'a Value>,
    ) -> Self {
        Occasion {
            trigger: "PostConfirmation",
            source,
            client,
            metadata,
            extra: (Map::new(), json!({})),
        }
    }
}

/// Returns the event that the function receives.
fn event(pool: &Pool, user: &User, occasion: &Occasion<'_>) -> Value {
    let mut attributes = Map::new();
    if occasion.trigger == "PostConfirmation" {
        attributes.insert("sub".into(), json!(user.sub));
        attributes.insert("cognito:user_status".into(), json!(user.status));
    }
    for (name, value) in &user.attributes {
        attributes.insert(name.clone(), json!(value));
    }
    let (mut request, response) = occasion.extra.clone();
    request.insert("userAttributes".into(), Value::Object(attributes));
    if let Some(metadata) = occasion.metadata {
        request.insert("clientMetadata".into(), metadata.clone());
    }
    json!({
        "version": "1",
        "region": pool.region(),
        "userPoolId": pool.id,
        "userName": user.username,
        "callerContext": {
            "awsSdkVersion": "aws-sdk-unknown-unknown",
            "clientId": occasion.client,
        },
        "triggerSource": format!("{}_{}", occasion.trigger, occasion.source),
        "request": request,
        "response": response,
    })
}

/// Fires a trigger where the pool has one, and returns the response that the function gave.
///
/// # Errors
/// `UserLambdaValidationException` where the function raises, `UnexpectedLambdaException` where it cannot be
/// invoked or does not answer in time, `InvalidLambdaResponseException` where it does not return the event.
pub(super) async fn fire<F: Functions>(
    functions: &F,
    sandbox: &Sandbox,
    pool: &Pool,
    user: &User,
    occasion: &Occasion<'_>,
) -> Result<Option<Value>, ApiError> {
    let Some(arn) = pool.trigger(occasion.trigger) else {
        return Ok(None);
    };
    let event = event(pool, user, occasion);
    let pool_arn = pool.arn();
    let mut attempt = 1;
    loop {
        let answer = functions
            .invoke(sandbox, arn, &event, &pool_arn, DEADLINE_MS)
            .await;
        match judge(occasion.trigger, &event, answer) {
            Verdict::Answered(response) => return Ok(Some(response)),
            Verdict::Unanswered(_) if attempt < ATTEMPTS => attempt += 1,
            Verdict::Unanswered(error) | Verdict::Refused(error) => return Err(error),
        }
    }
}

/// What an attempt came to.
enum Verdict {
    /// The function returned the event with this response.
    Answered(Value),
    /// No answer in time: Cognito asks again, so that two runs of the function may overlap.
    Unanswered(ApiError),
    /// An answer, and a bad one: asking again would not help.
    Refused(ApiError),
}

fn judge(trigger: &str, event: &Value, answer: Result<Invocation, ApiError>) -> Verdict {
    let unexpected = |why: &str| {
        ApiError::new(
            400,
            "UnexpectedLambdaException",
            format!("{trigger} invocation failed due to error {why}."),
        )
    };
    let late = || Verdict::Unanswered(unexpected("Socket timeout while invoking Lambda function"));
    let answer = match answer {
        Ok(answer) => answer,
        Err(e) if e.status == 504 => return late(),
        // what is wrong with the sandbox itself is told, or nobody would find it
        Err(e) if e.status >= 500 => {
            return Verdict::Unanswered(unexpected(&format!("{}: {}", e.code, e.message)));
        }
        Err(e) if e.status == 429 => return Verdict::Unanswered(unexpected(&e.code)),
        Err(e) => return Verdict::Refused(unexpected(&e.code)),
    };
    if answer.duration_ms >= DEADLINE_MS {
        return late();
    }
    if answer.error.is_some() {
        let message = answer
            .payload
            .get("errorMessage")
            .and_then(Value::as_str)
            .unwrap_or("null");
        return Verdict::Refused(ApiError::new(
            400,
            "UserLambdaValidationException",
            format!("{trigger} failed with error {message}."),
        ));
    }
    // The same event must come back; only its response is the function's to fill.
    let same = ["version", "triggerSource", "userPoolId", "userName"]
        .iter()
        .all(|name| answer.payload.get(*name) == event.get(*name));
    match answer.payload.get("response") {
        Some(response) if same && response.is_object() => Verdict::Answered(response.clone()),
        _ => Verdict::Refused(ApiError::new(
            400,
            "InvalidLambdaResponseException",
            "Unrecognizable lambda output",
        )),
    }
}
