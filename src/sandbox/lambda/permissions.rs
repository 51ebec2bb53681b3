//! The resource policy of a function: who else may invoke it (aws-facts §4.5).

use super::model::Function;
use super::names;
use super::request::{
    Request, conflict, flag, invalid, member, need, not_found, nothing, stale, text, violation,
};
use crate::sandbox::iam::document::glob;
use crate::sandbox::store::Store;
use crate::sandbox::wire::{ApiError, Reply};
use serde_json::{Map, Value, json};

const MOST_BYTES: usize = 20 * 1024;

pub(super) fn add(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let body = r.json()?;
    let named = named(store, r)?;
    let sid = statement_id(need(&body, "StatementId")?)?;
    let arn = names::function_arn(store.region(), &named.name);
    let statement = statement(&body, sid, &arn)?;
    let now = store.timing().now();
    store.write(|w| {
        let serial = w.next_serial();
        let function = names::found_mut(w, &named)?;
        if text(&body, "RevisionId")?.is_some_and(|id| id != function.revision(now)) {
            return Err(stale("GetPolicy"));
        }
        if function.statements.iter().any(|s| s["Sid"] == sid) {
            return Err(conflict(format!(
                "The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the \
                 existing statement."
            )));
        }
        function.statements.push(statement.clone());
        if document(function).len() > MOST_BYTES {
            return Err(ApiError::new(
                400,
                "PolicyLengthExceededException",
                format!("The final policy size is bigger than the limit ({MOST_BYTES})."),
            ));
        }
        function.revise(serial);
        Ok(())
    })?;
    Ok(Reply::Json(
        201,
        json!({"Statement": statement.to_string()}),
    ))
}

pub(super) fn remove(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let named = named(store, r)?;
    let sid = r.segment(4)?;
    let now = store.timing().now();
    store.write(|w| {
        let serial = w.next_serial();
        let function = names::found_mut(w, &named)?;
        if function.statements.is_empty() {
            return Err(not_found(
                "No policy is associated with the given resource.",
            ));
        }
        if r.query("RevisionId")
            .is_some_and(|id| id != function.revision(now))
        {
            return Err(stale("GetPolicy"));
        }
        if !function.statements.iter().any(|s| s["Sid"] == sid) {
            return Err(not_found(format!(
                "Statement {sid} is not found in resource policy."
            )));
        }
        function.statements.retain(|s| s["Sid"] != sid);
        function.revise(serial);
        Ok(())
    })?;
    Ok(nothing())
}

pub(super) fn get(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let named = named(store, r)?;
    let now = store.timing().now();
    let shown = store.read(|w| {
        let function = names::found(w, &named)?;
        if function.statements.is_empty() {
            return Err(not_found("The resource you requested does not exist."));
        }
        Ok(json!({"Policy": document(function), "RevisionId": function.revision(now)}))
    })?;
    Ok(Reply::Json(200, shown?))
}

fn named(store: &Store, r: &Request) -> Result<names::Named, ApiError> {
    if r.query("Qualifier") == Some("$LATEST") {
        return Err(invalid(
            "We currently do not support adding policies for $LATEST.",
        ));
    }
    names::function(r.segment(2)?, r.query("Qualifier"), store.region())
}

fn document(function: &Function) -> String {
    json!({"Version": "2012-10-17", "Id": "default", "Statement": function.statements}).to_string()
}

fn statement_id(sid: &str) -> Result<&str, ApiError> {
    let fits = (1..=100).contains(&sid.len())
        && sid
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if fits {
        Ok(sid)
    } else {
        Err(violation(
            sid,
            "statementId",
            "Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)",
        ))
    }
}

fn statement(body: &Value, sid: &str, arn: &str) -> Result<Value, ApiError> {
    let action = need(body, "Action")?;
    let named = action
        .strip_prefix("lambda:")
        .is_some_and(|a| a == "*" || (!a.is_empty() && a.chars().all(|c| c.is_ascii_alphabetic())));
    if action != "*" && !named {
        return Err(violation(
            action,
            "action",
            "Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])",
        ));
    }
    let mut equals = Map::new();
    if let Some(account) = text(body, "SourceAccount")? {
        if account.len() != 12 || !account.chars().all(|c| c.is_ascii_digit()) {
            return Err(violation(
                account,
                "sourceAccount",
                "Member must satisfy regular expression pattern: \\d{12}",
            ));
        }
        equals.insert("AWS:SourceAccount".into(), account.into());
    }
    let conditions = [
        ("FunctionUrlAuthType", "lambda:FunctionUrlAuthType"),
        ("EventSourceToken", "lambda:EventSourceToken"),
        ("PrincipalOrgID", "aws:PrincipalOrgID"),
    ];
    for (name, key) in conditions {
        if let Some(value) = text(body, name)? {
            equals.insert(key.into(), value.into());
        }
    }
    let mut condition = Map::new();
    if !equals.is_empty() {
        condition.insert("StringEquals".into(), equals.into());
    }
    if member(body, "InvokedViaFunctionUrl").is_some() {
        let via = flag(body, "InvokedViaFunctionUrl")?;
        condition.insert("Bool".into(), json!({"lambda:InvokedViaFunctionUrl": via}));
    }
    if let Some(source) = text(body, "SourceArn")? {
        if source.splitn(6, ':').count() < 6 || !source.starts_with("arn:") {
            return Err(violation(
                source,
                "sourceArn",
                "Member must satisfy regular expression pattern: arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:([a-z]{2}\
                 (-gov)?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)",
            ));
        }
        condition.insert("ArnLike".into(), json!({"AWS:SourceArn": source}));
    }
    let mut statement = Map::new();
    statement.insert("Sid".into(), sid.into());
    statement.insert("Effect".into(), "Allow".into());
    statement.insert("Principal".into(), principal(need(body, "Principal")?)?);
    statement.insert("Action".into(), action.into());
    statement.insert("Resource".into(), arn.into());
    if !condition.is_empty() {
        statement.insert("Condition".into(), condition.into());
    }
    Ok(Value::Object(statement))
}

fn principal(text: &str) -> Result<Value, ApiError> {
    let account = text.len() == 12 && text.chars().all(|c| c.is_ascii_digit());
    if text == "*" {
        Ok("*".into())
    } else if account {
        Ok(json!({"AWS": format!("arn:aws:iam::{text}:root")}))
    } else if text.starts_with("arn:aws:iam::") {
        Ok(json!({"AWS": text}))
    } else if text.ends_with(".amazonaws.com")
        || text.ends_with(".amazon.com")
        || text.ends_with(".alexa.com")
    {
        Ok(json!({"Service": text}))
    } else {
        Err(invalid(
            "The provided principal was invalid. Please check the principal and try again.",
        ))
    }
}

/// Returns whether a service may invoke the function on behalf of something.
///
/// A statement with a condition that the sandbox cannot judge does not match.
pub(super) fn lets_invoke(function: &Function, service: &str, source_arn: &str) -> bool {
    function.statements.iter().any(|s| {
        let who = s["Principal"] == "*" || s["Principal"]["Service"] == service;
        let what = matches!(
            s["Action"].as_str(),
            Some("*" | "lambda:*" | "lambda:InvokeFunction")
        );
        who && what && s.get("Condition").is_none_or(|c| met(c, source_arn))
    })
}

fn met(condition: &Value, source_arn: &str) -> bool {
    let Some(operators) = condition.as_object() else {
        return false;
    };
    operators.iter().all(|(operator, keys)| {
        keys.as_object().is_some_and(|keys| {
            keys.iter().all(|(key, value)| {
                let value = value.as_str().unwrap_or_default();
                match (operator.as_str(), key.as_str()) {
                    ("ArnLike", "AWS:SourceArn") => arn_like(value, source_arn),
                    ("StringEquals", "AWS:SourceAccount") => {
                        source_arn.split(':').nth(4) == Some(value)
                    }
                    _ => false,
                }
            })
        })
    })
}

/// Compares ARNs part by part, each with `*` and `?`.
fn arn_like(pattern: &str, arn: &str) -> bool {
    let (pattern, arn): (Vec<&str>, Vec<&str>) = (
        pattern.splitn(6, ':').collect(),
        arn.splitn(6, ':').collect(),
    );
    pattern.len() == arn.len() && pattern.iter().zip(&arn).all(|(p, a)| glob(p, a))
}
