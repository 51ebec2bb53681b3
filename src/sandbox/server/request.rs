//! Reads an HTTP request into a [`Call`]: which service, which region, which operation, with what.

use super::credential::{Credential, credential};
use super::routes;
use crate::sandbox::scheduler;
use crate::sandbox::wire::{ApiError, Call, Input, Params, Service};
use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

const COGNITO_TARGET: &str = "AWSCognitoIdentityProviderService.";
const LOGS_TARGET: &str = "Logs_20140328.";
const SSM_TARGET: &str = "AmazonSSM.";

/// A request that is refused before the sandbox sees it.
#[derive(Debug)]
pub struct Refusal {
    /// Whose error format the answer has.
    pub service: Option<Service>,
    /// The operation, as far as it could be told.
    pub operation: String,
    /// The refusal.
    pub error: ApiError,
}

impl Refusal {
    /// Makes a refusal in the format of the service that the head is addressed to.
    pub fn of(head: &Parts, error: ApiError) -> Self {
        let service = match credential(head) {
            Credential::Scope { service, .. } => by_name(&service),
            _ => by_shape(head, &Params::default()),
        };
        Refusal {
            service,
            operation: String::new(),
            error,
        }
    }
}

/// Makes a request id in the form of a UUID.
pub fn new_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|d| d.as_nanos())
        .unwrap_or_default();
    let seed = format!(
        "{}/{}/{nanos}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::SeqCst)
    );
    let hex: String = Sha256::digest(seed.as_bytes())
        .iter()
        .take(16)
        .map(|b| format!("{b:02x}"))
        .collect();
    format!(
        "{}-{}-4{}-8{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}

/// Reads a request.
///
/// `region` is where the sandbox's world lies.
///
/// # Errors
/// What AWS refuses before it looks at the call: missing or garbled credentials, another region's scope, an
/// action that is missing or of another version, a body that cannot be read.
pub fn read(head: &Parts, body: &[u8], id: &str, region: &str) -> Result<Call, Refusal> {
    let query = pairs(head.uri.query().unwrap_or_default().as_bytes());
    let form = is_form(head);
    let mut params = Params::default();
    if form || head.method == "GET" {
        params.0.extend(query.iter().cloned());
    }
    if form {
        params.0.extend(pairs(body));
    }
    let credential = credential(head);
    let service = match &credential {
        Credential::Scope { service, .. } => match by_name(service) {
            Some(service) => Some(service),
            None => {
                let message = format!(
                    "the sandbox has no service '{service}': it answers for rds, ec2, iam, sts, cognito-idp, lambda, logs and scheduler"
                );
                let error = ApiError::new(400, "UnknownOperationException", message);
                return Err(Refusal {
                    service: None,
                    operation: String::new(),
                    error,
                });
            }
        },
        _ => by_shape(head, &params),
    };
    let refuse = |operation: &str, error: ApiError| Refusal {
        service,
        operation: operation.to_owned(),
        error,
    };
    let Some(found) = service else {
        let error = ApiError::new(
            403,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        );
        return Err(refuse("", error));
    };
    let segments = segments(head.uri.path());
    let named = operation(found, head, &params, &segments, &query);
    let operation_name = named.as_deref().unwrap_or_default();
    let public = found == Service::CognitoIdp && routes::is_public(operation_name);
    let region = match check(&credential, found, region, public) {
        Ok(region) => region,
        Err(error) => return Err(refuse(operation_name, error)),
    };
    let operation = named.map_err(|error| refuse("", error))?;
    let input = match found {
        Service::Lambda | Service::Scheduler => Input::Rest {
            method: head.method.to_string(),
            path: segments,
            query,
            headers: head
                .headers
                .iter()
                // credentials are nobody's business further down
                .filter(|(name, _)| *name != "authorization" && *name != "x-amz-security-token")
                .filter_map(|(name, value)| {
                    Some((name.to_string(), value.to_str().ok()?.to_owned()))
                })
                .collect::<BTreeMap<_, _>>(),
            body: body.to_vec(),
        },
        Service::CognitoIdp | Service::Logs | Service::Ssm => {
            Input::Json(json(body).map_err(|e| refuse(&operation, e))?)
        }
        _ => Input::Query(params),
    };
    Ok(Call {
        service: found,
        operation,
        input,
        request_id: id.to_owned(),
        region,
    })
}

fn json(body: &[u8]) -> Result<Value, ApiError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Default::default()));
    }
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(ApiError::new(
            400,
            "SerializationException",
            "Start of structure or map found where not expected.",
        )),
        // the reason may quote what was sent, which may be secret
        Err(_) => Err(ApiError::new(
            400,
            "SerializationException",
            "The request body is not JSON",
        )),
    }
}

fn operation(
    service: Service,
    head: &Parts,
    params: &Params,
    path: &[String],
    query: &[(String, String)],
) -> Result<String, ApiError> {
    match service {
        Service::CognitoIdp => targeted(head, COGNITO_TARGET),
        Service::Logs => targeted(head, LOGS_TARGET),
        Service::Ssm => targeted(head, SSM_TARGET),
        Service::Lambda => {
            let find = query.iter().find(|(k, _)| k == "find");
            routes::lambda(head.method.as_str(), path, find.map(|(_, v)| v.as_str()))
                .map(str::to_owned)
                .ok_or_else(|| {
                    ApiError::new(
                        404,
                        "UnknownOperationException",
                        format!(
                            "the sandbox's Lambda has no {} /{}",
                            head.method,
                            path.join("/")
                        ),
                    )
                })
        }
        Service::Scheduler => scheduler::route(head.method.as_str(), path)
            .map(str::to_owned)
            .ok_or_else(|| {
                ApiError::new(
                    404,
                    "UnknownOperationException",
                    format!(
                        "the sandbox's Scheduler has no {} /{}",
                        head.method,
                        path.join("/")
                    ),
                )
            }),
        _ => {
            let Some(action) = params.get("Action").filter(|a| !a.is_empty()) else {
                return Err(ApiError::new(
                    400,
                    "MissingAction",
                    "The request must contain the parameter Action",
                ));
            };
            match params.get("Version") {
                Some(version) if by_version(version) != Some(service) => Err(ApiError::new(
                    400,
                    "InvalidAction",
                    format!("Could not find operation {action} for version {version}"),
                )),
                // it becomes an XML name in the answer
                _ if !action.chars().all(|c| c.is_ascii_alphanumeric()) => Err(ApiError::new(
                    400,
                    "InvalidAction",
                    "Could not find an operation of that name",
                )),
                _ => Ok(action.to_owned()),
            }
        }
    }
}

/// The operation of a service whose calls name it in a header.
fn targeted(head: &Parts, service: &str) -> Result<String, ApiError> {
    target(head)
        .and_then(|t| t.strip_prefix(service))
        .map(str::to_owned)
        .ok_or_else(|| ApiError::new(400, "UnknownOperationException", ""))
}

/// Checks who signed, and returns the region that the call is for.
fn check(
    credential: &Credential,
    service: Service,
    region: &str,
    public: bool,
) -> Result<String, ApiError> {
    let query = matches!(
        service,
        Service::Rds | Service::Ec2 | Service::Iam | Service::Sts
    );
    let refuse = |short: &str, message: String| {
        let code = match query {
            true => short.to_owned(),
            false => format!("{short}Exception"),
        };
        ApiError::new(403, &code, message)
    };
    match credential {
        // IAM and STS are the same everywhere
        Credential::Scope { region: signed, .. }
            if signed == region || matches!(service, Service::Iam | Service::Sts) =>
        {
            Ok(signed.clone())
        }
        Credential::Scope { region: signed, .. } => Err(refuse(
            if query { "SignatureDoesNotMatch" } else { "InvalidSignature" },
            format!("Credential should be scoped to a valid region, not '{signed}'. This sandbox is in {region}."),
        )),
        Credential::Absent if public => Ok(region.to_owned()),
        Credential::Absent if query => Err(refuse(
            "MissingAuthenticationToken",
            "Request is missing Authentication Token".to_owned(),
        )),
        Credential::Absent => Err(refuse(
            "MissingAuthenticationToken",
            "Missing Authentication Token".to_owned(),
        )),
        Credential::Garbled => Err(refuse(
            "IncompleteSignature",
            "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' \
             parameter. Authorization header requires 'SignedHeaders' parameter."
                .to_owned(),
        )),
    }
}

fn by_name(signed: &str) -> Option<Service> {
    Some(match signed {
        "rds" => Service::Rds,
        "ec2" => Service::Ec2,
        "iam" => Service::Iam,
        "sts" => Service::Sts,
        "cognito-idp" => Service::CognitoIdp,
        "lambda" => Service::Lambda,
        "scheduler" => Service::Scheduler,
        "logs" => Service::Logs,
        "ssm" => Service::Ssm,
        _ => return None,
    })
}

fn by_version(version: &str) -> Option<Service> {
    Some(match version {
        "2014-10-31" => Service::Rds,
        "2016-11-15" => Service::Ec2,
        "2010-05-08" => Service::Iam,
        "2011-06-15" => Service::Sts,
        _ => return None,
    })
}

/// Tells the service of a request without credentials by its form.
fn by_shape(head: &Parts, params: &Params) -> Option<Service> {
    match target(head) {
        Some(t) if t.starts_with(COGNITO_TARGET) => return Some(Service::CognitoIdp),
        Some(t) if t.starts_with(LOGS_TARGET) => return Some(Service::Logs),
        Some(t) if t.starts_with(SSM_TARGET) => return Some(Service::Ssm),
        _ => {}
    }
    if params.get("Action").is_some() {
        return by_version(params.get("Version")?);
    }
    let first = segments(head.uri.path()).into_iter().next()?;
    ["2015-03-31", "2017-03-31", "2018-10-31"]
        .contains(&first.as_str())
        .then_some(Service::Lambda)
}

fn target(head: &Parts) -> Option<&str> {
    head.headers.get("x-amz-target")?.to_str().ok()
}

fn is_form(head: &Parts) -> bool {
    head.headers
        .get("content-type")
        .and_then(|v| v.to_str().ok())
        .is_some_and(|t| t.starts_with("application/x-www-form-urlencoded"))
}

/// Decodes `name=value&…`.
pub fn pairs(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text)
        .map(|(k, v)| (k.into_owned(), v.into_owned()))
        .collect()
}

fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|s| !s.is_empty())
        .map(|s| percent_decode_str(s).decode_utf8_lossy().into_owned())
        .collect()
}
