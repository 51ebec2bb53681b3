//! Environment variables: which names and how much (aws-facts §4.1). No message here quotes a value.

use super::model::Variables;
use super::request::{invalid, map, violation};
use crate::sandbox::wire::ApiError;
use serde_json::Value;

/// Names that a function cannot set for itself.
const RESERVED: [&str; 21] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_MAX_CONCURRENCY",
    "AWS_LAMBDA_METADATA_API",
    "AWS_LAMBDA_METADATA_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

/// Reads `Environment`.
///
/// # Errors
/// `ValidationException` for a name that cannot be one, `InvalidParameterValueException` for reserved names and for
/// more than 4 KB.
pub(super) fn checked(environment: &Value) -> Result<Variables, ApiError> {
    let variables = map(environment, "Variables")?.unwrap_or_default();
    for name in variables.keys() {
        let mut chars = name.chars();
        let fits = chars.next().is_some_and(|c| c.is_ascii_alphabetic())
            && name.len() >= 2
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !fits && !RESERVED.contains(&name.as_str()) {
            // the name alone: AWS quotes the whole map here
            return Err(violation(
                name,
                "environment.variables",
                "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: \
                 [a-zA-Z]([a-zA-Z0-9_])+]",
            ));
        }
    }
    let reserved: Vec<&str> = variables
        .keys()
        .map(String::as_str)
        .filter(|n| RESERVED.contains(n))
        .collect();
    if !reserved.is_empty() {
        return Err(invalid(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided contains reserved keys that are currently not supported for modification. Reserved keys used in \
             this request: {}",
            reserved.join(", ")
        )));
    }
    let size = serde_json::to_string(&variables)
        .map(|t| t.len())
        .unwrap_or(usize::MAX);
    if size > 4096 {
        // AWS quotes the variables here, passwords included; the sandbox does not
        return Err(invalid(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided exceeded the 4KB limit.",
        ));
    }
    Ok(Variables(variables))
}
