//! SDK errors become faults. Meaning comes from codes ([`codes`]), never from sentences; the one exception is the exact
//! list of IAM-propagation messages (aws-facts §3.4), and it lives in the kind that needs it.

use super::{actions, codes};
use crate::model::{Class, Fault, Residue};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::error::Error;

/// What codes mean at one very call, where that is something else than what the tables say ([`codes`]).
pub type Rules<'a> = &'a [(&'a str, Class)];

/// Translates an SDK error of an operation, `rds:CreateDBInstance`, by the call's own rules and then the tables.
///
/// A code that neither has gets its class from the HTTP status, and says that it is not known. Every fault of a service
/// says what to do about it. `writes` says whether the operation changes anything: a reply that was lost then leaves it
/// open what remains.
pub fn fault<E>(
    op: &str,
    writes: bool,
    rules: Rules<'_>,
    error: &SdkError<E, HttpResponse>,
) -> Fault
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let lost = if writes {
        Residue::Unknown
    } else {
        Residue::Nothing
    };
    match error {
        SdkError::ServiceError(service) => {
            let meta = service.err().meta();
            let status = service.raw().status().as_u16();
            let code = meta.code().filter(|c| !c.is_empty());
            let known = code.and_then(|code| codes::meaning(op, code));
            let own = code.and_then(|code| rules.iter().find(|(known, _)| *known == code));
            let class = own
                .map(|(_, class)| *class)
                .or(known.map(|meaning| meaning.class))
                .unwrap_or_else(|| by_status(status));
            // what the table says holds for the class that it has there
            let known = known.filter(|meaning| meaning.class == class);
            let mut fault = Fault::new(
                op,
                class,
                meta.message()
                    .filter(|m| !m.is_empty())
                    .unwrap_or("the service gave no message"),
            );
            fault.code = Some(code.map_or_else(|| format!("HTTP {status}"), str::to_owned));
            fault.request_id = request_id(service.raw()).or_else(|| {
                // query protocols carry it in the body
                meta.extra("aws_request_id").map(str::to_owned)
            });
            fault.residue = match known.and_then(|meaning| meaning.left) {
                Some(left) => left,
                None if class == Class::Transient => lost,
                None => Residue::Nothing,
            };
            fault.help = Some(match (known, own) {
                (Some(meaning), _) if !meaning.advice.is_empty() => meaning.advice.to_owned(),
                (None, None) => unknown(op, code, status, class, &fault.message),
                _ if class == Class::Denied => actions::denied(op, &fault.message),
                _ => codes::of_class(class).unwrap_or_default().to_owned(),
            })
            .filter(|help| !help.is_empty());
            fault
        }
        SdkError::TimeoutError(_) => Fault::new(op, Class::Transient, "no answer came in time")
            .residue(lost)
            .help(LOST),
        SdkError::DispatchFailure(failure) => {
            let cause = failure
                .as_connector_error()
                .map_or_else(|| "the request could not be sent".to_owned(), |e| chain(e));
            if let Some(fault) = no_credentials(op, &cause) {
                return fault;
            }
            let class = if failure.is_user() {
                Class::Invalid
            } else {
                Class::Transient
            };
            let fault = Fault::new(op, class, cause).residue(lost);
            fault.help("check the network, and `--endpoint-url` where one is given")
        }
        SdkError::ResponseError(response) => {
            let mut fault = Fault::new(op, Class::Transient, "the answer could not be read");
            fault.request_id = request_id(response.raw());
            fault.residue(lost).help(LOST)
        }
        SdkError::ConstructionFailure(_) => {
            let text = chain(error);
            no_credentials(op, &text).unwrap_or_else(|| Fault::new(op, Class::Invalid, text))
        }
        _ => Fault::new(op, Class::Transient, chain(error)).residue(lost),
    }
}

/// What to do where an answer did not come, or cannot be read.
const LOST: &str = "run the same command again: it looks first at what is there";

/// What sort of failure it is where nobody knows the code. Never `NotFound` or `Conflict`, which the engine takes for
/// knowledge: an absence is believed on the service's own code alone.
fn by_status(status: u16) -> Class {
    match status {
        // a success that cannot be read, or a detour, is an answer that was lost
        ..=399 | 408 | 500.. => Class::Transient,
        429 => Class::Throttled,
        401 | 403 => Class::Denied,
        _ => Class::Invalid,
    }
}

/// What can be said honestly about a code that is in no table.
fn unknown(op: &str, code: Option<&str>, status: u16, class: Class, message: &str) -> String {
    let what = match code {
        Some(code) => format!("this program does not know the code {code}"),
        None => "the service gave no code".to_owned(),
    };
    let then = match class {
        _ if code.is_none() && status < 400 => format!(
            "what answered is not AWS, or was cut off: a proxy, or the page by which a network lets people in. Check the \
             network; {LOST}"
        ),
        Class::Denied if code.is_none() => {
            let denied = actions::denied(op, message);
            format!("where a proxy or the network has refused it, AWS has not heard of it; otherwise {denied}")
        }
        Class::Denied => actions::denied(op, message),
        Class::Throttled | Class::Transient => {
            codes::of_class(class).unwrap_or_default().to_owned()
        }
        _ if code.is_none() => {
            "what answered may not be AWS but a proxy: check the network, and `--endpoint-url` where one is given".to_owned()
        }
        _ => "what AWS says above is all that is known: correct what it names, and run the same command again; AWS \
              Support can look the request id up"
            .to_owned(),
    };
    format!("{what}, and goes by the HTTP status {status}: {then}")
}

/// The caller has no credentials, or none that can be had. No code exists on this side of the wire: the words decide.
fn no_credentials(op: &str, cause: &str) -> Option<Fault> {
    let message = if cause.contains("no credentials found in chain") {
        // what follows lists every place that was looked at, over and over
        "no AWS credentials were found in the environment, the profile or the machine's role"
    } else if cause.contains("credential") {
        cause
    } else {
        return None;
    };
    let help = "log in (`aws sso login`, `aws configure`), or name a profile with --profile or AWS_PROFILE; --sandbox needs none";
    Some(Fault::new(op, Class::Denied, message).help(help))
}

/// A fault for an answer that lacks what AWS promises.
pub fn unexpected(op: &str, what: &str) -> Fault {
    Fault::new(op, Class::Transient, format!("the answer lacks {what}")).help(LOST)
}

fn request_id(raw: &HttpResponse) -> Option<String> {
    [
        "x-amzn-requestid",
        "x-amzn-request-id",
        "x-amz-request-id",
        "x-amz-requestid",
    ]
    .iter()
    .find_map(|name| raw.headers().get(*name))
    .map(str::to_owned)
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
#[path = "fault_tests.rs"]
mod tests;
