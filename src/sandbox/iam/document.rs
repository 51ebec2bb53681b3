//! Policy documents: what IAM refuses to store, and what a stored one decides.

use crate::sandbox::wire::ApiError;
use serde_json::{Map, Value};

/// What a document says about one action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A statement allows it and none denies it.
    Allows,
    /// A statement denies it.
    Denies,
    /// No statement is about it.
    Silent,
}

/// What kind of document is checked; the rules differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A managed policy.
    Managed,
    /// A policy inside a role.
    Inline,
    /// Who may assume a role.
    Trust,
}

const ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

fn malformed(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "MalformedPolicyDocument", message)
}

/// Checks a document as IAM does before it stores it (aws-facts §3.3).
///
/// `known` says whether a principal of this account exists; it is asked for trust policies only.
///
/// # Errors
/// `MalformedPolicyDocument`.
pub(super) fn check(text: &str, kind: Kind, known: impl Fn(&str) -> bool) -> Result<(), ApiError> {
    let syntax = || match kind {
        Kind::Trust => malformed("This policy contains invalid Json"),
        _ => malformed("Syntax errors in policy."),
    };
    let Ok(Value::Object(document)) = serde_json::from_str::<Value>(text) else {
        return Err(syntax());
    };
    if document
        .keys()
        .any(|k| !["Version", "Id", "Statement"].contains(&k.as_str()))
    {
        return Err(malformed("Syntax errors in policy."));
    }
    match (document.get("Version").map(Value::as_str), kind) {
        (Some(Some("2012-10-17")), _)
        | (Some(Some("2008-10-17")) | None, Kind::Inline | Kind::Trust) => {}
        (Some(Some("2008-10-17")) | None, Kind::Managed) => {
            return Err(malformed(
                "Policy document must be version 2012-10-17 or greater.",
            ));
        }
        _ => return Err(malformed("Syntax errors in policy.")),
    }
    let mut sids: Vec<&str> = Vec::new();
    let statements: Vec<&Value> = match document.get("Statement") {
        Some(Value::Array(many)) if !many.is_empty() || kind != Kind::Trust => {
            many.iter().collect()
        }
        Some(one @ Value::Object(_)) => vec![one],
        _ => return Err(malformed("Syntax errors in policy.")),
    };
    if statements.is_empty() {
        return Err(malformed("Syntax errors in policy."));
    }
    for statement in statements {
        let Value::Object(statement) = statement else {
            return Err(malformed("Syntax errors in policy."));
        };
        check_statement(statement, kind, &known)?;
        if let Some(sid) = statement.get("Sid").and_then(Value::as_str) {
            if sids.contains(&sid) && !sid.is_empty() {
                return Err(malformed(
                    "Statement IDs (SID) in a single policy must be unique.",
                ));
            }
            sids.push(sid);
        }
    }
    Ok(())
}

fn check_statement(
    statement: &Map<String, Value>,
    kind: Kind,
    known: &impl Fn(&str) -> bool,
) -> Result<(), ApiError> {
    if let Some(unknown) = statement.keys().find(|k| !ELEMENTS.contains(&k.as_str())) {
        return Err(match kind {
            Kind::Trust => malformed(format!("Unknown field {unknown}")),
            _ => malformed("Syntax errors in policy."),
        });
    }
    if !matches!(
        statement.get("Effect").and_then(Value::as_str),
        Some("Allow" | "Deny")
    ) {
        return Err(malformed("Syntax errors in policy."));
    }
    match statement.get("Sid").map(Value::as_str) {
        None => {}
        Some(Some(sid)) if sid.chars().all(|c| c.is_ascii_alphanumeric()) => {}
        // a trust policy may have any text as its Sid
        Some(Some(_)) if kind == Kind::Trust => {}
        Some(Some(sid)) => {
            return Err(malformed(format!(
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression \
                 [0-9A-Za-z]*. The invalid SID is {sid}"
            )));
        }
        Some(None) => return Err(malformed("Syntax errors in policy.")),
    }
    if statement.get("Condition").is_some_and(|c| !c.is_object()) {
        return Err(malformed("Syntax errors in policy."));
    }
    let actions = texts(statement, "Action", "NotAction")?;
    if actions.is_empty() {
        return Err(malformed("Policy statement must contain actions."));
    }
    let vendor = |a: &str| {
        a == "*"
            || a.split_once(':').is_some_and(|(vendor, name)| {
                !name.is_empty()
                    && !vendor.is_empty()
                    && vendor
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || c == '-')
            })
    };
    if !actions.iter().all(|a| vendor(a)) {
        return Err(malformed(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ));
    }
    if kind == Kind::Trust {
        return check_trust_statement(statement, &actions, known);
    }
    if statement.contains_key("Principal") || statement.contains_key("NotPrincipal") {
        return Err(malformed("Policy document should not specify a principal."));
    }
    let resources = texts(statement, "Resource", "NotResource")?;
    if resources.is_empty() {
        return Err(malformed("Policy statement must contain resources."));
    }
    for resource in resources {
        if resource != "*" && !resource.starts_with("arn:") {
            return Err(malformed(format!(
                "Resource {resource} must be in ARN format or \"*\"."
            )));
        }
        if resource != "*" && resource.splitn(6, ':').count() < 6 && !resource.contains('*') {
            return Err(malformed("The policy failed legacy parsing"));
        }
    }
    Ok(())
}

fn check_trust_statement(
    statement: &Map<String, Value>,
    actions: &[&str],
    known: &impl Fn(&str) -> bool,
) -> Result<(), ApiError> {
    if let Some(field) = ["Resource", "NotResource"]
        .into_iter()
        .find(|f| statement.contains_key(*f))
    {
        return Err(malformed(format!("Has prohibited field {field}")));
    }
    if !actions
        .iter()
        .all(|a| *a == "*" || a.to_ascii_lowercase().starts_with("sts:"))
    {
        return Err(malformed(
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ));
    }
    let principal = statement
        .get("Principal")
        .or_else(|| statement.get("NotPrincipal"))
        .ok_or_else(|| malformed("Missing required field Principal"))?;
    let kinds = match principal {
        Value::String(all) if all == "*" => return Ok(()),
        Value::Object(kinds) if !kinds.is_empty() => kinds,
        _ => {
            return Err(malformed(
                "Missing required field Principal cannot be empty!",
            ));
        }
    };
    for (kind, values) in kinds {
        let values = strings(values).ok_or_else(|| malformed("Syntax errors in policy."))?;
        for value in values {
            let fits = match kind.as_str() {
                "Service" => {
                    let (name, rest) = value.split_once('.').unwrap_or((value, ""));
                    !name.is_empty()
                        && (rest.ends_with("amazonaws.com")
                            || rest == "amazon.com"
                            || rest.ends_with(".aws.internal"))
                }
                "AWS" => {
                    value == "*"
                        || (value.len() == 12 && value.chars().all(|c| c.is_ascii_digit()))
                        || (value.starts_with("arn:aws:") && known(value))
                }
                "Federated" | "CanonicalUser" => !value.is_empty(),
                _ => return Err(malformed(format!("Unknown field {kind}"))),
            };
            if !fits {
                return Err(malformed(format!(
                    "Invalid principal in policy: \"{}\":\"{value}\"",
                    kind.to_uppercase()
                )));
            }
        }
    }
    Ok(())
}

fn strings(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(one) => Some(vec![one]),
        Value::Array(many) => many.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// Returns the texts of one of two elements that exclude each other.
fn texts<'a>(
    statement: &'a Map<String, Value>,
    name: &str,
    not: &str,
) -> Result<Vec<&'a str>, ApiError> {
    match (statement.get(name), statement.get(not)) {
        (Some(_), Some(_)) => Err(malformed("Syntax errors in policy.")),
        (Some(value), None) | (None, Some(value)) => {
            strings(value).ok_or_else(|| malformed("Syntax errors in policy."))
        }
        (None, None) => Ok(Vec::new()),
    }
}

fn statements(text: &str) -> Vec<Map<String, Value>> {
    let document = serde_json::from_str::<Value>(text).unwrap_or_default();
    match document.get("Statement") {
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_object).cloned().collect(),
        Some(Value::Object(one)) => vec![one.clone()],
        _ => Vec::new(),
    }
}

fn any(statement: &Map<String, Value>, name: &str, hit: impl Fn(&str) -> bool) -> Option<bool> {
    let values = strings(statement.get(name)?)?;
    Some(values.into_iter().any(hit))
}

/// Returns whether the statement is about the action, or, with another pair of elements, about the resource.
fn about(
    statement: &Map<String, Value>,
    name: &str,
    not: &str,
    hit: impl Fn(&str) -> bool,
) -> bool {
    any(statement, name, &hit)
        .or_else(|| any(statement, not, &hit).map(|found| !found))
        .unwrap_or(false)
}

fn allows(statement: &Map<String, Value>) -> bool {
    statement.get("Effect").and_then(Value::as_str) == Some("Allow")
}

/// Returns what a policy says about an action on a resource. A deny under a condition counts as silence.
pub fn decides(text: &str, action: &str, resource: &str) -> Verdict {
    let action = action.to_ascii_lowercase();
    let mut verdict = Verdict::Silent;
    for statement in statements(text) {
        let hit = about(&statement, "Action", "NotAction", |a| {
            glob(&a.to_ascii_lowercase(), &action)
        }) && about(&statement, "Resource", "NotResource", |r| glob(r, resource));
        match (hit, allows(&statement)) {
            (false, _) => {}
            (true, true) => verdict = Verdict::Allows,
            (true, false) if statement.contains_key("Condition") => {}
            (true, false) => return Verdict::Denies,
        }
    }
    verdict
}

/// Returns whether a trust policy lets a service assume the role. Conditions are taken as met.
pub fn lets_assume(text: &str, service: &str) -> bool {
    let mut lets = false;
    for statement in statements(text) {
        let by_service = match statement.get("Principal") {
            Some(Value::Object(kinds)) => kinds
                .get("Service")
                .and_then(strings)
                .is_some_and(|all| all.contains(&service)),
            Some(Value::String(all)) => all == "*",
            _ => false,
        };
        let assumes = about(&statement, "Action", "NotAction", |a| {
            glob(&a.to_ascii_lowercase(), "sts:assumerole")
        });
        match (by_service && assumes, allows(&statement)) {
            (true, true) => lets = true,
            (true, false) => return false,
            (false, _) => {}
        }
    }
    lets
}

/// Matches `*` (any text) and `?` (any character).
pub fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    p = at + 1;
                    t = from + 1;
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}
