//! What every service may say (the common errors of AWS's API references, and aws-facts §6.2).

use super::{Meaning, advised, is};
use crate::model::Class::{Busy, Conflict, Denied, Invalid, NotFound, Throttled, Transient};
use crate::model::Residue;

/// The codes that say that the caller, who is known, may not.
pub(super) const PERMISSION: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "NotAuthorized",
    "NotAuthorizedException",
];

const KEYS: &str = "AWS does not know these credentials: `aws sts get-caller-identity` with the same profile shows whether \
                    they work; log in again (`aws sso login`, `aws configure`) or name another profile with --profile";
const EXPIRED: &str = "the credentials have expired: log in again (`aws sso login`), or get new ones, and run the same \
                       command again";
const SIGNATURE: &str = "the secret key does not belong to the access key, or this machine's clock is wrong: check both \
                         (`date -u`; `aws sts get-caller-identity` with the same profile)";
const CLOCK: &str = "the request was too old when it came: check this machine's clock (`date -u`), then run the same \
                     command again";
const OURS: &str = "this program sent something that the service does not understand, which is a mistake in it: report \
                    it with the request id";

pub(super) const CODES: &[Meaning] = &[
    is("AccessDenied", Denied),
    is("AccessDeniedException", Denied),
    is("UnauthorizedOperation", Denied),
    is("NotAuthorized", Denied),
    is("NotAuthorizedException", Denied),
    // who the caller is
    advised("AuthFailure", Denied, KEYS),
    advised("InvalidClientTokenId", Denied, KEYS),
    advised("InvalidAccessKeyId", Denied, KEYS),
    advised("UnrecognizedClientException", Denied, KEYS),
    advised("MissingAuthenticationToken", Denied, KEYS),
    advised("MissingAuthenticationTokenException", Denied, KEYS),
    advised("SignatureDoesNotMatch", Denied, SIGNATURE),
    advised("InvalidSignatureException", Denied, SIGNATURE),
    advised("IncompleteSignature", Denied, SIGNATURE),
    advised("IncompleteSignatureException", Denied, SIGNATURE),
    advised("ExpiredToken", Denied, EXPIRED),
    advised("ExpiredTokenException", Denied, EXPIRED),
    advised(
        "OptInRequired",
        Denied,
        "the account has not signed up for this service, or not enabled this region: do so in the AWS console, or choose \
         another `region`",
    ),
    advised(
        "RegionDisabledException",
        Denied,
        "the region is not enabled in this account: enable it in the AWS console (Account, AWS Regions), or choose \
         another `region`",
    ),
    advised(
        "PendingVerification",
        Denied,
        "AWS is still verifying the account: wait for its mail, then run the same command again",
    ),
    advised(
        "Blocked",
        Denied,
        "AWS has blocked the account: the AWS console and AWS Support say why",
    ),
    // the list of the SDK's own retry rule (aws-facts §6.2)
    is("Throttling", Throttled),
    is("ThrottlingException", Throttled),
    is("ThrottledException", Throttled),
    is("RequestThrottled", Throttled),
    is("RequestThrottledException", Throttled),
    is("TooManyRequestsException", Throttled),
    is("TooManyRequests", Throttled),
    is("RequestLimitExceeded", Throttled),
    is("BandwidthLimitExceeded", Throttled),
    is("EC2ThrottledException", Throttled),
    is("SlowDown", Throttled),
    is("PriorRequestNotComplete", Throttled),
    is("ResourceNotFoundException", NotFound),
    is("NoSuchEntity", NotFound),
    is("EntityAlreadyExists", Conflict),
    is("ConcurrentModification", Busy),
    is("ConcurrentModificationException", Busy),
    is("EntityTemporarilyUnmodifiable", Busy),
    is("InternalFailure", Transient),
    is("InternalError", Transient),
    is("InternalErrorException", Transient),
    is("InternalServerError", Transient),
    is("InternalServerException", Transient),
    is("ServiceFailure", Transient),
    is("ServiceException", Transient),
    is("ServiceUnavailable", Transient),
    is("ServiceUnavailableException", Transient),
    is("Unavailable", Transient),
    is("RequestTimeout", Transient),
    is("RequestTimeoutException", Transient),
    is("RequestAbortedException", Transient),
    advised("RequestExpired", Transient, CLOCK).leaves(Residue::Nothing),
    advised("RequestTimeTooSkewed", Transient, CLOCK).leaves(Residue::Nothing),
    // what is written in the file, as services without a better word for it say it
    is("ValidationError", Invalid),
    is("ValidationException", Invalid),
    is("InvalidParameterValue", Invalid),
    is("InvalidParameterCombination", Invalid),
    is("InvalidParameterException", Invalid),
    is("MissingParameter", Invalid),
    // what was sent
    advised("InvalidAction", Invalid, OURS),
    advised("MissingAction", Invalid, OURS),
    advised("UnknownOperationException", Invalid, OURS),
    advised("MalformedQueryString", Invalid, OURS),
    advised("MalformedHttpRequestException", Invalid, OURS),
    advised("SerializationException", Invalid, OURS),
    advised("InvalidQueryParameter", Invalid, OURS),
    advised("RequestEntityTooLargeException", Invalid, OURS),
];
