//! What is sent of a schedule: read, checked, and completed with what AWS puts where nothing is said.

use super::expression::{Expression, zone};
use super::model::Schedule;
use super::request::{
    Request, invalid, member, missing, moment, named, need, serialization, text, violation,
};
use crate::sandbox::timing::{Moment, Timing};
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;
use serde_json::{Value, json};

/// Who assumes the role of a target.
pub const PRINCIPAL: &str = "scheduler.amazonaws.com";
/// What the ARN of a call to RDS begins with.
pub const RDS: &str = "arn:aws:scheduler:::aws-sdk:rds:";

/// Calls to RDS that the sandbox knows as targets, with the members that their input may have.
const CALLS: [(&str, &[&str]); 3] = [
    (
        "stopDBInstance",
        &["DbInstanceIdentifier", "DbSnapshotIdentifier"],
    ),
    ("startDBInstance", &["DbInstanceIdentifier"]),
    (
        "rebootDBInstance",
        &["DbInstanceIdentifier", "ForceFailover"],
    ),
];

/// Reads a schedule out of a create or an update: what is not said is as AWS has it by default, also in an update
/// (service model, UpdateSchedule).
///
/// # Errors
/// `ValidationException`.
pub(super) fn schedule(w: &World, r: &Request<'_>, timing: &Timing) -> Result<Schedule, ApiError> {
    let body = &r.body;
    let now = timing.now();
    let group = named("groupName", text(body, "GroupName")?.unwrap_or("default"))?;
    let expression = need(body, "ScheduleExpression")?;
    let Some(parsed) = Expression::parse(expression) else {
        return Err(invalid(format!(
            "Invalid Schedule Expression {expression}."
        )));
    };
    let timezone = text(body, "ScheduleExpressionTimezone")?.unwrap_or("UTC");
    if zone(timezone).is_none() {
        return Err(invalid(format!(
            "Invalid Schedule Expression Timezone {timezone}."
        )));
    }
    let (start, end) = (moment(body, "StartDate")?, moment(body, "EndDate")?);
    if end.is_some_and(|end| end <= now) {
        return Err(invalid("The EndDate you specify must be in the future."));
    }
    if start.zip(end).is_some_and(|(start, end)| end <= start) {
        return Err(invalid("The StartDate must come before the EndDate."));
    }
    let description = text(body, "Description")?;
    if description.is_some_and(|d| d.chars().count() > 512) {
        return Err(violation(
            "",
            "description",
            "Member must have length less than or equal to 512",
        ));
    }
    token(body)?;
    let found = Schedule {
        group: group.to_owned(),
        name: r.name()?.to_owned(),
        expression: expression.to_owned(),
        timezone: timezone.to_owned(),
        start,
        end,
        description: description.map(str::to_owned),
        enabled: one_of(body, "State", &["ENABLED", "DISABLED"])?.is_none_or(|s| s == "ENABLED"),
        kms_key: text(body, "KmsKeyArn")?.map(str::to_owned),
        target: target(w, body, now)?,
        window: window(body)?,
        delete_after: one_of(body, "ActionAfterCompletion", &["NONE", "DELETE"])? == Some("DELETE"),
        created: now,
        modified: now,
        next: None,
        retry: None,
        firings: Vec::new(),
    };
    if matches!(parsed, Expression::At(_)) {
        let mut once = found.clone();
        once.plan(now, timing);
        if once.next.is_none() {
            return Err(invalid(format!(
                "Invalid Schedule Expression {expression}. The time must be in the future."
            )));
        }
    }
    Ok(found)
}

/// Checks a client token.
pub(super) fn token(body: &Value) -> Result<(), ApiError> {
    let fits = |t: &str| {
        (1..=64).contains(&t.len())
            && t.chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    match text(body, "ClientToken")? {
        Some(token) if !fits(token) => Err(violation(
            token,
            "clientToken",
            "Member must satisfy regular expression pattern: ^[a-zA-Z0-9-_]+$",
        )),
        _ => Ok(()),
    }
}

fn one_of<'a>(body: &'a Value, name: &str, allowed: &[&str]) -> Result<Option<&'a str>, ApiError> {
    match text(body, name)? {
        Some(value) if !allowed.contains(&value) => Err(violation(
            value,
            name,
            &format!("Member must satisfy enum value set: {allowed:?}"),
        )),
        value => Ok(value),
    }
}

fn window(body: &Value) -> Result<Value, ApiError> {
    let window = member(body, "FlexibleTimeWindow").ok_or_else(|| missing("FlexibleTimeWindow"))?;
    let mode = one_of(window, "Mode", &["OFF", "FLEXIBLE"])?;
    let minutes = number(window, "MaximumWindowInMinutes", 1, 1440)?;
    match (mode, minutes) {
        (None, _) => Err(missing("FlexibleTimeWindow.Mode")),
        (Some("FLEXIBLE"), None) => Err(invalid(
            "MaximumWindowInMinutes must be specified for a FLEXIBLE time window.",
        )),
        (Some("OFF"), Some(_)) => Err(invalid(
            "MaximumWindowInMinutes must not be specified where the time window is OFF.",
        )),
        _ => Ok(window.clone()),
    }
}

fn target(w: &World, body: &Value, now: Moment) -> Result<Value, ApiError> {
    let target = member(body, "Target").ok_or_else(|| missing("Target"))?;
    let (arn, role) = (need(target, "Arn")?, need(target, "RoleArn")?);
    if !arn.starts_with("arn:") {
        return Err(invalid(format!("Parameter {arn} is not valid.")));
    }
    if !role.contains(":iam::") || !role.contains(":role/") {
        return Err(violation(
            role,
            "target.roleArn",
            "Member must satisfy regular expression pattern: ^arn:aws[a-z-]*:iam::\\d{12}:role\\/[\\w+=,.@\\/-]+$",
        ));
    }
    if let Some(call) = arn.strip_prefix(RDS) {
        input(call, text(target, "Input")?)?;
    } else if arn.starts_with("arn:aws:scheduler:") {
        return Err(invalid(format!(
            "{arn} is not a supported target here: the sandbox knows calls to rds."
        )));
    }
    // it says nothing of what the role may do; that shows when it is due
    if !w.iam.may_assume(role, PRINCIPAL, now) {
        return Err(invalid(
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
        ));
    }
    let given = member(target, "RetryPolicy")
        .cloned()
        .unwrap_or_else(|| json!({}));
    let age = number(&given, "MaximumEventAgeInSeconds", 60, 86400)?;
    let attempts = number(&given, "MaximumRetryAttempts", 0, 185)?;
    let mut target = target.clone();
    target["RetryPolicy"] = json!({
        "MaximumEventAgeInSeconds": age.unwrap_or(86400),
        "MaximumRetryAttempts": attempts.unwrap_or(185),
    });
    Ok(target)
}

/// Checks the request that a target will get: its members are spelled as the SDKs have them.
fn input(call: &str, input: Option<&str>) -> Result<(), ApiError> {
    let Some((_, members)) = CALLS.iter().find(|(known, _)| *known == call) else {
        return Err(invalid(format!(
            "Parameter {RDS}{call} is not valid. Reason: Provided Arn is not in correct format, or the sandbox has no \
             such call."
        )));
    };
    let wrong = |why: String| invalid(format!("Invalid RequestJson provided. Reason: {why}"));
    let Some(Ok(Value::Object(request))) = input.map(serde_json::from_str) else {
        return Err(wrong("a JSON object is wanted".to_owned()));
    };
    if let Some(unknown) = request.keys().find(|k| !members.contains(&k.as_str())) {
        return Err(wrong(format!(
            "The field '{unknown}' is not supported by Scheduler"
        )));
    }
    match request.get("DbInstanceIdentifier") {
        Some(Value::String(_)) => Ok(()),
        _ => Err(wrong(
            "The required field 'DbInstanceIdentifier' is missing".to_owned(),
        )),
    }
}

fn number(body: &Value, name: &str, low: i64, high: i64) -> Result<Option<i64>, ApiError> {
    let Some(value) = member(body, name) else {
        return Ok(None);
    };
    let n = value
        .as_i64()
        .ok_or_else(|| serialization(format!("{name} must be a whole number")))?;
    if !(low..=high).contains(&n) {
        return Err(violation(
            &n.to_string(),
            name,
            &format!("Member must be between {low} and {high}, inclusive"),
        ));
    }
    Ok(Some(n))
}
