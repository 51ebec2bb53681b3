//! What a REST call carries, the readers of its JSON body, and the errors that many operations share.

use crate::sandbox::timing::Moment;
use crate::sandbox::wire::ApiError;
use serde_json::Value;

/// The parts of a call that the operations need.
pub(super) struct Request<'a> {
    pub(super) path: &'a [String],
    pub(super) query: &'a [(String, String)],
    pub(super) body: Value,
}

impl Request<'_> {
    /// Returns the name in the path, `/schedules/NAME`.
    pub(super) fn name(&self) -> Result<&str, ApiError> {
        let name = self.path.get(1).map(String::as_str).unwrap_or_default();
        named("name", name)
    }

    /// Returns the ARN in the path; a client may send its `/` as it is.
    pub(super) fn arn(&self) -> String {
        self.path.get(1..).unwrap_or_default().join("/")
    }

    /// Returns the first value of a query parameter.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let mut all = self.query.iter();
        all.find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Cuts one page out of a list in the order of its keys, and returns the token of the next.
    pub(super) fn page<T>(
        &self,
        mut items: Vec<(String, T)>,
    ) -> Result<(Vec<T>, Option<String>), ApiError> {
        let most = match self.query("MaxResults") {
            None => 100,
            Some(text) => match text.parse::<usize>() {
                Ok(n) if (1..=100).contains(&n) => n,
                _ => {
                    return Err(violation(
                        text,
                        "maxResults",
                        "Member must be between 1 and 100, inclusive",
                    ));
                }
            },
        };
        items.sort_by(|a, b| a.0.cmp(&b.0));
        if let Some(token) = self.query("NextToken") {
            let Some(last) = token.strip_prefix("after:") else {
                return Err(invalid("Invalid NextToken."));
            };
            items.retain(|(key, _)| key.as_str() > last);
        }
        let more = items.len() > most;
        items.truncate(most);
        let next = items
            .last()
            .filter(|_| more)
            .map(|(key, _)| format!("after:{key}"));
        Ok((items.into_iter().map(|(_, item)| item).collect(), next))
    }
}

/// Checks a name of a schedule or a group.
pub(super) fn named<'a>(member: &str, name: &'a str) -> Result<&'a str, ApiError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > 64 {
        return Err(violation(
            name,
            member,
            "Member must have length between 1 and 64, inclusive",
        ));
    }
    if !name.chars().all(fits) {
        return Err(violation(
            name,
            member,
            "Member must satisfy regular expression pattern: ^[0-9a-zA-Z-_.]+$",
        ));
    }
    Ok(name)
}

/// `ValidationException`.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "ValidationException", message)
}

/// `ValidationException`, in the words for one broken constraint of the API's model.
pub(super) fn violation(value: &str, member: &str, constraint: &str) -> ApiError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    ))
}

/// `ConflictException`.
pub(super) fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::new(409, "ConflictException", message)
}

/// `ResourceNotFoundException`.
pub(super) fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new(404, "ResourceNotFoundException", message)
}

/// Returns a member that is there and not null.
pub(super) fn member<'a>(body: &'a Value, name: &str) -> Option<&'a Value> {
    body.get(name).filter(|v| !v.is_null())
}

/// Returns a text.
pub(super) fn text<'a>(body: &'a Value, name: &str) -> Result<Option<&'a str>, ApiError> {
    match member(body, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(serialization(format!("{name} must be a text"))),
    }
}

/// Returns a text that must be there.
pub(super) fn need<'a>(body: &'a Value, name: &str) -> Result<&'a str, ApiError> {
    text(body, name)?.ok_or_else(|| missing(name))
}

/// What is said of a member that must be there.
pub(super) fn missing(name: &str) -> ApiError {
    invalid(format!(
        "1 validation error detected: Value at '{}' failed to satisfy constraint: Member must not be null",
        lower(name)
    ))
}

/// Returns a moment, which is sent as seconds since 1970.
pub(super) fn moment(body: &Value, name: &str) -> Result<Option<Moment>, ApiError> {
    match member(body, name) {
        None => Ok(None),
        Some(value) => value
            .as_f64()
            .map(|seconds| Some((seconds * 1000.0) as Moment))
            .ok_or_else(|| serialization(format!("{name} must be a timestamp"))),
    }
}

/// Writes a moment as it is sent.
pub(super) fn seconds(at: Moment) -> Value {
    (at as f64 / 1000.0).into()
}

pub(super) fn serialization(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "SerializationException", message)
}

fn lower(name: &str) -> String {
    let mut chars = name.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}
