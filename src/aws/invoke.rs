//! Calls a function, and tells what came of it. For `verify`: nothing else in the program invokes functions.

use super::{Clients, fault};
use crate::model::Fault;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{InvocationType, LogType};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What came of an invocation.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// Why the function failed, in its own words, with the error's type.
    pub failed: Option<String>,
    /// What it returned.
    pub answer: Value,
    /// How long its start took, in seconds; nothing where it was warm.
    pub start: Option<f64>,
    /// How long it ran, in seconds, its start not included.
    pub ran: Option<f64>,
}

/// Invokes a function and waits for it.
///
/// # Errors
/// Where it may not be invoked, or is not ready.
pub async fn invoke(clients: &Clients, function: &str, event: &Value) -> Result<Invocation, Fault> {
    const OP: &str = "lambda:Invoke";
    let answer = clients
        .lambda
        .invoke()
        .function_name(function)
        .invocation_type(InvocationType::RequestResponse)
        .log_type(LogType::Tail)
        .payload(Blob::new(event.to_string()))
        .send()
        .await
        .map_err(|e| fault(OP, true, &[], &e))?;
    let body = answer.payload.map(Blob::into_inner).unwrap_or_default();
    let payload: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let log = answer
        .log_result
        .and_then(|text| STANDARD.decode(text).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    Ok(Invocation {
        failed: answer.function_error.map(|kind| reason(&kind, &payload)),
        answer: payload,
        start: seconds(&log, "Init Duration: "),
        ran: seconds(&log, "\tDuration: "),
    })
}

fn reason(kind: &str, payload: &Value) -> String {
    match (
        payload["errorType"].as_str(),
        payload["errorMessage"].as_str(),
    ) {
        (Some(name), Some(message)) => format!("{name}: {message}"),
        (None, Some(message)) => message.to_owned(),
        _ => kind.to_owned(),
    }
}

/// Returns a time of the log's REPORT line.
fn seconds(log: &str, name: &str) -> Option<f64> {
    let line = log.lines().rev().find(|l| l.starts_with("REPORT "))?;
    let (_, rest) = line.split_once(name)?;
    let number = rest.split(' ').next()?.parse::<f64>().ok()?;
    Some(number / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_are_read_from_the_report() {
        let log = "START RequestId: 1\nREPORT RequestId: 1\tDuration: 12.50 ms\tBilled Duration: 300 ms\tMemory Size: 256 MB\tInit Duration: 250.00 ms\t\n";
        assert_eq!(seconds(log, "\tDuration: "), Some(0.0125));
        assert_eq!(seconds(log, "Init Duration: "), Some(0.25));
        let warm = log.replace("Init Duration", "Other");
        assert_eq!(seconds(&warm, "Init Duration: "), None);
        assert_eq!(seconds("", "\tDuration: "), None);
    }

    #[test]
    fn a_failure_is_told_in_the_functions_words() {
        let error = json!({"errorType": "OperationalError", "errorMessage": "no route"});
        assert_eq!(reason("Unhandled", &error), "OperationalError: no route");
        assert_eq!(reason("Unhandled", &Value::Null), "Unhandled");
    }
}
