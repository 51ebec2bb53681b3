//! Cognito's user pools (aws-facts §5.2, §5.3, §5.4).

use super::{Meaning, advised, is};
use crate::model::Class::{Busy, Conflict, Denied, Invalid, NotFound, Throttled, Transient};
use crate::model::Residue::Remains;

const NO_POOL: &str = "pools are never created here: make it, or set the right id (`aws cognito-idp list-user-pools \
                       --max-results 60` lists them)";
const SMS: &str = "Cognito checks the pool's role for SMS anew at each change, and does not accept it: its trust must name \
                   cognito-idp.amazonaws.com with the pool's external id, it must allow sns:publish, and the caller needs \
                   iam:PassRole on it";
const MAIL: &str = "Cognito checks the pool's mail identity anew at each change, and may not use it: look at the identity's policy \
                    in SES";
const TIER: &str = "the pool's feature plan lacks something that it is set to: look at the plan of the pool in the AWS console";
const TRIGGER: &str = "the function that the pool calls failed: `cruddur-infra logs --errors` shows why, `cruddur-infra verify` \
                       proves the whole chain";
const REPLICA: &str =
    "the pool does not take this call in this region: use the region that it was made in";

pub(super) const CODES: &[Meaning] = &[
    // a pool that is not there is a mistake in stack.yaml: pools are not made here
    advised("ResourceNotFoundException", Invalid, NO_POOL).only("DescribeUserPool"),
    advised("ResourceNotFoundException", Invalid, NO_POOL).only("GetUserPoolMfaConfig"),
    advised("ResourceNotFoundException", Invalid, NO_POOL).only("UpdateUserPool"),
    advised("ResourceNotFoundException", NotFound, NO_POOL),
    // what there is no permission for has AccessDeniedException as well; this one is also about users and clients
    is("NotAuthorizedException", Denied),
    advised(
        "NotAuthorizedException",
        Conflict,
        "the user is confirmed or disabled already: AWS's message tells",
    )
    .only("AdminConfirmSignUp"),
    advised(
        "NotAuthorizedException",
        Invalid,
        "the pool or its app client does not let people sign up by themselves: AWS's message tells",
    )
    .only("SignUp"),
    advised(
        "ForbiddenException",
        Invalid,
        "a web ACL of the pool (AWS WAF) refuses the sign-up",
    ),
    is("InvalidParameterException", Invalid),
    advised(
        "UserPoolTaggingException",
        Invalid,
        "the pool's tags are not accepted: correct them in the AWS console",
    ),
    advised(
        "UserImportInProgressException",
        Busy,
        "users are being imported into the pool: run the same command again when that is over",
    ),
    advised("FeatureUnavailableInTierException", Invalid, TIER),
    advised("TierChangeNotAllowedException", Invalid, TIER),
    advised("InvalidSmsRoleAccessPolicyException", Invalid, SMS),
    advised("InvalidSmsRoleTrustRelationshipException", Invalid, SMS),
    advised("InvalidEmailRoleAccessPolicyException", Invalid, MAIL),
    advised("OperationNotEnabledException", Invalid, REPLICA),
    // sign-up. The trigger comes after the confirmation, which stays (aws-facts §5.4)
    advised("UserLambdaValidationException", Invalid, TRIGGER)
        .leaves(Remains)
        .only("AdminConfirmSignUp"),
    advised("UnexpectedLambdaException", Invalid, TRIGGER)
        .leaves(Remains)
        .only("AdminConfirmSignUp"),
    advised("InvalidLambdaResponseException", Invalid, TRIGGER)
        .leaves(Remains)
        .only("AdminConfirmSignUp"),
    // before a sign-up there may be triggers too; they keep it from happening
    advised("UserLambdaValidationException", Invalid, TRIGGER),
    advised("UnexpectedLambdaException", Invalid, TRIGGER),
    advised("InvalidLambdaResponseException", Invalid, TRIGGER),
    advised(
        "InvalidPasswordException",
        Invalid,
        "the pool's password policy is stricter: look at it in the AWS console",
    ),
    advised(
        "UsernameExistsException",
        Conflict,
        "somebody of this name is in the pool already",
    ),
    is("UserNotFoundException", NotFound),
    // the user is there, only the code did not reach them
    advised(
        "CodeDeliveryFailureException",
        Transient,
        "the pool could not send its confirmation code: check its settings for mail and SMS",
    )
    .leaves(Remains),
    advised(
        "LimitExceededException",
        Throttled,
        "the pool limits this: try again in an hour",
    ),
    advised(
        "TooManyFailedAttemptsException",
        Throttled,
        "the pool limits attempts: try again in an hour",
    ),
];
