//! IAM (aws-facts §3.3, §3.4).

use super::{Meaning, advised, is};
use crate::model::Class::{Busy, Conflict, Invalid, Propagating, Transient};

const SERVICES: &str = "the role belongs to an AWS service, which alone may change it: choose another name for the entry";
const NOT_ATTACHABLE: &str = "AWS keeps this policy for itself: write another policy's ARN";
const DOCUMENT: &str = "IAM does not take the policy's document: its message says what is wrong; `cruddur-infra validate` \
                        finds most of it before";
const LIMIT: &str = "IAM's limit for this is reached, AWS's message names it: delete what nobody needs, or have the quota \
                     raised in Service Quotas (https://console.aws.amazon.com/servicequotas/, AWS Identity and Access \
                     Management, in us-east-1)";

pub(super) const CODES: &[Meaning] = &[
    // role and policy exist, one of them perhaps since a moment ago: IAM may not know it everywhere yet (§3.4)
    is("NoSuchEntity", Propagating).only("AttachRolePolicy"),
    is("NoSuchEntity", Propagating).only("PutRolePolicy"),
    // the policy was there a moment ago: what is missing now was deleted meanwhile, and the next look tells
    is("NoSuchEntity", Transient).only("GetPolicyVersion"),
    is("NoSuchEntity", Transient).only("ListPolicyVersions"),
    advised(
        "EntityAlreadyExists",
        Conflict,
        "a policy's name is unique in the account whatever its path and letter case: choose another name, or write the \
         path of the policy that has it",
    )
    .only("CreatePolicy"),
    advised(
        "EntityAlreadyExists",
        Conflict,
        "a role's name is unique in the account whatever its path and letter case: choose another name, or plan again \
         and take it over with --adopt",
    )
    .only("CreateRole"),
    // what was in it was taken out a moment ago, and IAM may not know it everywhere yet
    advised(
        "DeleteConflict",
        Busy,
        "something is still attached to it: `aws iam list-entities-for-policy` and `aws iam list-attached-role-policies` \
         tell what; detach it, then run the same command again",
    ),
    advised(
        "LimitExceeded",
        Invalid,
        "a role takes 10 managed policies unless the quota `Managed policies per role` of AWS Identity and Access \
         Management is raised in Service Quotas (https://console.aws.amazon.com/servicequotas/, in us-east-1)",
    )
    .only("AttachRolePolicy"),
    advised(
        "LimitExceeded",
        Invalid,
        "a policy has at most 5 versions: delete an old one (`aws iam list-policy-versions`, `aws iam \
         delete-policy-version`), then apply again",
    )
    .only("CreatePolicyVersion"),
    advised(
        "LimitExceeded",
        Invalid,
        "the account has as many roles as its quota `Roles per account` of AWS Identity and Access Management allows: \
         delete some, or have it raised in Service Quotas (https://console.aws.amazon.com/servicequotas/, in us-east-1)",
    )
    .only("CreateRole"),
    advised(
        "LimitExceeded",
        Invalid,
        "the account has as many policies as its quota `Customer managed policies per account` of AWS Identity and \
         Access Management allows: delete some, or have it raised in Service Quotas \
         (https://console.aws.amazon.com/servicequotas/, in us-east-1)",
    )
    .only("CreatePolicy"),
    advised("LimitExceeded", Invalid, LIMIT),
    advised("LimitExceededException", Invalid, LIMIT),
    advised("MalformedPolicyDocument", Invalid, DOCUMENT),
    advised("PolicyNotAttachable", Invalid, NOT_ATTACHABLE),
    advised("UnmodifiableEntity", Invalid, SERVICES),
    is("InvalidInput", Invalid),
];
