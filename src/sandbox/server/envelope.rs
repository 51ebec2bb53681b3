//! Wraps answers and refusals as each protocol has them.

use crate::sandbox::wire::{ApiError, Call, Reply, Service};
use crate::sandbox::xml::Xml;
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

/// A complete answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub code: Option<String>,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// Turns it into what hyper sends; headers that HTTP does not allow are left out.
    pub fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(Bytes::from(self.body)));
        if let Ok(status) = hyper::StatusCode::from_u16(self.status) {
            *response.status_mut() = status;
        }
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (
                HeaderName::try_from(name.as_str()),
                HeaderValue::try_from(value.as_str()),
            ) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// Returns the name under which a service's calls are signed.
pub fn name(service: Service) -> &'static str {
    match service {
        Service::Rds => "rds",
        Service::Ec2 => "ec2",
        Service::Iam => "iam",
        Service::Sts => "sts",
        Service::CognitoIdp => "cognito-idp",
        Service::Logs => "logs",
        Service::Ssm => "ssm",
        Service::Lambda => "lambda",
        Service::Scheduler => "scheduler",
    }
}

fn namespace(service: Service) -> &'static str {
    match service {
        Service::Ec2 => "http://ec2.amazonaws.com/doc/2016-11-15/",
        Service::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
        Service::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
        _ => "http://rds.amazonaws.com/doc/2014-10-31/",
    }
}

fn headers(service: Option<Service>, id: &str) -> Vec<(String, String)> {
    let kind = match service {
        Some(Service::Ec2) => "text/xml;charset=UTF-8",
        Some(Service::CognitoIdp | Service::Logs | Service::Ssm) => "application/x-amz-json-1.1",
        Some(Service::Lambda | Service::Scheduler) | None => "application/json",
        Some(_) => "text/xml",
    };
    vec![
        ("content-type".to_owned(), kind.to_owned()),
        ("x-amzn-requestid".to_owned(), id.to_owned()),
        ("x-amz-request-id".to_owned(), id.to_owned()),
    ]
}

/// Wraps what the sandbox answered.
pub fn success(call: &Call, reply: Reply) -> Answer {
    let mut headers = headers(Some(call.service), &call.request_id);
    let (status, body) = match reply {
        Reply::Xml(inside) => (200, xml(call, &inside).into_bytes()),
        Reply::Json(status, Value::Null) => (status, Vec::new()),
        Reply::Json(status, value) => (status, value.to_string().into_bytes()),
        Reply::Raw {
            status,
            headers: more,
            body,
        } => {
            headers.extend(more);
            (status, body)
        }
    };
    Answer {
        status,
        code: None,
        headers,
        body,
    }
}

fn xml(call: &Call, inside: &str) -> String {
    let operation = &call.operation;
    let id = &call.request_id;
    let open = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{operation}Response xmlns=\"{}\">",
        namespace(call.service)
    );
    match call.service {
        Service::Ec2 => {
            format!("{open}<requestId>{id}</requestId>{inside}</{operation}Response>")
        }
        _ => format!(
            "{open}<{operation}Result>{inside}</{operation}Result><ResponseMetadata><RequestId>{id}</RequestId>\
             </ResponseMetadata></{operation}Response>"
        ),
    }
}

/// Wraps a refusal. Where the service could not be told, it is plain JSON.
pub fn refusal(service: Option<Service>, error: &ApiError, id: &str) -> Answer {
    let mut headers = headers(service, id);
    let body = match service {
        Some(Service::Ec2) => ec2(error, id),
        Some(service @ (Service::Rds | Service::Iam | Service::Sts)) => query(service, error, id),
        Some(Service::CognitoIdp | Service::Logs | Service::Ssm) | None => {
            headers.push(("x-amzn-errortype".to_owned(), error.code.clone()));
            headers.push(("x-amzn-errormessage".to_owned(), error.message.clone()));
            let mut body = Map::new();
            body.insert("__type".to_owned(), error.code.clone().into());
            body.insert("message".to_owned(), error.message.clone().into());
            body.extend(error.extra.clone());
            Value::Object(body).to_string()
        }
        Some(Service::Scheduler) => {
            headers.push(("x-amzn-errortype".to_owned(), error.code.clone()));
            // its own errors have `Message` (service model), those of the way to it `message`
            let other = ["AccessDenied", "Signature", "Token"];
            let own = !other.iter().any(|o| error.code.contains(o));
            let member = if own { "Message" } else { "message" };
            let mut body = Map::new();
            body.insert(member.to_owned(), error.message.clone().into());
            Value::Object(body).to_string()
        }
        Some(Service::Lambda) => {
            headers.push(("x-amzn-errortype".to_owned(), error.code.clone()));
            let mut body = Map::new();
            // what the service itself did not decide (credentials, unknown paths) carries no type
            let own = !error.code.ends_with("AuthenticationTokenException")
                && !error.code.contains("Signature")
                && !error.code.starts_with("AccessDenied")
                && !error.code.starts_with("UnknownOperation");
            if own {
                let side = if error.status >= 500 {
                    "Service"
                } else {
                    "User"
                };
                body.insert("Type".to_owned(), side.into());
            }
            let member = if capital(&error.code) {
                "Message"
            } else {
                "message"
            };
            body.insert(member.to_owned(), error.message.clone().into());
            body.extend(error.extra.clone());
            if error.code == "TooManyRequestsException" {
                headers.push(("retry-after".to_owned(), "1".to_owned()));
            }
            Value::Object(body).to_string()
        }
    };
    Answer {
        status: error.status,
        code: Some(error.code.clone()),
        headers,
        body: body.into_bytes(),
    }
}

/// Lambda writes `Message` in some of its errors and `message` in the others (from the service model).
fn capital(code: &str) -> bool {
    const BEGINNINGS: [&str; 16] = [
        "AccessDenied",
        "CodeSigningConfigNotFound",
        "CodeVerificationFailed",
        "EC2",
        "EFS",
        "ENI",
        "InvalidCodeSignature",
        "InvalidRuntime",
        "InvalidSecurityGroupID",
        "InvalidSubnetID",
        "InvalidZipFile",
        "KMS",
        "PublicPolicy",
        "ResourceInUse",
        "ResourceNotFound",
        "S3Files",
    ];
    const OTHERS: [&str; 4] = [
        "RecursiveInvocationException",
        "ServiceException",
        "ServiceQuotaExceededException",
        "SubnetIPAddressLimitReachedException",
    ];
    BEGINNINGS.iter().any(|b| code.starts_with(b))
        || OTHERS.contains(&code)
        || code.starts_with("SnapStart")
}

fn query(service: Service, error: &ApiError, id: &str) -> String {
    let side = if error.status >= 500 {
        "Receiver"
    } else {
        "Sender"
    };
    let mut x = Xml::new();
    x.node("Error", |x| {
        x.el("Type", side)
            .el("Code", &error.code)
            .el("Message", &error.message);
    })
    .el("RequestId", id);
    format!(
        "<ErrorResponse xmlns=\"{}\">{}</ErrorResponse>",
        namespace(service),
        x.done()
    )
}

fn ec2(error: &ApiError, id: &str) -> String {
    let mut x = Xml::new();
    x.node("Response", |x| {
        x.node("Errors", |x| {
            x.node("Error", |x| {
                x.el("Code", &error.code).el("Message", &error.message);
            });
        })
        .el("RequestID", id);
    });
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", x.done())
}
