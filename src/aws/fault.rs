//! SDK errors become faults. Meaning comes from codes, never from sentences; the one exception is the exact list of
//! IAM-propagation messages (aws-facts §3.4), and it lives in the kind that needs it.

use crate::model::{Class, Fault, Residue};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::error::Error;

/// What one operation's own codes mean, before the common table is asked.
pub type Rules<'a> = &'a [(&'a str, Class)];

/// Codes that mean the same in every service.
const COMMON: &[(&str, Class)] = &[
    ("AccessDenied", Class::Denied),
    ("AccessDeniedException", Class::Denied),
    ("UnauthorizedOperation", Class::Denied),
    ("AuthFailure", Class::Denied),
    ("NotAuthorizedException", Class::Denied),
    ("InvalidClientTokenId", Class::Denied),
    ("UnrecognizedClientException", Class::Denied),
    ("SignatureDoesNotMatch", Class::Denied),
    ("ExpiredToken", Class::Denied),
    ("ExpiredTokenException", Class::Denied),
    ("MissingAuthenticationToken", Class::Denied),
    ("OptInRequired", Class::Denied),
    // the list of the SDK's own retry rule (aws-facts §6.2)
    ("Throttling", Class::Throttled),
    ("ThrottlingException", Class::Throttled),
    ("ThrottledException", Class::Throttled),
    ("RequestThrottled", Class::Throttled),
    ("RequestThrottledException", Class::Throttled),
    ("TooManyRequestsException", Class::Throttled),
    ("RequestLimitExceeded", Class::Throttled),
    ("EC2ThrottledException", Class::Throttled),
    ("SlowDown", Class::Throttled),
    ("PriorRequestNotComplete", Class::Throttled),
    ("ResourceNotFoundException", Class::NotFound),
    ("NoSuchEntity", Class::NotFound),
    ("EntityAlreadyExists", Class::Conflict),
    ("ConcurrentModification", Class::Busy),
    ("ConcurrentModificationException", Class::Busy),
    ("EntityTemporarilyUnmodifiable", Class::Busy),
    ("InternalFailure", Class::Transient),
    ("InternalError", Class::Transient),
    ("InternalErrorException", Class::Transient),
    ("InternalServerError", Class::Transient),
    ("ServiceFailure", Class::Transient),
    ("ServiceException", Class::Transient),
    ("ServiceUnavailable", Class::Transient),
    ("Unavailable", Class::Transient),
    ("RequestExpired", Class::Transient),
];

/// Translates an SDK error of an operation, `rds:CreateDBInstance`, by its own rules and then the common ones.
///
/// `writes` says whether the operation changes anything: a reply that was lost then leaves it open what remains.
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
            let code = meta.code().map(str::to_owned);
            let class = code
                .as_deref()
                .and_then(|code| {
                    rules
                        .iter()
                        .chain(COMMON)
                        .find(|(known, _)| *known == code)
                        .map(|(_, class)| *class)
                })
                .unwrap_or(match status {
                    500.. => Class::Transient,
                    429 => Class::Throttled,
                    401 | 403 => Class::Denied,
                    _ => Class::Invalid,
                });
            let mut fault = Fault::new(
                op,
                class,
                meta.message().unwrap_or("the service gave no message"),
            );
            fault.code = code.or_else(|| Some(format!("HTTP {status}")));
            fault.request_id = request_id(service.raw()).or_else(|| {
                // query protocols carry it in the body
                meta.extra("aws_request_id").map(str::to_owned)
            });
            if class == Class::Transient {
                fault.residue = lost;
            }
            if class == Class::Denied {
                fault = fault.help(format!(
                    "allow the caller `{op}`, or check which credentials are in use with `aws sts get-caller-identity`"
                ));
            }
            fault
        }
        SdkError::TimeoutError(_) => {
            Fault::new(op, Class::Transient, "no answer came in time").residue(lost)
        }
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
            fault.residue(lost)
        }
        SdkError::ConstructionFailure(_) => {
            let text = chain(error);
            no_credentials(op, &text).unwrap_or_else(|| Fault::new(op, Class::Invalid, text))
        }
        _ => Fault::new(op, Class::Transient, chain(error)).residue(lost),
    }
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
    Fault::new(op, Class::Transient, format!("the answer lacks {what}"))
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
