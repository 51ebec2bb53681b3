//! Systems Manager's parameters (its service model).

use super::{Meaning, advised, is};
use crate::model::Class::{Busy, Conflict, Invalid, NotFound};

const OTHER: &str = "a parameter of this name was made by other means, and is of another kind: look at it with `aws ssm \
                     describe-parameters`";

pub(super) const CODES: &[Meaning] = &[
    is("ParameterAlreadyExists", Conflict),
    is("ParameterNotFound", NotFound),
    is("ParameterVersionNotFound", NotFound),
    is("TooManyUpdates", Busy),
    advised(
        "ParameterLimitExceeded",
        Invalid,
        "the account has as many parameters as its quota `Standard parameters` of AWS Systems Manager allows: delete some, \
         or have it raised in Service Quotas (https://console.aws.amazon.com/servicequotas/)",
    ),
    advised("ParameterMaxVersionLimitExceeded", Invalid, OTHER),
    advised("HierarchyLevelLimitExceededException", Invalid, OTHER),
    advised("HierarchyTypeMismatchException", Invalid, OTHER),
    advised("IncompatiblePolicyException", Invalid, OTHER),
    advised("InvalidAllowedPatternException", Invalid, OTHER),
    advised("InvalidKeyId", Invalid, OTHER),
    advised("InvalidPolicyAttributeException", Invalid, OTHER),
    advised("InvalidPolicyTypeException", Invalid, OTHER),
    advised("ParameterPatternMismatchException", Invalid, OTHER),
    advised("PoliciesLimitExceededException", Invalid, OTHER),
    advised("UnsupportedParameterType", Invalid, OTHER),
];
