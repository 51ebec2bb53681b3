//! Lambda (aws-facts §4.1, §4.3, §4.5).

use super::{Meaning, advised, is};
use crate::model::Class::{Busy, Conflict, Denied, Invalid, NotFound, Throttled, Transient};

const SIGNING: &str = "the function has a code-signing configuration, which this program does not serve: sign the code by other \
                       means, or take the configuration off the function";
const NO_SIGNING: &str = "the function's code-signing configuration is not there any more: take it off with `aws lambda \
                          delete-function-code-signing-config`";
const CODE_STORAGE: &str = "the region holds as much code as the quota `Function and layer storage` of AWS Lambda allows: delete \
                            functions and layer versions that nobody needs (`aws lambda get-account-settings` tells how \
                            much there is), or have it raised in Service Quotas \
                            (https://console.aws.amazon.com/servicequotas/)";
const KMS: &str = "the key that encrypts the function's environment is disabled, gone, or may not be used by its role: `aws kms \
                   describe-key --key-id KEY` tells its state";
const DISK: &str = "the function's file system does not answer, and this program sets none: look at the function in the AWS \
                    console";
const SUBNETS: &str = "a subnet or security group of the function is wrong or gone: `cruddur-infra plan` compares them; correct \
                       `vpc` or `vpc_of`";
const ADDRESSES: &str = "the function's subnets, or the account, have no address or interface left for it: use larger subnets, or \
                         have the quota `Network interfaces per VPC` raised in Service Quotas \
                         (https://console.aws.amazon.com/servicequotas/)";
const WAIT: &str = "the function is not ready yet: wait until `cruddur-infra status` says that it is, then try again";
const TOO_LARGE: &str = "the event is larger than Lambda takes: send a smaller one";
const FOREIGN: &str =
    "the function uses something that this program does not set: look at it in the AWS console";

pub(super) const CODES: &[Meaning] = &[
    // the name is taken, by us or by somebody else: the next look tells
    is("ResourceConflictException", Conflict).only("CreateFunction"),
    // the id is taken: not idempotent, so this may be our own reply that was lost (aws-facts §6.3)
    is("ResourceConflictException", Conflict).only("AddPermission"),
    // another change is under way, or the function changed since it was looked at
    is("ResourceConflictException", Busy),
    is("PreconditionFailedException", Busy),
    is("ResourceNotFoundException", NotFound),
    // everything that Lambda does not like has this code; the words of §3.4 are read where they matter
    is("InvalidParameterValueException", Invalid),
    advised("CodeStorageExceededException", Invalid, CODE_STORAGE),
    advised(
        "PolicyLengthExceededException",
        Invalid,
        "a function's policy is at most 20 KB: remove statements that nobody needs (`aws lambda get-policy`, `aws lambda \
         remove-permission`)",
    ),
    advised(
        "PublicPolicyException",
        Denied,
        "the account blocks public access to functions, and the statement would give it: write a `source_arn`",
    ),
    advised("CodeSigningConfigNotFoundException", Invalid, NO_SIGNING),
    advised("CodeVerificationFailedException", Invalid, SIGNING),
    advised("InvalidCodeSignatureException", Invalid, SIGNING),
    advised(
        "FunctionVersionsPerCapacityProviderLimitExceededException",
        Invalid,
        FOREIGN,
    ),
    // invocations
    advised("ResourceNotReadyException", Busy, WAIT),
    advised("ENINotReadyException", Busy, WAIT),
    advised("SnapStartNotReadyException", Busy, WAIT),
    advised("CodeArtifactUserPendingException", Busy, WAIT),
    advised("ENILimitReachedException", Invalid, ADDRESSES),
    advised("SubnetIPAddressLimitReachedException", Invalid, ADDRESSES),
    advised("InvalidSubnetIDException", Invalid, SUBNETS),
    advised("InvalidSecurityGroupIDException", Invalid, SUBNETS),
    advised("KMSAccessDeniedException", Invalid, KMS),
    advised("KMSDisabledException", Invalid, KMS),
    advised("KMSInvalidStateException", Invalid, KMS),
    advised("KMSNotFoundException", Invalid, KMS),
    advised("EFSIOException", Invalid, DISK),
    advised("EFSMountConnectivityException", Invalid, DISK),
    advised("EFSMountFailureException", Invalid, DISK),
    advised("EFSMountTimeoutException", Invalid, DISK),
    advised("S3FilesMountConnectivityException", Invalid, DISK),
    advised("S3FilesMountFailureException", Invalid, DISK),
    advised("S3FilesMountTimeoutException", Invalid, DISK),
    advised(
        "EC2AccessDeniedException",
        Invalid,
        "the function's role may not make its network interface: it needs what AWSLambdaVPCAccessExecutionRole allows",
    ),
    is("EC2UnexpectedException", Transient),
    advised(
        "InvalidZipFileException",
        Invalid,
        "Lambda cannot unpack the function's code: `cruddur-infra apply` puts it there anew once the source is mended",
    ),
    advised(
        "InvalidRuntimeException",
        Invalid,
        "Lambda does not run this runtime any more: write a newer `runtime`",
    ),
    advised(
        "InvalidRequestContentException",
        Invalid,
        "the event is no JSON that Lambda takes",
    ),
    advised(
        "UnsupportedMediaTypeException",
        Invalid,
        "the event is no JSON that Lambda takes",
    ),
    advised("RequestTooLargeException", Invalid, TOO_LARGE),
    advised(
        "SerializedRequestEntityTooLargeException",
        Invalid,
        TOO_LARGE,
    ),
    advised(
        "RecursiveInvocationException",
        Invalid,
        "Lambda has found that the function calls itself in a circle, and stopped it",
    ),
    is("ServiceQuotaExceededException", Throttled),
    is("SnapStartException", Transient),
    is("SnapStartTimeoutException", Transient),
    is("SnapStartRegenerationFailureException", Transient),
    advised("CodeArtifactUserDeletedException", Invalid, FOREIGN),
    advised("CodeArtifactUserFailedException", Invalid, FOREIGN),
    advised("DurableExecutionAlreadyStartedException", Invalid, FOREIGN),
    advised("ModeNotSupportedException", Invalid, FOREIGN),
    advised("NoPublishedVersionException", Invalid, FOREIGN),
];
