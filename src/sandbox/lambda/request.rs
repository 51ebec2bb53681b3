//! What a REST call carries, the readers of its JSON body, and the errors that many operations share.

use crate::sandbox::timing::Moment;
use crate::sandbox::wire::{ApiError, Reply};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::collections::BTreeMap;

/// The parts of a call that the operations need.
pub(super) struct Request<'a> {
    pub(super) path: &'a [String],
    pub(super) query: &'a [(String, String)],
    pub(super) headers: &'a BTreeMap<String, String>,
    pub(super) body: &'a [u8],
}

impl Request<'_> {
    /// Returns a segment of the path; `["2015-03-31", "functions", NAME]` has the name at 2.
    pub(super) fn segment(&self, at: usize) -> Result<&str, ApiError> {
        self.path.get(at).map(String::as_str).ok_or_else(|| {
            ApiError::new(404, "UnknownOperationException", "The path is too short.")
        })
    }

    /// Returns the first value of a query parameter.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// Returns the JSON body, `{}` where there is none.
    pub(super) fn json(&self) -> Result<Value, ApiError> {
        if self.body.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        match serde_json::from_slice(self.body) {
            Ok(Value::Object(body)) => Ok(Value::Object(body)),
            Ok(_) => Err(serialization("The request body must be a JSON object.")),
            // serde_json's own text names a place, never the content, which may be secret
            Err(e) => Err(serialization(format!(
                "Could not parse request body into json: {e}"
            ))),
        }
    }

    /// Cuts one page out of a list in the order of its keys, and returns the marker of the next.
    pub(super) fn page<T>(
        &self,
        mut items: Vec<(String, T)>,
        most: usize,
    ) -> Result<(Vec<T>, Option<String>), ApiError> {
        let wanted = match self.query("MaxItems") {
            None => 50.min(most),
            Some(text) => match text.parse::<usize>() {
                Ok(n) if n >= 1 && n <= most => n.min(50),
                _ => {
                    return Err(violation(
                        text,
                        "maxItems",
                        &format!("Member must have value between 1 and {most}"),
                    ));
                }
            },
        };
        items.sort_by(|a, b| a.0.cmp(&b.0));
        if let Some(marker) = self.query("Marker") {
            let last = URL_SAFE_NO_PAD
                .decode(marker)
                .ok()
                .and_then(|b| String::from_utf8(b).ok())
                .ok_or_else(|| invalid("The marker is not valid."))?;
            items.retain(|(key, _)| *key > last);
        }
        let more = items.len() > wanted;
        items.truncate(wanted);
        let next = items
            .last()
            .filter(|_| more)
            .map(|(key, _)| URL_SAFE_NO_PAD.encode(key));
        Ok((items.into_iter().map(|(_, item)| item).collect(), next))
    }
}

/// `InvalidParameterValueException`.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidParameterValueException", message)
}

/// `ValidationException`, in the words for one broken constraint of the API's model.
pub(super) fn violation(value: &str, member: &str, constraint: &str) -> ApiError {
    ApiError::new(
        400,
        "ValidationException",
        format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
        ),
    )
}

/// `ResourceConflictException`.
pub(super) fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::new(409, "ResourceConflictException", message)
}

/// `ResourceNotFoundException`.
pub(super) fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new(404, "ResourceNotFoundException", message)
}

/// `PreconditionFailedException`: someone else changed the function since it was read.
pub(super) fn stale(kind: &str) -> ApiError {
    ApiError::new(
        412,
        "PreconditionFailedException",
        format!(
            "The RevisionId provided does not match the latest RevisionId. Call the {kind} API to retrieve the \
             latest RevisionId for your resource."
        ),
    )
}

fn serialization(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "SerializationException", message)
}

/// The reply of an operation that returns nothing.
pub(super) fn nothing() -> Reply {
    Reply::Raw {
        status: 204,
        headers: Vec::new(),
        body: Vec::new(),
    }
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
        Some(_) => Err(serialization(format!(
            "{name} cannot be converted to a String"
        ))),
    }
}

/// Returns a text that must be there.
pub(super) fn need<'a>(body: &'a Value, name: &str) -> Result<&'a str, ApiError> {
    text(body, name)?.ok_or_else(|| {
        ApiError::new(
            400,
            "ValidationException",
            format!(
                "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
                lower(name)
            ),
        )
    })
}

/// Returns a whole number.
pub(super) fn number(body: &Value, name: &str) -> Result<Option<i64>, ApiError> {
    match member(body, name) {
        None => Ok(None),
        Some(value) => value
            .as_i64()
            .map(Some)
            .ok_or_else(|| serialization(format!("{name} cannot be converted to an Integer"))),
    }
}

/// Returns a flag, false where it is not given.
pub(super) fn flag(body: &Value, name: &str) -> Result<bool, ApiError> {
    match member(body, name) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(serialization(format!(
            "{name} cannot be converted to a Boolean"
        ))),
    }
}

/// Returns a list of texts.
pub(super) fn texts(body: &Value, name: &str) -> Result<Option<Vec<String>>, ApiError> {
    let wrong = || serialization(format!("{name} cannot be converted to a List of Strings"));
    match member(body, name) {
        None => Ok(None),
        Some(Value::Array(items)) => items
            .iter()
            .map(|i| i.as_str().map(str::to_owned).ok_or_else(wrong))
            .collect::<Result<_, _>>()
            .map(Some),
        Some(_) => Err(wrong()),
    }
}

/// Returns a map of texts.
pub(super) fn map(body: &Value, name: &str) -> Result<Option<BTreeMap<String, String>>, ApiError> {
    let wrong = || serialization(format!("{name} cannot be converted to a Map of Strings"));
    match member(body, name) {
        None => Ok(None),
        Some(Value::Object(items)) => items
            .iter()
            .map(|(k, v)| {
                v.as_str()
                    .map(|v| (k.clone(), v.to_owned()))
                    .ok_or_else(wrong)
            })
            .collect::<Result<_, _>>()
            .map(Some),
        Some(_) => Err(wrong()),
    }
}

/// Returns `functionName` for `FunctionName`.
pub(super) fn lower(name: &str) -> String {
    let mut chars = name.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// Returns `2026-11-23T04:11:28.123+0000`, as functions and layers carry their dates.
pub(super) fn date(at: Moment) -> String {
    jiff::Timestamp::from_millisecond(at)
        .unwrap_or_default()
        .strftime("%Y-%m-%dT%H:%M:%S.%3f+0000")
        .to_string()
}
