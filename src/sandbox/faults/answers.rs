//! The refusals that a script asks for, as each service words them.

use crate::sandbox::sts::CALLER;
use crate::sandbox::wire::{ApiError, Call, Service};
use crate::sandbox::world::ACCOUNT;

/// The service's own word for "too many calls".
pub fn throttle(call: &Call) -> ApiError {
    match call.service {
        Service::Rds | Service::Iam | Service::Sts => {
            ApiError::new(400, "Throttling", "Rate exceeded")
        }
        Service::Ec2 => ApiError::new(503, "RequestLimitExceeded", "Request limit exceeded."),
        Service::CognitoIdp => ApiError::new(400, "TooManyRequestsException", "Rate exceeded"),
        Service::Scheduler => ApiError::new(429, "ThrottlingException", "Rate exceeded"),
        Service::Logs | Service::Ssm => ApiError::new(400, "ThrottlingException", "Rate exceeded"),
        Service::Lambda => {
            let mut error = ApiError::new(429, "TooManyRequestsException", "Rate exceeded");
            error
                .extra
                .insert("Reason".to_owned(), "CallerRateLimitExceeded".into());
            error
        }
    }
}

/// The service's own word for a failure of its own.
pub fn internal(call: &Call) -> ApiError {
    let (code, message) = match call.service {
        Service::Rds | Service::Sts => (
            "InternalFailure",
            "The request processing has failed because of an unknown error, exception or failure.",
        ),
        Service::Iam => (
            "ServiceFailure",
            "The request processing has failed because of an unknown error, exception or failure.",
        ),
        Service::Ec2 => ("InternalError", "An internal error has occurred"),
        Service::CognitoIdp => ("InternalErrorException", "Internal Error"),
        Service::Scheduler => ("InternalServerException", "Internal Server Error"),
        Service::Ssm => (
            "InternalServerError",
            "An error occurred on the server side.",
        ),
        Service::Logs => (
            "ServiceUnavailableException",
            "The service cannot complete the request.",
        ),
        Service::Lambda => (
            "ServiceException",
            "An error occurred and the request cannot be processed.",
        ),
    };
    ApiError::new(500, code, message)
}

/// The service's own word for a caller without permission, naming the action as policies do.
pub fn deny(call: &Call) -> ApiError {
    let (prefix, resource) = match call.service {
        Service::Rds => ("rds", format!("arn:aws:rds:{}:{ACCOUNT}:*", call.region)),
        Service::Ec2 => ("ec2", format!("arn:aws:ec2:{}:{ACCOUNT}:*", call.region)),
        Service::Iam => ("iam", format!("arn:aws:iam::{ACCOUNT}:*")),
        Service::Sts => ("sts", "*".to_owned()),
        Service::CognitoIdp => (
            "cognito-idp",
            format!("arn:aws:cognito-idp:{}:{ACCOUNT}:userpool/*", call.region),
        ),
        Service::Scheduler => (
            "scheduler",
            format!("arn:aws:scheduler:{}:{ACCOUNT}:*", call.region),
        ),
        Service::Logs => (
            "logs",
            format!("arn:aws:logs:{}:{ACCOUNT}:log-group:*", call.region),
        ),
        Service::Ssm => (
            "ssm",
            format!("arn:aws:ssm:{}:{ACCOUNT}:parameter/*", call.region),
        ),
        Service::Lambda => (
            "lambda",
            format!("arn:aws:lambda:{}:{ACCOUNT}:function:*", call.region),
        ),
    };
    // the one operation of this stack whose permission has another name
    let action = match (call.service, call.operation.as_str()) {
        (Service::Lambda, "Invoke") => "InvokeFunction",
        (_, operation) => operation,
    };
    let sentence = format!(
        "User: {CALLER} is not authorized to perform: {prefix}:{action} on resource: {resource} because no \
         identity-based policy allows the {prefix}:{action} action"
    );
    match call.service {
        Service::Ec2 => ApiError::new(
            403,
            "UnauthorizedOperation",
            format!("You are not authorized to perform this operation. {sentence}"),
        ),
        Service::Rds | Service::Iam | Service::Sts => ApiError::new(403, "AccessDenied", sentence),
        Service::Lambda | Service::Scheduler => {
            ApiError::new(403, "AccessDeniedException", sentence)
        }
        Service::CognitoIdp | Service::Logs | Service::Ssm => {
            ApiError::new(400, "AccessDeniedException", sentence)
        }
    }
}

/// The service's own word for "something else is being done to it".
pub fn conflict(call: &Call) -> ApiError {
    match call.service {
        Service::Rds => ApiError::new(
            400,
            "InvalidDBInstanceState",
            "Instance is not in available state.",
        ),
        Service::Ec2 | Service::Sts => ApiError::new(
            400,
            "IncorrectState",
            "The resource is not in a state that allows this operation",
        ),
        Service::Iam => ApiError::new(
            409,
            "ConcurrentModification",
            "The request was rejected because multiple requests to change this object were submitted simultaneously. \
             Wait a few minutes and submit your request again.",
        ),
        Service::CognitoIdp => ApiError::new(
            400,
            "ConcurrentModificationException",
            "Another request is modifying the user pool. Try again.",
        ),
        Service::Scheduler => ApiError::new(
            409,
            "ConflictException",
            "The resource is being changed by another request.",
        ),
        Service::Logs => ApiError::new(
            400,
            "OperationAbortedException",
            "A conflicting operation is currently in progress against this resource. Please try again.",
        ),
        Service::Ssm => ApiError::new(
            400,
            "TooManyUpdates",
            "There are concurrent updates for a resource that supports one update at a time.",
        ),
        Service::Lambda => ApiError::new(
            409,
            "ResourceConflictException",
            "The operation cannot be performed at this time. An update is in progress for resource: the function",
        ),
    }
}

/// RDS's or EC2's word for "no machine is free". A script can ask for it only there.
pub fn insufficient_capacity(call: &Call) -> ApiError {
    match call.service {
        Service::Ec2 => ApiError::new(
            500,
            "InsufficientInstanceCapacity",
            "There is not enough capacity to fulfill your request.",
        ),
        _ => ApiError::new(
            400,
            "InsufficientDBInstanceCapacity",
            "The requested DB instance class is not available in the specified Availability Zone. Choose another \
             instance class or zone, or try again later.",
        ),
    }
}
