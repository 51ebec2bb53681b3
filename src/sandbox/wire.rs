//! One AWS call as it arrived and the answer to it, whatever the protocol.

use serde_json::Value;
use std::collections::BTreeMap;

/// The services that the sandbox answers for, and with them the protocol that each speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Query protocol, XML answers.
    Rds,
    /// EC2's own dialect of the query protocol.
    Ec2,
    /// Query protocol, XML answers.
    Iam,
    /// Query protocol, XML answers.
    Sts,
    /// JSON 1.1.
    CognitoIdp,
    /// CloudWatch Logs. JSON 1.1.
    Logs,
    /// Systems Manager. JSON 1.1.
    Ssm,
    /// REST with JSON bodies.
    Lambda,
    /// REST with JSON bodies.
    Scheduler,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Which service it is for.
    pub service: Service,
    /// The operation, `CreateDBInstance`; for Lambda and Scheduler it is derived from method and path.
    pub operation: String,
    /// What the caller sent.
    pub input: Input,
    /// The request id that the answer will carry.
    pub request_id: String,
    /// The region the request was signed for.
    pub region: String,
}

/// What the caller sent, by protocol.
#[derive(Clone, Debug)]
pub enum Input {
    /// Form parameters (rds, ec2, iam, sts).
    Query(Params),
    /// A JSON body (cognito-idp, logs, ssm).
    Json(Value),
    /// Method, decoded path segments, query string and JSON body (lambda, scheduler).
    Rest {
        /// `GET`, `POST`, …
        method: String,
        /// Percent-decoded path segments: `["2015-03-31", "functions", "name"]`.
        path: Vec<String>,
        /// Decoded query parameters, in order.
        query: Vec<(String, String)>,
        /// Request headers in lower case that a service may need (`x-amz-invocation-type`, …).
        headers: BTreeMap<String, String>,
        /// The raw body.
        body: Vec<u8>,
    },
}

/// The form parameters of the query protocols, with their list conventions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params(pub BTreeMap<String, String>);

impl Params {
    /// Returns a parameter as it was sent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns a parameter, or the error that AWS gives where it is missing.
    pub fn require(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| {
            ApiError::new(
                400,
                "MissingParameter",
                format!("The request must contain the parameter {name}"),
            )
        })
    }

    /// Returns a boolean parameter: `true` in any case is true.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).map(|v| v.eq_ignore_ascii_case("true"))
    }

    /// Returns a whole number, or the error for text that is none.
    pub fn number(&self, name: &str) -> Result<Option<i64>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(v) => v.parse().map(Some).map_err(|_| {
                ApiError::new(
                    400,
                    "InvalidParameterValue",
                    format!("Invalid value '{v}' for {name}: a whole number is wanted"),
                )
            }),
        }
    }

    /// Returns the members of a list of structures, in order.
    ///
    /// Understands `Name.1.X` (EC2), `Name.member.1.X` (IAM) and `Name.Item.1.X` (RDS).
    pub fn structs(&self, name: &str) -> Vec<Params> {
        let mut found: BTreeMap<u32, Params> = BTreeMap::new();
        let prefix = format!("{name}.");
        for (key, value) in &self.0 {
            let Some(rest) = key.strip_prefix(&prefix) else {
                continue;
            };
            let mut parts = rest.splitn(2, '.');
            let first = parts.next().unwrap_or_default();
            let (index, tail) = match first.parse::<u32>() {
                Ok(index) => (index, parts.next().unwrap_or_default()),
                Err(_) => {
                    let tail = parts.next().unwrap_or_default();
                    let mut parts = tail.splitn(2, '.');
                    match parts.next().unwrap_or_default().parse::<u32>() {
                        Ok(index) => (index, parts.next().unwrap_or_default()),
                        Err(_) => continue,
                    }
                }
            };
            found
                .entry(index)
                .or_default()
                .0
                .insert(tail.to_owned(), value.clone());
        }
        found.into_values().collect()
    }

    /// Returns the members of a list of plain values, in order.
    pub fn list(&self, name: &str) -> Vec<String> {
        self.structs(name)
            .into_iter()
            .filter_map(|p| p.0.get("").cloned())
            .collect()
    }

    /// Returns the parameters below `name.`, as of a nested structure.
    pub fn nested(&self, name: &str) -> Params {
        let prefix = format!("{name}.");
        Params(
            self.0
                .iter()
                .filter_map(|(k, v)| k.strip_prefix(&prefix).map(|k| (k.to_owned(), v.clone())))
                .collect(),
        )
    }
}

/// A successful answer, without the envelope of its protocol, which the server adds.
#[derive(Clone, Debug)]
pub enum Reply {
    /// The inside of `<OperationResult>` (rds, iam, sts) or of `<OperationResponse>` (ec2).
    Xml(String),
    /// A JSON body with a status (lambda answers 200, 201, 202, 204).
    Json(u16, Value),
    /// Any body, with headers besides (`Invoke`).
    Raw {
        /// HTTP status.
        status: u16,
        /// Further headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
}

/// A refusal, in the words of AWS.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// The wire code, `DBInstanceNotFound`.
    pub code: String,
    /// The sentence.
    pub message: String,
    /// Further members of the body (JSON protocols), as `reasonCode`.
    pub extra: BTreeMap<String, Value>,
}

impl ApiError {
    /// Makes a refusal.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        ApiError {
            status,
            code: code.to_owned(),
            message: message.into(),
            extra: BTreeMap::new(),
        }
    }
}
